// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include "cmd.h"
#include "feed_command.h"
#include "print.h"

static const struct verb {
	const char *name;
	int most; /* words behind it */
	int (*run)(int argc, char **argv);
	const char *accepted;
} verbs[] = {
	{ "show", 1, feed_command_show, "the name of a feed" },
	{ "fetch", 2, feed_command_fetch, "the name of a feed, and --force" },
	{ "diff", 3, feed_command_diff, "the name of a feed, and one or two versions or files" },
	{ "approve", 2, feed_command_approve, "the name of a feed, and a version" },
	{ "rollback", 2, feed_command_rollback, "the name of a feed, and a version" },
	{ "history", 1, feed_command_history, "the name of a feed" },
	{ "drift", 0, feed_command_drift, "no word" },
};

int cmd_feed(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, argv[1]))
			continue;
		if (argc - 2 > verbs[i].most)
			return print_error("feed %s %s: too many words; accepted: %s", argv[1],
					   argv[2 + verbs[i].most], verbs[i].accepted);
		return verbs[i].run(argc - 2, argv + 2);
	}
	return print_error("feed %s: unknown", argv[1]);
}
