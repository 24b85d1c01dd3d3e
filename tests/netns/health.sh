#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The servers of a service are asked each by its check, and what is known of them follows them:
# through a daemon that is killed, a switch of the slot, a change of their order. Many that are
# silent keep nobody else from being asked.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
command -v nft >/dev/null || skip "needs nft"
lab_services
lab_start
edit 's#^    ports: \[tcp/7000.*#    ports: [tcp/7000-7001, udp/7000-7001, tcp/5000-5010]\n    check: {target: tcp/7003, interval: 1, rise: 2, fall: 2}#
      s#servers: .*#servers: [10.2.0.103, "2001:db8:10:2::101", 10.2.0.101, 10.2.0.102]#
      s#^timeouts#  - {name: echo, public: 198.51.100.6, ports: [icmp], servers: [10.1.20.2, 10.2.0.101], circuits: [chicago], check: {target: icmp, interval: 1, rise: 2, fall: 2}}\n  - {name: plain, public: 198.51.100.7, ports: [udp/53], server-port: 5353, servers: [10.2.0.103], circuits: [chicago]}\n&#'
before=$(footprint)
daemon_start
background events gw "$samepath" -c "$work/samepath.yaml" event watch

table() { # TABLE COLUMN,COLUMN: of service show, a row a line
	quiet_sp -j service show | /usr/bin/python3 -c '
import json, sys
for row in json.load(sys.stdin)[sys.argv[1]]:
    print(*(",".join(v) if isinstance(v := row[c], list) else v for c in sys.argv[2].split(",")))' "$@"
}
server() { table servers service,server,state | sed -n "s/^$1 $2 //p"; } # SERVICE SERVER
server_is() { [[ $(server "$1" "$2") == "$3" ]]; }
service() { table services service,state | sed -n "s/^$1 //p"; }
service_is() { [[ $(service "$1") == "$2" ]]; }
stays() { # SECONDS SERVICE SERVER STATE
	local until=$((SECONDS + $1))
	shift
	while ((SECONDS < until)); do same "$1 $2" "$3" "$(server "$1" "$2")"; done
}
# A rule of the servers' host, on what comes in for them; their checks alone, unless it says more.
dead() { on campus nft add rule ip dead in ip daddr "$1" tcp dport 7003 "${@:2}"; }
on campus nft add table ip dead
on campus nft add chain ip dead in '{type filter hook prerouting priority -300;}'
new() { ask chicago tcp 198.18.1.10 0 $public4 7000 | cut -d' ' -f1; }

say "what is published, as it was written, and all is well"
wait_for 10 server_is web 10.2.0.103 up
wait_for 10 server_is web 2001:db8:10:2::101 up
wait_for 10 server_is echo 10.1.20.2 up
sleep 3 # three questions: up is also the state before the second
same "services" "web $public4,$public6 tcp/5000-5010,tcp/7000-7001,udp/7000-7001 internet,chicago,dallas ready
echo 198.51.100.6 icmp chicago ready
plain 198.51.100.7 udp/53 chicago ready" "$(table services service,public,ports,circuits,state)"
same "servers" "web 10.2.0.103 None up
web 10.2.0.101 None up
web 10.2.0.102 None up
web 2001:db8:10:2::101 None up
echo 10.1.20.2 None up
echo 10.2.0.101 None up
plain 10.2.0.103 5353 unchecked" "$(table servers service,server,port,state)"
same "one service alone" 2 "$(quiet_sp service show plain | grep -c '^ *plain ')"
status=0
sp service show nowhere >"$work/said" 2>&1 || status=$?
same "status for none" 1 $status

say "one is silent: new flows go elsewhere, the old one goes on"
talk old chicago tcp 198.18.1.10 0 $public4 7000
old=$(say_to old)
matches "at first" '^s[123] 192.168.1' "$old"
first=${old%% *}
near=10.2.0.10${first#s}
others=(10.2.0.101 10.2.0.102 10.2.0.103)
read -r refusing well <<<"$(printf '%s\n' "${others[@]}" | grep -v "^$near$" | xargs)"
dead "$near" drop
wait_for 10 server_is web "$near" down
same "web" "3 of 4 up" "$(service web)"
same "the same host for other services" "ready ready" "$(service echo) $(service plain)"
[[ $(new) == s[123] && $(new) != "$first" ]] || fail "still $first"
same "the old flow" "$old" "$(say_to old)"
grep -q "server: service web, tcp/$near:7003: down: no answer" "$work/daemon.err" || fail "not silent"
told() { grep -q "^server-$1.* service web server $near target tcp/$near:7003" "$work/events.out"; }
wait_for 5 told down

say "another one refuses"
dead "$refusing" reject with tcp reset
wait_for 10 server_is web "$refusing" down
same "new flows" "s${well##*10}" "$(new)"
grep -q "server: service web, tcp/$refusing:7003: down: Connection refused" "$work/daemon.err" || fail "not refused"
sp show --prometheus >"$work/metrics"
grep -q "^samepath_server_up{.*service=\"web\",server=\"$near\"} 0" "$work/metrics" || fail "no metric"
grep -q "^samepath_server_up{.*service=\"web\",server=\"$well\"} 1" "$work/metrics" || fail "no metric"
! grep -q '^samepath_server_up{.*service="plain"' "$work/metrics" || fail "a metric of what is not known"

say "a daemon that comes back knows what the last one knew"
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null || :
same "without a daemon" down "$(server web "$near")"
same "nobody asks" unknown "$(server web "$well")"
daemon_start
stays 3 web "$near" down # longer than it would need to find out anew
same "the other" up "$(server web "$well")"

say "in another order, behind a new service, in the other slot: each keeps what is known of it"
slot() { quiet_sp -j show | grep -o '"slot": *[0-9]'; }
was=$(slot)
edit "s#servers: \[10.2.0.103, .*#servers: [$well, $near, \"2001:db8:10:2::102\", $refusing, \"2001:db8:10:2::101\"]#
      s#^services:#&\n  - {name: first, public: 198.51.100.8, ports: [udp/53], servers: [10.2.0.101], circuits: [chicago]}#"
sp apply
[[ $(slot) != "$was" ]] || fail "the same slot: this proves nothing"
until=$((SECONDS + 4))
while ((SECONDS < until)); do
	same "web" "$well up $near down $refusing down 2001:db8:10:2::101 up" \
		"$(table servers service,server,state | sed -n 's/^web //p' | grep -v ::102 | xargs)"
done
wait_for 5 server_is web 2001:db8:10:2::102 up
same "first" unchecked "$(server first 10.2.0.101)"
same "new flows" "s${well##*10}" "$(new)"

say "all are down: nobody takes it, until one is up"
dead "$well" drop
wait_for 10 server_is web "$well" down
same "new flows" error "$(new)"
(($(verdict NO_SERVER) > 0)) || fail "not counted"
same "the old flow" "$old" "$(say_to old)"
same "web, which has servers of IPv6" "2 of 5 up" "$(service web)"

say "who is drained is asked too"
edit "s#^(    check: .target: tcp/7003.*)#\1\n    drain: [$near, \"2001:db8:10:2::101\"]#"
sp apply
same "drained and down" down,drained "$(server web "$near")"
same "of those that are not" "1 of 3 up" "$(service web)"
on campus nft flush chain ip dead in
wait_for 10 server_is web "$near" up,drained
wait_for 10 server_is web "$refusing" up
wait_for 10 server_is web "$well" up
wait_for 5 told up
same "and now" ready "$(service web)"
[[ $(new) == s[123] && $(new) != "$first" ]] || fail "a drained one takes new flows"

say "a way out of a circuit is no way to a server"
ip -n "${lab}gw" route replace "$well" via 192.0.2.2
wait_for 10 server_is web "$well" down
grep -q "tcp/$well:7003: down: Network is unreachable" "$work/daemon.err" || fail "why is not said"
ip -n "${lab}gw" route replace "$well" via 10.2.0.2
wait_for 10 server_is web "$well" up
! seen wan0 " $well " >/dev/null || fail "it was asked outside"

say "three hundred and twenty that are silent, and those that answer"
many() { # NUMBER
	local servers
	servers=$(for n in {20..51}; do echo -n ", 10.2.$1.$n"; done)
	echo "  - {name: many$1, public: 198.51.100.9, ports: [tcp/$1], circuits: [chicago], servers: [${servers#, }]," \
		"check: {target: tcp/7003, interval: 1, rise: 2, fall: 2}}"
}
edit "s#^timeouts#$(for n in {11..20}; do many "$n"; done | sed 's/$/\\n/' | tr -d '\n')&#"
ip -n "${lab}gw" route add 10.2.16.0/20 via 10.2.0.2
ip -n "${lab}gw" route add 10.2.8.0/21 via 10.2.0.2
on campus nft add rule ip dead in ip daddr 10.2.8.0-10.2.31.255 drop
sp apply
all_down() { (($(table servers service,state | grep -c '^many.* down$') == 320)); }
wait_for 30 all_down
most=0
until=$((SECONDS + 5))
while ((SECONDS < until)); do
	now=$(find "/proc/$daemon/fd" -lname 'socket:*' 2>/dev/null | wc -l) || : # one that went meanwhile
	((most >= now)) || most=$now
	same "who answers" up "$(server web "$well")"
done
say "at most $most sockets at a time"
((most > 200 && most < 300)) || fail "$most sockets"
grep -q 'probes: 3[0-9]* are more than can be asked in time' "$work/daemon.err" || fail "that they are too many is not said"
daemon_running || fail "the daemon does not run"

say "without the key nothing of it stays"
edit 's#,? *check: \{target: [^}]*\}##'
sp apply
unchecked_all() { [[ $(table servers state | sort -u) == $'unchecked\nunchecked,drained' ]]; }
wait_for 5 unchecked_all
kill -TERM "$daemon"
wait "$daemon" || fail "the daemon's status is $?"
sp stop >/dev/null
ip -n "${lab}gw" route del 10.2.16.0/20
ip -n "${lab}gw" route del 10.2.8.0/21
unchanged "after stop" "$before"
