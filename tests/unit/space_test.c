// SPDX-License-Identifier: GPL-2.0-only
/* Port spaces: the fullest are found among many, their growth and end, and when that is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../userspace/observe.h"
#include "../../userspace/space.h"

const char *option_config, *option_gateway; /* of main.c, which is not in the library */

#define LARGE 1 /* circuits: 64,512 ports an address, and 100 */
#define SMALL 2

static struct spaces *spaces;
static struct circuit circuits[CIRCUITS_MAX];

static int fresh(void **state)
{
	(void)state;
	spaces = calloc(1, sizeof(*spaces));
	circuits[LARGE] = (struct circuit){.port_min = 1, .port_max = 65535};
	circuits[SMALL] = (struct circuit){.port_min = 50000, .port_max = 50099};
	return spaces ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	free(spaces);
	return 0;
}

/* The space number n of a circuit. */
static struct space_key numbered(uint8_t circuit, unsigned int n)
{
	struct space_key k = {.circuit = circuit, .protocol = IPPROTO_TCP, .port = 443};

	k.address.s6_addr[10] = k.address.s6_addr[11] = 0xff;
	k.address.s6_addr[12] = 203;
	k.destination = k.address;
	for (int i = 0; i < 3; i++)
		k.destination.s6_addr[13 + i] = (unsigned char)(n >> (16 - 8 * i));
	return k;
}

static void take(uint8_t circuit, unsigned int n, unsigned int count)
{
	struct space_key k = numbered(circuit, n);

	while (count--)
		spaces_take(spaces, &k);
}

static const struct space *find(uint8_t circuit, unsigned int n)
{
	struct space_key k = numbered(circuit, n);

	for (size_t s = 0; s < SPACES_SETS; s++)
		for (size_t w = 0; w < SPACES_WAYS; w++)
			if (spaces->set[s][w].ports && !memcmp(&spaces->set[s][w].key, &k, sizeof(k)))
				return &spaces->set[s][w];
	return NULL;
}

/* A sweep at this second, of one space. */
static const struct space *sweep(uint8_t circuit, unsigned int used, unsigned int second)
{
	spaces_begin(spaces, circuits);
	take(circuit, 7, used);
	spaces_end(spaces, second * NANOSECONDS);
	return find(circuit, 7);
}

static void ports_are_those_of_ordinary_clients(void **state)
{
	(void)state;
	assert_int_equal(space_ports(&circuits[LARGE]), 64512);
	assert_int_equal(space_ports(&circuits[SMALL]), 100);
	assert_int_equal(space_ports(&(struct circuit){.port_min = 1, .port_max = 1023}), 1023);
	assert_int_equal(space_ports(&(struct circuit){.port_min = 9, .port_max = 8}), 0);
}

/* In an order in which each is met again and again, as a walk over a hash table does. */
static void fullest_are_found_among_half_a_million(void **state)
{
	enum { TAIL = 500000, HEAVY = 50 };
	const struct space **fullest;
	size_t count;

	(void)state;
	for (int round = 0; round < 2; round++) {
		spaces_begin(spaces, circuits);
		for (unsigned int i = 0; i < TAIL; i++) {
			take(LARGE, 100000 + i, 1);
			/* 2000 ports and more in the large circuit, 20 and more in the small one */
			for (unsigned int h = 0; h < HEAVY; h++)
				if (i % (TAIL / (2000 + 40 * h)) == h && i / (TAIL / (2000 + 40 * h)) < 2000 + 40 * h)
					take(LARGE, h, 1);
			if (i % (TAIL / 20) == 9)
				take(SMALL, 3, 1);
		}
		spaces_end(spaces, (1 + (unsigned int)round) * NANOSECONDS);
	}
	for (unsigned int h = 0; h < HEAVY; h++) {
		assert_non_null(find(LARGE, h));
		assert_in_range(find(LARGE, h)->used, 2000 + 40 * h, 2000 + 40 * h);
	}
	assert_int_equal(find(SMALL, 3)->used, 20);
	fullest = spaces_fullest(spaces, 5, &count);
	assert_int_equal(count, 6);
	for (unsigned int i = 0; i < 5; i++) {
		struct space_key k = numbered(LARGE, HEAVY - 1 - i);

		assert_memory_equal(&fullest[i]->key, &k, sizeof(k));
	}
	assert_int_equal(fullest[5]->key.circuit, SMALL);
	free(fullest);
}

/* Never more than there are, whatever pushed what out. */
static void count_is_never_above_the_truth(void **state)
{
	static unsigned int truth[20000];

	(void)state;
	srandom(1);
	spaces_begin(spaces, circuits);
	for (unsigned int i = 0; i < 300000; i++) {
		unsigned int n = (unsigned int)(random() % 20000) * (unsigned int)(random() % 20000) / 20000;

		truth[n]++;
		take(LARGE, n, 1);
	}
	for (unsigned int n = 0; n < 20000; n++)
		if (find(LARGE, n))
			assert_in_range(find(LARGE, n)->used, 1, truth[n]);
}

static void growth_tells_the_end(void **state)
{
	const struct space *s;

	(void)state;
	assert_int_equal(space_seconds(sweep(SMALL, 10, 100)), UINT64_MAX); /* it may be old */
	assert_int_equal(space_seconds(sweep(SMALL, 10, 101)), UINT64_MAX);
	for (unsigned int i = 0; i < 60; i++)
		s = sweep(SMALL, 10 + i / 2, 102 + i);
	/* half a port a second, 61 are left */
	assert_in_range(space_seconds(s), 110, 160);
	for (unsigned int i = 0; i < 200; i++)
		s = sweep(SMALL, 39, 162 + i);
	assert_true(space_seconds(s) > 5000);
	for (unsigned int i = 0; i < 20; i++)
		s = sweep(SMALL, 30 - i, 362 + i);
	assert_int_equal(space_seconds(s), UINT64_MAX);
	assert_int_equal(space_seconds(sweep(SMALL, 100, 382)), 0);
}

static void what_is_gone_is_forgotten(void **state)
{
	size_t count;

	(void)state;
	sweep(SMALL, 10, 1);
	spaces_begin(spaces, circuits);
	spaces_end(spaces, 2 * NANOSECONDS);
	assert_null(find(SMALL, 7));
	free(spaces_fullest(spaces, 5, &count));
	assert_int_equal(count, 0);
}

static void hear(void *context, const struct space *s)
{
	(void)s;
	++*(unsigned int *)context;
}

static unsigned int told(unsigned int used, unsigned int second)
{
	unsigned int times = 0;

	sweep(SMALL, used, second);
	spaces_tell(spaces, hear, &times);
	return times;
}

static void full_is_told_once_and_again_only_after_it_was_well_off(void **state)
{
	(void)state;
	assert_int_equal(told(80, 1000), 0);
	assert_int_equal(told(81, 5000), 1);
	assert_int_equal(told(100, 9000), 0);
	assert_int_equal(told(79, 13000), 0);
	assert_int_equal(told(81, 17000), 0);
	assert_int_equal(told(20, 21000), 0);
	assert_int_equal(told(81, 25000), 1);
}

static void soon_is_told_before_it_is_full(void **state)
{
	unsigned int used = 5, second = 1, times = 0;

	(void)state;
	for (; !times && used < 60; used += 2)
		times = told(used, second++);
	assert_int_equal(times, 1);
	assert_in_range(used, SPACE_SOON_PERCENT, 40);
}

/* What a sweep writes, cut anywhere. */
static void records_are_read_wherever_a_read_ends(void **state)
{
	struct taken4 four = {.length = sizeof(four), .protocol = IPPROTO_TCP, .circuit = SMALL,
			      .dport = htons(443), .saddr = htonl(203u << 24), .daddr = htonl(203u << 24 | 7)};
	struct taken6 six = {.length = sizeof(six), .protocol = IPPROTO_UDP, .circuit = LARGE, .inbound = 1};
	char stream[200], buffer[200];
	size_t size = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		stream[size++] = TAKEN_NONE;
		memcpy(stream + size, &four, sizeof(four));
		size += sizeof(four);
		memcpy(stream + size, &six, sizeof(six));
		size += sizeof(six);
	}
	for (size_t piece = 1; piece <= size; piece++) {
		size_t have = 0, from = 0, at;
		unsigned int found = 0;

		spaces_begin(spaces, circuits);
		while (from < size) {
			size_t more = size - from < piece ? size - from : piece;

			memcpy(buffer + have, stream + from, more);
			from += more;
			have += more;
			at = spaces_read(spaces, buffer, have);
			memmove(buffer, buffer + at, have - at);
			have -= at;
		}
		assert_int_equal(have, 0);
		spaces_end(spaces, piece);
		for (size_t s = 0; s < SPACES_SETS; s++)
			for (size_t w = 0; w < SPACES_WAYS; w++)
				if (spaces->set[s][w].ports) {
					found++;
					assert_int_equal(spaces->set[s][w].used, 3);
				}
		assert_int_equal(found, 2);
		assert_int_equal(find(SMALL, 7)->ports, 100);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fresh, end)
	const struct CMUnitTest tests[] = {
		CASE(ports_are_those_of_ordinary_clients),
		CASE(fullest_are_found_among_half_a_million),
		CASE(count_is_never_above_the_truth),
		CASE(growth_tells_the_end),
		CASE(what_is_gone_is_forgotten),
		CASE(full_is_told_once_and_again_only_after_it_was_well_off),
		CASE(soon_is_told_before_it_is_full),
		CASE(records_are_read_wherever_a_read_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
