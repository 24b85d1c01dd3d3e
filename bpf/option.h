/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Options: which of them a packet may carry through the gateway. The rule is the same for IPv4's and for
 * those in IPv6's hop-by-hop and destination headers: an option that is known to hold no address goes on
 * untouched, every other is dropped by name. Record route, timestamps, the home address, and what nobody
 * here knows may hold an inside address, which would leave by the circuit as it is. Of IPv4 that is what
 * RFC 7126 advises, which lets unknown options pass where nothing is hidden; of IPv6 it is stricter than
 * RFC 9288, which speaks of routers that hide nothing.
 *
 * A source route is dropped whoever it is for, and so is a header that contradicts itself. Every other
 * verdict is of packets that go through: what is for the gateway itself is the kernel's business.
 */
#ifndef SAMEPATH_BPF_OPTION_H
#define SAMEPATH_BPF_OPTION_H

#include "packet.h"

#define OPTIONS4_MAX 40 /* the header has no room for more, of one byte each */
#define OPTIONS6_MAX 16 /* in one header */

/* RFC 7126 section 4, by type. */
static __always_inline enum verdict option_judge4(__u8 type)
{
	switch (type) {
	case 131: /* loose source and record route */
	case 137: /* strict */
		return V_SOURCE_ROUTE;
	case 25: /* quick start */
	case 130: /* security, of the US department of defense */
	case 133: /* and its extension */
	case 134: /* security, commercial */
	case 148: /* router alert */
		return GO_ON;
	}
	return V_IP_OPTIONS;
}

/* The options before `l4`. GO_ON, with p->special saying more, or why it is a drop whoever it is for. */
static __always_inline enum verdict options4(struct pkt *p, void *data, void *end, __u32 l4)
{
	__u32 at = ETH_HLEN + sizeof(struct iphdr);
	enum verdict verdict;
	__u8 *option;
	int i;

	for (i = 0; i < OPTIONS4_MAX && at < l4; i++) {
		option = data + at;
		if ((void *)(option + 1) > end)
			return V_TRUNCATED;
		if (option[0] == 0) /* the end of the list */
			return GO_ON;
		if (option[0] == 1) { /* no operation */
			at++;
			continue;
		}
		if (at + 2 > l4)
			return V_BAD_HEADER;
		if ((void *)(option + 2) > end)
			return V_TRUNCATED;
		if (option[1] < 2 || at + option[1] > l4)
			return V_BAD_HEADER;
		verdict = option_judge4(option[0]);
		if (verdict == V_SOURCE_ROUTE)
			return verdict;
		if (verdict != GO_ON)
			p->special = verdict;
		at += option[1];
	}
	return GO_ON;
}

/* Options of IPv6 that hold no address. */
static __always_inline bool option_plain6(__u8 type)
{
	switch (type) {
	case 0x01: /* padding */
	case 0x04: /* limit of tunnels, RFC 2473 */
	case 0x05: /* router alert, RFC 2711 */
	case 0x07: /* security, RFC 5570 */
	case 0x0f: /* performance and diagnostics, RFC 8250 */
	case 0x26: /* quick start, RFC 4782 */
	case 0x30: /* path MTU, RFC 9268 */
		return true;
	}
	return false;
}

/*
 * An enum verdict for the options from `at` to `last` in the frame: GO_ON, EXTENSION_HEADER, BAD_HEADER.
 * Not static: so the verifier looks at the loop once, not once for each header that may hold one.
 */
__noinline int options6(struct xdp_md *ctx, __u32 at, __u32 last)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u8 *option;
	int i;

	for (i = 0; i < OPTIONS6_MAX && at < last; i++) {
		if (at > L4_MAX)
			return V_EXTENSION_HEADER;
		option = data + at;
		if ((void *)(option + 1) > end)
			return V_TRUNCATED;
		if (option[0] == 0) { /* one byte of padding, without a length */
			at++;
			continue;
		}
		if (at + 2 > last)
			return V_BAD_HEADER;
		if ((void *)(option + 2) > end)
			return V_TRUNCATED;
		if (!option_plain6(option[0]))
			return V_EXTENSION_HEADER;
		at += 2 + option[1];
	}
	if (at < last)
		return V_EXTENSION_HEADER; /* nobody needs so many */
	return at == last ? GO_ON : V_BAD_HEADER;
}

#endif
