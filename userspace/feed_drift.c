// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drift.h"
#include "feed_drift.h"
#include "print.h"
#include "../maps/types.h"

static void print_rows(const struct config *c, const struct drift *d)
{
	static const char *const columns[] = { "circuit", "prefix", "finding", "detail", NULL };
	char text[PREFIX_TEXT];

	print_table_begin("drift", columns);
	for (size_t i = 0; i < d->row_count; i++) {
		print_cell_text(c->circuits[d->rows[i].circuit].name);
		print_cell_text(prefix_text(&d->rows[i].prefix, text));
		print_cell_text(drift_finding_text(d->rows[i].finding));
		print_cell_text(d->rows[i].detail);
		print_row_end();
	}
	print_table_end();
}

static void print_summary(const struct config *c, const struct drift *d)
{
	static const char *const columns[] = { "circuit", "table", "expected", "routed", "by-default",
					       "not-routed", "wrong-way", "partly", "routes",
					       "unexpected", NULL };

	print_table_begin("summary", columns);
	for (size_t i = 0; i < c->circuit_count; i++) {
		const struct drift_summary *s = &d->circuits[i];

		print_cell_text(c->circuits[i].name);
		print_cell_number(c->circuits[i].table ? c->circuits[i].table : 254);
		print_cell_number(s->expected);
		print_cell_number(s->routed);
		print_cell_number(s->by_default);
		print_cell_number(s->not_routed);
		print_cell_number(s->wrong_way);
		print_cell_number(s->partly);
		print_cell_number(s->routes);
		print_cell_number(s->unexpected);
		print_row_end();
	}
	print_table_end();
}

static int print_drift(const struct config *c, const struct drift *d)
{
	bool bad = false;

	for (size_t i = 0; i < d->row_count; i++)
		bad |= d->rows[i].finding != DRIFT_UNEXPECTED;
	print_begin();
	print_rows(c, d);
	print_summary(c, d);
	print_end();
	return bad ? EXIT_NO : EXIT_DONE;
}

/* A class without its feed expects nothing, and "nothing is wrong" would be no answer. */
static bool at_hand(const struct config *c, const struct feeds *feeds)
{
	for (size_t i = 0; i < c->class_count; i++)
		if (c->classes[i].feed && !class_feed(c, feeds, &c->classes[i])) {
			print_error("feed %s: not at hand, so what class %s expects is not known; "
				    "a feed that was fetched or is a file is accepted",
				    c->classes[i].feed, c->classes[i].name);
			return false;
		}
	return true;
}

static int compare(const struct policy *p, struct drift *out)
{
	struct kernel_link *links = NULL;
	struct kernel_route *routes = NULL;
	struct drift_kernel k = { 0 };
	int err = kernel_links(&links, &k.link_count);

	if (!err)
		err = kernel_routes(0, &routes, &k.route_count);
	if (err)
		print_error("routes: cannot list: %s", strerror(-err));
	k.links = links;
	k.routes = routes;
	if (!err) {
		err = drift_compare(p, &k, out);
		if (err == -E2BIG)
			print_error("circuits: %zu; at most %d are accepted",
				    p->config->circuit_count, CIRCUITS_MAX - 1);
		else if (err)
			print_error("out of memory");
	}
	free(links);
	free(routes);
	return err;
}

int feed_drift(const struct config *c, const struct feeds *feeds)
{
	int status = EXIT_TROUBLE, err;
	struct drift d;
	struct policy p;

	if (!at_hand(c, feeds))
		return EXIT_TROUBLE;
	err = policy_compile(c, feeds, &p);
	if (err == -E2BIG)
		return print_error(
			"policy: too many combinations of segments and classes; %u are accepted",
			POLICY_CELLS_MAX);
	if (err)
		return print_error("out of memory");
	if (!compare(&p, &d)) {
		status = print_drift(c, &d);
		drift_free(&d);
	}
	policy_free(&p);
	return status;
}
