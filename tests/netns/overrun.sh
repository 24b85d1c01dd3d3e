#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A link that is made again while the daemon hears too much to hear it (netlink overrun, ENOBUFS) is
# attached all the same: what was missed is looked up.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
edit 's/circuits: \[chicago, dallas\], otherwise: internet/circuits: [dallas], otherwise: drop/'
daemon_start
attached() { [[ $(ip -n "${lab}gw" link show "$1") == *'xdp '* || $(ip -n "${lab}gw" link show "$1") == *prog/xdp* ]]; }
goes() { [[ $(ask pilot udp 10.1.20.2 0 $exchange4 7000) == "$1 "* ]]; }
# New wire of dallas, watched from before it is up.
wires=0
dallas_wire() {
	wires=$((wires + 1))
	ip -n "${lab}gw" link add er2 type veth peer name d0 netns "${lab}dallas"
	witness "er2-$wires" dallas d0 203.0.113.48/28 172.16.1.1
	ip -n "${lab}dallas" addr add 172.16.1.2/30 dev d0
	ip -n "${lab}gw" addr add 172.16.1.1/30 dev er2
	quiet_on dallas ethtool -K d0 tx off rx off tso off gso off gro off >/dev/null 2>&1 || :
	quiet_on gw ethtool -K er2 tx off rx off tso off gso off gro off >/dev/null 2>&1 || :
	ip -n "${lab}dallas" link set d0 xdpdrv object "$top/build/tests/lib/pass.bpf.o" section xdp
	ip -n "${lab}dallas" link set d0 up
	ip -n "${lab}gw" link set er2 up
	ip -n "${lab}dallas" route replace 203.0.113.48/28 via 172.16.1.1
}
wait_for 10 goes dallas

say "the daemon hears nothing of the new link but that it missed something"
kill -STOP "$daemon"
ip -n "${lab}gw" link del er2
dallas_wire
seq 4000 | awk '{ printf "route add blackhole 100.%d.%d.0/24 table 999\n", 64 + $1 / 250, $1 % 250 }' >"$work/routes"
ip -n "${lab}gw" -batch "$work/routes"
drops() { quiet_on gw awk -v pid="$daemon" '$3 == pid { n += $9 } END { print n + 0 }' /proc/net/netlink; }
(($(drops) > 0)) || fail "its socket held everything: no overrun was made"
if attached er2; then fail "who attached it?"; fi
kill -CONT "$daemon"
wait_for 15 attached er2
wait_for 15 goes dallas
daemon_running || fail "the daemon ended"
same "violations" 0 "$(circuit dallas violations)"
