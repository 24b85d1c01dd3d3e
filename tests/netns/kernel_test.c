// SPDX-License-Identifier: GPL-2.0-only
/* Netlink and sysctl functions against the real kernel. */
#include "kernel_topology.h"

static void dumps_tell_devices_and_addresses(void **state)
{
	struct kernel_link *links;
	struct kernel_address *a;
	size_t n, m, seen = 0;

	(void)state;
	assert_int_equal(kernel_links(&links, &n), 0);
	assert_int_equal(kernel_addresses(&a, &m), 0);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(links[i].name, "er0"))
			continue;
		seen++;
		assert_true(links[i].up && links[i].carrier && !links[i].vlan);
		assert_int_equal(links[i].mtu, 1400);
		assert_memory_equal(links[i].mac, "\x02\0\0\0\x0e\0", 6);
		assert_int_equal(links[i].parent, 0);
		for (size_t k = 0; k < m; k++) {
			struct prefix want = pfx("172.16.0.1");

			if (a[k].ifindex == links[i].ifindex &&
			    prefix_equal(&a[k].address, &want)) {
				assert_int_equal(a[k].subnet_length, 30);
				seen++;
			}
		}
	}
	assert_int_equal(seen, 2);
	free(links);
	free(a);
}

static void route_reads_back_as_written(void **state)
{
	static const char *const to[] = { "198.51.100.0/24", "2001:db8:99::/48", "0.0.0.0/0",
					  "::/0" };
	static const char *const via[][2] = { { "172.16.0.2", "172.16.0.6" },
					      { "2001:db8:f:1::2", "2001:db8:f:2::2" } };

	(void)state;
	for (int t = 0; t < 4; t++)
		for (unsigned int kind = 0; kind < 4; kind++) {
			struct kernel_route r = { .table = 70001,
						  .metric = 4294967295u,
						  .protocol = KERNEL_PROTOCOL },
					    *out;
			const char *why;
			size_t n;

			r.kind = kind < 2  ? ROUTE_UNICAST :
				 kind == 2 ? ROUTE_UNREACHABLE :
					     ROUTE_BLACKHOLE;
			r.hop_count = kind < 2 ? kind + 1 : 0;
			r.to = (struct prefix){ .family = t & 1 ? 6 : 4 };
			if (t < 2)
				r.to = pfx(to[t]);
			else if (!(t & 1))
				r.to.address.s6_addr[10] = r.to.address.s6_addr[11] = 0xff;
			for (unsigned int i = 0; i < r.hop_count; i++) {
				struct prefix hop;

				assert_int_equal(address_parse(via[t & 1][i], &hop, &why), 0);
				r.hops[i].gateway = hop.address;
				r.hops[i].ifindex = if_nametoindex(i ? "er1" : "er0");
			}
			assert_int_equal(kernel_route_add(&r), 0);
			assert_int_equal(kernel_route_add(&r), -EEXIST);
			assert_int_equal(kernel_routes(70001, &out, &n), 0);
			assert_int_equal(n, 1);
			assert_memory_equal(out, &r, sizeof(r));
			free(out);
			assert_int_equal(kernel_route_delete(&r), 0);
			assert_int_equal(kernel_route_delete(&r), -ESRCH);
			assert_int_equal(kernel_routes(70001, &out, &n), 0);
			assert_int_equal(n, 0);
			free(out);
		}
}

static void foreign_rule_selectors_are_seen(void **state)
{
	struct kernel_rule *rules;
	size_t n, others = 0, ours = 0;

	(void)state;
	sh("ip rule add from 203.0.113.0/24 fwmark 7 lookup 300 priority 900");
	sh("ip -6 rule add from 2001:db8:77::/48 oif er0 lookup 70000 priority 901 protocol 90");
	assert_int_equal(kernel_rules(&rules, &n), 0);
	for (size_t i = 0; i < n; i++) {
		struct prefix p = pfx("2001:db8:77::/48");

		others += rules[i].priority == 900 && rules[i].other;
		ours += rules[i].priority == 901 && !rules[i].other && rules[i].table == 70000 &&
			rules[i].protocol == KERNEL_PROTOCOL && !strcmp(rules[i].oif, "er0") &&
			prefix_equal(&rules[i].from, &p);
	}
	free(rules);
	sh("ip rule del priority 900; ip -6 rule del priority 901");
	assert_int_equal(others, 1);
	assert_int_equal(ours, 1);
}

static bool has_port(const struct kernel_port *p, size_t n, uint8_t protocol, uint16_t port)
{
	for (size_t i = 0; i < n; i++)
		if (p[i].protocol == protocol && p[i].port == port)
			return true;
	return false;
}

static int hold(int family, int type, uint16_t port)
{
	struct sockaddr_in6 a = { .sin6_family = family };
	int fd = socket(family, type, 0);

	a.sin6_port = htons(port); /* at the same place in sockaddr_in */
	assert_int_equal(bind(fd, (void *)&a, family == AF_INET ? 16 : sizeof(a)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void ports_lists_listeners_and_udp(void **state)
{
	int fds[] = { hold(AF_INET, SOCK_STREAM, 4001), hold(AF_INET6, SOCK_STREAM, 4002),
		      hold(AF_INET, SOCK_DGRAM, 4003), hold(AF_INET6, SOCK_DGRAM, 4004) };
	struct kernel_port *p;
	size_t n;

	(void)state;
	assert_int_equal(kernel_ports(&p, &n), 0);
	assert_true(has_port(p, n, IPPROTO_TCP, 4001) && has_port(p, n, IPPROTO_TCP, 4002));
	assert_true(has_port(p, n, IPPROTO_UDP, 4003) && has_port(p, n, IPPROTO_UDP, 4004));
	assert_int_equal(n, 4);
	free(p);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

static void watch_tells_what_changed(void **state)
{
	int fd = kernel_watch_open();
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(kernel_watch_read(fd), 0);
	sh("ip rule add from 198.51.100.0/24 lookup 7 priority 5");
	assert_int_equal(poll(&ready, 1, 5000), 1);
	assert_int_equal(kernel_watch_read(fd), CHANGE_ROUTE);
	sh("ip -6 rule add from 2001:db8::/32 lookup 7 priority 5");
	assert_int_equal(kernel_watch_read(fd), CHANGE_ROUTE);
	sh("ip link set lan0 alias x; ip addr add 10.9.9.9/32 dev lan0");
	assert_int_equal(kernel_watch_read(fd) & (CHANGE_LINK | CHANGE_ADDRESS),
			 CHANGE_LINK | CHANGE_ADDRESS);
	sh("ip rule del priority 5; ip -6 rule del priority 5; ip addr del 10.9.9.9/32 dev lan0");
	close(fd);
}

static void neighbour_use_makes_the_kernel_ask(void **state)
{
	const char *const address[] = { "172.16.0.2", "2001:db8:f:1::2" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct kernel_neighbour *list;
		struct prefix p;
		const char *why;
		size_t n, seen = 0;

		assert_int_equal(address_parse(address[i], &p, &why), 0);
		assert_int_equal(kernel_neighbour_use(if_nametoindex("er0"), &p.address), 0);
		assert_int_equal(kernel_neighbours(&list, &n), 0);
		for (size_t k = 0; k < n; k++)
			seen += IN6_ARE_ADDR_EQUAL(&list[k].address, &p.address) && list[k].state;
		assert_int_equal(seen, 1);
		free(list);
	}
}

static void announcements_are_well_formed(void **state)
{
	struct sockaddr_ll on = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = if_nametoindex("er0p") };
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	struct kernel_link link = { .ifindex = if_nametoindex("er0"),
				    .mac = { 2, 0, 0, 0, 14, 0 } };
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	const struct prefix v4 = pfx("203.0.113.33"), v6 = pfx("2001:db8:1::5");
	unsigned char frame[256];
	int arp = 0, na = 0;

	(void)state;
	assert_int_equal(bind(fd, (void *)&on, sizeof(on)), 0);
	assert_int_equal(kernel_announce(&link, &v4.address), 0);
	assert_int_equal(kernel_announce(&link, &v6.address), 0);
	while ((!arp || !na) && poll(&ready, 1, 5000) == 1) {
		ssize_t got = recv(fd, frame, sizeof(frame), 0);
		uint32_t sum = 32 + 58;

		if (got == 42 && !memcmp(frame + 28, "\xcb\0\x71\x21", 4)) {
			assert_memory_equal(frame,
					    "\xff\xff\xff\xff\xff\xff\x02\0\0\0\x0e\0\x08\x06\0\x01"
					    "\x08\0\x06\x04\0\x01\x02\0\0\0\x0e\0",
					    28);
			assert_memory_equal(frame + 38, "\xcb\0\x71\x21", 4);
			arp++;
		}
		if (got != 86 || frame[54] != 136 || memcmp(frame + 22, &v6.address, 16))
			continue;
		for (int i = 22; i < 86; i += 2) /* both addresses and the message */
			sum += frame[i] << 8 | frame[i + 1];
		assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff);
		assert_memory_equal(frame + 62, &v6.address, 16);
		assert_memory_equal(frame + 78, "\x02\x01\x02\0\0\0\x0e\0", 8);
		assert_int_equal(frame[21], 255);
		na++;
	}
	assert_int_equal(arp, 1);
	assert_int_equal(na, 1);
	close(fd);
}

static void sysctl_path_does_not_climb(void **state)
{
	char value[32];

	(void)state;
	assert_int_equal(kernel_sysctl_get("net/../../version", value, sizeof(value)), -EINVAL);
	assert_int_equal(kernel_sysctl_set("/etc/hostname", "x"), -EINVAL);
	assert_int_equal(kernel_sysctl_get("net/ipv4/conf/absent/forwarding", value, sizeof(value)),
			 -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dumps_tell_devices_and_addresses),
		cmocka_unit_test(route_reads_back_as_written),
		cmocka_unit_test(foreign_rule_selectors_are_seen),
		cmocka_unit_test(ports_lists_listeners_and_udp),
		cmocka_unit_test(watch_tells_what_changed),
		cmocka_unit_test(neighbour_use_makes_the_kernel_ask),
		cmocka_unit_test(announcements_are_well_formed),
		cmocka_unit_test(sysctl_path_does_not_climb),
	};

	return cmocka_run_group_tests(tests, topology, clean);
}
