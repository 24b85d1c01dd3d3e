#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Inside hosts send all the while: nothing foreign leaves while samepath starts, runs and ends.
#
# Five rounds on a machine that does not forward: there the witnesses judge every frame from first to
# last. Then five on one whose kernel forwards inside sources already, and which sends foreign ones
# itself. What leaves before apply made its first change and after stop took away its last is the
# machine's own, so the witnesses judge from the first of samepath seen on the machine to the last
# translated frame.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
edit 's/^( *- )(\{from: \[campus\], to: \[any\])/\1{from: [campus], to: [exchange], circuits: [dallas], otherwise: internet}\n\1\2/'

storm() { # NAME SPACE DEVICE MAC SOURCE4 SOURCE6
	local name=$1 space=$2
	shift 2
	background "$name" "$space" /usr/bin/python3 "$top/tests/lib/talk.py" storm "$@" \
		$exchange4 $web4 $exchange6 $web6
	wait_for 5 grep -q storming "$work/$name.out"
}
footprint_now() { footprint 2>/dev/null | grep -v fe80:; }
carrying() { # every circuit carries what the storms send
	local circuit
	for circuit in internet chicago dallas; do
		(($(circuit $circuit out-packets) > 500)) || return 1
	done
}
conversation() {
	matches "round $1: new flow" '^chicago ' "$(ask pilot tcp 10.1.20.2 0 $exchange4 7000)"
	matches "round $1: new flow" '^internet ' "$(ask campus udp 2001:db8:10:2::2 0 $web6 7000)"
}
rounds=5
before=$(footprint_now)
storm pilot pilot eth0 "$(mac gw lan0)" 10.1.20.2 2001:db8:10:20::2
storm campus campus eth0 "$(mac gw lan1)" 10.2.0.2 2001:db8:10:2::2

say "a machine that did not forward: nothing foreign, ever"
for round in $(seq $rounds); do
	apply
	wait_for 10 carrying
	conversation "$round"
	sp stop >"$work/stop"
	same "round $round: what stop left" "" "$(diff <(echo "$before") <(footprint_now))"
done
for wire in "${!witnesses[@]}"; do
	[[ ! -s $work/$wire.foreign ]] || fail "$wire: $(head -3 "$work/$wire.foreign")"
done
witnesses_end || exit 1
witnesses=()

say "a machine that forwards, and sends foreign sources itself"
gw sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
storm own gw wan0 "$(mac internet i0)" 10.1.20.1 2001:db8:10:20::1
storm own2 gw er2 "$(mac dallas d0)" 10.1.20.1 2001:db8:10:20::1
before=$(footprint_now)
# Guards on all circuit wires; or, before they are there, anything else of samepath.
guarded() {
	local device
	for device in er0 er1 er2 wan0; do
		quiet_on gw tc filter show dev $device egress | grep -q samepath_guard || return 1
	done
}
touched() {
	guarded || [[ $(quiet_on gw ip link show) == *xdp* || $(quiet_on gw ip rule) == *'lookup 10'[12]* ]]
}
for round in $(seq $rounds); do
	judged=-s
	lab_witnesses
	sp apply >"$work/apply" 2>&1 &
	applying=$! applied=1
	until touched; do kill -0 $applying || fail "round $round: apply: $(cat "$work/apply")"; done
	kill -USR1 "${witnesses[@]}"
	wait $applying || fail "round $round: apply: $(cat "$work/apply")"
	wait_for 10 carrying
	conversation "$round"
	for wire in "${!witnesses[@]}"; do
		[[ ! -s $work/$wire.foreign ]] || fail "round $round, started: $wire: $(head -3 "$work/$wire.foreign")"
	done
	sp stop >"$work/stop"
	say "and the machine does what it did before"
	wait_for 10 grep -q '^udp 10\.2\.0\.2 ' "$work/wan0.foreign"
	wait_for 10 grep -q '^udp 10\.1\.20\.1 ' "$work/er2.foreign"
	same "round $round: what stop left" "" "$(diff <(echo "$before") <(footprint_now))"
	witnesses_end || exit 1
	witnesses=()
done
