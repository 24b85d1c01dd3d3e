/* SPDX-License-Identifier: GPL-2.0-only */
/* What the driver of a device can and does: ethtool's questions, and netdev's about XDP. Read only. */
#ifndef SAMEPATH_USERSPACE_KERNEL_CARD_H
#define SAMEPATH_USERSPACE_KERNEL_CARD_H

#include <stdbool.h>
#include <stdint.h>

struct card {
	char driver[32];
	bool virtual; /* on no bus: nothing to interrupt a CPU */
	uint32_t rx, rx_most; /* receive channels, combined ones included; 0: not told */
	bool combined; /* the channels are, so `ethtool -L DEVICE combined N` sets them */
};
/* 0 or -errno; a driver that does not answer a question leaves its part zero. */
int kernel_card(const char *device, struct card *out);

/* A feature by ethtool's name for it, as "rx-lro" or "rx-gro-hw"; false too where the device has none
 * such. */
bool kernel_card_feature(const char *device, const char *feature);

/* Bits that netdev tells of a driver (include/uapi/linux/netdev.h, Linux 6.3). */
#define CARD_XDP_NATIVE 0x01
#define CARD_XDP_TRANSMIT 0x04 /* takes frames that others redirect to it */
#define CARD_XDP_BUFFERS 0x20 /* frames in several buffers */
/* 0, or -errno: before 6.3 nobody knows. */
int kernel_card_xdp(int ifindex, uint64_t *bits);

#endif
