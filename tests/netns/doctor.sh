#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# doctor is silent on a sound machine, before and after `apply`; each fault that is planted it names, in its own
# row, and the command that it prints mends what can be mended from here. apply refuses for what is fatal.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
PATH=$top/build:$PATH # a printed command begins with "samepath"
object=$top/build/tests/lib/pass.bpf.o
cp "$work/samepath.yaml" "$work/good.yaml"
planted=0

# What is not well, a row a line: verdict, check, where, command, reason, between bars.
rows() {
	{ quiet_sp -j doctor || :; } | /usr/bin/python3 -c '
import json, sys
for r in json.load(sys.stdin)["checks"]:
    if r["verdict"] != "ok":
        print(r["verdict"], r["check"], r["on"] or "", r["repair"] or "", r["reason"], sep="|")'
}
status_of() {
	local status=0
	quiet_sp doctor >"$work/out" 2>&1 || status=$?
	echo $status
}
silent() {
	same "status on a sound machine" 0 "$(status_of)"
	matches "on a sound machine" '^[0-9]+ checks, 0 warnings, 0 fatal$' "$(cat "$work/out")"
}
quiet() { [[ $(quiet_sp doctor || :) =~ ^[0-9]+\ checks,\ 0\ warnings,\ 0\ fatal$ ]]; }
gone() { ! rows | grep -qF "|$1|$2|"; }

# named VERDICT CHECK WHERE: the row is there, and its command in $repair
named() {
	local verdict=$1 check=$2 where=$3 found
	found=$(rows)
	note "$found"
	grep -qF "$verdict|$check|$where|" <<<"$found" || fail "no row '$verdict $check $where' in: $found"
	same "status with $check $where" "$([[ $verdict == note ]] && echo 0 || echo 1)" "$(status_of)"
	repair=$(grep -F "$verdict|$check|$where|" <<<"$found" | head -1 | cut -d'|' -f4)
}
planted() {
	named "$@"
	planted=$((planted + 1))
}
# The same, and its command mends it.
mended() {
	planted "$@"
	[[ $repair ]] || fail "$2 $3 names no command"
	gw bash -c "$repair" >"$work/repair" 2>&1 || fail "'$repair': $(cat "$work/repair")"
	wait_for 5 gone "$2" "$3"
	wait_for 5 quiet
}
# apply refuses in the words of the row
refused() {
	local reason
	reason=$(rows | grep '^fatal' | head -1 | cut -d'|' -f5)
	! quiet_sp apply >"$work/out" 2>&1 || fail "it was applied, though: $reason"
	grep -qF "${reason%%;*}" "$work/out" || fail "doctor says '$reason', apply: $(cat "$work/out")"
	[[ ! -e /sys/fs/bpf/samepath/$gateway ]] || fail "pins were left"
}

say "before apply"
silent
say "no bpffs"
# shellcheck disable=SC2016 # for the shell in there
quiet_on gw unshare -m bash -c '
	mount -t tmpfs none /sys/fs/bpf
	status=0
	out=$("$@" doctor) || status=$?
	[[ $status == 1 && $out == *"fatal    bpffs: "* ]] || { echo "$out"; exit 1; }
	eval "$(grep "^         mount " <<<"$out")"
	"$@" doctor' -- "$samepath" -c "$work/samepath.yaml" >"$work/out" || fail "bpffs: $(cat "$work/out")"
matches "mended bpffs" '^[0-9]+ checks, 0 warnings, 0 fatal$' "$(cat "$work/out")"
planted=$((planted + 1))

say "somebody else's XDP program"
gw ip link set er2 xdpdrv object "$object" section xdp
named fatal xdp er2
refused
mended fatal xdp er2
say "somebody else's route in the table of a circuit"
gw ip route add unreachable default table 101 metric 4294967295
mended fatal conflict ""
say "tables that do not fit the memory"
echo "MemAvailable: 16384 kB" >"$work/meminfo"
for command in doctor apply; do
	# shellcheck disable=SC2016 # for the shell in there
	! quiet_on gw unshare -m bash -c 'mount --bind "$0" /proc/meminfo && exec "$@"' "$work/meminfo" \
		"$samepath" -c "$work/samepath.yaml" $command >"$work/out" 2>&1 || fail "$command did not refuse"
	matches "$command" 'limits\.flows: 20000: its tables take [0-9]+ MiB, and 16 are available' "$(cat "$work/out")"
done
planted=$((planted + 1))
say "an interface that is not there"
edit 's/interface: er2,/interface: er9,/'
planted fatal configuration ""
cp "$work/good.yaml" "$work/samepath.yaml"
if quiet_sp doctor --all | grep -q xdp-transmit; then
	say "a far end that loses what is redirected to it"
	ip -n "${lab}chicago" link set c0 xdpdrv off
	planted warning xdp-transmit er0
	ip -n "${lab}chicago" link set c0 xdpdrv object "$object" section xdp
fi
silent

daemon_start
say "while it runs"
silent
say "settings"
gw sysctl -qw net.ipv4.conf.lan0.forwarding=0
mended fatal forwarding "lan0 ipv4"
gw sysctl -qw net.ipv6.conf.all.forwarding=0
mended fatal forwarding "all ipv6"
gw sysctl -qw net.ipv4.conf.er0.ignore_routes_with_linkdown=0
mended warning linkdown "er0 ipv4"
gw sysctl -qw net.ipv4.conf.er2.rp_filter=1
mended note rp-filter er2
gw sysctl -qw net.ipv4.conf.{er0,er1,wan0}.rp_filter=2 net.ipv4.conf.all.rp_filter=1
silent # the kernel takes the greater of the two

say "rules and routes"
gw ip rule del from 203.0.113.32/28
mended fatal rule "203.0.113.32/28 table 101"
gw ip -6 rule del oif er0 ipproto 253 table 101
mended fatal rule "er0 IPv6 table 101"
gw ip route del unreachable default table 102 metric 4294967295
mended fatal route "unreachable IPv4 table 102"
gw ip route del default table 101 metric 0
mended warning route "default IPv4 table 101"
gw ip route replace default table 102 proto 90 dev er0
mended warning route "default IPv4 table 102"
gw ip route del 10.1.20.0/24 dev lan0
mended warning segment-route "pilot 10.1.20.0/24"
gw ip rule add from 203.0.113.48/28 lookup 77 priority 500
mended warning rival-rule ""

say "rivals"
gw nft -f - <<'NFT'
table ip rival {
	chain out {
		type nat hook postrouting priority 100
		oifname { "wan0", "ppp0" } masquerade
		oifname "ppp0" masquerade
	}
}
NFT
mended warning rival-nat "ip rival out"
gw tc filter add dev er0 egress pref 7 bpf da pinned "/sys/fs/bpf/samepath/$gateway/prog_samepath_resolve"
mended warning tc er0

say "programs that went"
rm "/sys/fs/bpf/samepath/$gateway/link_er1"
bare() { ! attached er1; }
wait_for 5 bare
mended fatal attached er1
gw tc filter del dev er0 egress pref 1
mended fatal attached er0
gw tc filter del dev lan0 ingress pref 1
mended fatal attached lan0

say "links and neighbours"
gw ip link set dev er0 mtu 1400
mended warning mtu er0
gw ip link set dev er1 down
mended warning up er1
ip -n "${lab}dallas" addr del 172.16.1.2/30 dev d0
gw ip neigh flush dev er2
planted warning neighbour "er2 172.16.1.2"
ip -n "${lab}dallas" addr add 172.16.1.2/30 dev d0
ip -n "${lab}dallas" route replace 203.0.113.48/28 via 172.16.1.1
gw ip neigh flush dev er2
wait_for 5 quiet

say "the host"
gw sysctl -qw net.ipv4.ip_local_port_range="1024 60999"
mended warning ports ""
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null || :
planted warning daemon ""
[[ $repair == *" run &" ]] || fail "the command for a daemon: $repair"
repair=${repair% &}
repair=${repair/#samepath/$samepath}
# shellcheck disable=SC2086 # words
background daemon gw $repair
daemon=$last
wait_for 15 quiet

say "another gateway that wants the same interfaces"
sed "s/^gateway: {name: $gateway/&b/" "$work/good.yaml" >"$work/second.yaml"
gw "$samepath" -c "$work/second.yaml" doctor >"$work/out" || :
grep -q "^fatal    xdp er0: er0: another XDP program is attached there, of samepath gateway $gateway\$" "$work/out" ||
	fail "second gateway: $(cat "$work/out")"
! gw "$samepath" -c "$work/second.yaml" apply >"$work/out" 2>&1 || fail "a second gateway was applied"
grep -q "er0: another XDP program is attached there, of samepath gateway $gateway\$" "$work/out" ||
	fail "apply of a second gateway: $(cat "$work/out")"
planted=$((planted + 1))

say "a file that is not what is applied is worth a note, and nothing more"
edit 's/udp: 300/udp: 299/'
mended note configuration ""
silent
echo "$planted faults were named"
((planted >= 15)) || fail "fewer than fifteen"
