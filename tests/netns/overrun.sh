#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A link that is made again while the daemon hears too much to hear it (netlink overrun, ENOBUFS) is
# attached all the same: what was missed is looked up.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
edit 's/circuits: \[chicago, dallas\], otherwise: internet/circuits: [dallas], otherwise: drop/'
daemon_start
goes() { [[ $(ask pilot udp 10.1.20.2 0 $exchange4 7000) == "$1 "* ]]; }
wait_for 10 goes dallas

say "the daemon hears nothing of the new link but that it missed something"
kill -STOP "$daemon"
seq 4000 | awk '{ printf "route add blackhole 100.%d.%d.0/24 table 999\n", 64 + $1 / 250, $1 % 250 }' >"$work/routes"
ip -n "${lab}gw" -batch "$work/routes"
drops() { quiet_on gw awk -v pid="$daemon" '$3 == pid { n += $9 } END { print n + 0 }' /proc/net/netlink; }
(($(drops) > 0)) || fail "its socket held everything: no overrun was made"
ip -n "${lab}gw" link del er2
dallas_wire
if attached er2; then fail "who attached it?"; fi
kill -CONT "$daemon"
wait_for 15 attached er2
wait_for 15 goes dallas
daemon_running || fail "the daemon ended"
same "violations" 0 "$(circuit dallas violations)"
