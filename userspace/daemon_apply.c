// SPDX-License-Identifier: GPL-2.0-only
/* Where the daemon meets `apply`: the only file of it that knows how a configuration gets live. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include "apply.h"
#include "cmd.h"
#include "daemon.h"
#include "report.h"

void daemon_reread(struct daemon *d)
{
	struct report report = {0};
	struct config *config;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", d->instance.run, INSTANCE_APPLIED);
	config = config_read(path, &report);
	if (config) {
		config_free(d->config);
		d->config = config;
		d->readings++;
	}
	report_free(&report);
}

int daemon_apply(struct daemon *d, bool reload)
{
	char path[PATH_MAX];
	int err;

	/* An interface that came back is brought in under what was applied, not under an edited file. */
	snprintf(path, sizeof(path), "%s/%s", d->instance.run, INSTANCE_APPLIED);
	err = apply_reconcile(reload ? option_config : path, d->instance.name);
	if (!err)
		daemon_reread(d);
	return err;
}
