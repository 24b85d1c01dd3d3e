// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/genetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "kernel_card.h"
#include "kernel_netlink.h"

/* Of the family "netdev"; headers older than the kernel do not have them. */
enum { NETDEV_GET = 1, NETDEV_IFINDEX = 1, NETDEV_XDP_FEATURES = 3 };

static int ask(const char *device, void *question)
{
	struct ifreq request = { .ifr_data = question };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%.15s", device);
	err = ioctl(fd, SIOCETHTOOL, &request) ? -errno : 0;
	close(fd);
	return err;
}

int kernel_card(const char *device, struct card *out)
{
	struct ethtool_drvinfo driver = { .cmd = ETHTOOL_GDRVINFO };
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	int err = ask(device, &driver);

	*out = (struct card){ .virtual = true };
	if (err == -ENODEV)
		return err;
	if (!err) {
		snprintf(out->driver, sizeof(out->driver), "%s", driver.driver);
		out->virtual = !driver.bus_info[0] || !strcmp(driver.bus_info, "N/A");
	}
	if (ask(device, &channels))
		return 0;
	out->combined = channels.max_combined;
	out->rx = channels.rx_count + channels.combined_count;
	out->rx_most = channels.max_combined ? channels.max_combined : channels.max_rx;
	return 0;
}

/* How many features this kernel knows, and the names of all. */
static struct ethtool_gstrings *feature_names(const char *device)
{
	_Alignas(struct ethtool_sset_info) char room[sizeof(struct ethtool_sset_info) + sizeof(__u32)] = { 0 };
	struct ethtool_sset_info *set = (void *)room;
	struct ethtool_gstrings *names;
	__u32 count;

	set->cmd = ETHTOOL_GSSET_INFO;
	set->sset_mask = 1 << ETH_SS_FEATURES;
	if (ask(device, set) || !set->sset_mask)
		return NULL;
	count = set->data[0];
	names = calloc(1, sizeof(*names) + (size_t)count * ETH_GSTRING_LEN);
	if (!names)
		return NULL;
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_FEATURES;
	names->len = count;
	if (!ask(device, names))
		return names;
	free(names);
	return NULL;
}

static bool is_active(const char *device, uint32_t bit, uint32_t count)
{
	uint32_t blocks = (count + 31) / 32;
	struct ethtool_gfeatures *all = calloc(1, sizeof(*all) + blocks * sizeof(all->features[0]));
	bool active = false;

	if (!all)
		return false;
	all->cmd = ETHTOOL_GFEATURES;
	all->size = blocks;
	if (!ask(device, all) && bit / 32 < all->size)
		active = all->features[bit / 32].active >> bit % 32 & 1;
	free(all);
	return active;
}

bool kernel_card_feature(const char *device, const char *feature)
{
	struct ethtool_gstrings *names = feature_names(device);
	bool active = false;

	for (uint32_t i = 0; names && i < names->len; i++)
		if (!strncmp((char *)names->data + i * ETH_GSTRING_LEN, feature, ETH_GSTRING_LEN))
			active = is_active(device, i, names->len);
	free(names);
	return active;
}

static struct nlmsghdr *question(char *buffer, uint16_t family, uint8_t command)
{
	struct nlmsghdr *n = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *g = mnl_nlmsg_put_extra_header(n, sizeof(*g));

	n->nlmsg_type = family;
	n->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	g->cmd = command;
	g->version = 1;
	return n;
}

static int read_family(const struct nlmsghdr *n, void *context)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, n, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_ID)
			*(uint16_t *)context = mnl_attr_get_u16(a);
	return MNL_CB_OK;
}

static int read_xdp(const struct nlmsghdr *n, void *context)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, n, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(a) == NETDEV_XDP_FEATURES)
			*(uint64_t *)context = mnl_attr_get_u64(a);
	return MNL_CB_OK;
}

int kernel_card_xdp(int ifindex, uint64_t *bits)
{
	char buffer[KERNEL_REQUEST] = { 0 };
	struct nlmsghdr *n = question(buffer, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	uint16_t family = 0;
	int err;

	*bits = UINT64_MAX;
	mnl_attr_put_strz(n, CTRL_ATTR_FAMILY_NAME, "netdev");
	err = kernel_talk(NETLINK_GENERIC, n, read_family, &family);
	if (err || !family)
		return err ? err : -ENOENT;
	memset(buffer, 0, sizeof(buffer));
	n = question(buffer, family, NETDEV_GET);
	mnl_attr_put_u32(n, NETDEV_IFINDEX, (uint32_t)ifindex);
	err = kernel_talk(NETLINK_GENERIC, n, read_xdp, bits);
	return err ? err : *bits == UINT64_MAX ? -ENOENT : 0;
}
