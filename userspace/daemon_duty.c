// SPDX-License-Identifier: GPL-2.0-only
/* Duties that come round: sweep, pools, listening ports, generation. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "daemon.h"
#include "expire.h"
#include "kernel.h"
#include "observe_circuit.h"
#include "prefix.h"
#include "retire.h"

#define SWEEP_SLICE (NANOSECONDS / 50) /* the loop has routes to watch */
#define POOLS_EVERY (10 * NANOSECONDS)
#define RETIRE_EVERY (5 * NANOSECONDS)
#define FILLING_MAX 64 /* addresses announced at once */

bool daemon_sweep(struct daemon *d, uint64_t *pause)
{
	uint64_t begun = observe_now();
	int over = expire_step(d->observe, &d->sweep, SWEEP_SLICE);

	*pause = expire_pause(observe_now() - begun);
	if (!over)
		return false;
	if (*pause < NANOSECONDS)
		*pause = NANOSECONDS;
	if (d->sweep.err)
		daemon_log(LOG_WARNING, "sweep failed: %s", strerror(-d->sweep.err));
	else if (d->sweep.result.orphans)
		daemon_log(LOG_WARNING, "sweep: %llu halves without the other deleted",
			   (unsigned long long)d->sweep.result.orphans);
	return true;
}

/* Lets go of what retires and has no flow left. */
void daemon_retire(struct daemon *d)
{
	uint64_t now = observe_now();

	if (now - d->retire_looked < RETIRE_EVERY)
		return;
	d->retire_looked = now;
	retire_finish(d->instance.name);
}

/* What nobody watches is lost, and what is lost is counted: nothing to say here. */
void daemon_report(struct daemon *d, const struct event *event)
{
	struct event told = *event;
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &told, .ctx_size_in = sizeof(told));
	int fd = observe_program(d->observe, "report");

	if (fd < 0)
		return;
	bpf_prog_test_run_opts(fd, &options);
	close(fd);
}

static bool filling(const struct pool_usage *u)
{
	return u->ports && u->mapped * 100 > u->ports * POOL_FULL_PERCENT;
}

/* The file is what `show` reads; the journal hears of an address once, when it gets there. */
static void announce(struct daemon *d, const struct pool_usages *now, char *list, size_t size)
{
	static char known[FILLING_MAX * 128];
	size_t used = 0;

	list[0] = '\0';
	for (size_t i = 0; i < now->count && used < size; i++) {
		const struct pool_usage *u = &now->at[i];
		char text[PREFIX_TEXT], key[160];

		if (!filling(u))
			continue;
		snprintf(key, sizeof(key), "%s %s ", observe_circuit_name(d->observe, u->circuit),
			 address_text(&u->address, text));
		if (!strstr(known, key))
			daemon_log(LOG_WARNING, "pool-filling: circuit %s, address %s: %llu of %llu "
				   "ports", observe_circuit_name(d->observe, u->circuit), text,
				   (unsigned long long)u->mapped, (unsigned long long)u->ports);
		used += (size_t)snprintf(list + used, size - used, "%s%llu\n", key,
					 (unsigned long long)(u->mapped * 100 / u->ports));
	}
	snprintf(known, sizeof(known), "%s", list);
}

void daemon_pools(struct daemon *d)
{
	struct pool_usages usages = {0};
	struct observe_counts *c;
	char list[FILLING_MAX * 128];
	uint64_t now = observe_now();

	if (now - d->pools_looked < POOLS_EVERY)
		return;
	d->pools_looked = now;
	c = malloc(sizeof(*c));
	if (c && !observe_counts(d->observe, c) &&
	    !pool_usages_mapped(d->observe, c->circuits, -1, &usages)) {
		announce(d, &usages, list, sizeof(list));
		file_write(d->instance.run, "filling", list, strlen(list));
	}
	pool_usages_free(&usages);
	free(c);
}

static bool listed(const struct kernel_port *ports, size_t count, const struct listener *l)
{
	for (size_t i = 0; i < count; i++)
		if (ports[i].protocol == l->protocol && htons(ports[i].port) == l->port)
			return true;
	return false;
}

static void drop_listeners(int fd, const struct kernel_port *ports, size_t count)
{
	struct listener key, *at = NULL, next;

	/* The following key is taken before this one may go. */
	for (int more = !bpf_map_get_next_key(fd, at, &next); more;) {
		key = next;
		more = !bpf_map_get_next_key(fd, &key, &next);
		if (!listed(ports, count, &key))
			bpf_map_delete_elem(fd, &key);
	}
}

void daemon_listeners(struct daemon *d)
{
	struct kernel_port *ports = NULL;
	size_t count = 0;
	int fd = observe_map(d->observe, "listeners");
	uint32_t one = 1;

	if (fd >= 0 && !kernel_ports(&ports, &count)) {
		for (size_t i = 0; i < count; i++) {
			struct listener key = {.port = htons(ports[i].port),
					       .protocol = ports[i].protocol};

			bpf_map_update_elem(fd, &key, &one, BPF_ANY);
		}
		drop_listeners(fd, ports, count);
	}
	free(ports);
	if (fd >= 0)
		close(fd);
}

/* Slot and generation are one entry: whoever writes it holds the lock, or a switch could be undone. */
int daemon_generation(struct daemon *d)
{
	uint32_t key = 0;
	struct live live;
	int fd, err = instance_lock(&d->instance);

	if (err)
		return err;
	fd = observe_map(d->observe, "live");
	err = fd < 0 ? fd : bpf_map_lookup_elem(fd, &key, &live) ? -errno : 0;
	if (!err) {
		live.generation++;
		err = bpf_map_update_elem(fd, &key, &live, BPF_ANY) ? -errno : 0;
	}
	if (fd >= 0)
		close(fd);
	instance_unlock(&d->instance);
	/* What somebody else changed meanwhile is left for follow() to see. */
	if (!err && live.slot == d->observe->live.slot &&
	    live.generation == d->observe->live.generation + 1)
		d->observe->live = live;
	return err;
}

void daemon_vouch(struct daemon *d)
{
	struct watch watch = {.until = observe_now() + WATCH_LENGTH};
	uint32_t key = 0;
	int fd = observe_map(d->observe, "watch");

	if (fd < 0)
		return;
	bpf_map_update_elem(fd, &key, &watch, BPF_ANY);
	close(fd);
}
