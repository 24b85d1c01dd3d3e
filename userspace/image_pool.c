// SPDX-License-Identifier: GPL-2.0-only
/* The pools of an image: prefixes as ranges of usable addresses. */
#include <errno.h>

#include "image_part.h"
#include "report.h"

struct pool_range pool_range_of(const struct prefix *p)
{
	unsigned int bits = (p->family == 4 ? 32u : 128u) - p->length;
	struct pool_range range = { .first = p->address, .length = p->length };

	if (p->family == 6)
		range.count = bits < 16 ? 1u << bits : POOL6_USED;
	else
		range.count = bits < 32 ? 1u << bits : UINT32_MAX;
	return range;
}

size_t pool_inbound_parts(const struct prefix *p)
{
	return p->family == 4 && p->length < 24 ? (size_t)1 << (24 - p->length) : 1;
}

/* Servers may hold an address that ends in .0 or .255 for no host's. One that was asked for by itself is
 * used all the same. */
struct pool_range pool_inbound_part(const struct prefix *p, size_t part)
{
	struct pool_range range = pool_range_of(p);
	unsigned char *last = &range.first.s6_addr[15];

	if (p->family == 6 || p->length == 32)
		return range;
	if (p->length < 24) {
		range.first.s6_addr[13] += (unsigned char)(part >> 8);
		range.first.s6_addr[14] += (unsigned char)part;
		range.count = 256;
	}
	if (*last + range.count == 256)
		range.count--;
	if (!*last) {
		(*last)++;
		range.count--;
	}
	return range;
}

static bool has_service(const struct config *c, const struct prefix *pool)
{
	for (size_t i = 0; i < c->service_count; i++)
		for (size_t k = 0; k < c->services[i].public.count; k++)
			if (prefix_contains(pool, &c->services[i].public.at[k].prefix))
				return true;
	return false;
}

static int too_many(struct image_job *j, const struct config_circuit *c, const char *key,
		    const struct config_prefix *p)
{
	report_error(j->report, j->config->file, p->line,
		     "circuits[%s].%s: more than %d ranges of IPv%d; %d are accepted", c->name, key,
		     POOL_RANGES, p->prefix.family, POOL_RANGES);
	return -E2BIG;
}

static bool add_range(struct pool *pool, struct pool_range range)
{
	if (pool->ranges == POOL_RANGES)
		return false;
	pool->range[pool->ranges++] = range;
	pool->addresses += range.count;
	return true;
}

static int outbound(struct image_job *j, const struct config_circuit *from, struct circuit *to)
{
	for (size_t i = 0; i < from->outbound_pool.count; i++) {
		const struct config_prefix *p = &from->outbound_pool.at[i];
		struct pool_range range = pool_range_of(&p->prefix);

		range.flags = has_service(j->config, &p->prefix) ? RANGE_HAS_SERVICE : 0;
		if (!add_range(p->prefix.family == 4 ? &to->out4 : &to->out6, range))
			return too_many(j, from, "outbound-pool", p);
	}
	return 0;
}

static int inbound(struct image_job *j, const struct config_circuit *from, struct circuit *to)
{
	for (size_t i = 0; i < from->inbound_pool.count; i++) {
		const struct config_prefix *p = &from->inbound_pool.at[i];
		struct pool *pool = p->prefix.family == 4 ? &to->in4 : &to->in6;

		for (size_t part = 0; part < pool_inbound_parts(&p->prefix); part++)
			if (!add_range(pool, pool_inbound_part(&p->prefix, part)))
				return too_many(j, from, "inbound-pool", p);
	}
	return 0;
}

int image_pools(struct image_job *j, const struct config_circuit *from, struct circuit *to)
{
	int err = outbound(j, from, to);

	return err ? err : inbound(j, from, to);
}
