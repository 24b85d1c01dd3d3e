#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# R10: what STUN tools find out about the NAT is what is declared, fifty times in a row: while it is idle, with
# tables nine tenths full, and then while configurations are applied one after the other.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
command -v stun turnserver turnutils_natdiscovery >/dev/null || skip "needs stun-client and coturn"
lab_start
edit 's/limits: .*/limits: {flows: 20000, flows-per-host: 20000, half-open: 1000000}/'
edit 's#(outbound-pool: \[)203\.0\.113\.0/28, "2001:db8:2::/64"\]#\1203.0.113.7/32, "2001:db8:2::7/128"]#'
apply
ip -n "${lab}internet" addr add 198.19.0.11/32 dev lo
ip -n "${lab}internet" addr add 2001:db8:f00::11/128 dev lo
background turnserver internet turnserver -n --stun-only --no-auth --no-tls --no-dtls --no-cli \
	-L $web4 -L 198.19.0.11 -L $web6 -L 2001:db8:f00::11 \
	--pidfile "$work/turnserver.pid" --db "$work/turndb" --log-file "$work/turnserver.log"
serving() { # both ports, on two addresses of each family
	local port
	for port in 3478 3479; do
		(($(quiet_on internet ss -Hlnu "sport = $port" | awk '{ print $4 }' | sort -u | wc -l) == 4)) || return
	done
}
wait_for 10 serving

silent=1 runs=0
# knock SPACE SOURCE4 SOURCE6 FIRST COUNT PORT: a packet of each family from so many ports to this one
knock() {
	quiet_on "$1" /usr/bin/python3 -c '
import socket, sys
for family, source, to in ((socket.AF_INET, sys.argv[1], sys.argv[6]), (socket.AF_INET6, sys.argv[2], sys.argv[7])):
    for port in range(int(sys.argv[3]), int(sys.argv[3]) + int(sys.argv[4])):
        s = socket.socket(family, socket.SOCK_DGRAM)
        s.bind((source, port))
        s.sendto(b"x", (to, int(sys.argv[5])))
        s.close()' "${@:2}" $web4 $web6
}
say "the ports that natdiscovery would keep are another host's there: one that is kept looks independent anyway"
knock pilot 10.1.20.2 2001:db8:10:20::2 20000 150 3478
# tool NAME COMMAND...: in the background; each has a timeout of the NAT's silence to wait for
tool() {
	local name=$1
	shift
	nsenter --net="/run/netns/${lab}campus" "$@" >"$work/$name.found" 2>&1 </dev/null &
	tools+=($!)
}
# Each tool fifty times, at once and on its own ports, so that no run hears from another. stun has low ones, two
# each: what natdiscovery is given at random is never low, and so never a port that stun would keep.
fifty() { # WHEN
	local run pid tools=()
	rm -f "$work"/*.found
	for ((run = 0; run < 50; run++)); do
		tool "stun-$run" stun $web4 -p $((500 + 2 * (50 * runs + run)))
		tool "four-$run" turnutils_natdiscovery -m -f -L 10.2.0.2 -l $((20000 + 50 * runs + run)) $web4
		tool "six-$run" turnutils_natdiscovery -m -f -L 2001:db8:10:2::2 -l $((20000 + 50 * runs + run)) $web6
	done
	for pid in "${tools[@]}"; do wait "$pid" || :; done # the status of stun is what it found
	runs=$((runs + 1))
	agree "$1: stun" stun "Independent Mapping, Port Dependent Filter, preserves ports, no hairpin"
	for family in four six; do
		agree "$1: mapping, IPv$family" $family "NAT with Endpoint Independent Mapping!"
		agree "$1: filtering, IPv$family" $family "NAT with Address and Port Dependent Filtering!"
	done
}
agree() { # WHAT TOOL WORDS
	local without
	without=$(grep -LF "$3" "$work/$2"-*.found) || :
	[[ ! $without ]] || fail "$1: $(wc -w <<<"$without") of 50 do not say '$3': $(tail -8 "${without%%$'\n'*}")"
}

say "idle"
fifty idle

say "nine tenths of each table taken, each endpoint with a mapping of its own"
knock campus 10.2.0.2 2001:db8:10:2::2 1024 17800 9
full() { for table in flows4 flows6 mappings4 mappings6; do (($(counted tables table $table percent) >= 90)) || return; done; }
full || fail "tables: $(sp show | grep -E '^(flow|mapping)s[46]')"
fifty "nine tenths full"

say "and while configurations are applied"
reloads() {
	local n=0
	while [[ ! -e $work/enough ]]; do
		n=$((n + 1))
		sed -i -E "s/udp: 30[0-9]/udp: 30$((n % 10))/" "$work/samepath.yaml"
		quiet_sp apply >"$work/reload" 2>&1 || { cat "$work/reload" && return 1; }
		echo $n >"$work/reloads"
	done
}
reloads &
reloading=$!
started+=("$reloading")
wait_for 20 test -s "$work/reloads" # one is over, and the next begins
begun=$(cat "$work/reloads")
fifty "during reloads"
touch "$work/enough"
wait $reloading || fail "a reload: $(cat "$work/reload")"
reloaded=$(($(cat "$work/reloads") - begun))
((reloaded > 0)) || fail "no reload meanwhile"
say "$reloaded reloads meanwhile"
