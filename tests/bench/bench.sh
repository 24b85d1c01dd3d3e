#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a packet costs: samepath beside the kernel's own ways, on one generator, wire and core.
#
#   NETNS spbnin           NETNS spbngw                NETNS spbnout
#   in0 10.0.0.2 ------- gin 10.0.0.1
#   hosts 10.1.0.0/16     gout 192.0.2.1 ------------ out0 192.0.2.2
#                         pool 198.18.0.0/24          servers 203.0.113.0/24
#   server 10.1.0.1      service 198.51.100.5          clients 203.0.113.0/24
#                         inbound pool 192.168.5.0/24
#
#   bench.sh [--rounds N] [--ways NAME,...] [--rows NAME,...] [--flows N,...] [--short] [--json FILE]
#
# Two ways: `outbound`, flows that the inside opens, and `service`, flows from outside to a published
# service, whose clients the server knows by addresses of the inbound pool.
#
# Rows alternate within a round, and each starts on namespaces of its own, so nothing of one row is
# left for the next. BASE=/path/to/another/samepath adds its rows beside ours. CPU=N chooses the
# core.
# --short shows in less than 50 s that everything still works, and asserts no time.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
out=$top/build/bench
samepath=${SAMEPATH:-$top/build/samepath}
base=${BASE:-}
cpu=${CPU:-$(($(nproc) - 1))}
rounds=3 steps=1,10000,100000,1000000 packets=1000000 json=$out/bench.json short=0
table=1000000 # flows every stateful row has room for
prefix=spbn rows='' ways=outbound,service

while (($#)); do
	case $1 in
	--rounds) rounds=$2; shift ;;
	--ways) ways=$2; shift ;;
	--rows) rows=$2; shift ;;
	--flows) steps=$2; shift ;;
	--json) json=$2; shift ;;
	--short) short=1 rounds=3 steps=1,2000 packets=20000 table=20000 ;;
	*)
		echo "usage: bench.sh [--rounds N] [--ways NAME,...] [--rows NAME,...] [--flows N,...]" \
			"[--short] [--json FILE]" >&2
		exit 2
		;;
	esac
	shift
done

compile() {
	local name=$1 include
	include=/usr/include/$(gcc -print-multiarch)
	[[ $out/$name.bpf.o -nt $here/$name.bpf.c && $out/$name.bpf.o -nt $here/frame.h &&
		$out/$name.bpf.o -nt $here/state.h ]] ||
		clang -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Werror -I"$include" \
			-c "$here/$name.bpf.c" -o "$out/$name.bpf.o"
}

build() {
	mkdir -p "$out"
	compile gen; compile sink; compile fwd; compile nat
	[[ $out/bench -nt $here/bench.c && $out/bench -nt $here/frame.h ]] ||
		gcc -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -Wshadow -o "$out/bench" "$here/bench.c" \
			-lbpf -lelf -lz
}

gw() { nsenter --net=/run/netns/${prefix}gw "$@"; } # ip netns exec would hide bpffs

lines='' work='' running='' daemon='' mounted=''
cleanup() {
	if [[ $daemon ]]; then
		kill -TERM "$daemon" 2>/dev/null || :
		wait "$daemon" 2>/dev/null || :
		daemon=
	fi
	if [[ $running ]]; then
		gw "$running" -c "$work/samepath.yaml" stop >"$work/log" 2>&1 || cat "$work/log" >&2
		running=
	fi
	for space in in gw out; do
		[[ ! -e /run/netns/$prefix$space ]] || ip netns del "$prefix$space"
	done
}
# A run that was killed leaves its namespaces and pins; nobody holds the lock, so nobody uses them.
leftovers() {
	local space
	[[ -e /run/netns/${prefix}gw || -e /sys/fs/bpf/samepath/$prefix ]] || return 0
	[[ -e /run/netns/${prefix}gw ]] || ip netns add "${prefix}gw"
	gw "$samepath" -g "$prefix" stop >/dev/null 2>&1 || :
	for space in in gw out; do
		[[ ! -e /run/netns/$prefix$space ]] ||
			ip netns pids "$prefix$space" | xargs -r kill -KILL
	done
	cleanup
}
mac() { ip -n "$1" -j link show "$2" | grep -o '"address":"[^"]*"' | cut -d'"' -f4; }

wire() { # space device address, gateway's device and address
	ip -n "$prefix$1" link add "$2" type veth peer name "$4" netns "${prefix}gw"
	ip -n "$prefix$1" addr add "$3" dev "$2"
	ip -n "${prefix}gw" addr add "$5" dev "$4"
	ip -n "$prefix$1" link set "$2" up
	ip -n "${prefix}gw" link set "$4" up
	ip -n "${prefix}gw" neigh replace "${3%/*}" lladdr "$(mac "$prefix$1" "$2")" dev "$4" nud permanent
}

topology() {
	for space in in gw out; do ip netns add "$prefix$space"; done
	wire in in0 10.0.0.2/30 gin 10.0.0.1/30
	wire out out0 192.0.2.2/30 gout 192.0.2.1/30
	ip -n ${prefix}gw route add 10.1.0.0/16 via 10.0.0.2
	ip -n ${prefix}gw route add default via 192.0.2.2
	gw sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.gin.rp_filter=0 \
		net.ipv4.conf.gout.rp_filter=0 net.ipv4.ip_forward=1
}

# The limits of connection tracking belong to the machine, so they are put back.
conntrack=/proc/sys/net/netfilter
conntrack_room() {
	[[ -e $work/max ]] || cat $conntrack/nf_conntrack_max >"$work/max"
	[[ -e $work/buckets ]] || cat $conntrack/nf_conntrack_buckets >"$work/buckets"
	echo $((2 * table)) >$conntrack/nf_conntrack_max
	echo "$table" >$conntrack/nf_conntrack_buckets
	gw sysctl -qw net.netfilter.nf_conntrack_udp_timeout=3600 \
		net.netfilter.nf_conntrack_udp_timeout_stream=3600
}

gateway_nft() {
	gw nft -f - <<-NFT
		table ip spbn {
			chain source {
				type nat hook postrouting priority srcnat
				oifname gout snat to 198.18.0.1-198.18.0.254 persistent
			}
		}
	NFT
	conntrack_room
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
	conntrack_room
}

conntrack_restore() {
	[[ ! -e $work/max ]] || cat "$work/max" >$conntrack/nf_conntrack_max
	[[ ! -e $work/buckets ]] || cat "$work/buckets" >$conntrack/nf_conntrack_buckets
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
	config "$2" >"$work/samepath.yaml"
	gateway_start "$1"
}

gateway_samepath_service() { # binary
	config address-and-port-dependent | config_service >"$work/samepath.yaml"
	gateway_start "$1"
}

config() { # mapping
	cat <<-YAML
		gateway: {name: $prefix, lab: true}
		inside:
		  interfaces: [gin]
		  segments:
		    - {name: site, prefixes: [10.1.0.0/16]}
		circuits:
		  - name: internet
		    kind: internet
		    links: [{interface: gout}]
		    outbound-pool: [198.18.0.0/24]
		    mapping: {udp: $1, tcp: address-and-port-dependent}
		policy:
		  - {from: [site], to: [any], circuits: [internet], otherwise: drop}
		timeouts: {tcp-transitory: 3600, udp: 3600}
		limits: {flows: $table, flows-per-host: 65535, half-open: $table}
	YAML
}

gateway_start() { # binary
	running=$1
	gw "$1" -c "$work/samepath.yaml" apply >"$work/log" 2>&1 || { cat "$work/log" >&2; return 1; }
	# As it runs in earnest: with the daemon, which has another core where there is one.
	nsenter --net=/run/netns/${prefix}gw taskset -c $(((cpu + 1) % $(nproc))) \
		"$1" -c "$work/samepath.yaml" run >"$work/log" 2>&1 9>&- & # a daemon left over holds no lock
	daemon=$!
	until gw "$1" -c "$work/samepath.yaml" -j show 2>/dev/null | grep -q '"daemon": *"running"'; do
		kill -0 $daemon 2>/dev/null || { cat "$work/log" >&2; return 1; }
		read -rt 0.05 <> <(:) || :
	done
}

# What the kernel charges for a map, and how many entries it has room for.
memory() { # row
	local map pin=/sys/fs/bpf/samepath/$prefix
	for map in flows4 flows6 mappings4 mappings6; do
		[[ -e $pin/$map ]] || continue
		bpftool -j map show pinned "$pin/$map" | sed "s/^{/{\"row\": \"$1\", \"map\": \"$map\", /" |
			tr -d '\n' >>"$lines"
		echo >>"$lines"
	done
}

# Memory of the former row is given back in the background; wait for it, it costs the same core.
settle() {
	local limit=$((SECONDS + 15))
	while (($(awk '/^VmallocUsed/ {print $2}' /proc/meminfo) > vmalloc + 4096)) ||
		(($(awk '/^nf_conntrack / {print $2}' /proc/slabinfo) > 4096)); do
		((SECONDS < limit)) || return 0
		read -rt 0.1 <> <(:) || :
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

if ! grep -q ' /sys/fs/bpf bpf ' /proc/mounts; then
	mount -t bpf bpf /sys/fs/bpf
	mounted=1
fi
mkdir -p /run/lock
exec 9>"/run/lock/$prefix"
if ! flock -n 9; then # before the trap: what another run made is not ours to remove
	echo "bench: another run is going on" >&2
	exit 2
fi
leftovers
vmalloc=$(awk '/^VmallocUsed/ {print $2}' /proc/meminfo)
missing=0 lines=$(mktemp) work=$(mktemp -d)
trap 'cleanup; conntrack_restore; rm -rf "$lines" "$work"; [[ -z $mounted ]] || umount /sys/fs/bpf' EXIT
build
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
