/* SPDX-License-Identifier: GPL-2.0-only */
/* The real part of the gateway on paper: devices, addresses, neighbours, routes. Part of rig.c. */

static void device_make(enum device d, const char *v4, const char *v6)
{
	const char *name = device_names[d];

	shell("ip link add %s type veth peer name %sp && ip link set %sp up", name, name, name);
	shell("ip link set %s address 02:00:00:00:00:%02x up", name, d + 1);
	shell("ip addr add %s dev %s && ip addr add %s dev %s nodad", v4, name, v6, name);
	shell("sysctl -qw net.ipv4.conf.%s.forwarding=1 net.ipv6.conf.%s.forwarding=1", name, name);
	rig.ifindex[d] = if_nametoindex(name);
}

static void neighbour_make(enum device d, const char *where, int mac)
{
	shell("ip neigh replace %s lladdr 02:00:00:00:01:%02x dev %s nud permanent", where, mac,
	      device_names[d]);
}

static void routes_make(void)
{
	shell("ip route replace default via 198.18.0.2 && ip -6 route replace default via "
	      "2001:db8:f:3::2");
	shell("ip route replace default via 172.16.0.2 table 101 && "
	      "ip -6 route replace default via 2001:db8:f:1::2 table 101 && "
	      "ip route replace default via 172.16.1.2 table 102");
	neighbour_make(ER0, "172.16.0.2", 0x10);
	neighbour_make(ER0, "2001:db8:f:1::2", 0x10);
	neighbour_make(ER2, "172.16.1.2", 0x20);
	neighbour_make(WAN, "198.18.0.2", 0x30);
	neighbour_make(WAN, "2001:db8:f:3::2", 0x30);
	rig.broken = false;
}

static void wire(void)
{
	static const enum place hosts[] = {PILOT, PILOT_TWO, CAMPUS, SERVER_ONE, SERVER_TWO,
					   SERVER_THREE};
	unsigned int i;

	shell("ip link set lo up");
	device_make(LAN, "10.1.0.1/16", "2001:db8:10::1/48");
	device_make(ER0, "172.16.0.1/30", "2001:db8:f:1::1/64");
	device_make(ER2, "172.16.1.1/30", "2001:db8:f:2::1/64");
	device_make(WAN, "198.18.0.1/30", "2001:db8:f:3::1/64");
	device_make(ALIEN, "192.168.99.1/24", "2001:db8:98::1/64");
	routes_make();
	shell("ip route add unreachable default metric 4294967295 table 101 && "
	      "ip -6 route add unreachable default metric 4294967295 table 101 && "
	      "ip route add unreachable default metric 4294967295 table 102");
	shell("ip rule add from 203.0.113.32/28 lookup 101 && "
	      "ip -6 rule add from 2001:db8:1::/64 lookup 101 && "
	      "ip rule add from 203.0.113.48/28 lookup 102 && "
	      "for o in er0 alien0; do ip rule add oif $o ipproto %d lookup 101; "
	      "ip -6 rule add oif $o ipproto %d lookup 101; done", QUESTION_PROTOCOL,
	      QUESTION_PROTOCOL);
	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		neighbour_make(LAN, places[hosts[i]][0], 0x40 + i);
		neighbour_make(LAN, places[hosts[i]][1], 0x40 + i);
	}
}
