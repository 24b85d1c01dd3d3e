#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The provider publishes another version: within one poll the maps hold exactly its prefixes, `feed
# diff` says what left and where it goes now, and flows that are open stay where they are.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/feed_server.sh
. "$top/tests/lib/feed_server.sh"
# shellcheck source=tests/lib/feed_live.sh
. "$top/tests/lib/feed_live.sh"
old=$feed_captures/endpoints-worldwide-v2020070800.json
new=$feed_captures/endpoints-worldwide-v2020080600.json
[[ -r $old && -r $new ]] || skip "no captures in ${feed_captures#"$top"/}"
lab_start
feed_server_start "$work/feed"
feed_server_version 2020070800 "$old"
feed_live_config "interval: 1"

# an address of what the second version lacks, as both captures tell, and one that both have
read -r left stays < <(/usr/bin/python3 - "$old" "$new" <<'PYTHON'
import ipaddress, json, sys
old, new = ({ipaddress.ip_network(p) for s in json.load(open(f)) for p in s.get("ips", ())
             if s["serviceArea"] == "Exchange"} for f in sys.argv[1:])
gone, both = sorted(n for n in old - new if n.version == 4), sorted(n for n in old & new if n.version == 4)
assert len(gone) == 1, gone
print(gone[0][10], both[0][0])
PYTHON
)
for space in chicago internet; do
	for address in "$left" "$stays"; do ip -n "$lab$space" addr add "$address/32" dev lo; done
done
where() { ask pilot udp 10.1.20.2 0 "$1" 7002 | cut -d' ' -f1; }

say "the first start: nothing is known, the classes are empty, and it says so"
feed_server_fault gone
apply
same state empty "$(feed_value state)"
same "what is empty goes on to the next rule" internet "$(where "$left")"
matches "a warning" 'not fetched yet' "$(cat "$work/apply")"

say "fetched, and in force"
feed_server_good
daemon_start
wait_for 30 maps_hold "$old"
same "$left" chicago "$(where "$left")"
talk tcp pilot tcp 10.1.20.2 0 "$left" 7001
talk udp pilot udp 10.1.20.2 0 "$left" 7001
tcp=$(say_to tcp) udp=$(say_to udp)
matches "a flow of the prefix" '^chicago 203\.0\.113\.' "$tcp"
generation=$(quiet_sp -j show | grep -c generation)
((generation == 1)) || fail "no generation in show"

say "the next version, within one poll"
feed_server_forget
feed_server_version 2020080600 "$new"
began=$EPOCHREALTIME
wait_for 30 maps_hold "$new"
say "after $((${EPOCHREALTIME/./} / 1000 - ${began/./} / 1000)) ms"
same "a flow that was open, TCP" "$tcp" "$(say_to tcp)"
same "a flow that was open, UDP" "$udp" "$(say_to udp)"
same "a new connection to what left" internet "$(where "$left")"
same "to what stays" chicago "$(where "$stays")"
wait_for 30 feed_is version 2020080600
same failures 0 "$(feed_value failures)"
same "asked for the body" 1 "$(feed_server_asked '^200 /endpoints/' | wc -l)"
matches "and the changes since" '/changes/Worldwide/2020070800' "$(feed_server_asked changes)"

say "what changed, and what follows from it"
diff=$(quiet_sp feed diff)
touched=$(flow_list | grep -c " $left ")
matches "sets" '191\.234\.140\.0/22 +removed +1,2,5,6 ' "$diff"
matches "effect" '191\.234\.140\.0/22 +pilot\+campus +exchange: chicago,dallas, otherwise internet +any: internet, otherwise drop +'$touched \
	"$diff"
same "versions by name" "$diff" "$(quiet_sp feed diff m365 2020070800 2020080600)"
cp "$old" "$work/a.json"
matches "a file against what is in force" '191\.234\.140\.0/22 +removed' "$(quiet_sp feed diff "$work/a.json")"
matches "history" '2020080600 +2020070800 +automatic +root +0 +1' "$(quiet_sp feed history)"
same "history names it" '["191.234.140.0/22"]' "$(quiet_sp -j feed history | /usr/bin/python3 -c '
import json, sys
print(json.dumps(json.load(sys.stdin)["changes"][-1]["removed-prefixes"]))')"

say "back, held, and forward again"
same rollback 'changed 2020070800' "$(feed_says "$(quiet_sp feed rollback)")"
maps_hold "$old" || fail "the old maps are not back"
same "what was left is held" 2020080600 "$(feed_value held)"
status=0
quiet_sp feed fetch >"$work/out" || status=$?
same "a fetch brings nothing but that" "1 held 2020080600" "$status $(feed_says "$(cat "$work/out")")"
maps_hold "$old" || fail "a version that was rolled back from came back by itself"
matches "show counts it" 'feeds-held: 1' "$(quiet_sp show)"
quiet_sp show --prometheus >"$work/metrics"
grep -q '^samepath_feed_held{.*feed="m365"} 1$' "$work/metrics" || fail "no metric says what is held"
same approve 'changed 2020080600' "$(feed_says "$(quiet_sp feed approve)")"
maps_hold "$new" || fail "approved, and not in the maps"
same "the flow all the while" "$tcp" "$(say_to tcp)"
same "violations" 0 "$(circuit chicago violations)"
daemon_running || fail "the daemon ended"

say "who may not see what is kept hears so"
chmod 711 "$work"
cp "$samepath" "$work/program"
cp "$work/samepath.yaml" "$work/open.yaml"
chmod 644 "$work/open.yaml"
for verb in show history diff fetch approve rollback; do
	status=0
	quiet_on gw setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
		"$work/program" -c "$work/open.yaml" feed $verb >"$work/out" 2>&1 || status=$?
	same "feed $verb of nobody" "2 1" "$status $(wc -l <"$work/out")"
	matches "feed $verb of nobody" 'needs root|Permission denied|not readable' "$(cat "$work/out")"
done

say "one id for this machine, asked by all"
same "ids" 1 "$(feed_server_asked | grep -oE 'clientrequestid=[0-9a-f-]{36}' | sort -u | wc -l)"

say "stop leaves what was fetched, and nothing else; the next start needs no network"
feed_server_fault gone
kill -TERM "$daemon"
wait "$daemon" 2>/dev/null || :
sp stop >"$work/out" 2>&1 || fail "stop: $(cat "$work/out")"
apply
maps_hold "$new" || fail "what was fetched is not in force after a start without network"
