#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Which pool address runs out of ports toward which destination is listed, and told before anybody is refused:
# where most are taken, and where they soon will be. The journal does not say toward whom (R35).
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
edit 's#(outbound-pool: \[)203\.0\.113\.0/28, "2001:db8:2::/64"\]#\1203.0.113.7/32, "2001:db8:2::7/128"]\n    port-range: 50000-50099#'
daemon_start
background events gw "$samepath" -c "$work/samepath.yaml" -j event watch
told() { grep -q "$1" "$work/$2"; }
# open NAME PROTOCOL COUNT SOURCE DESTINATION SECONDS: conversations that stay, one after the other within so long
open() {
	background "$1" campus /usr/bin/python3 -c '
import socket, sys, time
kept = []
for i in range(int(sys.argv[2])):
    s = socket.socket(socket.AF_INET6 if ":" in sys.argv[4] else socket.AF_INET,
                      socket.SOCK_STREAM if sys.argv[1] == "tcp" else socket.SOCK_DGRAM)
    s.settimeout(2)
    s.bind((sys.argv[3], 0))
    s.connect((sys.argv[4], 7000))
    s.send(b"x\n")
    s.recv(100)
    kept.append(s)
    time.sleep(float(sys.argv[5]) / int(sys.argv[2]))
print("open", flush=True)
time.sleep(100)' "${@:2}"
	wait_for 20 told open "$1.out"
}
# COLUMN CIRCUIT ADDRESS PROTOCOL DESTINATION of the list; "" while it is not there
listed() {
	quiet_sp -j "${@:6}" | /usr/bin/python3 -c '
import json, sys
for row in json.load(sys.stdin)["port-spaces"]:
    if [row[k] for k in ("circuit", "address", "proto")] == sys.argv[2:5] and str(row["dst"]) == sys.argv[5]:
        print(row[sys.argv[1]])' "${@:1:5}"
}
used_is() { [[ $(listed ports-used internet "$2" "$3" "$4" show) == "$1" ]]; }
event() { # the one event of this address, protocol and destination, without its time
	grep '"ports-short"' "$work/events.out" | grep -F "\"pool\":\"$1\",\"proto\":\"$2\"${3:+,\"dst\":\"$3\"}" | sed 's/"time":[^,]*,//'
}
heard() { [[ $(event "$@") ]]; }

say "twenty of a hundred taken at once: listed, and nobody is told"
open few tcp 20 10.2.0.2 $web4 0
wait_for 10 used_is 20 203.0.113.7 tcp $web4
same "there are" 100 "$(listed ports internet 203.0.113.7 tcp $web4 show)"
same "of the circuit" 20 "$(listed percent internet 203.0.113.7 tcp $web4 circuit show internet)"

say "85 at once, toward another: above 80 %"
open many tcp 85 2001:db8:10:2::2 $web6 0
wait_for 10 heard 2001:db8:2::7 tcp $web6
matches "what is told" '"dport":7000,"ports-used":[0-9]+,"ports":100' "$(event 2001:db8:2::7 tcp $web6)"

say "five a second toward the first: it will be full within minutes"
open more tcp 20 10.2.0.2 $web4 4
wait_for 10 heard 203.0.113.7 tcp $web4
matches "when none will be left" '"ports-used":[234][0-9],"ports":100,"seconds":[1-9]' "$(event 203.0.113.7 tcp $web4)"

say "mappings too, and they are of no destination"
open udp udp 40 10.2.0.2 $web4 4
wait_for 10 used_is 40 203.0.113.7 udp None
heard 203.0.113.7 udp || fail "not told"
! event 203.0.113.7 udp | grep '"dst"' || fail "a mapping has no destination"

say "each once; in numbers; and the journal names no destination"
same "told" 3 "$(grep -c '"ports-short"' "$work/events.out")"
same "refused" 0 "$(circuit internet exhausted)"
matches "metric" 'circuit_port_space_percent\{[^}]*circuit="internet"\} 85' "$(quiet_sp show --prometheus)"
told 'ports-short: circuit internet, address 203.0.113.7: .* of 100 tcp ports toward one destination' daemon.err ||
	fail "not in the journal: $(cat "$work/daemon.err")"
if grep -F -e $web4 -e $web6 "$work/daemon.err"; then fail "the journal names a destination"; fi
