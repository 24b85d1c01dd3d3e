/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to dump_frr*.c and dump_provider.c: what comes as JSON. */
#ifndef SAMEPATH_USERSPACE_DUMP_FRR_H
#define SAMEPATH_USERSPACE_DUMP_FRR_H

#include <jansson.h>
#include "dump.h"

bool dump_is_json(const char *text, size_t size);
/* NULL, refused with its line, when it is none. The caller drops it. */
json_t *dump_json(const char *text, size_t size, struct dump *out);
int dump_frr_json(const char *text, size_t size, const struct dump_ask *ask, struct dump *out);
int dump_frr_json_session(const char *text, size_t size, const char *peer, bool *up, struct dump *out);

#endif
