// SPDX-License-Identifier: GPL-2.0-only
/* `feed history`: the append-only record of what came in force, a line of JSON a change. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>

#include "feed_command.h"
#include "feed_current.h"
#include "feed_state_file.h"
#include "feed_sync.h"
#include "print.h"

static void text_cell(const json_t *line, const char *key)
{
	const char *text = json_string_value(json_object_get(line, key));

	print_cell_text(text && text[0] ? text : NULL);
}

/* The prefixes themselves are for programs: a screen has no room for them. */
static void list_cell(const json_t *line, const char *key)
{
	const json_t *list = json_object_get(line, key);
	size_t n = json_array_size(list), k = 0;
	const char **texts = calloc(n + 1, sizeof(*texts));

	for (size_t i = 0; texts && i < n; i++)
		if (json_is_string(json_array_get(list, i)))
			texts[k++] = json_string_value(json_array_get(list, i));
	print_cell_list(texts ? texts : (const char *const[]){ NULL });
	free(texts);
}

static void show_line(const char *text)
{
	json_t *line = json_loads(text, 0, NULL);

	if (!line) /* torn by a power cut */
		return;
	text_cell(line, "time");
	text_cell(line, "feed");
	text_cell(line, "version");
	text_cell(line, "from");
	text_cell(line, "how");
	text_cell(line, "by");
	print_cell_number((uint64_t)json_integer_value(json_object_get(line, "added-count")));
	print_cell_number((uint64_t)json_integer_value(json_object_get(line, "removed-count")));
	if (print_json) {
		list_cell(line, "added");
		list_cell(line, "removed");
	}
	print_row_end();
	json_decref(line);
}

static void show_file(const struct feed_gateway *g, const char *feed)
{
	char path[300], *line = NULL;
	size_t room = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/feeds/%s/" STATE_HISTORY, g->instance.state, feed);
	f = fopen(path, "re");
	if (!f)
		return;
	while (getline(&line, &room, f) > 0)
		show_line(line);
	free(line);
	fclose(f);
}

int feed_command_history(int argc, char **argv)
{
	static const char *const columns[] = { "time", "feed", "version", "from", "how", "by", "added",
					       "removed", NULL };
	static const char *const all[] = { "time", "feed", "version", "from", "how", "by", "added", "removed",
					   "added-prefixes", "removed-prefixes", NULL };
	struct feed_gateway g;
	int at = -1;

	if (feed_gateway_open(&g))
		return EXIT_TROUBLE;
	if (!feed_gateway_readable(&g)) {
		feed_gateway_close(&g);
		return EXIT_TROUBLE;
	}
	if (argc && (at = feed_gateway_find(&g, argv[0])) < 0) {
		feed_gateway_close(&g);
		return EXIT_TROUBLE;
	}
	print_begin();
	print_table_begin("changes", print_json ? all : columns);
	for (size_t i = 0; i < g.config->feed_count; i++)
		if (feed_is_remote(&g.config->feeds[i]) && (at < 0 || (size_t)at == i))
			show_file(&g, g.config->feeds[i].name);
	print_table_end();
	print_end();
	feed_gateway_close(&g);
	return EXIT_DONE;
}
