#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What is only pinned leaves with its own source on its own circuit and on no other, comes back on it,
# and moves to the circuit's other link: by a rule's `translate: false`, or for want of a pool.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
chicago_carries=(10.1.20.0/24 2001:db8:10:20::/64)
lab_start
say "chicago knows the site's own addresses, over the links that are up"
ip -n "${lab}chicago" route add 10.1.20.0/24 nexthop via 172.16.0.1 nexthop via 172.16.0.5
ip -n "${lab}chicago" -6 route add 2001:db8:10:20::/64 nexthop via 2001:db8:f:1::1 nexthop via 2001:db8:f:2::1
for version in 4 6; do
	on chicago sysctl -qw net.ipv$version.conf.all.ignore_routes_with_linkdown=1 \
		net.ipv$version.conf.c0.ignore_routes_with_linkdown=1 \
		net.ipv$version.conf.c1.ignore_routes_with_linkdown=1
done
say "and the gateway's links keep their addresses while they are down"
gw sysctl -qw net.ipv6.conf.er0.keep_addr_on_down=1 net.ipv6.conf.er1.keep_addr_on_down=1

# Both families and all protocols leave as they are, on chicago.
only_pinned() {
	local protocol
	for protocol in tcp udp; do
		matches "$protocol" '^chicago 10\.1\.20\.2 ' "$(ask pilot $protocol 10.1.20.2 0 $exchange4 7000)"
		matches "$protocol, IPv6" '^chicago 2001:db8:10:20::2 ' \
			"$(ask pilot $protocol 2001:db8:10:20::2 0 $exchange6 7000)"
	done
	on pilot ping -n -c 2 -i 0.2 -W 2 $exchange4 | grep -q ' 2 received'
	on pilot ping -n -6 -c 2 -i 0.2 -W 2 $exchange6 | grep -q ' 2 received'
	matches "the source port is the client's" '^chicago 10\.1\.20\.2 43210$' \
		"$(ask pilot tcp 10.1.20.2 43210 $exchange4 7000)"
	matches "another destination is translated" '^internet 203\.0\.113\.' \
		"$(ask pilot udp 10.1.20.2 0 $web4 7000)"
}
# A reply on any other wire is a violation, and does not matter to the flow.
held_to_chicago() { # PORT
	local from before answer="chicago 10.1.20.2 $1"
	talk "pinned$1" pilot udp 10.1.20.2 "$1" $exchange4 7001
	same "pinned" "$answer" "$(say_to "pinned$1")"
	for from in "internet i0 wan0" "dallas d0 er2"; do
		before=$(circuit chicago violations)
		# shellcheck disable=SC2086 # three words
		inject $from udp $exchange4 7001 10.1.20.2 "$1"
		more() { (($(circuit chicago violations) == before + 1)); }
		wait_for 5 more
	done
	same "after foreign replies" "$answer" "$(say_to "pinned$1")"
}
# The flow of that port goes on, whichever socket asks; it is still the flow of before.
still() { [[ $(ask pilot udp 10.1.20.2 "$1" $exchange4 7001) == "chicago 10.1.20.2 $1" ]]; }
opened() { flow circuit,pool,pool-port,src sport "$1"; }

say "a rule that does not translate"
edit 's/circuits: \[chicago, dallas\], otherwise: internet/circuits: [chicago], otherwise: drop, translate: false/'
daemon_start
only_pinned
held_to_chicago 44001
say "the gateway itself still finds its neighbours there, by every kind of address"
local6=$(ip -n "${lab}chicago" -6 -o addr show dev c0 scope link | sed 's/.*inet6 \([^/]*\).*/\1/')
for neighbour in 172.16.0.2 2001:db8:f:1::2 "$local6"; do
	on gw ping -n -c 1 -W 2 -I er0 "$neighbour" | grep -q ' 1 received' || fail "not $neighbour"
done
matches "campus is under another rule" '^internet 203\.0\.113\.' "$(ask campus udp 10.2.0.2 0 $exchange4 7000)"

say "a circuit without a pool, under a rule that would translate"
edit 's/, translate: false//; s/circuits: \[chicago\], otherwise: drop/circuits: [chicago, dallas], otherwise: internet/'
edit '/outbound-pool: \[203.0.113.32/d'
sp apply
only_pinned
held_to_chicago 44002
same "pinned under the rule of before" "chicago 10.1.20.2 44001" "$(say_to pinned44001)"
TALK_WAIT=15 talk tcp pilot tcp 10.1.20.2 44003 $exchange4 7001
same "pinned, tcp" "chicago 10.1.20.2 44003" "$(say_to tcp)"

say "one link goes: new flows and old ones take the other, with the same source"
goes() { [[ $(ask pilot udp 10.1.20.2 0 $exchange4 7000) == "$1 "* ]]; }
ip -n "${lab}gw" link set er0 down
wait_for 10 goes chicago
wait_for 10 still 44002
wait_for 10 still 44001
same "tcp, which repeats what was lost" "chicago 10.1.20.2 44003" "$(TALK_WAIT=15 say_to tcp)"
ip -n "${lab}gw" link set er0 up
say "the other one goes"
ip -n "${lab}gw" link set er1 down
wait_for 10 still 44002
only_pinned
say "both are gone: the next circuit of the rule, which translates; the old flow waits for its own"
ip -n "${lab}gw" link set er0 down
wait_for 10 goes dallas
matches "dallas translates" '^dallas 203\.0\.113\.(4[89]|5[0-9]|6[0-3]) ' "$(ask pilot tcp 10.1.20.2 0 $exchange4 7000)"
matches "the old flow" '^error' "$(ask pilot udp 10.1.20.2 44002 $exchange4 7001)"
ip -n "${lab}gw" link set er0 up
ip -n "${lab}gw" link set er1 up
wait_for 15 goes chicago
wait_for 10 still 44002
same "never another flow" "chicago 10.1.20.2 44002 10.1.20.2" "$(opened 44002)"

say "the kernel's own router: the guard lets the source out on chicago, and nowhere else"
kill -TERM "$daemon" && wait "$daemon"
gw sysctl -qw net.ipv4.ip_forward=1
rm -f "/sys/fs/bpf/samepath/$gateway/link_lan0" "/sys/fs/bpf/samepath/$gateway/link_lan1"
bare() { [[ $(ip -n "${lab}gw" link show lan0)$(ip -n "${lab}gw" link show lan1) != *xdp* ]]; }
wait_for 5 bare
passed=$(verdict GUARD_PASSED)
ip -n "${lab}gw" rule add pref 10 iif lan0 lookup 101
on pilot /usr/bin/python3 "$top/tests/lib/talk.py" inject eth0 "$(mac gw lan0)" udp 10.1.20.2 45001 198.18.1.77 7000
arrived() { grep -hq '^udp 10.1.20.2 45001 198.18.1.77 7000$' "$work/er0.seen" "$work/er1.seen"; }
wait_for 5 arrived
verdict_above GUARD_PASSED "$passed" || fail "not by way of the guard"
refused() { # SPACE DEVICE SOURCE, through which table
	local before
	before=$(verdict GUARD_SOURCE)
	ip -n "${lab}gw" rule del pref 10
	ip -n "${lab}gw" rule add pref 10 iif "$2" lookup "$4"
	on "$1" /usr/bin/python3 "$top/tests/lib/talk.py" inject eth0 "$(mac gw "$2")" \
		udp "$3" 45001 198.18.1.77 7000
	wait_for 5 verdict_above GUARD_SOURCE "$before"
}
refused pilot lan0 10.1.20.2 102
refused pilot lan0 10.1.20.2 main
refused campus lan1 10.2.0.2 101
