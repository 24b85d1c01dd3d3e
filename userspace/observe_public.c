// SPDX-License-Identifier: GPL-2.0-only
/* What is published, read back from the trie that packets ask. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "flow_filter.h"
#include "observe_service.h"
#include "print.h"

#define PORT_BITS 16

struct published published_of(const struct service_key *key, uint32_t service)
{
	uint32_t bits = key->length > SERVICE_KEY_PORTS ? key->length - SERVICE_KEY_PORTS : 0;
	uint16_t free_bits = (uint16_t)(0xffffu >> (bits < PORT_BITS ? bits : PORT_BITS));
	uint16_t first = ntohs(key->port) & (uint16_t)~free_bits;

	return (struct published){ .service = service, .address = key->address,
				   .protocol = key->protocol, .first = first,
				   .last = first | free_bits };
}

static int order(const void *a, const void *b)
{
	const struct published *p = a, *q = b;
	int way = memcmp(&p->address, &q->address, sizeof(p->address));

	if (p->service != q->service)
		return p->service < q->service ? -1 : 1;
	if (way)
		return way;
	return p->protocol != q->protocol ? p->protocol - q->protocol : p->first - q->first;
}

static bool adjoins(const struct published *p, const struct published *next)
{
	return p->service == next->service && p->protocol == next->protocol &&
	       IN6_ARE_ADDR_EQUAL(&p->address, &next->address) && next->first <= p->last + 1;
}

size_t published_join(struct published *at, size_t count)
{
	size_t kept = 0;

	if (count)
		qsort(at, count, sizeof(*at), order);
	for (size_t i = 0; i < count; i++) {
		if (!kept || !adjoins(&at[kept - 1], &at[i]))
			at[kept++] = at[i];
		else if (at[i].last > at[kept - 1].last)
			at[kept - 1].last = at[i].last;
	}
	return kept;
}

const char *published_text(const struct published *p, char *buffer, size_t size)
{
	const char *protocol = flow_protocol_text(p->protocol);

	if (p->protocol == IPPROTO_ICMP || p->protocol == IPPROTO_ICMPV6)
		snprintf(buffer, size, "%s", protocol);
	else if (p->first == p->last)
		snprintf(buffer, size, "%s/%u", protocol, p->first);
	else
		snprintf(buffer, size, "%s/%u-%u", protocol, p->first, p->last);
	return buffer;
}

static int append(struct published **at, size_t *count, const struct published *p)
{
	/* Grows at powers of two. */
	if (!(*count & (*count - 1))) {
		struct published *grown = realloc(*at, (*count ? *count * 2 : 1) * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		*at = grown;
	}
	(*at)[(*count)++] = *p;
	return 0;
}

int observe_published(const struct observe *o, struct published **out, size_t *count)
{
	int fd = observe_inner(o, "ports", o->live.slot % SLOTS), err = fd < 0 ? fd : 0;
	struct service_key key, next;
	const void *from = NULL;

	*out = NULL;
	*count = 0;
	if (err == -ENOENT) /* a slot that has never had a service */
		return 0;
	while (!err && !bpf_map_get_next_key(fd, from, &next)) {
		uint32_t number;

		if (!bpf_map_lookup_elem(fd, &next, &number)) {
			struct published p = published_of(&next, number);

			err = append(out, count, &p);
		}
		key = next;
		from = &key;
	}
	if (fd >= 0)
		close(fd);
	if (!err) {
		*count = published_join(*out, *count);
		return 0;
	}
	free(*out);
	*out = NULL;
	print_error("map ports: cannot read: %s", strerror(-err));
	return err;
}
