#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Everything at once: load while the daemon is killed, the configuration changed, the program replaced.
#
# SOAK=60 seconds of it: 50 changes of the configuration, 10 replacements of the program, 5 times
# kill -9. Fewer seconds, fewer of each. What must come out: no connection breaks, no flow is lost,
# nothing foreign is on a circuit wire.
# Alone: everything at once.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/soak_watch.sh
. "$(dirname "$0")/../lib/soak_watch.sh"
length=${SOAK:-10}
twin=$top/build/twin/samepath # the same with another packet path, see twin.h
one=$samepath
[[ -x $twin ]] || fail "no $twin: run make tests"
watch_seconds=240
lab_start
edit 's/limits: .*/limits: {flows: 50000, flows-per-host: 25000, half-open: 10000}/'
nginx_start chicago
nginx_start internet
daemon_start
daemon_build=$samepath

say "conversations of both protocols and families, opened first"
hold tcp4 pilot tcp 10.1.20.2 20 $exchange4 7001
hold udp4 pilot udp 10.1.20.2 20 $exchange4 7001
hold tcp6 campus tcp 2001:db8:10:2::2 20 $web6 7001
hold udp6 campus udp 2001:db8:10:2::2 20 $web6 7001
first_ones() { # WHEN
	local name
	for name in tcp4 udp4 tcp6 udp6; do same "$1: $name" "20 as before" "$(say_to $name)"; done
}

say "load: 8 streams of iperf3 both ways, pages of nginx one after the other"
loads=()
load() { # NAME SPACE COMMAND: goes on until it is told to end
	local name=$1
	background "$@"
	loads+=("$last")
	wait_for 10 test -s "$work/$name.out"
}
browse() { # NAME SPACE URL
	# shellcheck disable=SC2016 # for the other shell
	load "$1" "$2" bash -c 'while answer=$(curl -sS --max-time 20 "$0" 2>&1); do echo "$answer"; done
		echo "curl: $answer"' "$3"
}
background iperf internet iperf3 -s --forceflush -p 5201
wait_for 5 grep -q listening "$work/iperf.out"
load iperf-client campus iperf3 --forceflush -i 1 -c $web4 -p 5201 -t 0 -P 8 -b 20M --bidir
browse curl4 pilot http://$exchange4/
browse curl6 campus "http://[$web6]/"

lost() { # packets that no flow explains, or that were not seen by the program
	local name sum=0
	for name in GUARD_SOURCE NO_CONFIG UNMANAGED NO_POLICY NO_CIRCUIT CIRCUIT_UNUSABLE FLOW_ENDING \
		HOST_LIMIT HALF_OPEN_LIMIT POOL_EXHAUSTED TABLE_FULL VIOLATION; do
		sum=$((sum + $(verdict $name)))
	done
	echo $sum
}
slot() { quiet_sp -j show | grep -o '"slot": *[0-9]'; }
switched() { [[ $(slot) != "$1" ]]; }

flows=$(flow_list | grep -E ' (7001|5201) [0-9]+$')
(($(wc -l <<<"$flows") >= 97)) || fail "fewer flows than connections: $flows"
before=$(lost)
begun=$SECONDS replaced=0 killed=0
changes=("s/udp: 300/udp: 200/" "s/udp: 200/udp: 300/"
	's/^( *- )(\{from: \[campus\], to: \[any\])/\1{from: [pilot], to: [any], circuits: [internet], otherwise: drop}\n\1\2/'
	'/from: \[pilot\], to: \[any\]/d')
rounds=$(((50 * length + 59) / 60))
for round in $(seq $rounds); do
	# the rule that comes and goes sends nothing elsewhere
	edit "${changes[$(((round - 1) % 4))]}" 2>/dev/null
	if ((round % 5 == 0)); then
		[[ $samepath == "$one" ]] && samepath=$twin || samepath=$one
		quiet_sp apply >"$work/out" 2>&1 || fail "round $round: apply: $(cat "$work/out")"
		grep -q '^programs replace' "$work/out" || fail "round $round replaced nothing"
		replaced=$((replaced + 1))
	elif ((round % 2)) && [[ $daemon_build == "$samepath" ]]; then
		was=$(slot)
		kill -HUP "$daemon"
		wait_for 15 switched "$was"
	else
		quiet_sp apply >"$work/out" 2>&1 || fail "round $round: apply: $(cat "$work/out")"
	fi
	if ((round % 10 == 3)); then
		kill -KILL "$daemon"
		wait "$daemon" 2>/dev/null || :
		first_ones "round $round, daemon dead"
		daemon_start 2>/dev/null
		daemon_build=$samepath
		killed=$((killed + 1))
	fi
	first_ones "round $round"
	same "round $round: flows that were lost" "" "$(flows_lost "$flows" "$(flow_list)")"
	same "round $round: packets that nobody should lose" "$before" "$(lost)"
done
while ((SECONDS - begun < length)); do first_ones "afterwards"; done

for pid in "${loads[@]}"; do
	kill -0 "$pid" || fail "a connection broke: $(tail -qn 2 "$work"/{iperf-client,curl4,curl6}.{out,err})"
done
kill -INT "${loads[0]}"
kill -TERM "${loads[@]:1}"
for pid in "${loads[@]}"; do wait "$pid" 2>/dev/null || :; done
for name in curl4 curl6; do
	if grep -vE '^(chicago 203\.0\.113\.|internet 2001:db8:2:)' "$work/$name.out"; then fail "$name: see above"; fi
done
now=$(flow_list)
same "flows that were lost" "" "$(flows_lost "$flows" "$now")"
first_ones "at the end"
daemon_running || fail "the daemon ended"

say "$((SECONDS - begun)) s: $rounds changes of the configuration, $replaced programs replaced, $killed daemons killed"
say "pages: $(wc -l <"$work/curl4.out") over chicago (IPv4), $(wc -l <"$work/curl6.out") over internet (IPv6)"
say "iperf3: $(awk '/^\[SUM\].*(sender|receiver)$/ && $6 > 0 { printf "%s%s %s %s", sep, $1, $6, $7; sep = ", " }' "$work/iperf-client.out")"
say "flows: $(wc -l <<<"$flows") at first, all there at the end; $(wc -l <<<"$now") at the end"
say "lost $(($(lost) - before)), violations $(circuit chicago violations); what the wires showed:"
kill -TERM "$daemon"
wait "$daemon" || fail "the daemon ended with $?"
quiet_sp stop >"$work/out" 2>&1 || fail "stop: $(cat "$work/out")"
watch_end
