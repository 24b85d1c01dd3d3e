// SPDX-License-Identifier: GPL-2.0-only
/* Duties that come round: sweep, listening ports, generation; and telling events. */
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
#include "retire.h"

#define SWEEP_SLICE (NANOSECONDS / 50) /* the loop has routes to watch */
#define RETIRE_EVERY (5 * NANOSECONDS)

bool daemon_sweep(struct daemon *d, uint64_t *pause)
{
	uint64_t begun = observe_now();
	int over;

	if (!d->sweep.running)
		daemon_spaces_begin(d);
	over = expire_step(d->observe, &d->sweep, SWEEP_SLICE);
	*pause = expire_pause(observe_now() - begun);
	if (!over)
		return false;
	if (*pause < expire_rest(&d->sweep.result))
		*pause = expire_rest(&d->sweep.result);
	if (d->sweep.err)
		daemon_log(LOG_WARNING, "sweep failed: %s", strerror(-d->sweep.err));
	else if (d->sweep.result.orphans)
		daemon_log(LOG_WARNING, "sweep: %llu halves without the other deleted",
			   (unsigned long long)d->sweep.result.orphans);
	if (!d->sweep.err)
		daemon_spaces_end(d);
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

bool daemon_stopped(const struct daemon *d)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/live", d->instance.pins);
	return access(path, F_OK) && (errno == ENOENT || errno == ENOTDIR);
}

/* Is there no trace, not even of a `stop` that could not end? */
static bool vanished(const struct daemon *d)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", d->instance.run, INSTANCE_APPLIED);
	return daemon_stopped(d) && access(path, F_OK);
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
	/* Stopped while we waited for the lock, whose directories are all that there is now. */
	if (err == -ENOENT && vanished(d))
		instance_remove(&d->instance);
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
