/* SPDX-License-Identifier: GPL-2.0-only */
/* Netlink requests over libmnl: private to the kernel_*.c files. */
#ifndef SAMEPATH_USERSPACE_KERNEL_NETLINK_H
#define SAMEPATH_USERSPACE_KERNEL_NETLINK_H

#include <libmnl/libmnl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#define KERNEL_REQUEST 4096 /* bytes; a route of sixteen hops takes a quarter of it */

/* What a dump collects; records of `size` bytes. */
struct kernel_list {
	void *at;
	size_t count, size;
	int error; /* -ENOMEM when a record was lost */
};
/* A zeroed new record at the end, NULL (and ->error) when memory is short. */
void *kernel_list_add(struct kernel_list *list);

/* Sends one request and hears all its answers. 0 or -errno, that of the kernel included. */
int kernel_talk(int bus, struct nlmsghdr *request, mnl_cb_t each, void *context);
/* A dump, begun afresh when the kernel says that its state changed underneath. `families` is a
 * zero-ended list; `header` bytes are reserved behind nlmsghdr, the first is the family. */
int kernel_dump(uint16_t type, const uint8_t *families, size_t header, mnl_cb_t each,
		struct kernel_list *list);
/* Hands the list to the caller of a public function, or frees it when `err`. Returns err. */
int kernel_list_give(struct kernel_list *list, int err, void **out, size_t *count);

/* Address attributes of either family to mapped form, and back. */
struct in6_addr kernel_mapped(int family, const void *bytes);
void kernel_put_address(struct nlmsghdr *n, uint16_t type, int family,
			const struct in6_addr *mapped);
static inline int kernel_af(unsigned char family)
{
	return family == 4 ? AF_INET : AF_INET6;
}

#endif
