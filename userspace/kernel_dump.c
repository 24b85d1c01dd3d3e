// SPDX-License-Identifier: GPL-2.0-only
/* Devices, their addresses, and their neighbours, as the kernel lists them. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/if.h>
#include <stdio.h>
#include <string.h>
#include "kernel.h"
#include "kernel_netlink.h"
#include "../maps/circuit.h"

static const uint8_t any_family[] = { AF_UNSPEC, 0 };

static void read_vlan(const struct nlattr *info, struct kernel_link *link)
{
	const struct nlattr *a, *b;

	mnl_attr_for_each_nested(a, info) {
		if (mnl_attr_get_type(a) == IFLA_INFO_KIND)
			link->vlan = !strcmp(mnl_attr_get_str(a), "vlan");
		if (mnl_attr_get_type(a) != IFLA_INFO_DATA || !link->vlan)
			continue;
		mnl_attr_for_each_nested(b, a) {
			if (mnl_attr_get_type(b) == IFLA_VLAN_ID)
				link->tag |= mnl_attr_get_u16(b) & TAG_ID;
			if (mnl_attr_get_type(b) == IFLA_VLAN_PROTOCOL &&
			    mnl_attr_get_u16(b) == htons(ETH_P_8021AD))
				link->tag |= TAG_8021AD;
		}
	}
}

static void read_xdp(const struct nlattr *xdp, struct kernel_link *link)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, xdp)
		if (mnl_attr_get_type(a) == IFLA_XDP_ATTACHED)
			link->xdp = mnl_attr_get_u8(a);
}

static int read_link(const struct nlmsghdr *n, void *context)
{
	const struct ifinfomsg *m = mnl_nlmsg_get_payload(n);
	struct kernel_link *link = kernel_list_add(context);
	const struct nlattr *a;
	bool elsewhere = false;
	int below = 0;

	if (!link)
		return MNL_CB_OK;
	link->ifindex = m->ifi_index;
	link->up = m->ifi_flags & IFF_UP;
	link->carrier = m->ifi_flags & IFF_LOWER_UP;
	mnl_attr_for_each(a, n, sizeof(*m)) {
		switch (mnl_attr_get_type(a)) {
		case IFLA_IFNAME:
			snprintf(link->name, sizeof(link->name), "%s", mnl_attr_get_str(a));
			break;
		case IFLA_ADDRESS:
			if (mnl_attr_get_payload_len(a) == sizeof(link->mac))
				memcpy(link->mac, mnl_attr_get_payload(a), sizeof(link->mac));
			break;
		case IFLA_MTU:
			link->mtu = mnl_attr_get_u32(a);
			break;
		case IFLA_NUM_RX_QUEUES:
			link->queues = mnl_attr_get_u32(a);
			break;
		case IFLA_LINK:
			below = mnl_attr_get_u32(a);
			break;
		case IFLA_LINK_NETNSID:
			elsewhere = true;
			break;
		case IFLA_LINKINFO:
			read_vlan(a, link);
			break;
		case IFLA_XDP:
			read_xdp(a, link);
			break;
		}
	}
	/* The IFLA_LINK of a veth is its peer's number in the peer's namespace: no device below. */
	link->parent = link->vlan && !elsewhere ? below : 0;
	return MNL_CB_OK;
}

static int read_address(const struct nlmsghdr *n, void *context)
{
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(n);
	const void *local = NULL, *address = NULL;
	struct kernel_address *out;
	const struct nlattr *a;

	mnl_attr_for_each(a, n, sizeof(*m)) {
		if (mnl_attr_get_type(a) == IFA_LOCAL)
			local = mnl_attr_get_payload(a);
		if (mnl_attr_get_type(a) == IFA_ADDRESS)
			address = mnl_attr_get_payload(a);
	}
	/* Point to point: IFA_ADDRESS is the far end. IPv6 often has no IFA_LOCAL. */
	local = local ? local : address;
	if (!local || (m->ifa_family != AF_INET && m->ifa_family != AF_INET6))
		return MNL_CB_OK;
	out = kernel_list_add(context);
	if (!out)
		return MNL_CB_OK;
	out->ifindex = m->ifa_index;
	out->subnet_length = m->ifa_prefixlen;
	out->address.address = kernel_mapped(m->ifa_family, local);
	out->address.family = m->ifa_family == AF_INET ? 4 : 6;
	out->address.length = m->ifa_family == AF_INET ? 32 : 128;
	return MNL_CB_OK;
}

static int read_neighbour(const struct nlmsghdr *n, void *context)
{
	const struct ndmsg *m = mnl_nlmsg_get_payload(n);
	struct kernel_neighbour *out;
	const struct nlattr *a;

	if (m->ndm_family != AF_INET && m->ndm_family != AF_INET6)
		return MNL_CB_OK;
	mnl_attr_for_each(a, n, sizeof(*m)) {
		if (mnl_attr_get_type(a) != NDA_DST)
			continue;
		out = kernel_list_add(context);
		if (!out)
			return MNL_CB_OK;
		out->ifindex = m->ndm_ifindex;
		out->state = m->ndm_state;
		out->address = kernel_mapped(m->ndm_family, mnl_attr_get_payload(a));
	}
	return MNL_CB_OK;
}

int kernel_links(struct kernel_link **out, size_t *count)
{
	struct kernel_list list = { .size = sizeof(**out) };
	int err = kernel_dump(RTM_GETLINK, any_family, sizeof(struct ifinfomsg), read_link, &list);

	return kernel_list_give(&list, err, (void **)out, count);
}

int kernel_addresses(struct kernel_address **out, size_t *count)
{
	struct kernel_list list = { .size = sizeof(**out) };
	int err =
		kernel_dump(RTM_GETADDR, any_family, sizeof(struct ifaddrmsg), read_address, &list);

	return kernel_list_give(&list, err, (void **)out, count);
}

int kernel_neighbours(struct kernel_neighbour **out, size_t *count)
{
	static const uint8_t both[] = { AF_INET, AF_INET6, 0 };
	struct kernel_list list = { .size = sizeof(**out) };
	int err = kernel_dump(RTM_GETNEIGH, both, sizeof(struct ndmsg), read_neighbour, &list);

	return kernel_list_give(&list, err, (void **)out, count);
}
