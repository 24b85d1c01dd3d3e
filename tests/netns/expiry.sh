#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What is silent for its timeout expires, and its port comes back; what talks stays.
# UDP_TIMEOUT=4 seconds: longer than this machine takes from one word of the flow that talks to its next.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
edit "s/timeouts: .*/timeouts: {tcp-established: 7440, tcp-transitory: 240, udp: ${UDP_TIMEOUT:-4}, icmp: 2}/"
daemon_start
talk kept pilot udp 10.1.20.2 0 $exchange4 7001
kept=$(say_to kept)
matches "soon silent" '^chicago' "$(ask pilot udp 10.1.20.2 41000 $exchange4 7000)"
on pilot ping -n -c 1 -W 2 $exchange4 >/dev/null
one_left() {
	say_to kept # it talks on all the while
	[[ $(circuit chicago flows) == 1 ]]
}
wait_for 60 one_left
same "the one that talks" "$kept" "$(say_to kept)"
say "and once it is silent, it goes too, and nothing of it stays in the tables"
empty() { [[ $(circuit chicago flows) == 0 && $(counted tables table flows4 entries) == 0 ]]; }
wait_for 60 empty
