#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What `explain` says of a packet is what becomes of it, and to explain changes nothing.
#
# FORETOLD=150 packets drawn from SEED are explained, sent and compared.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_services
lab_start
# one address a pool, so that ports clash
edit 's/^    outbound-pool: \[203.0.113.0\/28/    outbound-pool: [203.0.113.3\/32/; s/^    outbound-pool: \[203.0.113.32\/28/    outbound-pool: [203.0.113.40\/32/'
edit 's/policy:/  - {name: nowhere, prefixes: [198.18.1.11\/32]}\npolicy:/'
edit 's/(  - \{from: \[campus\])/  - {from: [campus], to: [nowhere], circuits: [dallas], otherwise: drop}\n\1/'
for address in 10.1.20.3/24 10.1.20.9/24 2001:db8:10:20::7/64; do
	ip -n "${lab}pilot" addr add $address dev eth0
done
for device in er0 er1; do ip -n "${lab}gw" link set $device mtu 1400; done
apply

say "nothing changes by it"
maps() {
	local map
	for map in flows4 flows6 mappings4 mappings6 hosts half_open next_hops circuit_counters class_counters \
		service_counters service_loads rates proofs events_lost answers_sent fragment_ids; do
		echo "$map $(gw bpftool -j map dump pinned "/sys/fs/bpf/samepath/$gateway/$map" 2>/dev/null | md5sum)"
	done
}
explained() { # WORDS...
	quiet_sp explain "$@" >"$work/told" || fail "explain $*: $(cat "$work/told")"
	grep -q '^verdict: ' "$work/told" || fail "explain $*: no verdict"
}
hold tcp4 pilot tcp 10.1.20.2 3 $exchange4 7001
hold udp4 pilot udp 10.1.20.2 3 $exchange4 7001
hold served chicago tcp $exchange4 3 $public4 7001
flow_words() { # each live flow both ways, and TCP with what would end it
	quiet_sp -j flow show | /usr/bin/python3 -c '
import json, sys
for f in json.load(sys.stdin)["flows"]:
    at = lambda a, p: f"{a}:{p}"
    server = (f["server"] or f["dst"], f["server-port"] or f["dport"])
    there = f["proto"], at(f["src"], f["sport"]), at(f["dst"], f["dport"])
    back = f["proto"], at(*server), at(f["pool"], f["pool-port"])
    for words in there, back:
        for flags in (("",) if f["proto"] == "udp" else ("", "flags rst,ack", "flags fin,ack", "flags syn")):
            print(*words, flags)'
}
flow_words >"$work/words"
(($(wc -l <"$work/words") >= 50)) || fail "few flows: $(wc -l <"$work/words")"
silent=1 before=$(maps)
while read -r words; do
	# shellcheck disable=SC2086 # words
	explained $words
done <"$work/words"
for words in "tcp 10.1.20.2:40000 $exchange4:443" "udp 10.1.20.2:40000 $web4:53 ttl 1" \
	"udp [2001:db8:10:20::2]:5000 [$exchange6]:53" "icmp 10.2.0.2:2000 $web4" "47 10.2.0.2 $web4" \
	"tcp $exchange4:4000 $public4:7000 on er0" "tcp $exchange4:4000 203.0.113.40:7000 on er2" \
	"unreachable $exchange4 203.0.113.40 about udp 203.0.113.40:99 $exchange4:53 on er0"; do
	# shellcheck disable=SC2086 # words
	explained $words
done
same "maps" "$before" "$(maps)"

say "what is told comes true"
for space in pilot campus chicago dallas internet; do
	# hosts do not answer: each packet is then the only one
	quiet_on "$space" nft -f - <<-NFT
		table inet mute {
			chain out {
				type filter hook output priority 0; policy drop;
				icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
			}
		}
	NFT
done
seed=${SEED:-$RANDOM}
echo "seed $seed"
nsenter --net="/run/netns/${lab}gw" /usr/bin/python3 "$top/tests/lib/foretold.py" "$lab" "$gateway" \
	"${FORETOLD:-150}" "$seed" "$samepath" -c "$work/samepath.yaml" || fail "seed $seed"
