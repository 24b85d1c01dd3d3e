/* SPDX-License-Identifier: GPL-2.0-only */
/* What a configuration of good form must also hold (DESIGN.md section 5), without asking the kernel. */
#ifndef SAMEPATH_USERSPACE_CHECK_H
#define SAMEPATH_USERSPACE_CHECK_H

#include <stdbool.h>
#include "config.h"
#include "feed.h"
#include "report.h"

/* Every rule that needs the file alone. False when a name does not resolve or stands twice; then the
 * policy must not be compiled. Other errors are in `report` only. */
bool config_check(const struct config *c, struct report *report);
/* Reads and checks all: file, feeds, policy. NULL when there was an error, all of them reported. The
 * caller frees both results; `feeds` is empty then. */
struct config *check_all(const char *file, const char *gateway, struct feeds *feeds, struct report *report);

/* Parts, for check*.c. */
bool check_names(const struct config *c, struct report *report);
void check_feeds(const struct config *c, struct report *report);
void check_classes(const struct config *c, struct report *report);
void check_links(const struct config *c, struct report *report);
void check_pools(const struct config *c, struct report *report);
void check_services(const struct config *c, struct report *report);
void check_published(const struct config *c, const struct config_service *s, struct report *report);
/* "private range": why an address of this scope is none for the public. */
const char *check_scope(enum prefix_scope scope);

#endif
