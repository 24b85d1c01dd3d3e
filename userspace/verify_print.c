// SPDX-License-Identifier: GPL-2.0-only
/* The answer of verify: flows as the plan stands, each hop of what is not sound, repairs, failures, checks. */
#include <stdio.h>
#include <string.h>
#include "print.h"
#include "verify.h"

static bool base(const struct verify *v, const struct flow_row *row)
{
	return row->walk.failure == &v->failures[0];
}

static const char *circuit_name(const struct paper_circuit *c)
{
	return c ? c->name : NULL;
}

static const char *from_name(const struct flow_row *row)
{
	return row->location ? row->location->name : row->walk.outside->name;
}

static const char *to_name(const struct flow_row *row)
{
	return row->location ? row->walk.outside->name : row->walk.service->name;
}

/* The circuit that the answer takes: outbound it comes in on it. */
static const char *back_name(const struct flow_row *row)
{
	return row->walk.answer.count ? circuit_name(row->walk.back) : NULL;
}

static const char *worn_text(const struct flow_row *row, char *out, size_t size)
{
	char text[PREFIX_TEXT];

	if (!row->judged.translated)
		return NULL;
	snprintf(out, size, "%s%s%s", address_text(&row->judged.worn, text),
		 row->judged.pool ? " of " : "", row->judged.pool ? row->judged.pool->name : "");
	return out;
}

static void verdict_cell(const struct flow_row *row)
{
	const char *text = judged_text(row->judged.what);

	if (row->judged.what == JUDGED_SYMMETRIC || row->judged.stated)
		print_cell_text(row->judged.stated ? "dropped by rule" : text);
	else
		print_cell_alarm(text);
}

static void print_flow(const struct flow_row *row, size_t number)
{
	char worn[PREFIX_TEXT + 40], hairpin[80];

	print_cell_number(number);
	print_cell_text(from_name(row));
	print_cell_text(to_name(row));
	print_cell_text(circuit_name(row->walk.circuit));
	print_cell_text(back_name(row));
	verdict_cell(row);
	print_cell_text(worn_text(row, worn, sizeof(worn)));
	snprintf(hairpin, sizeof(hairpin), "%s by %s", row->judged.region ? row->judged.region : "",
		 row->judged.region ? row->judged.away : "");
	print_cell_text(row->judged.region ? hairpin : NULL);
	print_cell_text(row->judged.ends.kind ? place_name(row->judged.ends) : NULL);
	print_cell_number(row->alike);
	print_cell_text(row->judged.why[0] ? row->judged.why : NULL);
	print_row_end();
}

static void print_flows(const struct verify *v)
{
	static const char *const columns[] = { "flow",	  "from",    "to",    "circuit",
					       "back",	  "verdict", "wears", "hairpin",
					       "ends-at", "walks",   "why",   NULL };

	print_table_begin("flows", columns);
	for (size_t i = 0; i < v->row_count && base(v, v->rows[i]); i++)
		print_flow(v->rows[i], i + 1);
	print_table_end();
}

static void print_way(const struct way *way, const char *name, size_t number)
{
	char text[PREFIX_TEXT];

	for (size_t i = 0; i < way->count; i++) {
		const struct hop *h = &way->hops[i];

		print_cell_number(number);
		print_cell_text(name);
		print_cell_number(i + 1);
		print_cell_text(place_name(h->at));
		print_cell_text(address_text(&h->src, text));
		print_cell_text(address_text(&h->dst, text));
		print_cell_text(h->why);
		print_row_end();
	}
}

/* Whether a table has rows is seen before it begins: an empty one is nothing to read. */
static bool wanted(const struct verify *v,
		   bool (*has)(const struct verify *v, const struct flow_row *row))
{
	bool any = print_json;

	for (size_t i = 0; i < v->row_count; i++)
		any |= has(v, v->rows[i]);
	return any;
}

static bool has_path(const struct verify *v, const struct flow_row *row)
{
	return base(v, row) && row->judged.what != JUDGED_SYMMETRIC && !row->judged.stated;
}

static void print_paths(const struct verify *v, bool all)
{
	static const char *const columns[] = { "flow",	 "way",		"hop", "at",
					       "source", "destination", "why", NULL };

	if (!all && !wanted(v, has_path))
		return;
	print_table_begin("paths", columns);
	for (size_t i = 0; i < v->row_count && base(v, v->rows[i]); i++) {
		const struct flow_row *row = v->rows[i];

		if (!all && !has_path(v, row))
			continue;
		print_way(&row->walk.question, "question", i + 1);
		print_way(&row->walk.answer, "answer", i + 1);
	}
	print_table_end();
}

static bool has_repair(const struct verify *v, const struct flow_row *row)
{
	return base(v, row) && row->repair_count;
}

static void print_repairs(const struct verify *v)
{
	static const char *const columns[] = { "flow", "repair", "at", "what", "lines", NULL };
	const char *lines[REPAIR_LINES + 1];
	size_t n;

	if (!wanted(v, has_repair))
		return;
	print_table_begin("repairs", columns);
	for (size_t i = 0; i < v->row_count && base(v, v->rows[i]); i++)
		for (size_t k = 0; k < v->rows[i]->repair_count; k++) {
			const struct repair *r = &v->rows[i]->repairs[k];

			n = 0;
			for (size_t l = 0; l < REPAIR_LINES && r->lines[l][0]; l++)
				lines[n++] = r->lines[l];
			lines[n] = NULL;
			print_cell_number(i + 1);
			print_cell_text(repair_text(r->kind));
			print_cell_text(place_name(r->at));
			print_cell_text(r->text);
			print_cell_list(lines);
			print_row_end();
		}
	print_table_end();
}

/* Only what is otherwise than without the failure. */
static bool has_changed(const struct verify *v, const struct flow_row *row)
{
	const struct flow_row *was = verify_base(v, row);

	return !base(v, row) &&
	       (!was || was->walk.circuit != row->walk.circuit || was->judged.what != row->judged.what);
}

static void print_failures(const struct verify *v)
{
	static const char *const columns[] = { "failure", "from",    "heads",	"to",  "circuit", "now",
					       "back",	  "verdict", "ends-at", "why", NULL };
	char text[96];

	if (!wanted(v, has_changed))
		return;
	print_table_begin("failures", columns);
	for (size_t i = 0; i < v->row_count; i++) {
		const struct flow_row *row = v->rows[i], *was;

		if (!has_changed(v, row))
			continue;
		was = verify_base(v, row);
		print_cell_text(failure_text(row->walk.failure, text, sizeof(text)));
		print_cell_text(from_name(row));
		print_cell_number(row->location ? row->location->heads : 0);
		print_cell_text(to_name(row));
		print_cell_text(was ? circuit_name(was->walk.circuit) : NULL);
		print_cell_text(circuit_name(row->walk.circuit));
		print_cell_text(back_name(row));
		verdict_cell(row);
		print_cell_text(row->judged.ends.kind ? place_name(row->judged.ends) : NULL);
		print_cell_text(row->judged.why[0] ? row->judged.why : NULL);
		print_row_end();
	}
	print_table_end();
}

/* What a failure does to one location, or to what uses services: the worst of its flows. */
enum effect { EFFECT_NONE, EFFECT_MOVED, EFFECT_ASTRAY, EFFECT_LOST };

static enum effect effect_on(const struct verify *v, const struct flow_row *row)
{
	const struct flow_row *was = verify_base(v, row);

	if (!has_changed(v, row))
		return EFFECT_NONE;
	if (row->judged.what == JUDGED_BLACK_HOLED)
		return was && was->judged.what == JUDGED_BLACK_HOLED ? EFFECT_NONE : EFFECT_LOST;
	return row->judged.what == JUDGED_ASYMMETRIC ? EFFECT_ASTRAY : EFFECT_MOVED;
}

static enum effect worst(const struct verify *v, const struct failure *f, const struct paper_location *l,
			 const struct paper_service *s)
{
	enum effect found = EFFECT_NONE, one;

	for (size_t i = 0; i < v->row_count; i++) {
		const struct flow_row *row = v->rows[i];

		if (row->walk.failure != f || row->location != l || row->walk.service != s)
			continue;
		one = effect_on(v, row);
		found = one > found ? one : found;
	}
	return found;
}

/* What each failure means, for how many heads and which services. */
static void print_impact(const struct verify *v)
{
	static const char *const columns[] = { "without",	  "heads-moved",
					       "heads-astray",	  "heads-losing",
					       "services-moved",  "services-astray",
					       "services-losing", NULL };
	const struct paper *p = v->plan;
	char text[96];

	print_table_begin("impact", columns);
	for (size_t f = 1; f < v->failure_count; f++) {
		uint64_t heads[4] = { 0 }, services[4] = { 0 };

		for (size_t i = 0; i < p->location_count; i++)
			heads[worst(v, &v->failures[f], &p->locations[i], NULL)] +=
				p->locations[i].heads;
		for (size_t i = 0; i < p->service_count; i++)
			services[worst(v, &v->failures[f], NULL, &p->services[i])]++;
		print_cell_text(failure_text(&v->failures[f], text, sizeof(text)));
		for (int e = EFFECT_MOVED; e <= EFFECT_LOST; e++)
			print_cell_number(heads[e]);
		for (int e = EFFECT_MOVED; e <= EFFECT_LOST; e++)
			print_cell_number(services[e]);
		print_row_end();
	}
	print_table_end();
}

static const char *check_text(enum check_verdict verdict)
{
	return verdict == CHECK_YES ? "yes" : verdict == CHECK_NO ? "no" : "not known";
}

static void print_checks(const struct findings *f)
{
	static const char *const columns[] = { "number", "check",  "verdict", "severity",
					       "line",	 "reason", NULL };
	static const char *const severity[] = { "note", "warning", "error" };

	print_table_begin("checks", columns);
	for (size_t i = 0; i < f->count; i++) {
		const struct finding *one = &f->at[i];
		bool red = one->verdict == CHECK_NO && one->severity == SEVERITY_ERROR;

		print_cell_number(one->number);
		print_cell_text(one->name);
		(red ? print_cell_alarm : print_cell_text)(check_text(one->verdict));
		print_cell_text(one->verdict == CHECK_NO ? severity[one->severity] : NULL);
		print_cell_number((uint64_t)one->line);
		print_cell_text(one->reason);
		print_row_end();
	}
	print_table_end();
}

bool verify_print(const struct verify *v, const struct findings *f, bool paths)
{
	size_t count[3] = { 0 };
	bool sound;

	for (size_t i = 0; i < f->count; i++)
		count[f->at[i].severity] += f->at[i].verdict == CHECK_NO;
	sound = !count[SEVERITY_ERROR];
	print_begin();
	print_value_text("plan", v->plan->name);
	print_value_text("verdict", sound ? "sound" : "not sound");
	print_flows(v);
	print_paths(v, paths);
	print_repairs(v);
	print_failures(v);
	print_impact(v);
	print_checks(f);
	print_line("\n%s: %s; %zu errors, %zu warnings, %zu notes", v->plan->file,
		   sound ? "sound" : "not sound", count[SEVERITY_ERROR], count[SEVERITY_WARNING],
		   count[SEVERITY_NOTE]);
	print_end();
	return sound;
}
