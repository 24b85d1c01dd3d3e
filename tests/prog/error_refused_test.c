/* SPDX-License-Identifier: GPL-2.0-only */
/* ICMP errors that do not pass, and why. */
#include "rig.c"
#include "quote.h"

static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};

static void r23_wrong_sums(void **state)
{
	unsigned int i, j, k;
	struct speech s[2];

	EACH_FAMILY(f) for (i = 0; i < 3; i++) {
		rig_reset(state);
		speak(OUTBOUND, f, protocols[i], 4321, s);
		for (j = 0; j < 2; j++) {
			struct error e = error_plain(f, &s[j]);
			struct frame sound, bad;

			e.quoted.payload = 1300;
			e.transport = 1301;
			sound = error_in(&s[j], &e);
			for (k = 2; k < sound.length - (l4_of(&sound) - sound.data); k += k < 8 ? 1 : 29) {
				bad = sound;
				l4_of(&bad)[k < 8 || k >= 8 + 80 ? k : 2] ^= 0x10;
				dropped(run(s[j].at, &bad), V_ERROR_SUM, "sum of the error", f);
			}
			if (f == 4) {
				bad = sound;
				l4_of(&bad)[8 + 10] ^= 1;
				sums_set(&bad);
				dropped(run(s[j].at, &bad), V_ERROR_QUOTE, "sum of the quoted header", f);
			}
			e.quoted.stale = true;
			error_passes(&s[j], &e, "sum of the quoted transport");
		}
	}
}

static void r26_unmatched_quotes_leave_a_count_only(void **state)
{
	unsigned int i, j;
	struct speech s[2];

	EACH_FAMILY(f) for (i = 0; i < 3; i++) {
		rig_reset(state);
		speak(OUTBOUND, f, protocols[i], 4321, s);
		for (j = 0; j < 2; j++) {
			struct speech other = s[j];
			struct error e = error_plain(f, &other);
			struct frame in;

			*(other.answer ? &other.seen.dport : &other.seen.sport) ^= 1;
			in = error_in(&other, &e);
			dropped(run(s[j].at, &in), V_ERROR_NO_FLOW, "never mapped", f);
		}
		assert_int_equal(halves(f), 2);
		assert_int_equal(entries("hosts"), 1);
	}
}

static void r27_error_goes_to_who_sent_what_it_quotes(void **state)
{
	unsigned int j;
	struct speech s[2];

	EACH_FAMILY(f) {
		rig_reset(state);
		speak(OUTBOUND, f, IPPROTO_UDP, 4321, s);
		for (j = 0; j < 2; j++) {
			struct error e = error_plain(f, &s[j]);
			struct frame in = error_in(&s[j], &e);

			in.data[ETHER + (f == 4 ? 19 : 39)] ^= 1;
			sums_set(&in);
			dropped(run(s[j].at, &in), V_ERROR_QUOTE, "to another", f);
		}
	}
}

/* From a circuit, an error has no source of this side's. */
static void sources_that_no_remote_has(void **state)
{
	static const struct {
		enum place place;
		int verdict;
	} rows[] = {{CAMPUS, V_INSIDE_SOURCE}, {AT_GATEWAY, V_INSIDE_SOURCE}, {AT_INTERNET, V_MARTIAN},
		    {AT_PUBLIC, V_MARTIAN}, {WEARING_CHICAGO, V_MARTIAN}};
	unsigned int i;
	struct speech s[2];

	EACH_FAMILY(f) for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error e;
		struct frame in;

		rig_reset(state);
		speak(OUTBOUND, f, IPPROTO_UDP, 4321, s);
		e = error_plain(f, &s[0]);
		e.source = at(rows[i].place, f);
		in = error_in(&s[0], &e);
		dropped(run(ER0, &in), rows[i].verdict, "source", f);
	}
}

/* Of a flow or of none, the same frame but for its type. */
static void other_types_do_not_pass(void **state)
{
	static const uint8_t redirects[] = {5, 137};
	struct speech s[2];
	unsigned int type, k;

	EACH_FAMILY(f) {
		struct error e;
		struct frame in;

		rig_reset(state);
		speak(OUTBOUND, f, IPPROTO_UDP, 4321, s);
		for (type = 0; type < 256; type++) {
			bool passes = type == (f == 4 ? 0 : 129) || type == (f == 4 ? 8 : 128);

			EACH_KIND(f, k) passes = passes || kinds[k].type == type;
			if (passes)
				continue;
			e = error_plain(f, &s[0]);
			e.type = type;
			in = error_in(&s[0], &e);
			dropped(run(ER0, &in), type == redirects[f == 6] ? V_ICMP_REDIRECT : V_ICMP_ERROR,
				"type", f);
		}
	}
}

/* The quoted IPv4 header is right again after a change. */
static void quoted_sum_set(struct frame *in)
{
	uint8_t *ip = l4_of(in) + 8;

	put16(ip + 10, 0);
	put16(ip + 10, sum_end(sum_bytes(ip, (ip[0] & 15) * 4)));
}

/* Of a protocol without ports: what is missing would be options of zeros, and of IPv6 the last byte of all. */
static void quotes_that_end_within_the_header(void **state)
{
	struct speech s[2];
	struct error e;
	struct frame in;

	(void)state;
	EACH_FAMILY(f) {
		unsigned int left = f == 4 ? 20 : 39;

		speak(OUTBOUND, f, IPPROTO_UDP, 4321, s);
		e = error_plain(f, &s[0]);
		in = error_in(&s[0], &e);
		in.length = ETHER + (f == 4 ? 20 : 40) + 8 + left;
		memset(in.data + in.length, 0, 16);
		l4_of(&in)[8] = f == 4 ? 0x46 : 0x60;
		l4_of(&in)[8 + (f == 4 ? 9 : 6)] = 253;
		if (f == 4)
			quoted_sum_set(&in);
		put16(in.data + ETHER + (f == 4 ? 2 : 4), (f == 4 ? 20 : 0) + 8 + left);
		sums_set(&in);
		dropped(run(ER0, &in), V_ERROR_QUOTE, "ends within the header", f);
	}
}

/* Quoted fragments, quoted errors, quotes of another version. */
static void quotes_that_name_no_flow(void **state)
{
	struct speech s[2];
	struct error e;
	struct frame in;

	(void)state;
	EACH_FAMILY(f) {
		unsigned int quote = 8;

		speak(OUTBOUND, f, IPPROTO_ICMP, 4321, s);
		e = error_plain(f, &s[0]);
		e.quoted.first = true;
		e.quoted.extra = f == 4 ? 0 : 4;
		error_passes(&s[0], &e, "first fragment");
		in = error_in(&s[0], &e);
		if (f == 4) {
			put16(l4_of(&in) + quote + 6, 1);
			quoted_sum_set(&in);
		} else {
			put16(l4_of(&in) + quote + 40 + 8 + 16 + 24 + 2, 1 << 3);
		}
		sums_set(&in);
		dropped(run(ER0, &in), V_ERROR_FRAGMENT, "later fragment", f);
		e = error_plain(f, &s[0]);
		in = error_in(&s[0], &e);
		l4_of(&in)[quote + (f == 4 ? 20 : 40)] = e.type;
		sums_set(&in);
		dropped(run(ER0, &in), V_ERROR_QUOTE, "quotes an error", f);
		in = error_in(&s[0], &e);
		l4_of(&in)[quote] ^= 0xf0;
		if (f == 4)
			quoted_sum_set(&in);
		sums_set(&in);
		dropped(run(ER0, &in), V_ERROR_QUOTE, "quotes another version", f);
	}
}

/* No error is answered with another, not where a packet would be. */
static void no_error_is_answered(void **state)
{
	struct speech s[2];
	unsigned int j;

	EACH_FAMILY(f) {
		struct error e;
		struct frame in;

		rig_reset(state);
		speak(OUTBOUND, f, IPPROTO_UDP, 4321, s);
		for (j = 0; j < 2; j++) {
			e = error_plain(f, &s[j]);
			e.ttl = 1;
			in = error_in(&s[j], &e);
			dropped(run(s[j].at, &in), V_TTL_EXCEEDED, "last hop", f);
			e.ttl = 2;
			error_passes(&s[j], &e, "the hop before");
		}
		e = error_plain(f, &s[1]);
		e.quoted.payload = 1480;
		e.transport = 1480;
		in = error_in(&s[1], &e);
		if (f == 4)
			in.data[ETHER + 6] = 0x40; /* and must not be cut */
		sums_set(&in);
		dropped(run(LAN, &in), V_TOO_BIG, "larger than the wire", f);
		shell("ip %s route del default table 101 metric %d", f == 4 ? "-4" : "-6", f == 4 ? 0 : 1024);
		rig.broken = true;
		generation_move();
		e = error_plain(f, &s[1]);
		in = error_in(&s[1], &e);
		dropped(run(LAN, &in), V_CIRCUIT_UNUSABLE, "no way", f);
	}
}

/* The kernel's own business, of no flow: what its own packets meet, and what inside hosts say to each other. */
static void errors_of_no_flow_may_be_the_kernels(void **state)
{
	static const struct {
		enum device in;
		const char *to[2];
		enum place from, remote;
		int verdict;
	} rows[] = {
		{ER0, {"172.16.0.1", "2001:db8:f:1::1"}, AT_LARGE, AT_LARGE, V_TO_GATEWAY},
		{ER0, {"172.16.0.1", "2001:db8:f:1::1"}, CAMPUS, AT_LARGE, V_INSIDE_SOURCE},
		{LAN, {"10.1.0.1", "2001:db8:10::1"}, CAMPUS, CAMPUS, V_TO_GATEWAY},
		{LAN, {"10.1.20.5", "2001:db8:10:20::5"}, CAMPUS, CAMPUS, V_TO_INSIDE},
		{LAN, {"10.1.20.5", "2001:db8:10:20::5"}, NOBODY, CAMPUS, V_NO_SEGMENT},
		{ER0, {"10.1.20.5", "2001:db8:10:20::5"}, AT_LARGE, AT_LARGE, V_ERROR_NO_FLOW},
		{ER0, {"203.0.113.34", "2001:db8:1::22"}, AT_LARGE, AT_LARGE, V_ERROR_NO_FLOW},
		{LAN, {"198.18.99.9", "2001:db8:99::9"}, CAMPUS, CAMPUS, V_ERROR_NO_FLOW},
	};
	unsigned int i;

	(void)state;
	EACH_FAMILY(f) for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tuple t = talk(f, IPPROTO_UDP, PILOT, rows[i].remote, 500, 600);
		struct speech s = {.sent = t, .seen = t, .at = rows[i].in, .to = LAN};
		struct error e;
		struct frame in;
		struct outcome o;

		s.seen.saddr = address(rows[i].to[f == 6]);
		e = error_plain(f, &s);
		e.source = at(rows[i].from, f);
		in = error_in(&s, &e);
		o = run(rows[i].in, &in);
		verdict_is(o.verdict, rows[i].verdict, rows[i].to[f == 6], f);
		assert_memory_equal(o.frame.data, in.data, in.length);
	}
}

/* Between hosts inside and a server that has the public address itself, the kernel forwards. */
static void errors_about_such_a_server_are_the_kernels(void **state)
{
	struct service service = service_get(1);

	(void)state;
	EACH_FAMILY(f) {
		struct tuple t = talk(f, IPPROTO_TCP, AT_PUBLIC, PILOT, 443, 4321);
		struct speech s = {.sent = t, .seen = t, .at = LAN, .to = LAN};
		struct error e = error_plain(f, &s);
		struct frame in = error_in(&s, &e);

		service.flags &= ~SERVICE_KEEP_ALL;
		service_put(1, &service);
		dropped(run(LAN, &in), V_ERROR_NO_FLOW, "translated", f);
		service.flags |= SERVICE_KEEP_ALL;
		service_put(1, &service);
		verdict_is(run(LAN, &in).verdict, V_TO_INSIDE, "its own", f);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, rig_reset)
	const struct CMUnitTest tests[] = {
		CASE(r23_wrong_sums),
		CASE(r26_unmatched_quotes_leave_a_count_only),
		CASE(r27_error_goes_to_who_sent_what_it_quotes),
		CASE(sources_that_no_remote_has),
		CASE(other_types_do_not_pass),
		CASE(quotes_that_end_within_the_header),
		CASE(quotes_that_name_no_flow),
		CASE(no_error_is_answered),
		CASE(errors_of_no_flow_may_be_the_kernels),
		CASE(errors_about_such_a_server_are_the_kernels),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_end);
}
