// SPDX-License-Identifier: GPL-2.0-only
/* A gateway that runs, seen from a mount namespace that hides its pins. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <net/if.h>
#include <stdio.h>
#include <unistd.h>
#include "attach.h"
#include "instance.h"
#include "maps.h"
#include "print.h"

static bool pins_there(void)
{
	DIR *root = opendir(instance_pin_root);
	const struct dirent *entry;
	bool there = false;

	while (root && (entry = readdir(root)))
		there = there || entry->d_name[0] != '.';
	if (root)
		closedir(root);
	return there;
}

static bool runs_ours(unsigned int ifindex)
{
	uint32_t id = 0;
	int fd = bpf_xdp_query_id((int)ifindex, 0, &id) || !id ? -1 : bpf_prog_get_fd_by_id(id);
	bool ours = program_bears(fd, program_name(PROGRAM_samepath_xdp));

	if (fd >= 0)
		close(fd);
	return ours;
}

static bool attached_somewhere(void)
{
	struct if_nameindex *devices = if_nameindex();
	bool found = false;

	for (struct if_nameindex *d = devices; d && d->if_index && !found; d++)
		found = runs_ours(d->if_index);
	if (devices)
		if_freenameindex(devices);
	return found;
}

bool attach_hidden(const struct instance *i)
{
	char applied[sizeof(i->run) + sizeof(INSTANCE_APPLIED) + 1];

	snprintf(applied, sizeof(applied), "%s/%s", i->run, INSTANCE_APPLIED);
	if (access(applied, F_OK) || pins_there() || !attached_somewhere())
		return false;
	print_error("gateway %s: it runs, but %s is not to be seen here, as in `ip netns exec`; `nsenter --net=` keeps it in sight",
		    i->name, i->pins);
	return true;
}
