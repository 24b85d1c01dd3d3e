#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A link whose probe is down carries nothing, though carrier and neighbour are well: another link of
# its circuit does, then the next circuit, and all goes back when it is up. Flows live through it.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
command -v nft >/dev/null || skip "needs nft"
lab_start
# what lies behind the next hops: an echo on one, a listener of talk.py on the other
ip -n "${lab}chicago" addr add 192.0.2.101/32 dev lo
ip -n "${lab}chicago" addr add 192.0.2.102/32 dev lo
ip -n "${lab}chicago" addr add 2001:db8:c::1/128 dev lo
ip -n "${lab}chicago" addr add 2001:db8:c::2/128 dev lo
edit 's#(interface: er0, )#\1check: {target: icmp/192.0.2.101, interval: 1, rise: 2, fall: 2}, #
      s#(interface: er1, )#\1check: {target: "tcp/192.0.2.102:7003", interval: 1, rise: 2, fall: 2}, #'
# strict on purpose: main leads to the targets over wan0
quiet_on gw sysctl -qw net.ipv4.conf.er0.rp_filter=1 net.ipv4.conf.er1.rp_filter=1
before=$(footprint)
daemon_start

new() { ask pilot udp 10.1.20.2 0 $exchange4 7000 | cut -d' ' -f1; }
goes() { [[ $(new) == "$1" ]]; }
probe() { # LINK: as show tells
	quiet_sp -j show | /usr/bin/python3 -c '
import json, sys
print(*(r["probe"] for r in json.load(sys.stdin)["links"] if r["interface"] == sys.argv[1]))' "$1"
}
probe_is() { [[ $(probe "$1") == "$2" ]]; }
# What comes in at the far end is lost there; ARP is not IP, so the neighbour lives.
dead() {
	on chicago nft add table ip "dead$1"
	on chicago nft add chain ip "dead$1" in '{type filter hook prerouting priority -300;}'
	on chicago nft add rule ip "dead$1" in iifname "$1" drop
}
alive() { on chicago nft delete table ip "dead$1"; }

talk old pilot udp 10.1.20.2 0 $exchange4 7001
old=$(say_to old)
matches "at first" '^chicago ' "$old"
sleep 3 # three questions: up is also the state before the first
same "er0" up "$(probe er0)"
same "er1" up "$(probe er1)"
same "er2, without check" - "$(probe er2)"
near=er0 far=c0 other=er1 rest=c1
seen er1 "${old##* }" >/dev/null && near=er1 far=c1 other=er0 rest=c0

say "$near is dead behind its next hop: the circuit goes on over $other"
background events gw "$samepath" -c "$work/samepath.yaml" event watch
dead $far
wait_for 10 probe_is $near down
moved() { [[ $(say_to old) == "$old" ]]; }
wait_for 5 moved
same "new flows" chicago "$(new)"
talk late pilot udp 10.1.20.2 0 $exchange4 7002
late=$(say_to late)
matches "opened meanwhile" '^chicago ' "$late"
seen $other "${late##* }" >/dev/null || fail "not over $other"
! seen $near "${late##* }" >/dev/null || fail "over $near"
grep -q "^probe-down.*circuit chicago.*link $near" "$work/events.out" || fail "event watch did not tell"
grep -q "probe: circuit chicago, link $near, .*: down" "$work/daemon.err" || fail "the daemon did not say so"
sp show --prometheus >"$work/metrics"
grep -q "^samepath_link_probe_up{.*link=\"$near\",circuit=\"chicago\"} 0" "$work/metrics" || fail "no metric"
grep -q "^samepath_link_probe_up{.*link=\"$other\",circuit=\"chicago\"} 1" "$work/metrics" || fail "no metric"

say "both are: the next circuit, and the old flow is told"
dead $rest
wait_for 10 probe_is $other down
wait_for 5 goes dallas
unusable=$(verdict CIRCUIT_UNUSABLE)
matches "the old flow" '^error' "$(say_to old)"
(($(verdict CIRCUIT_UNUSABLE) > unusable)) || fail "not counted"
talk dallas pilot udp 10.1.20.2 0 $exchange4 7003
dallas=$(say_to dallas)
matches "meanwhile" '^dallas ' "$dallas"

say "a daemon that comes back knows what the last one knew"
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null || :
same "without a daemon" dallas "$(new)"
same "probe without a daemon" down "$(probe $near)"
daemon_start
until=$((SECONDS + 3)) # longer than it would need to find out anew
while ((SECONDS < until)); do same "probe with a new one" down "$(probe $near)"; done
same "with a new one" dallas "$(new)"

say "and back"
alive $far
alive $rest
wait_for 10 probe_is $near up
wait_for 10 probe_is $other up
wait_for 5 goes chicago
same "opened over dallas" "$dallas" "$(say_to dallas)"
same "violations" 0 "$(circuit chicago violations)"

say "IPv6 alike; a refused connection is no answer"
edit 's#"tcp/192.0.2.102:7003"#"tcp/[2001:db8:c::2]:7999"#; s#icmp/192.0.2.101#"icmp/2001:db8:c::1"#'
sp apply
wait_for 10 probe_is er1 down
grep -q 'link er1, tcp/\[2001:db8:c::2\]:7999: down: Connection refused' "$work/daemon.err" || fail "not refused"
same "new flows" chicago "$(new)"
same "er0" up "$(probe er0)"

say "without the key nothing of it stays"
edit 's#check: \{target: icmp[^}]*\}, ##; s#check: \{target: "tcp[^}]*\}, ##'
sp apply
wait_for 5 probe_is er1 -
kill -TERM "$daemon"
wait "$daemon" || fail "the daemon's status is $?"
sp stop >/dev/null
unchanged "after stop" "$before"
