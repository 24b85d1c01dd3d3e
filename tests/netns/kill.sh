#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# kill -9 of the daemon drops nothing and loses no flow; a restart adopts what is there.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
daemon_start
talk tcp pilot tcp 10.1.20.2 0 $exchange4 7001
talk udp pilot udp 10.1.20.2 0 $exchange4 7001
tcp=$(say_to tcp) udp=$(say_to udp)
matches "tcp" '^chicago ' "$tcp"
on campus ping -n -i 0.01 -c 400 -W 2 $web4 >"$work/ping" &
ping=$!
for round in 1 2 3; do
	kill -KILL "$daemon"
	wait "$daemon" 2>/dev/null || :
	same "tcp, daemon dead ($round)" "$tcp" "$(say_to tcp)"
	same "udp, daemon dead ($round)" "$udp" "$(say_to udp)"
	matches "new flow, daemon dead ($round)" '^chicago ' "$(ask pilot tcp 10.1.20.2 0 $exchange4 7000)"
	daemon_start
	same "tcp, daemon back ($round)" "$tcp" "$(say_to tcp)"
	same "udp, daemon back ($round)" "$udp" "$(say_to udp)"
done
wait "$ping" || :
grep -q ' 0% packet loss' "$work/ping" || fail "lost: $(tail -2 "$work/ping")"
