// SPDX-License-Identifier: GPL-2.0-only
/* The command table, and the options that every command has. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cmd.h"
#include "print.h"

const char *option_config = "/etc/samepath/samepath.yaml";
const char *option_gateway;

#define VERBS_MAX 10

static const struct command {
	const char *name;
	const char *verbs[VERBS_MAX]; /* the first is what runs without a verb */
	int (*run)(int argc, char **argv);
	const char *words, *help; /* the words behind the name, with their verbs */
} commands[] = {
	{ "check", { 0 }, cmd_check, "", "is this configuration sound" },
	{ "doctor", { 0 }, cmd_doctor, "[--all]",
	  "is this machine ready: kernel, drivers, offloads, settings, routes, rivals" },
	{ "verify", { 0 }, cmd_verify, "[PLAN] [--paths]", "walk every flow of the plan on paper, both ways" },
	{ "plan", { "checklist", "graph", "catalogue", "pac", "prefix-lists", "dns" }, cmd_plan,
	  "checklist [PLAN] | graph [--svg] [PLAN] |\n"
	  "        catalogue [--csv outbound|inbound] [PLAN] |\n"
	  "        pac [--proxy HOST:PORT] [--location NAME] [PLAN] |\n"
	  "        prefix-lists [--bird|--frr] [PLAN] | dns --before OLD [PLAN]",
	  "what a plan is handed on as" },
	{ "apply", { 0 }, cmd_apply, "[--dry-run]", "make the data plane equal to the configuration" },
	{ "run", { 0 }, cmd_run, "[--textfile PATH]", "apply, then keep expiry, health and events going (the daemon)" },
	{ "stop", { 0 }, cmd_stop, "", "detach and remove everything samepath made, nothing else" },
	{ "show", { 0 }, cmd_show, "[--prometheus]", "one screen: circuits, services, flows, verdicts, feed" },
	{ "circuit", { "show", "drain", "restore", "test" }, cmd_circuit,
	  "[show [NAME] | drain NAME | restore NAME |\n"
	  "        test NAME [--to ADDRESS[:PORT]]... [--from ADDRESS] [--count N] [--timeout S] [--trace]]",
	  "list circuits; take no new flows on one, or take them again; ask over one" },
	{ "service", { "show" }, cmd_service, "[show [NAME]]", "list published services and their servers" },
	{ "flow", { "show", "flush" }, cmd_flow, "[show [FILTER] | flush FILTER|all]", "list or end connections" },
	{ "feed", { "show", "fetch", "diff", "approve", "rollback", "history", "drift" }, cmd_feed,
	  "[show|history [FEED] | fetch [FEED] [--force] | diff [FEED] [A [B]] |\n"
	  "        approve|rollback [FEED] [VERSION] | drift]",
	  "what feeds hold and routes carry; get, approve a version, go back" },
	{ "explain", { 0 }, cmd_explain, "PROTO SRC DST [on INTERFACE]",
	  "what would become of this packet now, stage by stage; changes nothing" },
	{ "event", { "watch" }, cmd_event, "[watch]", "flows opened and closed, violations, exhaustion" },
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static char *verbs_text(const struct command *c, const char *between, char *out, size_t size)
{
	size_t used = 0, i;

	out[0] = '\0';
	for (i = 0; i < VERBS_MAX && c->verbs[i]; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", i ? between : "", c->verbs[i]);
	return out;
}

static void usage(const struct command *only)
{
	char left[400];
	size_t i;

	puts("usage: samepath [-c FILE] [-g NAME] [-j] [COMMAND [WORDS]]\n");
	for (i = 0; i < COMMAND_COUNT; i++) {
		const struct command *c = &commands[i];

		if (only && only != c)
			continue;
		snprintf(left, sizeof(left), "%s %s", c->name, c->words);
		if (strlen(left) > 38) /* what is too long for the column has a line of its own */
			printf("  %s\n  %-38s %s\n", left, "", c->help);
		else
			printf("  %-38s %s\n", left, c->help);
	}
	puts("\n  -c, --config FILE    configuration, default /etc/samepath/samepath.yaml\n"
	     "  -g, --gateway NAME   instance, default gateway.name of the configuration\n"
	     "  -j, --json           JSON output, errors included\n"
	     "  -h, --help           this text\n"
	     "  -V, --version        version\n"
	     "Exit status: 0 done, 1 the answer is no, 2 usage or environment.");
}

/* What the shell completion offers: a command and its verbs a line. */
static void words(void)
{
	char verbs[128];
	size_t i;

	for (i = 0; i < COMMAND_COUNT; i++)
		printf("%s %s\n", commands[i].name, verbs_text(&commands[i], " ", verbs, sizeof(verbs)));
}

struct request {
	char **rest; /* the words that are no global option */
	int count;
	bool help, version, words;
};

/* The value of an option with one: "-cFILE", "--config=FILE" or the next word. NULL: not this option. */
static const char *option_value(char **argv, int *i, const char *brief, const char *name)
{
	size_t length = strlen(name);
	const char *value;

	if (!strcmp(argv[*i], brief) || !strcmp(argv[*i], name)) {
		value = argv[*i + 1];
		if (value)
			(*i)++;
		return value ? value : "";
	}
	if (!strncmp(argv[*i], name, length) && argv[*i][length] == '=')
		return argv[*i] + length + 1;
	if (!strncmp(argv[*i], brief, 2) && argv[*i][1] != '-')
		return argv[*i] + 2;
	return NULL;
}

static bool is(const char *word, const char *brief, const char *name)
{
	return !strcmp(word, brief) || !strcmp(word, name);
}

static bool flag(const char *word, struct request *q)
{
	q->help |= is(word, "-h", "--help");
	q->version |= is(word, "-V", "--version");
	q->words |= !strcmp(word, "--words");
	return is(word, "-h", "--help") || is(word, "-V", "--version") || !strcmp(word, "--words");
}

/* Options count wherever they stand, as in `ip` and `bpftool`. */
static int split(int argc, char **argv, struct request *q)
{
	const char *value, *option;
	int i;

	for (i = 1; i < argc; i++)
		print_json |= is(argv[i], "-j", "--json");
	for (i = 1; i < argc; i++) {
		if (is(argv[i], "-j", "--json"))
			continue;
		if (flag(argv[i], q))
			continue;
		option = argv[i];
		if ((value = option_value(argv, &i, "-c", "--config")))
			option_config = value;
		else if ((value = option_value(argv, &i, "-g", "--gateway")))
			option_gateway = value;
		else
			q->rest[q->count++] = argv[i];
		if (value && !value[0])
			return print_error("option %s needs a value; see samepath --help", option);
	}
	return EXIT_DONE;
}

static int run(const struct command *c, struct request *q)
{
	char verbs[128];
	size_t i;

	if (!c->verbs[0])
		return c->run(q->count, q->rest);
	if (q->count == 1) {
		q->rest[q->count++] = (char *)c->verbs[0];
		q->rest[q->count] = NULL;
	}
	for (i = 0; i < VERBS_MAX && c->verbs[i]; i++)
		if (!strcmp(c->verbs[i], q->rest[1]))
			return c->run(q->count, q->rest);
	return print_error("%s %s: unknown verb; known: %s", c->name, q->rest[1],
			   verbs_text(c, ", ", verbs, sizeof(verbs)));
}

static const struct command *find(const char *word)
{
	size_t i;

	for (i = 0; i < COMMAND_COUNT; i++)
		if (!strcmp(commands[i].name, word))
			return &commands[i];
	return NULL;
}

static int dispatch(struct request *q)
{
	const struct command *c;

	if (q->words) {
		words();
		return EXIT_DONE;
	}
	if (q->version) {
		puts("samepath " SAMEPATH_VERSION);
		return EXIT_DONE;
	}
	if (q->help) {
		usage(q->count ? find(q->rest[0]) : NULL);
		return EXIT_DONE;
	}
	if (!q->count)
		q->rest[q->count++] = (char *)"show";
	c = find(q->rest[0]);
	if (!c)
		return print_error("%s: unknown command; see samepath --help", q->rest[0]);
	return run(c, q);
}

int main(int argc, char **argv)
{
	struct request q = { .rest = calloc((size_t)argc + 3, sizeof(char *)) };
	int status, err;

	if (!q.rest)
		return print_error("out of memory");
	status = split(argc, argv, &q);
	if (status == EXIT_DONE)
		status = dispatch(&q);
	free(q.rest);
	/* What could not be written was not answered; but who closes a pipe has read enough. */
	err = print_flush();
	if (!err || err == -EPIPE)
		return status;
	print_json = false;
	return print_error("standard output: cannot write: %s", strerror(-err));
}
