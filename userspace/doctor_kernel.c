// SPDX-License-Identifier: GPL-2.0-only
/* Is this a machine, and are we somebody, that can apply? And can its kernel do what the data plane asks
 * of it? */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "apply.h"
#include "doctor.h"

bool apply_kernel_will_do(const char *release)
{
	int major = 0, minor = 0;

	return sscanf(release, "%d.%d", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 1));
}

void doctor_environment(struct doctor *d)
{
	struct utsname name = { 0 };
	struct statfs fs;

	if (geteuid())
		doctor_add(d, "privileges", "", DOCTOR_FATAL, NULL, "this needs root");
	else
		doctor_add(d, "privileges", "", DOCTOR_OK, NULL, "root");
	if (!uname(&name) && !apply_kernel_will_do(name.release))
		doctor_add(d, "kernel", "", DOCTOR_FATAL, NULL, "kernel %s: 6.1 or later is needed",
			   name.release);
	else
		doctor_add(d, "kernel", "", DOCTOR_OK, NULL, "kernel %s", name.release);
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		doctor_add(
			d, "btf", "", DOCTOR_FATAL, NULL,
			"/sys/kernel/btf/vmlinux: not there; a kernel with CONFIG_DEBUG_INFO_BTF is needed");
	else
		doctor_add(d, "btf", "", DOCTOR_OK, NULL, "/sys/kernel/btf/vmlinux is there");
	if (statfs("/sys/fs/bpf", &fs) || fs.f_type != BPF_FS_MAGIC)
		doctor_add(d, "bpffs", "", DOCTOR_FATAL, "mount -t bpf bpf /sys/fs/bpf",
			   "/sys/fs/bpf: not mounted");
	else
		doctor_add(d, "bpffs", "", DOCTOR_OK, NULL, "/sys/fs/bpf is mounted");
}

/* What the programs use that a kernel may be built without, or that a policy of the machine may forbid.
 */
static const struct {
	enum bpf_prog_type program;
	enum bpf_func_id helper; /* 0: the kind of program itself */
	const char *name;
} wanted[] = {
	{ BPF_PROG_TYPE_XDP, 0, "XDP programs" },
	{ BPF_PROG_TYPE_SCHED_CLS, 0, "TC programs" },
	{ BPF_PROG_TYPE_SYSCALL, 0, "syscall programs" },
	{ BPF_PROG_TYPE_XDP, BPF_FUNC_fib_lookup, "bpf_fib_lookup in XDP" },
	{ BPF_PROG_TYPE_XDP, BPF_FUNC_loop, "bpf_loop in XDP" },
	{ BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_adjust_meta, "metadata in XDP" },
	{ BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_redirect_neigh, "bpf_redirect_neigh in TC" },
};
static const struct {
	enum bpf_map_type type;
	const char *name;
} wanted_maps[] = {
	{ BPF_MAP_TYPE_LPM_TRIE, "LPM tries" },
	{ BPF_MAP_TYPE_ARRAY_OF_MAPS, "arrays of maps" },
	{ BPF_MAP_TYPE_RINGBUF, "ring buffers" },
	{ BPF_MAP_TYPE_PROG_ARRAY, "tail calls" },
};

static int silent(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level;
	(void)format;
	(void)arguments;
	return 0;
}

static void lacks(char *list, size_t size, const char *name)
{
	size_t used = strlen(list);

	snprintf(list + used, size - used, "%s%s", used ? ", " : "", name);
}

/* A processor that interprets each program is an order of magnitude behind one that compiles it. */
static void just_in_time(struct doctor *d)
{
	char value[16];

	/* told to the first namespace alone, and by kernels that can do both */
	if (kernel_sysctl_get("net/core/bpf_jit_enable", value, sizeof(value)))
		return;
	if (!strcmp(value, "0"))
		doctor_add(d, "jit", "", DOCTOR_WARNING, "sysctl -w net.core.bpf_jit_enable=1",
			   "BPF programs are interpreted, which is slow");
	else
		doctor_add(d, "jit", "", DOCTOR_OK, NULL, "BPF programs are compiled");
}

void doctor_features(struct doctor *d)
{
	char missing[256] = "";

	libbpf_set_print(silent); /* of what is asked for and not there, here and in the groups behind */
	just_in_time(d);
	if (d->running) {
		doctor_add(d, "features", "", DOCTOR_OK, NULL, "its programs are loaded");
		return;
	}
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		if ((wanted[i].helper ?
			     libbpf_probe_bpf_helper(wanted[i].program, wanted[i].helper, NULL) :
			     libbpf_probe_bpf_prog_type(wanted[i].program, NULL)) == 0)
			lacks(missing, sizeof(missing), wanted[i].name);
	for (size_t i = 0; i < sizeof(wanted_maps) / sizeof(*wanted_maps); i++)
		if (libbpf_probe_bpf_map_type(wanted_maps[i].type, NULL) == 0)
			lacks(missing, sizeof(missing), wanted_maps[i].name);
	if (missing[0])
		doctor_add(d, "features", "", DOCTOR_FATAL, NULL, "this kernel refuses %s", missing);
	else
		doctor_add(d, "features", "", DOCTOR_OK, NULL,
			   "program types, helpers and map types are there");
}
