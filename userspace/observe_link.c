// SPDX-License-Identifier: GPL-2.0-only
/* Links of the live slot, and how full the tables are. */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "kernel.h"
#include "observe.h"
#include "print.h"

#define LINKS_LIMIT 1024 /* of the map */
#define SWEEP_FRESH (60 * NANOSECONDS)

static unsigned int failed_on(int fd, uint32_t ifindex)
{
	struct neighbour_key key, *at = NULL, next;
	unsigned int count = 0;

	/* Bounded: the daemon may delete the entry under our feet, which begins the walk anew. */
	for (unsigned int i = 0; i < LINKS_LIMIT && !bpf_map_get_next_key(fd, at, &next); i++) {
		count += next.ifindex == ifindex;
		key = next;
		at = &key;
	}
	return count;
}

static void device_state(struct observe_link *l, const struct kernel_link *links, size_t count)
{
	snprintf(l->interface, sizeof(l->interface), "#%u", l->ifindex);
	for (size_t i = 0; i < count; i++) {
		if ((uint32_t)links[i].ifindex == (l->trunk ? l->trunk : l->ifindex))
			l->xdp = links[i].xdp;
		if ((uint32_t)links[i].ifindex != l->ifindex)
			continue;
		snprintf(l->interface, sizeof(l->interface), "%s", links[i].name);
		l->up = links[i].up && links[i].carrier;
	}
}

const char *observe_probe_text(const struct observe_link *l, bool daemon)
{
	if (!l->checked)
		return "-";
	if (l->probe.down_until > observe_now())
		return "down";
	return daemon && !l->probe.down_until ? "up" : "unknown";
}

static int walk_links(const struct observe *o, int fd, struct observe_link *at, size_t *count)
{
	int failed = observe_map(o, "failed"), probes = observe_map(o, "probes");
	struct link_key key, *from = NULL, next;
	struct kernel_link *links = NULL;
	size_t known = 0;
	int err = kernel_links(&links, &known);

	for (*count = 0; !err && *count < LINKS_LIMIT && !bpf_map_get_next_key(fd, from, &next);) {
		struct link value;

		if (next.outer == NO_TAG && !bpf_map_lookup_elem(fd, &next, &value) &&
		    (value.role[o->live.slot % SLOTS].kind == ROLE_INSIDE ||
		     value.role[o->live.slot % SLOTS].kind == ROLE_LINK)) {
			struct observe_link *l = &at[(*count)++];

			*l = (struct observe_link){.ifindex = next.ifindex, .trunk = value.trunk,
						   .role = value.role[o->live.slot % SLOTS]};
			device_state(l, links, known);
			l->failed = failed < 0 ? 0 : failed_on(failed, next.ifindex);
			l->checked = probes >= 0 &&
				     !bpf_map_lookup_elem(probes, &next.ifindex, &l->probe);
		}
		key = next;
		from = &key;
	}
	if (failed >= 0)
		close(failed);
	if (probes >= 0)
		close(probes);
	free(links);
	return err;
}

int observe_links(const struct observe *o, struct observe_link **out, size_t *count)
{
	int fd = observe_map(o, "links"), err;

	*out = NULL;
	*count = 0;
	if (fd < 0)
		return print_error("map links: cannot open: %s", strerror(-fd)), fd;
	*out = calloc(LINKS_LIMIT, sizeof(**out));
	err = *out ? walk_links(o, fd, *out, count) : -ENOMEM;
	if (err) {
		print_error("map links: cannot read: %s", strerror(-err));
		free(*out);
		*out = NULL;
	}
	close(fd);
	return err;
}

/* Of the entries of a flow table, those that a half is in. */
static uint64_t count_live(const char *values, uint32_t value_size, uint32_t count)
{
	uint64_t live = 0;
	uint32_t state;

	for (uint32_t i = 0; i < count; i++) {
		memcpy(&state, values + (size_t)i * value_size, sizeof(state));
		live += state & FLOW_LIVE;
	}
	return live;
}

/*
 * By batch: a million entries are counted without copying them all at once, in buffers that malloc gives back.
 * `begun`: of a flow table, else 0.
 */
static int count_entries(int fd, uint32_t key_size, uint32_t value_size, uint64_t begun, uint64_t *used)
{
	enum { BATCH = 512 };
	char *keys = malloc((size_t)BATCH * key_size), *values = malloc((size_t)BATCH * value_size);
	uint32_t token = 0, next, count;
	uint64_t seen = 0;
	bool first = true;
	int err = keys && values ? 0 : -ENOMEM;

	*used = 0;
	while (!err && (!begun || seen < begun)) {
		count = BATCH;
		if (bpf_map_lookup_batch(fd, first ? NULL : &token, &next, keys, values, &count,
					 NULL))
			err = errno == ENOENT ? 1 : -errno;
		if (err >= 0)
			*used += begun ? count_live(values, value_size, count) : count;
		seen += count;
		token = next;
		first = false;
	}
	free(keys);
	free(values);
	return err < 0 ? err : 0;
}

/* A sweep comes round in seconds, or in ten times its length; an older one is no answer. */
static bool sweep_counts(const struct sweep *s, bool daemon, uint64_t *age)
{
	*age = observe_now() - s->ended;
	if (daemon && s->ended && *age < SWEEP_FRESH)
		return true;
	*age = 0;
	return false;
}

size_t observe_fills(const struct observe *o, const struct observe_counts *c, bool daemon,
		     struct observe_fill *fills, uint64_t *age)
{
	static const char *const maps[] = {
		[SWEPT_FLOWS4] = "flows4", [SWEPT_FLOWS6] = "flows6",
		[SWEPT_MAPPINGS4] = "mappings4", [SWEPT_MAPPINGS6] = "mappings6",
	};
	bool swept = sweep_counts(&c->sweep, daemon, age);
	size_t count = 0;

	for (size_t i = 0; i < SWEPT_MAX; i++) {
		struct bpf_map_info info = {0};
		uint32_t size = sizeof(info);
		bool flows = i == SWEPT_FLOWS4 || i == SWEPT_FLOWS6;
		int fd = observe_map(o, maps[i]);

		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &size)) {
			fills[count].name = maps[i];
			fills[count].limit = info.max_entries - flows; /* entry 0 is none */
			fills[count].used = c->sweep.entries[i];
			if (swept || !count_entries(fd, info.key_size, info.value_size,
						    flows ? observe_flows_begun(o, i == SWEPT_FLOWS4 ? 4 : 6) + 1ULL : 0,
						    &fills[count].used))
				count++;
		}
		close(fd);
	}
	return count;
}
