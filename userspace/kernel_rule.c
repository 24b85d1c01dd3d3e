// SPDX-License-Identifier: GPL-2.0-only
/* Policy rules (`ip rule`) of both families. */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include "kernel.h"
#include "kernel_netlink.h"

static void read_rule_attribute(const struct nlattr *a, int family, struct kernel_rule *r)
{
	switch (mnl_attr_get_type(a)) {
	case FRA_SRC:
		r->from.address = kernel_mapped(family, mnl_attr_get_payload(a));
		break;
	case FRA_TABLE:
		r->table = mnl_attr_get_u32(a);
		break;
	case FRA_PRIORITY:
		r->priority = mnl_attr_get_u32(a);
		break;
	case FRA_PROTOCOL:
		r->protocol = mnl_attr_get_u8(a);
		break;
	case FRA_OIFNAME:
		snprintf(r->oif, sizeof(r->oif), "%s", mnl_attr_get_str(a));
		break;
	case FRA_IP_PROTO:
		r->ip_protocol = mnl_attr_get_u8(a);
		break;
	case FRA_SUPPRESS_PREFIXLEN: /* -1: none */
		r->suppress_default = !mnl_attr_get_u32(a);
		r->other |= mnl_attr_get_u32(a) + 1 > 1;
		break;
	case FRA_UNSPEC:
	case FRA_PAD:
		break;
	default: /* a mark, a device it came in on, a port range, ... */
		r->other = true;
	}
}

static int read_rule(const struct nlmsghdr *n, void *context)
{
	const struct fib_rule_hdr *h = mnl_nlmsg_get_payload(n);
	struct kernel_rule *r;
	const struct nlattr *a;

	if (h->family != AF_INET && h->family != AF_INET6)
		return MNL_CB_OK;
	r = kernel_list_add(context);
	if (!r)
		return MNL_CB_OK;
	r->family = h->family == AF_INET ? 4 : 6;
	r->table = h->table;
	r->from.family = r->family;
	r->from.length = h->src_len;
	if (r->family == 4)
		r->from.address = kernel_mapped(AF_INET, "\0\0\0\0");
	r->other =
		h->dst_len || h->tos || h->action != FR_ACT_TO_TBL || (h->flags & FIB_RULE_INVERT);
	mnl_attr_for_each(a, n, sizeof(*h))
		read_rule_attribute(a, h->family, r);
	return MNL_CB_OK;
}

int kernel_rules(struct kernel_rule **out, size_t *count)
{
	static const uint8_t both[] = { AF_INET, AF_INET6, 0 };
	struct kernel_list list = { .size = sizeof(**out) };
	int err = kernel_dump(RTM_GETRULE, both, sizeof(struct fib_rule_hdr), read_rule, &list);

	return kernel_list_give(&list, err, (void **)out, count);
}

static int change_rule(const struct kernel_rule *r, uint16_t type, uint16_t flags)
{
	char buffer[KERNEL_REQUEST];
	struct nlmsghdr *n = mnl_nlmsg_put_header(buffer);
	struct fib_rule_hdr *h = mnl_nlmsg_put_extra_header(n, sizeof(*h));

	if (r->other)
		return -EINVAL;
	n->nlmsg_type = type;
	n->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	h->family = kernel_af(r->family);
	h->action = FR_ACT_TO_TBL;
	h->src_len = r->from.length;
	h->table = r->table < 256 ? r->table : RT_TABLE_UNSPEC;
	if (r->from.length)
		kernel_put_address(n, FRA_SRC, h->family, &r->from.address);
	mnl_attr_put_u32(n, FRA_TABLE, r->table);
	mnl_attr_put_u32(n, FRA_PRIORITY, r->priority);
	mnl_attr_put_u8(n, FRA_PROTOCOL, r->protocol);
	if (r->oif[0])
		mnl_attr_put_strz(n, FRA_OIFNAME, r->oif);
	if (r->ip_protocol)
		mnl_attr_put_u8(n, FRA_IP_PROTO, r->ip_protocol);
	if (r->suppress_default)
		mnl_attr_put_u32(n, FRA_SUPPRESS_PREFIXLEN, 0);
	return kernel_talk(NETLINK_ROUTE, n, NULL, NULL);
}

int kernel_rule_add(const struct kernel_rule *r)
{
	return change_rule(r, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL);
}

int kernel_rule_delete(const struct kernel_rule *r)
{
	return change_rule(r, RTM_DELRULE, 0);
}

const char *kernel_rule_text(const struct kernel_rule *r, const char *verb, char *buffer,
			     size_t size)
{
	char from[PREFIX_TEXT], oif[48] = "", table[16] = "main";

	if (r->oif[0])
		snprintf(oif, sizeof(oif), " oif %s", r->oif);
	if (r->ip_protocol)
		snprintf(oif + strlen(oif), sizeof(oif) - strlen(oif), " ipproto %u", r->ip_protocol);
	if (r->table != RT_TABLE_MAIN)
		snprintf(table, sizeof(table), "%u", r->table);
	snprintf(buffer, size, "%srule %s from %s%s lookup %s%s priority %u",
		 r->family == 6 ? "-6 " : "", verb,
		 r->from.length ? prefix_text(&r->from, from) : "all", oif, table,
		 r->suppress_default ? " suppress_prefixlength 0" : "", r->priority);
	return buffer;
}
