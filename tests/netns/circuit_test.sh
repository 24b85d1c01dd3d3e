#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `circuit test` says whether answers come back on the circuit that was asked, and harms nothing.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
edit 's/^    outbound-pool: \[203.0.113.32\/28/    outbound-pool: [203.0.113.40\/32/' # its flows and the test wear the same
apply
rows() { # TABLE COLUMN...: of what was told, a row a line
	/usr/bin/python3 -c '
import json, sys
for row in json.load(open(sys.argv[1]))[sys.argv[2]]:
    print(*(row[c] for c in sys.argv[3:]))' "$work/told" "$@"
}
tested() { # STATUS WORDS...
	local status=0 expected=$1
	shift
	sp -j circuit test "$@" >"$work/told" 2>"$work/said" || status=$?
	same "status of circuit test $*: $(cat "$work/told" "$work/said")" "$expected" "$status"
}
maps() {
	local map
	for map in flows4 flows6 mappings4 mappings6 hosts half_open locals rules circuits sources answers; do
		echo "$map $(quiet_on gw bpftool -j map dump pinned "/sys/fs/bpf/samepath/$gateway/$map" | md5sum)"
	done
}
found="destination answered back-circuit finding"

say "both ways on the circuit"
before=$(maps)
# shellcheck disable=SC2086 # words
{
	tested 0 chicago --to $exchange4 --to $exchange4:7000 --to "[$exchange6]:7000" --to $exchange6 --trace
	same "chicago" "icmp/$exchange4 3 chicago same circuit
tcp/$exchange4:7000 3 chicago same circuit
tcp/[$exchange6]:7000 3 chicago same circuit
icmp/$exchange6 3 chicago same circuit" "$(rows destinations $found)"
	same "maps" "$before" "$(maps)"
	tested 0 dallas # the next hop
	matches "dallas" 'icmp/172.16.1.2 3 dallas same circuit' "$(rows destinations $found)"
	tested 1 chicago --to 198.51.100.77 --count 1 --timeout 1
	same "silence" "icmp/198.51.100.77 0 None no answer" "$(rows destinations $found)"
}

say "the far end answers over another circuit"
ip -n "${lab}chicago" link add across type veth peer name across netns "${lab}internet"
ip -n "${lab}chicago" addr add 172.16.9.1/30 dev across
ip -n "${lab}internet" addr add 172.16.9.2/30 dev across
ip -n "${lab}chicago" link set across up
ip -n "${lab}internet" link set across up
on internet sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.across.rp_filter=0
ip -n "${lab}internet" route add 203.0.113.40/32 via 192.0.2.1
ip -n "${lab}chicago" route add 203.0.113.40/32 via 172.16.9.2
ip -n "${lab}chicago" addr add 198.18.1.77/32 dev lo # the internet holds the others itself, and would not forward them
tested 1 chicago --to 198.18.1.77 --to 198.18.1.77:7000 --count 1
# shellcheck disable=SC2086 # words
same "astray" "icmp/198.18.1.77 1 internet answered on another circuit
tcp/198.18.1.77:7000 1 internet answered on another circuit" "$(rows destinations $found)"
