// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include "space.h"
#include "observe.h"

#define GROWTH_SECONDS 30.0 /* that growth is averaged over */
#define LISTED_PERCENT 1

uint32_t space_ports(const struct circuit *c)
{
	uint32_t low = c->port_min;

	if (low < 1024 && c->port_max >= 1024)
		low = 1024;
	return c->port_max >= low ? c->port_max - low + 1u : 0;
}

void spaces_begin(struct spaces *s, const struct circuit *circuits)
{
	if (s->sweeping)
		memset(s, 0, sizeof(*s));
	s->sweeping = true;
	for (size_t i = 0; i < CIRCUITS_MAX; i++)
		s->ports[i] = space_ports(&circuits[i]);
	for (size_t set = 0; set < SPACES_SETS; set++)
		for (size_t way = 0; way < SPACES_WAYS; way++) {
			struct space *x = &s->set[set][way];

			if (!x->ports)
				continue;
			x->before = x->used;
			x->used = 0;
			x->unknown = false;
			x->weight = (float)x->before / (float)x->ports;
		}
}

/* Multiplication mixes upward, so the high bits are the good ones. */
static size_t set_of(const struct space_key *key)
{
	uint64_t words[sizeof(*key) / 8], h = 0;

	_Static_assert(sizeof(*key) % 8 == 0, "hashed and compared whole");
	memcpy(words, key, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		h = (h ^ words[i]) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 32;
	}
	return h % SPACES_SETS;
}

void spaces_take(struct spaces *s, const struct space_key *key)
{
	struct space *set = s->set[set_of(key)], *lightest = set;
	uint32_t ports = key->inbound ? INBOUND_PORTS : s->ports[key->circuit % CIRCUITS_MAX];

	if (!ports)
		return; /* of a circuit that is not there any more */
	for (size_t way = 0; way < SPACES_WAYS; way++) {
		struct space *x = &set[way];

		if (x->ports && !memcmp(&x->key, key, sizeof(*key))) {
			x->used++;
			x->ports = ports;
			x->weight += 1.0f / (float)ports;
			return;
		}
		if (x->weight < lightest->weight)
			lightest = x;
	}
	*lightest = (struct space){ .key = *key, .ports = ports, .used = 1, .unknown = lightest->ports,
				    .weight = lightest->weight + 1.0f / (float)ports };
}

static void mapped(struct in6_addr *to, uint32_t from)
{
	*to = (struct in6_addr){ 0 };
	to->s6_addr[10] = to->s6_addr[11] = 0xff;
	memcpy(&to->s6_addr[12], &from, 4);
}

static void take_record(struct spaces *s, const char *record, size_t length)
{
	struct taken4 four;
	struct taken6 six;
	struct space_key key = { 0 };

	memcpy(&four, record, sizeof(four)); /* up to its addresses it is the other, too */
	key.protocol = four.protocol;
	key.circuit = four.circuit;
	key.inbound = four.inbound;
	key.port = ntohs(four.dport);
	if (length == sizeof(six)) {
		memcpy(&six, record, sizeof(six));
		key.address = six.saddr;
		key.destination = six.daddr;
	} else {
		mapped(&key.address, four.saddr);
		if (four.daddr)
			mapped(&key.destination, four.daddr);
	}
	spaces_take(s, &key);
}

size_t spaces_read(struct spaces *s, const char *buffer, size_t have)
{
	size_t at = 0;

	while (at < have) {
		size_t length = (unsigned char)buffer[at];

		if (length > have - at)
			break;
		if (length == sizeof(struct taken4) || length == sizeof(struct taken6))
			take_record(s, buffer + at, length);
		at += length ? length : 1;
	}
	return at;
}

static void grow(struct space *x, double seconds)
{
	double rate = ((double)x->used - (double)x->before) / seconds;

	x->growth += (float)((rate - (double)x->growth) * seconds / (seconds + GROWTH_SECONDS));
}

void spaces_end(struct spaces *s, uint64_t now)
{
	double seconds = s->swept && now > s->swept ? (double)(now - s->swept) / (double)NANOSECONDS : 0;

	s->sweeping = false;
	s->swept = now;
	for (size_t set = 0; set < SPACES_SETS; set++)
		for (size_t way = 0; way < SPACES_WAYS; way++) {
			struct space *x = &s->set[set][way];

			if (x->ports && !x->used)
				*x = (struct space){ 0 };
			else if (x->ports && seconds > 0 && !x->unknown)
				grow(x, seconds);
		}
}

uint64_t space_seconds(const struct space *s)
{
	double seconds;

	if (s->used >= s->ports)
		return 0;
	if (s->growth <= 0)
		return UINT64_MAX;
	seconds = (double)(s->ports - s->used) / (double)s->growth;
	return seconds < 1e9 ? (uint64_t)seconds : UINT64_MAX;
}

static uint64_t percent(const struct space *s)
{
	return s->ports ? (uint64_t)s->used * 100 / s->ports : 0;
}

/* An address whose mappings fill it is told of for itself, see daemon_pool.c; here, when it soon will be. */
static bool is_mapping(const struct space *s)
{
	static const struct in6_addr none;

	return !memcmp(&s->key.destination, &none, sizeof(none));
}

bool space_short(const struct space *s)
{
	if (percent(s) > SPACE_SHORT_PERCENT)
		return !is_mapping(s);
	return percent(s) >= SPACE_SOON_PERCENT && space_seconds(s) <= SPACE_SOON_SECONDS;
}

/* Far enough from both marks that it is not told over and over. */
static bool well_off(const struct space *s)
{
	uint64_t seconds = space_seconds(s);

	return percent(s) < SPACE_SOON_PERCENT ||
	       (percent(s) < SPACE_SHORT_PERCENT - 10 && seconds > 2 * SPACE_SOON_SECONDS);
}

void spaces_tell(struct spaces *s, space_tell tell, void *context)
{
	for (size_t set = 0; set < SPACES_SETS; set++)
		for (size_t way = 0; way < SPACES_WAYS; way++) {
			struct space *x = &s->set[set][way];

			if (!x->ports)
				continue;
			if (!x->told && space_short(x)) {
				x->told = true;
				tell(context, x);
			} else if (x->told && well_off(x)) {
				x->told = false;
			}
		}
}

static int fuller(const void *a, const void *b)
{
	const struct space *one = *(const struct space *const *)a, *other = *(const struct space *const *)b;
	uint64_t mine = (uint64_t)one->used * other->ports, his = (uint64_t)other->used * one->ports;

	if (one->key.circuit != other->key.circuit)
		return one->key.circuit < other->key.circuit ? -1 : 1;
	return mine > his ? -1 : mine < his ? 1 : memcmp(&one->key, &other->key, sizeof(one->key));
}

const struct space **spaces_fullest(const struct spaces *s, size_t each, size_t *count)
{
	const struct space **all = malloc(sizeof(s->set) / sizeof(s->set[0][0]) * sizeof(*all));
	size_t found = 0, kept = 0, of_circuit = 0;

	if (!all)
		return NULL;
	for (size_t set = 0; set < SPACES_SETS; set++)
		for (size_t way = 0; way < SPACES_WAYS; way++)
			if (percent(&s->set[set][way]) >= LISTED_PERCENT)
				all[found++] = &s->set[set][way];
	qsort(all, found, sizeof(*all), fuller);
	for (size_t i = 0; i < found; i++) {
		of_circuit = i && all[i]->key.circuit == all[i - 1]->key.circuit ? of_circuit + 1 : 0;
		if (of_circuit < each)
			all[kept++] = all[i];
	}
	*count = kept;
	return all;
}
