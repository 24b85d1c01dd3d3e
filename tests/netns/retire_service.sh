#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What is taken out of services and inbound pools retires: a flow from outside keeps its public address
# on its circuit, its inbound pool, its link, and the number of its service.
# The flow is written into the table, for this is about who is found to use what.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
public4=198.51.100.5 public6=2001:db8:5::5
lab_witnesses() {
	local er=(203.0.113.32/28 2001:db8:1::/64 "$public4" "$public6")
	witness er0 chicago c0 "${er[@]}" 172.16.0.1 2001:db8:f:1::1
	witness er1 chicago c1 "${er[@]}" 172.16.0.5 2001:db8:f:2::1
	witness er2 dallas d0 203.0.113.48/28 172.16.1.1
	witness wan0 internet i0 203.0.113.0/28 2001:db8:2::/64 "$public4" "$public6" 192.0.2.1 2001:db8:ff::1
}
lab_start
pins=/sys/fs/bpf/samepath/$gateway
edit 's#(advertise: \[203\.0\.113\.(0|32)/28),#\1, 198.51.100.0/24, "2001:db8:5::/48",#'
edit 's#^( *)(advertise: \[203\.0\.113\.0)#\1inbound-pool: [10.2.0.192/28, "2001:db8:10:2::c0/124"]\n\1\2#'
edit 's#^( *)(advertise: \[203\.0\.113\.32)#\1inbound-pool: [10.1.20.192/28, 10.250.0.0/22, "2001:db8:10:99::/112"]\n\1\2#'
cat >>"$work/samepath.yaml" <<YAML
services:
  - {name: mail, public: [$public4, "$public6"], ports: [tcp/25], servers: [10.1.20.2, "2001:db8:10:20::2"], circuits: [internet, chicago]}
  - {name: web, public: $public4, ports: [tcp/80], servers: [10.2.0.2], circuits: [internet]}
YAML

# bytes EXPRESSION: of a packed value, as bpftool reads them. a() is an IPv4 address, now() in ns.
bytes() {
	/usr/bin/python3 -c '
import socket, struct, sys, time
a = lambda text: socket.inet_aton(text)
now = lambda: time.clock_gettime_ns(time.CLOCK_MONOTONIC)
def key(saddr, daddr, sport, dport):
    return a(saddr) + a(daddr) + struct.pack("!HHB3x", sport, dport, 6)
def half(flags, iif, hop, number, sport, dport, circuit, saddr, daddr):
    t = now()
    return struct.pack("=QQIIIIIIIHHHH", t, 60, 1, flags, (t >> 20) & 0xffffffff, iif | circuit << 24, 1, 0, 0,
                       hop, 0, 0, number) + struct.pack("!HH", sport, dport) + a(saddr) + a(daddr)
print(*eval(sys.argv[1]))' "$1"
}
put() { # MAP KEY VALUE
	# shellcheck disable=SC2046 # words
	bpftool map update pinned "$pins/$1" key $(bytes "$2") value $(bytes "$3")
}
half_written() { "$top/build/tests/lib/flow_put" "$pins" 4 "$(bytes "$1")" "$(bytes "$2")"; } # KEY HALF
index() { ip -n "${lab}gw" -j link show "$1" | grep -o '"ifindex":[0-9]*' | cut -d: -f2; }
# 198.18.1.10:40000 to mail over chicago (2), which came as 10.1.20.201 to the server and went back by er0.
# Flags: FLOW_REPLY 1, FLOW_OPENED_OUTSIDE 2, FLOW_TO_CIRCUIT 1 << 12, FLOW_FROM_CIRCUIT 1 << 13, FLOW_SERVICE 1 << 14
flow_written() {
	put next_hops 'struct.pack("=I", 7)' "struct.pack('=III16xH2x', 2, 0, $(index er0), 1500)"
	half_written "key('10.1.20.2', '10.1.20.201', 25, 40000)" \
		"half(3 | 1 << 12 | 1 << 14, $(index lan0), 7, 1, 25, 40000, 2, '$public4', '198.18.1.10')"
	half_written "key('198.18.1.10', '$public4', 40000, 25)" \
		"half(2 | 1 << 13 | 1 << 14, 0, 0, 1, 40000, 25, 2, '10.1.20.201', '10.1.20.2')"
}
field() { # MAP INDEX EXPRESSION-OF-v
	bpftool -j map lookup pinned "$pins/$1" key $(($2 & 255)) $(($2 >> 8)) 0 0 | /usr/bin/python3 -c '
import json, sys
v = json.load(sys.stdin)["formatted"]["value"]
print(eval(sys.argv[1]))' "$3"
}
sources() { # of the circuit of this number
	bpftool -j map dump pinned "$pins/sources" | /usr/bin/python3 -c '
import ipaddress, json, sys
for entry in json.load(sys.stdin):
    key = entry["formatted"]["key"]
    address = ipaddress.IPv6Address(bytes(key["address"]["in6_u"]["u6_addr8"]))
    if key["scope"] == int(sys.argv[1]): print(address.ipv4_mapped or address)' "$1"
}
circuit_lacks() { # one of its sources
	local all
	all=$(sources "$1")
	[[ $all && $'\n'$all$'\n' != *$'\n'$2$'\n'* ]]
}
names() { bpftool -j map dump pinned "$pins/names" | /usr/bin/python3 -c '
import json, sys
names = [bytes(int(b, 16) for b in e["key"][1:]).rstrip(b"\0").decode() for e in json.load(sys.stdin)]
if sys.argv[1] in names: print(sys.argv[1])' "$1"; }
live() { field live 0 'v["slot"]'; }
# matched OUTER KEY-BYTE...: the value of the longest prefix in the live slot's trie
matched() {
	local outer=$1 id
	shift
	id=$(bpftool -j map lookup pinned "$pins/$outer" key "$(live)" 0 0 0 | word)
	bpftool -j map lookup id "$id" key "$@" | word
}
word() { # the value as a number
	/usr/bin/python3 -c '
import json, sys
print(int.from_bytes((int(b, 16) for b in json.load(sys.stdin)["value"]), "little"))'
}
segment() { matched segments4 32 0 0 0 "${@}"; }
owner() { echo $(($(matched owners 128 0 0 0 0 0 0 0 0 0 0 0 0 0 255 255 "${@}") & 255)); } # its kind
applied() { # applies, and what changed is in $work/out
	sp apply >"$work/out" 2>&1 || fail "apply: $(cat "$work/out")"
}
said() { grep -Fqx -- "$1" "$work/out" || fail "apply does not say '$1': $(cat "$work/out")"; }
not_said() { ! grep -Fq -- "$1" "$work/out" || fail "apply says '$1': $(cat "$work/out")"; }
stable() { same "$1, applied again" "nothing to change" "$(quiet_sp apply)"; }

apply
flow_written
same "flows" "198.18.1.10" "$(flow src)"
cp "$work/samepath.yaml" "$work/all.yaml"
back() {
	cp "$work/all.yaml" "$work/samepath.yaml"
	applied
}

say "a service that a circuit loses: the address that a flow uses stays a source of it, the other goes"
edit 's/(name: mail.*)circuits: \[internet, chicago\]/\1circuits: [internet]/'
applied
said "source retire chicago $public4/32"
said "source del chicago $public6/128"
stable "retiring"
back
said "source restore chicago $public4/32"
said "source add chicago $public6/128"
stable "restored"

say "a service that goes: its number is not given to another, and it keeps its name"
edit 's/name: mail, public: \[198.51.100.5, "2001:db8:5::5"\]/name: post, public: 198.51.100.6/; s/servers: \[10.1.20.2, "2001:db8:10:20::2"\]/servers: [10.1.20.2]/'
applied
said "source retire chicago $public4/32"
not_said "source retire internet"
not_said "of service mail given back"
same "mail" 32 "$(field services $(($(live) * 1024 + 1)) 'v["flags"] & 32')"
same "post" 1 "$(field services $(($(live) * 1024 + 3)) 'v["flags"]')"
same "owner of what mail was published at" 3 "$(owner 198 51 100 5)" # OWNER_SERVICE
stable "retiring"
edit 's#/24, "2001:db8:5::/48"#/28, "2001:db8:5::/48"#; /name: web/d'
applied
said "number 2 of service web given back"
same "owner, with no service left there" 3 "$(owner 198 51 100 5)"
back

say "an inbound pool that a circuit loses: still ours, still answered for, and of no segment"
((0 < $(segment 10 1 20 240))) || fail "10.1.20.240 is in no segment"
edit 's#10.1.20.192/28#10.1.20.224/28#; s#, 10.250.0.0/22##'
applied
same "ranges" "[224, 192] [0, 1]" "$(field circuits $(($(live) * 64 + 2)) \
	'[r["first"]["in6_u"]["u6_addr8"][15] for r in v["in4"]["range"]][:2], [r["flags"] & 1 for r in v["in4"]["range"]][:2]' |
	sed 's/^(//; s/), (/ /; s/\], \[/] [/; s/)$//')"
same "number of ranges" 2 "$(field circuits $(($(live) * 64 + 2)) 'v["in4"]["ranges"]')"
same "addresses for new flows" 16 "$(field circuits $(($(live) * 64 + 2)) 'v["in4"]["addresses"]')"
not_said "answer del lan0 10.1.20.192/28"
not_said "blackhole 10.1.20.192/28"
grep -q 'del blackhole 10.250.0.0/22' "$work/out" || fail "an unused pool stays: $(cat "$work/out")"
same "segment of the retiring pool" 0 "$(segment 10 1 20 201)"
same "its owner" 2 "$(owner 10 1 20 201)" # OWNER_INBOUND_POOL
stable "retiring"
say "a server that moves into it answers for itself"
edit 's/servers: \[10.2.0.2\]/servers: [10.1.20.197]/'
applied
said "answer del lan0 10.1.20.192/28"
said "answer add lan0 10.1.20.192/30"
said "answer add lan0 10.1.20.196/32"
not_said "answer add lan0 10.1.20.197/32"
back
same "ranges" 5 "$(field circuits $(($(live) * 64 + 2)) 'v["in4"]["ranges"]')"

say "a link that goes: the one that the answers take stays, the other does not"
edit '/interface: er1,/d'
applied
grep -q 'xdp.*er1' "$work/out" || fail "er1 stays: $(cat "$work/out")"
back
edit '/interface: er0,/d'
applied
not_said "er0"
same "links of chicago" "[$(index er1), $(index er0)]" "$(field circuits $(($(live) * 64 + 2)) 'v["links"][:2]')"
back

say "a circuit that goes takes all that along"
edit '/- name: chicago/,/advertise: \[203.0.113.32/d'
edit 's/\[chicago, dallas\]/[dallas]/; s/\[internet, chicago\]/[internet]/'
applied
said "source retire chicago $public4/32"
same "flags of chicago" 3 "$(field circuits $(($(live) * 64 + 2)) 'v["flags"] & 3')"
same "its inbound ranges" "1 1" "$(field circuits $(($(live) * 64 + 2)) 'v["in4"]["ranges"], v["in4"]["range"][0]["flags"]' | tr -d '(),')"
stable "retiring"

say "an address of the outbound pool that is published no more: what the inside opened does not keep it"
back
edit 's/(name: web.*)public: 198.51.100.5/\1public: 203.0.113.33/; s/(name: web.*)circuits: \[internet\]/\1circuits: [chicago]/'
applied
said "source add chicago 203.0.113.33/32"
half_written "key('198.18.1.10', '203.0.113.33', 80, 42000)" \
	"half(1 | 1 << 13, 0, 0, 0, 80, 42000, 2, '198.18.1.10', '10.1.20.2')"
half_written "key('10.1.20.2', '198.18.1.10', 42000, 80)" \
	"half(1 << 12, $(index lan0), 7, 0, 42000, 80, 2, '203.0.113.33', '198.18.1.10')"
edit '/name: web/d'
applied
said "source del chicago 203.0.113.33/32"
stable "unpublished"
say "nor does it keep a pool that is as good as there, shorter"
edit 's#outbound-pool: \[203.0.113.32/28#outbound-pool: [203.0.113.32/29#'
applied
said "source add chicago 203.0.113.32/29"
said "source del chicago 203.0.113.32/28"
stable "shortened"

say "when its flow ends, each goes by itself: a source, with its circuit and service still there"
back
daemon_start
flow_written # as if it had been heard just now
edit 's/(name: mail.*)circuits: \[internet, chicago\]/\1circuits: [internet]/'
applied
said "source retire chicago $public4/32"
sp flow flush circuit chicago
wait_for 20 circuit_lacks 2 198.51.100.5
say "the number of a service, with only a hairpin left under it"
back
half_written "key('10.1.20.1', '10.1.20.2', 25, 41000)" \
	"half(3 | 1 << 14, $(index lan0), 0, 1, 25, 41000, 0, '$public4', '10.2.0.2')"
half_written "key('10.2.0.2', '$public4', 41000, 25)" \
	"half(2 | 1 << 14, $(index lan1), 0, 1, 41000, 25, 0, '10.1.20.1', '10.1.20.2')"
edit '/name: mail/d'
applied
said "source del chicago $public4/32"
not_said "of service mail given back"
same "mail" 33 "$(field services $(($(live) * 1024 + 1)) 'v["flags"] & 33')"
sp flow flush all
mail_gone() { [[ $(field services $(($(live) * 1024 + 1)) 'v["flags"]') == 0 ]] && [[ ! $(names mail) ]]; }
wait_for 20 mail_gone
say "and a circuit with all that it had"
back
flow_written
edit '/- name: chicago/,/advertise: \[203.0.113.32/d'
edit 's/\[chicago, dallas\]/[dallas]/; /name: mail/d'
applied
# captured: a reader that ends early ends the writer too, and pipefail calls that a failure
retiring() { [[ $(quiet_sp -j show) == *'"retiring"'* ]]; }
retiring || fail "show does not say retiring"
sp flow flush circuit chicago
left() { # of chicago
	sources 2
	ip -n "${lab}gw" rule | grep 'lookup 101' || :
	names chicago
}
gone() { [[ -z $(left) ]]; }
wait_for 20 gone
same "mail" 0 "$(field services $(($(live) * 1024 + 1)) 'v["flags"]')"
same "chicago" 0 "$(field circuits $(($(live) * 64 + 2)) 'v["flags"]')"
