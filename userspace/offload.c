// SPDX-License-Identifier: GPL-2.0-only
/* The one setting of a device's hardware that matters: does it take VLAN tags off before XDP sees them? */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "offload.h"

static int ask(const char *device, struct ethtool_value *value)
{
	struct ifreq request = { .ifr_data = (void *)value };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	err = ioctl(fd, SIOCETHTOOL, &request) ? -errno : 0;
	close(fd);
	return err;
}

/* "ethtool/DEVICE/rxvlan": a name of a device has no slash. */
static bool device_of(const char *path, char device[IFNAMSIZ])
{
	return sscanf(path, OFFLOAD_PATH "%15[^/]", device) == 1;
}

bool offload_is(const char *path)
{
	return !strncmp(path, OFFLOAD_PATH, strlen(OFFLOAD_PATH));
}

int offload_get(const char *path, char *value, size_t size)
{
	struct ethtool_value flags = { .cmd = ETHTOOL_GFLAGS };
	char device[IFNAMSIZ];
	int err = device_of(path, device) ? ask(device, &flags) : -EINVAL;

	/* as /proc/sys has it for a device that went */
	if (err)
		return err == -ENODEV ? -ENOENT : err;
	snprintf(value, size, "%s", flags.data & ETH_FLAG_RXVLAN ? "on" : "off");
	return 0;
}

int offload_set(const char *path, const char *value)
{
	struct ethtool_value flags = { .cmd = ETHTOOL_GFLAGS };
	__u32 wanted = strcmp(value, "off") ? ETH_FLAG_RXVLAN : 0;
	char device[IFNAMSIZ];
	int err = device_of(path, device) ? ask(device, &flags) : -EINVAL;

	if (err || (flags.data & ETH_FLAG_RXVLAN) == wanted)
		return err;
	flags.cmd = ETHTOOL_SFLAGS;
	flags.data = (flags.data & ~(__u32)ETH_FLAG_RXVLAN) | wanted;
	err = ask(device, &flags);
	flags.cmd = ETHTOOL_GFLAGS;
	err = err ? err : ask(device, &flags);
	/* a driver may agree and leave it as it is */
	return err ? err : (flags.data & ETH_FLAG_RXVLAN) == wanted ? 0 : -EOPNOTSUPP;
}

const char *offload_text(const char *path, const char *value, char *text, size_t size)
{
	char device[IFNAMSIZ] = "";

	if (offload_is(path) && device_of(path, device))
		snprintf(text, size, "ethtool -K %s rxvlan %s", device, value);
	else
		snprintf(text, size, "sysctl -w %s=%s", path, value);
	return text;
}
