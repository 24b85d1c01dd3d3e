#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# With XDP detached nothing leaks: the guard drops inside sources, and the gateway's own get out.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
apply
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
