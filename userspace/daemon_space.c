// SPDX-License-Identifier: GPL-2.0-only
/*
 * Port spaces that run short are told before a flow is refused, each when it begins, and the fullest are
 * listed. The journal does not name the destination (RFC 6888 REQ-12); `show` and `event watch` do.
 */
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include "daemon.h"
#include "flow_filter.h"
#include "prefix.h"

#define SPACES_LISTED 5 /* of each circuit */

void daemon_spaces_begin(struct daemon *d)
{
	struct circuit *circuits = calloc(CIRCUITS_MAX, sizeof(*circuits));

	if (!d->sweep.spaces)
		d->sweep.spaces = calloc(1, sizeof(*d->sweep.spaces));
	if (d->sweep.spaces && circuits &&
	    !observe_read(d->observe, "circuits", d->observe->live.slot % SLOTS * CIRCUITS_MAX, CIRCUITS_MAX,
			  sizeof(*circuits), 1, circuits))
		spaces_begin(d->sweep.spaces, circuits);
	free(circuits);
}

static void tell(void *context, const struct space *s)
{
	const struct space_key *k = &s->key;
	uint64_t seconds = space_seconds(s);
	struct event event = {.kind = E_PORTS_SHORT, .circuit = k->circuit, .protocol = k->protocol,
			      .family = IN6_IS_ADDR_V4MAPPED(&k->address) ? 4 : 6, .pool = k->address,
			      .daddr = k->destination, .dport = htons(k->port),
			      .packets = {s->used, s->ports},
			      .bytes = {seconds}};
	const char *protocol = flow_protocol_text(k->protocol);
	char text[PREFIX_TEXT], soon[64] = "";
	struct daemon *d = context;

	if (seconds != UINT64_MAX)
		snprintf(soon, sizeof(soon), ", none left in %llu s", (unsigned long long)seconds);
	daemon_log(LOG_WARNING, "ports-short: circuit %s, address %s: %u of %u %s ports%s%s",
		   observe_circuit_name(d->observe, k->circuit), address_text(&k->address, text), s->used,
		   s->ports, protocol ? protocol : "other",
		   IN6_IS_ADDR_UNSPECIFIED(&k->destination) ? "" : " toward one destination", soon);
	observe_report(d->observe, &event);
}

/* A line a space: circuit, protocol, address, destination and port, ports used, that there are, growth in
 * thousandths a second, seconds left, whether it is short; "-" is none. */
static void write_line(const struct daemon *d, FILE *out, const struct space *s)
{
	const struct space_key *k = &s->key;
	uint64_t seconds = space_seconds(s);
	char address[PREFIX_TEXT], destination[PREFIX_TEXT];

	fprintf(out, "%s %u %s %s %u %u %u %lld ", observe_circuit_name(d->observe, k->circuit), k->protocol,
		address_text(&k->address, address),
		IN6_IS_ADDR_UNSPECIFIED(&k->destination) ? "-" : address_text(&k->destination, destination),
		k->port, s->used, s->ports, (long long)(s->growth * 1000));
	if (seconds == UINT64_MAX)
		fprintf(out, "- %d\n", space_short(s));
	else
		fprintf(out, "%llu %d\n", (unsigned long long)seconds, space_short(s));
}

static char *list(const struct daemon *d)
{
	size_t count = 0, size = 0;
	const struct space **fullest = spaces_fullest(d->sweep.spaces, SPACES_LISTED, &count);
	char *text = NULL;
	FILE *out = fullest ? open_memstream(&text, &size) : NULL;

	for (size_t i = 0; out && i < count; i++)
		write_line(d, out, fullest[i]);
	free(fullest);
	if (out && fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

void daemon_spaces_end(struct daemon *d)
{
	char *text;

	if (!d->sweep.spaces || !d->sweep.spaces->sweeping)
		return;
	spaces_end(d->sweep.spaces, observe_now());
	spaces_tell(d->sweep.spaces, tell, d);
	text = list(d);
	if (!text || (d->spaces_text && !strcmp(text, d->spaces_text)) ||
	    file_write(d->instance.run, SPACES_FILE, text, strlen(text))) {
		free(text);
		return;
	}
	free(d->spaces_text);
	d->spaces_text = text;
}

void daemon_spaces_free(struct daemon *d)
{
	free(d->sweep.spaces);
	free(d->spaces_text);
}
