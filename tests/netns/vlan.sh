#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# One trunk carries the inside and three circuits, each with tags of its own: a packet goes where it would
# go over wires of their own, and what the kernel sends and hears there has its tags.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"

# The kernels of small machines often do without.
ip link add "vl$$" type veth peer name "vp$$" 2>/dev/null || skip "no veth devices"
if ip link add link "vl$$" name "vt$$" type vlan id 1 2>/dev/null; then vlans=1; else vlans=; fi
ip link del "vl$$"
[[ $vlans ]] || skip "this kernel has no VLAN devices: \`make test-vm\` shows this on kernels that have"

spaces+=(switch)
declare -A tags=([lan0]="802.1Q 10" [lan1]="802.1ad 7 802.1Q 10" [er0]="802.1Q 100" [er2]="802.1ad 7 802.1Q 100"
	[wan0]="802.1ad 100")

plain_frames() { # SPACE DEVICE: no partial checksums, no merged segments, no tags beside the frame
	quiet_on "$1" ethtool -K "$2" tx off rx off tso off gso off gro off txvlan off tx-vlan-stag-hw-insert off \
		>/dev/null 2>&1 || :
}
# stack SPACE TRUNK NAME TO-SPACE: the VLAN device of these tags, as NAME in TO-SPACE
stack() {
	local space=$lab$1 below=$2 name=$3 to=$lab$4
	shift 4
	if (($# > 2)); then
		ip -n "$space" link show "$below.$2" >/dev/null 2>&1 ||
			ip -n "$space" link add link "$below" name "$below.$2" type vlan protocol "$1" id "$2"
		ip -n "$space" link set "$below.$2" up
		below=$below.$2
		shift 2
	fi
	ip -n "$space" link add link "$below" name "v$1" mtu 1500 type vlan protocol "$1" id "$2"
	ip -n "$space" link set "v$1" name "$name" netns "$to"
}
plain_wire=$(declare -f wire)
eval "plain_$plain_wire"
wire() { # as in netns.sh
	local space=$1 far=$2 near=$3
	[[ ${tags[$near]:-} ]] || { plain_wire "$@" && return; }
	# shellcheck disable=SC2086 # words
	stack switch t0 "$far" "$space" ${tags[$near]}
	# shellcheck disable=SC2086
	stack gw trunk0 "$near" gw ${tags[$near]}
	plain_frames "$space" "$far"
	plain_frames gw "$near"
	ip -n "$lab$space" addr add "$4" dev "$far"
	ip -n "${lab}gw" addr add "$5" dev "$near"
	if (($# > 5)); then
		ip -n "$lab$space" addr add "$6" dev "$far" nodad
		ip -n "${lab}gw" addr add "$7" dev "$near" nodad
	fi
	ip -n "$lab$space" link set "$far" up
	ip -n "${lab}gw" link set "$near" up
}
plain_lab_wires=$(declare -f lab_wires)
eval "plain_$plain_lab_wires"
lab_wires() {
	ip -n "${lab}switch" link add t0 mtu 1504 type veth peer name trunk0 netns "${lab}gw" mtu 1504
	plain_frames switch t0
	ip -n "${lab}switch" link set t0 xdpdrv object "$top/build/tests/lib/pass.bpf.o" section xdp
	ip -n "${lab}switch" link set t0 up
	ip -n "${lab}gw" link set trunk0 up
	plain_lab_wires
}
lab_start
before=$(footprint)
apply
xdp_on() { quiet_on gw bpftool net | sed '/^tc:/,$d' | grep -cE "^($1).* (driver|generic)" || :; }
same "XDP on the trunk" 1 "$(xdp_on trunk0)"
same "XDP on VLAN devices" 0 "$(xdp_on 'lan|er0|er2|wan')"
same "rxvlan of the trunk" "rx-vlan-offload: off" "$(quiet_on gw ethtool -k trunk0 | grep rx-vlan-offload)"

say "the circuits of the policy, from two tags to one, to one of another kind, and to none"
chicago='^chicago 203\.0\.113\.(3[2-9]|4[0-7]) ' internet='^internet 203\.0\.113\.([0-9]|1[0-5]) '
for protocol in tcp udp; do
	matches "pilot, feed, $protocol" "$chicago" "$(ask pilot $protocol 10.1.20.2 0 $exchange4 7000)"
	matches "campus, feed, $protocol" "$internet" "$(ask campus $protocol 10.2.0.2 0 $exchange4 7000)"
	matches "pilot, feed, $protocol, IPv6" '^chicago 2001:db8:1:' \
		"$(ask pilot $protocol 2001:db8:10:20::2 0 $exchange6 7000)"
	matches "campus, other, $protocol, IPv6" '^internet 2001:db8:2:' \
		"$(ask campus $protocol 2001:db8:10:2::2 0 $web6 7000)"
done
on pilot ping -n -c 2 -i 0.2 -W 4 -s 1472 -M "do" $web4 | grep -q ' 2 received' || fail "a full packet"
on campus ping -n -c 2 -i 0.2 -W 4 -s 1472 -M "do" $web4 | grep -q ' 2 received' || fail "a full packet, two tags"
on campus ping -n -c 2 -i 0.2 -W 4 -s 2500 $web4 | grep -q ' 2 received' || fail "fragments"
ip -n "${lab}gw" link set wan0 mtu 1400
on campus ping -n -c 2 -i 0.2 -W 4 -s 1472 -M dont $web4 | grep -q ' 2 received' || fail "a packet to be cut"
ip -n "${lab}gw" link set wan0 mtu 1500

say "the gateway's own addresses, and what it says by itself"
on pilot ping -n -c 1 -W 4 10.1.20.1 | grep -q ' 1 received' || fail "the kernel does not hear tag 10"
on campus ping -n -c 1 -W 4 10.2.0.1 | grep -q ' 1 received' || fail "the kernel does not hear two tags"
gw ping -n -c 1 -W 4 172.16.1.2 | grep -q ' 1 received' || fail "the kernel does not reach dallas"
[[ $(on pilot ping -n -c 1 -W 4 -t 1 $web4 || :) == *'From 10.1.20.1 '*exceeded* ]] || fail "no ICMP error"

say "no packet is lost while a next hop is looked for"
lost=$(verdict NO_ANSWER)
gw ip neigh flush dev wan0
gw ip neigh flush dev lan1
on campus ping -n -c 3 -i 0.2 -W 4 $web4 | grep -q ' 3 received' || fail "lost behind a flush"
same "unresolved" "$lost" "$(verdict NO_ANSWER)"

say "the kernel's own packets: only with a source of that VLAN's circuit"
refused=$(verdict GUARD_SOURCE)
gw ping -n -c 1 -W 1 -I 10.1.20.1 172.16.1.2 >/dev/null || : # by er2, whose witness would see it
wait_for 5 verdict_above GUARD_SOURCE "$refused"
ip -n "${lab}gw" link add link trunk0 name stranger type vlan id 999
ip -n "${lab}switch" link add link t0 name s0 type vlan id 999
ip -n "${lab}gw" addr add 192.168.99.1/24 dev stranger
ip -n "${lab}switch" addr add 192.168.99.2/24 dev s0
plain_frames switch s0
ip -n "${lab}gw" link set stranger up
ip -n "${lab}switch" link set s0 up
on switch ping -n -c 1 -W 4 192.168.99.1 | grep -q ' 1 received' || fail "a VLAN that is not samepath's"

say "dallas is made anew with another number and another tag; the daemon follows"
edit 's/circuits: \[chicago, dallas\]/circuits: [dallas]/'
daemon_start
matches "dallas" '^dallas 203\.0\.113\.' "$(ask pilot udp 10.1.20.2 0 $exchange4 7000)"
tags[er2]="802.1Q 200"
ip -n "${lab}gw" link del er2
ip -n "${lab}dallas" link del d0
wire dallas d0 er2 172.16.1.2/30 172.16.1.1/30
ip -n "${lab}dallas" route replace 203.0.113.48/28 via 172.16.1.1
witness er2-again dallas d0 203.0.113.48/28 172.16.1.1
asks_dallas() { [[ $(ask pilot udp 10.1.20.2 0 $exchange4 7000) == dallas* ]]; }
wait_for 120 asks_dallas # an emulated machine takes its time to look at its programs
same "violations" 0 "$(circuit dallas violations)"

say "stop leaves the trunk as it was"
kill -TERM "$daemon"
ip -n "${lab}gw" link del stranger
sp stop
same "rxvlan of the trunk" "rx-vlan-offload: on" "$(quiet_on gw ethtool -k trunk0 | grep rx-vlan-offload)"
same "programs" 0 "$(quiet_on gw bpftool net | grep -cE '^(trunk0|er1)' || :)"
same "what is left" "$(echo "$before" | grep -v er2)" "$(footprint | grep -v er2)"
