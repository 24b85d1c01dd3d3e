/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's FIB as far as the rig of the prog tests has one (rig_wire.c): its devices, rules,
 * tables and neighbours, asked naively. What the rig breaks there by `ip`, is broken here by a
 * flag.
 */
#ifndef SAMEPATH_TEST_NATIVE_FIB_H
#define SAMEPATH_TEST_NATIVE_FIB_H

#include "tests/prog/rig.h"
#include "datapath_setting.h"

enum { MAIN, T101, T102 };

static struct fib {
	bool made;
	struct fib_entry {
		struct in6_addr prefix, gateway; /* IPv4 as mapped */
		unsigned int length, table;
		enum device device;
		bool local;
	} routes[48];
	unsigned int count;
	struct in6_addr neighbours[32];
	uint8_t macs[32];
	unsigned int known;
} fib;

static struct in6_addr address_or_none(const char *text)
{
	return text ? address(text) : (struct in6_addr){0};
}

static void fib_route(unsigned int table, const char *prefix, unsigned int length, enum device device,
		      const char *gateway)
{
	fib.routes[fib.count++] = (struct fib_entry){
		.prefix = address(prefix),
		.length = strchr(prefix, ':') ? length : 96 + length,
		.table = table,
		.device = device,
		.gateway = address_or_none(gateway),
	};
}

static void fib_local(const char *prefix, enum device device)
{
	fib_route(MAIN, prefix, strchr(prefix, ':') ? 128 : 32, device, NULL);
	fib.routes[fib.count - 1].local = true;
}

static void fib_neighbour(const char *text, uint8_t mac)
{
	fib.neighbours[fib.known] = address(text);
	fib.macs[fib.known++] = mac;
}

/* An address of a device, its subnet, and what of it is not a host's. */
static void fib_device(enum device d, const char *own, const char *first, const char *last,
		       unsigned int length)
{
	fib_local(own, d);
	fib_local(first, d); /* IPv4: not a host's; IPv6: anycast of the routers there */
	if (last)
		fib_local(last, d);
	fib_route(MAIN, first, length, d, NULL);
}

static void fib_make(void)
{
	fib_device(LAN, "10.1.0.1", "10.1.0.0", "10.1.255.255", 16);
	fib_device(LAN, "2001:db8:10::1", "2001:db8:10::", NULL, 48);
	fib_device(ER0, "172.16.0.1", "172.16.0.0", "172.16.0.3", 30);
	fib_device(ER0, "2001:db8:f:1::1", "2001:db8:f:1::", NULL, 64);
	fib_device(ER2, "172.16.1.1", "172.16.1.0", "172.16.1.3", 30);
	fib_device(ER2, "2001:db8:f:2::1", "2001:db8:f:2::", NULL, 64);
	fib_device(WAN, "198.18.0.1", "198.18.0.0", "198.18.0.3", 30);
	fib_device(WAN, "2001:db8:f:3::1", "2001:db8:f:3::", NULL, 64);
	fib_device(ALIEN, "192.168.99.1", "192.168.99.0", "192.168.99.255", 24);
	fib_device(ALIEN, "2001:db8:98::1", "2001:db8:98::", NULL, 64);
	fib_route(MAIN, "0.0.0.0", 0, WAN, "198.18.0.2");
	fib_route(MAIN, "::", 0, WAN, "2001:db8:f:3::2");
	fib_route(T101, "0.0.0.0", 0, ER0, "172.16.0.2");
	fib_route(T101, "::", 0, ER0, "2001:db8:f:1::2");
	fib_route(T102, "0.0.0.0", 0, ER2, "172.16.1.2");
	fib_neighbour("172.16.0.2", 0x10);
	fib_neighbour("2001:db8:f:1::2", 0x10);
	fib_neighbour("172.16.1.2", 0x20);
	fib_neighbour("198.18.0.2", 0x30);
	fib_neighbour("2001:db8:f:3::2", 0x30);
	for (unsigned int i = 0; i < 6; i++) {
		static const enum place hosts[] = {PILOT,      PILOT_TWO,  CAMPUS,
						   SERVER_ONE, SERVER_TWO, SERVER_THREE};

		EACH_FAMILY(f)
		{
			fib.neighbours[fib.known] = at(hosts[i], f);
			fib.macs[fib.known++] = 0x40 + i;
		}
	}
}

static bool within(const struct in6_addr *a, const struct in6_addr *prefix, unsigned int length)
{
	unsigned int whole = length / 8, rest = length % 8;

	return !memcmp(a, prefix, whole) &&
	       (!rest || !((a->s6_addr[whole] ^ prefix->s6_addr[whole]) >> (8 - rest)));
}

static bool is_mapped(const struct in6_addr *a)
{
	static const uint8_t head[12] = {[10] = 0xff, [11] = 0xff};

	return !memcmp(a, head, sizeof(head));
}

/* The longest route of the table; `oif` 0: by any device. */
static const struct fib_entry *fib_find(unsigned int table, const struct in6_addr *to, unsigned int oif)
{
	const struct fib_entry *best = NULL;
	unsigned int i;

	for (i = 0; i < fib.count; i++) {
		const struct fib_entry *r = &fib.routes[i];

		if (r->table != table || is_mapped(&r->prefix) != is_mapped(to) ||
		    (oif && rig.ifindex[r->device] != oif && !r->local) ||
		    !within(to, &r->prefix, r->length) || (best && best->length >= r->length))
			continue;
		best = r;
	}
	return best;
}

/* As the `ip rule`s of the rig have it. */
static unsigned int fib_table(const struct in6_addr *from, unsigned int oif, uint8_t protocol)
{
	struct in6_addr four = address("203.0.113.32"), six = address("2001:db8:1::");
	struct in6_addr dallas = address("203.0.113.48");

	if (within(from, &four, 96 + 28) || within(from, &six, 64))
		return T101;
	if (within(from, &dallas, 96 + 28))
		return T102;
	return protocol == QUESTION_PROTOCOL && oif &&
			       (oif == rig.ifindex[ER0] || oif == rig.ifindex[ALIEN]) ?
		       T101 :
		       MAIN;
}

static unsigned int fib_mtu(enum device d)
{
	return setting.faults & FAULT_NARROW && (d == ER0 || d == WAN) ? NARROW : 1500;
}

static int fib_answer(struct bpf_fib_lookup *q, const struct fib_entry *r, struct in6_addr to)
{
	static const struct in6_addr none;
	unsigned int i, mtu = fib_mtu(r->device);

	if (r->local)
		return BPF_FIB_LKUP_RET_NOT_FWDED;
	if (q->tot_len > mtu) {
		q->mtu_result = mtu;
		return BPF_FIB_LKUP_RET_FRAG_NEEDED;
	}
	if (memcmp(&r->gateway, &none, sizeof(none)))
		to = r->gateway;
	q->ifindex = rig.ifindex[r->device];
	if (q->family == AF_INET)
		memcpy(&q->ipv4_dst, &to.s6_addr[12], 4);
	else
		memcpy(q->ipv6_dst, &to, 16);
	for (i = 0; i < fib.known && !same_address(fib.neighbours[i], to); i++)
		;
	if (i == fib.known || (setting.faults & FAULT_UNRESOLVED && r->device == WAN))
		return BPF_FIB_LKUP_RET_NO_NEIGH;
	q->mtu_result = mtu;
	memcpy(q->smac, (uint8_t[6]){2, 0, 0, 0, 0, r->device + 1}, 6);
	memcpy(q->dmac, (uint8_t[6]){2, 0, 0, 0, 1, fib.macs[i]}, 6);
	return BPF_FIB_LKUP_RET_SUCCESS;
}

int native_fib(struct bpf_fib_lookup *q, unsigned int flags)
{
	struct in6_addr from = {.s6_addr[10] = 0xff, .s6_addr[11] = 0xff}, to = from;
	unsigned int oif = flags & BPF_FIB_LOOKUP_OUTPUT ? q->ifindex : 0, table;
	const struct fib_entry *r;

	if (!fib.made)
		fib_make();
	fib.made = true;
	if (q->family == AF_INET) {
		memcpy(&from.s6_addr[12], &q->ipv4_src, 4);
		memcpy(&to.s6_addr[12], &q->ipv4_dst, 4);
	} else {
		memcpy(&from, q->ipv6_src, 16);
		memcpy(&to, q->ipv6_dst, 16);
	}
	r = fib_find(MAIN, &to, oif);
	if (r && r->local)
		return fib_answer(q, r, to);
	table = fib_table(&from, oif, q->l4_protocol);
	if (table == T101 && setting.faults & FAULT_WITHDRAWN)
		return BPF_FIB_LKUP_RET_UNREACHABLE;
	r = table == T101 && setting.faults & FAULT_FALLS ? NULL : fib_find(table, &to, oif);
	if (!r && table == T102 && q->family == AF_INET)
		return BPF_FIB_LKUP_RET_UNREACHABLE;
	if (!r)
		r = fib_find(MAIN, &to, oif);
	return r ? fib_answer(q, r, to) : BPF_FIB_LKUP_RET_NOT_FWDED;
}

#endif
