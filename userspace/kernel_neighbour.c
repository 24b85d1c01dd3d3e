// SPDX-License-Identifier: GPL-2.0-only
/* Neighbours: making the kernel ask for one, and telling ours where an owned address now is. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip6.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "kernel.h"
#include "kernel_netlink.h"

int kernel_neighbour_use(int ifindex, const struct in6_addr *address)
{
	char buffer[KERNEL_REQUEST];
	struct nlmsghdr *n = mnl_nlmsg_put_header(buffer);
	struct ndmsg *m = mnl_nlmsg_put_extra_header(n, sizeof(*m));

	n->nlmsg_type = RTM_NEWNEIGH;
	n->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE;
	m->ndm_family = IN6_IS_ADDR_V4MAPPED(address) ? AF_INET : AF_INET6;
	m->ndm_ifindex = ifindex;
	m->ndm_state = NUD_NONE;
	m->ndm_flags = NTF_USE;
	kernel_put_address(n, NDA_DST, m->ndm_family, address);
	return kernel_talk(NETLINK_ROUTE, n, NULL, NULL);
}

/* RFC 5227 section 3: a request, not a reply, is what everybody takes as an announcement. */
static size_t arp_frame(unsigned char *frame, const unsigned char *mac,
			const struct in6_addr *address)
{
	struct ether_header *eth = (void *)frame;
	struct ether_arp *arp = (void *)(eth + 1);

	memset(eth->ether_dhost, 0xff, ETH_ALEN);
	eth->ether_type = htons(ETHERTYPE_ARP);
	arp->arp_hrd = htons(ARPHRD_ETHER);
	arp->arp_pro = htons(ETHERTYPE_IP);
	arp->arp_hln = ETH_ALEN;
	arp->arp_pln = 4;
	arp->arp_op = htons(ARPOP_REQUEST);
	memcpy(arp->arp_sha, mac, ETH_ALEN);
	memcpy(arp->arp_spa, &address->s6_addr[12], 4);
	memcpy(arp->arp_tpa, &address->s6_addr[12], 4);
	return sizeof(*eth) + sizeof(*arp);
}

static uint32_t add_words(uint32_t sum, const void *at, size_t size)
{
	const unsigned char *b = at;

	for (size_t i = 0; i + 1 < size; i += 2)
		sum += b[i] << 8 | b[i + 1];
	return sum;
}

/* The pseudo-header of RFC 8200 section 8.1: addresses, length, next header. */
static uint16_t icmp6_sum(const struct ip6_hdr *ip, const void *body, uint16_t size)
{
	uint32_t sum = add_words(add_words(size + IPPROTO_ICMPV6, &ip->ip6_src, 32), body, size);

	sum = (sum & 0xffff) + (sum >> 16);
	return ~((sum & 0xffff) + (sum >> 16));
}

/* RFC 4861 section 7.2.6: unsolicited, to all nodes, with the override flag and the target's MAC.
 * The source is the address itself, for the egress guard lets a circuit's own addresses out. */
static size_t na_frame(unsigned char *frame, const unsigned char *mac,
		       const struct in6_addr *address)
{
	static const struct in6_addr all_nodes = { { { 0xff, 2, [15] = 1 } } };
	struct ether_header *eth = (void *)frame;
	struct ip6_hdr *ip = (void *)(eth + 1);
	struct nd_neighbor_advert *na = (void *)(ip + 1);
	struct nd_opt_hdr *option = (void *)(na + 1);
	size_t size = sizeof(*na) + 8;

	memcpy(eth->ether_dhost, "\x33\x33\0\0\0\x01", ETH_ALEN);
	eth->ether_type = htons(ETHERTYPE_IPV6);
	ip->ip6_flow = htonl(6u << 28);
	ip->ip6_plen = htons(size);
	ip->ip6_nxt = IPPROTO_ICMPV6;
	ip->ip6_hlim = 255;
	ip->ip6_src = *address;
	ip->ip6_dst = all_nodes;
	na->nd_na_type = ND_NEIGHBOR_ADVERT;
	na->nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE | ND_NA_FLAG_ROUTER;
	na->nd_na_target = *address;
	option->nd_opt_type = ND_OPT_TARGET_LINKADDR;
	option->nd_opt_len = 1;
	memcpy(option + 1, mac, ETH_ALEN);
	na->nd_na_cksum = htons(icmp6_sum(ip, na, size));
	return sizeof(*eth) + sizeof(*ip) + size;
}

int kernel_announce(const struct kernel_link *link, const struct in6_addr *address)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_ifindex = link->ifindex,
				  .sll_halen = ETH_ALEN };
	_Alignas(8) unsigned char room[2 + 128] = { 0 };
	unsigned char *frame = room + 2; /* the IP header falls on a word */
	struct ether_header *eth = (void *)frame;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	size_t size;
	int err = 0;

	if (fd < 0)
		return -errno;
	memcpy(eth->ether_shost, link->mac, ETH_ALEN);
	size = IN6_IS_ADDR_V4MAPPED(address) ? arp_frame(frame, link->mac, address) :
					       na_frame(frame, link->mac, address);
	to.sll_protocol = eth->ether_type;
	memcpy(to.sll_addr, eth->ether_dhost, ETH_ALEN);
	if (sendto(fd, frame, size, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		err = -errno;
	close(fd);
	return err;
}
