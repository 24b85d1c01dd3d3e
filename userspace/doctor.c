// SPDX-License-Identifier: GPL-2.0-only
/* The round of doctor: which configuration is judged, what is read for it, the groups, and the answer.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "apply.h"
#include "apply_look.h"
#include "attach.h"
#include "check.h"
#include "cmd.h"
#include "doctor.h"
#include "maps.h"
#include "print.h"

/* What a round reads, and frees. */
struct visit {
	struct doctor d;
	struct instance instance;
	struct config *config;
	struct feeds feeds;
	struct apply_look look;
};

/* The file that was named; NULL: it is not sound, said. */
static struct config *read_file(struct feeds *feeds)
{
	struct report report = { 0 };
	struct config *c = check_all(option_config, option_gateway, feeds, &report);

	if (!c)
		report_print(&report);
	report_free(&report);
	return c;
}

static struct config *read_applied(const struct instance *i)
{
	struct report unsaid = { 0 };
	char path[PATH_MAX];
	struct config *c;

	snprintf(path, sizeof(path), "%s/" INSTANCE_APPLIED, i->run);
	c = config_read(path, &unsaid);
	report_free(&unsaid);
	return c;
}

static void say_again(struct visit *v)
{
	char path[PATH_MAX], *file = NULL;
	size_t size;

	snprintf(path, sizeof(path), "%s/" APPLY_ORIGIN, v->instance.run);
	if (!v->d.running || file_read(path, 300, &file, &size))
		file = realpath(option_config, NULL);
	snprintf(v->d.again, sizeof(v->d.again), "samepath -c %s%s%s apply", file ? file : option_config,
		 option_gateway ? " -g " : "", option_gateway ? option_gateway : "");
	free(file);
}

/* What runs is judged by what was applied; that the file is another one by now is worth a word. */
static void choose(struct visit *v, struct config *file)
{
	v->config = v->d.running ? read_applied(&v->instance) : NULL;
	say_again(v);
	if (!v->config) {
		v->config = file;
	} else if (file) {
		if (!config_same(v->config, file))
			doctor_add(&v->d, "configuration", "", DOCTOR_NOTE, v->d.again,
				   "%s is not what is applied, and what is applied is judged",
				   option_config);
		else
			doctor_add(&v->d, "configuration", "", DOCTOR_OK, NULL, "%s is applied",
				   option_config);
		config_free(file);
	}
	v->d.config = v->config;
}

static int choose_config(struct visit *v)
{
	struct config *file = NULL;

	if (!option_gateway) {
		file = read_file(&v->feeds);
		if (!file)
			return -EINVAL;
	}
	if (instance_open(&v->instance, option_gateway ? option_gateway : file->name)) {
		config_free(file);
		return print_error("gateway %s: not a name", option_gateway ? option_gateway : ""),
		       -EINVAL;
	}
	if (attach_hidden(&v->instance)) {
		config_free(file);
		return -ENXIO;
	}
	v->d.instance = &v->instance;
	v->d.running = maps_pinned(v->instance.pins);
	if (option_gateway && !v->d.running) {
		file = read_file(&v->feeds);
		if (!file)
			return -EINVAL;
	}
	choose(v, file);
	return v->config ? 0 :
			   (print_error("gateway %s: what was applied cannot be read", v->instance.name),
			    -ENOENT);
}

/* "route add X" or "-6 rule add X", as `ip` has it, and what takes X away. */
static void remove_text(const char *add, char *out, size_t size)
{
	const char *verb = strstr(add, " add "), *end = strstr(add, ": is there already");

	snprintf(out, size, "ip %.*s del %.*s", (int)(verb ? verb - add : 0), add,
		 (int)(verb && end ? end - verb - 5 : 0), verb ? verb + 5 : "");
}

/* What apply itself would say. */
static void rows_of_report(struct doctor *d, const struct report *r)
{
	char repair[512];

	for (size_t i = 0; i < r->count; i++) {
		const struct report_line *l = &r->lines[i];
		/* what another gateway lives by nobody is told to remove */
		bool removable = !l->file[0] && !strstr(l->text, "another samepath gateway");

		remove_text(l->text, repair, sizeof(repair));
		doctor_add(d, l->file[0] ? "configuration" : "conflict", "",
			   l->warning ? DOCTOR_WARNING : DOCTOR_FATAL, removable ? repair : NULL, "%s", l->text);
	}
	if (!r->count)
		doctor_add(d, "conflict", "", DOCTOR_OK, NULL,
			   "interfaces are there, and nobody has its rules and routes");
}

static int read_kernel(struct visit *v)
{
	struct doctor *d = &v->d;
	int err = apply_look(v->config, v->instance.name, &v->look);

	if (err)
		return err;
	d->links = v->look.links;
	d->link_count = v->look.link_count;
	d->addresses = v->look.addresses;
	d->address_count = v->look.address_count;
	d->want = &v->look.want;
	rows_of_report(d, &v->look.report);
	doctor_devices(d);
	err = kernel_rules(&d->rules, &d->rule_count);
	err = err ? err : kernel_routes(0, &d->routes, &d->route_count);
	if (err)
		return print_error("rules and routes of this machine: %s", strerror(-err)), err;
	if (!d->running)
		return 0;
	d->observe = calloc(1, sizeof(*d->observe));
	return d->observe ? observe_open(d->observe, v->instance.name) : -ENOMEM;
}

static int examine(struct visit *v)
{
	static void (*const groups[])(struct doctor *) = {
		doctor_features, doctor_memory,	  doctor_links,	   doctor_rivals_xdp, doctor_attached,
		doctor_filters,	 doctor_settings, doctor_rules,	   doctor_routes,     doctor_neighbours,
		doctor_nat,	 doctor_host,	  doctor_sessions,
	};
	int err;

	doctor_environment(&v->d);
	if (doctor_fatal(&v->d)) /* without these nothing else can be seen */
		return 0;
	err = choose_config(v);
	err = err ? err : read_kernel(v);
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups) && !err; i++)
		groups[i](&v->d);
	return err;
}

static const char *const verdict_words[] = { [DOCTOR_OK] = "ok",
					     [DOCTOR_NOTE] = "note",
					     [DOCTOR_WARNING] = "warning",
					     [DOCTOR_FATAL] = "fatal" };

static size_t how_many(const struct doctor *d, enum doctor_verdict verdict)
{
	size_t n = 0;

	for (size_t i = 0; i < d->count; i++)
		n += d->rows[i].verdict == verdict;
	return n;
}

static void print_document(const struct doctor *d)
{
	static const char *const columns[] = { "check", "on", "verdict", "reason", "repair", NULL };

	print_begin();
	print_table_begin("checks", columns);
	for (size_t i = 0; i < d->count; i++) {
		print_cell_text(d->rows[i].check);
		print_cell_text(d->rows[i].on[0] ? d->rows[i].on : NULL);
		print_cell_text(verdict_words[d->rows[i].verdict]);
		print_cell_text(d->rows[i].reason);
		print_cell_text(d->rows[i].repair);
		print_row_end();
	}
	print_table_end();
	print_value_number("warnings", how_many(d, DOCTOR_WARNING));
	print_value_number("fatal", how_many(d, DOCTOR_FATAL));
	print_end();
}

/* Lines and no table: a reason is a sentence, and a command is to be copied as it stands. */
static void print_rows(const struct doctor *d, bool all)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct doctor_row *r = &d->rows[i];

		if (r->verdict == DOCTOR_OK && !all)
			continue;
		print_line("%-8s %s%s%s: %s", verdict_words[r->verdict], r->check, r->on[0] ? " " : "",
			   r->on, r->reason);
		if (r->repair)
			print_line("         %s", r->repair);
	}
	print_line("%zu checks, %zu warnings, %zu fatal", d->count, how_many(d, DOCTOR_WARNING),
		   how_many(d, DOCTOR_FATAL));
}

int doctor(bool all)
{
	struct visit *v = calloc(1, sizeof(*v));
	int status = EXIT_TROUBLE;

	if (!v)
		return print_error("out of memory");
	if (!examine(v)) {
		if (print_json)
			print_document(&v->d);
		else
			print_rows(&v->d, all);
		status = how_many(&v->d, DOCTOR_WARNING) + how_many(&v->d, DOCTOR_FATAL) ? EXIT_NO :
											   EXIT_DONE;
	}
	doctor_free(&v->d);
	apply_look_free(&v->look);
	feeds_free(&v->feeds);
	if (v->config)
		config_free(v->config);
	free(v);
	return status;
}
