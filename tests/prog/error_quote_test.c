/* SPDX-License-Identifier: GPL-2.0-only */
/* ICMP errors: random ones by the thousand, each byte as an exact inverse translation gives it. */
#include "rig.c"
#include "quote.h"

#define ROUNDS 300

static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};

static unsigned int below(unsigned int limit)
{
	return random() % limit;
}

static struct error random_error(int family, const struct speech *s)
{
	static const uint8_t types[2][4] = {{3, 4, 11, 12}, {1, 2, 3, 4}};
	struct error e = {
		.type = types[family == 6][below(4)], .code = below(16), .ttl = 2 + below(250),
		.source = below(2) ? s->seen.daddr : router_of(s), .transport = 8 + below(below(4) ? 40 : 1200),
		.quoted = {.extra = below(2) ? 0 : below(family == 4 ? 11 : 8), .ttl = 1 + below(250),
			   .no_sum = s->sent.protocol == IPPROTO_UDP && !below(3), .first = !below(5),
			   .payload = 1 + below(below(4) ? 60 : 1300)},
	};
	bool said = family == 4 ? e.type != 4 : e.type == 1 || e.type == 3;
	unsigned int i;

	e.quoted.stale = !e.quoted.no_sum && !below(4);
	for (i = 0; i < 4; i++) /* what says where extensions begin says that there are none */
		e.rest[i] = said && i == (family == 4) ? 0 : random();
	return e;
}

static void random_errors_of(enum kind kind, int f)
{
	struct speech s[2];
	unsigned int i, j;

	for (i = 0; i < ROUNDS; i++) {
		if (!(i % 6))
			speak(kind, f, protocols[i / 6 % 3], 1024 + i * 100 + below(100), s);
		for (j = 0; j < 2; j++) {
			struct error e = random_error(f, &s[j]);
			char claim[64];

			snprintf(claim, sizeof(claim), "kind %u, round %u, %s", kind, i, j ? "back" : "there");
			error_passes(&s[j], &e, claim);
		}
	}
}

static void r37_quotes_become_exactly_what_was_sent(void **state)
{
	enum kind kind;

	srandom(20260);
	EACH_FAMILY(f) for (kind = 0; kind < KINDS; kind++) {
		rig_reset(state);
		random_errors_of(kind, f);
	}
}

/* A payload is chosen so that the sum is zero as it was sent, which UDP writes as ones; and as it was seen. */
static void r37_udp_sum_of_ones(void **state)
{
	struct speech s[2];
	unsigned int j, k;

	EACH_FAMILY(f) {
		rig_reset(state);
		speak(OUTBOUND, f, IPPROTO_UDP, 4321, s);
		for (j = 0; j < 2; j++) for (k = 0; k < 2; k++) {
			struct error e = error_plain(f, &s[j]);
			const struct tuple *t = k ? &s[j].seen : &s[j].sent;
			uint8_t packet[128] = {0}, *l4 = packet + quoted_head(&e.quoted, f);

			e.quoted.payload = 2;
			quoted_make(packet, t, &e.quoted);
			e.quoted.ones = get16(l4 + 6);
			memset(packet, 0, sizeof(packet));
			quoted_make(packet, t, &e.quoted);
			assert_int_equal(get16(l4 + 6), 0xffff);
			error_passes(&s[j], &e, "ones");
		}
	}
}

/* Every number of bytes from nothing to more than the header: too few, half a checksum, all of it. */
static void r22_quotes_of_every_length(void **state)
{
	struct speech s[2];
	unsigned int i, j, n;

	EACH_FAMILY(f) for (i = 0; i < 3; i++) {
		rig_reset(state);
		speak(OUTBOUND, f, protocols[i], 4321, s);
		for (j = 0; j < 2; j++)
			for (n = 0; n < 24; n++) {
				struct error e = error_plain(f, &s[j]);
				struct frame in;

				e.quoted.payload = 30;
				e.transport = n;
				if (n >= 8) {
					error_passes(&s[j], &e, "enough");
					continue;
				}
				in = error_in(&s[j], &e);
				verdict_is(run(s[j].at, &in).verdict, V_ERROR_QUOTE, "too short", f);
			}
	}
}

/* A byte anywhere in the quoted IP header cut away. */
static void r22_quotes_cut_in_the_header(void **state)
{
	struct speech s[2];
	unsigned int cut;

	EACH_FAMILY(f) {
		rig_reset(state);
		speak(OUTBOUND, f, IPPROTO_UDP, 4321, s);
		for (cut = 0; cut < (f == 4 ? 20u : 40u); cut++) {
			struct error e = error_plain(f, &s[0]);
			struct frame in = error_in(&s[0], &e);

			in.length = ETHER + (f == 4 ? 20 : 40) + 8 + cut;
			put16(in.data + ETHER + (f == 4 ? 2 : 4), (f == 4 ? 20 : 0) + 8 + cut);
			sums_set(&in);
			verdict_is(run(ER0, &in).verdict, V_ERROR_QUOTE, "cut", f);
		}
	}
}

static void r24_ports_behind_options_are_found(void **state)
{
	struct speech s[2];
	unsigned int i, j, extra;

	EACH_FAMILY(f) for (i = 0; i < 3; i++) {
		rig_reset(state);
		speak(OUTBOUND, f, protocols[i], 4321, s);
		for (j = 0; j < 2; j++)
			for (extra = 1; extra <= (f == 4 ? 10u : 8u); extra++) {
				struct error e = error_plain(f, &s[j]);

				e.quoted.extra = extra;
				error_passes(&s[j], &e, "behind options");
			}
	}
}

/* More extension headers than are walked, and a chain that leads out of the quote. */
static void chains_without_end_are_dropped(void **state)
{
	struct speech s[2];
	struct error e;
	struct frame in;

	(void)state;
	speak(OUTBOUND, 6, IPPROTO_UDP, 4321, s);
	e = error_plain(6, &s[0]);
	e.quoted.extra = 9;
	in = error_in(&s[0], &e);
	assert_int_not_equal(run(ER0, &in).verdict, V_FORWARDED);
	e.quoted.extra = 1;
	in = error_in(&s[0], &e);
	in.data[ETHER + 40 + 8 + 40 + 1] = 255;
	sums_set(&in);
	verdict_is(run(ER0, &in).verdict, V_ERROR_QUOTE, "leads out", 6);
	e.quoted.extra = 0;
	in = error_in(&s[0], &e);
	in.data[ETHER + 40 + 8 + 6] = 60; /* the chain goes on where the quote ends */
	in.length = ETHER + 40 + 8 + 44;
	put16(in.data + ETHER + 4, 8 + 44);
	sums_set(&in);
	verdict_is(run(ER0, &in).verdict, V_ERROR_QUOTE, "ends within", 6);
}

/* RFC 4884: an object behind 128 bytes of quote. It stays, also where a short quote makes it look like TCP. */
/* What comes from the inside and has more than a quote stays inside: it may name the inside's addresses. */
static void extended(const struct speech *s, const struct error *e, const char *claim)
{
	struct frame in;

	if (s->at != LAN) {
		error_passes(s, e, claim);
		return;
	}
	in = error_in(s, e);
	verdict_is(run(LAN, &in).verdict, V_ERROR_EXTENSION, claim, s->sent.family);
}

static void r25_extensions_stay_and_none_leaves(void **state)
{
	static const uint8_t mpls[] = {0x20, 0, 0x12, 0x34, 0, 8, 1, 1, 0x10, 0x20, 0x31, 0x40};
	struct speech s[2];
	unsigned int i, j;

	EACH_FAMILY(f) for (i = 0; i < 3; i++) {
		rig_reset(state);
		speak(OUTBOUND, f, protocols[i], 4321, s);
		for (j = 0; j < 2; j++) {
			struct error e = error_plain(f, &s[j]);

			e.type = f == 4 ? 11 : 3;
			e.code = 0;
			memcpy(e.tail, mpls, sizeof(mpls));
			e.tailed = sizeof(mpls);
			e.quoted.payload = 200;
			e.rest[f == 4 ? 1 : 0] = f == 4 ? 32 : 16;
			e.transport = 128 - (f == 4 ? 20 : 40);
			extended(&s[j], &e, "behind the quote");
			e.rest[f == 4 ? 1 : 0] = f == 4 ? 7 : 6;
			e.transport = 8;
			extended(&s[j], &e, "right behind the ports");
		}
	}
}

/* The quoted packet was short, so that what stands behind it is padding: none of it is a checksum. */
static void padding_behind_the_quote_stays(void **state)
{
	struct speech s[2];
	unsigned int j;

	EACH_FAMILY(f) {
		rig_reset(state);
		speak(OUTBOUND, f, IPPROTO_TCP, 4321, s);
		for (j = 0; j < 2; j++) {
			struct error e = error_plain(f, &s[j]);
			struct frame in, out;
			struct outcome o;

			memset(e.tail, 0x33, 40);
			e.tailed = 40;
			error_both(&s[j], &e, &in, &out);
			/* says that it is no longer than the eight bytes */
			put16(l4_of(&in) + 8 + (f == 4 ? 2 : 4), f == 4 ? 28 : 8);
			put16(l4_of(&out) + 8 + (f == 4 ? 2 : 4), f == 4 ? 28 : 8);
			for (struct frame *b = &in; f == 4 && b; b = b == &in ? &out : NULL) {
				put16(l4_of(b) + 18, 0);
				put16(l4_of(b) + 18, sum_end(sum_bytes(l4_of(b) + 8, 20)));
			}
			sums_set(&in);
			sums_set(&out);
			o = run(s[j].at, &in);
			if (s[j].at == LAN) {
				verdict_is(o.verdict, V_ERROR_EXTENSION, "padded", f);
				continue;
			}
			verdict_is(o.verdict, V_FORWARDED, "padded", f);
			assert_memory_equal(o.frame.data + 12, out.data + 12, out.length - 12);
		}
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
	const struct CMUnitTest tests[] = {
		CASE(r37_quotes_become_exactly_what_was_sent),
		CASE(r37_udp_sum_of_ones),
		CASE(r22_quotes_of_every_length),
		CASE(r22_quotes_cut_in_the_header),
		CASE(r24_ports_behind_options_are_found),
		CASE(chains_without_end_are_dropped),
		CASE(r25_extensions_stay_and_none_leaves),
		CASE(padding_behind_the_quote_stays),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
