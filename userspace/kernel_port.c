// SPDX-License-Identifier: GPL-2.0-only
/* The ports that processes of this namespace hold: translation must leave them alone where a pool
 * address is the gateway's own. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include "kernel.h"
#include "kernel_netlink.h"

struct port_list {
	struct kernel_list list;
	uint8_t protocol;
};

static int read_port(const struct nlmsghdr *n, void *context)
{
	const struct inet_diag_msg *m = mnl_nlmsg_get_payload(n);
	struct port_list *ports = context;
	struct kernel_port *out;

	if (n->nlmsg_type != SOCK_DIAG_BY_FAMILY || !m->id.idiag_sport)
		return MNL_CB_OK;
	out = kernel_list_add(&ports->list);
	if (out) {
		out->protocol = ports->protocol;
		out->port = ntohs(m->id.idiag_sport);
	}
	return MNL_CB_OK;
}

static int ask(struct port_list *ports, int family, uint8_t protocol)
{
	char buffer[KERNEL_REQUEST];
	struct nlmsghdr *n = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *q = mnl_nlmsg_put_extra_header(n, sizeof(*q));
	int err;

	n->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	n->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	q->sdiag_family = family;
	q->sdiag_protocol = protocol;
	/* UDP knows two states, bound (closed) and connected; both hold their port. */
	q->idiag_states = protocol == IPPROTO_TCP ? 1 << TCP_LISTEN : ~0u;
	ports->protocol = protocol;
	err = kernel_talk(NETLINK_SOCK_DIAG, n, read_port, ports);
	/* A kernel without the module for one family has no such sockets to tell of. */
	return err == -ENOENT ? 0 : err;
}

static int compare_ports(const void *a, const void *b)
{
	const struct kernel_port *x = a, *y = b;

	return x->protocol != y->protocol ? x->protocol - y->protocol : x->port - y->port;
}

static void without_duplicates(struct kernel_list *list)
{
	struct kernel_port *at = list->at;
	size_t kept = 0;

	if (list->count)
		qsort(at, list->count, sizeof(*at), compare_ports);
	for (size_t i = 0; i < list->count; i++)
		if (!kept || compare_ports(&at[kept - 1], &at[i]))
			at[kept++] = at[i];
	list->count = kept;
}

int kernel_ports(struct kernel_port **out, size_t *count)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct port_list ports = { .list = { .size = sizeof(**out) } };
	int err = 0;

	for (int i = 0; i < 2 && !err; i++) {
		err = ask(&ports, families[i], IPPROTO_TCP);
		err = err ? err : ask(&ports, families[i], IPPROTO_UDP);
	}
	if (!err)
		without_duplicates(&ports.list);
	return kernel_list_give(&ports.list, err, (void **)out, count);
}
