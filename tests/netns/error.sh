#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Who only speaks of a flow cannot touch it: neither ICMP errors that quote it nor a reset or SYN of
# its server on another circuit end it, refresh it, move it, or reach the inside.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
witness inside pilot eth0 0.0.0.0/0 ::/0
apply

# quote FROM-WHERE: the errors on stdin, one a line, arrive there; each is dropped under its name
quote() {
	local before space device near
	before=$(verdict ICMP_ERROR)
	read -r space device near <<<"$1"
	cat >"$work/errors"
	quiet_on "$space" /usr/bin/python3 "$top/tests/lib/frames.py" errors "$device" "$(mac gw "$near")" \
		<"$work/errors"
	wait_for 5 verdict_is ICMP_ERROR $((before + $(wc -l <"$work/errors")))
}
# All that makes the flow what it is, and that a packet of it would change.
flow_state() { flow state,src,sport,pool,pool-port,circuit,out-packets,in-packets sport "${1##* }"; }
own="chicago c0 er0"
others=("internet i0 wan0" "dallas d0 er2")
declare -A errors=([4]="3.0 3.1 3.3 3.4 3.13 4.0 5.1 11.0 12.0" [6]="1.0 1.4 2.0 3.0 4.1")
declare -A source=([4]=10.1.20.2 [6]=2001:db8:10:20::2) server=([4]=$exchange4 [6]=$exchange6)

say "a flow of each protocol and family, all of chicago, each with its own source port"
port=42000
for protocol in tcp udp; do
	for version in 4 6; do
		name=$protocol$version port=$((port + 1)) dest=${server[$version]}
		talk $name pilot $protocol "${source[$version]}" $port "$dest" 7001
		answer=$(say_to $name)
		matches "$name" '^chicago ' "$answer"
		read -r _ address seen_port <<<"$answer"
		before=$(flow_state $port)
		for from in "$own" "${others[@]}"; do
			[[ $version == 4 || $from != dallas* ]] || continue
			for error in ${errors[$version]}; do
				echo "${error/./ } $dest $address $protocol $address $seen_port $dest 7001"
			done | quote "$from"
		done
		same "$name, after the errors" "$before" "$(flow_state $port)"
		same "$name, goes on" "$answer" "$(say_to $name)"
	done
done
same "violations: an error is not a packet of the flow" 0 "$(circuit chicago violations)"

say "a router on the way, and a host inside that complains outward"
quote "$own" <<<"11 0 172.16.0.2 203.0.113.40 udp 203.0.113.40 4000 $exchange4 7001"
quote "pilot eth0 lan0" <<<"3 3 10.1.20.2 $exchange4 udp $exchange4 7001 10.1.20.2 42003"

say "reset, SYN, SYN and ACK, FIN of the server on another circuit: a violation each, and nothing else"
read -r _ address seen_port <<<"$(say_to tcp4)"
before=$(flow_state 42001)
count=0
for from in "${others[@]}"; do
	for flags in R RA S SA FA; do
		# shellcheck disable=SC2086 # three words
		inject $from tcp $exchange4 7001 "$address" "$seen_port" $flags
		count=$((count + 1))
		more() { (($(circuit chicago violations) == count)); }
		wait_for 5 more
	done
done
same "tcp4, after them" "$before" "$(flow_state 42001)"
same "tcp4, goes on" "chicago $address $seen_port" "$(say_to tcp4)"
same "verdicts" "$count" "$(verdict VIOLATION)"

say "errors alone keep nothing alive: a timeout of four seconds runs through them"
edit 's/udp: 300/udp: 4/'
apply
read -r _ address seen_port <<<"$(say_to udp4)"
dies() {
	quote "$own" <<<"3 1 $exchange4 $address udp $address $seen_port $exchange4 7001"
	[[ $(flow state sport 42003) == dead ]]
}
wait_for 12 dies

say "nothing of all this reached the inside, or left it"
seen inside "^tcp $exchange4 7001 " >/dev/null || fail "the witness inside saw not even the answers"
# "icmp SOURCE TYPE DESTINATION 0"; errors of the gateway itself would be its business
if seen inside '^icmp (198|172|203|2001:db8:e:)'; then fail "an error came in"; fi
if grep -h '^icmp 203.0.113' "$work"/{er0,er1,er2,wan0}.seen; then fail "an error went out"; fi
