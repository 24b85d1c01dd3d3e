/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A network namespace of this process alone, and directories for two instances:
 *
 *   lan0 ==== lan0p      er0 (172.16.0.1/30) ==== er0p      er1 (172.16.0.5/30) ==== er1p
 */
#ifndef SAMEPATH_TESTS_NETNS_KERNEL_TOPOLOGY_H
#define SAMEPATH_TESTS_NETNS_KERNEL_TOPOLOGY_H

#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <sys/socket.h>
#include <linux/if_packet.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "../../userspace/config.h"
#include "../../userspace/instance.h"
#include "../../userspace/journal.h"
#include "../../userspace/kernel.h"
#include "../../userspace/report.h"

static char root[] = "/tmp/spknXXXXXX";
static char run_a[64], run_b[64];

static void sh(const char *command)
{
	if (system(command))
		fail_msg("command failed: %s", command);
}

static inline struct prefix pfx(const char *text)
{
	struct prefix p;
	const char *why;

	if (prefix_parse(text, &p, &why))
		fail_msg("%s: %s", text, why);
	return p;
}

static int topology(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET)) {
		perror("kernel_test: unshare");
		return -1;
	}
	/* No duplicate address detection: addresses and their routes are there at once. */
	sh("echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad;"
	   "echo 1 > /proc/sys/net/ipv6/conf/default/addr_gen_mode; ip link set lo up");
	sh("for l in lan0 er0 er1; do ip link add $l type veth peer ${l}p;"
	   "ip link set ${l}p up || exit 1;"
	   "done; ip link set er0 mtu 1400 address 02:00:00:00:0e:00;"
	   "for l in lan0 er0 er1; do ip link set $l up || exit 1; done");
	sh("ip addr add 172.16.0.1/30 dev er0; ip addr add 172.16.0.5/30 dev er1;"
	   "ip addr add 2001:db8:f:1::1/64 dev er0; ip addr add 2001:db8:f:2::1/64 dev er1;"
	   "ip addr add 10.0.0.1/24 dev lan0");
	/* One device that forwarded before us must do so behind us. */
	sh("echo 1 > /proc/sys/net/ipv6/conf/er1p/forwarding");
	if (!mkdtemp(root))
		return -1;
	snprintf(run_a, sizeof(run_a), "%s/a", root);
	snprintf(run_b, sizeof(run_b), "%s/b", root);
	return mkdir(run_a, 0700) || mkdir(run_b, 0700);
}

static int clean(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

#endif
