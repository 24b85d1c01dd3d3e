#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A full pool refuses the new by name, tells the client (ICMP 3/13), and keeps the old.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
edit 's#(outbound-pool: \[)203\.0\.113\.0/28, "2001:db8:2::/64"\]#\1203.0.113.7/32]\n    port-range: 50000-50007#'
apply
talk old campus udp 10.2.0.2 0 $web4 7001
matches "the first" '^internet 203\.0\.113\.7 5000[0-7]$' "$(say_to old)"
opened=$(on campus /usr/bin/python3 "$top/tests/lib/talk.py" open udp 10.2.0.2 12 $web4 7002) || :
same "conversations that fitted" 7 "$(grep -c '^internet' <<<"$opened")"
say "EHOSTUNREACH or EACCES is how a socket hears of 3/13"
matches "what the client was told" 'error E(HOSTUNREACH|ACCES|CONNREFUSED)' "$opened"
(($(verdict POOL_EXHAUSTED) > 0)) || fail "not counted"
(($(circuit internet exhausted) > 0)) || fail "not counted for the circuit"
matches "the old goes on" '^internet 203\.0\.113\.7 ' "$(say_to old)"
same "nothing spilled to chicago" 0 "$(circuit chicago flows)"
