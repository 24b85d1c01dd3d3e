#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A crowd of connections from outside over two circuits at once, answered by nginx, while the configuration
# is applied anew and the daemon killed: no error.
# CROWD=10000 connections for SECONDS=30; a tenth of it by default.
# Alone: ten thousand connections fill both cores.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
crowd=${CROWD:-1000} length=${LENGTH:-8}
lab_services
lab_start
edit 's/ports: \[tcp\/7000/ports: [tcp\/80, tcp\/7000/'
edit "s/limits: .*/limits: {flows: $((crowd * 4 + 10000)), flows-per-host: 10000, half-open: $((crowd * 4 + 1000))}/"
ulimit -n "$(ulimit -Hn)"
# shellcheck disable=SC2034 # for nginx_start
nginx_connections=$((crowd + 1000))
# What a crowd sends at once does not fit the queue of a wire here (256 frames): its senders wait, as before
# a real card. And the server takes as many at once as there are.
for end in "chicago c0" "chicago c1" "internet i0" "campus eth0"; do
	tc -n "$lab${end% *}" qdisc add dev "${end#* }" root pfifo limit 20000
done
quiet_on campus sysctl -qw net.core.somaxconn=$crowd
nginx_backlog="backlog=$crowd"
nginx_start campus
daemon_start

say "$crowd connections, half of them on chicago, half on internet"
half=$((crowd / 2))
# Each asks about once a second or two: the wires here are not to be the bottleneck.
echo 'function delay() return math.random(500, 3000) end' >"$work/pause.lua"
wrk() { # SPACE: connections of one circuit
	background "wrk-$1" "$1" wrk -t 2 -c $half -d "$length" --timeout 10 --latency -s "$work/pause.lua" \
		http://$public4/
	noise+=("$last")
}
connections() { flow src,sport,circuit,server opened outside | sort; }
before=$SECONDS
wrk chicago
chicago=$last
wrk internet
internet=$last
arrived() { (($(circuit chicago flows) >= half && $(circuit internet flows) >= half)); }
wait_for 20 arrived
flows=$(connections)

changes=('s/udp: 300/udp: 200/' 's/udp: 200/udp: 300/')
rounds=0
while kill -0 "$chicago" 2>/dev/null && ((SECONDS - before < length - 2)); do
	edit "${changes[$((rounds % 2))]}" 2>/dev/null
	quiet_sp apply >"$work/out" 2>&1 || fail "apply: $(cat "$work/out")"
	rounds=$((rounds + 1))
	if ((rounds == 3)); then
		kill -KILL "$daemon"
		wait "$daemon" 2>/dev/null || :
		daemon_start 2>/dev/null
	fi
done
same "connections that were lost" "" "$(comm -23 <(echo "$flows") <(connections) | head -3)"
wait "$chicago" "$internet" || :

for circuit in chicago internet; do
	log=$work/wrk-$circuit.out
	matches "$circuit" "Requests/sec" "$(cat "$log")"
	[[ $(cat "$log") != *"Socket errors"* && $(cat "$log") != *Non-2xx* ]] ||
		fail "$circuit: $(grep -E 'Socket errors|Non-2xx' "$log")"
	say "$circuit: $half connections, $(awk '/requests in/ { print $1, "pages" }' "$log"), $(awk '/99%/ { print "99 % within", $2 }' "$log"), no error"
done
say "what the servers saw"
awk '{ print $1 }' "$work/nginx-campus/access.log" | sort | uniq -c | sort -rn >"$work/saw"
! grep -vE ' 192\.168\.(1\.[0-9]+|5\.5|127)$| 127\.0\.0\.1$' "$work/saw" || fail "see above"
say "$(wc -l <<<"$flows") flows at first, all there at the end; $rounds changes of the configuration, a daemon killed"
same "violations" 0 "$(($(circuit chicago violations) + $(circuit internet violations)))"
