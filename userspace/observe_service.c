// SPDX-License-Identifier: GPL-2.0-only
/* `service show`, and the same tables in `show`. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "observe_service.h"
#include "prefix.h"
#include "print.h"

_Static_assert(sizeof(struct service_counter) % 8 == 0, "added up by words");

uint32_t service_servers(const struct service *s)
{
	uint32_t count = (uint32_t)s->servers4 + s->servers6;

	return count < SERVICE_SERVERS ? count : SERVICE_SERVERS;
}

const char *service_state(const struct service *s, const struct server_health *h, uint64_t now,
			  char *buffer, size_t size)
{
	bool retiring = !(s->flags & SERVICE_PRESENT) || s->flags & SERVICE_RETIRING;
	uint32_t servers = service_servers(s), counted = 0, up = 0;

	for (uint32_t i = 0; i < servers; i++) {
		counted += !s->servers[i].drained;
		up += !s->servers[i].drained && h->servers[i].down_until <= now;
	}
	snprintf(buffer, size, "%s", retiring ? "retiring" : !counted ? "draining" : !up ? "down" : "ready");
	if (!retiring && up && up < counted)
		snprintf(buffer, size, "%u of %u up", up, counted);
	return buffer;
}

const char *server_state(const struct server *s, const struct probe *p, uint64_t now, bool daemon,
			 char *buffer, size_t size)
{
	const char *state = "unchecked";

	if (p->down_until > now)
		state = "down";
	else if (p->changed)
		state = daemon && !p->down_until ? "up" : "unknown";
	snprintf(buffer, size, "%s%s", state, s->drained ? ",drained" : "");
	return buffer;
}

struct observe_services *observe_services(const struct observe *o)
{
	struct observe_services *s = calloc(1, sizeof(*s));
	uint32_t first = o->live.slot % SLOTS * SERVICES_MAX;
	int err;

	if (!s) {
		print_error("out of memory");
		return NULL;
	}
	for (uint32_t i = 0; i < SERVICES_MAX; i++)
		if (o->services[i][0])
			s->count = i + 1;
	err = observe_read(o, "services", first, s->count, sizeof(s->service[0]), 1, s->service);
	if (!err)
		err = observe_read(o, "server_health", first, s->count, sizeof(s->health[0]), 1,
				   s->health);
	if (!err)
		err = observe_read(o, "service_loads", 0, s->count, sizeof(s->load[0]), 1, s->load);
	if (!err)
		err = observe_read(o, "service_counters", 0, s->count, sizeof(s->counter[0]),
				   o->cpus, s->counter);
	if (!err)
		return s;
	free(s);
	return NULL;
}

bool observe_service_there(const struct observe *o, const struct observe_services *s, uint32_t number)
{
	return number < s->count && o->services[number][0] &&
	       (s->service[number].flags & SERVICE_PRESENT || s->load[number].flows);
}

/* A NULL-ended list of texts, each said once, in the order of their coming. */
struct words {
	char (*text)[PREFIX_TEXT];
	const char **at;
	size_t count;
};

static int words_begin(struct words *w, size_t room)
{
	w->text = calloc(room + 1, sizeof(*w->text));
	w->at = calloc(room + 1, sizeof(*w->at));
	w->count = 0;
	return w->text && w->at ? 0 : -ENOMEM;
}

static void words_free(struct words *w)
{
	free(w->text);
	free(w->at);
}

/* Puts the text behind the list that the last place of `text` has, unless it is there. */
static void words_keep(struct words *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (!strcmp(w->text[i], w->text[w->count]))
			return;
	w->at[w->count] = w->text[w->count];
	w->count++;
}

/* Public addresses, then ports: of one service, which stand together in the sorted list. */
static int cells_published(const struct published *at, size_t count)
{
	struct words addresses = { 0 }, ports = { 0 };
	int err = words_begin(&addresses, count);

	err = err ? err : words_begin(&ports, count);
	for (size_t i = 0; !err && i < count; i++) {
		address_text(&at[i].address, addresses.text[addresses.count]);
		words_keep(&addresses);
		published_text(&at[i], ports.text[ports.count], PREFIX_TEXT);
		words_keep(&ports);
	}
	if (!err) {
		print_cell_list(addresses.at);
		print_cell_list(ports.at);
	}
	words_free(&addresses);
	words_free(&ports);
	return err;
}

static void cell_circuits(const struct observe *o, uint64_t circuits)
{
	const char *names[CIRCUITS_MAX + 1] = { 0 };
	size_t count = 0;

	for (unsigned int i = 0; i < CIRCUITS_MAX; i++)
		if (circuits >> i & 1)
			names[count++] = observe_circuit_name(o, i);
	print_cell_list(names);
}

static int row_service(const struct observe *o, const struct observe_services *s, uint32_t i,
		       const struct published *at, size_t count)
{
	const struct service_counter *n = &s->counter[i];
	char state[32];
	int err;

	print_cell_text(o->services[i]);
	err = cells_published(at, count);
	if (err)
		return err;
	cell_circuits(o, s->service[i].circuits);
	print_cell_text(service_state(&s->service[i], &s->health[i], observe_now(), state,
				      sizeof(state)));
	print_cell_number(s->load[i].flows);
	print_cell_number(s->load[i].half_open);
	print_cell_number(n->opened);
	print_cell_number(n->in_packets);
	print_cell_number(n->out_packets);
	print_cell_number(n->refused);
	print_cell_number(n->challenged);
	print_cell_number(n->proven);
	print_row_end();
	return 0;
}

static int table_services(const struct observe *o, const struct observe_services *s, int only)
{
	static const char *const columns[] = {
		"service", "public", "ports", "circuits", "state", "flows", "half-open", "opened",
		"in-packets", "out-packets", "refused", "challenged", "proven", NULL};
	struct published *published;
	size_t count, at = 0;
	int err = observe_published(o, &published, &count);

	if (err)
		return err;
	print_table_begin("services", columns);
	for (uint32_t i = 0; !err && i < s->count; i++) {
		size_t first = at;

		while (at < count && published[at].service <= i)
			first += published[at++].service < i;
		if ((only < 0 || (uint32_t)only == i) && observe_service_there(o, s, i))
			err = row_service(o, s, i, published + first, at - first);
	}
	print_table_end();
	free(published);
	return err;
}

static void row_server(const struct observe *o, const struct observe_services *s, uint32_t i,
		       uint32_t place, bool daemon)
{
	const struct server *server = &s->service[i].servers[place];
	const struct probe *p = &s->health[i].servers[place];
	char address[PREFIX_TEXT], state[32];
	uint64_t now = observe_now();

	print_cell_text(o->services[i]);
	print_cell_text(address_text(&server->address, address));
	if (s->service[i].port)
		print_cell_number(ntohs(s->service[i].port));
	else
		print_cell_text(NULL);
	print_cell_text(server_state(server, p, now, daemon, state, sizeof(state)));
	if (p->changed)
		print_cell_number(now > p->changed ? (now - p->changed) / NANOSECONDS : 0);
	print_row_end();
}

static void table_servers(const struct observe *o, const struct observe_services *s, bool daemon,
			  int only)
{
	static const char *const columns[] = {"service", "server", "port", "state", "since", NULL};

	print_table_begin("servers", columns);
	for (uint32_t i = 0; i < s->count; i++) {
		if ((only >= 0 && (uint32_t)only != i) || !observe_service_there(o, s, i))
			continue;
		for (uint32_t k = 0; k < service_servers(&s->service[i]); k++)
			row_server(o, s, i, k, daemon);
	}
	print_table_end();
}

int observe_service_tables(const struct observe *o, bool daemon, int only)
{
	struct observe_services *s = observe_services(o);
	int err = s ? table_services(o, s, only) : -ENOMEM;

	if (!err)
		table_servers(o, s, daemon, only);
	free(s);
	return err;
}

int observe_service_show(const struct observe *o, const char *name)
{
	int number = name ? observe_service_number(o, name) : -1, err;

	if (name && number < 0) {
		print_error("service %s: gateway %s has none of this name", name, o->name);
		return EXIT_NO;
	}
	print_begin();
	err = observe_service_tables(o, observe_daemon(o->name), number);
	print_end();
	return err ? EXIT_TROUBLE : EXIT_DONE;
}
