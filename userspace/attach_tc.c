// SPDX-License-Identifier: GPL-2.0-only
/* The egress guard and the resolving program, through clsact. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "attach.h"
#include "instance.h"
#include "journal.h"
#include "kernel_netlink.h"
#include "maps.h"
#include "print.h"

struct filter {
	const struct instance *instance;
	char device[16];
	int ifindex;
	enum bpf_tc_attach_point point;
	int program; /* descriptor to attach */
	int former; /* descriptor of what was there, -1: nothing */
	bool made_qdisc;
};

struct count {
	int ifindex, found;
	const char *kind; /* NULL: any */
};

static const char *const direction_words[] = { "ingress", "egress" };

static enum bpf_tc_attach_point point_of(enum attach_direction d)
{
	return d == ATTACH_INGRESS ? BPF_TC_INGRESS : BPF_TC_EGRESS;
}

static const char *words_of(enum bpf_tc_attach_point p)
{
	return direction_words[p == BPF_TC_EGRESS];
}

static void line_of(const struct filter *f, char *line, size_t size)
{
	snprintf(line, size, "tc %s %s", f->device, words_of(f->point));
}

static int count_one(const struct nlmsghdr *n, void *context)
{
	const struct tcmsg *tc = mnl_nlmsg_get_payload(n);
	struct count *c = context;
	const struct nlattr *a;

	if (tc->tcm_ifindex != c->ifindex)
		return MNL_CB_OK;
	if (!c->kind) {
		c->found++;
		return MNL_CB_OK;
	}
	mnl_attr_for_each(a, n, sizeof(*tc))
		if (mnl_attr_get_type(a) == TCA_KIND && !strcmp(mnl_attr_get_str(a), c->kind))
			c->found++;
	return MNL_CB_OK;
}

static int count_objects(uint16_t type, int ifindex, uint32_t parent, const char *kind)
{
	char buffer[256] = { 0 };
	struct nlmsghdr *n = mnl_nlmsg_put_header(buffer);
	struct count c = { .ifindex = ifindex, .kind = kind };
	struct tcmsg *tc;
	int err;

	n->nlmsg_type = type;
	n->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	tc = mnl_nlmsg_put_extra_header(n, sizeof(*tc));
	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = ifindex;
	tc->tcm_parent = parent;
	err = kernel_talk(NETLINK_ROUTE, n, count_one, &c);
	return err ? err : c.found;
}

static bool has_clsact(int ifindex)
{
	return count_objects(RTM_GETQDISC, ifindex, 0, "clsact") > 0;
}

static int filters_on(int ifindex)
{
	int in = count_objects(RTM_GETTFILTER, ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), NULL);
	int out = count_objects(RTM_GETTFILTER, ifindex, TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS), NULL);

	return in < 0 ? in : out < 0 ? out : in + out;
}

/* Which program is in our place; its name tells whose it is. -ENOENT: the place is free. */
static int ask(const struct filter *f, uint32_t *id, bool *ours)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = f->ifindex, .attach_point = f->point);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = ATTACH_HANDLE, .priority = ATTACH_PRIORITY);
	const char *name = f->point == BPF_TC_EGRESS ? "samepath_guard" : "samepath_resolve";
	int err = has_clsact(f->ifindex) ? bpf_tc_query(&hook, &options) : -ENOENT, fd;

	if (err)
		return err == -EINVAL ? -ENOENT : err;
	*id = options.prog_id;
	fd = bpf_prog_get_fd_by_id(*id);
	*ours = program_bears(fd, name);
	if (fd >= 0)
		close(fd);
	return 0;
}

bool attached_tc(const char *device, int ifindex, enum attach_direction direction)
{
	struct filter f = { .ifindex = ifindex, .point = point_of(direction) };
	bool ours = false;
	uint32_t id;

	snprintf(f.device, sizeof(f.device), "%.15s", device);
	return !ask(&f, &id, &ours) && ours;
}

static int put(const struct filter *f, int program, bool replace)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = f->ifindex, .attach_point = f->point);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = ATTACH_HANDLE, .priority = ATTACH_PRIORITY,
		    .prog_fd = program, .flags = replace ? BPF_TC_F_REPLACE : 0);

	return bpf_tc_attach(&hook, &options);
}

static int take_away(const struct filter *f)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = f->ifindex, .attach_point = f->point);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = ATTACH_HANDLE, .priority = ATTACH_PRIORITY);
	int err = bpf_tc_detach(&hook, &options);

	return err == -ENOENT || err == -EINVAL ? 0 : err;
}

static int destroy_qdisc(const struct filter *f)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = f->ifindex,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	char line[64];
	int err = has_clsact(f->ifindex) && !filters_on(f->ifindex) ? bpf_tc_hook_destroy(&hook) : 0;

	snprintf(line, sizeof(line), "clsact %s", f->device);
	return err ? err : journal_drop(f->instance->run, line);
}

static int make_qdisc(struct filter *f)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = f->ifindex, .attach_point = f->point);
	char line[64];
	int err;

	if (has_clsact(f->ifindex))
		return 0;
	snprintf(line, sizeof(line), "clsact %s", f->device);
	err = journal_add(f->instance->run, line);
	if (!err && (err = bpf_tc_hook_create(&hook)))
		journal_drop(f->instance->run, line);
	f->made_qdisc = !err;
	return err;
}

static int attach_undo(struct step *s)
{
	struct filter *f = s->data;
	char line[64];
	int err;

	if (f->former >= 0)
		return put(f, f->former, true);
	line_of(f, line, sizeof(line));
	err = take_away(f);
	err = err ? err : journal_drop(f->instance->run, line);
	return err || !f->made_qdisc ? err : destroy_qdisc(f);
}

static int attach_run(struct step *s)
{
	struct filter *f = s->data;
	char line[64];
	int err;

	line_of(f, line, sizeof(line));
	err = make_qdisc(f);
	err = err ? err : journal_add(f->instance->run, line);
	err = err ? err : put(f, f->program, f->former >= 0);
	if (err && f->former < 0)
		attach_undo(s);
	return err;
}

static struct filter *filter_new(const struct instance *i, const char *device, int ifindex,
				 enum attach_direction direction)
{
	struct filter *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->instance = i;
	snprintf(f->device, sizeof(f->device), "%.15s", device);
	f->ifindex = ifindex;
	f->point = point_of(direction);
	f->program = f->former = -1;
	return f;
}

static uint32_t id_of(int fd)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

int attach_tc(struct steps *s, const struct maps *m, const struct instance *i, const char *device,
	      int ifindex, enum attach_direction direction)
{
	struct filter *f = filter_new(i, device, ifindex, direction);
	const char *words = direction_words[direction], *verb = "add";
	uint32_t id = 0;
	bool ours = false;
	int err;

	if (!f)
		return -ENOMEM;
	f->program = m->program[direction == ATTACH_EGRESS ? PROGRAM_samepath_guard :
							     PROGRAM_samepath_resolve];
	err = ask(f, &id, &ours);
	if (!err && !ours) {
		print_error("%s: a filter of somebody else has our place (%s, priority %d, handle %#x)",
			    device, words, ATTACH_PRIORITY, ATTACH_HANDLE);
		err = -EEXIST;
	} else if (!err) {
		verb = "replace";
		f->former = attach_hold(bpf_prog_get_fd_by_id(id));
	}
	if ((err && err != -ENOENT) || (!err && id == id_of(f->program))) {
		free(f);
		return err;
	}
	return steps_add(s, attach_run, attach_undo, f, "tc filter %s dev %s %s %s", verb, device, words,
			 direction == ATTACH_EGRESS ? "samepath_guard" : "samepath_resolve") ? 0 : -ENOMEM;
}

static int detach_run(struct step *s)
{
	struct filter *f = s->data;
	char line[64];
	uint32_t id;
	bool ours = false;
	int err = f->ifindex ? ask(f, &id, &ours) : -ENOENT;

	line_of(f, line, sizeof(line));
	if (!err && ours) {
		f->program = attach_hold(bpf_prog_get_fd_by_id(id));
		err = take_away(f);
	}
	return err && err != -ENOENT ? err : journal_drop(f->instance->run, line);
}

static int detach_undo(struct step *s)
{
	struct filter *f = s->data;

	return f->program < 0 ? 0 : attach_run(s);
}

int detach_tc(struct steps *s, const struct instance *i, const char *device, int ifindex,
	      enum attach_direction direction)
{
	struct filter *f = filter_new(i, device, ifindex, direction);

	if (!f)
		return -ENOMEM;
	return steps_add(s, detach_run, detach_undo, f, "tc filter del dev %s %s", device,
			 direction_words[direction]) ? 0 : -ENOMEM;
}

static int qdisc_run(struct step *s)
{
	return destroy_qdisc(s->data);
}

static int qdisc_undo(struct step *s)
{
	return make_qdisc(s->data);
}

int detach_clsact(struct steps *s, const struct instance *i, const char *device, int ifindex)
{
	struct filter *f = filter_new(i, device, ifindex, ATTACH_INGRESS);

	if (!f)
		return -ENOMEM;
	return steps_add(s, qdisc_run, qdisc_undo, f, "tc qdisc del dev %s clsact", device) ? 0 : -ENOMEM;
}
