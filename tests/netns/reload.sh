#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Fifty changes of the configuration under traffic: no connection notices.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
daemon_start
talk tcp pilot tcp 10.1.20.2 0 $exchange4 7001
tcp=$(say_to tcp)
quiet_on internet iperf3 -s -1 -D -p 5201 --pidfile "$work/iperf.pid"
nsenter --net="/run/netns/${lab}campus" iperf3 -J -c $web4 -p 5201 -t 12 -P 4 -b 20M --bidir >"$work/load" &
load=$!
for round in $(seq 25); do
	edit 's/udp: 300/udp: 200/'
	sp apply >"$work/out" || fail "apply $round: $(cat "$work/out")"
	edit 's/udp: 200/udp: 300/'
	kill -HUP "$daemon"
	same "round $round" "$tcp" "$(say_to tcp)"
done 2>/dev/null
wait "$load" || fail "iperf3 was interrupted: $(tail -5 "$work/load")"
same "violations" 0 "$(circuit internet violations)"
daemon_running || fail "the daemon ended"
