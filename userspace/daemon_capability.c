// SPDX-License-Identifier: GPL-2.0-only
/* Dropping capabilities with the plain system calls: three lines do not need a library. */
#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "daemon.h"

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif

/*
 * BPF and PERFMON: maps, and loading programs that walk them. NET_ADMIN: routes, rules, XDP and TC.
 * NET_RAW: announcing addresses, and probes, which open a socket for each question: links and their
 * addresses come and go, so none could be opened beforehand for good. SYS_ADMIN: inner maps of a slot are opened by id, which only it may.
 */
static const unsigned int kept[] = {CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN, CAP_NET_RAW, CAP_SYS_ADMIN};

int daemon_drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		data[kept[i] / 32].permitted |= 1u << kept[i] % 32;
		data[kept[i] / 32].effective |= 1u << kept[i] % 32;
	}
	/* First what nobody may ever get back, while we still may say so. */
	for (unsigned int cap = 0; cap < 64; cap++) {
		if (data[cap / 32].permitted & 1u << cap % 32)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) && errno != EINVAL)
			return -errno;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}
