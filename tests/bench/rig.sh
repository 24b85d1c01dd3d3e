# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What every script of the bench stands on: namespaces and wires, a gateway between them, the programs
# of the bench, and that no two runs meet. Source it, call rig_begin, then per measurement topology,
# gateway_start, what is measured, losses, cleanup.
#
#   NETNS spbnin           NETNS spbngw                NETNS spbnout
#   in0 10.0.0.2 ------- gin 10.0.0.1
#                         gout 192.0.2.1 ----------- out0 192.0.2.2
#                         gout1 192.0.2.5 ---------- out1 192.0.2.6     with wires=2, and so on
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
out=$top/build/bench
samepath=${SAMEPATH:-$top/build/samepath}
cpu=${CPU:-$(($(nproc) - 1))}
prefix=spbn
wires=1  # of the gateway to the outside
queues=$(nproc) # that a wire receives on: one a core
lines='' work='' running='' daemon='' mounted=''

# Ubuntu's bpftool on the PATH is a wrapper that knows the tools of the running kernel only.
for tool in /usr/lib/linux-tools/*/bpftool /usr/lib/linux-tools-*/bpftool; do
	[[ ! -x $tool ]] || { PATH=${tool%/*}:$PATH && break; }
done

gw() { nsenter --net=/run/netns/${prefix}gw "$@"; } # ip netns exec would hide bpffs
pause() { read -rt "$1" <> <(:) || :; }

cleanup() {
	local space
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

rig_end() {
	cleanup
	conntrack_restore
	rm -rf "$lines" "$work"
	[[ -z $mounted ]] || umount /sys/fs/bpf
}

# Sets lines, a file for what was measured, and work, a folder that goes with the run.
rig_begin() {
	if ! grep -q ' /sys/fs/bpf bpf ' /proc/mounts; then
		mount -t bpf bpf /sys/fs/bpf
		mounted=1
	fi
	mkdir -p /run/lock "$out"
	exec 9>"/run/lock/$prefix"
	if ! flock -n 9; then # before the trap: what another run made is not ours to remove
		echo "bench: another run is going on" >&2
		exit 2
	fi
	make -s -C "$top" bench-programs
	leftovers
	quiet=$(held)
	lines=$(mktemp) work=$(mktemp -d)
	trap rig_end EXIT
}

mac() { ip -n "$1" -j link show "$2" | grep -o '"address":"[^"]*"' | cut -d'"' -f4; }

# What the kernel itself sends takes its core's queue: on another's it would wake that one's poll here, where it
# stays as long as the generator goes on, which outruns it from then on.
own_queues() { # space device
	local q
	for ((q = 0; q < queues; q++)); do
		printf '%x' $((1 << q)) | ip netns exec "$prefix$1" tee "/sys/class/net/$2/queues/tx-$q/xps_cpus" >/dev/null
	done
}

wire() { # space device address, gateway's device and address
	ip -n "$prefix$1" link add "$2" numrxqueues "$queues" numtxqueues "$queues" type veth \
		peer name "$4" numrxqueues "$queues" numtxqueues "$queues" netns "${prefix}gw"
	own_queues "$1" "$2"
	own_queues gw "$4"
	ip -n "$prefix$1" addr add "$3" dev "$2"
	ip -n "${prefix}gw" addr add "$5" dev "$4"
	ip -n "$prefix$1" link set "$2" up
	ip -n "${prefix}gw" link set "$4" up
	ip -n "${prefix}gw" neigh replace "${3%/*}" lladdr "$(mac "$prefix$1" "$2")" dev "$4" nud permanent
}

topology() {
	local space i name
	for space in in gw out; do ip netns add "$prefix$space"; done
	wire in in0 10.0.0.2/30 gin 10.0.0.1/30
	for ((i = 0; i < wires; i++)); do
		name=$((i)) && ((i)) || name=
		wire out "out$i" "192.0.2.$((4 * i + 2))/30" "gout$name" "192.0.2.$((4 * i + 1))/30"
	done
	ip -n ${prefix}gw route add 10.0.0.0/8 via 10.0.0.2
	ip -n ${prefix}gw route add default via 192.0.2.2
	gw sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.gin.rp_filter=0 \
		net.ipv4.conf.gout.rp_filter=0 net.ipv4.ip_forward=1
}

# The limits of connection tracking belong to the machine, so they are put back.
conntrack=/proc/sys/net/netfilter
conntrack_room() { # flows
	[[ -e $work/max ]] || cat $conntrack/nf_conntrack_max >"$work/max"
	[[ -e $work/buckets ]] || cat $conntrack/nf_conntrack_buckets >"$work/buckets"
	echo $((2 * $1)) >$conntrack/nf_conntrack_max
	echo $((2 * $1)) >$conntrack/nf_conntrack_buckets # one entry in each, as in our table
	gw sysctl -qw net.netfilter.nf_conntrack_udp_timeout=3600 \
		net.netfilter.nf_conntrack_udp_timeout_stream=3600
}

conntrack_restore() {
	[[ ! -e $work/max ]] || cat "$work/max" >$conntrack/nf_conntrack_max
	[[ ! -e $work/buckets ]] || cat "$work/buckets" >$conntrack/nf_conntrack_buckets
}

gateway_start() { # binary, of the configuration in work
	running=$1
	gw "$1" -c "$work/samepath.yaml" apply >"$work/log" 2>&1 || { cat "$work/log" >&2; return 1; }
	# As it runs in earnest: with the daemon, which has another core where there is one.
	nsenter --net=/run/netns/${prefix}gw taskset -c $(((cpu + 1) % $(nproc))) \
		"$1" -c "$work/samepath.yaml" run >"$work/log" 2>&1 9>&- & # a daemon left over holds no lock
	daemon=$!
	# no pipe: who is heard to its end by nobody fails
	until grep -q '"daemon": *"running"' < <(gw "$1" -c "$work/samepath.yaml" -j show 2>/dev/null); do
		kill -0 $daemon 2>/dev/null || { cat "$work/log" >&2; return 1; }
		pause 0.05
	done
}

held() { # kB that the kernel has mapped, and entries of connection tracking
	awk '/^VmallocUsed/ || /^nf_conntrack / { n += $2 } END { print n }' /proc/meminfo /proc/slabinfo
}

# Memory of the former row is given back in the background, by the same core. Wait until that has been: what
# is still held after a second without less of it is somebody else's.
settle() {
	local least now still=0 limit=$((SECONDS + 15))
	least=$(held)
	while ((least > quiet + 8192 && still < 10 && SECONDS < limit)); do
		pause 0.1
		now=$(held)
		still=$((now < least - 512 ? 0 : still + 1))
		least=$((now < least ? now : least))
	done
}

config() { # flows that there is room for, time-out of UDP, its mapping
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
		    mapping: {udp: ${3:-address-and-port-dependent}, tcp: address-and-port-dependent}
		policy:
		  - {from: [site], to: [any], circuits: [internet], otherwise: drop}
		timeouts: {tcp-transitory: 3600, udp: $2}
		limits: {flows: $1, flows-per-host: 65535, half-open: $1}
	YAML
}

# Whose loss it was: what the gateway dropped, and what a wire had no room for. What its own kernel would send
# out of a link and the guard holds back is none.
losses() { # row, round, VERDICT-THAT-IS-MEANT...
	local i ends=(in/in0 gw/gin)
	for ((i = 0; i < wires; i++)); do ends+=("gw/gout${i#0}" "out/out$i"); done
	{
		gw "$running" -c "$work/samepath.yaml" -j show
		for end in "${ends[@]}"; do
			ip netns exec "$prefix${end%/*}" ethtool -S "${end#*/}" | sed "s|^|${end#*/} |"
		done
	} | /usr/bin/python3 "$top/tests/bench/report.py" --losses "$1" "$2" GUARD_SOURCE "${@:3}" >>"$lines"
}
