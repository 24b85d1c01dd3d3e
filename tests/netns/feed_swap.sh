#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Swaps of a fetched feed under new flows, SWAPS=50 of them: not one is classified otherwise.
#
# Both versions hold the prefixes that the flows go to, but the rest differs so that the number of their
# set of classes is another in each: a packet that met the prefixes of one version and the policy of the
# other would leave on the internet.
# Alone: new flows at full rate while feeds are swapped.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/feed.sh
. "$(dirname "$0")/../lib/feed.sh"
swaps=${SWAPS:-50} rate=${RATE:-800} silent=1
lab_start
feed_start "interval: 1"
edit 's/limits: .*/limits: {flows: 400000, flows-per-host: 400000, half-open: 100000}/'
common=198.18.1.0/24,198.18.2.0/23,2001:db8:e::/48
version_body() { # NUMBER
	if (($1 % 2)); then
		body "$1" 1/Exchange/$common 12/Exchange/198.18.80.0/20,2001:db8:e:80::/64,2001:db8:a:1::/64 \
			31/SharePoint/198.18.0.0/24,198.18.1.128/25,198.18.144.0/20
	else
		body "$1" 1/Exchange/$common 11/Exchange/198.18.64.0/18 \
			31/SharePoint/198.18.128.0/20,2001:db8:a::/48
	fi
}
first=2025010100
version_body $first
origin_move $first
apply
daemon_start
wait_for 30 maps_hold $first

say "conversations of both families, opened before the first swap"
hold tcp4 pilot tcp 10.1.20.2 20 $exchange4 7003
hold udp4 pilot udp 10.1.20.2 20 $exchange4 7003
hold tcp6 pilot tcp 2001:db8:10:20::2 20 $exchange6 7003
hold udp6 pilot udp 2001:db8:10:20::2 20 $exchange6 7003
first_ones() { # WHEN
	local name
	for name in tcp4 udp4 tcp6 udp6; do same "$1: $name" "20 as before" "$(say_to $name)"; done
}
# Packets that met another end than to be forwarded. NDP and ARP are the kernel's.
not_forwarded() {
	quiet_sp -j show | /usr/bin/python3 -c '
import json, sys
print(*sorted((r["verdict"], r["packets"]) for r in json.load(sys.stdin)["verdicts"] if r["action"] == "DROP"))'
}
class() { counted classes class "$1" "$2"; }
classes_go_on() { # WHEN
	local column now
	for column in opened out-packets in-packets; do
		now=$(class exchange $column)
		((now >= ${before[$column]:-0})) || fail "$1: $column of exchange fell from ${before[$column]} to $now"
		before[$column]=$now
	done
}
declare -A before=()

opened=$(circuit chicago opened) internet=$(circuit internet opened) dallas=$(circuit dallas opened)
exchange=$(class exchange opened) dropped=$(not_forwarded)
fresh_start "$rate"

say "$swaps swaps, one in twenty by the daemon"
took=() by_fetch=0
begun=$(milliseconds)
for round in $(seq "$swaps"); do
	version=$((first + round))
	version_body $version
	origin_move $version
	if ((round % 20)); then
		at=$(milliseconds)
		quiet_sp feed fetch >"$work/out" 2>&1 || fail "swap $round: $(cat "$work/out")"
		# the daemon asks each second too, and may have been faster
		if grep -q changed "$work/out"; then
			took+=($(($(milliseconds) - at)))
			by_fetch=$((by_fetch + 1))
		fi
		same "swap $round" $version "$(held_version $version.json)"
	else
		wait_for 30 maps_hold $version
		first_ones "swap $round"
		classes_go_on "swap $round"
	fi
	kill -0 "$fresh" || fail "the new conversations ended"
done
length=$(($(milliseconds) - begun))
fresh_end
first_ones "at the end"
classes_go_on "at the end"
daemon_running || fail "the daemon ended"

((flows > 15 * swaps)) || fail "$flows new flows are few for $swaps swaps"
same "packets that were not forwarded" "$dropped" "$(not_forwarded)"
same "flows that chicago opened" "$flows" $(($(circuit chicago opened) - opened))
same "flows that exchange opened" "$flows" $(($(class exchange opened) - exchange))
same "flows that the internet opened" "$internet" "$(circuit internet opened)"
same "flows that dallas opened" "$dallas" "$(circuit dallas opened)"
same "violations" 0 "$(circuit chicago violations)"
same "lines of the history" $((swaps + 1)) "$(wc -l <"/var/lib/samepath/$gateway/feeds/m365/history")"

say "a fetch by another build changes prefixes, and leaves the programs alone"
twin=$top/build/twin/samepath # see twin.h
[[ -x $twin ]] || fail "no $twin: run make tests"
kill -TERM "$daemon"
wait "$daemon" || fail "the daemon ended with status $?"
program() { bpftool -j prog show pinned "/sys/fs/bpf/samepath/$gateway/prog_samepath_xdp" | grep -o '"id":[0-9]*'; }
was=$(program)
version=$((first + swaps + 1))
version_body $version
origin_move $version
samepath=$twin quiet_sp feed fetch >"$work/out" 2>&1 || fail "fetch by another build: $(cat "$work/out")"
same "the fetch by another build" $version "$(held_version $version.json)"
same "the program" "$was" "$(program)"
matches "a new flow" '^chicago ' "$(ask pilot udp 10.1.20.2 0 $exchange4 7000)"

say "$swaps swaps in $((length / 1000)) s, $by_fetch by \`feed fetch\`, $((swaps - by_fetch)) by the daemon; $flows new flows"
say "one fetch, from start to end: $(printf '%s\n' "${took[@]}" | sort -n | awk '{ t[NR] = $1 }
	END { printf "median %d ms, longest %d ms", t[int((NR + 1) / 2)], t[NR] }')"
