#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What left a feed stays in its class for its grace, and then leaves by itself: no source is needed.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/feed.sh
. "$(dirname "$0")/../lib/feed.sh"
lab_start
feed_start "interval: 3600, removal-grace: 3"
# The servers' prefix leaves set 1 in the second version. Another one moves to another class: that is no
# loss, so nothing of it stays where it was.
body 2025010100 1/Exchange/198.18.1.0/24,198.18.64.0/24,2001:db8:e::/48 31/SharePoint/198.18.128.0/20
body 2025010101 1/Exchange/198.18.2.0/24 31/SharePoint/198.18.64.0/24,198.18.128.0/20
# What the maps must hold while the grace lasts.
body 2025010101-leaving 1/Exchange/198.18.2.0/24,198.18.1.0/24,2001:db8:e::/48 \
	31/SharePoint/198.18.64.0/24,198.18.128.0/20
origin_move 2025010100
apply
daemon_start
wait_for 30 maps_hold 2025010100
chicago='^chicago 203\.0\.113\.(3[2-9]|4[0-7]) ' internet='^internet 203\.0\.113\.([0-9]|1[0-5]) '
matches "before" "$chicago" "$(ask pilot udp 10.1.20.2 0 $exchange4 7000)"
talk old pilot tcp 10.1.20.2 0 $exchange4 7001
old=$(say_to old)

origin_move 2025010101
sp feed fetch >"$work/out" 2>&1 || fail "fetch: $(cat "$work/out")"
swapped=${EPOCHREALTIME/[.,]/}
kill -TERM "$origin_pid"
wait "$origin_pid" 2>/dev/null || :
asked=$(wc -l <"$work/origin.out")
same "right behind the swap" 2025010101-leaving "$(held_version 2025010101-leaving.json)"
matches "a new flow in the grace" "$chicago" "$(ask pilot udp 10.1.20.2 0 $exchange4 7000)"
same "pending" "198.18.1.0/24 leaves 2001:db8:e::/48 leaves" "$(quiet_sp -j feed show m365 |
	/usr/bin/python3 -c 'import json, sys
print(*sorted(r["prefix"] + " " + r["what"] for r in json.load(sys.stdin)["pending"]))')"
wait_for 30 maps_hold 2025010101
stayed=$(((${EPOCHREALTIME/[.,]/} - swapped) / 1000))
# times are kept in whole seconds
((stayed >= 1900)) || fail "the grace of 3 s ended after $stayed ms"
matches "a new flow behind the grace" "$internet" "$(ask pilot udp 10.1.20.2 0 $exchange4 7000)"
same "an old flow" "$old" "$(say_to old)"
same "version" 2025010101 "$(feed_column version)"
same "requests since the source is away" "$asked" "$(wc -l <"$work/origin.out")"
same "failures" 0 "$(feed_column failures)"

say "the history tells both: what left the feed, and what left the class"
# A change is recorded once it is in force, so behind the maps.
history_tells() {
	/usr/bin/python3 - "/var/lib/samepath/$gateway/feeds/m365/history" <<'PYTHON'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
found = [(l["from"], l["version"], l["added"], l["removed"]) for l in lines[1:]]
want = [("2025010100", "2025010101", ["198.18.2.0/24"], []),
        ("2025010101", "2025010101", [], ["198.18.1.0/24", "2001:db8:e::/48"])]
if found != want:
    sys.exit(f"expected {want}, found {found}")
PYTHON
}
wait_for 10 history_tells

say "a grace that ends while no daemon runs: the next one ends it"
background origin2 gw /usr/bin/python3 "$top/tests/lib/feed_origin.py" "$origin" $port
wait_for 30 grep -q serving "$work/origin2.out"
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null || :
body 2025010102 1/Exchange/198.18.3.0/24 31/SharePoint/198.18.64.0/24,198.18.128.0/20
body 2025010102-leaving 1/Exchange/198.18.3.0/24,198.18.2.0/24 31/SharePoint/198.18.64.0/24,198.18.128.0/20
origin_move 2025010102
sp feed fetch >"$work/out" 2>&1 || fail "fetch: $(cat "$work/out")"
same "without a daemon" 2025010102-leaving "$(held_version 2025010102-leaving.json)"
grace_over() { (($(date +%s) > swapped / 1000000 + 4)); }
swapped=${EPOCHREALTIME/[.,]/}
wait_for 30 grace_over
same "behind the grace, without a daemon" 2025010102-leaving "$(held_version 2025010102-leaving.json)"
daemon_start
wait_for 30 maps_hold 2025010102

say "what is leaving is not held against the next version: each of two takes 15 % away, and may"
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null || :
edit 's/hold-share: 100, interval: 3600, removal-grace: 3/hold-share: 20, interval: 3600, removal-grace: 600/'
some() { # FROM: prefixes up to number 29
	local n list=
	for n in $(seq "$1" 29); do list+=,198.18.$n.0/24; done
	echo "${list:1}"
}
body 2025010103 1/Exchange/"$(some 10)" 31/SharePoint/198.18.128.0/20
body 2025010104 1/Exchange/"$(some 13)" 31/SharePoint/198.18.128.0/20
body 2025010105 1/Exchange/"$(some 16)" 31/SharePoint/198.18.128.0/20
body 2025010106 1/Exchange/"$(some 21)" 31/SharePoint/198.18.128.0/20
apply
origin_move 2025010103
sp feed fetch --force >"$work/out" 2>&1 || fail "fetch: $(cat "$work/out")"
for version in 2025010104 2025010105; do
	origin_move $version
	sp feed fetch >"$work/out" 2>&1 || fail "version $version: $(cat "$work/out")"
	same "version" $version "$(feed_column version)"
done
origin_move 2025010106
sp feed fetch >"$work/out" 2>&1 && fail "5 of 15 prefixes left, and nobody was asked: $(cat "$work/out")"
same "held" 2025010106 "$(feed_column held)"
