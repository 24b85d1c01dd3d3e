// SPDX-License-Identifier: GPL-2.0-only
/* XDP on devices. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "attach.h"
#include "maps.h"
#include "print.h"

struct xdp {
	const struct maps *maps;
	char path[256], device[16];
	int ifindex;
	int link; /* descriptor of the former attachment, -1: none */
	int former; /* program of it */
};

/* Descriptors that steps need for their undoing; they must not outlive the steps, for an attachment
 * lives as long as one of its descriptors. */
static int *held;
static size_t held_count;

int attach_hold(int fd)
{
	int *grown = fd < 0 ? NULL : realloc(held, (held_count + 1) * sizeof(*held));

	if (grown) {
		held = grown;
		held[held_count++] = fd;
	}
	return fd;
}

void attach_release(void)
{
	while (held_count)
		close(held[--held_count]);
	free(held);
	held = NULL;
}

/* bpffs reserves the dot. A device name has no '%' of its own that could be mistaken: it is doubled. */
static void pin_path(const char *pins, const char *device, char *path, size_t size)
{
	size_t used = (size_t)snprintf(path, size, "%s/link_", pins);

	for (; *device && used + 4 < size; device++) {
		if (*device == '.' || *device == '%')
			used += (size_t)snprintf(path + used, size - used, "%%%c", *device == '.' ? 'd' : '%');
		else
			path[used++] = *device;
	}
	path[used] = '\0';
}

const char *attach_pin_device(const char *file, char *device)
{
	size_t used = 0;

	if (strncmp(file, "link_", 5))
		return NULL;
	for (file += 5; *file && used < 15; file++) {
		if (*file == '%' && file[1]) {
			file++;
			device[used++] = *file == 'd' ? '.' : *file;
		} else {
			device[used++] = *file;
		}
	}
	device[used] = '\0';
	return device;
}

/* The pinned attachment, if it is on this very device: a device that went and came back has another
 * number, and its old attachment holds nothing. */
static int open_link(const char *path, int ifindex, uint32_t *program)
{
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info);
	int fd = bpf_obj_get(path);

	if (fd < 0)
		return -errno;
	if (!bpf_obj_get_info_by_fd(fd, &info, &size) && (int)info.xdp.ifindex == ifindex) {
		*program = info.prog_id;
		return fd;
	}
	close(fd);
	return -ESTALE;
}

bool attached_xdp(const char *pins, const char *device, int ifindex)
{
	char path[256];
	uint32_t program;
	int fd;

	pin_path(pins, device, path, sizeof(path));
	fd = open_link(path, ifindex, &program);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int create(struct xdp *x)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE);
	int program = x->maps->program[PROGRAM_samepath_xdp];
	int fd = bpf_link_create(program, x->ifindex, BPF_XDP, &options), err = -errno;

	/* Native XDP may also be refused for the MTU or for want of queues: the same way out. */
	if (fd < 0 && err != -EBUSY && err != -EEXIST && err != -EPERM && err != -ENODEV) {
		options.flags = XDP_FLAGS_SKB_MODE;
		fd = bpf_link_create(program, x->ifindex, BPF_XDP, &options);
		if (fd >= 0)
			fprintf(stderr, "samepath: %s: no native XDP (%s), generic XDP is used, which is "
				"slow\n", x->device, strerror(-err));
		err = -errno;
	}
	if (fd < 0 && (err == -EBUSY || err == -EEXIST))
		print_error("%s: another XDP program is attached there; it is left alone", x->device);
	return fd < 0 ? err : fd;
}

static int attach_run(struct step *s)
{
	struct xdp *x = s->data;
	int fd = create(x), err;

	if (fd < 0)
		return fd;
	unlink(x->path); /* a stale one */
	err = bpf_obj_pin(fd, x->path) ? -errno : 0;
	close(fd);
	return err;
}

static int attach_undo(struct step *s)
{
	struct xdp *x = s->data;

	return unlink(x->path) ? -errno : 0;
}

static int update(struct xdp *x, int program)
{
	uint32_t id;
	int fd = open_link(x->path, x->ifindex, &id), err;

	if (fd < 0)
		return fd;
	err = bpf_link_update(fd, program, NULL) ? -errno : 0;
	close(fd);
	return err;
}

static int replace_run(struct step *s)
{
	struct xdp *x = s->data;
	uint32_t id;
	int fd = open_link(x->path, x->ifindex, &id), err;

	if (fd < 0)
		return fd;
	close(fd);
	x->former = attach_hold(bpf_prog_get_fd_by_id(id));
	err = x->former < 0 ? -errno : update(x, x->maps->program[PROGRAM_samepath_xdp]);
	return err;
}

static int replace_undo(struct step *s)
{
	struct xdp *x = s->data;

	return update(x, x->former);
}

static uint32_t program_id(int fd)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

static struct xdp *xdp_new(const char *pins, const char *device)
{
	struct xdp *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	pin_path(pins, device, x->path, sizeof(x->path));
	snprintf(x->device, sizeof(x->device), "%.15s", device);
	x->former = x->link = -1;
	return x;
}

int attach_xdp(struct steps *s, const struct maps *m, const char *device, int ifindex)
{
	struct xdp *x = xdp_new(m->pins, device);
	uint32_t id = 0;
	int fd;

	if (!x)
		return -ENOMEM;
	x->maps = m;
	x->ifindex = ifindex;
	fd = open_link(x->path, ifindex, &id);
	if (fd < 0)
		return steps_add(s, attach_run, attach_undo, x, "xdp attach dev %s", device) ? 0 : -ENOMEM;
	close(fd);
	if (id == program_id(m->program[PROGRAM_samepath_xdp])) {
		free(x);
		return 0;
	}
	return steps_add(s, replace_run, replace_undo, x, "xdp replace dev %s", device) ? 0 : -ENOMEM;
}

/* Keeps the attachment in hand, so that it can be pinned again: no packet passes unseen meanwhile. */
static int detach_run(struct step *s)
{
	struct xdp *x = s->data;

	x->link = attach_hold(bpf_obj_get(x->path));
	return unlink(x->path) && errno != ENOENT ? -errno : 0;
}

static int detach_undo(struct step *s)
{
	struct xdp *x = s->data;

	return x->link < 0 || !bpf_obj_pin(x->link, x->path) ? 0 : -errno;
}

int detach_xdp(struct steps *s, const char *pins, const char *device)
{
	struct xdp *x = xdp_new(pins, device);

	if (!x)
		return -ENOMEM;
	if (access(x->path, F_OK)) {
		free(x);
		return 0;
	}
	return steps_add(s, detach_run, detach_undo, x, "xdp detach dev %s", device) ? 0 : -ENOMEM;
}

int detach_xdp_finish(struct steps *s)
{
	int err = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct xdp *x = s->at[i].data;

		if (x->link >= 0 && bpf_link_detach(x->link) && !err) {
			err = -errno;
			print_error("%s: cannot detach XDP: %s", x->path, strerror(-err));
		}
	}
	return err;
}
