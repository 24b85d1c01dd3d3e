#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# R31: a full pool refuses the new by name, tells the client (ICMP 3/13, ICMPv6 1/1), and keeps the old.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
edit 's#(outbound-pool: \[)203\.0\.113\.0/28, "2001:db8:2::/64"\]#\1203.0.113.7/32, "2001:db8:2::7/128"]\n    port-range: 50000-50007#'
apply
exhaust() { # NAME SOURCE DESTINATION POOL-ADDRESS
	local opened before
	before=$(verdict POOL_EXHAUSTED)
	talk "$1" campus udp "$2" 0 "$3" 7001
	matches "the first" "^internet $4 5000[0-7]\$" "$(say_to "$1")"
	opened=$(on campus /usr/bin/python3 "$top/tests/lib/talk.py" open udp "$2" 12 "$3" 7002) || :
	same "conversations that fitted" 7 "$(grep -c '^internet' <<<"$opened")"
	say "EHOSTUNREACH or EACCES is how a socket hears of it"
	matches "what the client was told" 'error E(HOSTUNREACH|ACCES|CONNREFUSED)' "$opened"
	(($(verdict POOL_EXHAUSTED) > before)) || fail "not counted"
	matches "the old goes on" "^internet $4 " "$(say_to "$1")"
}
exhaust four 10.2.0.2 $web4 203.0.113.7
exhaust six 2001:db8:10:2::2 $web6 2001:db8:2::7
(($(circuit internet exhausted) > 1)) || fail "not counted for the circuit"
matches "and of the other family" '^internet 203\.0\.113\.7 ' "$(say_to four)"
same "nothing spilled to chicago" 0 "$(circuit chicago flows)"
