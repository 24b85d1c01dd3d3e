// SPDX-License-Identifier: GPL-2.0-only
/* Programs on the devices of a plan. Those of VLAN devices sit on the trunk, once for all that go by it. */
#include "apply_plan.h"
#include "attach.h"

int plan_attach(struct plan *p)
{
	int err = 0;

	for (size_t i = 0; i < p->device_count && !err; i++) {
		const struct kernel_link *l = p->devices[i].place.trunk;

		if (!plan_first_there(p, &p->devices[i]))
			continue;
		/* The guard first: a link is never without it once samepath has to do with it. */
		if (plan_has_trunk(p, l->name, true))
			err = attach_tc(&p->before, &p->maps, &p->instance, l->name, l->ifindex,
					ATTACH_EGRESS);
		err = err ? err : attach_tc(&p->before, &p->maps, &p->instance, l->name, l->ifindex,
					    ATTACH_INGRESS);
	}
	for (size_t i = 0; i < p->device_count && !err; i++)
		if (plan_first_there(p, &p->devices[i]))
			err = attach_xdp(&p->before, &p->maps, p->devices[i].place.trunk->name,
					 p->devices[i].place.trunk->ifindex);
	return err;
}
