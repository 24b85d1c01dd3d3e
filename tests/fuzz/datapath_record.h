/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes the transcript, if there is to be one. See datapath_transcript.h. */
#ifndef SAMEPATH_TEST_DATAPATH_RECORD_H
#define SAMEPATH_TEST_DATAPATH_RECORD_H

#include "datapath_judge.h"
#include "datapath_transcript.h"

static FILE *transcript;

static void record_bytes(const void *data, size_t size)
{
	if (size && fwrite(data, size, 1, transcript) != 1)
		abort();
}

static struct record record_of(enum record_kind kind)
{
	return (struct record){.now = setting.now, .kind = kind};
}

/* A step that is what it is by `size` bytes. */
static void record_step(struct record r, const void *data, size_t size)
{
	if (!transcript)
		return;
	r.length = size;
	record_bytes(&r, sizeof(r));
	record_bytes(data, size);
}

static void record_frame(enum device in, const struct passage *p, const void *meta,
			 unsigned int meta_size)
{
	struct record r = record_of(RECORD_FRAME);

	if (!transcript)
		return;
	r.device = in;
	r.verdict = p->o.verdict;
	r.action = p->o.action;
	r.meta = meta_size;
	r.length = p->before.length;
	r.out_meta = p->o.meta;
	r.out_length = p->after.length;
	record_bytes(&r, sizeof(r));
	record_bytes(meta, meta_size);
	record_bytes(p->before.data, p->before.length);
	record_bytes(p->o.metadata, p->o.meta);
	record_bytes(p->after.data, p->after.length);
}

#endif
