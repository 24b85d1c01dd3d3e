#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What is said of flows of services: who opened them, by which service, to which server; in and out as of
# circuits; the same in lists, filters, tables, events and metrics. And what is found can be ended.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
command -v nft >/dev/null || skip "needs nft"
lab_services
lab_start
edit 's#servers: \[10.2.0.101, .*#servers: [10.2.0.101, "2001:db8:10:2::101"]#
      s#^    ports: \[tcp/7000.*#    ports: [tcp/80, udp/80, tcp/7000, udp/7000]\n    server-port: 7001#
      s#^    outbound-pool: \[203.0.113.32.*#&\n    port-range: 2000-60000#'
daemon_start
background events gw "$samepath" -c "$work/samepath.yaml" event watch

row() { # FIELD,FIELD: of the service
	quiet_sp -j service show web | /usr/bin/python3 -c '
import json, sys
row = json.load(sys.stdin)["services"][0]
print(*(row[c] for c in sys.argv[1].split(",")))' "$1"
}
row_is() { [[ $(row "$1") == "$2" ]]; }
event() { grep -Eq "^$1" "$work/events.out"; }

say "from outside"
talk outside chicago tcp 198.18.1.10 0 $public4 80
outside=$(say_to outside)
matches "answer" '^s1 192.168.1' "$outside"
read -r _ pool port <<<"$outside"
same "flow" "tcp outside 198.18.1.10 $public4 80 $pool $port 10.2.0.101 7001 chicago None web" \
	"$(flow proto,opened,src,dst,dport,pool,pool-port,server,server-port,circuit,class,service service web)"
wait_for 5 event "flow-opened .*circuit chicago proto tcp service web src 198.18.1.10 .* dst $public4 dport 80 pool $pool"

say "and from outside in IPv6"
talk six chicago udp 2001:db8:e::10 0 $public6 7000
matches "answer" '^s1 2001:db8:10:f1:' "$(say_to six)"
same "flow" "outside $public6 2001:db8:10:2::101 7001 chicago web" \
	"$(flow opened,dst,server,server-port,circuit,service src 2001:db8:e::10)"

say "a hairpin touches no circuit"
talk hairpin pilot udp 10.1.20.2 0 $public4 7000
matches "answer" '^s1 10.2.0.1 ' "$(say_to hairpin)"
same "flow" "hairpin 10.1.20.2 $public4 10.2.0.1 10.2.0.101 inside None web" \
	"$(flow opened,src,dst,pool,server,circuit,class,service src 10.1.20.2)"

say "from inside: as ever"
talk inside pilot udp 10.1.20.2 0 $exchange4 7000
matches "answer" '^chicago ' "$(say_to inside)"
same "flow" "inside None None chicago exchange None" \
	"$(flow opened,server,server-port,circuit,class,service dst $exchange4)"

say "what they wear belongs to a pool"
pools() { quiet_sp -j show | /usr/bin/python3 -c '
import json, sys
for r in json.load(sys.stdin)["pools"]:
    if (r["circuit"], r["side"], r["family"]) == ("chicago", sys.argv[1], "ipv4"):
        print(r["first-address"], r["addresses"], r["ports-each"])' "$1"; }
same "outbound" "203.0.113.32 16 58001" "$(pools outbound)"
same "inbound" "192.168.1.1 254 65535" "$(pools inbound)"
matches "in use" " $pool +1 +0 +65535 " "$(quiet_sp circuit show chicago)"

say "filters"
count() { flow proto "$@" | wc -l; }
same "opened outside" 2 "$(count opened outside)"
same "opened hairpin" 1 "$(count opened hairpin)"
same "opened inside" 1 "$(count opened inside)"
same "service" 3 "$(count service web)"
same "server" 2 "$(count server 10.2.0.101)"
same "server and side" 1 "$(count server 10.2.0.101 opened outside)"
same "class" 1 "$(count class exchange)"
same "class any is no service" 0 "$(count class any)"
same "circuit" 3 "$(count circuit chicago)"

say "in is what came in on the circuit, whoever opened it"
on campus nft add table ip deaf
on campus nft add chain ip deaf in '{type filter hook prerouting priority -300;}'
on campus nft add rule ip deaf in ip daddr 10.2.0.101 udp dport 7001 drop
ask chicago udp 198.18.1.10 40000 $public4 80 >/dev/null
same "unanswered, from outside" "half-open 1 0" "$(flow state,in-packets,out-packets sport 40000)"
same "flows of web, a hairpin too" "4 1" "$(row flows,half-open)"
ask pilot udp 10.1.20.2 40001 $public4 80 >/dev/null
same "unanswered, a hairpin" "0 1" "$(flow in-packets,out-packets sport 40001)"
ask pilot udp 10.1.20.2 40002 $exchange4 7777 >/dev/null
same "unanswered, from inside" "0 1" "$(flow in-packets,out-packets sport 40002)"
on campus nft flush chain ip deaf in
sp flow flush sport 40000 >/dev/null
wait_for 10 row_is flows,half-open "4 0"
wait_for 10 event "flow-closed .*circuit chicago .*service web .*sport 40000 .*out-packets 0 .*in-packets 1 "

say "a violation says whose it is"
inject internet i0 wan0 tcp 198.18.1.10 "$(flow sport src 198.18.1.10 state established)" $public4 80 A
wait_for 5 event 'violation .*circuit chicago .*service web .*came-in-on internet'

say "numbers"
read -r in out <<<"$(row in-packets,out-packets)"
((in > 3 && out > 3)) || fail "$in in, $out out"
same "opened" 5 "$(row opened)"
sp show --prometheus >"$work/metrics"
same "metrics" 'service_flows{gateway="G",service="web"} 4
service_half_open{gateway="G",service="web"} 0
service_opened_total{gateway="G",service="web"} 5
service_refused_total{gateway="G",service="web"} 0' \
	"$(sed -n "s/^samepath_//; s/$gateway/G/; /^service_\(flows\|half_open\|opened_total\|refused_total\){/p" "$work/metrics" | sort)"
grep -q "^samepath_service_packets_total{.*service=\"web\",direction=\"in\"} $in$" "$work/metrics" || fail "no packets in"
grep -q "^samepath_service_bytes_total{.*service=\"web\",direction=\"out\"} [1-9]" "$work/metrics" || fail "no bytes out"
same "a name twice" "" "$(grep '^# TYPE' "$work/metrics" | sort | uniq -d)"
matches "show" "$(printf '\nservices\n')" "$(quiet_sp show)"

say "a service that goes is shown until its last flow ends"
edit '/^services:/,/^timeouts/{/^timeouts/!d}'
sp apply >/dev/null
same "state" retiring "$(row state)"
same "name" web "$(flow service sport 40001)"
same "the old flow" "$outside" "$(say_to outside)"
same "flushed" 2 "$(quiet_sp -j flow flush opened outside | grep -o '[0-9]*')"
