// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include "kernel_netlink.h"

#define DUMP_TRIES 8 /* a table that changes during eight dumps is not going to hold still */

void *kernel_list_add(struct kernel_list *list)
{
	/* Grows at powers of two, so that a full routing table is not copied once a route. */
	if (!(list->count & (list->count - 1))) {
		size_t room = list->count ? list->count * 2 : 1;
		void *grown = realloc(list->at, room * list->size);

		if (!grown) {
			list->error = -ENOMEM;
			return NULL;
		}
		list->at = grown;
	}
	return memset((char *)list->at + list->count++ * list->size, 0, list->size);
}

int kernel_list_give(struct kernel_list *list, int err, void **out, size_t *count)
{
	err = err ? err : list->error;
	if (err) {
		free(list->at);
		list->at = NULL;
		list->count = 0;
	}
	*out = list->at;
	*count = list->count;
	return err;
}

static int hear(struct mnl_socket *socket, uint32_t sequence, mnl_cb_t each, void *context)
{
	static _Alignas(
		struct nlmsghdr) char buffer[32768]; /* what the kernel fills at most in a dump */
	unsigned int port = mnl_socket_get_portid(socket);
	int more = 1;

	while (more > 0) {
		ssize_t size = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));

		if (size < 0)
			return -errno;
		more = mnl_cb_run(buffer, size, sequence, port, each, context);
	}
	return more < 0 ? -errno : 0;
}

int kernel_talk(int bus, struct nlmsghdr *request, mnl_cb_t each, void *context)
{
	static uint32_t sequence;
	struct mnl_socket *socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
	int err;

	if (!socket)
		return -errno;
	request->nlmsg_seq = ++sequence;
	if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) ||
	    mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		err = -errno;
	else
		err = hear(socket, request->nlmsg_seq, each, context);
	mnl_socket_close(socket);
	return err;
}

int kernel_dump(uint16_t type, const uint8_t *families, size_t header, mnl_cb_t each,
		struct kernel_list *list)
{
	char buffer[KERNEL_REQUEST];
	int err = 0;

	for (; !err; families++) {
		size_t begin = list->count;

		for (int try = 0; try < DUMP_TRIES; try++) {
			struct nlmsghdr *n = mnl_nlmsg_put_header(buffer);
			uint8_t *family;

			n->nlmsg_type = type;
			n->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
			family = mnl_nlmsg_put_extra_header(n, header);
			*family = *families;
			list->count = begin;
			err = kernel_talk(NETLINK_ROUTE, n, each, list);
			if (err != -EINTR)
				break;
		}
		if (!*families || !families[1])
			break;
	}
	return err;
}

struct in6_addr kernel_mapped(int family, const void *bytes)
{
	struct in6_addr a = { 0 };

	if (family == AF_INET) {
		a.s6_addr[10] = a.s6_addr[11] = 0xff;
		memcpy(&a.s6_addr[12], bytes, 4);
	} else {
		memcpy(&a, bytes, sizeof(a));
	}
	return a;
}

void kernel_put_address(struct nlmsghdr *n, uint16_t type, int family,
			const struct in6_addr *mapped)
{
	if (family == AF_INET)
		mnl_attr_put(n, type, 4, &mapped->s6_addr[12]);
	else
		mnl_attr_put(n, type, sizeof(*mapped), mapped);
}
