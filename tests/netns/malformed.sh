#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What is cut short or lies, at any layer, from either side, goes nowhere: each such packet is dropped
# under the verdict that names its fault, makes no flow, and touches none.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
witness inside pilot eth0 0.0.0.0/0 ::/0
apply
# What hosts say by themselves ends in these; everything else is counted to the packet.
verdicts() {
	quiet_sp -j show | /usr/bin/python3 -c '
import json, sys
for row in json.load(sys.stdin)["verdicts"]:
    if row["verdict"] not in ("NOT_IP", "MULTICAST", "TO_GATEWAY", "GUARD_PASSED", "UNMANAGED",
                              "NEIGHBOUR_ANSWERED"):
        print(row["verdict"], row["packets"])' | sort
}
# The verdicts that came since FILE.
since() {
	verdicts | join -a 1 "$1" - -o 0,1.2,2.2 -e 0 -a 2 | while read -r name before now; do
		((now == before)) || echo "$name $((now - before))"
	done
}
flows() { flow proto,src,sport,pool,pool-port,circuit,state,out-packets,in-packets | sort; }

say "flows that the lies could pass for, in both families"
declare -A own=()
for protocol in tcp udp; do
	talk "${protocol}4" pilot $protocol 10.1.20.2 45000 $exchange4 7001
	talk "${protocol}6" pilot $protocol 2001:db8:10:20::2 45000 $exchange6 7001
	for name in "${protocol}4" "${protocol}6"; do
		own[$name]=$(say_to "$name")
		matches "$name" '^chicago .* 45000$' "${own[$name]}"
	done
done
read -r _ pool4 _ <<<"${own[udp4]}"
read -r _ pool6 _ <<<"${own[udp6]}"
before=$(flows)
same "flows" 4 "$(wc -l <<<"$before")"

total=0
lies() { # SPACE DEVICE DEVICE-OF-GATEWAY SRC DST SPORT DPORT
	local device=$2 near=$3 space=$1
	verdicts >"$work/verdicts"
	shift 3
	on "$space" /usr/bin/python3 "$top/tests/lib/frames.py" malformed "$device" "$(mac gw "$near")" "$@" \
		>"$work/expected"
	told() { [[ "$(since "$work/verdicts")" == "$(cat "$work/expected")" ]]; }
	until_told "$space $*"
	total=$((total + $(awk '{ n += $2 } END { print n }' "$work/expected")))
	same "flows after those of $space" "$before" "$(flows)"
}
until_told() {
	local limit=$((SECONDS + 5))
	until told; do
		((SECONDS < limit)) || fail "$1: verdicts expected and found: $(
			diff "$work/expected" <(since "$work/verdicts"))"
	done
}
say "from inside, as the flows' own host and toward somewhere new"
lies pilot eth0 lan0 10.1.20.2 $exchange4 45000 7001
lies pilot eth0 lan0 2001:db8:10:20::2 $exchange6 45000 7001
lies pilot eth0 lan0 10.1.20.2 198.18.1.66 45000 7001
say "from the flows' circuit, as their server"
lies chicago c0 er0 $exchange4 "$pool4" 7001 45000
lies chicago c1 er1 $exchange6 "$pool6" 7001 45000
say "from another circuit, and as a stranger"
lies internet i0 wan0 $exchange4 "$pool4" 7001 45000
lies dallas d0 er2 198.18.66.6 203.0.113.50 7001 45000
say "$total packets sent, each counted once"

say "none came out anywhere, and the flows go on"
seen inside "^udp $exchange4 7001 10.1.20.2 45000$" >/dev/null || fail "the witness inside saw not even the answers"
if seen inside ' (198\.18\.66\.6|127\.|0\.|24[0-9]\.|25[0-9]\.)'; then fail "one reached the inside"; fi
if grep -h -e 198.18.1.66 -e 198.18.66.6 "$work"/{er0,er1,er2,wan0}.seen; then fail "one left"; fi
say "and what they were made of would have got through"
for seeds in "10.1.20.2 198.18.1.66" "2001:db8:10:20::2 2001:db8:e::66"; do
	read -r from to <<<"$seeds"
	on pilot /usr/bin/python3 "$top/tests/lib/frames.py" seeds eth0 "$(mac gw lan0)" "$from" "$to" 46000 7001
	for protocol in tcp udp icmp; do
		passed() { grep -hq "^$protocol .* $to " "$work/er0.seen" "$work/er1.seen"; }
		wait_for 5 passed
	done
done
for name in "${!own[@]}"; do same "$name" "${own[$name]}" "$(say_to "$name")"; done
