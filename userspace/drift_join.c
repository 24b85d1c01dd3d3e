// SPDX-License-Identifier: GPL-2.0-only
/* Findings made readable: what differs in its prefix alone becomes as few rows as say the same. */
#include <stdlib.h>
#include <string.h>

#include "drift_part.h"

static int row_compare(const struct drift_row *x, const struct drift_row *y)
{
	if (x->circuit != y->circuit)
		return x->circuit < y->circuit ? -1 : 1;
	return (int)x->finding - (int)y->finding;
}

static int alike_compare(const void *a, const void *b)
{
	const struct drift_row *x = a, *y = b;
	int order = row_compare(x, y);

	if (!order)
		order = strcmp(x->detail, y->detail);
	return order ? order : prefix_compare(&x->prefix, &y->prefix);
}

static int print_compare(const void *a, const void *b)
{
	const struct drift_row *x = a, *y = b;
	int order = row_compare(x, y);

	if (!order)
		order = prefix_compare(&x->prefix, &y->prefix);
	return order ? order : strcmp(x->detail, y->detail);
}

static bool alike(const struct drift_row *x, const struct drift_row *y)
{
	return !row_compare(x, y) && !strcmp(x->detail, y->detail);
}

/* Rows [0, count) are alike and sorted: joined in place; what is left over gives its detail back. */
static size_t join(struct drift_row *rows, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct prefix two[2];

		rows[kept++] = rows[i];
		while (kept > 1) {
			two[0] = rows[kept - 2].prefix;
			two[1] = rows[kept - 1].prefix;
			if (prefixes_aggregate(two, 2) == 2)
				break;
			rows[kept - 2].prefix = two[0];
			free(rows[--kept].detail);
		}
	}
	return kept;
}

void drift_join(struct drift *d)
{
	size_t kept = 0, n;

	if (!d->row_count)
		return;
	qsort(d->rows, d->row_count, sizeof(*d->rows), alike_compare);
	for (size_t i = 0; i < d->row_count; i += n) {
		size_t left;

		for (n = 1; i + n < d->row_count && alike(&d->rows[i], &d->rows[i + n]); n++)
			;
		left = join(d->rows + i, n);
		memmove(d->rows + kept, d->rows + i, left * sizeof(*d->rows));
		kept += left;
	}
	d->row_count = kept;
	qsort(d->rows, d->row_count, sizeof(*d->rows), print_compare);
}
