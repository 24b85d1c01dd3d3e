#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A daemon stopped for longer than a timeout loses no live flow, and what died meanwhile stays dead.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
edit 's/udp: 300/udp: 4/'
daemon_start
talk live pilot udp 10.1.20.2 0 $exchange4 7001
live=$(say_to live)
silent=$(ask pilot udp 10.1.20.2 0 $exchange4 7002)
matches "the one that falls silent" '^chicago ' "$silent"
read -r _ address port <<<"$silent"
kill -STOP "$daemon"
until=$((SECONDS + 8)) # twice the timeout
while ((SECONDS < until)); do same "daemon stopped" "$live" "$(say_to live)"; done
(($(circuit chicago flows) == 2)) || fail "somebody swept although the daemon is stopped"

say "nobody deleted the silent one, and yet its server cannot wake it"
before=$(verdict UNSOLICITED)
forwarded=$(verdict FORWARDED)
inject chicago c0 er0 udp $exchange4 7002 "$address" "$port"
wait_for 5 verdict_above UNSOLICITED "$before"
same "forwarded" "$forwarded" "$(verdict FORWARDED)"
kill -CONT "$daemon"
one_left() {
	say_to live
	(($(circuit chicago flows) == 1))
}
wait_for 20 one_left
same "daemon back" "$live" "$(say_to live)"
matches "new flow" '^chicago ' "$(ask pilot tcp 10.1.20.2 0 $exchange4 7000)"
