#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Links that flap, next hops that change their MAC, and ten thousand routes that are none of its
# business leave the gateway where it was: flows go on when their circuit does, and nothing is foreign.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
daemon_start
way() { ask pilot udp 10.1.20.2 0 $exchange4 7000 | cut -d' ' -f1; }
goes() { [[ $(way) == "$1" ]]; }
same "at first" chicago "$(way)"

say "the next hops get other MACs, and say so: flows follow within a second"
for device in er0 er1; do gw sysctl -qw net.ipv4.neigh.$device.locktime=0; done
on chicago sysctl -qw net.ipv4.conf.c0.arp_notify=1 net.ipv4.conf.c1.arp_notify=1
on pilot ping -n -i 0.02 -c 200 -W 2 $exchange4 >"$work/ping" &
ping=$!
wait_for 5 grep -q 'icmp_seq=20 ' "$work/ping"
ip -n "${lab}chicago" link set c0 address 02:00:00:00:c0:00
ip -n "${lab}chicago" link set c1 address 02:00:00:00:c1:00
heard() {
	[[ $(ip -n "${lab}gw" neigh show 172.16.0.2 dev er0) != *lladdr* || $(ip -n "${lab}gw" neigh show 172.16.0.2 dev er0) == *02:00:00:00:c0:00* ]] &&
		[[ $(ip -n "${lab}gw" neigh show 172.16.0.6 dev er1) != *lladdr* || $(ip -n "${lab}gw" neigh show 172.16.0.6 dev er1) == *02:00:00:00:c1:00* ]]
}
wait_for 5 heard
wait "$ping" || :
got=$(sed -n 's/.* \([0-9]*\) received.*/\1/p' "$work/ping")
say "$got of 200, fifty a second"
((got > 0 && 200 - got <= 60)) || fail "more than a second was lost: $got of 200 came back"

say "both links of chicago down and up, ten times, under traffic"
TALK_WAIT=40 talk tcp pilot tcp 10.1.20.2 0 $exchange4 7001
tcp=$(say_to tcp)
matches "tcp" '^chicago ' "$tcp"
udp=$(ask pilot udp 10.1.20.2 47000 $exchange4 7001)
matches "udp" '^chicago .* 47000$' "$udp"
background one pilot ping -q -n -i 0.01 -W 1 $exchange4
background two campus ping -q -n -i 0.01 -W 1 $web4
for _ in $(seq 10); do
	for device in er0 er1; do ip -n "${lab}gw" link set $device down; done
	read -rt 0.1 <> <(:) || : # traffic meets the links as they are now
	for device in er0 er1; do ip -n "${lab}gw" link set $device up; done
	read -rt 0.1 <> <(:) || :
done
wait_for 20 goes chicago
same "the flow of before, tcp" "$tcp" "$(TALK_WAIT=40 say_to tcp)"
back() { [[ $(ask pilot udp 10.1.20.2 47000 $exchange4 7001) == "$udp" ]]; }
wait_for 10 back

say "ten thousand changes in a table of somebody else's, and then one that counts"
seq 5000 | awk '{ n = sprintf("100.%d.%d.0/24", 64 + $1 / 250, $1 % 250); print "route add blackhole " n " table 999"; del[$1] = "route del blackhole " n " table 999" }
	END { for (i = 1; i <= 5000; i++) print del[i] }' >"$work/routes"
ip -n "${lab}gw" -batch "$work/routes"
# The daemon may still bring in a link of the ten times above, and the route with it: each time it is taken away.
without_route() {
	while ip -n "${lab}gw" route show table 101 | grep -q '^default'; do ip -n "${lab}gw" route del default table 101; done
	goes dallas
}
wait_for 30 without_route
gone() { [[ $(ask pilot udp 10.1.20.2 47000 $exchange4 7001) == error* ]]; }
wait_for 5 gone
daemon_running || fail "the daemon ended"
say "and back"
ip -n "${lab}gw" route add default proto 90 table 101 nexthop via 172.16.0.2 dev er0 nexthop via 172.16.0.6 dev er1
wait_for 10 goes chicago
wait_for 10 back
same "violations" 0 "$(circuit chicago violations)"
