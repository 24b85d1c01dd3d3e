#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# New flows leave a circuit that is not usable, for each way of not being usable, and come back.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
daemon_start
way() { ask pilot udp 10.1.20.2 0 $exchange4 7000 | cut -d' ' -f1; }
goes() { [[ $(way) == "$1" ]]; }
same "at first" chicago "$(way)"
back() {
	wait_for 15 goes chicago
	same "back" chicago "$(way)"
}

say "one of two links down: still chicago"
ip -n "${lab}gw" link set er0 down
wait_for 10 goes chicago
ip -n "${lab}gw" link set er0 up
say "both links down"
ip -n "${lab}gw" link set er0 down
ip -n "${lab}gw" link set er1 down
wait_for 10 goes dallas
ip -n "${lab}gw" link set er0 up
ip -n "${lab}gw" link set er1 up
back

say "the far ends down: carrier lost"
ip -n "${lab}chicago" link set c0 down
ip -n "${lab}chicago" link set c1 down
wait_for 10 goes dallas
ip -n "${lab}chicago" link set c0 up
ip -n "${lab}chicago" link set c1 up
ip -n "${lab}chicago" route replace 203.0.113.32/28 nexthop via 172.16.0.1 nexthop via 172.16.0.5
back

say "a neighbour dead behind a live carrier"
ip -n "${lab}chicago" link set c0 arp off
ip -n "${lab}chicago" link set c1 arp off
ip -n "${lab}gw" neigh flush dev er0
ip -n "${lab}gw" neigh flush dev er1
wait_for 20 goes dallas
ip -n "${lab}chicago" link set c0 arp on
ip -n "${lab}chicago" link set c1 arp on
back
