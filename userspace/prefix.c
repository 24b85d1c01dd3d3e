// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "prefix.h"

#define TEXT_MAX 56 /* an address, a slash and a length are never longer */

unsigned int prefix_mapped_length(const struct prefix *p)
{
	return p->length + (p->family == 4 ? 96u : 0u);
}

static int parse_length(const char *text, unsigned int max, unsigned char *out, const char **why)
{
	unsigned int value = 0;
	size_t i;

	*why = max == 32 ? "prefix length is not a number from 0 to 32" :
			   "prefix length is not a number from 0 to 128";
	if (!text[0] || (text[0] == '0' && text[1]))
		return -1;
	for (i = 0; text[i]; i++) {
		if (i == 3 || text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (unsigned int)(text[i] - '0');
	}
	if (value > max)
		return -1;
	*out = (unsigned char)value;
	return 0;
}

static int parse_bare(const char *text, struct prefix *out, const char **why)
{
	memset(out, 0, sizeof(*out));
	if (strchr(text, ':')) {
		*why = "not an IPv6 address";
		if (inet_pton(AF_INET6, text, &out->address) != 1)
			return -1;
		/* One spelling an address: the mapped form is how IPv4 is stored. */
		*why = "IPv4-mapped address; write it as IPv4";
		if (IN6_IS_ADDR_V4MAPPED(&out->address))
			return -1;
		out->family = 6;
		out->length = 128;
		return 0;
	}
	*why = "not an address";
	if (inet_pton(AF_INET, text, &out->address.s6_addr[12]) != 1)
		return -1;
	out->address.s6_addr[10] = out->address.s6_addr[11] = 0xff;
	out->family = 4;
	out->length = 32;
	return 0;
}

static bool host_bits_set(const struct prefix *p)
{
	unsigned int bit;

	for (bit = prefix_mapped_length(p); bit < 128; bit++)
		if (p->address.s6_addr[bit / 8] & (0x80u >> (bit % 8)))
			return true;
	return false;
}

int prefix_parse(const char *text, struct prefix *out, const char **why)
{
	char copy[TEXT_MAX];
	char *slash;

	*why = "not an address or prefix";
	if (strlen(text) >= sizeof(copy))
		return -1;
	strcpy(copy, text);
	slash = strchr(copy, '/');
	if (slash)
		*slash++ = '\0';
	if (parse_bare(copy, out, why))
		return -1;
	if (slash && parse_length(slash, out->length, &out->length, why))
		return -1;
	*why = "bits are set behind the prefix length";
	if (host_bits_set(out))
		return -1;
	*why = NULL;
	return 0;
}

int address_parse(const char *text, struct prefix *out, const char **why)
{
	*why = "a prefix where one address is meant";
	if (strchr(text, '/'))
		return -1;
	return prefix_parse(text, out, why);
}

const char *address_text(const struct in6_addr *a, char *buffer)
{
	if (IN6_IS_ADDR_V4MAPPED(a))
		inet_ntop(AF_INET, &a->s6_addr[12], buffer, PREFIX_TEXT);
	else
		inet_ntop(AF_INET6, a, buffer, PREFIX_TEXT);
	return buffer;
}

const char *prefix_text(const struct prefix *p, char *buffer)
{
	size_t used;

	/* By family, not by look: ::ffff:0:0/96 of IPv6 must not print as IPv4. */
	if (p->family == 4)
		inet_ntop(AF_INET, &p->address.s6_addr[12], buffer, PREFIX_TEXT);
	else
		inet_ntop(AF_INET6, &p->address, buffer, PREFIX_TEXT);
	used = strlen(buffer);
	snprintf(buffer + used, PREFIX_TEXT - used, "/%u", p->length);
	return buffer;
}

static bool same_bits(const struct in6_addr *a, const struct in6_addr *b, unsigned int bits)
{
	unsigned int rest = bits % 8;

	if (memcmp(a, b, bits / 8))
		return false;
	return !rest || !((a->s6_addr[bits / 8] ^ b->s6_addr[bits / 8]) >> (8 - rest));
}

bool prefix_contains(const struct prefix *outer, const struct prefix *inner)
{
	return outer->family == inner->family && outer->length <= inner->length &&
	       same_bits(&outer->address, &inner->address, prefix_mapped_length(outer));
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
	return prefix_contains(a, b) || prefix_contains(b, a);
}

bool prefix_equal(const struct prefix *a, const struct prefix *b)
{
	return a->length == b->length && prefix_contains(a, b);
}

int prefix_compare(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;
	int order;

	if (x->family != y->family)
		return x->family - y->family;
	order = memcmp(&x->address, &y->address, sizeof(x->address));
	return order ? order : x->length - y->length;
}

size_t prefixes_order(struct prefix *p, size_t count)
{
	size_t i, kept = 0;

	if (count) /* qsort wants an array even for nothing */
		qsort(p, count, sizeof(*p), prefix_compare);
	for (i = 0; i < count; i++)
		if (!kept || !prefix_equal(&p[i], &p[kept - 1]))
			p[kept++] = p[i];
	return kept;
}

/* IANA's special-purpose registries (RFC 6890 and what followed), as text so that they can be read. */
static const struct {
	const char *text;
	enum prefix_scope scope;
} special[] = {
	{ "0.0.0.0/8", SCOPE_SPECIAL },
	{ "10.0.0.0/8", SCOPE_PRIVATE },
	{ "100.64.0.0/10", SCOPE_PRIVATE },
	{ "127.0.0.0/8", SCOPE_SPECIAL },
	{ "169.254.0.0/16", SCOPE_SPECIAL },
	{ "172.16.0.0/12", SCOPE_PRIVATE },
	{ "192.0.0.0/24", SCOPE_SPECIAL },
	{ "192.0.2.0/24", SCOPE_DOCUMENTATION },
	{ "192.88.99.0/24", SCOPE_SPECIAL },
	{ "192.168.0.0/16", SCOPE_PRIVATE },
	{ "198.18.0.0/15", SCOPE_BENCHMARK },
	{ "198.51.100.0/24", SCOPE_DOCUMENTATION },
	{ "203.0.113.0/24", SCOPE_DOCUMENTATION },
	{ "224.0.0.0/3", SCOPE_SPECIAL },
	{ "::/3", SCOPE_SPECIAL }, /* global unicast is 2000::/3 alone */
	{ "2001::/23", SCOPE_SPECIAL },
	{ "2001:2::/48", SCOPE_BENCHMARK },
	{ "2001:db8::/32", SCOPE_DOCUMENTATION },
	{ "2002::/16", SCOPE_SPECIAL },
	{ "3fff::/20", SCOPE_DOCUMENTATION },
	{ "4000::/2", SCOPE_SPECIAL },
	{ "8000::/1", SCOPE_SPECIAL },
	{ "fc00::/7", SCOPE_PRIVATE },
};

/* Parsed at the first question: a feed asks a hundred thousand times. */
static const struct prefix *special_prefix(size_t i)
{
	static struct prefix parsed[sizeof(special) / sizeof(special[0])];
	const char *why;

	if (!parsed[i].family && prefix_parse(special[i].text, &parsed[i], &why))
		abort();
	return &parsed[i];
}

enum prefix_scope prefix_scope(const struct prefix *p)
{
	enum prefix_scope around = SCOPE_PUBLIC, inside = SCOPE_PUBLIC;
	int longest = -1;
	size_t i;

	for (i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		const struct prefix *s = special_prefix(i);

		if (prefix_contains(s, p) && s->length > longest) {
			longest = s->length;
			around = special[i].scope;
		} else if (prefix_contains(p, s) && special[i].scope > inside) {
			inside = special[i].scope;
		}
	}
	return inside > around ? inside : around;
}

void prefixes_differ(const struct prefix *a, size_t m, const struct prefix *b, size_t n,
		     void (*each)(void *context, const struct prefix *p, bool arrives), void *context)
{
	for (size_t i = 0, k = 0; i < m || k < n;) {
		int order = i == m ? 1 : k == n ? -1 : prefix_compare(&a[i], &b[k]);

		if (order)
			each(context, order < 0 ? &a[i] : &b[k], order > 0);
		i += order <= 0;
		k += order >= 0;
	}
}
