/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a story was, step by step, and what the packet path compiled for this machine made of it:
 * written by the datapath fuzzer into the file TRANSCRIPT, read by
 * tests/prog/datapath_replay_test.c, which does the same to the kernel's.
 */
#ifndef SAMEPATH_TEST_DATAPATH_TRANSCRIPT_H
#define SAMEPATH_TEST_DATAPATH_TRANSCRIPT_H

#include <stdint.h>

enum record_kind {
	RECORD_STORY, /* everything is new; the bytes are those that setting_choose() takes */
	RECORD_CHANGE, /* those that setting_change() takes */
	RECORD_FRAME, /* came in, with metadata before it; behind it is the same as it went out */
	RECORD_SWEEP,
	RECORD_GUARD, /* what the kernel would send by this device */
	RECORD_KILL, /* of the flow with this struct flow_key6 */
};

struct record {
	uint64_t now;
	uint32_t random; /* of a story */
	uint32_t kind; /* enum record_kind */
	uint32_t device, family;
	int32_t verdict, action; /* enum verdict, XDP action */
	uint32_t meta, length; /* bytes behind this: what went in, */
	uint32_t out_meta, out_length; /* and what came out */
};

#endif
