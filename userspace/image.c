// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "image_part.h"
#include "policy.h"
#include "report.h"

static int number_classes(struct image_job *j)
{
	const struct config *c = j->config;

	snprintf(j->image->class_names[0], sizeof(j->image->class_names[0]), "any");
	for (size_t i = 0; i < c->class_count; i++) {
		int n = j->number(j->context, NAME_CLASS, c->classes[i].name);

		if (n < 1 || n >= CLASSES_MAX) {
			report_error(j->report, c->file, c->classes[i].line,
				     "classes[%s]: no number left; at most %d classes are accepted",
				     c->classes[i].name, CLASSES_MAX - 1);
			return -E2BIG;
		}
		j->class_number[i] = (uint16_t)n;
		snprintf(j->image->class_names[n], sizeof(j->image->class_names[n]), "%s",
			 c->classes[i].name);
	}
	return 0;
}

static int fill_policy(struct image_job *j, struct policy *p)
{
	struct image *image = j->image;
	size_t cells = (size_t)p->sources.count * p->destinations.count;

	image->policy = calloc(cells, sizeof(*image->policy));
	if (!image->policy)
		return -ENOMEM;
	image->source_sets = p->sources.count;
	image->destination_sets = p->destinations.count;
	for (uint32_t s = 0; s < p->sources.count; s++)
		for (uint32_t d = 0; d < p->destinations.count; d++) {
			int rule = policy_rule(p, s, d);
			int class = rule < 0 ? -1 : policy_class(p, (size_t)rule, d);
			struct policy_cell *cell =
				&image->policy[(size_t)s * p->destinations.count + d];

			cell->rule = (uint16_t)(rule + 1);
			cell->class = class < 0 ? 0 : j->class_number[class];
		}
	return 0;
}

/* The tries change hands: policy_free must not see them again. */
static void take_tries(struct image *image, struct policy *p)
{
	image->segments4 = p->segments4;
	image->segments6 = p->segments6;
	image->classes4 = p->classes4;
	image->classes6 = p->classes6;
	p->segments4.at = p->segments6.at = p->classes4.at = p->classes6.at = NULL;
}

static int compile_policy(struct image_job *j, const struct feeds *feeds)
{
	const struct config *c = j->config;
	struct policy p;
	int err = policy_compile(c, feeds, &p);

	if (err == -E2BIG)
		report_error(j->report, c->file, 0,
			     "policy: too many combinations of segments and classes; %u are accepted",
			     POLICY_CELLS_MAX);
	if (err)
		return err;
	err = fill_policy(j, &p);
	take_tries(j->image, &p);
	policy_free(&p);
	return err;
}

static void fill_settings(const struct config *c, struct image *image)
{
	struct settings *s = &image->settings;
	const uint64_t seconds[STATE_MAX] = {
		[STATE_TCP_HALF_OPEN] = c->timeouts.tcp_transitory,
		[STATE_TCP_ESTABLISHED] = c->timeouts.tcp_established,
		[STATE_TCP_CLOSING] = c->timeouts.tcp_transitory,
		[STATE_UDP] = c->timeouts.udp,
		[STATE_ICMP] = c->timeouts.icmp,
		[STATE_INBOUND_HALF_OPEN] = c->timeouts.inbound_half_open,
	};

	for (int i = 0; i < STATE_MAX; i++) {
		s->timeout[i] = seconds[i] * NANOSECONDS;
		if (s->timeout[i] && (!s->timeout_min || s->timeout[i] < s->timeout_min))
			s->timeout_min = s->timeout[i];
	}
	s->half_open_max = c->limits.half_open;
	s->flows_per_host = c->limits.flows_per_host;
	s->host_rate = c->host_rate;
	s->outside_flows = c->limits.flows / 2;
	s->destination_sets = image->destination_sets;
	s->ready = 1;
	s->answers_per_second = IMAGE_ANSWERS_PER_SECOND;
	s->fragment_timeout = c->timeouts.fragment * NANOSECONDS;
}

struct image *image_compile(const struct config *c, const struct feeds *feeds, image_number number,
			    void *context, struct report *report)
{
	struct image_job j = {
		.config = c, .number = number, .context = context, .report = report,
	};
	int err = -ENOMEM;

	j.image = calloc(1, sizeof(*j.image));
	j.class_number = calloc(c->class_count + 1, sizeof(*j.class_number));
	j.circuit_number = calloc(c->circuit_count + 1, sizeof(*j.circuit_number));
	if (j.image && j.class_number && j.circuit_number)
		err = image_circuits(&j);
	if (!err)
		err = image_rules(&j);
	if (!err)
		err = number_classes(&j);
	if (!err)
		err = compile_policy(&j, feeds);
	if (!err)
		err = image_services(&j);
	if (!err)
		err = image_owners(&j);
	if (!err)
		fill_settings(c, j.image);
	free(j.class_number);
	free(j.circuit_number);
	if (!err)
		return j.image;
	if (err == -ENOMEM)
		report_error(report, c->file, 0, "out of memory");
	image_free(j.image);
	return NULL;
}

void image_free(struct image *image)
{
	if (!image)
		return;
	free(image->segments4.at);
	free(image->segments6.at);
	free(image->classes4.at);
	free(image->classes6.at);
	free(image->owners.at);
	free(image->ports);
	free(image->policy);
	free(image);
}
