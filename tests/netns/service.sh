#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A connection from outside to a published address reaches a server in the name of the circuit it came in
# on, and is answered there, whatever the routes of the gateway say.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_services
lab_start
apply

wears() { # CIRCUIT FAMILY: pattern of the addresses that its connections wear inside
	case $1$2 in
	internet4) echo '192\.168\.5\.5' ;;
	chicago4) echo '192\.168\.1\.[0-9]+' ;;
	dallas4) echo '192\.168\.2\.[0-9]+' ;;
	internet6) echo '2001:db8:10:f5:[0-9a-f:]+' ;;
	chicago6) echo '2001:db8:10:f1:[0-9a-f:]+' ;;
	esac
}

say "one address, three circuits: each answers where it was asked"
for protocol in tcp udp; do
	for from in "internet 198.19.0.10" "chicago 198.18.1.10" "dallas 198.18.1.10"; do
		read -r circuit source <<<"$from"
		matches "$circuit, $protocol" "^s[123] $(wears "$circuit" 4) [0-9]+$" \
			"$(ask "$circuit" $protocol "$source" 0 $public4 7000)"
	done
	for from in "internet 2001:db8:f00::10" "chicago 2001:db8:e::10"; do
		read -r circuit source <<<"$from"
		matches "$circuit, $protocol, IPv6" "^s[123] $(wears "$circuit" 6) [0-9]+$" \
			"$(ask "$circuit" $protocol "$source" 0 $public6 7000)"
	done
done

say "echo too"
for from in "internet 198.19.0.10" "chicago 198.18.1.10" "dallas 198.18.1.10"; do
	read -r circuit source <<<"$from"
	on "$circuit" ping -n -c 3 -i 0.2 -W 2 -I "$source" $public4 | grep -q ' 3 received'
done
on chicago ping -n -6 -c 3 -i 0.2 -W 2 -I 2001:db8:e::10 $public6 | grep -q ' 3 received'

say "the route to a remote may lie elsewhere: the answer goes by the pin"
ip -n "${lab}gw" route add 198.18.1.10/32 via 192.0.2.2
ip -n "${lab}gw" route add 198.19.0.10/32 via 172.16.1.2
matches "chicago" "^s[123] $(wears chicago 4) " "$(ask chicago tcp 198.18.1.10 0 $public4 7000)"
matches "internet" "^s[123] $(wears internet 4) " "$(ask internet tcp 198.19.0.10 0 $public4 7000)"

say "a server and its clients: the same remote, the same server"
first=$(ask chicago tcp 198.18.1.10 0 $public4 7000)
for _ in 1 2 3 4 5; do
	same "server" "${first%% *}" "$(ask chicago tcp 198.18.1.10 0 $public4 7001 | cut -d' ' -f1)"
done

say "what is not published: silence, and a name"
for case in "NOT_PUBLISHED tcp $public4 7002" "INBOUND_POOL tcp 192.168.1.9 7000"; do
	read -r name protocol address port <<<"$case"
	before=$(verdict "$name")
	ip -n "${lab}chicago" route replace "$address" via 172.16.0.1
	same "$name" "error TIMEOUT" "$(ask chicago "$protocol" 198.18.1.10 0 "$address" "$port")"
	(($(verdict "$name") > before)) || fail "$name was not counted"
done

say "published on internet alone: the other circuits hear nothing"
edit 's/circuits: \[internet, chicago, dallas\]$/circuits: [internet]/'
apply
same "chicago" "error TIMEOUT" "$(ask chicago tcp 198.18.1.10 0 $public4 7000)"
(($(verdict OTHER_CIRCUIT) > 0)) || fail "OTHER_CIRCUIT was not counted"
matches "internet" "^s[123] $(wears internet 4) " "$(ask internet tcp 198.19.0.10 0 $public4 7000)"

say "the inside reaches it by a hairpin, a server too"
for from in "pilot 10.1.20.2" "campus 10.2.0.2" "campus 10.2.0.101" "campus 10.2.0.102"; do
	read -r space source <<<"$from"
	for protocol in tcp udp; do
		matches "$space, $protocol" "^s[123] 10\.2\.0\.1 [0-9]+$" \
			"$(ask "$space" $protocol "$source" 0 $public4 7000)"
	done
done
matches "pilot, IPv6" "^s[123] 2001:db8:10:2::1 " "$(ask pilot tcp 2001:db8:10:20::2 0 $public6 7000)"
