// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "plan_names.h"
#include "print.h"

/*
 * Whether the rest of a from i and the rest of b from j fit, for all i and j from the ends. A * of
 * b takes any of a; one of a takes any of b only when that is asked, and otherwise nothing but a *
 * of b can take it: it stands for texts of which b must admit each.
 */
static bool fit(const char *a, const char *b, bool both)
{
	size_t m = strlen(a), n = strlen(b);
	static bool fits[NAME_LONGEST + 2][NAME_LONGEST + 2];

	for (size_t i = m + 1; i-- > 0;)
		for (size_t j = n + 1; j-- > 0;) {
			bool *f = &fits[i][j];

			*f = i == m && j == n;
			if (b[j] == '*')
				*f = fits[i][j + 1] || (i < m && fits[i + 1][j]);
			if (both && a[i] == '*')
				*f |= fits[i + 1][j] || (j < n && fits[i][j + 1]);
			if (i < m && a[i] == b[j] && a[i] != '*')
				*f = fits[i + 1][j + 1];
		}
	return fits[0][0];
}

bool name_within(const char *a, const char *b)
{
	return fit(a, b, false);
}

bool name_meets(const char *a, const char *b)
{
	return fit(a, b, true);
}

static bool overrides(const struct plan_name *a, const struct plan_name *b)
{
	return a->direct ? name_within(a->text, b->text) && !name_within(b->text, a->text) :
			   name_meets(a->text, b->text) && !(name_within(b->text, a->text) &&
							     !name_within(a->text, b->text));
}

/* Of the level two below (of all, for the first exceptions), what overrides something of the one
 * below. */
static size_t next_level(struct plan_names *n, const bool *below, const bool *two_below, bool *out)
{
	size_t count = 0;

	for (size_t i = 0; i < n->count; i++) {
		const struct plan_name *a = &n->at[i];

		for (size_t k = 0; k < n->count && !out[i]; k++)
			out[i] = below[k] && a->direct != n->at[k].direct &&
				 (!two_below || two_below[i]) && overrides(a, &n->at[k]);
		count += out[i];
	}
	return count;
}

static int rank(struct plan_names *n)
{
	size_t in, before = n->count + 1;

	n->level[0] = calloc(n->count + 1, sizeof(bool));
	if (!n->level[0])
		return -ENOMEM;
	n->levels = 1;
	for (size_t i = 0; i < n->count; i++)
		n->level[0][i] = n->at[i].direct;
	while (n->levels < NAME_LEVELS) {
		bool *level = calloc(n->count + 1, sizeof(bool));

		if (!level)
			return -ENOMEM;
		in = next_level(n, n->level[n->levels - 1],
				n->levels > 1 ? n->level[n->levels - 2] : NULL, level);
		n->level[n->levels] = level;
		/* Names that override each other in a ring end where exceptions have the last word. */
		if (!in || (n->levels % 2 == 0 && in >= before)) {
			free(level);
			break;
		}
		if (n->levels % 2 == 0)
			before = in;
		n->levels++;
	}
	return 0;
}

size_t name_labels(const char *text)
{
	size_t labels = 1;

	for (const char *c = text; *c; c++) {
		if (*c == '.' && (c == text || c[1] == '.' || !c[1]))
			return 0;
		labels += *c == '.';
	}
	return *text ? labels : 0;
}

/* A feed names hosts in domains that somebody has: two labels at least, the last two without a *. One
 * that takes in half of the names there are would be no choice. */
static bool of_a_domain(const char *text)
{
	const char *star = strrchr(text, '*');

	return name_labels(text) >= 2 && (!star || name_labels(star + 1) >= 3 ||
					  (star[1] == '.' && name_labels(star + 2) >= 2));
}

/* A name of the feed in lower case; NULL, with a line printed, when no host can have it. */
static char *name_text(const struct feed *f, const struct feed_set *s, const char *url)
{
	char *text = strdup(url), label[FEED_LABEL];

	for (char *c = text; c && *c; c++) {
		*c = (char)tolower((unsigned char)*c);
		if (islower((unsigned char)*c) || isdigit((unsigned char)*c) || strchr("*._-", *c))
			continue;
		feed_set_label(s, label, sizeof(label));
		print_error(
			"feed %s: set %s: %.80s: no name of a host; letters, digits and . - _ * are accepted",
			f->name, label, url);
		free(text);
		return NULL;
	}
	if (text && strlen(text) <= NAME_LONGEST && of_a_domain(text))
		return text;
	feed_set_label(s, label, sizeof(label));
	print_error(
		"feed %s: set %s: %.80s: no name of hosts; at most %d characters are accepted, without empty "
		"labels, the last two without *",
		f->name, label, url, NAME_LONGEST);
	free(text);
	return NULL;
}

static int add(struct plan_names *n, const struct feed *f, const struct feed_set *s,
	       const char *url, bool direct)
{
	struct plan_name *grown = realloc(n->at, (n->count + 1) * sizeof(*n->at));
	char *text;

	if (!grown)
		return -ENOMEM;
	n->at = grown;
	text = name_text(f, s, url);
	if (!text)
		return -EINVAL;
	n->at[n->count++] =
		(struct plan_name){ .text = text, .feed = f, .set = s, .direct = direct };
	return 0;
}

/* By their last labels, so that what belongs together stands together; exceptions before others. */
static int by_domain(const void *a, const void *b)
{
	const struct plan_name *x = a, *y = b;
	size_t i = strlen(x->text), k = strlen(y->text);

	while (i && k && x->text[i - 1] == y->text[k - 1]) {
		i--;
		k--;
	}
	if (i && k)
		return (unsigned char)x->text[i - 1] < (unsigned char)y->text[k - 1] ? -1 : 1;
	return i != k ? (i ? 1 : -1) : (x->direct - y->direct);
}

static void each_once(struct plan_names *n)
{
	size_t kept = 0;

	if (n->count)
		qsort(n->at, n->count, sizeof(*n->at), by_domain);
	for (size_t i = 0; i < n->count; i++)
		if (kept && !strcmp(n->at[kept - 1].text, n->at[i].text))
			free(n->at[i].text);
		else
			n->at[kept++] = n->at[i];
	n->count = kept;
}

int plan_names_read(const struct paper *p,
		    bool (*direct)(const void *context, const struct config_feed *f,
				   const struct feed_set *s),
		    const void *context, struct plan_names *out)
{
	int err = 0;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < p->bodies.count; i++) {
		const struct feed *f = p->bodies.at[i];

		for (size_t k = 0; k < f->set_count; k++)
			for (size_t u = 0; u < f->sets[k].url_count && !err; u++)
				err = add(out, f, &f->sets[k], f->sets[k].urls[u],
					  direct(context, &p->feeds[i], &f->sets[k]));
	}
	if (err)
		return err;
	each_once(out);
	return rank(out);
}

void plan_names_free(struct plan_names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->at[i].text);
	for (size_t i = 0; i < n->levels; i++)
		free(n->level[i]);
	free(n->at);
	memset(n, 0, sizeof(*n));
}
