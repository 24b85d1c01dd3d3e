#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# 2 MiB each way through the gateway arrive as they were sent where the way has a smaller MTU further on: at a
# router of the outside, at one of the inside, and at the gateway's own link. Who sends has learnt that MTU.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/behind.sh
. "$(dirname "$0")/../lib/behind.sh"
spaces+=(beyond deep)
lab_start

say "beyond behind the router of internet, deep behind pilot"
behind internet beyond 198.19.9 2001:db8:f09
behind pilot deep 10.1.21 2001:db8:10:21
ip -n "${lab}gw" route add 10.1.21.0/24 via 10.1.20.2
ip -n "${lab}gw" -6 route add 2001:db8:10:21::/64 via 2001:db8:10:20::2
apply
for space in beyond internet; do
	background "bulk-$space" $space /usr/bin/python3 "$top/tests/lib/bulk.py" serve 7200
	wait_for 10 grep -q serving "$work/bulk-$space.out"
done
bulk() { quiet_on "$1" /usr/bin/python3 "$top/tests/lib/bulk.py" ask "$2" "$3" 7200 2>&1 || :; }
# knows SPACE DESTINATION MTU: its route cache says so
knows() {
	local route
	route=$(ip -n "$lab$1" route get "$2")
	matches "route of $1 to $2" " mtu $3( |$)" "${route//$'\n'/ }"
}
errors() { verdict TOO_BIG; }

say "from pilot to beyond: the router out there tells pilot"
same "IPv4" whole "$(bulk pilot 10.1.20.2 198.19.9.2)"
knows pilot 198.19.9.2 1300
same "IPv6" whole "$(bulk pilot 2001:db8:10:20::2 2001:db8:f09::2)"
knows pilot 2001:db8:f09::2 1300

say "from internet to deep: the router in here tells the server, in the name of the pool"
same "IPv4" whole "$(bulk deep 10.1.21.2 $web4)"
knows internet "$(flow pool src 10.1.21.2)" 1300
same "IPv6" whole "$(bulk deep 2001:db8:10:21::2 $web6)"
knows internet "$(flow pool src 2001:db8:10:21::2)" 1300
same "so far the gateway said nothing itself" 0 "$(errors)"
same "errors refused" "0 0" "$(verdict ERROR_NO_FLOW) $(verdict ERROR_SUM)"

say "from campus to internet, over a way of 1400: the gateway tells campus"
ip -n "${lab}gw" route replace default via 192.0.2.2 mtu lock 1400
ip -n "${lab}gw" -6 route replace default via 2001:db8:ff::2 mtu lock 1400
same "IPv4" whole "$(bulk campus 10.2.0.2 $web4)"
knows campus $web4 1400
same "IPv6" whole "$(bulk campus 2001:db8:10:2::2 $web6)"
knows campus $web6 1400
verdict_above TOO_BIG 1 || fail "the gateway told nobody"
