#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Datagrams in pieces arrive whole, whatever order the pieces come in, both ways, in both families; and a storm
# of pieces that belong to nothing takes nothing from them. Without a daemon those before their first are lost.
# Alone: it sends a hundred thousand fragments a second, and nothing may be lost.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
daemon_start
pieces=(/usr/bin/python3 "$top/tests/lib/pieces.py")
er0=$(mac gw er0) lan0=$(mac gw lan0)
background mirror chicago "${pieces[@]}" mirror c0 "$er0"
wait_for 10 grep -q serving "$work/mirror.out"
shown() { quiet_sp -j show | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

say "from sockets: UDP of 8000 bytes, echo of 4000"
same "IPv4" "5 of 5 came back whole" "$(on pilot "${pieces[@]}" large 10.1.20.2 $exchange4 8000 5)"
same "IPv6" "5 of 5 came back whole" "$(on pilot "${pieces[@]}" large 2001:db8:10:20::2 $exchange6 8000 5)"
on pilot ping -n -c 3 -i 0.2 -s 4000 -W 2 $exchange4 | grep -q ' 3 received'
on pilot ping -n -6 -c 3 -i 0.2 -s 4000 -W 2 $exchange6 | grep -q ' 3 received'

say "in each of the 24 orders, there and back"
same "IPv4" "24 of 24 came back whole" "$(on pilot "${pieces[@]}" orders eth0 "$lan0" 10.1.20.2 6000 $exchange4)"
same "IPv6" "24 of 24 came back whole" \
	"$(on pilot "${pieces[@]}" orders eth0 "$lan0" 2001:db8:10:20::2 6000 $exchange6)"
(($(shown fragments-returned) >= 2 * 2 * 24)) || fail "only $(shown fragments-returned) were put back"

say "one whose first does not come is let go after a second"
before=$(shown fragments-expired)
same "without its first" nothing "$(on pilot "${pieces[@]}" one eth0 "$lan0" 10.1.20.2 6001 $exchange4 321 9)"
let_go() { (($(shown fragments-held) == 0 && $(shown fragments-expired) == before + 3)); }
wait_for 5 let_go

say "a storm of fragments of nothing, from everywhere"
hold plain4 pilot udp 10.1.20.2 20 $exchange4 7001
hold plain6 pilot tcp 2001:db8:10:20::2 20 $exchange6 7001
memory() { awk '/VmRSS/ { print $2 }' "/proc/$daemon/status"; }
before=$(memory)
rate=${RATE:-100000}
background storm internet "$top/build/tests/lib/syn" -f i0 "$(mac gw wan0)" 203.0.113.1 7000 $((5 * rate)) "$rate"
storm=$last
background large pilot "${pieces[@]}" large 10.1.20.2 $exchange4 8000 40
large=$last
while kill -0 "$storm" 2>/dev/null; do
	same "in the storm" "20 as before" "$(say_to plain4)"
	same "in the storm" "20 as before" "$(say_to plain6)"
done
wait "$large" || fail "$(cat "$work/large.err")"
same "in the storm" "40 of 40 came back whole" "$(cat "$work/large.out")"
grown=$(($(memory) - before))
((grown < 8192)) || fail "the daemon grew by $grown KiB"
storms=$(($(verdict FRAGMENT_HELD) + $(verdict FRAGMENT_LIMIT) + $(verdict FRAGMENT_FULL)))
((storms > rate)) || fail "only $storms of the storm were seen"
say "$(cat "$work/storm.out"); $(shown fragments-held) held; the daemon grew by $grown KiB"

say "without a daemon: in order they pass, the others are lost by name"
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null || :
gone() {
	on pilot "${pieces[@]}" one eth0 "$lan0" 10.1.20.2 6002 $exchange4 3 "$((RANDOM + 100))" >/dev/null
	(($(verdict FRAGMENT_LOST) > 0))
}
wait_for 10 gone
same "in order" whole "$(on pilot "${pieces[@]}" one eth0 "$lan0" 10.1.20.2 6002 $exchange4 0123 11)"
same "out of order" nothing "$(on pilot "${pieces[@]}" one eth0 "$lan0" 10.1.20.2 6002 $exchange4 3012 12)"
