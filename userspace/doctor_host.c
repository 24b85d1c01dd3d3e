// SPDX-License-Identifier: GPL-2.0-only
/* The host that the gateway is: its own ports, its clock, its daemon, and what the counters tell of its
 * drivers. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <unistd.h>
#include "doctor_host.h"
#include "feed_current.h"

#define HANDED_FEW 64 /* of so many the one on its way just now does not matter */

uint32_t ports_left(const struct config_circuit *c, uint32_t low, uint32_t high)
{
	uint32_t first = c->port_min > low ? c->port_min : low,
		 last = c->port_max < high ? c->port_max : high;
	uint32_t all = c->port_max >= c->port_min ? (uint32_t)c->port_max - c->port_min + 1 : 0;

	return first <= last ? all - (last - first + 1) : all;
}

void judge_ports(struct doctor *d, const struct config_circuit *c, const char *address, uint32_t low,
		 uint32_t high)
{
	uint32_t all = ports_left(c, 1, 0), left = ports_left(c, low, high);

	if (left >= (all + 1) / 2)
		doctor_add(d, "ports", address, DOCTOR_OK, NULL,
			   "the gateway's own connections leave %u of its %u ports", left, all);
	else
		doctor_add(
			d, "ports", address, DOCTOR_WARNING,
			"sysctl -w net.ipv4.ip_local_port_range=\"32768 60999\"",
			"is the gateway's own and of the pool of %s: ports %u to %u are the gateway's, "
			"and %u of %u are left; or circuits[%s].port-range",
			c->name, low, high, left, all, c->name);
}

static void own_ports(struct doctor *d)
{
	unsigned int low = 32768, high = 60999;
	char value[64], text[PREFIX_TEXT];

	if (!kernel_sysctl_get("net/ipv4/ip_local_port_range", value, sizeof(value)))
		sscanf(value, "%u %u", &low, &high);
	for (size_t i = 0; i < d->config->circuit_count; i++) {
		const struct config_circuit *c = &d->config->circuits[i];

		for (size_t k = 0; k < c->outbound_pool.count; k++)
			for (size_t a = 0; a < d->address_count; a++)
				if (prefix_contains(&c->outbound_pool.at[k].prefix,
						    &d->addresses[a].address))
					judge_ports(d, c,
						    address_text(&d->addresses[a].address.address, text),
						    low, high);
	}
	/* it is read once, with the configuration */
	if (d->running &&
	    (d->observe->settings.local_port_min != low || d->observe->settings.local_port_max != high))
		doctor_add(
			d, "ports", "", DOCTOR_WARNING, d->again,
			"ip_local_port_range is %u to %u, and was %u to %u when the gateway was applied",
			low, high, d->observe->settings.local_port_min,
			d->observe->settings.local_port_max);
	else
		doctor_add(d, "ports", "", DOCTOR_OK, NULL, "the gateway's own are %u to %u", low, high);
}

/* The packet path counts time since the start of the machine; certificates and dates of feeds do not. */
static void clock_of(struct doctor *d)
{
	struct timex t = { 0 };
	bool remote = false;

	for (size_t i = 0; i < d->config->feed_count; i++)
		remote |= feed_is_remote(&d->config->feeds[i]);
	if (!remote)
		doctor_add(d, "clock", "", DOCTOR_OK, NULL,
			   "no feed is fetched, so nothing depends on the date");
	else if (adjtimex(&t) == TIME_ERROR || t.status & STA_UNSYNC)
		doctor_add(
			d, "clock", "", DOCTOR_WARNING, "timedatectl set-ntp true",
			"not synchronised: certificates and dates of feeds are judged by it");
	else
		doctor_add(d, "clock", "", DOCTOR_OK, NULL, "synchronised");
}

static void daemon_of(struct doctor *d)
{
	const size_t apply = strlen(d->again) - strlen("apply");
	char repair[sizeof(d->again) + 8];

	if (!d->running) {
		doctor_add(d, "daemon", "", DOCTOR_OK, NULL, "nothing is applied yet");
		return;
	}
	if (!access("/run/systemd/system", F_OK))
		snprintf(repair, sizeof(repair), "systemctl start samepath");
	else
		snprintf(repair, sizeof(repair), "%.*srun &", (int)apply, d->again);
	if (observe_daemon(d->instance->name))
		doctor_add(d, "daemon", "", DOCTOR_OK, NULL, "runs");
	else
		doctor_add(
			d, "daemon", "", DOCTOR_WARNING, repair,
			"does not run: expiry, probes, feeds and failover stand still");
}

void judge_handover(struct doctor *d, uint64_t handed, uint64_t resolved)
{
	if (handed >= HANDED_FEW && resolved < handed / 2)
		doctor_add(d, "metadata", "", DOCTOR_WARNING, NULL,
			   "of %" PRIu64 " packets left to the kernel to resolve a next hop %" PRIu64
			   " got there: a driver loses the metadata of XDP",
			   handed, resolved);
	else
		doctor_add(d, "metadata", "", DOCTOR_OK, NULL, "drivers keep the metadata of XDP");
}

static void counters_of(struct doctor *d)
{
	static struct observe_counts counts; /* large */

	if (observe_counts(d->observe, &counts))
		return;
	judge_handover(d, counts.verdict[V_RESOLVING].packets, counts.verdict[V_RESOLVED].packets);
	if (counts.verdict[V_NO_STAGE].packets)
		doctor_add(d, "stages", "", DOCTOR_FATAL, d->again,
			   "%" PRIu64 " packets found no program for what opens flows",
			   (uint64_t)counts.verdict[V_NO_STAGE].packets);
	else
		doctor_add(d, "stages", "", DOCTOR_OK, NULL, "every stage was there for every packet");
}

void doctor_host(struct doctor *d)
{
	own_ports(d);
	clock_of(d);
	daemon_of(d);
	if (d->running)
		counters_of(d);
}
