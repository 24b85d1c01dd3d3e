// SPDX-License-Identifier: GPL-2.0-only
/* The trail of an explanation in words; numbers become names by the configuration that is applied. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "explain.h"
#include "feed_sync.h"
#include "flow_filter.h"
#include "observe.h"
#include "policy.h"
#include "prefix.h"
#include "print.h"
#include "report.h"

#define LIST_MAX 64

static const struct verdict_words {
	const char *name, *fate, *text;
} verdict_words[] = {
#define WORDS(name, fate, text) { #name, #fate, text },
	VERDICTS(WORDS)
#undef WORDS
};

static const char *fate_text(const char *fate)
{
	return !strcmp(fate, "FORWARD") ? "forwarded" : !strcmp(fate, "PASS") ? "left to the kernel" :
	       !strcmp(fate, "ANSWER") ? "answered" : "dropped";
}

static const char *role_text(const struct observe *o, const struct trail *t, char *buffer, size_t size)
{
	switch (t->role.kind) {
	case ROLE_INSIDE:
		return "inside";
	case ROLE_LINK:
		snprintf(buffer, size, "link of %s", observe_circuit_name(o, t->role.circuit));
		return buffer;
	case ROLE_TRUNK:
		return "trunk";
	}
	return "none";
}

/* A value that is a list: a table of one column under -j would say less. */
static void print_names(const char *name, const char *const *names, size_t count)
{
	char line[1024] = "";
	size_t used = 0;

	for (size_t i = 0; i < count && used < sizeof(line); i++)
		used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s", i ? "," : "", names[i]);
	print_value_text(name, count ? line : "none");
}

static void print_segments(const struct policy *p, const struct trail *t)
{
	const char *names[LIST_MAX];
	size_t count = 0;

	for (size_t i = 0; i < p->config->segment_count && count < LIST_MAX; i++)
		if (set_has(&p->sources, t->segments, (uint32_t)i))
			names[count++] = p->config->segments[i].name;
	print_names("segments", names, count);
}

static void print_classes(const struct policy *p, const struct trail *t)
{
	const char *names[LIST_MAX];
	size_t count = 0;

	for (size_t i = 0; i < p->config->class_count && count < LIST_MAX - 1; i++)
		if (set_has(&p->destinations, t->classes, (uint32_t)i))
			names[count++] = p->config->classes[i].name;
	names[count++] = "any";
	print_names("classes", names, count);
}

static void rule_text(const struct config_rule *r, char *line, size_t size)
{
	size_t used = (size_t)snprintf(line, size, "from");

	for (size_t i = 0; i < r->from.count && used < size; i++)
		used += (size_t)snprintf(line + used, size - used, "%s%s", i ? "," : " ", r->from.at[i].text);
	for (size_t i = 0; i < r->to.count && used < size; i++)
		used += (size_t)snprintf(line + used, size - used, "%s%s", i ? "," : " to ", r->to.at[i].text);
	for (size_t i = 0; i < r->circuits.count && used < size; i++)
		used += (size_t)snprintf(line + used, size - used, "%s%s", i ? "," : ": ", r->circuits.at[i].text);
	if (used < size)
		snprintf(line + used, size - used, ", otherwise %s%s%s", r->otherwise.text,
			 r->translate ? "" : ", not translated", r->spread_by_host ? ", spread by host" : "");
}

static void print_rule(const struct config_rule *rule, uint32_t number)
{
	char line[512];

	if (!rule) {
		print_value_text("rule", "none");
		return;
	}
	print_value_number("rule-number", number);
	print_value_number("rule-line", (uint64_t)rule->line);
	rule_text(rule, line, sizeof(line));
	print_value_text("rule", line);
}

/* The endpoint sets of feeds that the destination stands in, whatever class selects them. */
static void print_endpoint_sets(const struct feeds *feeds, const struct in6_addr *destination, uint8_t family)
{
	static const char *const columns[] = { "feed", "endpoint-set", "prefix", "area", "category", "expressroute",
					       "tcp-ports", "udp-ports", NULL };
	struct prefix host = { .address = *destination, .family = family, .length = family == 4 ? 32 : 128 };
	char label[FEED_LABEL], text[PREFIX_TEXT];

	print_table_begin("endpoint-sets", columns);
	for (size_t f = 0; f < feeds->count; f++) {
		struct feed_entry *entries = NULL;
		size_t count = 0;

		if (!feeds->at[f] || feed_entries(feeds->at[f], &entries, &count))
			continue;
		for (size_t i = 0; i < count; i++) {
			const struct feed_set *s = entries[i].set;

			if (!prefix_contains(&entries[i].prefix, &host))
				continue;
			feed_set_label(s, label, sizeof(label));
			print_cell_text(feeds->at[f]->name);
			print_cell_text(label);
			print_cell_text(prefix_text(&entries[i].prefix, text));
			print_cell_text(s->area);
			print_cell_text(feed_category_text(s->category));
			print_cell_text(s->expressroute ? "true" : "false");
			print_cell_text(s->tcp_ports);
			print_cell_text(s->udp_ports);
			print_row_end();
		}
		free(entries);
	}
	print_table_end();
}

static const char *fib_text(uint32_t answer)
{
	switch (answer) {
	case BPF_FIB_LKUP_RET_BLACKHOLE:
		return "the route is a blackhole";
	case BPF_FIB_LKUP_RET_UNREACHABLE:
		return "the route says unreachable";
	case BPF_FIB_LKUP_RET_PROHIBIT:
		return "the route says prohibited";
	case BPF_FIB_LKUP_RET_NOT_FWDED:
		return "no route from the pool address, or the destination is local";
	case BPF_FIB_LKUP_RET_FWD_DISABLED:
		return "forwarding is off on the device it came in on";
	}
	return "the kernel does not route it";
}

static const char *why_text(const struct trail_try *tried, char *buffer, size_t size)
{
	char device[IF_NAMESIZE];

	switch (tried->why) {
	case WHY_RETIRING:
		return "it retires";
	case WHY_DRAINED:
		return "it is drained";
	case WHY_NOT_ROUTED:
		return fib_text(tried->detail);
	case WHY_ELSEWHERE:
		snprintf(buffer, size, "its route leaves by %s, which is no link of it",
			 if_indextoname(tried->detail, device) ? device : "a device that is gone");
		return buffer;
	case WHY_NOT_WORKING:
		snprintf(buffer, size, "%s is down, by its probe or its neighbour",
			 if_indextoname(tried->detail, device) ? device : "its link");
		return buffer;
	}
	return tried->verdict == V_MAX ? "usable" : tried->verdict < V_MAX ? verdict_words[tried->verdict].text : "?";
}

/* A circuit of the rule that comes behind the one that is usable. */
static void print_untried(const struct observe *o, const struct trail *t, const char *name)
{
	int number = observe_circuit_number(o, name);

	for (uint32_t i = 0; i < t->tries && i < RULE_CIRCUITS; i++)
		if ((int)t->tried[i].circuit == number)
			return;
	print_cell_text(name);
	print_cell_text("no");
	print_cell_text("not asked, for one before it is usable");
	print_row_end();
}

static void print_tries(const struct observe *o, const struct trail *t, const struct config_rule *rule)
{
	static const char *const columns[] = { "circuit", "taken", "why", NULL };
	char why[128];

	print_table_begin("circuits", columns);
	for (uint32_t i = 0; i < t->tries && i < RULE_CIRCUITS; i++) {
		print_cell_text(observe_circuit_name(o, t->tried[i].circuit));
		print_cell_text(t->tried[i].verdict == V_MAX ? "yes" : "no");
		print_cell_text(why_text(&t->tried[i], why, sizeof(why)));
		print_row_end();
	}
	for (size_t i = 0; rule && i < rule->circuits.count; i++)
		print_untried(o, t, rule->circuits.at[i].text);
	if (rule && strcmp(rule->otherwise.text, "drop"))
		print_untried(o, t, rule->otherwise.text);
	print_table_end();
}

static void print_policy(const struct observe *o, const struct explain_request *q, const struct trail *t)
{
	struct feed_gateway g;
	struct report report = { 0 };
	const struct config_rule *rule = NULL;
	struct feeds feeds = { 0 };
	struct policy p;

	if (!feed_gateway_applied(&g, o->name))
		return;
	if (t->rule && t->rule <= g.config->rule_count)
		rule = &g.config->rules[t->rule - 1];
	if (feeds_applied(g.config, o->name, &feeds, &report) && !policy_compile(g.config, &feeds, &p)) {
		print_segments(&p, t);
		print_classes(&p, t);
		print_rule(rule, t->rule);
		print_endpoint_sets(&feeds, &q->packet.daddr, q->packet.family);
		policy_free(&p);
	}
	print_tries(o, t, rule);
	feeds_free(&feeds);
	report_free(&report);
	feed_gateway_close(&g);
}

/* Is the way that was found last that of the packet, and not one that was refused? */
static bool way_counts(const struct trail *t)
{
	switch (t->verdict) {
	case V_NO_CIRCUIT:
	case V_CIRCUIT_UNUSABLE:
	case V_NO_POOL_OF_FAMILY:
	case V_OTHER_PROTOCOL:
	case V_NO_FORWARDING:
	case V_NO_ROUTE:
	case V_FLOW_ENDING:
		return false;
	}
	return t->flags & TRAIL_WAY;
}

/* Why a flow cannot leave by the circuit that it is pinned to. */
static void print_unusable(const struct trail *t)
{
	const struct trail_try pinned = { .verdict = t->verdict, .why = t->why, .detail = t->detail };
	char why[128];

	if (t->verdict == V_CIRCUIT_UNUSABLE && t->why != WHY_NONE)
		print_value_text("unusable-for", why_text(&pinned, why, sizeof(why)));
}

static void print_way(const struct trail *t)
{
	char text[PREFIX_TEXT], device[IF_NAMESIZE], mac[24];
	bool known;

	if (!way_counts(t))
		return;
	print_value_text("next-hop", address_text(&t->next_hop, text));
	print_value_text("device", if_indextoname(t->oif, device) ? device : "gone");
	for (int i = 0; i < TAGS_MAX && t->tags[i]; i++)
		print_value_number(i ? "inner-vlan" : "vlan", t->tags[i] & TAG_ID);
	print_value_number("mtu", t->mtu);
	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", t->dmac[0], t->dmac[1], t->dmac[2], t->dmac[3],
		 t->dmac[4], t->dmac[5]);
	/* a driver without native XDP gets its frames by the kernel, which knows the neighbour as well */
	known = t->resolved || memcmp(t->dmac, (uint8_t[6]){ 0 }, sizeof(t->dmac));
	print_value_text("neighbour", known ? mac : "not known yet, the kernel would resolve it");
}

static void print_verdict(const struct trail *t)
{
	const struct verdict_words *w = t->verdict < V_MAX ? &verdict_words[t->verdict] : NULL;
	char answer[32];

	print_value_text("verdict", w ? w->name : "?");
	print_value_text("outcome", w ? fate_text(w->fate) : "?");
	print_value_text("means", w ? w->text : "?");
	if (!t->answer_type)
		return;
	snprintf(answer, sizeof(answer), "icmp type %u code %u", t->answer_type, t->answer_code);
	print_value_text("sender-hears", answer);
}

/* For a program: the very bytes, to be sent by other means. */
static void print_frame(const uint8_t *frame, size_t size)
{
	char *hex = print_json ? malloc(2 * size + 1) : NULL;

	for (size_t i = 0; hex && i < size; i++)
		snprintf(hex + 2 * i, 3, "%02x", frame[i]);
	if (hex)
		print_value_text("frame", hex);
	free(hex);
}

void explain_print(const struct observe *o, const struct explain_request *q, const struct observe_link *on,
		   const struct trail *t, const struct half *peer, const uint8_t *frame, size_t size)
{
	char text[512];

	print_begin();
	print_value_text("packet", explain_text(q, text, sizeof(text)));
	print_value_text("arrives-on", on->interface);
	print_value_text("role", role_text(o, t, text, sizeof(text)));
	if (t->flags & TRAIL_POLICY)
		print_policy(o, q, t);
	if (t->service)
		print_value_text("published", observe_service_name(o, t->service));
	explain_print_flow(o, q, t, peer);
	print_unusable(t);
	print_way(t);
	print_verdict(t);
	print_frame(frame, size);
	print_end();
}
