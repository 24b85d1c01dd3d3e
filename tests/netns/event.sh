#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `event watch` tells flows opened and closed, violations and exhaustion, each once and with what it
# takes to act on it; a flood is told in part, at a bounded rate, and the rest is counted as lost.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
edit 's#(outbound-pool: \[)203\.0\.113\.0/28, "2001:db8:2::/64"\]#\1203.0.113.7/32]\n    port-range: 50000-50003#'
edit 's/limits: .*/limits: {flows: 60000, flows-per-host: 10000, half-open: 60000}/'
daemon_start
background events gw "$samepath" -c "$work/samepath.yaml" -j event watch
watch=$last
# told EVENT KEY=VALUE...: how many events say all that. Every line must be JSON.
told() {
	/usr/bin/python3 -c '
import json, sys
wanted = dict(word.split("=", 1) for word in sys.argv[2:])
events = [json.loads(line) for line in open(sys.argv[1]) if line.endswith("\n")]
print(sum(all(str(e.get(k)) == v for k, v in wanted.items()) for e in events))' \
		"$work/events.out" "event=$1" "${@:2}"
}
told_is() { [[ $(told "${@:2}") == "$1" ]]; }

say "opened, of each family"
answer=$(ask pilot udp 10.1.20.2 40001 $exchange4 7000)
read -r _ pool port <<<"$answer"
wait_for 5 told_is 1 flow-opened circuit=chicago proto=udp class=exchange src=10.1.20.2 sport=40001 \
	dst=$exchange4 dport=7000 "pool=$pool" "pool-port=$port"
answer=$(ask pilot tcp 2001:db8:10:20::2 40002 $exchange6 7000)
read -r _ pool6 port6 <<<"$answer"
wait_for 5 told_is 1 flow-opened circuit=chicago proto=tcp class=exchange src=2001:db8:10:20::2 \
	sport=40002 dst=$exchange6 dport=7000 "pool=$pool6" "pool-port=$port6"

say "a second reader would take events away from the first: refused"
status=0
sp event watch >"$work/second" 2>&1 || status=$?
same "status" 2 $status
matches "what it says" 'another .event watch. reads the events' "$(cat "$work/second")"

say "a violation: whose flow, where it should have come in and where it did, and from which machine"
inject internet i0 wan0 udp $exchange4 7000 "$pool" "$port"
wait_for 5 told_is 1 violation circuit=chicago came-in-on=internet interface=wan0 \
	"mac=$(mac internet i0)" proto=udp src=$exchange4 sport=7000 "dst=$pool" "dport=$port"
inject dallas d0 er2 tcp $exchange6 7000 "$pool6" "$port6" R
wait_for 5 told_is 1 violation circuit=chicago came-in-on=dallas interface=er2 "mac=$(mac dallas d0)" \
	proto=tcp src=$exchange6
same "violations told" 2 "$(told violation)"

say "exhausted: the four ports of the internet pool"
on campus /usr/bin/python3 "$top/tests/lib/talk.py" open udp 10.2.0.2 5 $web4 7002 >/dev/null || :
wait_for 5 told_is 4 flow-opened circuit=internet src=10.2.0.2 "dst=$web4" pool=203.0.113.7
wait_for 5 told_is 1 exhausted circuit=internet proto=udp src=10.2.0.2 "dst=$web4" dport=7002

say "closed: with what went through, both ways"
sp flow flush sport 40001
wait_for 10 told_is 1 flow-closed circuit=chicago proto=udp src=10.1.20.2 sport=40001 "pool=$pool" \
	out-packets=1 in-packets=1 out-bytes=48 "in-bytes=$((42 + 1 + $(wc -c <<<"chicago $pool $port") - 1))"
same "lost so far" 0 "$(quiet_sp -j show | grep -o '"events-lost": *[0-9]*' | grep -o '[0-9]*$')"
opened=$(told flow-opened) closed=$(told flow-closed)

say "twenty thousand new flows at once"
on pilot /usr/bin/python3 "$top/tests/lib/frames.py" flood eth0 "$(mac gw lan0)" 10.1.20 200 20000 \
	198.18.1.66 7000
flooded() { [[ $(circuit chicago opened) == 20002 ]]; }
wait_for 20 flooded
# all_told KIND: how many were told, how many of the kind were said to be lost
all_told() {
	/usr/bin/python3 -c '
import json, sys
events = [json.loads(line) for line in open(sys.argv[1]) if line.endswith("\n")]
print(sum(e["event"] == sys.argv[2] for e in events),
      sum(e["count"] for e in events if e["event"] == "lost" and e["kind"] == sys.argv[2]))' \
		"$work/events.out" "$1"
}
adds_up() { # KIND BEFORE COUNT: all of them are told or lost
	read -r some lost <<<"$(all_told "$1")"
	((some + lost == $2 + $3))
}
wait_for 10 adds_up flow-opened "$opened" 20000
((lost > 0)) || fail "none was lost: it was no flood"
say "$some told, $lost lost"

say "and twenty thousand that close"
sp flow flush dst 198.18.1.66 >/dev/null
wait_for 30 adds_up flow-closed "$closed" 20000
say "$some told, $lost lost"

say "at most a thousand of a kind in a second on each of $(nproc) processors"
/usr/bin/python3 - "$work/events.out" "$(nproc --all)" <<'PYTHON' || fail "the rate"
import collections, json, sys
seconds = collections.Counter()
for line in open(sys.argv[1]):
    event = json.loads(line)
    if event["event"] != "lost":
        seconds[event["event"], int(event["time"])] += 1
most = max(seconds.values())
print("# most in a second:", most)
sys.exit(not 1000 <= most <= 1000 * int(sys.argv[2]))
PYTHON

say "in words: the same, one event a line"
kill -TERM "$watch"
wait "$watch" || fail "event watch ended with status $?"
background words gw "$samepath" -c "$work/samepath.yaml" event watch
inject internet i0 wan0 tcp $exchange6 7000 "$pool6" "$port6" R
in_words() { grep -Eq "^violation .*circuit chicago .*came-in-on internet interface wan0 .*mac $(mac internet i0)" "$work/words.out"; }
wait_for 5 in_words
