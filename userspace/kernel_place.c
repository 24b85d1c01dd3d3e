// SPDX-License-Identifier: GPL-2.0-only
/* Where the frames of a VLAN device go by. */
#include <errno.h>
#include "kernel.h"
#include "../maps/circuit.h"

static const struct kernel_link *below(const struct kernel_link *links, size_t count, int ifindex)
{
	for (size_t i = 0; i < count; i++)
		if (links[i].ifindex == ifindex)
			return &links[i];
	return NULL;
}

int kernel_place(const struct kernel_link *links, size_t count, const struct kernel_link *link,
		 struct kernel_place *out)
{
	*out = (struct kernel_place){ .trunk = link };
	while (out->trunk->vlan) {
		uint16_t tag = out->trunk->tag;

		if (!(tag & TAG_ID))
			return -EINVAL;
		if (out->tags[TAGS_MAX - 1])
			return -E2BIG;
		/* from the top to the bottom: what was found so far is inside of this one */
		out->tags[1] = out->tags[0];
		out->tags[0] = tag;
		out->trunk = below(links, count, out->trunk->parent);
		if (!out->trunk)
			return -ENODEV;
	}
	return 0;
}
