// SPDX-License-Identifier: GPL-2.0-only
/*
 * Feeds of the daemon: when it is time, `samepath feed fetch --due` runs as a process of its own. What
 * reads foreign bytes, and needs memory for a whole feed, ends with it; a fault in there is not one of
 * the daemon. It is the same program, even after the file it was started from was replaced.
 */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <sys/wait.h>
#include <time.h>
#include "cmd.h"
#include "daemon.h"
#include "feed_current.h"
#include "feed_request.h"

#define LOOK_EVERY (5 * NANOSECONDS) /* others write the states too */
#define AGAIN_AFTER (30 * NANOSECONDS) /* when a run has not moved what is due: it could not write */

extern char **environ;

/* When the first feed is due; 0: none is fetched. */
static int64_t first_due(const struct daemon *d)
{
	int64_t first = 0;

	for (size_t i = 0; d->config && i < d->config->feed_count; i++) {
		struct feed_state s;

		if (!feed_is_remote(&d->config->feeds[i]))
			continue;
		if (!feed_state_read(&d->instance, d->config->feeds[i].name, &s)) {
			int64_t due = feed_due(&d->config->feeds[i], &s, time(NULL));

			if (!first || due < first)
				first = due;
		}
		feed_state_free(&s);
	}
	return first;
}

static int on_end(sd_event_source *source, const siginfo_t *info, void *context)
{
	struct daemon *d = context;

	(void)source;
	if (info->si_code != CLD_EXITED)
		daemon_log(LOG_ERR, "feeds: the process that fetches them was ended by signal %d",
			   info->si_status);
	d->fetching = sd_event_source_unref(d->fetching);
	d->feeds_looked = 0;
	if (first_due(d) == d->feeds_due)
		d->feeds_wait = observe_now() + AGAIN_AFTER;
	return 0;
}

static int start(pid_t *child, const struct daemon *d)
{
	char *const words[] = { "samepath", "-c", (char *)option_config, "-g", (char *)d->instance.name,
				"feed", "fetch", "--due", NULL };
	posix_spawnattr_t attributes;
	sigset_t none;
	int err;

	sigemptyset(&none);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	err = posix_spawn(child, "/proc/self/exe", NULL, &attributes, words, environ);
	posix_spawnattr_destroy(&attributes);
	return -err;
}

void daemon_feeds(struct daemon *d)
{
	uint64_t now = observe_now();
	int64_t due;
	pid_t child;
	int err;

	if (d->fetching || now < d->feeds_wait)
		return;
	if (!d->feeds_looked || now - d->feeds_looked > LOOK_EVERY || d->feeds_reading != d->readings) {
		d->feeds_due = first_due(d);
		d->feeds_looked = now;
		d->feeds_reading = d->readings;
	}
	due = d->feeds_due;
	if (!due || time(NULL) < due)
		return;
	err = start(&child, d);
	if (!err)
		err = sd_event_add_child(d->loop, &d->fetching, child, WEXITED, on_end, d);
	if (err < 0) {
		daemon_log(LOG_WARNING, "feeds: cannot be fetched: %s", strerror(-err));
		d->feeds_wait = now + AGAIN_AFTER;
	}
}
