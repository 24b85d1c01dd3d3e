#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Protocols without ports go both ways where the circuit takes them, and what leaves by it has a class of
# service that it keeps; what comes in has its own.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
edit 's/^    table: 101$/&\n    other-protocols: address\n    dscp: {keep: [ef, 34], rest: cs1}/'
apply

bare() { quiet_on "$1" /usr/bin/python3 "$top/tests/lib/bare.py" "${@:2}"; }
protocols=(47 50 132 253)
for server in $exchange4 $exchange6; do # it answers with the class 2d: DSCP 11, ECT(1)
	background "server$server" chicago /usr/bin/python3 "$top/tests/lib/bare.py" serve chicago 2d "$server" "${protocols[@]}"
	wait_for 5 grep -q ready "$work/server$server.out"
done

say "GRE, ESP, SCTP and 253: EF and ECN are kept, the answer's class comes in as it was"
for protocol in "${protocols[@]}"; do
	matches "protocol $protocol" '^chicago 203\.0\.113\.(3[2-9]|4[0-7]) b9 2d$' \
		"$(bare pilot ask "$protocol" 10.1.20.2 $exchange4 b9 hello)"
	matches "protocol $protocol, IPv6" '^chicago 2001:db8:1:[0-9a-f:]* ba 2d$' \
		"$(bare pilot ask "$protocol" 2001:db8:10:20::2 $exchange6 ba hello)"
done
say "AF11 is not in the list and becomes CS1; ECN stays"
matches "other class" '^chicago 203\.0\.113\.[0-9]+ 23 2d$' "$(bare pilot ask 253 10.1.20.2 $exchange4 2b hello)"
matches "other class, IPv6" '^chicago 2001:db8:1:[0-9a-f:]* 20 2d$' \
	"$(bare pilot ask 253 2001:db8:10:20::2 $exchange6 28 hello)"
same "flows of GRE" 2 "$(flow proto | grep -c '^gre$')"
same "flows of 253" 2 "$(flow proto | grep -c '^253$')"

say "the same for what has ports, on the wire"
background dump chicago tcpdump -l -n -v -i any "icmp[icmptype] == icmp-echo or (ip6 and ip6[40] == 128)"
wait_for 5 grep -q 'listening on' "$work/dump.err"
for class in 0xb9 0x8a 0x2d; do
	on pilot ping -n -c 1 -W 2 -Q $class $exchange4 >/dev/null
	on pilot ping -n -6 -c 1 -W 2 -Q $class $exchange6 >/dev/null
done
for class in 0xb9 0x8a 0x21; do
	wait_for 5 grep -q "tos ${class}[,)]" "$work/dump.out"
	wait_for 5 grep -q "class $class," "$work/dump.out"
done
if grep -q -e 'tos 0x2d' -e 'class 0x2d' "$work/dump.out"; then fail "DSCP 11 left"; fi

say "a circuit that does not take them drops them by name"
before=$(verdict OTHER_PROTOCOL)
same "campus, whose circuit does not" silence "$(bare campus ask 253 10.2.0.2 $exchange4 0 hello)"
verdict_above OTHER_PROTOCOL "$before"
