/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes of which each is a choice; when they are over, the first choice is taken. */
#ifndef SAMEPATH_TEST_DATAPATH_CHOICE_H
#define SAMEPATH_TEST_DATAPATH_CHOICE_H

#include <stdint.h>

static struct {
	const uint8_t *at, *end;
} choices;

static inline uint8_t take(void)
{
	return choices.at < choices.end ? *choices.at++ : 0;
}

static inline uint16_t take16(void)
{
	uint16_t high = take();

	return high << 8 | take();
}

#define PICK(list) ((list)[take() % (sizeof(list) / sizeof((list)[0]))])

#endif
