#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What is silent for its timeout expires, and its port comes back; what talks stays.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
edit 's/timeouts: .*/timeouts: {tcp-established: 7440, tcp-transitory: 240, udp: 4, icmp: 2}/'
if ! quiet_sp check >"$work/out" 2>&1; then
	say "timeouts below the floors of the RFCs are refused: $(tail -1 "$work/out")"
	edit 's/udp: 4, icmp: 2/udp: 120, icmp: 60/'
	skip "no short timeout is accepted: $(tail -1 "$work/out")"
fi
daemon_start
talk kept pilot udp 10.1.20.2 0 $exchange4 7001
kept=$(say_to kept)
matches "soon silent" '^chicago' "$(ask pilot udp 10.1.20.2 41000 $exchange4 7000)"
on pilot ping -n -c 1 -W 2 $exchange4 >/dev/null
one_left() {
	same "the one that talks" "$kept" "$(say_to kept)"
	[[ $(circuit chicago flows) == 1 ]]
}
wait_for 30 one_left
same "still" "$kept" "$(say_to kept)"
