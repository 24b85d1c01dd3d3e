/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stages: programs that the packet path goes on in when the packet is not one of a flow that is
 * known, or not a plain one. They stand in an array of programs; whoever replaces the programs
 * writes it. Nothing is handed over but the packet itself, as it came: so the program at the
 * device and a stage may be of two builds of one contract, while they are being replaced. An empty
 * place drops the packet by name. The programs that explain have an array of their own.
 */
#ifndef SAMEPATH_STAGE_H
#define SAMEPATH_STAGE_H

#include "types.h"

/* Name and number of a program: each is index and name of samepath_NAME. */
#define STAGES(X) X(rare4) X(rare6) X(error4) X(error6)

#define STAGE_ENUM(name) STAGE_##name,
enum stage { STAGES(STAGE_ENUM) STAGE_MAX };
#undef STAGE_ENUM

#ifdef __bpf__
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, STAGE_MAX);
	__type(key, __u32);
	__type(value, __u32);
} stages SEC(".maps");

/* In the place of `stages` for the programs that explain (bpf/dry.h). */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, STAGE_MAX);
	__type(key, __u32);
	__type(value, __u32);
} explain_stages SEC(".maps");
#endif

#endif
