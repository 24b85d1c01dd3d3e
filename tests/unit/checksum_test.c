/* SPDX-License-Identifier: GPL-2.0-only */
/* Checksums changed by what changed equal those computed anew (RFC 1624). */
#include "tests/lib/native.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "bpf/checksum.h"

#define WORDS 32

/* The checksum over the words, as they lie in memory. */
static uint16_t naive(const uint16_t *words)
{
	uint32_t sum = 0;
	int i;

	for (i = 0; i < WORDS; i++)
		sum += words[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static void fold_is_the_remainder(void **state)
{
	uint64_t sum;
	int i;

	(void)state;
	assert_int_equal(sum_fold(0), 0);
	assert_int_equal(sum_fold(UINT64_MAX), 0xffff);
	for (i = 0; i < 100000; i++) {
		sum = (uint64_t)random() << 33 ^ (uint64_t)random() << 11 ^ random();
		assert_int_equal(sum_fold(sum), sum ? (sum % 0xffff ? sum % 0xffff : 0xffff) : 0);
	}
}

/* Edge values come often: carries and zeros are where ones' complement goes wrong. */
static uint16_t some_word(void)
{
	static const uint16_t edges[] = {0, 1, 0xfffe, 0xffff, 0xff00, 0x00ff, 0x8000, 0x7fff};

	return random() & 1 ? random() : edges[random() & 7];
}

static void changed_words_give_the_sum_computed_anew(void **state)
{
	uint16_t words[WORDS], before, at;
	uint64_t delta;
	int round, i, changes;

	(void)state;
	for (round = 0; round < 50000; round++) {
		for (i = 0; i < WORDS; i++)
			words[i] = some_word();
		words[WORDS - 1] |= 0x4000; /* all zeros is no packet */
		before = naive(words);
		delta = 0;
		for (changes = 1 + random() % 8; changes; changes--) {
			uint16_t new = some_word();

			at = random() % (WORDS - 1);
			delta = delta_word(delta, words[at], new);
			words[at] = new;
		}
		assert_int_equal(checksum_adjust(before, sum_fold(delta)), naive(words));
	}
}

static void changed_longs_give_the_sum_computed_anew(void **state)
{
	uint16_t words[WORDS], before;
	uint32_t old, new;
	uint64_t delta;
	int round, i, changes;

	(void)state;
	for (round = 0; round < 50000; round++) {
		for (i = 0; i < WORDS; i++)
			words[i] = some_word();
		words[WORDS - 1] |= 0x4000;
		before = naive(words);
		delta = 0;
		for (changes = 1 + random() % 8; changes; changes--) {
			i = random() % (WORDS / 2 - 1) * 2;
			memcpy(&old, words + i, 4);
			new = (uint32_t)some_word() << 16 | some_word();
			delta = delta_long(delta, old, new);
			memcpy(words + i, &new, 4);
		}
		assert_int_equal(checksum_adjust(before, sum_fold(delta)), naive(words));
	}
}

/* A sum that is off by some amount stays off by it. */
static void wrong_sum_never_becomes_right(void **state)
{
	uint16_t words[WORDS], wrong;
	uint64_t delta;
	int round, i;

	(void)state;
	for (round = 0; round < 50000; round++) {
		for (i = 0; i < WORDS; i++)
			words[i] = some_word();
		words[WORDS - 1] |= 0x4000;
		wrong = naive(words) ^ (1 + random() % 0xfffe);
		if (wrong == 0xffff && !naive(words))
			continue; /* the two zeros mean the same */
		delta = delta_word(0, words[3], 0x1234);
		words[3] = 0x1234;
		assert_int_not_equal(checksum_adjust(wrong, sum_fold(delta)), naive(words));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fold_is_the_remainder),
		cmocka_unit_test(changed_words_give_the_sum_computed_anew),
		cmocka_unit_test(changed_longs_give_the_sum_computed_anew),
		cmocka_unit_test(wrong_sum_never_becomes_right),
	};

	srandom(4711);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
