// SPDX-License-Identifier: GPL-2.0-only
/* Which names browsers ask for without the proxy, because their addresses are reached over
 * ExpressRoute. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "plan.h"
#include "plan_names.h"
#include "print.h"

struct chooser {
	const struct plan *plan;
	const struct paper_location *location; /* NULL: wherever users are */
};

/* Does the circuit receive a route to each address that the set has of the family, and has it one?
 * A name without addresses is nowhere that a route could lead. */
static bool receives(const struct paper_circuit *c, const struct feed_set *s, unsigned char family)
{
	bool any = false;

	if (c->kind != KIND_EXPRESSROUTE)
		return false;
	for (size_t i = 0; i < s->prefix_count; i++) {
		if (s->prefixes[i].family != family)
			continue;
		if (!longest_of(&c->received.at, &s->prefixes[i]))
			return false;
		any = true;
	}
	return any;
}

/* Who is there uses it, and is led to all of the set over ExpressRoute. A plan that places nobody
 * says nothing against any of its circuits. */
static bool rides(const struct chooser *c, const struct paper_destination *d,
		  const struct feed_set *s)
{
	const struct paper *p = c->plan->paper;
	const struct verify *v = &c->plan->v;

	for (size_t i = 0; i < v->row_count && plan_base(v, v->rows[i]); i++) {
		const struct flow_row *row = v->rows[i];

		if (row->location && (!c->location || row->location == c->location) &&
		    row->walk.outside == d && row->walk.circuit &&
		    receives(row->walk.circuit, s, address_family(&row->walk.remote)))
			return true;
	}
	for (size_t i = 0; !p->location_count && i < p->circuit_count; i++)
		if (receives(&p->circuits[i], s, 4) || receives(&p->circuits[i], s, 6))
			return true;
	return false;
}

/* The set is offered over ExpressRoute, is chosen by a destination, and goes there with it. */
static bool direct(const void *context, const struct config_feed *f, const struct feed_set *s)
{
	const struct chooser *c = context;
	const struct paper *p = c->plan->paper;

	for (size_t i = 0; s->expressroute && i < p->destination_count; i++) {
		const struct paper_destination *d = &p->destinations[i];

		if (d->class.feed && !strcmp(d->class.feed, f->name) &&
		    class_takes_set(&d->class, s) && rides(c, d, s))
			return true;
	}
	return false;
}

static const char *proxy_of(const struct plan *p)
{
	return p->words->proxy ? p->words->proxy : p->paper->proxy;
}

/* HOST:PORT, of characters that mean nothing in the file; an IPv6 address is in brackets. */
static bool proxy_good(const char *text)
{
	const char *colon = strrchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : 0, digits = colon ? strlen(colon + 1) : 0;
	char host[NAME_LONGEST + 3];
	struct in6_addr address;

	if (!length || length >= sizeof(host) || !digits || digits > 5 || colon[1] == '0' ||
	    strspn(colon + 1, "0123456789") != digits || atoi(colon + 1) > 65535)
		return false;
	memcpy(host, text, length);
	host[length] = '\0';
	if (host[0] != '[')
		return strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789.-_") == length &&
		       length <= NAME_LONGEST && name_labels(host);
	if (host[length - 1] != ']')
		return false;
	host[length - 1] = '\0';
	return inet_pton(AF_INET6, host + 1, &address) == 1;
}

static const char *find_location(const struct plan *p, const struct paper_location **out)
{
	const char *name = p->words->location;

	*out = NULL;
	for (size_t i = 0; name && i < p->paper->location_count; i++)
		if (!strcmp(p->paper->locations[i].name, name))
			*out = &p->paper->locations[i];
	return name && !*out ? name : NULL;
}

static void condition(const struct plan_name *n, const char *before, const char *after)
{
	char label[FEED_LABEL];

	feed_set_label(n->set, label, sizeof(label));
	if (!strchr(n->text, '*'))
		print_line("%shost == \"%s\"%s // %s, set %s", before, n->text, after, n->set->area,
			   label);
	else if (!strncmp(n->text, "*.", 2) && !strchr(n->text + 1, '*'))
		print_line("%sdnsDomainIs(host, \"%s\")%s // %s, set %s", before, n->text + 1,
			   after, n->set->area, label);
	else
		print_line("%sshExpMatch(host, \"%s\")%s // %s, set %s", before, n->text, after,
			   n->set->area, label);
}

/* One question a level: is the host one of these? */
static void print_level(const struct plan_names *n, size_t level)
{
	size_t left = 0;
	bool first = true;

	for (size_t i = 0; i < n->count; i++)
		left += n->level[level][i];
	print_line("\n\t// %s",
		   level % 2 ? "Exceptions: on the internet, though a name below takes them in." :
		   level     ? "Over ExpressRoute, though an exception below takes them in." :
			       "Over ExpressRoute.");
	for (size_t i = 0; i < n->count; i++) {
		if (!n->level[level][i])
			continue;
		condition(&n->at[i], first ? "\tif (" : "\t    ", --left ? " ||" : ")");
		first = false;
	}
	print_line("\t\treturn %s;", level % 2 ? "proxy" : "\"DIRECT\"");
}

static void print_text(const struct plan *p, const struct plan_names *n)
{
	print_line(
		"// Plan %s%s%s: names that the feed offers over ExpressRoute are asked for directly, all\n"
		"// others through the proxy. Of several names that a host has, the most specific decides;\n"
		"// it is asked first. Names that stand on both sides go to the proxy.%s",
		p->paper->name, p->words->location ? ", location " : "",
		p->words->location ? p->words->location : "",
		p->words->location || !p->paper->location_count ?
			"" :
			"\n// Users of all locations are counted as one: direct is what any of them reaches so.");
	print_line("function FindProxyForURL(url, host) {\n\tvar proxy = \"PROXY %s\";\n",
		   proxy_of(p));
	print_line("\thost = host.toLowerCase();\n"
		   "\tif (host.charAt(host.length - 1) == \".\")\n"
		   "\t\thost = host.substring(0, host.length - 1);");
	for (size_t level = n->levels; level-- > 0;)
		print_level(n, level);
	print_line("\n\treturn proxy;\n}");
}

static void print_rules(const struct plan *p, const struct plan_names *n)
{
	static const char *const columns[] = {
		"order", "name", "way", "feed", "area", "set", NULL
	};
	char label[FEED_LABEL];

	print_begin();
	print_value_text("plan", p->paper->name);
	print_value_text("proxy", proxy_of(p));
	print_table_begin("names", columns);
	for (size_t level = n->levels; level-- > 0;)
		for (size_t i = 0; i < n->count; i++) {
			if (!n->level[level][i])
				continue;
			feed_set_label(n->at[i].set, label, sizeof(label));
			print_cell_number(n->levels - level);
			print_cell_text(n->at[i].text);
			print_cell_text(level % 2 ? "proxy" : "direct");
			print_cell_text(n->at[i].feed->name);
			print_cell_text(n->at[i].set->area);
			print_cell_text(label);
			print_row_end();
		}
	print_table_end();
	print_end();
}

static bool any_direct(const struct plan_names *n)
{
	for (size_t i = 0; i < n->count; i++)
		if (n->at[i].direct)
			return true;
	return false;
}

int plan_pac(const struct plan *p)
{
	struct chooser c = { .plan = p };
	const char *unknown = find_location(p, &c.location);
	struct plan_names names;
	int err, status = EXIT_DONE;

	if (!proxy_of(p))
		return print_error(
			"plan pac: no proxy; `proxy` of the plan is one, or --proxy HOST:PORT");
	if (!proxy_good(proxy_of(p)))
		return print_error("plan pac: %.80s: no proxy; HOST:PORT is accepted", proxy_of(p));
	if (unknown)
		return print_error("plan pac: %s: no such location in %s", unknown, p->paper->file);
	err = plan_names_read(p->paper, direct, &c, &names);
	if (err == -ENOMEM)
		print_error("plan pac: out of memory");
	if (err)
		status = EXIT_TROUBLE;
	else if (!any_direct(&names))
		status = print_error(
			"plan pac: no name goes over ExpressRoute; a destination is accepted whose "
			"feed has names, with flows that leave by a circuit of that kind which receives their addresses");
	else if (print_json)
		print_rules(p, &names);
	else
		print_text(p, &names);
	plan_names_free(&names);
	return status;
}
