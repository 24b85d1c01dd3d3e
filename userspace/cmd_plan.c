// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include "cmd.h"
#include "plan.h"
#include "print.h"

/* Options of each artefact: a flag, or one that takes the next word. */
struct option_row {
	const char *name;
	size_t at; /* of a const char *, or of a bool */
	bool flag;
};
#define VALUE(name, member)                                      \
	{                                                        \
		name, offsetof(struct plan_words, member), false \
	}
#define FLAG(name, member)                                      \
	{                                                       \
		name, offsetof(struct plan_words, member), true \
	}
#define OPTIONS_MAX 3

static const struct artefact_row {
	const char *verb;
	plan_artefact *print;
	struct option_row options[OPTIONS_MAX];
} artefacts[] = {
	{ "checklist", plan_checklist, { { 0 } } },
	{ "graph", plan_graph, { FLAG("--svg", svg) } },
	{ "catalogue", plan_catalogue, { VALUE("--csv", csv) } },
	{ "pac", plan_pac, { VALUE("--proxy", proxy), VALUE("--location", location) } },
	{ "prefix-lists", plan_prefix_lists, { FLAG("--bird", bird), FLAG("--frr", frr) } },
	{ "dns", plan_dns, { VALUE("--before", before) } },
};

static const struct artefact_row *find(const char *verb)
{
	size_t i = 0;

	while (strcmp(artefacts[i].verb, verb)) /* main lets no other in */
		i++;
	return &artefacts[i];
}

static const struct option_row *option(const struct artefact_row *a, const char *word)
{
	for (size_t i = 0; i < OPTIONS_MAX && a->options[i].name; i++)
		if (!strcmp(a->options[i].name, word))
			return &a->options[i];
	return NULL;
}

int cmd_plan(int argc, char **argv)
{
	const struct artefact_row *a = find(argv[1]);
	struct plan_words words = { .gateway = option_gateway };

	for (int i = 2; i < argc; i++) {
		const struct option_row *o = option(a, argv[i]);

		if (o && o->flag)
			*(bool *)((char *)&words + o->at) = true;
		else if (o && i + 1 < argc)
			*(const char **)((char *)&words + o->at) = argv[++i];
		else if (o)
			return print_error("plan %s: %s needs a value", a->verb, argv[i]);
		else if (!argv[i][0])
			return print_error("plan %s: an empty word is no file", a->verb);
		else if (argv[i][0] == '-' || words.file)
			return print_error("plan %s %s: unknown word; see samepath plan --help",
					   a->verb, argv[i]);
		else
			words.file = argv[i];
	}
	if (!words.file)
		words.file = "/etc/samepath/plan.yaml";
	return plan_command(&words, a->print);
}
