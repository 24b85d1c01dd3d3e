#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A full flow table refuses the new by name and keeps the old; what expires makes room again.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
# 200 flows of each family; no other limit is near. Port reservations rest for two minutes, so on
# internet, where the table is filled, ports are not reserved apart from their flows.
edit 's/limits: .*/limits: {flows: 200, flows-per-host: 10000, half-open: 100000}/'
edit 's/timeouts: .*/timeouts: {tcp-established: 7440, tcp-transitory: 240, udp: 20, icmp: 60}/'
edit '/name: internet/,/advertise/s/^    advertise/    mapping: {udp: address-and-port-dependent}\n&/'
daemon_start

say "thirty conversations of each protocol and family, on chicago"
hold tcp4 pilot tcp 10.1.20.2 30 $exchange4 7001
hold udp4 pilot udp 10.1.20.2 30 $exchange4 7001
hold tcp6 pilot tcp 2001:db8:10:20::2 30 $exchange6 7001
hold udp6 pilot udp 2001:db8:10:20::2 30 $exchange6 7001
old_ones() { # WHEN: both ways, each asks and is answered
	local name
	for name in tcp4 udp4 tcp6 udp6; do same "$1: $name" "30 as before" "$(say_to $name)"; done
}
entries() { counted tables table "$1" entries; }

say "as many more as fit, and ten that do not"
open_many() { # SOURCE DESTINATION COUNT
	on campus /usr/bin/python3 "$top/tests/lib/talk.py" open udp "$1" "$3" "$2" 7002 || :
}
refused=0
for family in 4 6; do
	source=10.2.0.2 destination=$web4
	[[ $family == 4 ]] || source=2001:db8:10:2::2 destination=$web6
	opened=$(open_many $source $destination 150)
	same "flows of IPv$family that fitted" 140 "$(grep -c '^internet ' <<<"$opened")"
	full() { [[ $(entries flows$family) == 400 ]]; } # the daemon's next sweep tells
	wait_for 10 full
	verdict_above TABLE_FULL $((refused + 9)) || fail "not counted: $(verdict TABLE_FULL)"
	refused=$(verdict TABLE_FULL)
done
old_ones "table full"
say "TCP is refused likewise, and takes nobody's place"
matches "IPv4" '^error' "$(ask pilot tcp 10.1.20.2 0 $exchange4 7000)"
matches "IPv6" '^error' "$(ask pilot tcp 2001:db8:10:20::2 0 $exchange6 7000)"
verdict_above TABLE_FULL $((refused + 1)) || fail "not counted: $(verdict TABLE_FULL)"
old_ones "table still full"
same "entries" "400 400" "$(entries flows4) $(entries flows6)"
for other in HOST_LIMIT HALF_OPEN_LIMIT POOL_EXHAUSTED; do same "$other" 0 "$(verdict $other)"; done

say "what is silent expires; what talks stays, and new ones find room"
room() {
	local name
	for name in udp4 udp6; do [[ $(say_to $name) == "30 as before" ]] || fail "$name lost conversations"; done
	[[ $(entries flows4) == 120 && $(entries flows6) == 120 ]]
}
wait_for 60 room
same "new ones, IPv4" 100 "$(open_many 10.2.0.2 $web4 100 | grep -c '^internet ')"
same "new ones, IPv6" 100 "$(open_many 2001:db8:10:2::2 $web6 100 | grep -c '^internet ')"
matches "IPv4" '^chicago ' "$(ask pilot tcp 10.1.20.2 0 $exchange4 7000)"
matches "IPv6" '^chicago ' "$(ask pilot tcp 2001:db8:10:20::2 0 $exchange6 7000)"
old_ones "at the end"
! grep 'without the other' "$work/daemon.err" || fail "a refused flow left half of itself"
