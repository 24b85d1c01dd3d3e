// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "print.h"
#include "steps.h"

struct step *steps_add(struct steps *s, int (*run)(struct step *), int (*undo)(struct step *),
		       void *data, const char *format, ...)
{
	struct step *grown = realloc(s->at, (s->count + 1) * sizeof(*grown));
	struct step *step;
	va_list args;

	if (!grown) {
		free(data);
		return NULL;
	}
	s->at = grown;
	step = &grown[s->count++];
	*step = (struct step){ .run = run, .undo = undo, .data = data };
	va_start(args, format);
	vsnprintf(step->text, sizeof(step->text), format, args);
	va_end(args);
	return step;
}

int steps_run(struct steps *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct step *step = &s->at[i];
		int err;

		if (step->done)
			continue;
		err = step->run(step);
		if (err) {
			print_error("%s: %s", step->text, strerror(-err));
			steps_undo(s);
			return err;
		}
		step->done = true;
	}
	return 0;
}

void steps_undo(struct steps *s)
{
	for (size_t i = s->count; i-- > 0;) {
		struct step *step = &s->at[i];
		int err;

		if (!step->done)
			continue;
		/* A second undo must not repeat this one, whatever it answers. */
		step->done = false;
		err = step->undo ? step->undo(step) : 0;
		if (err)
			print_error("cannot put back: %s: %s", step->text, strerror(-err));
	}
}

void steps_free(struct steps *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->at[i].data);
	free(s->at);
	*s = (struct steps){ 0 };
}
