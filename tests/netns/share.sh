#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# R32: a host that asks for ten times its quota, of flows or of new flows a second, takes from no other: the first
# connection of another comes about meanwhile, over the same circuit.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
edit 's/limits: .*/limits: {flows: 20000, flows-per-host: 50, half-open: 10000}/'
apply
greedy=("campus 10.2.0.2 $web4" "campus 2001:db8:10:2::2 $web6")
modest=("pilot 10.1.20.2 $web4" "pilot 2001:db8:10:20::2 $web6")
# ask_for_much SPACE SOURCE DESTINATION: five hundred conversations; how many were answered
ask_for_much() {
	on "$1" /usr/bin/python3 -c '
import select, socket, sys
kept = []
for port in range(20000, 20500):
    s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
    s.setblocking(False)
    s.bind((sys.argv[1], port))
    s.connect((sys.argv[2], 7000))
    s.send(b"x\n")
    kept.append(s)
poll = select.poll()
for s in kept:
    poll.register(s, select.POLLIN)
answered, refused = set(), set()
while poll.poll(1000):
    for fd, what in poll.poll(0):
        (answered if what & select.POLLIN and not what & select.POLLERR else refused).add(fd)
        poll.unregister(fd)
print(len(answered))' "$2" "$3"
}
first_of() { # SPACE SOURCE DESTINATION PORT: of both protocols
	local protocol
	for protocol in tcp udp; do
		matches "first of another, $protocol" '^internet ' "$(ask "$1" $protocol "$2" "$4" "$3" 7000)"
	done
}

say "ten times the flows that it may hold"
for i in 0 1; do
	# shellcheck disable=SC2086 # three words each
	same "flows" 50 "$(ask_for_much ${greedy[i]})"
	# shellcheck disable=SC2086
	first_of ${modest[i]} 4000
done
same "refused" 900 "$(verdict HOST_LIMIT)"

say "many times the flows that it may open in a second"
edit 's/flows-per-host: 50/flows-per-host: 10000/; s/^(inside:)/\1\n  new-flows-per-second: 20/'
apply
for i in 0 1; do
	# shellcheck disable=SC2086
	got=$(ask_for_much ${greedy[i]})
	((got >= 20 && got < 250)) || fail "$got flows of 500"
	# shellcheck disable=SC2086
	first_of ${modest[i]} 4001
done
(($(verdict HOST_RATE) > 500)) || fail "refused: $(verdict HOST_RATE)"
