// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watching: one line an event, one object a line under -j. The ring has one reading position, so two
 * readers would each see a part: a lock keeps the second out. The daemon does not read the ring.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <poll.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "flow_filter.h"
#include "instance.h"
#include "observe.h"
#include "print.h"
#include "probe.h"

#define WATCH_POLL 500 /* ms; how late a loss may be reported */

#define EVENT_NAME(name, text) [E_##name] = text,
static const char *const kinds[E_MAX] = {EVENTS(EVENT_NAME)};
#undef EVENT_NAME

static json_t *flow_members(const struct observe *o, const struct event *e)
{
	char saddr[PREFIX_TEXT], daddr[PREFIX_TEXT], pool[PREFIX_TEXT];

	return json_pack("{s:s*, s:s, s:s, s:i, s:s, s:i, s:s, s:i}",
			 "proto", flow_protocol_text(e->protocol),
			 e->service ? "service" : "class",
			 e->service ? observe_service_name(o, e->class) :
				      observe_class_name(o, e->class),
			 "src", address_text(&e->saddr, saddr), "sport", ntohs(e->sport),
			 "dst", address_text(&e->daddr, daddr), "dport", ntohs(e->dport),
			 "pool", address_text(&e->pool, pool), "pool-port", ntohs(e->pool_port));
}

static json_t *violation_members(const struct observe *o, const struct event *e)
{
	char mac[18], interface[IF_NAMESIZE];

	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", e->mac[0], e->mac[1], e->mac[2],
		 e->mac[3], e->mac[4], e->mac[5]);
	return json_pack("{s:s, s:s*, s:i, s:s}", "came-in-on", observe_circuit_name(o, e->actual),
			 "interface", if_indextoname(e->ifindex, interface), "ifindex", e->ifindex,
			 "mac", mac);
}

/* In and out as of circuits: who opened a flow of a service sends in, but for a hairpin. */
static json_t *closed_members(const struct event *e)
{
	unsigned int in = !e->service || !e->circuit, out = !in;

	return json_pack("{s:I, s:I, s:I, s:I}", "out-packets", (json_int_t)e->packets[out],
			 "out-bytes", (json_int_t)e->bytes[out], "in-packets",
			 (json_int_t)e->packets[in], "in-bytes", (json_int_t)e->bytes[in]);
}

static json_t *filling_members(const struct event *e)
{
	char pool[PREFIX_TEXT];

	if (!e->family)
		return json_pack("{s:I, s:I}", "long-searches", (json_int_t)e->packets[0], "opened",
				 (json_int_t)e->packets[1]);
	return json_pack("{s:s, s:I, s:I}", "pool", address_text(&e->pool, pool),
			 "ports-used", (json_int_t)e->packets[0], "ports", (json_int_t)e->packets[1]);
}

static json_t *short_members(const struct event *e)
{
	static const struct in6_addr none;
	char pool[PREFIX_TEXT], daddr[PREFIX_TEXT];
	json_t *o = json_pack("{s:s, s:s*}", "pool", address_text(&e->pool, pool), "proto",
			      flow_protocol_text(e->protocol));

	if (memcmp(&e->daddr, &none, sizeof(none)))
		json_object_update_new(o, json_pack("{s:s, s:i}", "dst", address_text(&e->daddr, daddr),
						    "dport", ntohs(e->dport)));
	json_object_update_new(o, json_pack("{s:I, s:I}", "ports-used", (json_int_t)e->packets[0], "ports",
					    (json_int_t)e->packets[1]));
	if (e->bytes[0] != UINT64_MAX) /* else it does not grow */
		json_object_set_new(o, "seconds", json_integer((json_int_t)e->bytes[0]));
	return o;
}

static json_t *probe_members(const struct event *e)
{
	char name[IF_NAMESIZE], target[80];

	if (!if_indextoname(e->ifindex, name))
		snprintf(name, sizeof(name), "#%u", e->ifindex);
	return json_pack("{s:s, s:s}", "link", name, "target",
			 probe_target_text(e->protocol, &e->daddr, ntohs(e->dport), target,
					   sizeof(target)));
}

static json_t *server_members(const struct observe *o, const struct event *e)
{
	char server[PREFIX_TEXT], target[80];

	return json_pack("{s:s, s:s, s:s}", "service", observe_service_name(o, e->class), "server",
			 address_text(&e->daddr, server), "target",
			 probe_target_text(e->protocol, &e->daddr, ntohs(e->dport), target,
					   sizeof(target)));
}

static json_t *feed_members(const struct event *e)
{
	json_t *o = json_pack("{s:s#, s:I, s:I}", "feed", e->feed, (int)strnlen(e->feed, sizeof(e->feed)),
			      "added", (json_int_t)e->packets[0], "removed", (json_int_t)e->packets[1]);

	if (e->bytes[0])
		json_object_set_new(o, "version", json_integer((json_int_t)e->bytes[0]));
	return o;
}

static json_t *event_object(const struct observe *o, const struct event *e)
{
	bool of_server = e->kind == E_SERVER_DOWN || e->kind == E_SERVER_UP;
	bool of_feed = e->kind >= E_FEED_CHANGED && e->kind <= E_FEED_FAILED;
	json_t *object = json_pack("{s:s, s:f, s:s*}",
				   "event", e->kind < E_MAX ? kinds[e->kind] : "unknown",
				   "time", (double)e->time / (double)NANOSECONDS, "circuit",
				   of_server || of_feed ? NULL : observe_circuit_name(o, e->circuit));

	if (of_server)
		json_object_update_new(object, server_members(o, e));
	if (of_feed)
		json_object_update_new(object, feed_members(e));
	if (e->kind < E_POOL_FILLING)
		json_object_update_new(object, flow_members(o, e));
	if (e->kind == E_VIOLATION)
		json_object_update_new(object, violation_members(o, e));
	if (e->kind == E_FLOW_CLOSED)
		json_object_update_new(object, closed_members(e));
	if (e->kind == E_POOL_FILLING)
		json_object_update_new(object, filling_members(e));
	if (e->kind == E_PORTS_SHORT)
		json_object_update_new(object, short_members(e));
	if (e->kind == E_PROBE_DOWN || e->kind == E_PROBE_UP)
		json_object_update_new(object, probe_members(e));
	return object;
}

/* Text is the same object, its members as words: no second list of what an event has. */
static void print_object(json_t *object)
{
	const char *key;
	json_t *value;

	if (!object)
		return;
	if (print_json) {
		char *text = json_dumps(object, JSON_COMPACT);

		puts(text ? text : "{}");
		free(text);
	} else {
		char line[1024];
		size_t used = 0;

		json_object_foreach(object, key, value) {
			const char *word = used ? key : "";

			if (used >= sizeof(line))
				break;
			if (json_is_string(value))
				used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s%s ",
							 word, used ? " " : "",
							 json_string_value(value));
			else
				used += (size_t)snprintf(line + used, sizeof(line) - used,
							 json_is_real(value) ? "%s %.6f " : "%s %.0f ",
							 word, json_number_value(value));
		}
		print_line("%s", line);
	}
	fflush(stdout);
	json_decref(object);
}

static int on_event(void *context, void *data, size_t size)
{
	struct event event;

	if (size < sizeof(event))
		return 0;
	memcpy(&event, data, sizeof(event));
	print_object(event_object(context, &event));
	return ferror(stdout) ? -EPIPE : 0;
}

/* Says what was lost since the last look. The first look only remembers. */
static void report_losses(const struct observe *o, uint64_t *known, bool first)
{
	int fd = observe_map(o, "events_lost");
	uint64_t *copies = calloc(o->cpus, sizeof(*copies));

	for (uint32_t kind = 0; fd >= 0 && copies && kind < E_MAX; kind++) {
		uint64_t lost = 0;

		if (bpf_map_lookup_elem(fd, &kind, copies))
			continue;
		observe_add(&lost, copies, 1, o->cpus);
		if (!first && lost != known[kind])
			print_object(json_pack("{s:s, s:s, s:I}", "event", "lost", "kind",
					       kinds[kind], "count",
					       (json_int_t)(lost - known[kind])));
		known[kind] = lost;
	}
	free(copies);
	if (fd >= 0)
		close(fd);
}

static int lock_ring(const struct observe *o)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct instance instance;
	char path[192];
	int fd;

	if (instance_open(&instance, o->name))
		return -1;
	snprintf(path, sizeof(path), "%s/event.lock", instance.run);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		print_error("%s: %s", path, strerror(errno));
		return -1;
	}
	if (fcntl(fd, F_OFD_SETLK, &lock)) {
		print_error("gateway %s: another `event watch` reads the events", o->name);
		close(fd);
		return -1;
	}
	return fd;
}

static int watch_loop(const struct observe *o, struct ring_buffer *ring)
{
	uint64_t known[E_MAX] = {0};
	sigset_t ends;
	struct pollfd fds[2];
	int err = 0;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	signal(SIGPIPE, SIG_IGN);
	fds[0] = (struct pollfd){.fd = signalfd(-1, &ends, SFD_CLOEXEC), .events = POLLIN};
	fds[1] = (struct pollfd){.fd = ring_buffer__epoll_fd(ring), .events = POLLIN};
	report_losses(o, known, true);
	while (err >= 0 && !(fds[0].revents & POLLIN)) {
		poll(fds, 2, WATCH_POLL);
		err = ring_buffer__consume(ring);
		report_losses(o, known, false);
	}
	close(fds[0].fd);
	if (err == -EPIPE)
		clearerr(stdout);
	return err < 0 && err != -EPIPE ? err : 0;
}

void observe_report(const struct observe *o, const struct event *event)
{
	struct event told = *event;
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &told, .ctx_size_in = sizeof(told));
	int fd = observe_program(o, "report");

	if (fd < 0)
		return;
	bpf_prog_test_run_opts(fd, &options);
	close(fd);
}

int observe_watch(const struct observe *o)
{
	int lock = lock_ring(o), map = -1, err;
	struct ring_buffer *ring = NULL;

	if (lock < 0)
		return EXIT_TROUBLE;
	map = observe_map(o, "events");
	err = map < 0 ? map : 0;
	if (!err) {
		ring = ring_buffer__new(map, on_event, (void *)o, NULL);
		err = ring ? watch_loop(o, ring) : -errno;
	}
	if (err)
		print_error("map events: cannot watch: %s", strerror(-err));
	ring_buffer__free(ring);
	if (map >= 0)
		close(map);
	close(lock);
	return err ? EXIT_TROUBLE : EXIT_DONE;
}
