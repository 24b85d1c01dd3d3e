#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `circuit test` says whether answers come back on the circuit that was asked, and harms nothing.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
spaces+=(far) # behind a router of chicago: 198.18.1.78
lab_start
ip -n "${lab}far" link add f0 type veth peer name c9 netns "${lab}chicago"
ip -n "${lab}far" addr add 172.16.8.2/30 dev f0
ip -n "${lab}far" addr add 198.18.1.78/32 dev lo
ip -n "${lab}chicago" addr add 172.16.8.1/30 dev c9
ip -n "${lab}far" link set f0 up
ip -n "${lab}chicago" link set c9 up
ip -n "${lab}far" route add default via 172.16.8.1
ip -n "${lab}chicago" route add 198.18.1.78/32 via 172.16.8.2
ip -n "${lab}chicago" addr add 198.18.1.1/32 dev lo # the first of the feed's prefixes
ip -n "${lab}chicago" addr add 2001:db8:e::1/128 dev lo
on chicago sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0
edit 's/^    outbound-pool: \[203.0.113.32\/28/    outbound-pool: [203.0.113.40\/32/' # its flows and the test wear the same

rows() { # TABLE COLUMN...: of what was told, a row a line
	/usr/bin/python3 -c '
import json, sys
for row in json.load(open(sys.argv[1]))[sys.argv[2]]:
    print(*(row[c] for c in sys.argv[3:]))' "$work/told" "$@"
}
tested() { # STATUS WORDS...
	local status=0 expected=$1
	shift
	sp -j circuit test "$@" >"$work/told" 2>"$work/said" || status=$?
	same "status of circuit test $*: $(cat "$work/told" "$work/said")" "$expected" "$status"
}
refused() { # PATTERN WORDS...
	local pattern=$1
	shift
	tested 2 "$@"
	matches "circuit test $*" "$pattern" "$(cat "$work/told")"
}
maps() {
	local map
	for map in flow_tables flows4 flows6 mappings4 mappings6 hosts half_open locals rules circuits sources answers; do
		echo "$map $(quiet_on gw bpftool -j map dump pinned "/sys/fs/bpf/samepath/$gateway/$map" | md5sum)"
	done
}
asked() { quiet_on gw bpftool -j map dump pinned "/sys/fs/bpf/samepath/$gateway/asked"; }
hear() { # NAME: ports that chicago hears the pool address from by TCP
	background "$1" chicago /usr/bin/python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
print("listening", flush=True)
while True:
    packet = s.recv(64)
    if packet[12:16] == socket.inet_aton("203.0.113.40"):
        print(int.from_bytes(packet[20:22], "big"), flush=True)'
	wait_for 5 grep -q listening "$work/$1.out"
}
heard() { (($(grep -vc listening "$work/$1.out") >= $2)); } # NAME COUNT
found=(destination answered back-circuit answer finding)

say "bad lines"
refused 'nothing is applied here' chicago
apply
tested 1 houston
matches "unknown circuit" 'circuit houston: .*accepted: internet, chicago, dallas' "$(cat "$work/told")"
refused 'no address of the outbound pool of circuit chicago' chicago --from 203.0.113.48
refused '198.51.100: accepted: ADDRESS' chicago --to 198.51.100
refused 'value is missing' chicago --to
refused 'from 1 to 20' chicago --count 21
refused 'name of a circuit is missing' --trace
refused 'no IPv6 address' dallas --to "$exchange6"

say "both ways on the circuit, and nothing changes"
talk kept pilot tcp 10.1.20.2 0 $exchange4 7001
was=$(say_to kept)
matches "a conversation" "^chicago 203.0.113.40 " "$was"
before=$(maps)
tested 0 chicago --to $exchange4 --to $exchange4:7000 --to $exchange4:9 --to "[$exchange6]:7000" --to $exchange6
same "chicago" "icmp/$exchange4 3 chicago echo reply same circuit
tcp/$exchange4:7000 3 chicago SYN, ACK same circuit
tcp/$exchange4:9 3 chicago RST same circuit
tcp/[$exchange6]:7000 3 chicago SYN, ACK same circuit
icmp/$exchange6 3 chicago echo reply same circuit" "$(rows destinations "${found[@]}")"
matches "links" '^(er[01] er[01]\s?)+$' "$(rows destinations out back)"
same "maps" "$before" "$(maps)"
same "questions left" "[]" "$(asked)"
same "the conversation" "$was" "$(say_to kept)"

say "what the configuration gives to ask"
tested 0 dallas # the next hop
same "dallas" "icmp/172.16.1.2 3 dallas same circuit" "$(rows destinations destination answered back-circuit finding)"
tested 0 chicago --count 1
matches "chicago" 'tcp/198.18.1.1:443 1 chicago RST same circuit' "$(rows destinations "${found[@]}")"
matches "next hops" 'icmp/172.16.0.2 er0.*icmp/172.16.0.6 er1' "$(rows destinations destination out | paste -sd' ')"
for host in 1 2 3 4 5 6; do # each next hop over its own link, whatever the kernel's hash says of the source
	tested 0 chicago --count 1 --from 2001:db8:1::$host
	matches "next hops" '2001:db8:f:1::2 er0.*2001:db8:f:2::2 er1' "$(rows destinations destination out | paste -sd' ')"
done

say "the way there, beside a conversation"
background ping pilot ping -n -i 0.01 -c 100 -W 2 $exchange4
pinged=$last
tested 0 chicago --to 198.18.1.78 --to 198.18.1.78:9 --trace --count 20
same "hops" "icmp/198.18.1.78 1 172.16.0.[26] chicago
icmp/198.18.1.78 2 198.18.1.78 chicago
tcp/198.18.1.78:9 1 172.16.0.[26] chicago
tcp/198.18.1.78:9 2 198.18.1.78 chicago" "$(rows path destination hop address back-circuit | sed 's/172.16.0.[26]/172.16.0.[26]/')"
wait "$pinged"
matches "ping" ' 100 received' "$(cat "$work/ping.out")"

say "nobody answers, or a router for somebody; who explains the answer does not give it"
tested 1 chicago --to 198.51.100.77 --count 1
matches "unreachable" '^198.51.100.77 unreachable .code 0. from 172.16.0.[26] an error came back$' \
	"$(rows destinations destination answer finding | sed 's/icmp.//')"
ip -n "${lab}chicago" route add blackhole 198.51.100.77/32
background silent gw "$samepath" -c "$work/samepath.yaml" -j circuit test chicago --to 198.51.100.77 --count 1 --timeout 2
silent_test=$last
asks() { [[ $(asked) != "[]" ]]; }
wait_for 5 asks
port=$(asked | /usr/bin/python3 -c 'import json, sys
key = json.load(sys.stdin)[0]["key"]
print(int(key[34], 16) << 8 | int(key[35], 16))')
quiet_sp -j explain echo-reply 198.51.100.77 203.0.113.40:"$port" on er0 >"$work/explained" || :
matches "explained" '"verdict": "ASKED"' "$(cat "$work/explained")"
status=0
wait "$silent_test" || status=$?
cp "$work/silent.out" "$work/told"
same "silence" "1 icmp/198.51.100.77 0 None None no answer" "$status $(rows destinations "${found[@]}")"

joined() { # SPACE DEVICE ADDRESS, of each end
	ip -n "$lab$1" link add "$2" type veth peer name "$5" netns "$lab$4"
	ip -n "$lab$1" addr add "$3" dev "$2"
	ip -n "$lab$4" addr add "$6" dev "$5"
	ip -n "$lab$1" link set "$2" up
	ip -n "$lab$4" link set "$5" up
}

say "the question leaves by what is no link of the circuit"
joined gw mgmt0 172.16.10.1/30 far m0 172.16.10.2/30
on far sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.m0.rp_filter=0
ip -n "${lab}gw" route add 198.18.1.78/32 via 172.16.10.2 table 101
tested 1 chicago --to 198.18.1.78 --to 198.18.1.78:9 --count 1
same "elsewhere" "icmp/198.18.1.78 mgmt0 1 chicago left by another device
tcp/198.18.1.78:9 mgmt0 1 chicago left by another device" \
	"$(rows destinations destination out answered back-circuit finding)"
ip -n "${lab}gw" link del mgmt0
refused 'one host elsewhere' chicago --to 127.0.0.1

say "the far end answers over another circuit"
joined chicago across 172.16.9.1/30 internet across 172.16.9.2/30
on internet sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.across.rp_filter=0
ip -n "${lab}internet" route add 203.0.113.40/32 via 192.0.2.1
ip -n "${lab}chicago" route add 203.0.113.40/32 via 172.16.9.2
ip -n "${lab}chicago" rule add iif c9 lookup 50
ip -n "${lab}chicago" route add 203.0.113.40/32 via 172.16.0.1 table 50
tested 1 chicago --to 198.18.1.78 --count 1 --trace
same "a hop" "icmp/198.18.1.78 1 chicago echo reply a hop answered on another circuit" "$(rows destinations "${found[@]}")"
ip -n "${lab}chicago" rule del iif c9 lookup 50
tested 1 chicago --to 198.18.1.78 --to 198.18.1.78:9 --count 1 --trace
same "astray" "icmp/198.18.1.78 1 internet echo reply answered on another circuit
tcp/198.18.1.78:9 1 internet RST answered on another circuit" "$(rows destinations "${found[@]}")"
same "where" "wan0 wan0" "$(rows destinations back | paste -sd' ')"
matches "hops" '^1 internet 2 internet 1 internet 2 internet$' "$(rows path hop back-circuit | paste -sd' ')"

say "ports of the circuit alone"
edit 's/^(    outbound-pool: \[203.0.113.40.*)/\1\n    port-range: 2000-2999/'
apply
hear ports
ip -n "${lab}chicago" route del 203.0.113.40/32
tested 0 chicago --to $exchange4:9 --to $exchange4:7000 --count 20
wait_for 5 heard ports 60 # with the resets of half connections
same "ports outside of 2000-2999" "" "$(grep -vE '^(2[0-9]{3}|listening)$' "$work/ports.out" | head -3)"

ip -n "${lab}gw" addr add 203.0.113.40/32 dev lo # the machine's own: its sockets have 2000 to 2899
gw sysctl -qw net.ipv4.ip_local_port_range="2000 2899"
apply
hear others
tested 0 chicago --to $exchange4:9 --count 20
wait_for 5 heard others 20
same "ports of the machine" "" "$(grep -vE '^(29[0-9]{2}|listening)$' "$work/others.out" | head -3)"
ip -n "${lab}gw" addr del 203.0.113.40/32 dev lo
apply

say "no way out, and one that the guard refuses"
ip -n "${lab}gw" route flush table 102
ip -n "${lab}gw" route add unreachable default table 102
tested 1 dallas --to 198.18.1.78 --count 1
same "no route" "icmp/198.18.1.78 0 None None no way out of the circuit" "$(rows destinations "${found[@]}")"
ip -n "${lab}gw" route replace default via 192.0.2.2 dev wan0 table 102
quiet_on gw ping -c 1 -W 1 192.0.2.2 >/dev/null || :
tested 1 dallas --to 198.18.1.78 --count 1
same "guard" "icmp/198.18.1.78 0 None None refused by the guard, or by a full queue" "$(rows destinations "${found[@]}")"

say "stop ends it, before a question leaves without the gateway"
ip -n "${lab}chicago" route add blackhole 203.0.113.40/32
background long gw "$samepath" -c "$work/samepath.yaml" -j circuit test chicago --to $exchange4 --to $exchange4:7000 --count 20
long_test=$last
wait_for 5 asks
first=$(asked)
asks_on() { asks && [[ $(asked) != "$first" ]]; }
wait_for 5 asks_on # so the first has left
sp stop >"$work/stop"
status=0
wait "$long_test" || status=$?
cp "$work/long.out" "$work/told"
same "status when stopped" 2 "$status"
matches "what was measured" "^icmp/$exchange4 [1-9][0-9]*  *tcp/$exchange4:7000 0 not asked\$" \
	"$(rows destinations destination sent | head -1) $(rows destinations destination sent finding | tail -1)"
matches "why" 'nothing is applied here any more' "$(cat "$work/told")"
