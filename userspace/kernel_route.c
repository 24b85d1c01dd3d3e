// SPDX-License-Identifier: GPL-2.0-only
/* Routes of both families: read, written, and said in the syntax of `ip`. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include "kernel.h"
#include "kernel_netlink.h"

static void read_hop_attribute(const struct nlattr *a, int family, struct kernel_hop *hop)
{
	const struct rtvia *via;

	switch (mnl_attr_get_type(a)) {
	case RTA_OIF:
		hop->ifindex = mnl_attr_get_u32(a);
		break;
	case RTA_GATEWAY:
		hop->gateway = kernel_mapped(family, mnl_attr_get_payload(a));
		break;
	case RTA_VIA: /* an IPv4 route by way of an IPv6 next hop */
		via = mnl_attr_get_payload(a);
		if (via->rtvia_family == AF_INET6 &&
		    mnl_attr_get_payload_len(a) >= sizeof(*via) + 16)
			hop->gateway = kernel_mapped(AF_INET6, via->rtvia_addr);
		break;
	}
}

static void read_multipath(const struct nlattr *a, int family, struct kernel_route *r)
{
	const struct rtnexthop *nh = mnl_attr_get_payload(a);
	int left = mnl_attr_get_payload_len(a);

	for (; RTNH_OK(nh, left) && r->hop_count < KERNEL_HOPS;
	     left -= RTNH_ALIGN(nh->rtnh_len), nh = RTNH_NEXT(nh)) {
		struct kernel_hop *hop = &r->hops[r->hop_count++];
		const struct nlattr *b;
		void *end = (char *)nh + nh->rtnh_len;

		hop->ifindex = nh->rtnh_ifindex;
		hop->onlink = nh->rtnh_flags & RTNH_F_ONLINK;
		for (b = (void *)RTNH_DATA(nh); mnl_attr_ok(b, (char *)end - (char *)b);
		     b = mnl_attr_next(b))
			read_hop_attribute(b, family, hop);
	}
}

static enum route_kind kind_of(unsigned char type)
{
	switch (type) {
	case RTN_UNICAST:
		return ROUTE_UNICAST;
	case RTN_UNREACHABLE:
		return ROUTE_UNREACHABLE;
	case RTN_BLACKHOLE:
		return ROUTE_BLACKHOLE;
	}
	return ROUTE_OTHER;
}

static bool listed(const struct rtmsg *m)
{
	switch (m->rtm_type) {
	case RTN_LOCAL:
	case RTN_BROADCAST:
	case RTN_ANYCAST:
	case RTN_MULTICAST:
		return false;
	}
	return (m->rtm_family == AF_INET || m->rtm_family == AF_INET6) &&
	       !(m->rtm_flags & RTM_F_CLONED);
}

static void read_route_attributes(const struct nlmsghdr *n, struct kernel_route *r)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(n);
	struct kernel_hop single = { .onlink = m->rtm_flags & RTNH_F_ONLINK };
	const struct nlattr *a;

	r->table = m->rtm_table;
	mnl_attr_for_each(a, n, sizeof(*m)) {
		switch (mnl_attr_get_type(a)) {
		case RTA_DST:
			r->to.address = kernel_mapped(m->rtm_family, mnl_attr_get_payload(a));
			break;
		case RTA_TABLE: /* rtm_table holds eight bits only */
			r->table = mnl_attr_get_u32(a);
			break;
		case RTA_PRIORITY:
			r->metric = mnl_attr_get_u32(a);
			break;
		case RTA_MULTIPATH:
			read_multipath(a, m->rtm_family, r);
			break;
		default:
			read_hop_attribute(a, m->rtm_family, &single);
		}
	}
	/* IPv6 gives an unreachable route the loopback device; that is no hop. */
	if (r->kind == ROUTE_UNICAST && !r->hop_count && single.ifindex)
		r->hops[r->hop_count++] = single;
	else if (r->kind != ROUTE_UNICAST)
		r->hop_count = 0;
}

struct route_list {
	struct kernel_list list; /* first: kernel_dump hands this on */
	uint32_t table;
};

static int read_route(const struct nlmsghdr *n, void *context)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(n);
	struct route_list *routes = context;
	struct kernel_route *r;

	if (!listed(m))
		return MNL_CB_OK;
	r = kernel_list_add(&routes->list);
	if (!r)
		return MNL_CB_OK;
	r->kind = kind_of(m->rtm_type);
	r->protocol = m->rtm_protocol;
	r->to.family = m->rtm_family == AF_INET ? 4 : 6;
	r->to.length = m->rtm_dst_len;
	if (r->to.family == 4) /* a default route has no RTA_DST */
		r->to.address = kernel_mapped(AF_INET, "\0\0\0\0");
	read_route_attributes(n, r);
	if (routes->table && routes->table != r->table)
		routes->list.count--;
	return MNL_CB_OK;
}

int kernel_routes(uint32_t table, struct kernel_route **out, size_t *count)
{
	static const uint8_t both[] = { AF_INET, AF_INET6, 0 };
	struct route_list routes = { .list = { .size = sizeof(**out) }, .table = table };
	int err = kernel_dump(RTM_GETROUTE, both, sizeof(struct rtmsg), read_route, &routes.list);

	return kernel_list_give(&routes.list, err, (void **)out, count);
}

static int read_device(const struct nlmsghdr *n, void *context)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(n);
	const struct nlattr *a;
	int *device = context;

	mnl_attr_for_each(a, n, sizeof(*m)) {
		if (mnl_attr_get_type(a) == RTA_OIF && m->rtm_type == RTN_UNICAST)
			*device = (int)mnl_attr_get_u32(a);
	}
	return MNL_CB_OK;
}

int kernel_route_device(const struct in6_addr *to)
{
	char buffer[KERNEL_REQUEST];
	struct nlmsghdr *n = mnl_nlmsg_put_header(buffer);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(n, sizeof(*m));
	int device = -ENETUNREACH, err;

	n->nlmsg_type = RTM_GETROUTE;
	n->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	m->rtm_family = IN6_IS_ADDR_V4MAPPED(to) ? AF_INET : AF_INET6;
	m->rtm_dst_len = m->rtm_family == AF_INET ? 32 : 128;
	kernel_put_address(n, RTA_DST, m->rtm_family, to);
	err = kernel_talk(NETLINK_ROUTE, n, read_device, &device);
	return err ? err : device;
}

static bool has_gateway(const struct kernel_hop *hop)
{
	static const struct in6_addr none;

	return memcmp(&hop->gateway, &none, sizeof(none));
}

/* An IPv4 route may go by an IPv6 gateway (RFC 5549), not the other way round. */
static void put_gateway(struct nlmsghdr *n, int family, const struct kernel_hop *hop)
{
	char via[sizeof(struct rtvia) + 16] = { AF_INET6 };

	if (!has_gateway(hop))
		return;
	if (family == AF_INET && !IN6_IS_ADDR_V4MAPPED(&hop->gateway)) {
		((struct rtvia *)via)->rtvia_family = AF_INET6;
		memcpy(((struct rtvia *)via)->rtvia_addr, &hop->gateway, 16);
		mnl_attr_put(n, RTA_VIA, sizeof(via), via);
		return;
	}
	kernel_put_address(n, RTA_GATEWAY, family, &hop->gateway);
}

static void put_hops(struct nlmsghdr *n, int family, const struct kernel_route *r)
{
	struct nlattr *nest;

	if (r->hop_count == 1) {
		struct rtmsg *m = mnl_nlmsg_get_payload(n);

		put_gateway(n, family, &r->hops[0]);
		mnl_attr_put_u32(n, RTA_OIF, r->hops[0].ifindex);
		m->rtm_flags |= r->hops[0].onlink ? RTNH_F_ONLINK : 0;
		return;
	}
	nest = mnl_attr_nest_start(n, RTA_MULTIPATH);
	for (unsigned int i = 0; i < r->hop_count; i++) {
		struct rtnexthop *nh = mnl_nlmsg_get_payload_tail(n);

		*nh = (struct rtnexthop){ .rtnh_ifindex = r->hops[i].ifindex };
		nh->rtnh_flags = r->hops[i].onlink ? RTNH_F_ONLINK : 0;
		n->nlmsg_len += sizeof(*nh);
		put_gateway(n, family, &r->hops[i]);
		nh->rtnh_len = (char *)mnl_nlmsg_get_payload_tail(n) - (char *)nh;
	}
	mnl_attr_nest_end(n, nest);
}

static int change_route(const struct kernel_route *r, uint16_t type, uint16_t flags)
{
	static const unsigned char types[] = { RTN_UNICAST, RTN_UNREACHABLE, RTN_BLACKHOLE };
	char buffer[KERNEL_REQUEST];
	struct nlmsghdr *n = mnl_nlmsg_put_header(buffer);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(n, sizeof(*m));
	int family = kernel_af(r->to.family);

	if (r->kind == ROUTE_OTHER || r->hop_count > KERNEL_HOPS ||
	    (r->kind == ROUTE_UNICAST && !r->hop_count && type == RTM_NEWROUTE))
		return -EINVAL;
	n->nlmsg_type = type;
	n->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	m->rtm_family = family;
	m->rtm_dst_len = r->to.length;
	m->rtm_table = r->table < 256 ? r->table : RT_TABLE_UNSPEC;
	m->rtm_protocol = r->protocol;
	m->rtm_type = types[r->kind];
	m->rtm_scope = RT_SCOPE_UNIVERSE;
	if (type == RTM_DELROUTE)
		m->rtm_scope = RT_SCOPE_NOWHERE; /* any */
	else if (r->kind == ROUTE_UNICAST && r->hop_count == 1 && !has_gateway(&r->hops[0]))
		m->rtm_scope = RT_SCOPE_LINK;
	if (r->to.length)
		kernel_put_address(n, RTA_DST, family, &r->to.address);
	mnl_attr_put_u32(n, RTA_TABLE, r->table);
	if (r->metric)
		mnl_attr_put_u32(n, RTA_PRIORITY, r->metric);
	/* Without hops a deletion takes the whole multipath route, which may be thinner now. */
	if (type == RTM_NEWROUTE && r->kind == ROUTE_UNICAST)
		put_hops(n, family, r);
	return kernel_talk(NETLINK_ROUTE, n, NULL, NULL);
}

int kernel_route_add(const struct kernel_route *r)
{
	return change_route(r, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
}

int kernel_route_replace(const struct kernel_route *r)
{
	return change_route(r, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
}

int kernel_route_delete(const struct kernel_route *r)
{
	return change_route(r, RTM_DELROUTE, 0);
}

static void hop_text(FILE *f, const struct kernel_route *r, const struct kernel_hop *hop)
{
	char name[IF_NAMESIZE], address[PREFIX_TEXT];

	if (has_gateway(hop))
		fprintf(f, " via %s%s",
			r->to.family == 4 && !IN6_IS_ADDR_V4MAPPED(&hop->gateway) ? "inet6 " : "",
			address_text(&hop->gateway, address));
	if (if_indextoname(hop->ifindex, name))
		fprintf(f, " dev %s", name);
	else
		fprintf(f, " dev if%d", hop->ifindex);
	if (hop->onlink)
		fputs(" onlink", f);
}

const char *kernel_route_text(const struct kernel_route *r, const char *verb, char *buffer,
			      size_t size)
{
	static const char *const kinds[] = { "", "unreachable ", "blackhole ", "prohibit " };
	FILE *f = fmemopen(buffer, size, "w");
	char to[PREFIX_TEXT];

	buffer[0] = '\0';
	if (!f)
		return buffer;
	fprintf(f, "%sroute %s %s%s", r->to.family == 6 ? "-6 " : "", verb, kinds[r->kind],
		r->to.length ? prefix_text(&r->to, to) : "default");
	if (r->table != RT_TABLE_MAIN)
		fprintf(f, " table %u", r->table);
	if (r->metric)
		fprintf(f, " metric %u", r->metric);
	for (unsigned int i = 0; i < r->hop_count; i++) {
		if (r->hop_count > 1)
			fputs(" nexthop", f);
		hop_text(f, r, &r->hops[i]);
	}
	fclose(f);
	buffer[size - 1] = '\0';
	return buffer;
}
