// SPDX-License-Identifier: GPL-2.0-only
/* What changed in the kernel, heard without asking. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>
#include "kernel.h"
#include "kernel_netlink.h"

#define CHANGE_ALL (CHANGE_LINK | CHANGE_ADDRESS | CHANGE_ROUTE | CHANGE_NEIGHBOUR)

int kernel_watch_open(void)
{
	struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
			     RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_RULE |
			     (1 << (RTNLGRP_IPV6_RULE - 1)),
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	int size = 1 << 20;
	int err;

	if (fd < 0)
		return -errno;
	/* A BGP session that comes up announces its table in one burst; what is lost all the same
	 * is told by ENOBUFS. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int change_of(uint16_t type)
{
	switch (type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return CHANGE_LINK;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return CHANGE_ADDRESS;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
	case RTM_NEWRULE:
	case RTM_DELRULE:
		return CHANGE_ROUTE;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		return CHANGE_NEIGHBOUR;
	}
	return 0;
}

int kernel_watch_read(int fd)
{
	static _Alignas(struct nlmsghdr) char buffer[32768];
	int changes = 0;

	for (;;) {
		struct sockaddr_nl from = { 0 };
		socklen_t length = sizeof(from);
		ssize_t got =
			recvfrom(fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&from, &length);
		const struct nlmsghdr *n = (void *)buffer;
		int left = got;

		if (got < 0 && errno == ENOBUFS) {
			changes = CHANGE_ALL;
			continue;
		}
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 && errno != EAGAIN ? -errno : changes;
		if (from.nl_pid) /* not from the kernel: any process may send to a group member */
			continue;
		for (; mnl_nlmsg_ok(n, left); n = mnl_nlmsg_next(n, &left))
			changes |= change_of(n->nlmsg_type);
	}
}
