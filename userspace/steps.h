/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A step knows how to do itself, to undo itself, and to say what it is, so that `apply` can print
 * what it would do, stop in the middle, and put everything back.
 */
#ifndef SAMEPATH_USERSPACE_STEPS_H
#define SAMEPATH_USERSPACE_STEPS_H

#include <stdbool.h>
#include <stddef.h>

struct step {
	char text[192]; /* what people read: "rule add from 203.0.113.32/28 lookup 101" */
	int (*run)(struct step *s); /* 0 or -errno; a failed run leaves nothing behind */
	int (*undo)(struct step *s); /* NULL: nothing to put back */
	void *data; /* freed by steps_free */
	bool done;
};
struct steps {
	struct step *at;
	size_t count;
};

/* Takes `data` in any case. NULL when memory is short (then `data` is freed). The pointer holds
 * until the next steps_add. */
struct step *steps_add(struct steps *s, int (*run)(struct step *), int (*undo)(struct step *),
		       void *data, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Runs in order what is not done yet; on failure undoes what was done, in reverse, and prints one
 * line with the step and cause. 0 or the -errno of the step that failed. */
int steps_run(struct steps *s);
/* Undoes in reverse everything that is done. A step that cannot be undone is said in one line,
 * and the others are undone nevertheless. */
void steps_undo(struct steps *s);
void steps_free(struct steps *s);

#endif
