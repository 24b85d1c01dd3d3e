// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fragments that came before the first of their datagram. The packet path hands them over by a ring, whole; they
 * are held until it says that the first is there, and then put back through the program as if they had just
 * arrived on their device. Those whose first does not come within FRAGMENT_WAIT are dropped.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "daemon.h"

struct held {
	TAILQ_ENTRY(held) link; /* the oldest first */
	uint64_t since; /* ns */
	struct fragment_key6 key;
	uint32_t ifindex, length;
	uint8_t frame[]; /* behind the room for the mark */
};

struct fragments {
	struct daemon *daemon;
	TAILQ_HEAD(held_list, held) held;
	struct fragment_holder holder; /* as the packet path shall see it */
	int map, program; /* pinned holder and program, -1: none */
	uint32_t id; /* of the map */
	struct ring_buffer *ring;
	sd_event_source *heard, *overdue;
};

static void tell(struct fragments *f)
{
	uint32_t zero = 0;

	bpf_map_update_elem(f->map, &zero, &f->holder, BPF_ANY);
}

static void forget(struct fragments *f, struct held *h)
{
	TAILQ_REMOVE(&f->held, h, link);
	f->holder.held--;
	free(h);
}

/* The source asks to be woken when the oldest has waited long enough. */
static void watch_oldest(struct fragments *f)
{
	struct held *oldest = TAILQ_FIRST(&f->held);
	uint64_t now = observe_now(), due;

	if (!oldest)
		return;
	due = oldest->since + FRAGMENT_WAIT;
	sd_event_source_set_time_relative(f->overdue, due > now ? (due - now) / 1000 : 0);
	sd_event_source_set_enabled(f->overdue, SD_EVENT_ONESHOT);
}

static int on_overdue(sd_event_source *source, uint64_t time, void *context)
{
	struct fragments *f = context;
	uint64_t now = observe_now();
	struct held *h;

	(void)source;
	(void)time;
	while ((h = TAILQ_FIRST(&f->held)) && now - h->since >= FRAGMENT_WAIT) {
		f->holder.expired++;
		forget(f, h);
	}
	watch_oldest(f);
	tell(f);
	return 0;
}

static bool put_back(const struct fragments *f, struct held *h)
{
	struct fragment_returned mark = {.magic = FRAGMENT_MAGIC};
	struct xdp_md context = {.data = sizeof(mark), .data_end = (uint32_t)sizeof(mark) + h->length,
				 .ingress_ifindex = h->ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = h->frame,
		    .data_size_in = context.data_end, .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = 1, .flags = BPF_F_TEST_XDP_LIVE_FRAMES);

	memcpy(h->frame, &mark, sizeof(mark));
	return !bpf_prog_test_run_opts(f->program, &options);
}

static void wake(struct fragments *f, const struct fragment_note *note)
{
	struct held *h = TAILQ_FIRST(&f->held), *next;

	for (; h; h = next) {
		next = TAILQ_NEXT(h, link);
		if (memcmp(&h->key, &note->key, sizeof(h->key)))
			continue;
		if (put_back(f, h))
			f->holder.returned++;
		else /* its device went away */
			f->holder.expired++;
		forget(f, h);
	}
}

static void keep(struct fragments *f, const struct fragment_note *note)
{
	struct held *h = NULL;

	f->holder.taken++;
	if (f->holder.held < f->holder.limit)
		h = malloc(sizeof(*h) + sizeof(struct fragment_returned) + note->length);
	if (!h) {
		f->holder.expired++;
		return;
	}
	h->since = observe_now();
	h->key = note->key;
	h->ifindex = note->ifindex;
	h->length = note->length;
	memcpy(h->frame + sizeof(struct fragment_returned), note->frame, note->length);
	TAILQ_INSERT_TAIL(&f->held, h, link);
	f->holder.held++;
}

static int on_note(void *context, void *data, size_t size)
{
	const struct fragment_note *note = data;

	if (size < FRAGMENT_NOTE_HEAD || note->length > FRAGMENT_FRAME_MAX ||
	    size < FRAGMENT_NOTE_HEAD + note->length)
		return 0;
	if (note->length)
		keep(context, note);
	else
		wake(context, note);
	return 0;
}

static int on_ring(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct fragments *f = context;

	(void)source;
	(void)fd;
	(void)events;
	ring_buffer__consume(f->ring);
	watch_oldest(f);
	tell(f);
	return 0;
}

static void let_go(struct fragments *f)
{
	while (!TAILQ_EMPTY(&f->held))
		forget(f, TAILQ_FIRST(&f->held));
	f->heard = sd_event_source_disable_unref(f->heard);
	ring_buffer__free(f->ring);
	f->ring = NULL;
	if (f->map >= 0)
		close(f->map);
	if (f->program >= 0)
		close(f->program);
	f->map = f->program = -1;
}

static uint32_t map_id(int fd)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

static int take_up(struct fragments *f, int map)
{
	int notes = observe_map(f->daemon->observe, "fragment_notes"), err = -EIO;
	uint32_t zero = 0;

	let_go(f);
	f->map = map;
	f->id = map_id(map);
	/* what was counted before stays; what was held then is gone */
	if (bpf_map_lookup_elem(map, &zero, &f->holder))
		err = -errno;
	f->holder.held = 0;
	if (notes >= 0)
		f->ring = ring_buffer__new(notes, on_note, f, NULL);
	if (f->ring)
		err = sd_event_add_io(f->daemon->loop, &f->heard, ring_buffer__epoll_fd(f->ring), EPOLLIN,
				      on_ring, f);
	if (notes >= 0)
		close(notes); /* the ring has its own mapping, and epoll the file */
	return err;
}

static struct fragments *begin(struct daemon *d)
{
	struct fragments *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->daemon = d;
	f->map = f->program = -1;
	TAILQ_INIT(&f->held);
	if (sd_event_add_time_relative(d->loop, &f->overdue, CLOCK_MONOTONIC, 0, 0, on_overdue, f) < 0) {
		free(f);
		return NULL;
	}
	sd_event_source_set_enabled(f->overdue, SD_EVENT_OFF);
	return f;
}

/*
 * Says that somebody holds fragments, for the next second. The pins are looked at anew each time: the program
 * may have been replaced, and a gateway that was stopped and applied has other maps.
 */
void daemon_fragments(struct daemon *d)
{
	struct fragments *f = d->fragments ?: (d->fragments = begin(d));
	int map, program;

	if (!f || !d->config)
		return;
	map = observe_map(d->observe, "fragment_holder");
	program = observe_program(d->observe, "samepath_xdp");
	if (map < 0 || program < 0)
		goto out;
	if (f->map < 0 || map_id(map) != f->id) {
		if (take_up(f, map)) {
			daemon_log(LOG_WARNING, "fragments cannot be held");
			let_go(f);
			close(program);
			return;
		}
		map = -1;
	}
	if (f->program >= 0)
		close(f->program);
	f->program = program;
	program = -1;
	f->holder.limit = d->config->limits.held_fragments;
	f->holder.until = observe_now() + NANOSECONDS;
	tell(f);
out:
	if (map >= 0)
		close(map);
	if (program >= 0)
		close(program);
}

void daemon_fragments_end(struct daemon *d)
{
	struct fragments *f = d->fragments;

	if (!f)
		return;
	f->holder.until = 0;
	f->holder.held = 0;
	if (f->map >= 0)
		tell(f);
	let_go(f);
	sd_event_source_disable_unref(f->overdue);
	free(f);
	d->fragments = NULL;
}
