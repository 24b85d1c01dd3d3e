// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probes of the links, once a second: what is due is looked at and asked again. The data plane
 * reads the result in `probes`; a restarted daemon reads there what the last one knew, so that it
 * does not begin by trusting a dead link.
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "daemon.h"
#include "probe.h"

#define SLACK (NANOSECONDS / 2) /* rounds come a little late, never early */
/* A mark outlives its daemon by this, long enough for a restart, or by three questions. */
#define MEMORY (60 * NANOSECONDS)

struct probes {
	struct link_probe *at;
	size_t count;
};

static bool same_check(const struct config_check *a, const struct config_check *b)
{
	return a->protocol == b->protocol && a->port == b->port &&
	       prefix_equal(&a->target, &b->target) && a->interval == b->interval &&
	       a->rise == b->rise && a->fall == b->fall;
}

/* The running probe of this link, taken out of the old list; or a new one, which is up until its
 * target has failed to answer, unless the last daemon knew better. */
static struct link_probe probe_of(struct daemon *d, struct probes *old, int marks,
				  const struct config_link *l, size_t place)
{
	struct link_probe p = { .check = l->check, .fd = -1, .up = true };
	struct probe known;

	for (size_t i = 0; i < old->count; i++)
		if (!strcmp(old->at[i].interface, l->interface) &&
		    same_check(&old->at[i].check, &l->check)) {
			p = old->at[i];
			old->at[i] = old->at[--old->count];
			return p;
		}
	snprintf(p.interface, sizeof(p.interface), "%.15s", l->interface);
	p.ifindex = if_nametoindex(p.interface);
	/* From the gateway's own ephemeral ports, which no translation takes: see port_is_ours. */
	p.identifier = (uint16_t)(d->observe->settings.local_port_min + place);
	if (!bpf_map_lookup_elem(marks, &p.ifindex, &known))
		p.up = known.down_until <= observe_now();
	return p;
}

/* Makes the list equal to the configuration; those that stay know what they knew. */
static struct probes *probes_sync(struct daemon *d, int marks)
{
	struct probes none = { 0 }, *old = d->probes ? d->probes : &none;
	struct probes *now = calloc(1, sizeof(*now));
	size_t room = 0;

	for (size_t i = 0; i < d->config->circuit_count; i++)
		room += d->config->circuits[i].link_count;
	if (now)
		now->at = calloc(room + 1, sizeof(*now->at));
	if (!now || !now->at) {
		free(now);
		return d->probes;
	}
	for (size_t i = 0; i < d->config->circuit_count; i++) {
		const struct config_circuit *c = &d->config->circuits[i];

		for (size_t k = 0; k < c->link_count; k++) {
			struct link_probe *p = &now->at[now->count];
			int number = observe_circuit_number(d->observe, c->name);

			if (!c->links[k].check.protocol || number < 0)
				continue;
			*p = probe_of(d, old, marks, &c->links[k], now->count++);
			p->circuit = (uint32_t)number;
		}
	}
	for (size_t i = 0; i < old->count; i++)
		probe_answered(&old->at[i]); /* hangs up */
	free(old->at);
	free(d->probes);
	return now;
}

static void tell(struct daemon *d, const struct link_probe *p)
{
	struct event event = { .kind = p->up ? E_PROBE_UP : E_PROBE_DOWN,
			       .family = p->check.target.family,
			       .protocol = p->check.protocol,
			       .circuit = (uint8_t)p->circuit,
			       .ifindex = p->ifindex,
			       .daddr = p->check.target.address,
			       .dport = htons(p->check.port) };
	char target[80];

	probe_target_text(p->check.protocol, &p->check.target.address, p->check.port, target,
			  sizeof(target));
	daemon_log(p->up ? LOG_NOTICE : LOG_WARNING, "probe: circuit %s, link %s, %s: %s%s",
		   observe_circuit_name(d->observe, p->circuit), p->interface, target,
		   p->up ? "up" : "down: ", p->up ? "" : p->error ? strerror(-p->error) : "no answer");
	daemon_report(d, &event);
}

static void mark(const struct link_probe *p, int marks, uint64_t now, bool changed)
{
	uint64_t memory = 3 * p->check.interval * NANOSECONDS;
	struct probe value = { .changed = now };

	if (!p->ifindex)
		return;
	if (!changed)
		bpf_map_lookup_elem(marks, &p->ifindex, &value);
	value.down_until = p->up ? 0 : now + (memory > MEMORY ? memory : MEMORY);
	bpf_map_update_elem(marks, &p->ifindex, &value, BPF_ANY);
}

static void turn(struct daemon *d, struct link_probe *p, int marks, int links)
{
	struct link_key key = { .outer = NO_TAG, .inner = NO_TAG };
	uint64_t now = observe_now();
	struct link link = { 0 };
	bool changed;

	if (now + SLACK < p->due)
		return;
	if (p->due) {
		changed = probe_count(p, probe_answered(p));
		if (changed)
			tell(d, p);
		mark(p, marks, now, changed);
	}
	p->due = now + p->check.interval * NANOSECONDS;
	p->ifindex = key.ifindex = if_nametoindex(p->interface);
	bpf_map_lookup_elem(links, &key, &link); /* none: no address, which is a failure too */
	probe_ask(p, &link);
}

/* Of links that have no check any more, or whose device came back under another number. */
static void forget_others(int marks, const struct probes *probes)
{
	uint32_t key, next, *at = NULL;

	for (int more = !bpf_map_get_next_key(marks, at, &next); more;) {
		size_t i = 0;

		key = next;
		more = !bpf_map_get_next_key(marks, &key, &next);
		while (i < probes->count && probes->at[i].ifindex != key)
			i++;
		if (i == probes->count)
			bpf_map_delete_elem(marks, &key);
	}
}

void daemon_probes(struct daemon *d)
{
	int marks = observe_map(d->observe, "probes"), links = observe_map(d->observe, "links");

	if (marks >= 0 && links >= 0 && d->config)
		d->probes = probes_sync(d, marks);
	if (marks >= 0 && links >= 0 && d->probes) {
		for (size_t i = 0; i < d->probes->count; i++)
			turn(d, &d->probes->at[i], marks, links);
		forget_others(marks, d->probes);
	}
	if (marks >= 0)
		close(marks);
	if (links >= 0)
		close(links);
}

void daemon_probes_end(struct daemon *d)
{
	for (size_t i = 0; d->probes && i < d->probes->count; i++)
		probe_answered(&d->probes->at[i]);
	if (d->probes)
		free(d->probes->at);
	free(d->probes);
}
