// SPDX-License-Identifier: GPL-2.0-only
/*
 * The differences that are declared: what kind of oddity an event has, what each of the two makes of it, and
 * why that is so. Everything else is unexplained, and fails. `holds` says what else must be true.
 */
#include <stdio.h>
#include <string.h>

#include "event.h"

struct declared {
	const char *name;
	enum odd odd;
	unsigned int kernel, samepath; /* bits of enum fate */
	bool ends; /* what the two know differs after it */
	bool (*holds)(const struct event *e, const struct output out[RIGS]);
	const char *row, *why;
};

/* One frame each, on the same wire, without what is their own. */
static bool one_each(const struct event *e, const struct output out[RIGS], struct frame is[RIGS])
{
	const struct output *k = &out[KERNEL], *s = &out[SAMEPATH];

	if (k->count != 1 || s->count != 1 || k->wire[0] != s->wire[0])
		return false;
	for (enum rig rig = 0; rig < RIGS; rig++)
		canon(&is[rig], &out[rig].frame[0], e, rig);
	return true;
}

/* Alike but for the source, the id or flow label of what a gateway makes itself, and the last bytes. */
static bool but_source_and(const struct event *e, const struct output out[RIGS], uint32_t last)
{
	static struct frame is[RIGS];
	bool four;

	if (!one_each(e, out, is))
		return false;
	four = is[KERNEL].bytes[ETHERNET] >> 4 == 4;
	for (enum rig rig = 0; rig < RIGS; rig++) {
		uint8_t *ip = is[rig].bytes + ETHERNET;

		memset(ip + (four ? 12 : 8), 0, four ? 4 : 16);
		canon_name(ip, four ? 4 : 6);
		if (four && (ip[1] & 0xe0) == 0xc0)
			ip[1] = 0xc0; /* the kernel repeats the type of service below the precedence */
	}
	return is[KERNEL].length == is[SAMEPATH].length &&
	       !memcmp(is[KERNEL].bytes, is[SAMEPATH].bytes, is[KERNEL].length - last);
}

static bool but_source(const struct event *e, const struct output out[RIGS])
{
	return but_source_and(e, out, 0);
}

/* Alike but for what is behind the packet. */
static bool but_trailer(const struct event *e, const struct output out[RIGS])
{
	static struct frame is[RIGS];

	return one_each(e, out, is) && is[KERNEL].length < is[SAMEPATH].length &&
	       !memcmp(is[KERNEL].bytes, is[SAMEPATH].bytes, is[KERNEL].length);
}

static bool from_inside(const struct event *e, const struct output out[RIGS])
{
	(void)out;
	return e->wire == LAN;
}

static bool picked_up(const struct event *e, const struct output out[RIGS])
{
	(void)out;
	return e->talk->picked && e->wire != LAN;
}

/* The quote ends in the middle of the sum; everything before that is alike. */
static bool half_sum(const struct event *e, const struct output out[RIGS])
{
	return e->quoted == (e->talk->family == 4 ? 37 : 57) && but_source_and(e, out, 1);
}

/* Is it one of the pieces that are to come out, but for its id? */
static bool piece_right(const struct event *e, const struct frame *f)
{
	static struct frame is, piece, wanted;
	struct view v;

	canon(&is, f, e, SAMEPATH);
	if (!frame_read(f, &v))
		return false;
	if (v.unit)
		memset(is.bytes + v.unit + 4, 0, 4);
	for (int i = 0; i < e->pieces; i++) {
		if (!pieces_cut(e, &e->want[SAMEPATH], i, &piece))
			continue;
		canon(&wanted, &piece, e, SAMEPATH);
		if (v.unit)
			memset(wanted.bytes + v.unit + 4, 0, 4);
		if (is.length == wanted.length && !memcmp(is.bytes, wanted.bytes, is.length))
			return true;
	}
	return false;
}

static bool pieces_right(const struct event *e, const struct output out[RIGS])
{
	const struct output *s = &out[SAMEPATH];

	for (int i = 0; i < s->count; i++)
		if (s->wire[i] != e->talk->wire[!e->by] || !piece_right(e, &s->frame[i]))
			return false;
	return true;
}

static bool disturbed(const struct event *e, const struct output out[RIGS])
{
	(void)out;
	return e->talk->disturbed && e->wire != LAN;
}

static bool hairpin_back(const struct event *e, const struct output out[RIGS])
{
	return e->talk->kind == HAIRPIN && e->by == SERVER && (!e->pieces || pieces_right(e, out));
}

#define F(fate) (1 << (fate))

static const struct declared table[] = {
	{"gateway's own address in its error", TTL_ENDS, F(ANSWERED), F(ANSWERED), false, but_source,
	 "R41", "the kernel translates the source of its own error, samepath's is that of the link"},
	{"errors of the gateway are limited", TTL_ENDS, F(ANSWERED), F(NOTHING), false, NULL,
	 "hardening: ICMP",
	 "samepath sends so many a second, at random; the kernel's limit is off here"},
	{"the same, of a packet too big", TOO_BIG, F(ANSWERED), F(ANSWERED), false, but_source,
	 "R12", "as above"},
	{"limited, of packets too big", TOO_BIG, F(ANSWERED), F(NOTHING), false, NULL,
	 "hardening: ICMP", "as above"},
	{"router's address stays", ERROR_ROUTER, F(OTHER), F(FORWARDED), false, but_source,
	 "R21", "toward a server the kernel replaces the address of the router that sent the error"},
	{"transport checksum not asked", BAD_SUM, F(NOTHING), F(FORWARDED), false, NULL,
	 "R37", "samepath adjusts: a wrong one stays wrong by as much, and the host drops it"},
	{"IPv4 header checksum not asked", BAD_SUM4, F(NOTHING), F(FORWARDED), false, NULL,
	 "R37", "the same: it stays wrong by as much, and the next hop drops it"},
	{"out of the window", OUT_OF_WINDOW, F(NOTHING), F(FORWARDED), false, NULL,
	 "R18", "passes without effect: the host judges, the gateway may have seen less"},
	{"reset of the inside, out of the window",
	 RESET_FAR, F(NOTHING), F(FORWARDED), false, from_inside,
	 "R20", "the inside is believed about itself; the flow does not close by it"},
	{"any reset of what was picked up", RESET_FAR, F(FORWARDED), F(NOTHING), true, picked_up,
	 "R20", "the kernel asks for no number where it did not see the SYNs"},
	{"reset after a SYN or a reset that is not exact",
	 RESET_FAR, F(FORWARDED), F(NOTHING), true, disturbed,
	 "R20", "after those the kernel lets it pass; samepath learns nothing of them"},
	{"server's SYN in a connection", SYN_WITHIN, F(NOTHING), F(FORWARDED), false, NULL,
	 "R18", "passes without effect: the host answers with a challenge"},
	{"FIN first", FIN_FIRST, F(NOTHING), F(FORWARDED), true, NULL,
	 "hardening: pickup",
	 "the inside is believed that it has a connection, whatever it says first"},
	{"SYN-ACK again, opened at once", CROSSED_AGAIN, F(NOTHING), F(FORWARDED), false, NULL,
	 "R16", "lawful, and the kernel drops it when the other side has acknowledged"},
	{"port zero", ZERO_PORT, F(FORWARDED) | F(ANSWERED) | F(OTHER), F(NOTHING), false, NULL,
	 "hardening: truncation", "nobody has it, so nothing is translated for it"},
	{"trailer", TRAILER, F(OTHER), F(FORWARDED), false, but_trailer,
	 "hardening: trailer",
	 "samepath sends the frame as long as it came, the kernel cuts it to its packet"},
	{"wrong sum in a quote", ERROR_QUOTE4, F(FORWARDED) | F(OTHER), F(NOTHING), false, NULL,
	 "R23", "the kernel sends it on"},
	{"sum in a part of a TCP header", ERROR_HALF, F(OTHER), F(FORWARDED), false, NULL,
	 "R21", "of less than 20 bytes the kernel translates the ports and not the sum"},
	{"half of such a sum",
	 ERROR_HALF, F(OTHER) | F(FORWARDED), F(OTHER) | F(FORWARDED), false, half_sum,
	 "R21", "nobody can adjust what is not all there; by chance that half may be right"},
	{"extensions out of a circuit", ERROR_MORE, F(FORWARDED), F(NOTHING), false, from_inside,
	 "R25", "they may hold inside addresses (RFC 5837)"},
	{"extensions, router's address", ERROR_MORE, F(OTHER), F(FORWARDED), false, but_source,
	 "R21", "as above"},
	{"options with addresses", OPTION_ADDRESS, F(FORWARDED) | F(OTHER), F(NOTHING), false, NULL,
	 "hardening: options", "an inside address could leave in one (RFC 7126)"},
	{"the same, of a hairpin's server",
	 OPTION_ADDRESS, F(FORWARDED) | F(OTHER), F(ANSWERED), false, hairpin_back,
	 "hardening: options",
	 "its destination is the gateway's own address, so the kernel gets it, and answers"},
	{"bad options are not answered", OPTION_BAD, F(ANSWERED), F(NOTHING), false, NULL,
	 "hardening: options", "dropped by name, without an error"},
	{"queries beside echo", QUERY, F(FORWARDED) | F(OTHER), F(NOTHING), false, NULL,
	 "R30", "samepath translates echo only; the kernel timestamps, masks and node information too"},
	{"to itself", LAND, F(FORWARDED) | F(OTHER) | F(ANSWERED), F(NOTHING), false, NULL,
	 "hardening: land", "the kernel sends it back to where it came from"},
	{"class E destination", RESERVED, F(OTHER), F(NOTHING), false, NULL,
	 "hardening: land", "on no wire, by samepath's list of martians; the kernel sends it on"},
	{"link-local destination", LINK_LOCAL, F(OTHER), F(NOTHING), false, NULL,
	 "hardening: land", "no router sends it on (RFC 3927); the kernel does"},
	{"pieces out of order, of a hairpin's server",
	 FRAGMENTS, F(FORWARDED), F(PIECES) | F(NOTHING), true, hairpin_back,
	 "R14", "to the gateway's own address: those before the first are the kernel's"},
	{"pieces of a lost datagram", FRAGMENT_GONE, F(NOTHING), F(PIECES), false, pieces_right,
	 "R14", "the kernel assembles before it sends, samepath sends each piece"},
	{"pieces of a spoilt datagram", FRAGMENT_LAPS, F(NOTHING), F(PIECES), false, pieces_right,
	 "R15", "what came before the overlap has left"},
	{"a piece twice", FRAGMENT_TWICE, F(FORWARDED), F(PIECES), false, pieces_right,
	 "R15", "a duplicate overlaps, and spoils the datagram (RFC 5722)"},
};

#undef F
#define DECLARED (sizeof(table) / sizeof(table[0]))

static uint64_t counts[DECLARED];

bool declared(const struct event *e, const enum fate fates[RIGS], const struct output out[RIGS], bool *ends)
{
	for (const struct declared *d = table; d < table + DECLARED; d++) {
		if (d->odd != e->odd || !(d->kernel >> fates[KERNEL] & 1) ||
		    !(d->samepath >> fates[SAMEPATH] & 1) || (d->holds && !d->holds(e, out)))
			continue;
		counts[d - table]++;
		*ends = d->ends;
		return true;
	}
	return false;
}

static const char *fates_text(unsigned int fates)
{
	static const char *const words[] = {"nothing", "sends on", "answers", "pieces", "other"};
	int i = 0;

	while (!(fates >> i & 1))
		i++;
	return words[i];
}

void declared_print(void)
{
	printf("\ndeclared differences\n%8s  %-38s %-9s %-9s %-22s %s\n", "times", "what", "kernel", "samepath",
	       "row", "reason");
	for (const struct declared *d = table; d < table + DECLARED; d++)
		printf("%8lu  %-38s %-9s %-9s %-22s %s\n", (unsigned long)counts[d - table], d->name,
		       fates_text(d->kernel), fates_text(d->samepath), d->row, d->why);
}
