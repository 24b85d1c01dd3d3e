#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A service, its circuit and its inbound pool are withdrawn while connections from outside use them: those
# go on as they were, new ones get what is configured now, and with the last flow all of it goes.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_services
lab_start
daemon_start
talk old chicago tcp 198.18.1.10 45001 $public4 7000
talk six chicago udp 2001:db8:e::10 45002 $public6 7000
talk near pilot tcp 10.1.20.2 45003 $public4 7000
old=$(say_to old) six=$(say_to six) near=$(say_to near)
matches "old" '^s[123] 192\.168\.1\.' "$old"
matches "six" '^s[123] 2001:db8:10:f1:' "$six"
matches "near" '^s[123] 10\.2\.0\.1 ' "$near"
# The neighbours are forgotten each time, so that the kernel sends too, through the guard and its sources.
go_on() {
	ip -n "${lab}gw" neigh flush dev er0
	ip -n "${lab}gw" neigh flush dev er1
	same "old, $1" "$old" "$(say_to old)"
	same "six, $1" "$six" "$(say_to six)"
	same "near, $1" "$near" "$(say_to near)"
}
new() { ask chicago tcp 198.18.1.10 0 $public4 7000; } # over chicago
cp "$work/samepath.yaml" "$work/all.yaml"

say "the service leaves chicago"
edit 's/circuits: \[internet, chicago, dallas\]$/circuits: [internet, dallas]/'
apply
go_on "service not on chicago any more"
same "a new one" "error TIMEOUT" "$(new)"
cp "$work/all.yaml" "$work/samepath.yaml"
apply
matches "a new one, chicago is back" '^s[123] 192\.168\.1\.' "$(new)"

say "chicago gets other inbound pools"
edit 's#192.168.1.0/24, "2001:db8:10:f1::/64"#192.168.11.0/24, "2001:db8:10:f3::/64"#'
apply
go_on "another pool"
matches "a new one" '^s[123] 192\.168\.11\.' "$(new)"

say "the service goes as a whole, and the circuit"
edit '/^services:/,/circuits: \[internet, chicago, dallas\]$/d'
edit '/- name: chicago/,/advertise: \[203.0.113.32/d; s/\[chicago, dallas\]/[dallas]/'
apply
go_on "no service, no circuit"
same "a new one" "error TIMEOUT" "$(new)"

say "with the last flow it is all gone"
sp flow flush all
gone() {
	[[ $(ip -n "${lab}gw" rule) != *"lookup 101"* && $(ip -n "${lab}gw" route) != *blackhole\ 192.168.1* ]] &&
		[[ $(bpftool -j map dump pinned "/sys/fs/bpf/samepath/$gateway/names" | /usr/bin/python3 -c '
import json, sys
print(*(bytes(int(b, 16) for b in e["key"][1:]).rstrip(b"\0").decode() for e in json.load(sys.stdin)))') != *@(web|chicago)* ]]
}
wait_for 20 gone
