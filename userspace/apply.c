// SPDX-License-Identifier: GPL-2.0-only
/* The order of `apply`, and what happens when it fails. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "apply_plan.h"
#include "attach.h"
#include "check.h"
#include "feed_current.h"
#include "phase.h"
#include "print.h"

struct pin_step {
	struct plan *plan;
};

static int pin_undo(struct step *s)
{
	struct plan *p = ((struct pin_step *)s->data)->plan;

	return p->pinned ? maps_pin_former(&p->maps) : maps_unpin(p->instance.pins);
}

static int pin_run(struct step *s)
{
	struct plan *p = ((struct pin_step *)s->data)->plan;
	int err = maps_pin(&p->maps);

	if (err)
		pin_undo(s);
	return err;
}

static int plan_pins(struct plan *p)
{
	struct pin_step *s;

	/* Without pins nothing is loaded in a dry run: the tables alone may take a gigabyte. */
	if (p->pinned && !p->maps.replaces)
		return 0;
	s = malloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->plan = p;
	return steps_add(&p->before, pin_run, pin_undo, s, p->pinned ? "programs replace %s" : "pin %s",
			 p->instance.pins) ? 0 : -ENOMEM;
}

static int plan_wishes(struct plan *p)
{
	int err = plan_devices(p);

	if (err)
		return err;
	p->image = image_compile(p->config, &p->feeds, names_number, p, &p->report);
	if (!p->image)
		return -EINVAL;
	err = plan_sources(p);
	err = err || !p->has_maps ? err : retire_plan(p);
	if (err)
		return err;
	plan_ranges(p);
	plan_circuit_links(p);
	plan_ports(p);
	plan_digest(p);
	err = kernel_want_build(p->config, p->links, p->link_count, p->addresses, p->address_count,
				&p->want, &p->report);
	return err ? err : retire_kernel(p);
}

static int plan_steps(struct plan *p)
{
	int err = plan_pins(p);

	err = err ? err : plan_entries(p);
	err = err ? err : plan_attach(p);
	err = err ? err : kernel_plan(&p->want, p->instance.run, &p->before, &p->after, &p->last);
	err = err ? err : plan_slot(p);
	err = err ? err : plan_applied(p);
	err = err ? err : plan_xdp_removals(p, &p->after);
	err = err ? err : plan_tc_removals(p, &p->after);
	return err ? err : plan_names(p);
}

static int open_instance(struct plan *p, const char *name)
{
	int err = instance_open(&p->instance, name);

	if (err)
		print_error("gateway %s: letters, digits, '-' and '_' are accepted in a name", name);
	return err;
}

/* Feeds as they were applied, but for the one that is exchanged. */
static int applied_feeds(struct plan *p)
{
	const struct apply_feed *fresh = p->request->feed;

	if (fresh && !config_same(p->config, fresh->judged))
		return snprintf(fresh->why, fresh->why_size, APPLY_MEANWHILE), -ESTALE;
	if (!feeds_applied(p->config, p->instance.name, &p->feeds, &p->report))
		return -EINVAL;
	for (size_t i = 0; fresh && i < p->config->feed_count; i++)
		if (!strcmp(p->config->feeds[i].name, fresh->name)) {
			feed_free(p->feeds.at[i]);
			p->feeds.at[i] = fresh->take(fresh->context);
			return p->feeds.at[i] ? 0 : -ENOMEM;
		}
	return 0;
}

/* The applied copy was checked when it was applied, and its relative paths are the original's: of both
 * the file `origin` beside it knows. */
static int read_applied(struct plan *p)
{
	char path[PATH_MAX], *origin;
	size_t size;
	int err;

	snprintf(path, sizeof(path), "%s/%s", p->instance.run, APPLY_ORIGIN);
	err = file_read(path, sizeof(p->origin) - 1, &origin, &size);
	if (err) {
		print_error("%s: %s", path, strerror(-err));
		return err;
	}
	snprintf(p->origin, sizeof(p->origin), "%s", origin);
	p->config = config_read(p->request->file, &p->report);
	if (!p->config) {
		free(origin);
		return -EINVAL;
	}
	free(p->config->file);
	p->config->file = origin;
	return applied_feeds(p);
}

static int read_config(struct plan *p)
{
	char path[PATH_MAX], *origin;
	int err;

	if (p->request->gateway) {
		snprintf(path, sizeof(path), "%s/%s/%s", instance_run_root, p->request->gateway,
			 INSTANCE_APPLIED);
		err = open_instance(p, p->request->gateway);
		p->again = !strcmp(path, p->request->file);
		if (err || p->again)
			return err;
	}
	p->config = check_all(p->request->file, p->request->gateway, &p->feeds, &p->report);
	if (!p->config)
		return -EINVAL;
	origin = realpath(p->request->file, NULL);
	snprintf(p->origin, sizeof(p->origin), "%s", origin ? origin : p->request->file);
	free(origin);
	return p->request->gateway ? 0 : open_instance(p, p->config->name);
}

static int load(struct plan *p)
{
	int err = 0;

	maps_none(&p->maps, p->instance.pins);
	p->pinned = maps_pinned(p->instance.pins);
	/* Only prefixes change, or what the kernel has of links. Programs are for who was asked to apply: a daemon
	 * of a former build would put its own in the place of newer ones, and the verifier takes its time. */
	if (p->pinned && (p->request->feed || p->again)) {
		err = maps_open(&p->maps, p->instance.pins);
		p->has_maps = !err;
	} else if (p->pinned || !p->request->dry_run) {
		err = maps_load(&p->maps, p->instance.pins, p->config);
		p->has_maps = !err;
	}
	if (p->has_maps) {
		p->live = maps_live(&p->maps);
		err = names_load(p);
	}
	return err;
}

size_t list_steps(const struct steps *s, bool json)
{
	size_t lines = 0;

	for (size_t i = 0; i < s->count; i++) {
		if (!s->at[i].text[0])
			continue;
		lines++;
		if (json) {
			print_cell_text(s->at[i].text);
			print_row_end();
		} else {
			print_line("%s", s->at[i].text);
		}
	}
	return lines;
}

static void list_changes(const struct plan *p)
{
	const struct steps *const all[] = { &p->before, &p->last, &p->after };
	const char *const columns[] = { "change", NULL };
	size_t lines = 0;

	if (print_json) {
		print_begin();
		report_warnings(&p->report);
		print_table_begin("changes", columns);
	}
	for (int i = 0; i < 3; i++)
		lines += list_steps(all[i], print_json);
	if (print_json) {
		print_table_end();
		print_end();
	} else if (!lines) {
		print_line("nothing to change");
	}
}

/* All or nothing: what the earlier lists did is put back when a later one fails. */
static int run_steps(struct plan *p)
{
	int err = steps_run(&p->before);

	if (err)
		return err;
	err = steps_run(&p->last);
	if (!err) {
		err = steps_run(&p->after);
		if (err)
			steps_undo(&p->last);
	}
	if (err)
		steps_undo(&p->before);
	return err;
}

static int make_plan(struct plan *p)
{
	int err = plan_facts(p);

	err = err ? err : plan_machine(p);
	phase_end("facts");
	err = err ? err : load(p);
	phase_end("programs");
	err = err ? err : plan_wishes(p);
	phase_end("compile");
	return err ? err : plan_steps(p);
}

/* Under -j the answer is one object: warnings go with the changes, and what failed otherwise has been
 * said. Who exchanges a feed says it himself. */
static void say_report(const struct plan *p)
{
	const struct apply_feed *feed = p->request->feed;

	for (size_t i = 0; feed && i < p->report.count && !feed->why[0]; i++)
		if (!p->report.lines[i].warning)
			snprintf(feed->why, feed->why_size, "%s", p->report.lines[i].text);
	if (!feed && (!print_json || p->report.errors))
		report_print(&p->report);
}

static int locked(struct plan *p)
{
	bool first = !print_json || p->request->dry_run;
	int err = make_plan(p);

	say_report(p);
	if (err)
		return err;
	if (first && !p->request->quiet)
		list_changes(p);
	if (p->request->dry_run)
		return 0;
	err = run_steps(p);
	if (!err && !first && !p->request->quiet)
		list_changes(p);
	if (!err && p->same_slot)
		plan_locals(p);
	if (!err && !p->same_slot)
		plan_announce(p);
	return err;
}

static void plan_free(struct plan *p)
{
	steps_free(&p->before);
	steps_free(&p->last);
	steps_free(&p->after);
	attach_release();
	for (size_t i = 0; p->former_feeds && i < p->config->feed_count; i++)
		free(p->former_feeds[i].data);
	free(p->former_feeds);
	kernel_want_free(&p->want);
	retire_free(&p->census);
	image_free(p->image);
	feeds_free(&p->feeds);
	if (p->config)
		config_free(p->config);
	if (p->has_maps)
		maps_close(&p->maps);
	report_free(&p->report);
	free(p->links);
	free(p->addresses);
	free(p->sources.at);
	free(p->answers.at);
	free(p->names);
	free(p->former_applied.data);
	free(p->former_origin.data);
}

/* Who had the lock may have brought another version of a feed in force. */
static int feeds_again(struct plan *p)
{
	struct report said = { 0 };
	struct feeds fresh = { 0 };
	int err = 0;

	for (size_t i = 0; i < p->config->feed_count; i++)
		if (feed_is_remote(&p->config->feeds[i]))
			err = 1;
	if (!err)
		return 0;
	err = feeds_load(p->config, p->instance.name, &fresh, &said) ? 0 : -EINVAL;
	if (err)
		report_print(&said);
	report_free(&said);
	feeds_free(&p->feeds);
	p->feeds = fresh;
	return err;
}

/* An instance that holds nothing leaves no directories. */
static void tidy(struct plan *p, int err)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", p->instance.run, INSTANCE_APPLIED);
	if ((err || p->request->dry_run) && !maps_pinned(p->instance.pins) && access(path, F_OK))
		instance_remove(&p->instance);
}

static int run(const struct apply_request *q)
{
	struct plan p = { .request = q, .instance = { .lock = -1 } };
	int err = apply_environment();

	if (!err && (err = read_config(&p)))
		say_report(&p);
	if (!err && attach_hidden(&p.instance))
		err = -ENXIO;
	err = err ? err : instance_lock(&p.instance);
	if (!err) {
		/* not before: who had the lock may have applied another */
		err = p.again ? read_applied(&p) : feeds_again(&p);
		if (err)
			say_report(&p);
		err = err ? err : locked(&p);
		tidy(&p, err);
	}
	plan_free(&p);
	instance_unlock(&p.instance);
	return err;
}

int apply(const struct apply_request *q)
{
	return run(q) ? EXIT_TROUBLE : EXIT_DONE;
}

int apply_reconcile(const char *file, const char *gateway)
{
	const struct apply_request q = { .file = file, .gateway = gateway, .tolerant = true,
					 .quiet = true };

	return run(&q);
}

int apply_exchange(const char *gateway, const struct apply_feed *feed)
{
	char file[PATH_MAX];
	const struct apply_request q = { .file = file, .gateway = gateway, .tolerant = true,
					 .quiet = true, .feed = feed };

	snprintf(file, sizeof(file), "%s/%s/%s", instance_run_root, gateway, INSTANCE_APPLIED);
	return run(&q);
}
