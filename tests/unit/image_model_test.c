// SPDX-License-Identifier: GPL-2.0-only
/*
 * The image against a naive model: for random configurations and addresses, longest match and one
 * cell say the same as walking every prefix of every segment, class and rule in order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "../../userspace/report.h"
#include "image_help.h"

static struct report report;

static int clear_report(void **state)
{
	(void)state;
	report_free(&report);
	memset(&report, 0, sizeof(report));
	return 0;
}

static uint64_t seed = 88172645463325252u;

static uint32_t draw(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % below;
}

/* A small space, so that prefixes nest, overlap and repeat: 10.0.b.c and 2001:db8::b:c. */
static struct in6_addr draw_address(int family)
{
	struct in6_addr a = { 0 };

	if (family == 4) {
		a.s6_addr[10] = a.s6_addr[11] = 0xff;
		a.s6_addr[12] = 10;
	} else {
		memcpy(a.s6_addr, "\x20\x01\x0d\xb8", 4);
	}
	a.s6_addr[14] = (uint8_t)draw(4);
	a.s6_addr[15] = (uint8_t)draw(256);
	return a;
}

static struct prefix draw_prefix(void)
{
	struct prefix p = { .family = draw(3) ? 4 : 6 };
	unsigned int bits = p.family == 4 ? 32 : 128, mapped;

	p.address = draw_address(p.family);
	p.length = (unsigned char)(bits - draw(12));
	if (draw(40) == 0)
		p.length = 0;
	mapped = prefix_mapped_length(&p);
	for (unsigned int i = mapped; i < 128; i++)
		p.address.s6_addr[i / 8] &= (uint8_t)~(0x80u >> (i % 8));
	return p;
}

#define SEGMENTS 5
#define CLASSES 70 /* more than a word of bits */
#define RULES 80
#define EACH 6

struct world {
	struct config config;
	struct config_segment segments[SEGMENTS];
	struct config_class classes[CLASSES];
	struct config_rule rules[RULES];
	struct config_circuit circuit;
	struct config_prefix prefixes[SEGMENTS + CLASSES + 1][EACH];
	struct config_word from[RULES][3], to[RULES][3], path;
	char segment_names[SEGMENTS][8], class_names[CLASSES][8];
};

static struct config_prefixes draw_prefixes(struct world *w, size_t row)
{
	struct config_prefixes list = { w->prefixes[row], draw(EACH) };

	for (size_t i = 0; i < list.count; i++)
		list.at[i].prefix = draw_prefix();
	return list;
}

static void draw_rule(struct world *w, size_t i)
{
	struct config_rule *r = &w->rules[i];

	r->from = (struct config_words){ w->from[i], 1 + draw(2) };
	r->to = (struct config_words){ w->to[i], 1 + draw(3) };
	for (size_t k = 0; k < r->from.count; k++)
		w->from[i][k].text = w->segment_names[draw(SEGMENTS)];
	for (size_t k = 0; k < r->to.count; k++)
		w->to[i][k].text = w->class_names[draw(CLASSES)];
	if (draw(20) == 0) {
		r->to.count = 1;
		w->to[i][0].text = "any";
	}
	r->circuits = (struct config_words){ &w->path, 1 };
	r->otherwise.text = "drop";
	r->translate = true;
}

static void draw_world(struct world *w)
{
	memset(w, 0, sizeof(*w));
	for (size_t i = 0; i < SEGMENTS; i++) {
		snprintf(w->segment_names[i], 8, "s%zu", i);
		w->segments[i].name = w->segment_names[i];
		w->segments[i].prefixes = draw_prefixes(w, i);
	}
	for (size_t i = 0; i < CLASSES; i++) {
		snprintf(w->class_names[i], 8, "k%zu", i);
		w->classes[i].name = w->class_names[i];
		w->classes[i].prefixes = draw_prefixes(w, SEGMENTS + i);
	}
	w->circuit.name = w->path.text = "only";
	w->circuit.inbound_pool = draw_prefixes(w, SEGMENTS + CLASSES);
	for (size_t i = 0, parts = 0; i < w->circuit.inbound_pool.count; i++) {
		parts += pool_inbound_parts(&w->circuit.inbound_pool.at[i].prefix);
		if (!w->circuit.inbound_pool.at[i].prefix.length || parts > POOL_RANGES)
			w->circuit.inbound_pool.count = i;
	}
	for (size_t i = 0; i < RULES; i++)
		draw_rule(w, i);
	w->config = (struct config){
		.file = "random", .segments = w->segments, .segment_count = SEGMENTS,
		.classes = w->classes, .class_count = CLASSES, .rules = w->rules, .rule_count = RULES,
		.circuits = &w->circuit, .circuit_count = 1,
	};
}

/* The model: everything is walked. */
static bool inside(const struct config_prefixes *list, const struct prefix *host)
{
	for (size_t i = 0; i < list->count; i++)
		if (prefix_contains(&list->at[i].prefix, host))
			return true;
	return false;
}

static int model_rule(const struct world *w, const struct prefix *from, const struct prefix *to, int *class)
{
	for (int r = 0; r < RULES; r++) {
		const struct config_rule *rule = &w->rules[r];
		bool source = false;

		for (size_t i = 0; i < rule->from.count; i++)
			source |= inside(&w->segments[atoi(rule->from.at[i].text + 1)].prefixes, from);
		if (!source || inside(&w->circuit.inbound_pool, from))
			continue;
		*class = -1;
		if (!strcmp(rule->to.at[0].text, "any"))
			return r;
		for (size_t i = 0; i < rule->to.count; i++) {
			*class = atoi(rule->to.at[i].text + 1);
			if (inside(&w->classes[*class].prefixes, to))
				return r;
		}
	}
	*class = -1;
	return -1;
}

static struct policy_cell image_asked(const struct image *im, const struct prefix *from,
				      const struct prefix *to)
{
	bool four = from->family == 4;
	uint32_t s = longest_match(four ? &im->segments4 : &im->segments6, from);
	uint32_t d = longest_match(four ? &im->classes4 : &im->classes6, to);

	assert_true(s < im->source_sets);
	assert_true(d < im->destination_sets);
	return im->policy[s * im->settings.destination_sets + d];
}

static void no_prefix_stands_twice(const struct image_trie *trie)
{
	for (size_t i = 0; i < trie->count; i++)
		for (size_t k = i + 1; k < trie->count; k++)
			assert_false(prefix_equal(&trie->at[i].prefix, &trie->at[k].prefix));
}

static void image_agrees_with_the_model(void **state)
{
	struct world *w = malloc(sizeof(*w));
	struct feeds none = { 0 };
	size_t met = 0, classed = 0;

	(void)state;
	for (int round = 0; round < 50; round++) {
		struct numbers *n = calloc(1, sizeof(*n));
		struct image *im;

		n->step = 1 + (int)draw(50);
		draw_world(w);
		im = image_compile(&w->config, &none, number, n, &report);
		assert_non_null(im);
		no_prefix_stands_twice(&im->segments4);
		no_prefix_stands_twice(&im->classes4);
		no_prefix_stands_twice(&im->classes6);
		for (int i = 0; i < 400; i++) {
			int family = draw(3) ? 4 : 6, class, rule;
			struct prefix from = { draw_address(family), family, family == 4 ? 32 : 128 };
			struct prefix to = { draw_address(family), family, family == 4 ? 32 : 128 };
			struct policy_cell cell = image_asked(im, &from, &to);

			rule = model_rule(w, &from, &to, &class);
			assert_int_equal(cell.rule, rule + 1);
			if (class < 0)
				assert_int_equal(cell.class, 0);
			else
				assert_string_equal(im->class_names[cell.class], w->class_names[class]);
			met += rule >= 0;
			classed += class >= 0;
		}
		image_free(im);
		free(n);
	}
	free(w);
	assert_in_range(met, 1000, 19900); /* the model said both */
	assert_in_range(classed, 500, 19900);
}

static void hundred_thousand_prefixes_take_no_time(void **state)
{
	static struct config_prefix list[100000];
	struct config_class k[3] = { { .name = "a" }, { .name = "b" }, { .name = "c" } };
	struct config c = { .file = "big", .classes = k, .class_count = 3 };
	struct numbers *n = counted(1);
	struct feeds none = { 0 };
	struct image *im;
	clock_t begin;

	(void)state;
	for (size_t i = 0; i < 100000; i++) {
		struct prefix *p = &list[i].prefix;

		*p = (struct prefix){ .family = 4, .length = (unsigned char)(i % 10 ? 32 : 24) };
		p->address.s6_addr[10] = p->address.s6_addr[11] = 0xff;
		p->address.s6_addr[12] = 10;
		for (int b = 13; b < 15 + (p->length == 32); b++)
			p->address.s6_addr[b] = (uint8_t)draw(256);
	}
	k[0].prefixes = (struct config_prefixes){ list, 40000 };
	k[1].prefixes = (struct config_prefixes){ list + 40000, 40000 };
	k[2].prefixes = (struct config_prefixes){ list + 60000, 40000 };
	begin = clock();
	im = image_compile(&c, &none, number, n, &report);
	begin = clock() - begin;
	assert_non_null(im);
	assert_int_equal(im->destination_sets, 8);
	assert_in_range(im->classes4.count, 90000, 100000);
	print_message("100k prefixes: %ld ms of CPU\n", (long)(begin * 1000 / CLOCKS_PER_SEC));
	assert_true(begin < CLOCKS_PER_SEC); /* sanitizers and all; quadratic would be minutes */
	image_free(im);
	free(n);
}

#define T(name) cmocka_unit_test_setup_teardown(name, clear_report, clear_report)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(image_agrees_with_the_model),
		T(hundred_thousand_prefixes_take_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
