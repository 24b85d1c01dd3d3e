#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A flow follows a change of its circuit's route while the daemon watches, when it hangs, when it is
# dead, and what changed meanwhile when it is back. Watched flows do not ask each second.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
say "routes are a BGP daemon's business here"
edit 's/(interface: er[01]), next-hop: \[[^]]*\]/\1/'
daemon_start
arrived() { ip -n "${lab}chicago" -j -s link show "$1" | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin)[0]["stats64"]["rx"]["packets"])'; }
# The next questions go over er1, where nobody else is, or do not.
asks() {
	local before
	before=$(arrived c1)
	same "answer" "$first" "$(say_to flow)"
	same "answer" "$first" "$(say_to flow)"
	same "answer" "$first" "$(say_to flow)"
	(($(arrived c1) >= before + 3))
}
goes_by_er1() { asks; }
goes_by_er0() { ! asks; }
generation() { quiet_sp -j show | grep -o '"generation": *[0-9]*' | grep -o '[0-9]*$'; }
leads_over() { ip -n "${lab}gw" route replace default via "$1" table 101; }

# Somebody who stays on er0 and keeps its next hop in use: else one flow alone asks each second for that.
ip -n "${lab}chicago" addr add 198.18.1.20/32 dev lo
ip -n "${lab}gw" route add 198.18.1.20/32 via 172.16.0.2 table 101
background keeper pilot ping -q -n -i 0.01 198.18.1.20
leads_over 172.16.0.2
talk flow pilot udp 10.1.20.2 0 $exchange4 7001
first=$(say_to flow)
matches "at first" '^chicago ' "$first"
wait_for 5 goes_by_er0

say "watched: it does not ask when nothing changed, the neighbour apart"
watched() { (($(bpftool -j map lookup pinned "/sys/fs/bpf/samepath/$gateway/watch" key 0 0 0 0 |
	/usr/bin/python3 -c '
import json, sys, time
value = bytes(int(x, 16) for x in json.load(sys.stdin)["value"])
print(int(int.from_bytes(value, "little") > time.monotonic_ns()))'))); }
wait_for 5 watched

say "a route changes under a daemon that watches"
was=$(generation)
leads_over 172.16.0.6
moved() { (($(generation) > was)); }
wait_for 3 moved
goes_by_er1 || fail "the flow stays on a way that ended"

say "the daemon hangs: its word runs out, and the flow asks for itself"
kill -STOP "$daemon"
unwatched() { ! watched; }
wait_for 3 unwatched
leads_over 172.16.0.2
wait_for 3 goes_by_er0
kill -CONT "$daemon"
wait_for 5 watched
goes_by_er0 || fail "the flow went back"

say "it is dead, the route changes while nobody listens, and a new one has to find out"
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null || :
leads_over 172.16.0.6
was=$(generation)
daemon_start
wait_for 5 moved
wait_for 5 watched
goes_by_er1 || fail "the flow kept a way that ended while nobody watched"
