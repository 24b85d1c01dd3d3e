// SPDX-License-Identifier: GPL-2.0-only
/* Is this a machine, and are we somebody, that can apply? */
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "apply.h"
#include "instance.h"
#include "print.h"

bool apply_kernel_will_do(const char *release)
{
	int major = 0, minor = 0;

	return sscanf(release, "%d.%d", &major, &minor) == 2 && (major > 6 || (major == 6 && minor >= 1));
}

int apply_environment(void)
{
	struct utsname name;
	struct statfs fs;

	if (geteuid())
		return print_error("this needs root"), -EPERM;
	if (!uname(&name) && !apply_kernel_will_do(name.release))
		return print_error("kernel %s: 6.1 or later is needed", name.release), -ENOSYS;
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		return print_error("/sys/kernel/btf/vmlinux: not there; a kernel with "
				   "CONFIG_DEBUG_INFO_BTF is needed"), -ENOSYS;
	if (statfs("/sys/fs/bpf", &fs) || fs.f_type != BPF_FS_MAGIC)
		return print_error("/sys/fs/bpf: not mounted; run `mount -t bpf bpf /sys/fs/bpf`"), -ENODEV;
	return 0;
}
