// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ranges.h"

#define DEPTH_MAX 130 /* one for each length of IPv6, and the family itself */

range_address range_of_address(const struct in6_addr *a)
{
	range_address value = 0;

	for (int i = 0; i < 16; i++)
		value = value << 8 | a->s6_addr[i];
	return value;
}

static struct in6_addr address_of(range_address value)
{
	struct in6_addr a;

	for (int i = 15; i >= 0; i--, value >>= 8)
		a.s6_addr[i] = (uint8_t)value;
	return a;
}

/* The bits behind a mapped length; a shift by all 128 of them would be undefined. */
static range_address host_bits(unsigned int length)
{
	return length ? ((range_address)1 << (128 - length)) - 1 : ~(range_address)0;
}

struct range range_of_prefix(const struct prefix *p)
{
	range_address first = range_of_address(&p->address);

	return (struct range){ .first = first, .last = first | host_bits(prefix_mapped_length(p)) };
}

void ranges_free(struct ranges *r)
{
	free(r->at);
	*r = (struct ranges){ 0 };
}

int ranges_add(struct ranges *r, range_address first, range_address last, uint32_t value)
{
	struct range *end = r->count ? &r->at[r->count - 1] : NULL;

	if (end && end->value == value && end->last + 1 == first && first) {
		end->last = last;
		return 0;
	}
	if (r->count == r->room) {
		size_t room = r->room ? r->room * 2 : 64;
		struct range *at = reallocarray(r->at, room, sizeof(*at));

		if (!at)
			return -ENOMEM;
		r->at = at;
		r->room = room;
	}
	r->at[r->count++] = (struct range){ first, last, value };
	return 0;
}

/*
 * The stack holds the prefixes around the place that has been reached, as in policy_sets.c. `next` is
 * the first address nothing is said of yet; `full` says that there is none, for behind the last
 * address of IPv6 comes zero.
 */
struct flattening {
	struct range level[DEPTH_MAX];
	unsigned int depth;
	range_address next;
	bool full;
	struct ranges *out;
};

/* The innermost range up to `last`. */
static int say(struct flattening *f, range_address last)
{
	int err;

	if (f->full || f->next > last)
		return 0;
	err = ranges_add(f->out, f->next, last, f->level[f->depth - 1].value);
	f->full = last == ~(range_address)0;
	f->next = last + 1;
	return err;
}

static int leave(struct flattening *f)
{
	int err = say(f, f->level[f->depth - 1].last);

	f->depth--;
	return err;
}

int ranges_flatten(const struct image_entry *at, size_t count, unsigned char family,
		   struct ranges *out)
{
	struct prefix all = { .family = family };
	struct flattening f = { .out = out, .depth = 1 };
	int err = 0;

	*out = (struct ranges){ 0 };
	if (family == 4)
		memset(all.address.s6_addr + 10, 0xff, 2);
	f.level[0] = range_of_prefix(&all);
	f.next = f.level[0].first;
	for (size_t i = 0; i < count && !err; i++) {
		struct range r = range_of_prefix(&at[i].prefix);

		while (!err && r.first > f.level[f.depth - 1].last)
			err = leave(&f);
		if (!err && r.first > f.next)
			err = say(&f, r.first - 1);
		r.value = at[i].value;
		f.level[f.depth++] = r;
	}
	while (f.depth && !err)
		err = leave(&f);
	if (err)
		ranges_free(out);
	return err;
}

/* Index of the first range that ends at the address or behind it. */
static size_t first_behind(const struct ranges *r, range_address address)
{
	size_t low = 0, high = r->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->at[middle].last < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool ranges_meet(const struct ranges *r, const struct range *range)
{
	size_t i = first_behind(r, range->first);

	return i < r->count && r->at[i].first <= range->last;
}

const struct range *ranges_find(const struct ranges *r, range_address address)
{
	size_t i = first_behind(r, address);

	return i < r->count && r->at[i].first <= address ? &r->at[i] : NULL;
}

bool range_prefix(unsigned char family, range_address *first, range_address last,
		  struct prefix *out)
{
	unsigned int least = family == 4 ? 96 : 0, length = 128;

	while (length > least && !(*first & host_bits(length - 1)) &&
	       (*first | host_bits(length - 1)) <= last)
		length--;
	*out = (struct prefix){ .address = address_of(*first), .family = family };
	out->length = (unsigned char)(length - least);
	*first |= host_bits(length);
	if (*first == last)
		return false;
	++*first;
	return true;
}

static bool halves(const struct prefix *a, const struct prefix *b)
{
	struct prefix both = *a;

	if (a->family != b->family || a->length != b->length || !a->length)
		return false;
	both.length--;
	return !(range_of_address(&a->address) & (host_bits(prefix_mapped_length(&both)) &
						  ~host_bits(prefix_mapped_length(a)))) &&
	       prefix_contains(&both, b);
}

size_t prefixes_aggregate(struct prefix *p, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (kept && prefix_contains(&p[kept - 1], &p[i]))
			continue;
		p[kept++] = p[i];
		while (kept > 1 && halves(&p[kept - 2], &p[kept - 1]))
			p[--kept - 1].length--;
	}
	return kept;
}
