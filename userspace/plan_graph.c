// SPDX-License-Identifier: GPL-2.0-only
/* The network as Graphviz draws it; the picture itself is Graphviz's own work. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "command.h"
#include "plan_graph.h"
#include "print.h"

static const char *const shapes[NODE_KINDS] = { "box",	   "folder",  "plain",
						"octagon", "box3d",   "box, style=rounded",
						"diamond", "ellipse", "component" };
static const char *const edge_words[] = { "link", "route", "question", "answer" };

/* Text of a label: names and prefixes, and a file's path, which may hold anything. */
static void quoted(FILE *out, const char *text)
{
	for (; text && *text; text++)
		if (*text == '\n')
			fputs("\\n", out);
		else
			fprintf(out, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
}

static void dot_node(FILE *out, const struct graph_node *n)
{
	fprintf(out, "\t\"%s %s\" [shape=%s, label=\"%s", node_words[n->kind], n->name,
		shapes[n->kind], n->name);
	if (n->detail)
		fputs("\\n", out);
	quoted(out, n->detail);
	fprintf(out, "\"%s];\n", n->bad ? ", color=red, fontcolor=red, penwidth=2" : "");
}

static void dot_edge(FILE *out, const struct graph *g, const struct graph_edge *e)
{
	static const char *const looks[] = { "dir=none", "style=dotted",
					     "color=red, fontcolor=red, penwidth=2",
					     "color=red, fontcolor=red, penwidth=2, style=dashed" };
	const struct graph_node *from = &g->nodes[e->from], *to = &g->nodes[e->to];

	fprintf(out, "\t\"%s %s\" -> \"%s %s\" [%s, label=\"", node_words[from->kind], from->name,
		node_words[to->kind], to->name, looks[e->kind]);
	quoted(out, e->text);
	fputs("\"];\n", out);
}

char *plan_dot(const struct graph *g, const char *name)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out,
		"digraph \"%s\" {\n\trankdir=LR;\n\tnode [fontname=\"sans-serif\", fontsize=10];\n"
		"\tedge [fontname=\"sans-serif\", fontsize=8];\n",
		name);
	for (size_t i = 0; i < g->node_count; i++)
		dot_node(out, &g->nodes[i]);
	for (size_t i = 0; i < g->edge_count; i++)
		dot_edge(out, g, &g->edges[i]);
	fputs("}", out);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

/* The program reads a file: one that only this process and its children have. */
static int svg(const char *dot)
{
	int fd = memfd_create("plan.dot", 0), err = fd < 0 ? -errno : 0;
	char path[32], *picture = NULL;
	const char *const words[] = { "dot", "-Tsvg", path, NULL };
	size_t size = strlen(dot);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!err && write(fd, dot, size) != (ssize_t)size)
		err = -EIO;
	if (!err)
		err = command_output(words, &picture);
	if (fd >= 0)
		close(fd);
	if (!err)
		print_line("%s", picture);
	free(picture);
	if (err == -ENOENT)
		return print_error(
			"plan graph: no program `dot`; the package graphviz has it, and without --svg "
			"it is not needed");
	return err ? print_error("plan graph: dot: %s", strerror(-err)) : EXIT_DONE;
}

/* A list of its lines; the text is cut into them. */
static void print_detail(char *detail)
{
	const char **lines;
	size_t n = 1;

	for (const char *c = detail; c && *c; c++)
		n += *c == '\n';
	lines = calloc(n + 1, sizeof(*lines));
	n = 0;
	for (char *line; lines && (line = strsep(&detail, "\n"));)
		lines[n++] = line;
	if (lines)
		print_cell_list(lines);
	else
		print_cell_text(NULL);
	free(lines);
}

static void print_graph(const struct plan *p, const struct graph *g)
{
	static const char *const nodes[] = { "kind", "name", "bad", "detail", NULL };
	static const char *const edges[] = { "from-kind", "from",   "to-kind", "to",
					     "kind",	  "detail", NULL };

	print_begin();
	print_value_text("plan", p->paper->name);
	print_table_begin("nodes", nodes);
	for (size_t i = 0; i < g->node_count; i++) {
		print_cell_text(node_words[g->nodes[i].kind]);
		print_cell_text(g->nodes[i].name);
		print_cell_text(g->nodes[i].bad ? "yes" : NULL);
		print_detail(g->nodes[i].detail);
		print_row_end();
	}
	print_table_end();
	print_table_begin("edges", edges);
	for (size_t i = 0; i < g->edge_count; i++) {
		const struct graph_node *from = &g->nodes[g->edges[i].from],
					*to = &g->nodes[g->edges[i].to];

		print_cell_text(node_words[from->kind]);
		print_cell_text(from->name);
		print_cell_text(node_words[to->kind]);
		print_cell_text(to->name);
		print_cell_text(edge_words[g->edges[i].kind]);
		print_detail(g->edges[i].text);
		print_row_end();
	}
	print_table_end();
	print_end();
}

int plan_graph(const struct plan *p)
{
	int status = EXIT_DONE;
	struct graph g = { .whole = print_json };
	char *dot;

	if (print_json && p->words->svg)
		return print_error(
			"plan graph: --svg is a picture; nodes and edges are JSON without it");
	plan_graph_build(p, &g);
	dot = g.failed ? NULL : plan_dot(&g, p->paper->name);
	if (!dot)
		status = print_error("plan graph: out of memory");
	else if (p->words->svg)
		status = svg(dot);
	else if (print_json)
		print_graph(p, &g);
	else
		print_line("%s", dot);
	free(dot);
	graph_free(&g);
	return status;
}
