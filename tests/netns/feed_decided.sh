#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What a person decides holds, and no decision leads to where none is left: approving after an attempt
# that failed, going back twice and forward again, bodies that are damaged, and an area that is taken
# away and given back. Whatever happens, `apply` takes what is in force.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/feed_server.sh
. "$top/tests/lib/feed_server.sh"
# shellcheck source=tests/lib/feed_live.sh
. "$top/tests/lib/feed_live.sh"
lab_start
feed_server_start "$work/feed"
feed_live_config "hold-share: 100"
kept=/var/lib/samepath/$gateway/feeds/m365

# publish VERSION ADDRESS...: the good body, and these
publish() {
	local version=$1 more
	shift
	more=$(printf ', "%s"' "$@")
	sed "0,/\"ips\": \\[/s|\"ips\": \\[|&${more#, }, |" "$top/tests/data/demo-feed.json" >"$work/$version.json"
	feed_server_version "$version" "$work/$version.json"
}
feed() { # VERB WORDS...: status, result and version
	local status=0
	quiet_sp feed "$@" >"$work/out" 2>&1 || status=$?
	echo "$status $(feed_says "$(cat "$work/out")")"
}
for n in 1 2 3 4; do
	publish 203001010$n 198.18.70.0/24 198.18.7$n.0/24
	[[ $n != 1 ]] || apply
	same "version $n" "0 changed 203001010$n" "$(feed fetch)"
done

say "one class selects nothing of it: that is said, and applied again all the same"
apply
matches "a warning" 'warning: classes.common.: selects no prefix' "$(cat "$work/apply")"

say "while another command has the lock, stdout is one document"
same back "0 changed 2030010103" "$(feed rollback)"
exec {held}>"/run/samepath/$gateway/lock"
flock "$held"
nsenter --net="/run/netns/${lab}gw" "$samepath" -c "$work/samepath.yaml" -j feed approve \
	>"$work/approve.json" 2>"$work/approve.err" {held}>&- &
approve=$!
wait_for 5 grep -q 'waiting for another' "$work/approve.err"
/usr/bin/python3 -c 'import sys; sys.exit(sys.stdin.read() != "")' <"$work/approve.json" ||
	fail "on stdout: $(cat "$work/approve.json")"

say "an approval that fails is no decision: it can be made again"
status=0
wait $approve || status=$?
same "status" 2 $status
/usr/bin/python3 -c 'import json, sys; json.load(sys.stdin)["error"]' <"$work/approve.json" ||
	fail "no document: $(cat "$work/approve.json")"
exec {held}>&-
same "in force" 2030010103 "$(feed_value version)"
same "again" "0 changed 2030010104" "$(feed approve)"

say "back twice, and forward twice"
same back "0 changed 2030010103" "$(feed rollback)"
same "back again" "0 changed 2030010102" "$(feed rollback)"
same "held" 2030010103 "$(feed_value held)"
same "what the source says waits" "1 held 2030010104" "$(feed fetch)"
feed_server_forget
same "and is not asked for again" "1 held 2030010104" "$(feed fetch)"
same "bodies asked for" "" "$(feed_server_asked endpoints)"
same "approve the one between" "0 changed 2030010103" "$(feed approve 2030010103)"
same "the other waits on" 2030010104 "$(feed_value held)"
same "approve" "0 changed 2030010104" "$(feed approve)"
maps_hold "$work/2030010104.json" || fail "approved, and not in the maps"
same "nothing is held" None "$(feed_value held)"

say "a body that is damaged: the one before stands in, until the next poll brings it again"
echo damaged >"$kept/body.2030010104"
apply
maps_hold "$work/2030010103.json" || fail "the one before is not in the maps"
same "fetched" "0 changed 2030010104" "$(feed fetch)"
maps_hold "$work/2030010104.json" || fail "fetched again, and not in the maps"
feed_server_forget
same "whole" "0 unchanged 2030010104" "$(feed fetch)"
same "bodies asked for" "" "$(feed_server_asked endpoints)"

say "one that is held and damaged is not called in force, and is fetched again"
same back "0 changed 2030010103" "$(feed rollback)"
echo damaged >"$kept/held.2030010104"
same "approve" "2 " "$(feed approve)"
matches "why" 'damaged' "$(cat "$work/out")"
same "in force" 2030010103 "$(feed_value version)"
same "fetched" "1 held 2030010104" "$(feed fetch)"
same "approve" "0 changed 2030010104" "$(feed approve)"
maps_hold "$work/2030010104.json" || fail "approved, and not in the maps"

say "without the file state what was gone back from stays held"
same back "0 changed 2030010103" "$(feed rollback)"
echo damaged >"$kept/state"
same "fetched" "1 held 2030010104" "$(feed fetch)"
maps_hold "$work/2030010103.json" || fail "it came back by itself"
same "approve" "0 changed 2030010104" "$(feed approve)"
