// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probes of links and servers, once a second: what is due is judged and asked again. The data
 * plane reads the result in `probes` and `server_health`; a restarted daemon reads there what the
 * last one knew, so that it does not begin by trusting what is dead.
 *
 * There may be many servers, so their sockets are bounded: an answer gives its socket back in the
 * next round, and who finds none free waits at the head of the table for the next. He is asked less
 * often then, and is not taken to be silent while nobody asks.
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "daemon_probe.h"

#define SLACK (NANOSECONDS / 2) /* rounds come a little late, never early */
/* A mark outlives its daemon by this, long enough for a restart, or by three questions. */
#define MEMORY (60 * NANOSECONDS)
#define SERVERS_AT_ONCE 256 /* sockets; links are few, and need none of these */

static bool same_check(const struct config_check *a, const struct config_check *b)
{
	return a->protocol == b->protocol && a->port == b->port &&
	       prefix_equal(&a->target, &b->target) && a->interval == b->interval &&
	       a->rise == b->rise && a->fall == b->fall;
}

static int order(const void *a, const void *b)
{
	const struct prober *p = a, *q = b;

	if (p->service != q->service)
		return p->service < q->service ? -1 : 1;
	return p->service ? prefix_compare(&p->check.target, &q->check.target) :
			    strcmp(p->interface, q->interface);
}

struct prober *probes_find(const struct probes *probes, const struct prober *like)
{
	return probes->count ? bsearch(like, probes->at, probes->count, sizeof(*like), order) : NULL;
}

struct probe probe_mark(const struct prober *p, uint64_t now)
{
	uint64_t memory = 3 * p->check.interval * NANOSECONDS;

	return (struct probe){ .changed = p->changed,
			       .down_until = p->up ? 0 : now + (memory > MEMORY ? memory : MEMORY) };
}

uint16_t probe_identifier(const struct daemon *d, size_t place)
{
	const struct settings *s = &d->observe->settings;
	size_t ports = s->local_port_max > s->local_port_min ?
			       (size_t)s->local_port_max - s->local_port_min + 1 : 1;

	return (uint16_t)(s->local_port_min + place % ports);
}

/* It is up until its target has failed to answer, unless the last daemon knew better. */
static void add_link(struct daemon *d, struct probes *to, const struct config_link *l,
		     uint32_t circuit, const struct probe_maps *maps)
{
	struct prober *p = &to->at[to->count];
	struct probe known = { 0 };

	*p = (struct prober){ .check = l->check, .circuit = circuit, .fd = -1,
			      .identifier = probe_identifier(d, to->count++) };
	snprintf(p->interface, sizeof(p->interface), "%.15s", l->interface);
	p->ifindex = if_nametoindex(p->interface);
	bpf_map_lookup_elem(maps->probes, &p->ifindex, &known);
	p->up = known.down_until <= observe_now();
	p->changed = known.changed;
}

static void links_add(struct daemon *d, struct probes *to, const struct probe_maps *maps)
{
	for (size_t i = 0; i < d->config->circuit_count; i++) {
		const struct config_circuit *c = &d->config->circuits[i];
		int number = observe_circuit_number(d->observe, c->name);

		for (size_t k = 0; number >= 0 && k < c->link_count; k++)
			if (c->links[k].check.protocol)
				add_link(d, to, &c->links[k], (uint32_t)number, maps);
	}
}

/* What the old table knew of the same check, the question on its way included. */
static void take_over(struct probes *old, struct prober *p)
{
	struct prober *known = old ? probes_find(old, p) : NULL;
	uint32_t circuit = p->circuit;

	if (!known || !same_check(&known->check, &p->check))
		return;
	*p = *known;
	p->circuit = circuit;
	known->fd = -1;
}

static void probes_free(struct probes *probes)
{
	for (size_t i = 0; probes && i < probes->count; i++)
		probe_answered(&probes->at[i]); /* hangs up */
	if (probes)
		free(probes->at);
	free(probes);
}

static size_t room_for(const struct config *c)
{
	size_t room = 1;

	for (size_t i = 0; i < c->circuit_count; i++)
		room += c->circuits[i].link_count;
	for (size_t i = 0; i < c->service_count; i++)
		room += c->services[i].servers.count;
	return room;
}

/* Makes the table equal to the configuration, when that is another one. */
static struct probes *probes_sync(struct daemon *d, const struct probe_maps *maps)
{
	struct probes *now;

	if (d->probes && d->probes->readings == d->readings)
		return d->probes;
	now = calloc(1, sizeof(*now));
	if (now)
		now->at = calloc(room_for(d->config), sizeof(*now->at));
	if (!now || !now->at) {
		free(now);
		return d->probes;
	}
	now->readings = d->readings;
	links_add(d, now, maps);
	servers_add(d, now, maps);
	qsort(now->at, now->count, sizeof(*now->at), order);
	for (size_t i = 0; i < now->count; i++)
		take_over(d->probes, &now->at[i]);
	probes_free(d->probes);
	return now;
}

static void link_tell(struct daemon *d, const struct prober *p)
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
	observe_report(d->observe, &event);
}

static void link_write(const struct prober *p, int marks, uint64_t now)
{
	struct probe mark = probe_mark(p, now);

	if (p->ifindex)
		bpf_map_update_elem(marks, &p->ifindex, &mark, BPF_ANY);
}

static void link_ask(struct prober *p, int links)
{
	struct link_key key = { .outer = NO_TAG, .inner = NO_TAG };
	struct link link = { 0 };

	p->ifindex = key.ifindex = if_nametoindex(p->interface);
	bpf_map_lookup_elem(links, &key, &link); /* none: no address, which is a failure too */
	probe_ask(p, &link);
}

/* The outcome of the question on its way, when its time is over. */
static void judge(struct daemon *d, struct prober *p, int marks, uint64_t now)
{
	bool changed;

	probe_listen(p);
	if (!p->asked || now + SLACK < p->due)
		return;
	p->asked = false;
	changed = probe_count(p, probe_answered(p));
	if (changed || !p->changed)
		p->changed = now;
	if (changed && p->service)
		server_tell(d, p);
	else if (changed)
		link_tell(d, p);
	if (!p->service)
		link_write(p, marks, now);
}

static void ask(struct daemon *d, struct prober *p, const struct probe_maps *maps, uint64_t now)
{
	p->due = now + p->check.interval * NANOSECONDS;
	p->asked = true;
	if (p->service)
		server_ask(d, p, maps);
	else
		link_ask(p, maps->links);
}

static bool holds_socket(const struct prober *p)
{
	return p->service && p->fd >= 0;
}

static void tell_crowd(size_t count)
{
	static bool told;

	if (!told)
		daemon_log(LOG_WARNING, "probes: %zu are more than can be asked in time", count);
	told = true;
}

static void take_turns(struct daemon *d, const struct probe_maps *maps)
{
	struct probes *all = d->probes;
	uint64_t now = observe_now();
	size_t sockets = 0, first = all->next, waiting = 0;

	/* All give back what they can before anybody takes, or who waits would wait for ever. */
	for (size_t i = 0; i < all->count; i++) {
		judge(d, &all->at[i], maps->probes, now);
		sockets += holds_socket(&all->at[i]);
	}
	for (size_t i = 0; i < all->count; i++) {
		struct prober *p = &all->at[(first + i) % all->count];

		if (p->asked)
			continue;
		if (!p->service || sockets < SERVERS_AT_ONCE)
			ask(d, p, maps, now);
		else if (!waiting++)
			all->next = (first + i) % all->count;
		sockets += holds_socket(p);
	}
	if (waiting)
		tell_crowd(all->count);
}

/* Of links that have no check any more, or whose device came back under another number. */
static void forget_others(int marks, const struct probes *probes)
{
	uint32_t key, next, *at = NULL;

	for (int more = !bpf_map_get_next_key(marks, at, &next); more;) {
		size_t i = 0;

		key = next;
		more = !bpf_map_get_next_key(marks, &key, &next);
		while (i < probes->count && (probes->at[i].service || probes->at[i].ifindex != key))
			i++;
		if (i == probes->count)
			bpf_map_delete_elem(marks, &key);
	}
}

void daemon_probes(struct daemon *d)
{
	struct probe_maps maps = { observe_map(d->observe, "probes"), observe_map(d->observe, "links"),
				   observe_map(d->observe, "services"),
				   observe_map(d->observe, "server_health") };
	const int fds[] = { maps.probes, maps.links, maps.services, maps.server_health };
	bool open = true;

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		open &= fds[i] >= 0;
	if (open && d->config)
		d->probes = probes_sync(d, &maps);
	if (open && d->probes) {
		take_turns(d, &maps);
		forget_others(maps.probes, d->probes);
		servers_write(d, &maps);
	}
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

void daemon_probes_end(struct daemon *d)
{
	probes_free(d->probes);
	d->probes = NULL;
}
