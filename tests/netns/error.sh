#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Who only speaks of a flow cannot touch it: ICMP errors that quote it reach its host from its own circuit, and
# nobody from any other; neither they nor a reset or SYN of its server on another circuit end it, refresh it
# or move it.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
witness inside pilot eth0 0.0.0.0/0 ::/0
apply

# quote FROM-WHERE: the errors on stdin, one a line, arrive there
quote() {
	local space device near
	read -r space device near <<<"$1"
	quiet_on "$space" /usr/bin/python3 "$top/tests/lib/frames.py" errors "$device" "$(mac gw "$near")"
}
# dropped FROM-WHERE VERDICT: the same, and each is dropped under this name
dropped() {
	local before
	before=$(verdict "$2")
	cat >"$work/errors"
	quote "$1" <"$work/errors"
	wait_for 5 verdict_is "$2" $((before + $(wc -l <"$work/errors")))
}
# types ERRORS: how many types they are; told PATTERN COUNT: so many lines of the inside witness, who writes
# each source, type and destination once
types() { tr ' ' '\n' <<<"$1" | cut -d. -f1 | sort -u | wc -l; }
told() { (($(grep -cE -- "$1" "$work/inside.seen") == $2)); }
# All that makes the flow what it is, and that a packet of it would change.
flow_state() { flow state,src,sport,pool,pool-port,circuit,out-packets,in-packets sport "${1##* }"; }
own="chicago c0 er0"
others=("internet i0 wan0" "dallas d0 er2")
# what does not end a UDP socket, and what does, or would be believed of a TCP segment in the window
declare -A soft=([4]="3.0 3.1 4.0 11.0" [6]="1.0 3.0") hard=([4]="3.3 3.4 3.13 12.0" [6]="1.4 2.0 4.1")
declare -A source=([4]=10.1.20.2 [6]=2001:db8:10:20::2) server=([4]=$exchange4 [6]=$exchange6)
declare -A routers=([4]=192.0.2.6 [6]=2001:db8:ba::) elsewhere=([4]=192.0.2.99 [6]=2001:db8:ba::99)

say "a flow of each protocol and family, all of chicago, each with its own source port"
port=42000 violations=0
for protocol in tcp udp; do
	for version in 4 6; do
		name=$protocol$version port=$((port + 1)) dest=${server[$version]}
		TALK_DEAF=1 talk $name pilot $protocol "${source[$version]}" $port "$dest" 7001
		answer=$(say_to $name)
		matches "$name" '^chicago ' "$answer"
		read -r _ address seen_port <<<"$answer"
		before=$(flow_state $port)
		some=${soft[$version]} all="$some ${hard[$version]}"
		[[ $protocol == udp ]] || some=$all
		# lines ERRORS FROM: so quotes the flow's packet who is there
		lines() {
			local error
			for error in $1; do
				echo "${error/./ } $2 $address $protocol $address $seen_port $dest 7001"
			done
		}
		router=${routers[$version]}${port: -1} # another for each flow
		lines "$some" "$router" | quote "$own"
		wait_for 5 told "^icmp $router [0-9]+ ${source[$version]} " "$(types "$some")"
		for from in "${others[@]}"; do
			[[ $version == 4 || $from != dallas* ]] || continue
			lines "$all" "${elsewhere[$version]}" | dropped "$from" VIOLATION
			violations=$((violations + $(wc -w <<<"$all")))
		done
		same "$name, after the errors" "$before" "$(flow_state $port)"
		same "$name, goes on" "$answer" "$(say_to $name)"
	done
done
same "violations" $violations "$(circuit chicago violations)"

say "errors about nothing, a redirect, and a host inside that complains outward"
dropped "$own" ERROR_NO_FLOW <<<"11 0 172.16.0.2 203.0.113.40 udp 203.0.113.40 4000 $exchange4 7001"
read -r _ address seen_port <<<"$(say_to udp4)"
dropped "$own" ICMP_REDIRECT <<<"5 1 172.16.0.2 $address udp $address $seen_port $exchange4 7001"
quote "pilot eth0 lan0" <<<"3 3 10.1.20.9 $exchange4 udp $exchange4 7001 10.1.20.2 42003"
out() { seen er0 "^icmp $address 3 $exchange4 " || seen er1 "^icmp $address 3 $exchange4 "; }
wait_for 5 out

say "reset, SYN, SYN and ACK, FIN of the server on another circuit: a violation each, and nothing else"
read -r _ address seen_port <<<"$(say_to tcp4)"
before=$(flow_state 42001)
count=$violations
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
dropped "$own" ERROR_NO_FLOW <<<"3 1 $exchange4 $address udp $address $seen_port $exchange4 7001"

say "what came in elsewhere did not reach the inside; of the host inside, only the pool's address was seen"
seen inside "^tcp $exchange4 7001 " >/dev/null || fail "the witness inside saw not even the answers"
if seen inside "^icmp (${elsewhere[4]}|${elsewhere[6]}|172)"; then fail "an error came in"; fi
if grep -h '^icmp 10\.' "$work"/{er0,er1,er2,wan0}.seen; then fail "an inside address went out"; fi
