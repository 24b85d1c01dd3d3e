// SPDX-License-Identifier: GPL-2.0-only
/* What changes between two states of a feed: sets and prefixes, and who goes another way for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define print_error cmocka_print_error /* print.h has one of its own */
#include <cmocka.h>
#undef print_error
#include "../../userspace/feed_diff.h"
#include "../../userspace/feed_effect.h"
#include "../../userspace/policy_way.h"
#include "../../userspace/print.h"
#include "../../userspace/report.h"

#define HEAD \
	"gateway: {name: t, lab: true}\n" \
	"inside:\n" \
	"  interfaces: [lan0]\n" \
	"  segments:\n" \
	"    - {name: pilot, prefixes: [10.1.20.0/24, \"2001:db8:10:20::/64\"]}\n" \
	"    - {name: campus, prefixes: [10.0.0.0/8, \"2001:db8:10::/48\"]}\n" \
	"    - {name: four, prefixes: [172.16.9.0/24]}\n" \
	"circuits:\n" \
	"  - {name: net, kind: internet, links: [{interface: w0}], outbound-pool: [203.0.113.0/28]}\n" \
	"  - {name: chicago, kind: other, table: 101, links: [{interface: e0}],\n" \
	"     outbound-pool: [203.0.113.16/28]}\n" \
	"  - {name: dallas, kind: other, table: 102, links: [{interface: e1}],\n" \
	"     outbound-pool: [203.0.113.32/28]}\n" \
	"feeds:\n" \
	"  - {name: m365, format: microsoft365, source: \"https://endpoints.example.com\"}\n" \
	"  - {name: other, format: microsoft365, source: \"https://endpoints.example.com\"}\n" \
	"classes:\n"

#define CLASSES \
	"  - {name: er, feed: m365, expressroute: true}\n" \
	"  - {name: calls, feed: m365, areas: [Skype]}\n" \
	"policy:\n" \
	"  - {from: [pilot], to: [er, calls], circuits: [chicago, dallas], otherwise: net}\n" \
	"  - {from: [campus, four], to: [any], circuits: [net], otherwise: drop}\n"

const char *option_config = "", *option_gateway; /* of main.c, which is not linked */
static struct report report;

static struct config *configured(const char *rest)
{
	char path[] = "/tmp/samepath-diff-XXXXXX";
	int fd = mkstemp(path);
	struct config *c;

	assert_true(fd >= 0);
	dprintf(fd, "%s%s", HEAD, rest);
	close(fd);
	c = config_read(path, &report);
	unlink(path);
	if (!c)
		fail_msg("line %d: %s", report.lines[0].line, report.lines[0].text);
	return c;
}

static struct feed *parsed(const char *body)
{
	const struct feed_rules rules = { .lab = true, .min4 = 8, .min6 = 16 };
	struct feed *f = feed_parse("m365", FEED_MICROSOFT365, body, strlen(body), &rules, &report);

	if (!f)
		fail_msg("%s", report.lines[0].text);
	return f;
}

#define SET(id, area, er, more) \
	"{\"id\":" #id ",\"serviceArea\":\"" area "\",\"category\":\"Allow\",\"required\":true," \
	"\"expressRoute\":" er more "}"
#define IPS(list) ",\"ips\":[" list "]"

static char *text_of_row(const struct feed_effect *e, const struct effect_row *r)
{
	const struct config *c = e->config;
	char *from = policy_way_text(r->move.class_from ? &c->classes[r->move.class_from - 1] : NULL,
				     r->move.way_from ? &c->rules[r->move.way_from - 1] : NULL);
	char *to = policy_way_text(r->move.class_to ? &c->classes[r->move.class_to - 1] : NULL,
				   r->move.way_to ? &c->rules[r->move.way_to - 1] : NULL);
	char prefix[PREFIX_TEXT], *text;

	assert_true(asprintf(&text, "%s %s => %s", prefix_text(&r->prefix, prefix), from, to) > 0);
	free(from);
	free(to);
	return text;
}

/* The rows of `effect` between two bodies; NULL-ended. */
static void effect_is(const char *rest, const char *from, const char *to, const char *const *rows)
{
	struct config *c = configured(rest);
	struct feed *a[2] = { from ? parsed(from) : NULL }, *b[2] = { to ? parsed(to) : NULL };
	struct feeds x = { a, 2 }, y = { b, 2 };
	struct feed_effect e;
	size_t i;

	assert_int_equal(feed_effect(c, &x, &y, &e), 0);
	for (i = 0; i < e.row_count && rows[i]; i++) {
		char *text = text_of_row(&e, &e.rows[i]);

		assert_string_equal(text, rows[i]);
		free(text);
	}
	assert_int_equal(i, e.row_count);
	assert_null(rows[i]);
	feed_effect_free(&e);
	feed_free(a[0]);
	feed_free(b[0]);
	config_free(c);
}

#define ER "er: chicago,dallas, otherwise net"
#define NET "any: net, otherwise drop"

static void removed_prefix_moves_to_the_internet(void **state)
{
	(void)state;
	effect_is(CLASSES,
		  "[" SET(1, "Exchange", "true", IPS("\"198.18.1.0/24\",\"198.18.2.0/24\"")) "]",
		  "[" SET(1, "Exchange", "true", IPS("\"198.18.1.0/24\"")) "]",
		  (const char *const[]){ "198.18.2.0/24 " ER " => " NET, NULL });
}

static void what_another_set_still_has_stays(void **state)
{
	(void)state;
	effect_is(CLASSES,
		  "[" SET(1, "Exchange", "true", IPS("\"198.18.2.0/24\"")) ","
		  SET(2, "Exchange", "true", IPS("\"198.18.2.0/24\"")) "]",
		  "[" SET(2, "Exchange", "true", IPS("\"198.18.2.0/24\"")) "]",
		  (const char *const[]){ NULL });
}

static void change_of_class_on_one_way_is_no_move(void **state)
{
	(void)state;
	effect_is(CLASSES, "[" SET(1, "Exchange", "true", IPS("\"198.18.2.0/24\"")) "]",
		  "[" SET(1, "Skype", "false", IPS("\"198.18.2.0/24\"")) "]",
		  (const char *const[]){ NULL });
}

static void flip_of_expressroute_moves_all_of_the_set(void **state)
{
	(void)state;
	effect_is(CLASSES,
		  "[" SET(1, "Exchange", "false", IPS("\"198.18.2.0/24\",\"2001:db8:e::/48\"")) "]",
		  "[" SET(1, "Exchange", "true", IPS("\"198.18.2.0/24\",\"2001:db8:e::/48\"")) "]",
		  (const char *const[]){ "198.18.2.0/24 " NET " => " ER,
					 "2001:db8:e::/48 " NET " => " ER, NULL });
}

static void halves_are_shown_as_one_and_holes_are_left_out(void **state)
{
	(void)state;
	/* the two halves of a /23; and a /24 less the quarter that the other class keeps */
	effect_is(CLASSES,
		  "[" SET(1, "Exchange", "true",
			  IPS("\"198.18.2.0/24\",\"198.18.3.0/24\",\"198.18.8.0/24\"")) ","
		  SET(2, "Skype", "false", IPS("\"198.18.8.64/26\"")) "]",
		  "[" SET(2, "Skype", "false", IPS("\"198.18.8.64/26\"")) "]",
		  (const char *const[]){ "198.18.2.0/23 " ER " => " NET, "198.18.8.0/26 " ER " => " NET,
					 "198.18.8.128/25 " ER " => " NET, NULL });
}

static void feed_that_was_not_at_hand_moves_all_it_brings(void **state)
{
	(void)state;
	effect_is(CLASSES, NULL, "[" SET(1, "Exchange", "true", IPS("\"198.18.2.0/24\"")) "]",
		  (const char *const[]){ "198.18.2.0/24 " NET " => " ER, NULL });
}

static void no_rule_is_a_drop(void **state)
{
	(void)state;
	effect_is("  - {name: er, feed: m365, expressroute: true}\n"
		  "policy:\n"
		  "  - {from: [pilot, campus], to: [er], circuits: [chicago], otherwise: drop}\n",
		  NULL, "[" SET(1, "Exchange", "true", IPS("\"198.18.2.0/24\"")) "]",
		  (const char *const[]){ "198.18.2.0/24 drop => er: chicago, otherwise drop", NULL });
}

static void otherwise_counts_as_the_last_circuit(void **state)
{
	const char *const body = "[" SET(1, "Exchange", "true", IPS("\"198.18.2.0/24\"")) "]";

	(void)state;
	effect_is("  - {name: er, feed: m365, expressroute: true}\n"
		  "policy:\n"
		  "  - {from: [pilot], to: [er], circuits: [chicago, net], otherwise: drop}\n"
		  "  - {from: [pilot], to: [any], circuits: [chicago], otherwise: net}\n",
		  NULL, body, (const char *const[]){ NULL });
}

static void sets_and_prefixes_that_differ(void **state)
{
	struct feed *a = parsed(
		"[" SET(1, "Exchange", "false", IPS("\"198.18.1.0/24\",\"198.18.2.0/24\"")) ","
		SET(2, "Exchange", "true", IPS("\"198.18.2.0/24\",\"198.18.5.0/24\"")) ","
		SET(4, "Common", "true", IPS("\"198.18.4.0/24\"")) "]");
	struct feed *b = parsed(
		"[" SET(4, "Common", "true", IPS("\"198.18.4.0/24\",\"198.18.5.0/24\"")) ","
		SET(2, "Exchange", "true", IPS("\"198.18.2.0/24\",\"198.18.3.0/24\"")) ","
		SET(3, "Skype", "true", ",\"udpPorts\":\"3478\"") ","
		SET(1, "Exchange", "true", IPS("\"198.18.1.0/24\"")) "]");
	struct feed_difference c;

	(void)state;
	assert_int_equal(feed_difference(a, b, &c), 0);
	/* .2.0 left set 1, .3.0 came, .5.0 went from set 2 to 4; .1.0 and .4.0 stay */
	assert_int_equal(c.prefix_count, 3);
	assert_int_equal(c.prefixes[0].from_count, 2);
	assert_int_equal(c.prefixes[0].to_count, 1);
	assert_int_equal(c.prefixes[0].to->set->id, 2);
	assert_int_equal(c.prefixes[1].from_count, 0);
	assert_int_equal(c.prefixes[2].from->set->id, 2);
	assert_int_equal(c.prefixes[2].to->set->id, 4);
	assert_int_equal(c.set_count, 4); /* the order of sets in a body says nothing */
	assert_int_equal(c.sets[0].to->id, 1);
	assert_int_equal(c.sets[0].removed, 1);
	assert_int_equal(c.sets[0].added, 0);
	assert_int_equal(c.sets[1].to->id, 2);
	assert_int_equal(c.sets[1].added, 1);
	assert_int_equal(c.sets[1].removed, 1);
	assert_null(c.sets[2].from);
	assert_int_equal(c.sets[2].to->id, 3);
	feed_difference_free(&c);
	feed_free(a);
	feed_free(b);
}

static struct flow_record flow(const char *source, const char *destination, uint32_t flags)
{
	struct flow_record r = { .family = 4, .has_reply = 1 };
	struct prefix s, d;
	const char *why;

	assert_int_equal(address_parse(source, &s, &why), 0);
	assert_int_equal(address_parse(destination, &d, &why), 0);
	r.key = (struct flow_key6){ .saddr = s.address, .daddr = d.address, .protocol = IPPROTO_UDP };
	r.forward.flags = flags;
	r.forward.last = 1000;
	return r;
}

static void live_flows_from_inside_are_counted_where_they_would_move(void **state)
{
	static const struct {
		const char *source, *destination;
		uint32_t flags;
		uint64_t now;
		bool counts;
	} rows[] = {
		{ "10.1.20.7", "198.18.2.9", FLOW_TO_CIRCUIT, 1000, true },
		{ "10.1.20.8", "198.18.2.255", FLOW_TO_CIRCUIT | FLOW_HALF_OPEN, 1050, true },
		{ "10.1.20.7", "198.18.2.9", FLOW_TO_CIRCUIT, 1101, false }, /* dead */
		{ "10.1.20.7", "198.18.2.9", FLOW_TO_CIRCUIT | FLOW_KILLED, 1000, false },
		{ "10.2.0.7", "198.18.2.9", FLOW_TO_CIRCUIT, 1000, false }, /* campus stays */
		{ "10.1.20.7", "198.18.3.0", FLOW_TO_CIRCUIT, 1000, false },
		{ "10.1.20.7", "198.18.2.9", FLOW_FROM_CIRCUIT | FLOW_OPENED_OUTSIDE, 1000, false },
		{ "10.1.20.7", "198.18.2.9", 0, 1000, false }, /* a hairpin */
	};
	struct config *c = configured(CLASSES);
	struct feed *none[2] = { 0 };
	struct feed *b[2] = { parsed("[" SET(1, "Exchange", "true", IPS("\"198.18.2.0/24\"")) "]") };
	struct feeds x = { none, 2 }, y = { b, 2 };
	struct settings s = { .timeout = { [STATE_UDP] = 100 } };
	struct feed_effect e;

	(void)state;
	assert_int_equal(feed_effect(c, &x, &y, &e), 0);
	assert_int_equal(e.row_count, 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct flow_record r = flow(rows[i].source, rows[i].destination, rows[i].flags);

		e.rows[0].flows = 0;
		feed_effect_count(&e, &r, &s, rows[i].now);
		assert_int_equal(e.rows[0].flows, rows[i].counts);
	}
	feed_effect_free(&e);
	feed_free(b[0]);
	config_free(c);
}

/* What is printed, in one string. */
static char *printed(const struct config *c, struct feed *a, struct feed *b)
{
	struct feed *of_a[2] = { a }, *of_b[2] = { b };
	struct feeds x = { of_a, 2 }, y = { of_b, 2 };
	FILE *out = stdout;
	char *text;
	size_t size;

	stdout = open_memstream(&text, &size);
	assert_int_equal(feed_diff(c, &x, &y, "m365", "old", "new", NULL), EXIT_DONE);
	fclose(stdout);
	stdout = out;
	return text;
}

static void printed_rows_name_sets_attributes_and_ways(void **state)
{
	struct config *c = configured(CLASSES);
	struct feed *a = parsed("[" SET(1, "Exchange", "false", IPS("\"198.18.1.0/24\"")) "]");
	struct feed *b = parsed("[" SET(1, "Exchange", "true", IPS("\"198.18.1.0/24\"")) "]");
	char *text = printed(c, a, b);

	(void)state;
	assert_non_null(strstr(text, "expressroute: false -> true"));
	assert_non_null(strstr(text, "  198.18.1.0/24  pilot+campus  any: net, otherwise drop  " ER));
	assert_non_null(strstr(text, "live flows stay on their circuit"));
	free(text);
	text = printed(c, b, b);
	assert_non_null(strstr(text, "nothing differs"));
	free(text);
	print_json = true;
	text = printed(c, a, b);
	print_json = false;
	assert_non_null(strstr(text, "\"segments\": [\"pilot+campus\"]"));
	assert_non_null(strstr(text, "\"flows\": null"));
	free(text);
	feed_free(a);
	feed_free(b);
	config_free(c);
}

/*
 * Against a model that knows nothing of tries: an address is in a class when some prefix of it
 * contains the address; the first rule whose lists name a segment and a class of it wins.
 */
static uint64_t seed;

static uint32_t chance(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

static char *random_body(void)
{
	static const char *const areas[] = { "Exchange", "Skype", "Common" };
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fputc('[', f);
	for (int id = 1; id <= 4; id++) {
		unsigned int n = chance(5);

		fprintf(f, "%s{\"id\":%d,\"serviceArea\":\"%s\",\"category\":\"%s\",\"required\":true,"
			   "\"expressRoute\":%s",
			id > 1 ? "," : "", id, areas[chance(3)], chance(2) ? "Allow" : "Default",
			chance(2) ? "true" : "false");
		for (unsigned int i = 0; i < n; i++) {
			unsigned int length = chance(9), host = chance(256) & (0xff00u >> length) & 0xff;
			bool six = chance(2);

			fprintf(f, six ? "%s\"2001:db8::%x/%u\"" : "%s\"198.18.0.%u/%u\"",
				i ? "," : ",\"ips\":[", host, six ? 120 + length : 24 + length);
		}
		fputs(n ? "]}" : "}", f);
	}
	fputc(']', f);
	fclose(f);
	return text;
}

static char *random_rules(void)
{
	static const char *const segments[] = { "pilot", "campus", "four", "pilot, four" };
	static const char *const to[] = { "er", "calls", "allow, er", "calls, allow", "any", "lit" };
	static const char *const circuits[] = { "chicago", "dallas, net", "chicago, net", "net" };
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fputs("  - {name: er, feed: m365, expressroute: true}\n"
	      "  - {name: calls, feed: m365, areas: [Skype]}\n"
	      "  - {name: allow, feed: m365, categories: [Allow], ids: [1, 2]}\n"
	      "  - {name: lit, prefixes: [198.18.0.32/27, \"2001:db8::40/122\"]}\n"
	      "policy:\n", f);
	for (unsigned int i = 0, n = 1 + chance(5); i < n; i++)
		fprintf(f, "  - {from: [%s], to: [%s], circuits: [%s], otherwise: %s}\n",
			segments[chance(4)], to[chance(6)], circuits[chance(4)],
			chance(2) ? "drop" : "net");
	fclose(f);
	return text;
}

static bool class_has(const struct config *c, const struct feeds *feeds, const struct config_class *k,
		      const struct prefix *host)
{
	const struct feed *feed = class_feed(c, feeds, k);

	for (size_t i = 0; i < k->prefixes.count; i++)
		if (prefix_contains(&k->prefixes.at[i].prefix, host))
			return true;
	for (size_t i = 0; feed && i < feed->set_count; i++)
		for (size_t n = 0; n < feed->sets[i].prefix_count; n++)
			if (class_takes_set(k, &feed->sets[i]) &&
			    prefix_contains(&feed->sets[i].prefixes[n], host))
				return true;
	return false;
}

static bool segment_has(const struct config_segment *s, const struct prefix *host)
{
	for (size_t i = 0; i < s->prefixes.count; i++)
		if (prefix_contains(&s->prefixes.at[i].prefix, host))
			return true;
	return false;
}

static bool rule_has(const struct config *c, const struct feeds *feeds, const struct config_rule *u,
		     const struct prefix *source, const struct prefix *destination,
		     const struct config_class **class)
{
	bool from = false;

	for (size_t i = 0; i < u->from.count; i++)
		from |= segment_has(config_segment(c, u->from.at[i].text), source);
	*class = NULL;
	for (size_t i = 0; from && i < u->to.count; i++) {
		*class = config_class(c, u->to.at[i].text);
		if (!*class || class_has(c, feeds, *class, destination))
			return true;
	}
	return false;
}

/* The way of the model, as text, and its circuits "a b ". */
static char *model_way(const struct config *c, const struct feeds *feeds, const struct prefix *source,
		       const struct prefix *destination, char *list)
{
	const struct config_class *class;

	list[0] = '\0';
	for (size_t r = 0; r < c->rule_count; r++) {
		const struct config_rule *u = &c->rules[r];

		if (!rule_has(c, feeds, u, source, destination, &class))
			continue;
		for (size_t i = 0; i < u->circuits.count; i++)
			strcat(strcat(list, u->circuits.at[i].text), " ");
		if (strcmp(u->otherwise.text, "drop"))
			strcat(strcat(list, u->otherwise.text), " ");
		return policy_way_text(class, u);
	}
	return policy_way_text(NULL, NULL);
}

/* The text of a way stands for its circuits: "a, otherwise b" and "a,b, otherwise drop" are one way. */
static void same_circuits(const struct feed_effect *e, uint16_t class, uint16_t way, const char *model,
			  const char *list)
{
	const struct config_rule *u = way ? &e->config->rules[way - 1] : NULL;
	char have[64] = "";
	const char *colon = strchr(model, ':');

	for (size_t i = 0; u && i < policy_way_count(u); i++)
		strcat(strcat(have, policy_way_at(u, i)), " ");
	assert_string_equal(have, list);
	assert_int_equal(colon != NULL, u != NULL);
	if (colon)
		assert_int_equal(strncmp(model, class ? e->config->classes[class - 1].name : "any",
					 (size_t)(colon - model)), 0);
}

static void one_pair(const struct feed_effect *e, const struct feeds *x, const struct feeds *y,
		     const char *source, const struct prefix *destination)
{
	const struct config *c = e->config;
	const struct effect_row *row;
	char before[64], after[64], *from, *to;
	struct prefix s;
	const char *why;

	assert_int_equal(address_parse(source, &s, &why), 0);
	from = model_way(c, x, &s, destination, before);
	to = model_way(c, y, &s, destination, after);
	row = feed_effect_row(e, &s.address, &destination->address);
	assert_int_equal(row != NULL, strcmp(before, after) != 0);
	if (row) {
		assert_true(prefix_contains(&row->prefix, destination));
		same_circuits(e, row->move.class_from, row->move.way_from, from, before);
		same_circuits(e, row->move.class_to, row->move.way_to, to, after);
	}
	free(from);
	free(to);
}

/* Sorted, without overlap; and nothing that could be shown as one is shown as two. */
static void rows_are_tidy(const struct feed_effect *e)
{
	for (size_t i = 1; i < e->row_count; i++) {
		const struct effect_row *a = &e->rows[i - 1], *b = &e->rows[i];
		struct prefix two[2];

		if (prefix_equal(&a->prefix, &b->prefix)) {
			assert_ptr_equal(a->shift, b->shift);
			assert_false(effect_same(&a->move, &b->move));
			continue;
		}
		assert_true(prefix_compare(&a->prefix, &b->prefix) < 0);
		assert_false(prefix_overlaps(&a->prefix, &b->prefix));
		two[0] = a->prefix;
		two[1] = b->prefix;
		assert_true(a->shift != b->shift || prefixes_aggregate(two, 2) == 2);
	}
}

static size_t rows_seen;

static void one_round(void)
{
	char *rules = random_rules(), *old = random_body(), *new = random_body();
	struct config *c = configured(rules);
	struct feed *a[2] = { parsed(old) }, *b[2] = { parsed(new) };
	struct feeds x = { a, 2 }, y = { b, 2 };
	struct feed_effect e;

	assert_int_equal(feed_effect(c, &x, &y, &e), 0);
	for (unsigned int i = 0; i < 256; i++) {
		struct prefix four = { .family = 4, .length = 32 }, six = { .family = 6, .length = 128 };

		four.address.s6_addr[10] = four.address.s6_addr[11] = 0xff;
		memcpy(four.address.s6_addr + 12, (uint8_t[]){ 198, 18, 0, (uint8_t)i }, 4);
		memcpy(six.address.s6_addr, (uint8_t[]){ 0x20, 0x01, 0x0d, 0xb8 }, 4);
		six.address.s6_addr[15] = (uint8_t)i;
		one_pair(&e, &x, &y, "10.1.20.7", &four);
		one_pair(&e, &x, &y, "10.2.0.7", &four);
		one_pair(&e, &x, &y, "172.16.9.1", &four);
		one_pair(&e, &x, &y, "192.168.0.1", &four); /* of no segment */
		one_pair(&e, &x, &y, "2001:db8:10:20::7", &six);
		one_pair(&e, &x, &y, "2001:db8:10::7", &six);
	}
	rows_are_tidy(&e);
	rows_seen += e.row_count;
	feed_effect_free(&e);
	feed_free(a[0]);
	feed_free(b[0]);
	config_free(c);
	free(rules);
	free(old);
	free(new);
}

static void effect_equals_the_naive_model(void **state)
{
	(void)state;
	for (seed = 1; seed <= 60; seed++) {
		uint64_t round = seed;

		one_round();
		seed = round;
	}
	assert_true(rows_seen > 100); /* else the rounds had nothing to compare */
}

#define CAPTURE(version) "../shared/feed/endpoints-worldwide-v" version ".json"

static void captures_name_the_one_prefix_that_left(void **state)
{
	const struct feed_rules rules = { .min4 = 8, .min6 = 16 };
	static const int left[] = { 1, 2, 5, 6 };
	struct feed *a[2] = { 0 }, *b[2] = { 0 };
	struct feeds x = { a, 2 }, y = { b, 2 };
	struct feed_difference changes;
	struct feed_effect e;
	struct config *c;
	char text[PREFIX_TEXT];

	(void)state;
	if (access(CAPTURE("2020070800"), R_OK) || access(CAPTURE("2020080600"), R_OK))
		skip();
	c = configured(CLASSES);
	a[0] = feed_read("m365", FEED_MICROSOFT365, CAPTURE("2020070800"), &rules, &report);
	b[0] = feed_read("m365", FEED_MICROSOFT365, CAPTURE("2020080600"), &rules, &report);
	assert_non_null(a[0]);
	assert_non_null(b[0]);
	assert_int_equal(feed_difference(a[0], b[0], &changes), 0);
	assert_int_equal(changes.prefix_count, 1);
	assert_string_equal(prefix_text(&changes.prefixes[0].prefix, text), "191.234.140.0/22");
	assert_int_equal(changes.prefixes[0].from_count, 4);
	assert_int_equal(changes.prefixes[0].to_count, 0);
	assert_int_equal(changes.set_count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(changes.prefixes[0].from[i].set->id, left[i]);
		assert_int_equal(changes.sets[i].from->id, left[i]);
		assert_int_equal(changes.sets[i].removed, 1);
	}
	assert_int_equal(feed_effect(c, &x, &y, &e), 0);
	assert_int_equal(e.row_count, 1);
	assert_string_equal(prefix_text(&e.rows[0].prefix, text), "191.234.140.0/22");
	feed_effect_free(&e);
	feed_difference_free(&changes);
	feed_free(a[0]);
	feed_free(b[0]);
	config_free(c);
}

static int teardown(void **state)
{
	(void)state;
	report_free(&report);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(removed_prefix_moves_to_the_internet),
		cmocka_unit_test(what_another_set_still_has_stays),
		cmocka_unit_test(change_of_class_on_one_way_is_no_move),
		cmocka_unit_test(flip_of_expressroute_moves_all_of_the_set),
		cmocka_unit_test(halves_are_shown_as_one_and_holes_are_left_out),
		cmocka_unit_test(feed_that_was_not_at_hand_moves_all_it_brings),
		cmocka_unit_test(no_rule_is_a_drop),
		cmocka_unit_test(otherwise_counts_as_the_last_circuit),
		cmocka_unit_test(sets_and_prefixes_that_differ),
		cmocka_unit_test(live_flows_from_inside_are_counted_where_they_would_move),
		cmocka_unit_test(printed_rows_name_sets_attributes_and_ways),
		cmocka_unit_test(effect_equals_the_naive_model),
		cmocka_unit_test(captures_name_the_one_prefix_that_left),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
