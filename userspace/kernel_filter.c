// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "kernel_filter.h"
#include "kernel_netlink.h"

/* Headers of 6.1 do not know tcx, and libbpf of that time cannot ask for links. */
enum { ATTACH_TCX_INGRESS = 46, ATTACH_TCX_EGRESS = 47 };
struct tcx_query { /* of union bpf_attr, as BPF_PROG_QUERY has it since 6.6 */
	uint32_t ifindex, type, flags, attach_flags;
	uint64_t programs;
	uint32_t count, pad;
	uint64_t program_flags, links, link_flags, revision;
};

struct walk {
	struct kernel_list list;
	int ifindex;
	bool egress;
};

static int read_filter(const struct nlmsghdr *n, void *context)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(n);
	struct walk *w = context;
	struct kernel_filter *f;
	const struct nlattr *a;

	/* a classifier is listed by itself as well, without a handle */
	if (tc->tcm_ifindex != w->ifindex || !tc->tcm_handle)
		return MNL_CB_OK;
	f = kernel_list_add(&w->list);
	if (!f)
		return MNL_CB_OK;
	f->egress = w->egress;
	f->handle = tc->tcm_handle;
	f->priority = TC_H_MAJ(tc->tcm_info) >> 16;
	f->protocol = ntohs(TC_H_MIN(tc->tcm_info));
	mnl_attr_for_each(a, n, sizeof(*tc))
		if (mnl_attr_get_type(a) == TCA_KIND)
			snprintf(f->kind, sizeof(f->kind), "%s", mnl_attr_get_str(a));
	return MNL_CB_OK;
}

int kernel_filters(int ifindex, bool egress, struct kernel_filter **out, size_t *count)
{
	char buffer[256] = { 0 };
	struct nlmsghdr *n = mnl_nlmsg_put_header(buffer);
	struct walk w = { .list = { .size = sizeof(**out) }, .ifindex = ifindex, .egress = egress };
	struct tcmsg *tc;
	int err;

	n->nlmsg_type = RTM_GETTFILTER;
	n->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	tc = mnl_nlmsg_put_extra_header(n, sizeof(*tc));
	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = ifindex;
	tc->tcm_parent = TC_H_MAKE(TC_H_CLSACT, egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS);
	err = kernel_talk(NETLINK_ROUTE, n, read_filter, &w);
	return kernel_list_give(&w.list, err == -EINVAL ? 0 : err, (void **)out, count);
}

int kernel_tcx(int ifindex, bool egress, struct kernel_tcx *out)
{
	struct tcx_query q = { .ifindex = (uint32_t)ifindex, .count = TCX_MOST };

	memset(out, 0, sizeof(*out));
	q.type = egress ? ATTACH_TCX_EGRESS : ATTACH_TCX_INGRESS;
	q.programs = (uintptr_t)out->program;
	q.links = (uintptr_t)out->link;
	if (syscall(SYS_bpf, BPF_PROG_QUERY, &q, sizeof(q)))
		return errno == EINVAL || errno == E2BIG ? 0 : -errno;
	out->count = q.count < TCX_MOST ? q.count : TCX_MOST;
	return 0;
}
