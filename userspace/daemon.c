// SPDX-License-Identifier: GPL-2.0-only
/* Start, event loop and signals of the daemon; what it does when woken is in daemon_*.c. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>
#include "apply.h"
#include "attach.h"
#include "daemon.h"
#include "expire.h"
#include "kernel.h"
#include "print.h"

#define MICROSECONDS 1000000ULL
#define DEBOUNCE (MICROSECONDS / 5) /* a link that comes up says so in many messages */

typedef void (*duty)(struct daemon *d);

/* Something done every so often. */
struct round {
	struct daemon *daemon;
	duty run;
	uint64_t every; /* microseconds */
};

void daemon_log(int priority, const char *format, ...)
{
	char line[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (getenv("JOURNAL_STREAM") && !sd_journal_print(priority, "%s", line))
		return;
	fprintf(stderr, "samepath: %s\n", line);
}

static int again(sd_event_source *source, uint64_t microseconds)
{
	int err = sd_event_source_set_time_relative(source, microseconds);

	return err < 0 ? err : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void follow(struct daemon *d);

static int on_round(sd_event_source *source, uint64_t now, void *context)
{
	struct round *r = context;

	(void)now;
	if (r->run == follow || !daemon_stopped(r->daemon))
		r->run(r->daemon);
	return again(source, r->every);
}

static int on_sweep(sd_event_source *source, uint64_t now, void *context)
{
	uint64_t pause = NANOSECONDS;
	struct daemon *d = context;

	(void)now;
	if (!daemon_stopped(d) && daemon_sweep(d, &pause)) {
		daemon_retire(d);
		daemon_pools(d);
	}
	return again(source, pause / 1000);
}

static void write_metrics(struct daemon *d)
{
	int err = d->textfile ? observe_metrics_file(d->observe, d->textfile) : 0;

	if (err)
		daemon_log(LOG_WARNING, "%s: cannot write metrics: %s", d->textfile, strerror(-err));
}

static void lock_path(const struct daemon *d, char *path, size_t size)
{
	snprintf(path, size, "%s/daemon.lock", d->instance.run);
}

static int take_lock(struct daemon *d)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char path[192];

	if (instance_create(&d->instance))
		return -EIO;
	lock_path(d, path, sizeof(path));
	d->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (d->lock < 0)
		return print_error("%s: %s", path, strerror(errno)), -errno;
	if (fcntl(d->lock, F_OFD_SETLK, &lock))
		return print_error("gateway %s: its daemon runs already", d->instance.name), -EBUSY;
	return 0;
}

/* `stop` takes our lock file along with the rest, and then nobody would see that we run. */
static bool lock_is_there(const struct daemon *d)
{
	struct stat held, there;
	char path[192];

	lock_path(d, path, sizeof(path));
	return !fstat(d->lock, &held) && !stat(path, &there) && held.st_ino == there.st_ino &&
	       held.st_dev == there.st_dev;
}

/* Is there a gateway to care for? One that was stopped and applied again is begun with anew. */
static bool present(struct daemon *d)
{
	bool stopped = daemon_stopped(d);

	if (stopped && !d->stopped) {
		daemon_log(LOG_NOTICE, "gateway %s was stopped; waiting until it is applied",
			   d->instance.name);
		expire_end(&d->sweep);
		daemon_fragments_end(d); /* its descriptors would keep all maps in the kernel */
	}
	d->stopped |= stopped;
	if (stopped || (!d->stopped && lock_is_there(d)))
		return !stopped;
	d->stopped = false;
	close(d->lock);
	if (take_lock(d) || observe_open(d->observe, d->instance.name)) {
		/* A fresh start may do what we cannot: behind ProtectSystem= the directories that were made
		 * anew are read-only. The unit restarts after status 1, not after 2. */
		sd_event_exit(d->loop, EXIT_NO);
		return false;
	}
	expire_end(&d->sweep);
	daemon_fragments_end(d);
	daemon_reread(d);
	return true;
}

/* Another command may have switched the slot, or applied another configuration. */
static void follow(struct daemon *d)
{
	struct live was = d->observe->live;

	if (!present(d) || observe_refresh(d->observe))
		return;
	if (was.slot != d->observe->live.slot || was.generation != d->observe->live.generation)
		daemon_reread(d);
	if (d->wants_reconcile && !daemon_apply(d, false))
		d->wants_reconcile = false;
}

static int on_settled(sd_event_source *source, uint64_t now, void *context)
{
	struct daemon *d = context;
	int err = daemon_stopped(d) ? -ENOENT : daemon_generation(d);

	(void)now;
	/* The lock was taken for longer than we wait, or the gateway is stopped: what changed is still to be
	 * told. */
	if (err)
		return again(source, MICROSECONDS);
	if (d->changes & (CHANGE_LINK | CHANGE_ADDRESS))
		d->wants_reconcile = true;
	d->changes = 0;
	return 0;
}

/* What the kernel told since the last look. False when it could not be heard. */
static bool hear(struct daemon *d)
{
	int changes = kernel_watch_read(d->watch);

	if (changes < 0)
		return false;
	/* Neighbours come and go all the time; flows ask for theirs within a second anyway. */
	changes &= ~CHANGE_NEIGHBOUR;
	if (changes && !d->changes)
		again(d->settling, DEBOUNCE);
	d->changes |= changes;
	return true;
}

static int on_change(sd_event_source *source, int fd, uint32_t events, void *context)
{
	(void)source;
	(void)fd;
	(void)events;
	hear(context);
	return 0;
}

/*
 * While the daemon vouches, flows do not ask for their routes. So it does only when it has heard all
 * and acted on it: a change that waits for the lock, or a loop that is behind, lets the time run out.
 */
static void vouch(struct daemon *d)
{
	if (hear(d) && !d->changes)
		daemon_vouch(d);
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	struct daemon *d = context;

	(void)source;
	(void)info;
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
		   (unsigned long long)(observe_now() / 1000));
	if (daemon_apply(d, true))
		daemon_log(LOG_ERR, "reload refused; the applied configuration stays");
	sd_notify(0, "READY=1");
	return 0;
}

static int add_signals(struct daemon *d)
{
	sigset_t set;
	int err;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD); /* of the process that fetches feeds */
	sigprocmask(SIG_BLOCK, &set, NULL);
	/* No handler: the loop ends with status 0, the data plane stays. */
	err = sd_event_add_signal(d->loop, NULL, SIGTERM, NULL, NULL);
	if (err >= 0)
		err = sd_event_add_signal(d->loop, NULL, SIGINT, NULL, NULL);
	return err < 0 ? err : sd_event_add_signal(d->loop, NULL, SIGHUP, on_reload, d);
}

static int add_duties(struct daemon *d, struct round *rounds, size_t count)
{
	int err = sd_event_add_time_relative(d->loop, NULL, CLOCK_MONOTONIC, 0, 0, on_sweep, d);

	for (size_t i = 0; err >= 0 && i < count; i++)
		err = sd_event_add_time_relative(d->loop, NULL, CLOCK_MONOTONIC, 0, 0, on_round,
						 &rounds[i]);
	if (err < 0)
		return err;
	d->watch = kernel_watch_open();
	if (d->watch < 0)
		return d->watch;
	/* What changed while nobody watched is a change to be told. */
	d->changes = CHANGE_ROUTE;
	err = sd_event_add_time_relative(d->loop, &d->settling, CLOCK_MONOTONIC, 0, 0, on_settled, d);
	if (err >= 0)
		err = sd_event_add_io(d->loop, NULL, d->watch, EPOLLIN, on_change, d);
	if (err >= 0)
		err = sd_event_set_watchdog(d->loop, 1);
	return err;
}

static int serve(struct daemon *d)
{
	struct round rounds[] = {
		{d, vouch, MICROSECONDS / 4},
		{d, daemon_fragments, MICROSECONDS / 4},
		{d, follow, MICROSECONDS},
		{d, daemon_probes, MICROSECONDS},
		{d, daemon_feeds, MICROSECONDS},
		{d, daemon_neighbours, 2 * MICROSECONDS},
		{d, daemon_listeners, 5 * MICROSECONDS},
		{d, daemon_refresh_stale, 10 * MICROSECONDS},
		{d, write_metrics, 15 * MICROSECONDS},
	};
	int err = add_duties(d, rounds, sizeof(rounds) / sizeof(rounds[0]));

	if (err >= 0)
		err = daemon_drop_capabilities();
	if (err < 0)
		return print_error("cannot start: %s", strerror(-err)), err;
	sd_notifyf(0, "READY=1\nSTATUS=gateway %s", d->instance.name);
	err = sd_event_loop(d->loop);
	if (err < 0)
		daemon_log(LOG_ERR, "event loop: %s", strerror(-err));
	sd_notify(0, "STOPPING=1");
	return err;
}

int daemon_run(const char *textfile)
{
	struct daemon d = {.textfile = textfile, .lock = -1, .watch = -1};
	char name[OBSERVE_NAME];
	int err;

	/*
	 * Blocks of 64 KiB and more are mappings of their own, which free() gives back to the kernel: the types that
	 * libbpf reads, some 10 MiB, and a sweep's buffers. Setting this also keeps glibc from raising it (mallopt(3)).
	 */
	mallopt(M_MMAP_THRESHOLD, 64 << 10);
	/* Before the lock, whose directories would stay on a machine that cannot. */
	if (apply_environment() || observe_gateway(name, sizeof(name)))
		return EXIT_TROUBLE;
	if (instance_open(&d.instance, name))
		return print_error("gateway %s: not a name", name);
	if (attach_hidden(&d.instance))
		return EXIT_TROUBLE;
	/* Signals first: one that comes during the apply is kept for the loop. */
	err = sd_event_default(&d.loop);
	err = err < 0 ? err : add_signals(&d);
	err = err < 0 ? err : take_lock(&d);
	err = err < 0 ? err : daemon_apply(&d, true);
	if (!err) {
		d.observe = calloc(1, sizeof(*d.observe));
		err = d.observe ? observe_open(d.observe, name) : -ENOMEM;
	}
	if (!err)
		err = serve(&d);
	daemon_probes_end(&d);
	daemon_fragments_end(&d);
	daemon_spaces_free(&d);
	sd_event_source_unref(d.fetching);
	sd_event_source_unref(d.settling);
	sd_event_unref(d.loop);
	if (d.watch >= 0)
		close(d.watch);
	if (d.lock >= 0)
		close(d.lock);
	config_free(d.config);
	free(d.observe);
	return err < 0 ? EXIT_TROUBLE : err;
}
