# shellcheck shell=bash disable=SC2154 # netns.sh has set them
# SPDX-License-Identifier: GPL-2.0-only
#
# The wires of the network that netns.sh draws, where they are driven to their end: source it behind netns.sh.
#
#   wires_wait         who sends more than a wire's queue holds (256 frames) waits, as before a real card
#   wires_look         what the wires themselves lost, by the circuit that it may be felt on

wires_wait() {
	local end
	for end in pilot/eth0 campus/eth0 chicago/c0 chicago/c1 dallas/d0 internet/i0; do
		tc -n "$lab${end%/*}" qdisc add dev "${end#*/}" root pfifo limit 20000
	done
}

# What the queues of the wires could not hold: a veth takes 256 frames, and its reader may wait for a processor.
# What a program drops, or sends to a link that is down, is not among it; a frame that is too big for the far end,
# or one toward an end without a program, is, for the kernel has one number for all that a redirect loses. So
# these losses excuse what they may have caused, and are few: see `excused`.
declare -A wire_lost=() wires_lost=()
wire_ends=(gw/lan0 gw/lan1 gw/er0 gw/er1 gw/er2 gw/wan0 pilot/eth0 campus/eth0 chicago/c0 chicago/c1 dallas/d0 internet/i0)
# What is lost on a circuit's wire is its own matter, on one of the inside everybody's: "wire".
declare -A circuit_of=([er0]=chicago [er1]=chicago [c0]=chicago [c1]=chicago [er2]=dallas [d0]=dallas
	[wan0]=internet [i0]=internet)
# wires_look [CIRCUIT]: $wires_lost[TAG] more since the last look, where there are any, without those of CIRCUIT
wires_look() {
	local end now more tag
	wires_lost=()
	for end in "${wire_ends[@]}"; do
		now=$({
			quiet_on "${end%/*}" ethtool -S "${end#*/}"
			ip -n "$lab${end%/*}" -s link show "${end#*/}" | awk '/TX:/ { getline; print "full:", $4 }'
		} | awk '/(full|_xdp_xmit_errors):/ { sum += $2; found = 1 } END { print found ? sum + 0 : "-" }')
		[[ $now != - ]] || fail "nothing is known of what $end loses"
		more=$((now - ${wire_lost[$end]:-0})) tag=${circuit_of[${end#*/}]:-wire}
		wire_lost[$end]=$now
		((more)) || continue
		note "$end lost $more"
		[[ $tag == "${1:-}" ]] || wires_lost[$tag]=$((${wires_lost[$tag]:-0} + more))
	done
}
