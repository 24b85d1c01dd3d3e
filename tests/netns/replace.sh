#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The program is replaced in place, ten times under traffic: no packet passes unseen, nothing is lost.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
twin=$top/build/twin/samepath # the same with another packet path, see twin.h
one=$samepath
[[ -x $twin ]] || fail "no $twin: run make tests"
lab_start
apply

# What is attached where: the kernel's digests of XDP, of the guards, and of what resolves.
programs() {
	local device point
	for device in lan0 lan1 er0 er1 er2 wan0; do
		quiet_on gw ip -d link show dev $device | sed -nE "s/.*prog\/xdp .* tag ([0-9a-f]+).*/$device xdp \1/p"
		for point in ingress egress; do
			quiet_on gw tc filter show dev $device $point |
				sed -nE "s/.* tag ([0-9a-f]+).*/$device $point \1/p"
		done
	done
}
# The digest of the packet path, which must be one everywhere.
path_digest() {
	local digests
	digests=$(awk '$2 == "xdp" { print $3 }' <<<"$1" | sort | uniq -c)
	matches "XDP on six devices" '^ *6 [0-9a-f]+$' "$digests"
	echo "${digests##* }"
}

declare -A said=()
converse() { # NAME SPACE ask-arguments
	talk "$@"
	said[$1]=$(say_to "$1")
	matches "$1" "^[a-z]+ " "${said[$1]}"
}
for protocol in tcp udp; do
	converse chicago-$protocol pilot $protocol 10.1.20.2 0 $exchange4 7001
	converse chicago-${protocol}6 pilot $protocol 2001:db8:10:20::2 0 $exchange6 7001
	converse internet-$protocol campus $protocol 10.2.0.2 0 $web4 7001
	converse internet-${protocol}6 campus $protocol 2001:db8:10:2::2 0 $web6 7001
done

background iperf internet iperf3 -s --forceflush -p 5201
wait_for 5 grep -q listening "$work/iperf.out"
loads=()
load() { # NAME SPACE COMMAND: traffic that goes on until it is told to end
	local name=$1
	background "$@"
	loads+=("$last")
	wait_for 10 test -s "$work/$name.out"
}
load load campus iperf3 --forceflush -i 1 -c $web4 -p 5201 -t 0 -P 4 -b 20M --bidir
load ping4 campus ping -n -i 0.01 -W 2 $web4
load ping6 pilot ping -n -6 -i 0.01 -W 2 $exchange6

# Counters may only grow, so one total that has not fallen says they were kept.
counters() { quiet_sp -j show | /usr/bin/python3 -c '
import json, sys
shown = json.load(sys.stdin)
for table, name in ("verdicts", "verdict"), ("circuits", "circuit"):
    for row in shown[table]:
        for column, value in row.items():
            if column in ("packets", "bytes", "out-packets", "in-packets", "opened", "violations"):
                print(row[name], column, value)'; }
none_fell() { # BEFORE AFTER
	awk 'NR == FNR { was[$1 " " $2] = $3; next } { now[$1 " " $2] = $3 }
		END { for (k in was) if (now[k] + 0 < was[k] + 0) { print k, was[k], "->", now[k] + 0; bad = 1 }
			exit bad }' <(echo "$1") <(echo "$2")
}
unseen() { echo $(($(verdict GUARD_SOURCE) + $(verdict NO_CONFIG) + $(verdict UNMANAGED) + $(verdict NO_FLOW))); }
before=$(unseen)
flows=$(flow_list)
(($(wc -l <<<"$flows") >= 8)) || fail "fewer flows than conversations: $flows"
was=$(programs) counted=$(counters)
for round in $(seq 10); do
	[[ $samepath == "$one" ]] && samepath=$twin || samepath=$one
	sp apply >"$work/out" || fail "round $round: $(cat "$work/out")"
	grep -q '^programs replace' "$work/out" || fail "round $round replaced nothing: $(cat "$work/out")"
	now=$(programs)
	[[ $(path_digest "$now") != "$(path_digest "$was")" ]] || fail "round $round: XDP is what it was"
	same "round $round: attached where" "$(cut -d' ' -f1,2 <<<"$was")" "$(cut -d' ' -f1,2 <<<"$now")"
	same "round $round: programs that stayed" "" "$(comm -12 <(sort <<<"$was") <(sort <<<"$now"))"
	for name in "${!said[@]}"; do same "round $round: $name" "${said[$name]}" "$(say_to "$name")"; done
	left=$(flow_list)
	same "round $round: flows that were lost" "" "$(flows_lost "$flows" "$left")"
	flows=$(awk 'NR == FNR { $NF = ""; old[$0]; next } { line = $0; $NF = ""; if ($0 in old) print line }' \
		<(echo "$flows") <(echo "$left"))
	more=$(counters)
	none_fell "$counted" "$more" >"$work/fell" || fail "round $round: counters fell: $(cat "$work/fell")"
	was=$now counted=$more
	same "round $round: packets that passed unseen" "$before" "$(unseen)"
	matches "round $round: new flow" '^chicago ' "$(ask pilot tcp 10.1.20.2 0 $exchange4 7000)"
done

say "the daemon of the other build takes over, as an upgrade does, and hands back"
for samepath in "$twin" "$one"; do
	daemon_start
	for name in "${!said[@]}"; do same "upgrade: $name" "${said[$name]}" "$(say_to "$name")"; done
	kill -TERM "$daemon"
	wait "$daemon" || fail "the daemon ended with $?: $(cat "$work/daemon.err")"
done

say "a daemon of the former build brings a link in that came back, and leaves the programs alone"
daemon_start
samepath=$twin
sp apply >"$work/out"
grep -q '^programs replace' "$work/out" || fail "replaced nothing: $(cat "$work/out")"
was=$(programs)
ip -n "${lab}gw" link set er2 down
[[ ! $(ip -n "${lab}gw" route show table 102 default dev er2) ]] || fail "the route outlived its link"
ip -n "${lab}gw" link set er2 up
brought_in() { [[ $(ip -n "${lab}gw" route show table 102 default) == *er2* ]]; }
wait_for 15 brought_in
same "the programs" "$was" "$(programs)"
for name in "${!said[@]}"; do same "link back: $name" "${said[$name]}" "$(say_to "$name")"; done
same "packets that passed unseen" "$before" "$(unseen)"
same "violations" 0 "$(circuit chicago violations)"

for pid in "${loads[@]}"; do kill -0 "$pid" || fail "traffic broke off: $(tail -3 "$work"/*.err)"; done
kill -INT "${loads[@]}"
for pid in "${loads[@]}"; do wait "$pid" || :; done
for family in 4 6; do
	grep -q ' 0% packet loss' "$work/ping$family.out" || fail "lost: $(tail -2 "$work/ping$family.out")"
done
grep -q 'receiver' "$work/load.out" || fail "iperf3 was interrupted: $(tail -3 "$work/load.err")"
