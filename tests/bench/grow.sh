#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a packet of a known flow and a new flow cost as the work grows, one axis at a time:
#
#   flows      that are live, in one table
#   prefixes   of the class that decides; destinations are spread over them
#   circuits   with a wire, a table and a pool each; each batch of frames is of one host, so of one circuit
#   segments   with a rule each; hosts are spread over them
#   services   with a port each; clients are spread over them
#   pool       addresses of the outbound pool
#   fill       per cent of the ports of one pool address that are taken
#
#   grow.sh [--rounds N] [--axes NAME,...] [--short] [--json FILE]
#
# The network is that of rig.sh; hosts are in 10.0.0.0/8, pools in 198.18.0.0/15. Each point has a gateway
# of its own, the table of which is sized for it, and is measured once a round. --short shows
# that everything works, on the ends of each axis that are near, and its times mean nothing.
set -euo pipefail

# shellcheck source=tests/bench/rig.sh
. "$(dirname "$0")/rig.sh"
rounds=3 json=$out/grow.json short='' axes=flows,prefixes,circuits,segments,services,pool,fill
flows=1000,10000,100000,1000000,4000000
prefixes=(10 1000 100000) circuits=(1 16 63) segments=(1 100 1000)
services=(1 100 1000) pools=(32 26 22) levels=50,90,95,99,100
some=20480 packets=300000 # flows where their number is not the axis, and packets of each cell
while (($#)); do
	case $1 in
	--rounds) rounds=$2; shift ;;
	--axes) axes=$2; shift ;;
	--json) json=$2; shift ;;
	--short) short=1 rounds=1 flows=1,2000 prefixes=(10) circuits=(4) segments=(10) services=(10)
		pools=(32) levels=50,100 some=2048 packets=4096 ;;
	*)
		echo "usage: grow.sh [--rounds N] [--axes NAME,...] [--short] [--json FILE]" >&2
		exit 2
		;;
	esac
	shift
done

# What the next gateway is; each axis changes its own.
defaults() {
	mapping=address-and-port-dependent # first: what follows has it written into it
	segments_are='    - {name: site, prefixes: [10.0.0.0/8]}'
	circuits_are=$(circuit internet gout '' '[198.18.0.0/24]')
	policy_is='  - {from: [site], to: [any], circuits: [internet], otherwise: drop}'
	classes_are='' services_are='' table=$((2 * some))
	way=outbound steps=$some parties='' wires=1 options=()
	program=$samepath
}

circuit() { # name, interface, keys more, pool
	cat <<-YAML
		  - name: $1
		    kind: internet
		    links: [{interface: $2$3}]
		    outbound-pool: $4
		    mapping: {udp: ${mapping:-address-and-port-dependent}}
	YAML
}

config() {
	local half=$((16 * table)) # one service may have a quarter of it, and 2^24 is the most
	half=$((half < 1 << 24 ? half : 1 << 24))
	cat <<-YAML
		gateway: {name: $prefix, lab: true}
		inside:
		  interfaces: [gin]
		  segments:
		$segments_are
		circuits:
		$circuits_are
		$classes_are
		policy:
		$policy_is
		$services_are
		timeouts: {tcp-transitory: 3600, udp: 3600, inbound-half-open: 3600}
		limits: {flows: $((2 * table)), flows-per-host: $((2 * table)), half-open: $half}
	YAML
}

point() { # axis, place on it, first hop
	local meant=()
	settle
	topology
	if [[ $3 == own ]]; then
		config >"$work/samepath.yaml"
		gateway_start "$program"
	fi
	taskset -c "$cpu" "$out/bench" --row "$1/$2" --round "$round" --way "$way" --flows "$steps" \
		--packets "$packets" --objects "$out" --first-hop "$3" --prefix "$prefix" --wires "$wires" \
		${parties:+--parties "$parties"} "${options[@]}" >>"$lines"
	[[ $1 != fill ]] || meant=(POOL_EXHAUSTED) # a pool that fills refuses
	[[ ! $running ]] || losses "$1/$2" "$round" "${meant[@]}"
	cleanup
}

# What is not the gateway's, for the whole axis.
bare() { point "$1" sink sink; }

# The largest power of two that is not above, less one.
mask() {
	local n=1
	while ((2 * n <= $1)); do n=$((2 * n)); done
	echo $((n - 1))
}

# 386 bytes a flow of both families' tables, and 242 of their mappings, both twice.
room_for() { (($(awk '/^MemAvailable/ {print $2}' /proc/meminfo) > $1 * 1400 / 1024 + 1000000)); }

axis_flows() {
	defaults
	steps=$flows
	table=${flows##*,}
	if ! room_for "$table"; then
		echo "grow: flows: no memory for $table, up to ${flows%,*}" >&2
		steps=${flows%,*}
		table=${steps##*,}
	fi
	table=$(((table + 1) / 2)) # nothing else is in it
	bare flows
	point flows apd own
}

axis_prefixes() {
	local n
	for n in "${prefixes[@]}"; do
		defaults
		parties=asked=0xac100001,served=0xac100001,asked-step=8,column=1021,more=$(mask "$n")
		((n < 100000)) || steps=102400 table=204800
		[[ $n != "${prefixes[0]}" && $n != 100000 ]] || bare "prefixes/$n"
		classes_are="classes:
  - {name: many, prefixes: [$(awk -v n="$n" 'BEGIN { for (i = 0; i < n; i++) printf "%s172.%d.%d.%d/29",
			i ? ", " : "", 16 + i / 8192, i / 32 % 256, i % 32 * 8 }')]}"
		policy_is="  - {from: [site], to: [many], circuits: [internet], otherwise: drop}
$policy_is"
		point prefixes "$n" own
	done
}

axis_circuits() {
	local n i h
	for n in "${circuits[@]}"; do
		defaults
		wires=$n options=(--bursts)
		bare "circuits/$n"
		segments_are='' circuits_are='' policy_is=''
		for ((i = 0; i < n; i++)); do
			segments_are+="    - {name: s$i, prefixes: [$(for ((h = i; h < 64; h += n)); do
				printf '%s10.1.0.%d/32' "$( ((h == i)) || echo ', ')" $((h + 1)); done)]}"$'\n'
			circuits_are+="$(circuit "c$i" "gout$( ((!i)) || echo "$i")" \
				", next-hop: 192.0.2.$((4 * i + 2))" "[198.18.$i.0/24]")"$'\n'
			circuits_are+="    table: $((1000 + i))"$'\n'
			policy_is+="  - {from: [s$i], to: [any], circuits: [c$i], otherwise: drop}"$'\n'
		done
		point circuits "$n" own
	done
}

axis_segments() {
	local n i
	for n in "${segments[@]}"; do
		defaults
		parties=opener-step=$((4 * n))
		[[ $n != "${segments[0]}" ]] || bare segments
		segments_are='' policy_is=''
		for ((i = 0; i < n; i++)); do
			segments_are+="    - {name: s$i, prefixes: [10.$((1 + i / 256)).$((i % 256)).0/24]}"$'\n'
			policy_is+="  - {from: [s$i], to: [any], circuits: [internet], otherwise: drop}"$'\n'
		done
		point segments "$n" own
	done
}

axis_services() {
	local n i
	for n in "${services[@]}"; do
		defaults
		way=service parties=ports=$(mask "$n")
		[[ $n != "${services[0]}" ]] || bare services
		circuits_are+=$'\n'"    inbound-pool: [192.168.5.0/24]
    advertise: [198.18.0.0/24, 198.51.100.0/24]"
		services_are='services:'
		for ((i = 0; i < n; i++)); do
			services_are+=$'\n'"  - {name: w$i, public: 198.51.100.5, ports: [udp/$((3478 + i))], servers: [10.1.0.1], circuits: [internet]}"
		done
		point services "$n" own
	done
}

axis_pool() {
	local length
	defaults
	bare pool
	for length in "${pools[@]}"; do
		circuits_are=$(circuit internet gout '' "[198.18.0.0/$length]")
		point pool $((1 << (32 - length))) own
	done
}

# Ports 1024 to 65535 of one address, all toward one destination, which is where the two mappings are alike.
# Ports are counted in a round of its own, since that takes time.
axis_fill() {
	local ports=64512 place
	for place in apd eim; do
		defaults
		[[ $place == apd ]] || mapping=endpoint-independent
		circuits_are=$(circuit internet gout '' "[198.18.0.0/32]")
		steps=$levels table=$((2 * ports)) parties=more=0 options=(--fill "$ports")
		((round)) || options+=(--count)
		((round)) || program=$top/build/counted/samepath
		point fill "$place" own
	done
}

rig_begin
for ((round = 0; round <= rounds; round++)); do
	for axis in ${axes//,/ }; do
		((round)) || [[ $axis == fill ]] || continue
		"axis_$axis"
	done
done
/usr/bin/python3 "$here/grow.py" ${short:+--short} --json "$json" "$lines"
