#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a packet costs: samepath beside the kernel's own ways, on one generator, wire and core.
#
# The network is that of rig.sh. Hosts are in 10.1.0.0/16, servers in 203.0.113.0/24, the pool is
# 198.18.0.0/24. The service is 198.51.100.5 before the server 10.1.0.1, its clients are in
# 203.0.113.0/24, and the inbound pool is 192.168.5.0/24.
#
#   bench.sh [--rounds N] [--ways NAME,...] [--rows NAME,...] [--flows N,...] [--short] [--json FILE]
#
# Two ways: `outbound`, flows that the inside opens, and `service`, flows from outside to a published
# service, whose clients the server knows by addresses of the inbound pool.
#
# Rows alternate within a round, and each starts on namespaces of its own, so nothing of one row is
# left for the next. BASE=/path/to/another/samepath adds its rows beside ours. CPU=N chooses the
# core.
# --short shows that everything still works, and asserts no time.
set -euo pipefail

# shellcheck source=tests/bench/rig.sh
. "$(dirname "$0")/rig.sh"
base=${BASE:-}
rounds=3 steps=1,10000,1000000 packets=1000000 json=$out/bench.json short=0
table=1000000 # flows every stateful row has room for
rows='' ways=outbound,service

while (($#)); do
	case $1 in
	--rounds) rounds=$2; shift ;;
	--ways) ways=$2; shift ;;
	--rows) rows=$2; shift ;;
	--flows) steps=$2; shift ;;
	--json) json=$2; shift ;;
	--short) short=1 rounds=2 steps=1,2000 packets=20000 table=20000 ;;
	*)
		echo "usage: bench.sh [--rounds N] [--ways NAME,...] [--rows NAME,...] [--flows N,...]" \
			"[--short] [--json FILE]" >&2
		exit 2
		;;
	esac
	shift
done

gateway_nft() {
	gw nft -f - <<-NFT
		table ip spbn {
			chain source {
				type nat hook postrouting priority srcnat
				oifname gout snat to 198.18.0.1-198.18.0.254 persistent
			}
		}
	NFT
	conntrack_room "$table"
}

gateway_nft_service() {
	gw nft -f - <<-NFT
		table ip spbn {
			chain public {
				type nat hook prerouting priority dstnat
				iifname gout ip daddr 198.51.100.5 udp dport 3478 dnat to 10.1.0.1
			}
			chain source {
				type nat hook postrouting priority srcnat
				oifname gin snat to 192.168.5.1-192.168.5.254 persistent
			}
		}
	NFT
	conntrack_room "$table"
}

# What a service needs beside the rest. The outside may fill half of the table, and one service a
# quarter of what may be half-open.
config_service() {
	sed -e '/^    outbound-pool/a\    inbound-pool: [192.168.5.0/24]' \
		-e '/^    outbound-pool/a\    advertise: [198.18.0.0/24, 198.51.100.0/24]' \
		-e '/^timeouts/i\services:' \
		-e '/^timeouts/i\  - {name: web, public: 198.51.100.5, ports: [udp/3478], servers: [10.1.0.1], circuits: [internet]}' \
		-e 's/^timeouts: {/&inbound-half-open: 3600, /' \
		-e "s/flows: $table/flows: $((2 * table))/; s/half-open: $table}/half-open: $((4 * table))}/"
}

gateway_samepath() { # binary, mapping
	config "$table" 3600 "$2" >"$work/samepath.yaml"
	gateway_start "$1"
}

gateway_samepath_service() { # binary
	config "$table" 3600 | config_service >"$work/samepath.yaml"
	gateway_start "$1"
}

# What the kernel charges for a map, and how many entries it has room for.
memory() { # row
	local map pin=/sys/fs/bpf/samepath/$prefix
	for map in {flows,flow_near,flow_far,mappings}{4,6}; do
		[[ -e $pin/$map ]] || continue
		bpftool -j map show pinned "$pin/$map" | sed "s/^{/{\"row\": \"$1\", \"map\": \"$map\", /" |
			tr -d '\n' >>"$lines"
		echo >>"$lines"
	done
}

measure() { # row, first hop
	taskset -c "$cpu" "$out/bench" --row "$1" --round "$round" --way "$way" --flows "$steps" \
		--packets "$packets" --objects "$out" --first-hop "$2" --prefix "$prefix" >>"$lines"
}

row() { # name, first hop, set-up with arguments
	local name=$1 hop=$2
	shift 2
	[[ -z $rows || ,$rows, == *,$name,* ]] || return 0
	settle
	topology
	(($# == 0)) || "$@"
	measure "$name" "$hop"
	[[ -z $running ]] || losses "$name" "$round"
	[[ $round != 1 || -z $running || $way != outbound ]] || memory "$name"
	cleanup
}

ours() { # name of the rows, binary
	[[ -z $rows || ,$rows, == *,$1-* ]] || return 0
	if [[ ! -x $2 ]]; then
		echo "bench: $2: no such program, its rows are left out" >&2
		missing=1
	elif [[ $way == outbound ]]; then
		row "$1-apd" own gateway_samepath "$2" address-and-port-dependent
		row "$1-eim" own gateway_samepath "$2" endpoint-independent
	elif "$2" --help | grep -q '^  service '; then
		row "$1-service" own gateway_samepath_service "$2"
	else # a base from before there were any
		echo "bench: $2: knows no services, their row is left out" >&2
	fi
}

rows_outbound() {
	row sink sink
	row kernel pass
	row xdp-fib forward
	row nftables pass gateway_nft
	row bare-nat translate
	[[ -z $base ]] || ours base "$base"
	ours samepath "$samepath"
}

rows_service() {
	row sink sink
	row xdp-fib forward
	row nftables pass gateway_nft_service
	[[ -z $base ]] || ours base "$base"
	ours samepath "$samepath"
}

rig_begin
missing=0
for ((round = 1; round <= rounds; round++)); do
	for way in outbound service; do
		[[ ,$ways, != *,$way,* ]] || "rows_$way"
	done
done
status=0
brief=''
((short == 0)) || brief=--short
/usr/bin/python3 "$here/report.py" ${brief:+"$brief"} --json "$json" "$lines" || status=$?
((missing == 0)) || status=1
exit $status
