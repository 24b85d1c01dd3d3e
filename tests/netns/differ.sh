#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What comes out of samepath is what comes out of the kernel's own NAT, configured alike, packet by packet, but
# for the differences that are declared. EVENTS=8000 SEED=1 ROUNDS=1; a failure prints the packets and the seed.
#
#   wires: the far ends of both, where tests/differ sends and listens
#     samepath-lan --- lan0 gw     wan0 --- samepath-wan     kernel-lan --- lan0 kernel wan0 --- kernel-wan
#                              er0  --- samepath-er                                    er0  --- kernel-er
#
# inside 10.1.0.0/16 behind 10.0.0.2; internet: pool 203.0.113.16/30 over wan0; partner: 203.0.113.32/30 over er0,
# for 198.18.0.0/16; a service at 198.51.100.5, and the same of IPv6.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
spaces=(gw kernel wires)
short=3

# far RIG SPACE WIRE NUMBER: an address is only the gateway's; who sends there needs none
far() {
	local space=$lab$2 far=$1-$3 near=${3}0
	ip -n "${lab}wires" link add "$far" address 02:00:00:00:00:0$4 type veth \
		peer name "$near" address 02:00:00:00:01:0$4 netns "$space"
	quiet_on wires sysctl -qw "net.ipv6.conf.$far.disable_ipv6=1"
	quiet_on wires ethtool -K "$far" tx off rx off tso off gso off gro off >/dev/null 2>&1 || :
	quiet_on "$2" ethtool -K "$near" tx off rx off tso off gso off gro off >/dev/null 2>&1 || :
	ip -n "${lab}wires" link set "$far" arp off
	ip -n "${lab}wires" link set "$far" xdpdrv object "$top/build/tests/lib/pass.bpf.o" section xdp
	ip -n "${lab}wires" link set "$far" up
	ip -n "$space" link set "$near" up
	ip -n "$space" addr add "$5" dev "$near"
	ip -n "$space" addr add "$6" dev "$near" nodad
	ip -n "$space" neigh add "$7" lladdr 02:00:00:00:00:0$4 dev "$near" nud permanent
	ip -n "$space" neigh add "$8" lladdr 02:00:00:00:00:0$4 dev "$near" nud permanent
}
# What is the same in both: addresses, neighbours, routes; and no host speaks by itself.
twin() { # RIG SPACE
	quiet_on "$2" sysctl -qw net.ipv6.conf.default.accept_ra=0 net.ipv6.conf.default.router_solicitations=0 \
		net.ipv6.conf.default.dad_transmits=0 net.ipv6.conf.default.mldv2_unsolicited_report_interval=0 \
		net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.default.send_redirects=0 \
		net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
		net.ipv6.conf.default.addr_gen_mode=1 \
		net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0 \
		net.ipv4.icmp_msgs_per_sec=1000000 net.ipv4.icmp_msgs_burst=1000000 \
		net.ipv4.ipfrag_time=3600 net.ipv6.ip6frag_time=3600 # nobody is told of what did not come
	far "$1" "$2" lan 1 10.0.0.1/30 2001:db8:10:ff::1/64 10.0.0.2 2001:db8:10:ff::2
	far "$1" "$2" wan 2 192.0.2.1/30 2001:db8:ff::1/64 192.0.2.2 2001:db8:ff::2
	far "$1" "$2" er 3 172.16.0.1/30 2001:db8:f:1::1/64 172.16.0.2 2001:db8:f:1::2
	ip -n "$lab$2" link set er0 mtu 1400
	ip -n "$lab$2" route add 10.1.0.0/16 via 10.0.0.2
	ip -n "$lab$2" -6 route add 2001:db8:10::/48 via 2001:db8:10:ff::2
	ip -n "$lab$2" route add default via 192.0.2.2
	ip -n "$lab$2" -6 route add default via 2001:db8:ff::2
}
lab_wires() {
	twin samepath gw
	twin kernel kernel
}
lab_routes() { :; }
lab_servers() { :; }
lab_witnesses() { :; }
lab_config() {
	cat <<YAML
gateway: {name: $gateway, lab: true}
inside:
  interfaces: [lan0]
  segments:
    - {name: site, prefixes: [10.1.0.0/16, "2001:db8:10::/48"]}
circuits:
  - name: internet
    kind: internet
    links: [{interface: wan0}]
    outbound-pool: [203.0.113.16/30, "2001:db8:2::/64"]
    inbound-pool: [192.168.5.16/28, "2001:db8:10:f5::/112"]
    advertise: [203.0.113.16/28, 198.51.100.0/24, "2001:db8:2::/48", "2001:db8:5::/48"]
  - name: partner
    kind: expressroute
    table: 101
    links: [{interface: er0, next-hop: [172.16.0.2, "2001:db8:f:1::2"]}]
    outbound-pool: [203.0.113.32/30, "2001:db8:1::/64"]
    inbound-pool: [192.168.6.16/28, "2001:db8:10:f6::/112"]
    advertise: [203.0.113.32/28, 198.51.100.0/24, "2001:db8:1::/48", "2001:db8:5::/48"]
classes:
  - {name: partner, prefixes: [198.18.0.0/16, "2001:db8:e::/48"]}
policy:
  - {from: [site], to: [partner], circuits: [partner], otherwise: drop}
  - {from: [site], to: [any], circuits: [internet], otherwise: drop}
services:
  - name: web
    public: [198.51.100.5, "2001:db8:5::5"]
    ports: [tcp/7000-7001, udp/7000-7001, icmp]
    servers: [10.1.8.101, "2001:db8:10:8::101"]
    circuits: [internet, partner]
timeouts: {tcp-established: 7440, tcp-transitory: 240, inbound-half-open: 240, udp: 240, icmp: 240}
limits: {flows: 100000, flows-per-host: 50000, half-open: 100000}
YAML
}

# Of samepath's states: what it has for both timers of half-open and closing connections, and for datagrams.
kernel_timers() { # SECONDS
	on kernel sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_{syn_sent,syn_recv,last_ack,time_wait,close}="$1" \
		net.netfilter.nf_conntrack_tcp_timeout_{established,fin_wait,close_wait,unacknowledged,max_retrans}=7440 \
		net.netfilter.nf_conntrack_{udp_timeout,udp_timeout_stream,icmp_timeout,icmpv6_timeout}="$1"
}

# The same by the kernel: marks for what samepath's pin and policy do, and no forwarding of what is not tracked.
kernel_start() {
	on kernel sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	kernel_timers 240
	ip -n "${lab}kernel" route add default via 172.16.0.2 table 101
	ip -n "${lab}kernel" -6 route add default via 2001:db8:f:1::2 table 101
	ip -n "${lab}kernel" rule add fwmark 2 lookup 101
	ip -n "${lab}kernel" -6 rule add fwmark 2 lookup 101
	on kernel nft -f - <<'NFT'
table inet differ {
	chain circuits {
		type filter hook prerouting priority mangle
		iifname lan0 ip saddr != { 10.1.0.0/16, 10.0.0.2 } drop
		iifname lan0 ip6 saddr != { 2001:db8:10::/48, fe80::/10 } drop
		iifname { wan0, er0 } ip saddr { 10.1.0.0/16, 203.0.113.0/24, 198.51.100.5, 192.168.0.0/16 } drop
		iifname { wan0, er0 } ip6 saddr { 2001:db8:10::/48, 2001:db8:1::/48, 2001:db8:2::/48, 2001:db8:5::5 } drop
		iifname wan0 ct mark { 2, 3 } drop
		iifname er0 ct mark { 1, 3 } drop
		ct state new jump choose
		iifname lan0 meta mark set ct mark
	}
	chain choose {
		iifname wan0 ct mark set 1
		iifname er0 ct mark set 2
		iifname lan0 ct mark set 1
		iifname lan0 ip daddr 198.18.0.0/16 ct mark set 2
		iifname lan0 ip6 daddr 2001:db8:e::/48 ct mark set 2
		iifname lan0 ip daddr 198.51.100.5 ct mark set 3
		iifname lan0 ip6 daddr 2001:db8:5::5 ct mark set 3
	}
	chain own {
		type route hook output priority mangle
		ip daddr != { 10.0.0.0/8, 192.168.0.0/16 } meta mark set ct mark
		ip6 daddr != 2001:db8:10::/48 meta mark set ct mark
	}
	chain input {
		type filter hook input priority filter
		ip saddr 10.1.8.101 ct state invalid drop
		ip6 saddr 2001:db8:10:8::101 ct state invalid drop
	}
	chain published {
		type nat hook prerouting priority dstnat
		ip daddr 198.51.100.5 jump server
		ip6 daddr 2001:db8:5::5 jump server
	}
	chain server {
		ct mark { 1, 2 } tcp dport 7000-7001 tcp flags & (syn | ack) != syn return
		meta nfproto ipv4 tcp dport 7000-7001 dnat ip to 10.1.8.101
		meta nfproto ipv4 udp dport 7000-7001 dnat ip to 10.1.8.101
		icmp type echo-request dnat ip to 10.1.8.101
		meta nfproto ipv6 tcp dport 7000-7001 dnat ip6 to 2001:db8:10:8::101
		meta nfproto ipv6 udp dport 7000-7001 dnat ip6 to 2001:db8:10:8::101
		icmpv6 type echo-request dnat ip6 to 2001:db8:10:8::101
	}
	chain pools {
		type nat hook postrouting priority srcnat
		ct status dnat oifname lan0 jump inbound
		iifname lan0 oifname wan0 snat ip to 203.0.113.16-203.0.113.19 persistent
		iifname lan0 oifname er0 snat ip to 203.0.113.32-203.0.113.35 persistent
		iifname lan0 oifname wan0 snat ip6 to 2001:db8:2::-2001:db8:2::ffff persistent
		iifname lan0 oifname er0 snat ip6 to 2001:db8:1::-2001:db8:1::ffff persistent
	}
	chain inbound {
		ct mark 1 snat ip to 192.168.5.16-192.168.5.31 persistent
		ct mark 2 snat ip to 192.168.6.16-192.168.6.31 persistent
		ct mark 3 snat ip to 10.0.0.1
		ct mark 1 snat ip6 to 2001:db8:10:f5::-2001:db8:10:f5::ffff persistent
		ct mark 2 snat ip6 to 2001:db8:10:f6::-2001:db8:10:f6::ffff persistent
		ct mark 3 snat ip6 to 2001:db8:10:ff::1
	}
	chain forward {
		type filter hook forward priority filter; policy drop
		ip daddr { 192.168.5.0/24, 192.168.6.0/24 } drop
		ip6 daddr { 2001:db8:10:f5::/64, 2001:db8:10:f6::/64 } drop
		iifname lan0 oifname lan0 accept
		ct state invalid drop
		ct state established,related accept
		iifname lan0 oifname { wan0, er0 } ct mark { 1, 2 } accept
		ct status dnat accept
	}
}
NFT
}

# The daemon says so four times a second, from shortly after it is ready.
holds_fragments() {
	bpftool -j map lookup pinned "/sys/fs/bpf/samepath/$gateway/fragment_holder" key 0 0 0 0 |
		grep -Eq '"until": ?[1-9]'
}

lab_start
kernel_start
daemon_start
wait_for 5 holds_fragments
driver=(on wires "$top/build/tests/differ" -m "${MOST:-20}" -s "${SHOWN:-2}")
say "${EVENTS:-8000} events in both, seed ${SEED:-1}"
"${driver[@]}" "${EVENTS:-8000}" "${SEED:-1}" | tee "$work/report"

say "each error that samepath did not send is one that its limit withheld"
withheld=$(quiet_sp -j show | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["answers-withheld"])')
same "withheld" "$withheld" "$(awk '/^ +[0-9]+ .* limited/ { n += $1 } END { print n + 0 }' "$work/report")"

say "with timers of $short s, and a silence that is longer"
edit "s/(tcp-transitory|inbound-half-open|udp|icmp): [0-9]+/\1: $short/g"
apply
kernel_timers $short
for ((round = 0; round < ${ROUNDS:-1}; round++)); do
	"${driver[@]}" -i $((short + 3)) -n $((200000 + round * 10000)) 800 $((${SEED:-1} + round)) \
		>"$work/idle" || fail "$(cat "$work/idle")"
	grep '^after' "$work/idle"
	! grep -Eq '^after .*: 0 were over|, 0 packets of' "$work/idle" || fail "the silence ended nothing, or nothing lived on"
done
