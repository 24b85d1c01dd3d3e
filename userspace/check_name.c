// SPDX-License-Identifier: GPL-2.0-only
/* Names: each once, none with a meaning of its own, every reference to one that is there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"

struct checker {
	const struct config *c;
	struct report *r;
	bool sound;
};

/* Name and line of element i; every named object of the configuration begins so. */
struct named {
	char *name;
	int line;
};

static const struct named *named(const void *array, size_t size, size_t i)
{
	return (const struct named *)((const char *)array + i * size);
}

#define SAME_HEAD(type) \
	_Static_assert(offsetof(struct type, name) == offsetof(struct named, name) && \
		       offsetof(struct type, line) == offsetof(struct named, line), "read as struct named")
SAME_HEAD(config_segment);
SAME_HEAD(config_circuit);
SAME_HEAD(config_feed);
SAME_HEAD(config_class);
SAME_HEAD(config_service);

static void each_once(struct checker *k, const char *what, const void *array, size_t count, size_t size,
		      const char *const *reserved)
{
	const struct named *a, *b;
	size_t i, j;

	for (i = 0; i < count; i++) {
		a = named(array, size, i);
		for (j = 0; j < i; j++) {
			b = named(array, size, j);
			if (strcmp(a->name, b->name))
				continue;
			report_error(k->r, k->c->file, a->line,
				     "%s[%s].name: stands twice (line %d); accepted: another name", what,
				     a->name, b->line);
			k->sound = false;
			break;
		}
		for (j = 0; reserved[j]; j++) {
			if (strcmp(a->name, reserved[j]))
				continue;
			report_error(k->r, k->c->file, a->line,
				     "%s[%s].name: a word with a meaning of its own; accepted: another name",
				     what, a->name);
			k->sound = false;
		}
	}
}

/* What a reference may name. */
struct kind {
	const char *word;
	const void *array;
	size_t count, size;
};

#define KIND(c, word, array, counter) ((struct kind){ word, (c)->array, (c)->counter, sizeof(*(c)->array) })

#define KNOWN_SHOWN 8
#define KNOWN_TEXT (KNOWN_SHOWN * 40)

static void known_names(const struct kind *kind, const char *also, char *out, size_t size)
{
	size_t used = 0, i;

	out[0] = '\0';
	for (i = 0; i < kind->count && i < KNOWN_SHOWN; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "",
					 named(kind->array, kind->size, i)->name);
	if (i < kind->count)
		used += (size_t)snprintf(out + used, size - used, ", ...");
	if (also)
		used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "", also);
	if (!used)
		snprintf(out, size, "the name of a %s; the configuration has none", kind->word);
}

/* `also`: a word that is accepted beside the names, or NULL. */
static void must_be(struct checker *k, const struct config_word *w, const char *where, struct kind kind,
		    const char *also)
{
	char known[KNOWN_TEXT];
	size_t i;

	for (i = 0; i < kind.count; i++)
		if (!strcmp(named(kind.array, kind.size, i)->name, w->text))
			return;
	if (also && !strcmp(w->text, also))
		return;
	known_names(&kind, also, known, sizeof(known));
	report_error(k->r, k->c->file, w->line, "%s: %s: no such %s; accepted: %s", where, w->text, kind.word,
		     known);
	k->sound = false;
}

static void once_in_list(struct checker *k, const struct config_words *w, const char *where)
{
	size_t i, j;

	for (i = 0; i < w->count; i++)
		for (j = 0; j < i; j++)
			if (!strcmp(w->at[i].text, w->at[j].text)) {
				report_error(k->r, k->c->file, w->at[i].line,
					     "%s: %s: stands twice; accepted: each name once", where,
					     w->at[i].text);
				break;
			}
}

static void rule_names(struct checker *k, const struct config_rule *u)
{
	const struct config *c = k->c;
	struct kind circuits = KIND(c, "circuit", circuits, circuit_count);
	size_t i;

	for (i = 0; i < u->from.count; i++)
		must_be(k, &u->from.at[i], "policy.from", KIND(c, "segment", segments, segment_count), NULL);
	for (i = 0; i < u->to.count; i++) {
		must_be(k, &u->to.at[i], "policy.to", KIND(c, "class", classes, class_count), "any");
		if (u->to.count > 1 && !strcmp(u->to.at[i].text, "any"))
			report_error(k->r, c->file, u->to.at[i].line,
				     "policy.to: any: beside classes; accepted: any alone");
	}
	for (i = 0; i < u->circuits.count; i++)
		must_be(k, &u->circuits.at[i], "policy.circuits", circuits, NULL);
	must_be(k, &u->otherwise, "policy.otherwise", circuits, "drop");
	once_in_list(k, &u->from, "policy.from");
	once_in_list(k, &u->to, "policy.to");
	once_in_list(k, &u->circuits, "policy.circuits");
}

/* Classes are selected in their order, so what is excepted stands before. */
static void except_names(struct checker *k, const struct config_class *class)
{
	const struct config *c = k->c;

	for (size_t i = 0; i < class->except.count; i++) {
		const struct config_word *w = &class->except.at[i];
		const struct config_class *other = config_class(c, w->text);

		must_be(k, w, "classes.except", KIND(c, "class", classes, class_count), NULL);
		if (!other || other < class)
			continue;
		report_error(k->r, c->file, w->line,
			     "classes[%s].except: %s: not written before it; accepted: an earlier class",
			     class->name, w->text);
		k->sound = false;
	}
	once_in_list(k, &class->except, "classes.except");
}

bool check_names(const struct config *c, struct report *report)
{
	struct checker k = { c, report, true };
	size_t i, j;

	each_once(&k, "inside.segments", c->segments, c->segment_count, sizeof(*c->segments),
		  (const char *const[]){ "any", NULL });
	each_once(&k, "circuits", c->circuits, c->circuit_count, sizeof(*c->circuits),
		  (const char *const[]){ "drop", "inside", "any", NULL });
	each_once(&k, "feeds", c->feeds, c->feed_count, sizeof(*c->feeds), (const char *const[]){ NULL });
	each_once(&k, "classes", c->classes, c->class_count, sizeof(*c->classes),
		  (const char *const[]){ "any", NULL });
	each_once(&k, "services", c->services, c->service_count, sizeof(*c->services),
		  (const char *const[]){ NULL });
	for (i = 0; i < c->class_count; i++) {
		struct config_word w = { c->classes[i].feed, c->classes[i].feed_line };

		if (w.text)
			must_be(&k, &w, "classes.feed", KIND(c, "feed", feeds, feed_count), NULL);
		except_names(&k, &c->classes[i]);
	}
	for (i = 0; i < c->rule_count; i++)
		rule_names(&k, &c->rules[i]);
	for (i = 0; i < c->service_count; i++) {
		const struct config_words *w = &c->services[i].circuits;

		for (j = 0; j < w->count; j++)
			must_be(&k, &w->at[j], "services.circuits",
				KIND(c, "circuit", circuits, circuit_count), NULL);
		once_in_list(&k, w, "services.circuits");
	}
	return k.sound;
}
