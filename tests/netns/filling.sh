#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A pool that runs short is announced before it refuses anybody, once: an address by its mappings,
# what maps per destination by how long a port has to be searched for.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
edit 's#(outbound-pool: \[)203\.0\.113\.0/28, "2001:db8:2::/64"\]#\1203.0.113.7/32]\n    port-range: 50000-50009#'
daemon_start
background events gw "$samepath" -c "$work/samepath.yaml" event watch
told() { grep -q "$1" "$work/$2"; }
ip -n "${lab}campus" addr add 10.2.0.3/24 dev eth0
# open NAME PROTOCOL COUNT SOURCE PORT: conversations that stay, from ports on from this one
open() {
	background "$1" campus /usr/bin/python3 -c '
import socket, sys, time
kept = []
for i in range(int(sys.argv[2])):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if sys.argv[1] == "tcp" else socket.SOCK_DGRAM)
    s.settimeout(2)
    s.bind((sys.argv[3], int(sys.argv[4]) + i))
    s.connect(("'$web4'", 7000))
    s.send(b"x\n")
    s.recv(100)
    kept.append(s)
print("open", flush=True)
time.sleep(100)' "${@:2}"
	wait_for 10 told open "$1.out"
}

say "eight of ten ports mapped, and nine of ten taken by whoever wanted them: nobody is told"
open eight udp 8 10.2.0.2 40000
open nine tcp 9 10.2.0.2 50000
sleep 11 # the daemon looks every ten seconds
! told ^pool-filling events.out || fail "told: $(grep ^pool-filling "$work/events.out")"

say "the ninth mapping is above 80 %; who wants the first of the nine searches through half of them"
open ninth udp 1 10.2.0.2 41000
open tenth tcp 1 10.2.0.3 50000
wait_for 15 told '^pool-filling .*circuit internet pool 203.0.113.7 ports-used 9 ports 10' events.out
told 'pool-filling: circuit internet, address 203.0.113.7: 9 of 10 ports' daemon.err || fail "not in the journal"
quiet_sp -j show | tr -d ' \n' | grep -q '"address":"203.0.113.7","percent":90' || fail "show does not tell"
wait_for 15 told '^pool-filling .*circuit internet long-searches 1 opened' events.out
same "counted" 1 "$(circuit internet long-searches)"
same "refused" 0 "$(circuit internet exhausted)"

say "and once only"
sleep 11
same "told" 2 "$(grep -c ^pool-filling "$work/events.out")"
