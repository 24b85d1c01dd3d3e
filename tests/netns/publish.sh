#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What published services ask of the machine: it is said, made, found again, and taken away.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# The public addresses lie in no subnet of chicago, and in one of wan0.
public4=198.51.100.5 public6=2001:db8:5::5
lab_witnesses() {
	local er=(203.0.113.32/28 2001:db8:1::/64 "$public4" "$public6")
	witness er0 chicago c0 "${er[@]}" 172.16.0.1 2001:db8:f:1::1
	witness er1 chicago c1 "${er[@]}" 172.16.0.5 2001:db8:f:2::1
	witness er2 dallas d0 203.0.113.48/28 172.16.1.1
	witness wan0 internet i0 203.0.113.0/28 2001:db8:2::/64 198.51.100.1 $public4 $public6 192.0.2.1 \
		2001:db8:ff::1
}
lab_start
ip -n "${lab}gw" addr add 198.51.100.1/24 dev wan0
settled() { (($(ip -n "${lab}gw" -6 -o addr show scope link -tentative | wc -l) >= 6)); }
wait_for 10 settled
before=$(footprint)
pins=/sys/fs/bpf/samepath/$gateway

edit 's#(advertise: \[203\.0\.113\.(0|32)/28),#\1, 198.51.100.0/24, "2001:db8:5::/48",#'
edit 's#^( *)(advertise: \[203\.0\.113\.0)#\1inbound-pool: [10.2.0.192/28, "2001:db8:10:2::c0/124"]\n\1\2#'
edit 's#^( *)(advertise: \[203\.0\.113\.32)#\1inbound-pool: [10.1.20.192/28, 10.250.0.0/22, "2001:db8:10:99::/112"]\n\1\2#'
cat >>"$work/samepath.yaml" <<YAML
services:
  - name: mail
    public: [$public4, "$public6"]
    ports: [tcp/25, udp/5000-5009]
    servers: [10.1.20.2, 10.2.0.2, "2001:db8:10:20::2"]
    circuits: [internet, chicago]
    check: {target: tcp/25, interval: 2}
  - {name: web, public: $public4, ports: [tcp/80, icmp], servers: [10.2.0.2], circuits: [chicago], rate: {service: 9}}
YAML

# entry MAP INDEX: what bpftool makes of it
entry() { bpftool -j map lookup pinned "$pins/$1" key "$(($2 & 255))" "$(($2 >> 8))" 0 0; }
field() { # MAP INDEX EXPRESSION-OF-v
	entry "$1" "$2" | /usr/bin/python3 -c '
import json, sys
v = json.load(sys.stdin)["formatted"]["value"]
print(eval(sys.argv[1]))' "$3"
}
live() { bpftool -j map lookup pinned "$pins/live" key 0 0 0 0 |
	/usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["formatted"]["value"]["slot"])'; }
mail() { echo $(($(live) * 1024 + 1)); } # the number of what was first is 1

say "a server that is the gateway itself is refused"
cp "$work/samepath.yaml" "$work/all.yaml"
edit 's/servers: \[10.1.20.2,/servers: [10.1.20.1,/'
if quiet_sp apply --dry-run >"$work/out" 2>&1; then fail "it was planned"; fi
matches "it says" 'servers: 10.1.20.1: is an address of this machine' "$(cat "$work/out")"
cp "$work/all.yaml" "$work/samepath.yaml"

say "a dry run says what apply then does: services, their sources, and who is answered for"
sp apply --dry-run >"$work/dry"
unchanged "footprint" "$before"
applied=1
sp apply >"$work/apply"
same "dry run" "$(cat "$work/dry")" "$(cat "$work/apply")"
said() { grep -Fqx -- "$1" "$work/apply" || fail "apply does not say '$1': $(cat "$work/apply")"; }
matches "slot" 'slot 1 live: .*, 2 services' "$(grep ^slot "$work/apply")"
for circuit in internet chicago; do
	said "source add $circuit $public4/32"
	said "source add $circuit $public6/128"
done
said "answer add wan0 $public4/32"
said "answer add lan0 10.1.20.192/28"
said "answer add lan1 10.2.0.192/28"
said "answer add lan1 2001:db8:10:2::c0/124"
same "answers of er0 and er1" "" "$(grep -E 'answer add er[01] (198|2001:db8:5)' "$work/apply" || :)"
matches "blackhole" "10.250.0.0/22" "$(grep blackhole "$work/apply")"
same "nothing inside becomes a source" "" "$(grep -E 'source add .* 10\.(1|2|250)\.' "$work/apply" || :)"

say "the slot holds them"
same "servers of mail" "2 1 0" "$(field services "$(mail)" 'v["servers4"], v["servers6"], v["port"]' | tr -d '(),')"
same "circuits of mail" 6 "$(field services "$(mail)" 'v["circuits"] & 6')"
same "rate of web" 9 "$(field services $(($(mail) + 1)) 'v["rate"]')"
same "no third" 0 "$(field services $(($(mail) + 2)) 'v["flags"]')"
same "inbound ranges of chicago" "5 1032" \
	"$(field circuits $(($(live) * 64 + 2)) 'v["in4"]["ranges"], v["in4"]["addresses"]' | tr -d '(),')"

say "the inside finds an inbound pool at the gateway"
on pilot ping -c1 -W1 10.1.20.200 >/dev/null || :
matches "neighbour" "$(mac gw lan0)" "$(ip -n "${lab}pilot" neigh show 10.1.20.200)"

say "the same again is no change"
secret=$(entry secret 0)
same "secret" False "$(field secret 0 'not any(v["key"])')"
same "second apply" "nothing to change" "$(quiet_sp apply)"

# mark INDEX SERVER: as the daemon does when it does not answer
mark() {
	local bytes=()
	mapfile -t bytes < <(/usr/bin/python3 -c '
import sys
health = bytearray(512)
health[int(sys.argv[1]) * 16] = 77
print(*health, sep="\n")' "$2")
	bpftool map update pinned "$pins/server_health" key "$(($1 & 255))" "$(($1 >> 8))" 0 0 value "${bytes[@]}"
}
marks() { field server_health "$(mail)" '[i for i, p in enumerate(v["servers"]) if p["down_until"]]'; }
say "what is known of a server stays through a change elsewhere, and follows it in the list"
mark "$(mail)" 1
edit 's/udp: 300/udp: 299/'
sp apply >"$work/out"
same "lines" 1 "$(wc -l <"$work/out")"
same "marks" "[1]" "$(marks)"
edit 's/servers: \[10.1.20.2, 10.2.0.2,/servers: [10.2.0.2, 10.1.20.2,/'
sp apply >"$work/out"
same "marks, servers turned around" "[0]" "$(marks)"
same "nor is web's server down" 0 "$(field server_health $(($(mail) + 1)) 'v["servers"][0]["down_until"]')"
edit 's/servers: \[10.2.0.2, 10.1.20.2,/servers: [10.2.0.3, 10.1.20.2,/'
sp apply >"$work/out"
same "marks, another server" "[]" "$(marks)"
same "secret" "$secret" "$(entry secret 0)"

say "how servers are asked, and which are drained, is a change"
edit 's/interval: 2/interval: 3/'
matches "apply" '^slot' "$(quiet_sp apply)"
edit 's/check: \{target/drain: [10.2.0.3]\n    check: {target/'
matches "apply" '^slot' "$(quiet_sp apply)"
same "drained" 1 "$(field services "$(mail)" 'v["servers"][0]["drained"]')"

say "a service that goes, with its only circuit's way in"
edit '/name: web,/d; s/circuits: \[internet, chicago\]/circuits: [internet]/'
sp apply >"$work/out"
grep -Fqx "source del chicago $public4/32" "$work/out" || fail "chicago keeps it: $(cat "$work/out")"
grep -Fq "of service web given back" "$work/out" || fail "web keeps its number: $(cat "$work/out")"
same "no second" 0 "$(field services $(($(mail) + 1)) 'v["flags"]')"

say "stop leaves nothing"
sp stop >"$work/out"
wait_for 10 settled
unchanged "footprint" "$before"
[[ ! -e $pins ]] || fail "stop left $pins"
applied=
