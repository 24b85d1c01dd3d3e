#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a gateway adds to a round trip: a datagram to an echo and back, one in flight, idle and beside a
# load of RATE packets a second from another core through the same devices.
#
#   wire       a veth between the two hosts, nobody in it
#   router     the kernel forwards
#   nftables   and masquerades
#   samepath   instead of both
#
#   latency.sh [--rounds N] [--short] [--json FILE]
set -euo pipefail
# shellcheck source=tests/bench/more.sh
. "$(dirname "$0")/more.sh"
samples=40000 rate=100000
[[ -z $short ]] || samples=2000 rate=20000

# All devices receive in NAPI, whoever forwards, and no checksum is left to a card.
ends() { # space device...
	local device
	for device in "${@:2}"; do
		ip netns exec "$prefix$1" ethtool -K "$device" gro on tx off tso off gso off >/dev/null
	done
}

hosts() { # gateway of the inside, of the outside
	ip -n ${prefix}in addr add 10.1.0.1/32 dev in0
	ip -n ${prefix}in route add default via "$1"
	ip -n ${prefix}out route add default via "$2"
	ends in in0
	ends out out0
}

around() { # the network of rig.sh, with hosts at its ends
	topology
	hosts 10.0.0.1 192.0.2.1
	ends gw gin gout
}

row_wire() {
	ip netns add ${prefix}in
	ip netns add ${prefix}out
	ip -n ${prefix}in link add in0 type veth peer name out0 netns ${prefix}out
	ip -n ${prefix}in addr add 192.0.2.1/30 dev in0
	ip -n ${prefix}out addr add 192.0.2.2/30 dev out0
	ip -n ${prefix}in link set in0 up
	ip -n ${prefix}out link set out0 up
	hosts 192.0.2.2 192.0.2.1
}

row_router() { around; }

row_nftables() {
	around
	gw nft "add table ip $prefix; add chain ip $prefix source { type nat hook postrouting priority srcnat; };
		add rule ip $prefix source oifname gout masquerade"
}

row_samepath() {
	around
	config 10000 3600 >"$work/samepath.yaml"
	gateway_start "$samepath"
}

rig_begin
for ((round = 1; round <= rounds; round++)); do
	for row in wire router nftables samepath; do
		"row_$row"
		bench_run "$row" 1 own --packets "$samples"
		bench_run "$row" 1 own --packets "$samples" --rate "$rate"
		cleanup
	done
done
summary
