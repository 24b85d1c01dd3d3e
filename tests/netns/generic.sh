#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# On an interface whose driver has no native XDP the gateway works with generic XDP, both ways, says
# once that it is slow, and shows which interface that is.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
say "campus is behind a bridge of the gateway"
ip -n "${lab}gw" link add lanb type bridge || skip "no bridge device in this kernel"
gw sysctl -qw net.ipv6.conf.lanb.accept_dad=0
ip -n "${lab}gw" addr flush dev lan1
ip -n "${lab}gw" link set lan1 master lanb
ip -n "${lab}gw" link set lanb up
ip -n "${lab}gw" addr add 10.2.0.1/24 dev lanb
ip -n "${lab}gw" addr add 2001:db8:10:2::1/64 dev lanb nodad
edit 's/\[lan0, lan1\]/[lan0, lanb]/'
if ip -n "${lab}gw" link set lanb xdpdrv object "$top/build/tests/lib/pass.bpf.o" section xdp 2>/dev/null; then
	ip -n "${lab}gw" link set lanb xdpdrv off
	skip "NOT TESTED: the bridge of this kernel has native XDP, there is no device without"
fi

apply
same "said of generic XDP" 1 "$(grep -c 'generic XDP' "$work/apply")"
matches "what is said" 'lanb: no native XDP \(.*\), generic XDP is used, which is slow' "$(cat "$work/apply")"

say "both ways through it, and through the native ones"
chicago='^chicago ' internet='^internet '
for protocol in tcp udp; do
	matches "campus, $protocol" "$internet" "$(ask campus $protocol 10.2.0.2 0 $web4 7000)"
	matches "campus, $protocol, IPv6" "$internet" "$(ask campus $protocol 2001:db8:10:2::2 0 $web6 7000)"
	matches "pilot, $protocol" "$chicago" "$(ask pilot $protocol 10.1.20.2 0 $exchange4 7000)"
done
on campus ping -n -c 3 -i 0.2 -W 2 $web4 | grep -q ' 3 received'
talk kept campus tcp 10.2.0.2 0 $web4 7001
kept=$(say_to kept)
matches "kept" "$internet" "$kept"

say "explain knows the neighbour behind it, though the kernel sends"
answer=$(quiet_sp -j flow show | /usr/bin/python3 -c '
import json, sys
f = next(f for f in json.load(sys.stdin)["flows"] if f["src"] == "10.2.0.2" and f["proto"] == "tcp" and int(f["dport"]) == 7001)
print(f["dst"] + ":" + str(f["dport"]), f["pool"] + ":" + str(f["pool-port"]))')
# shellcheck disable=SC2086 # two words
matches "explain" "neighbour: $(mac campus eth0)" "$(quiet_sp explain tcp $answer)"

say "show tells the mode"
mode() { quiet_sp -j show | /usr/bin/python3 -c '
import json, sys
print(*[l["xdp"] for l in json.load(sys.stdin)["links"] if l["interface"] == sys.argv[1]])' "$1"; }
same "lanb" generic "$(mode lanb)"
same "lan0" native "$(mode lan0)"
same "er0" native "$(mode er0)"
same_again() { [[ $(sp apply 2>/dev/null) == "nothing to change" ]]; }
wait_for 10 same_again # a bridge gets its link-local address in its own time, and that is a change
same "kept" "$kept" "$(say_to kept)"

say "what must be fragmented is, into it and out of it"
background datagram internet /usr/bin/python3 "$top/tests/lib/datagram.py" serve $web4 7100
wait_for 10 grep -q serving "$work/datagram.out"
datagrams() { on campus /usr/bin/python3 "$top/tests/lib/datagram.py" ask 10.2.0.2 "$1" $web4 7100 "$2"; }
ip -n "${lab}gw" link set wan0 mtu 1300
same "out" 1428/60 "$(datagrams 40001 1428/60)"
ip -n "${lab}gw" link set wan0 mtu 1500
ip -n "${lab}gw" link set lanb mtu 1300
same "in" 60/1428 "$(datagrams 40002 60/1428)"
verdict_is CUT 2 || fail "cut: $(verdict CUT)"
