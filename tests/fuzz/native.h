/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packet path compiled for this machine: its programs and maps as a test sees them. It is a
 * unit of its own (native.c), because the names of the packet path are not those of the tests. One
 * CPU, one thread; clock, randomness and FIB are what the test says, so that equal inputs do equal
 * things.
 *
 * Maps are told apart by numbers that look like file descriptors far above any real one.
 */
#ifndef SAMEPATH_TEST_NATIVE_PATH_H
#define SAMEPATH_TEST_NATIVE_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NATIVE_FRAME 4096 /* bytes that a frame may have with what grows before and behind it */

/* What became of a frame; the frame itself is written back to where it came from. */
struct native_outcome {
	int verdict; /* enum verdict; -1: none or several */
	int action;
	unsigned int out; /* ifindex it was redirected to */
	unsigned int meta; /* bytes before the frame */
	uint8_t metadata[64];
	unsigned int length;
};

/* A frame that a TC program sent by itself. */
typedef void native_sent(void *context, unsigned int ifindex, const uint8_t *data, unsigned int length);

struct bpf_fib_lookup;
/* The FIB, which the test has: as bpf_fib_lookup() answers. */
int native_fib(struct bpf_fib_lookup *asked, unsigned int flags);
/* A record went into the ring of this name. */
void native_told(const char *ring, const void *record, size_t size);

/* All maps are empty, the clock and the state of the randomness are as given. */
void native_reset(uint64_t now, uint32_t random);
void native_clock(uint64_t now);

struct native_outcome native_xdp(unsigned int ifindex, const void *meta, unsigned int meta_size,
				 uint8_t *frame, unsigned int length);
/* The TC program at ingress, of a frame that XDP passed with metadata. Returns its TC action. */
int native_resolve(unsigned int ifindex, const void *meta, unsigned int meta_size, const uint8_t *frame,
		   unsigned int length, native_sent *sent, void *context);
/* The guard, of a frame that the kernel sends. Returns its verdict, -1: several. */
int native_guard(unsigned int ifindex, const uint8_t *frame, unsigned int length);
void native_sweep(void);
bool native_kill(const void *key, int family); /* struct flow_key6 */

int native_map(const char *name); /* -1: there is none */
int native_map_new(unsigned int type, unsigned int key, unsigned int value, unsigned int most);
int native_update(int map, const void *key, const void *value, uint64_t flags);
int native_lookup(int map, const void *key, void *value);
int native_delete(int map, const void *key);
int native_next_key(int map, const void *key, void *next);

#endif
