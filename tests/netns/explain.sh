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
# and of two ports where little goes, so that none is left
edit 's/^    outbound-pool: \[203.0.113.48\/28/    port-range: 2000-2001\n    outbound-pool: [203.0.113.50\/32/'
# one circuit only watches its pins
edit 's/^    links: \[\{interface: wan0/    enforce: monitor\n&/'
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
	for map in flow_tables flow_near4 flow_near6 flow_far4 flow_far6 flows4 flows6 mappings4 mappings6 hosts half_open next_hops circuit_counters class_counters \
		service_counters service_loads rates proofs events_lost answers_sent fragment_ids; do
		echo "$map $(gw bpftool -j map dump pinned "/sys/fs/bpf/samepath/$gateway/$map" 2>/dev/null | md5sum)"
	done
}
explained() { # WORDS...
	quiet_sp explain "$@" >"$work/told" || fail "explain $*: $(cat "$work/told")"
	grep -q '^verdict: ' "$work/told" || fail "explain $*: no verdict"
}
# a small system has no /etc/protocols
for protocol in tcp udp; do
	unshare -m sh -c 'mount --bind /dev/null /etc/protocols && exec "$@"' - nsenter --net="/run/netns/${lab}gw" \
		"$samepath" -c "$work/samepath.yaml" explain $protocol 10.1.20.2:9 $exchange4:9 | grep '^verdict: ' >/dev/null ||
		fail "explain $protocol: needs a file"
done
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

told() { # LINE WORDS...: explained, and one line of it is that
	explained "${@:2}"
	grep -qxF -- "$1" "$work/told" || fail "explain ${*:2}: no line '$1' in: $(cat "$work/told")"
}
say "an answer that none came before is looked for on its circuit, and so is an error"
asks() { # SPACE ADDRESS PORT TO: one datagram, from that port
	on "$1" python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], int(sys.argv[2])))
s.sendto(b"?", (sys.argv[3], 9))' "${@:2}"
}
asks pilot 10.1.20.2 5555 $exchange4
told "verdict: FORWARDED" udp $exchange4:9 203.0.113.40:5555
told "arrives-on: er0" udp $exchange4:9 203.0.113.40:5555
told "verdict: FORWARDED" unreachable $exchange4 203.0.113.40 about udp 203.0.113.40:5555 $exchange4:9
told "flow: live, of the packet quoted" unreachable $exchange4 203.0.113.40 about udp 203.0.113.40:5555 $exchange4:9

say "a pin that is only monitored"
asks pilot 10.1.20.2 5556 $web4
told "violation: of the circuit, whose pins are only monitored" udp $web4:9 203.0.113.3:5556 on er0
told "verdict: FORWARDED" udp $web4:9 203.0.113.3:5556 on er0
told "arrives-on: wan0" udp $web4:9 203.0.113.3:5556
! grep -q ^violation: "$work/told" || fail "no violation: $(cat "$work/told")"

say "why a circuit is not usable, also for a flow that is pinned to it"
gw ip route del default table 101 metric 0
told "unusable-for: the route says unreachable" udp 10.1.20.2:5555 $exchange4:9
told "verdict: CIRCUIT_UNUSABLE" udp 10.1.20.2:5555 $exchange4:9
gw ip route add default table 101 proto 90 dev wan0
told "unusable-for: its route leaves by wan0, which is no link of it" udp 10.1.20.2:5555 $exchange4:9
! grep -q ^next-hop: "$work/told" || fail "it would not leave by $(cat "$work/told")"
gw ip route del default table 101 metric 0
apply

say "a pool without a free port"
for port in 6001 6002; do asks campus 10.2.0.2 $port 198.18.1.11; done
told "verdict: POOL_EXHAUSTED" udp 10.2.0.2:6003 198.18.1.11:9
told "circuit: dallas" udp 10.2.0.2:6003 198.18.1.11:9
told "pool-addresses: 1" udp 10.2.0.2:6003 198.18.1.11:9
told "port-from: 2000" udp 10.2.0.2:6003 198.18.1.11:9
told "port-to: 2001" udp 10.2.0.2:6003 198.18.1.11:9

say "a flow that is over"
sp flow flush sport 5555 >/dev/null
told "flow: over, and not yet removed" udp 10.1.20.2:5555 $exchange4:9
told "verdict: FLOW_ENDING" udp 10.1.20.2:5555 $exchange4:9

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
