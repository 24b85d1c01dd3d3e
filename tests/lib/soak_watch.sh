# shellcheck shell=bash disable=SC2154 # netns.sh has set them
# SPDX-License-Identifier: GPL-2.0-only
#
# One watcher of all wires (watch.c) in the place of the witnesses: source it behind netns.sh.
#
#   watch_seconds=N    before lab_start: the shortest of the timeouts of flows that the test configures
#   watch_only=(LINE...)   before lab_start: further lines of the description, see watch_rules.h
#   watch_good WHEN    fails when something was counted by now
#   watch_table        the table, as it is now
#   watch_end          after the gateway's end: the table, and failure when it is not all zero, or a wire silent
watch_seconds=20 watch_only=()

watch_description() {
	local space device near circuit address
	while read -r near space device circuit; do
		echo "wire $near /run/netns/$lab$space $device $circuit"
		ip -n "${lab}gw" -o addr show dev "$near" scope global | awk -v w="$near" '{ sub("/.*", "", $4); print "own", w, $4 }'
	done <<-WIRES
		lan0 pilot eth0 inside
		lan1 campus eth0 inside
		er0 chicago c0 chicago
		er1 chicago c1 chicago
		er2 dallas d0 dallas
		wan0 internet i0 internet
	WIRES
	printf '%s\n' "pool chicago 203.0.113.32/28 each" "pool chicago 2001:db8:1::/64 each" \
		"pool dallas 203.0.113.48/28" "pool internet 203.0.113.0/28 each" "pool internet 2001:db8:2::/64 each" \
		"inbound chicago 192.168.1.0/24" "inbound chicago 2001:db8:10:f1::/64" \
		"inbound dallas 192.168.2.0/24" "inbound dallas 2001:db8:10:f2::/64" \
		"inbound internet 192.168.5.5/32" "inbound internet 2001:db8:10:f5::/64" \
		"inside 10.0.0.0/8" "inside 2001:db8:10::/48" "life $((watch_seconds - 1))"
	for address in "${published[@]}"; do echo "public $address"; done
	for address in 10.1.20.2 10.2.0.2 2001:db8:10:20::2 2001:db8:10:2::2 10.2.0.10{1,2,3} 2001:db8:10:2::10{1,2,3}; do
		echo "host $address"
	done
	((${#watch_only[@]} == 0)) || printf '%s\n' "${watch_only[@]}"
}
lab_witnesses() {
	watch_description >"$work/watch.rules"
	"$top/build/tests/lib/watch" "$work/watch.rules" "$work/watch.seen" "$work/watch.foreign" "$work/watch.table" \
		2>"$work/watch.err" &
	witnesses[watch]=$!
	wait_for 10 grep -q watching "$work/watch.seen"
}
watch_good() { # WHEN
	kill -0 "${witnesses[watch]}" 2>/dev/null || fail "$1: the watcher ended: $(cat "$work/watch.err" "$work/watch.foreign")"
	[[ ! -s $work/watch.foreign ]] || fail "$1: on a wire: $(head -3 "$work/watch.foreign")"
}
watch_table() {
	rm -f "$work/watch.table"
	kill -USR1 "${witnesses[watch]}"
	wait_for 10 test -s "$work/watch.table"
	cat "$work/watch.table"
}
watch_end() {
	local status=0
	witnesses_end || status=$?
	witnesses=()
	cat "$work/watch.table"
	((status == 0)) || fail "what must not be was on a wire, or could not be watched: see above"
	same "wires of which nothing was seen, or known again" "" "$(watch_silent "$work/watch.table")"
}
# The head has two words before the wires' names, these rows one.
watch_silent() { # TABLE: WIRE-ROW, each that is zero
	awk 'NR == 1 { for (i = 4; i < NF; i++) name[i - 2] = $i }
		$1 ~ /^(from|known|toward)$/ { rows++; for (i in name) { cells++; if ($i !~ /^[1-9]/) print name[i] "-" $1 } }
		END { if (rows != 3 || !cells) print "no-such-rows" }' "$1"
}
