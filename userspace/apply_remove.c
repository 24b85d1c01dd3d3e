// SPDX-License-Identifier: GPL-2.0-only
/* What is attached and no longer wanted; and `stop`, which wants nothing. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "apply_plan.h"
#include "attach.h"
#include "journal.h"
#include "print.h"

int plan_xdp_removals(struct plan *p, struct steps *s)
{
	DIR *d = opendir(p->instance.pins);
	struct dirent *entry;
	char name[16];
	int err = 0;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while (!err && (entry = readdir(d)))
		if (attach_pin_device(entry->d_name, name) && !plan_has_trunk(p, name, false))
			err = detach_xdp(s, p->instance.pins, name);
	closedir(d);
	return err;
}

int plan_tc_removals(struct plan *p, struct steps *s)
{
	struct journal j;
	int err = journal_read(p->instance.run, &j);

	for (size_t i = 0; i < j.count && !err; i++) {
		char name[16], direction[16];
		const struct kernel_link *l;
		bool egress;

		if (sscanf(j.lines[i], "tc %15s %15s", name, direction) != 2)
			continue;
		egress = !strcmp(direction, "egress");
		l = plan_link(p, name);
		if (!plan_has_trunk(p, name, egress))
			err = detach_tc(s, &p->instance, name, l ? l->ifindex : 0,
					egress ? ATTACH_EGRESS : ATTACH_INGRESS);
	}
	for (size_t i = 0; i < j.count && !err; i++) {
		const struct kernel_link *l;
		char name[16];

		if (sscanf(j.lines[i], "clsact %15s", name) != 1 ||
		    plan_has_trunk(p, name, false))
			continue;
		l = plan_link(p, name);
		err = detach_clsact(s, &p->instance, name, l ? l->ifindex : 0);
	}
	journal_free(&j);
	return err;
}

/* Each step on its own: what cannot be removed must not keep the rest. */
static int run_all(struct steps *s)
{
	int err = 0;

	for (size_t i = 0; i < s->count; i++) {
		int one = s->at[i].run(&s->at[i]);

		if (one)
			print_error("%s: %s", s->at[i].text, strerror(-one));
		else
			print_line("%s", s->at[i].text);
		err = err ? err : one;
	}
	return err;
}

static void say_removed(const struct steps *const *lists, size_t count)
{
	static const char *const columns[] = { "change", NULL };
	size_t lines = 0;

	if (print_json) {
		print_begin();
		print_table_begin("changes", columns);
	}
	for (size_t i = 0; i < count; i++)
		lines += print_json ? list_steps(lists[i], true) : lists[i]->count;
	if (print_json) {
		print_table_end();
		print_end();
	} else if (!lines) {
		print_line("nothing to remove");
	}
}

static int stop_locked(struct plan *p)
{
	struct steps attached = { 0 }, guards = { 0 };
	const struct steps *const lists[] = { &p->last, &p->after, &attached, &guards };
	bool pinned = maps_pinned(p->instance.pins);
	int err = plan_facts(p), done;

	err = err ? err : kernel_plan(&p->want, p->instance.run, &p->before, &p->after, &p->last);
	err = err ? err : plan_xdp_removals(p, &attached);
	/* The guards go last: whatever the kernel still routes meanwhile, it cannot leave with a source
	 * that the circuit does not own. */
	err = err ? err : plan_tc_removals(p, &guards);
	if (!err) {
		err = run_all(&p->last);
		done = run_all(&p->after);
		err = err ? err : done;
		done = run_all(&attached);
		err = err ? err : done;
		done = detach_xdp_finish(&attached);
		err = err ? err : done;
		attach_release();
		done = run_all(&guards);
		err = err ? err : done;
		done = maps_unpin(p->instance.pins);
		err = err ? err : done;
	}
	if (!err && (print_json || !pinned))
		say_removed(lists, 4);
	steps_free(&attached);
	steps_free(&guards);
	attach_release();
	/* The journal stays while something of it does: the next `stop` needs it. */
	return err ? err : instance_remove(&p->instance);
}

int apply_stop(const char *gateway)
{
	struct plan p = { .instance = { .lock = -1 } };
	int err = instance_open(&p.instance, gateway);

	if (err)
		return print_error("gateway %s: letters, digits, '-' and '_' are accepted in a name", gateway);
	err = attach_hidden(&p.instance) ? -ENXIO : apply_environment();
	err = err ? err : instance_lock(&p.instance);
	err = err ? err : stop_locked(&p);
	steps_free(&p.before);
	steps_free(&p.last);
	steps_free(&p.after);
	free(p.links);
	free(p.addresses);
	instance_unlock(&p.instance);
	return err ? EXIT_TROUBLE : EXIT_DONE;
}
