/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * parse reads no byte that the frame does not have, and what it accepts holds together. Each
 * frame lies in memory of exactly its length, so that the address sanitizer is the judge.
 */
#include "tests/lib/native.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "tests/prog/frame.h"
#include "bpf/parse.h"

struct parsed {
	struct pkt p;
	enum verdict verdict;
	unsigned int sport, dport; /* host order */
};

static struct parsed parse(const struct frame *f, int family)
{
	uint8_t *room = malloc(f->length + 2), *copy = room + 2; /* the IP header is aligned then */
	struct parsed r = {.p = {.special = GO_ON, .frame = f->length, .family = family}};
	struct flow_key4 four = {0};
	struct flow_key6 six = {0};

	assert_non_null(room);
	memcpy(copy, f->data, f->length);
	if (family == 4)
		r.verdict = parse4(&r.p, copy, copy + f->length, &four);
	else
		r.verdict = parse6(&r.p, copy, copy + f->length, &six);
	r.sport = ntohs(family == 4 ? four.sport : six.sport);
	r.dport = ntohs(family == 4 ? four.dport : six.dport);
	free(room);
	return r;
}

static struct frame seed(int family, int protocol)
{
	struct tuple t = {
		.family = family, .protocol = protocol, .sport = 4000, .dport = 443,
		.saddr = address(family == 4 ? "10.1.20.5" : "2001:db8:10:20::5"),
		.daddr = address(family == 4 ? "198.51.100.10" : "2001:db8:e::10"),
	};

	return frame_make(&t, &(struct shape){.payload = 12});
}

#define SEEDS 6

static struct frame seed_of(unsigned int i, int *family)
{
	static const int protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};

	*family = i & 1 ? 6 : 4;
	return seed(*family, i / 2 == 2 ? icmp_of(*family) : protocols[i / 2]);
}

static void sound_packets_are_read_as_they_are(void **state)
{
	unsigned int i;
	int family;

	(void)state;
	for (i = 0; i < SEEDS; i++) {
		struct frame f = seed_of(i, &family);
		struct parsed r = parse(&f, family);

		assert_int_equal(r.verdict, GO_ON);
		assert_int_equal(r.p.special, GO_ON);
		assert_int_equal(r.p.length, ip_length(&f));
		assert_int_equal(r.p.ttl, 64);
		assert_int_equal(r.p.opens, 1);
		assert_int_equal(r.sport, 4000);
		assert_int_equal(r.dport, i / 2 == 2 ? 0 : 443);
	}
}

static void every_truncation_is_truncated(void **state)
{
	unsigned int i, length;
	int family;

	(void)state;
	for (i = 0; i < SEEDS; i++) {
		struct frame f = seed_of(i, &family);

		for (length = f.length - 1; length >= ETH_HLEN; length--) {
			f.length = length;
			assert_int_equal(parse(&f, family).verdict, V_TRUNCATED);
		}
	}
}

/* What is accepted for translation: the frame has every byte that a later stage touches. */
static void accepted_holds_together(struct frame *f, const struct parsed *r, int family)
{
	unsigned int header = family == 4 ? 20 : 40;
	unsigned int room = r->p.protocol == IPPROTO_TCP ? 20 : 8;

	assert_int_equal(f->data[ETHER] >> 4, family);
	assert_int_equal(r->p.length, ip_length(f));
	assert_true(ETHER + r->p.length <= f->length);
	assert_true(r->p.length >= header + room);
	if (family == 4) {
		assert_int_equal(f->data[ETHER] & 15, 5);
		assert_int_equal(get16(f->data + ETHER + 6) & 0x3fff, 0);
	}
	assert_int_equal(r->sport, tuple_of(f).sport);
	assert_int_equal(r->dport, tuple_of(f).dport);
	if (r->p.protocol != icmp_of(family))
		assert_true(r->sport && r->dport);
}

static void random_damage_never_reads_beyond_the_frame(void **state)
{
	unsigned int round, changes, accepted = 0;
	int family;

	(void)state;
	for (round = 0; round < 60000; round++) {
		struct frame f = seed_of(round % SEEDS, &family);
		struct parsed r;

		for (changes = random() % 4; changes; changes--)
			f.data[ETHER + random() % 64] = random() & 1 ? random() : 0xff * (random() & 1);
		f.length = random() & 3 ? f.length : ETHER + random() % (f.length - ETHER + 1);
		r = parse(&f, family);
		assert_in_range(r.verdict, 0, GO_ON);
		if (r.verdict != GO_ON || r.p.special != GO_ON)
			continue;
		accepted_holds_together(&f, &r, family);
		accepted++;
	}
	assert_in_range(accepted, 6000, 59000);
}

static void flags_are_sound_or_not(void **state)
{
	unsigned int flags, count = 0;

	(void)state;
	for (flags = 0; flags < 64; flags++)
		count += tcp_flags_sound(flags);
	assert_int_equal(count, 6 * 4); /* six sound ones, whatever PSH and URG say */
	assert_false(tcp_flags_sound(0));
	assert_false(tcp_flags_sound(TCP_SYN | TCP_FIN));
	assert_false(tcp_flags_sound(TCP_SYN | TCP_RST));
	assert_false(tcp_flags_sound(TCP_FIN));
	assert_false(tcp_flags_sound(TCP_FIN | TCP_PSH | TCP_URG));
	assert_true(tcp_flags_sound(TCP_SYN | 0xc0)); /* ECN set-up, RFC 3168 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sound_packets_are_read_as_they_are),
		cmocka_unit_test(every_truncation_is_truncated),
		cmocka_unit_test(random_damage_never_reads_beyond_the_frame),
		cmocka_unit_test(flags_are_sound_or_not),
	};

	srandom(4711);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
