#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# With XDP detached nothing leaks: the guard drops inside sources, and the gateway's own get out. Nor does an
# error of the gateway's kernel that quotes the inside, and goes where the default route leads.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
judged=-q
lab_start
apply
say "between inside hosts of which neither is there: the kernel tells the sender, who is elsewhere"
before=$(verdict GUARD_QUOTE)
inject pilot eth0 lan0 udp 10.6.0.2 1000 10.1.20.66 7000
inject pilot eth0 lan0 udp 2001:db8:10:77::2 1000 2001:db8:10:20::66 7000
wait_for 10 verdict_above GUARD_QUOTE "$before"
gw sysctl -qw net.ipv4.ip_forward=1
matches "before" '^chicago' "$(ask pilot udp 10.1.20.2 0 $exchange4 7000)"
say "XDP goes, the kernel's own router would forward now"
rm -f "$(find "/sys/fs/bpf/samepath/$gateway" -name '*lan0*' | head -1)"
quiet_on gw ip link set lan0 xdp off 2>/dev/null || :
bare() { [[ $(ip -n "${lab}gw" link show lan0) != *xdp* ]]; }
wait_for 5 bare
before=$(verdict GUARD_SOURCE)
matches "from inside" '^error' "$(ask pilot udp 10.1.20.2 0 $web4 7000)"
matches "from inside" '^error' "$(ask pilot tcp 10.1.20.2 0 $web4 7000)"
verdict_above GUARD_SOURCE "$before" || fail "the guard counted nothing"
say "the gateway's own address is the circuit's"
on gw ping -n -c 2 -i 0.2 -W 2 192.0.2.2 | grep -q ' 2 received'
on gw ping -n -c 2 -i 0.2 -W 2 172.16.0.2 | grep -q ' 2 received'
