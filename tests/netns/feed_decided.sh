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
	((status < 2)) || cat "$work/out" >&2
}

# waits PID FILE: the command waits for the lock, as it says in FILE; one that ended says there why
waits() {
	waits_or_ended() { ! kill -0 "$1" || grep -q 'waiting for another' "$2"; }
	wait_for 30 waits_or_ended "$@"
	kill -0 "$1" 2>/dev/null || fail "ended in place of waiting: $(cat "$2")"
}

# The gateway's lock, for this shell; lab_end lets go of it when the test fails.
hold() {
	mkdir -p "/run/samepath/$gateway"
	exec {gateway_lock}>"/run/samepath/$gateway/lock"
	flock "$gateway_lock"
}
release() {
	exec {gateway_lock}>&-
	gateway_lock=
}

# meanwhile FILE: a fetch that has judged waits for the lock while FILE becomes what is applied
meanwhile() {
	local fetch status=0
	hold
	: >"$work/out" # what the last one said of waiting
	nsenter --net="/run/netns/${lab}gw" "$samepath" -c "$work/samepath.yaml" feed fetch \
		>"$work/out" 2>&1 {gateway_lock}>&- &
	fetch=$!
	waits "$fetch" "$work/out"
	cp "$1" "/run/samepath/$gateway/applied.yaml"
	release
	wait "$fetch" || status=$?
	[[ $status == 2 ]] || fail "status $status: $(cat "$work/out")"
	matches "why" 'another configuration was applied meanwhile' "$(cat "$work/out")"
}
say "what was judged without a configuration, or by another, does not come in force"
publish 2030010100 198.18.69.0/24
meanwhile "$work/samepath.yaml"
rm "/run/samepath/$gateway/applied.yaml"
same "in force" None "$(feed_value version)"
apply
sed 's/m365, areas: .Exchange./m365/' "$work/samepath.yaml" >"$work/other.yaml"
meanwhile "$work/other.yaml"
same "in force" None "$(feed_value version)"
apply
for n in 1 2 3 4; do
	publish 203001010$n 198.18.70.0/24 198.18.7$n.0/24
	same "version $n" "0 changed 203001010$n" "$(feed fetch)"
done

say "one class selects nothing of it: that is said, and applied again all the same"
apply
matches "a warning" 'warning: classes.common.: selects no prefix' "$(cat "$work/apply")"

say "while another command has the lock, stdout is one document"
same back "0 changed 2030010103" "$(feed rollback)"
hold
nsenter --net="/run/netns/${lab}gw" "$samepath" -c "$work/samepath.yaml" -j feed approve \
	>"$work/approve.json" 2>"$work/approve.err" {gateway_lock}>&- &
approve=$!
waits "$approve" "$work/approve.err"
/usr/bin/python3 -c 'import sys; sys.exit(sys.stdin.read() != "")' <"$work/approve.json" ||
	fail "on stdout: $(cat "$work/approve.json")"

say "an approval that fails is no decision: it can be made again"
status=0
wait $approve || status=$?
same "status" 2 $status
/usr/bin/python3 -c 'import json, sys; json.load(sys.stdin)["error"]' <"$work/approve.json" ||
	fail "no document: $(cat "$work/approve.json")"
release
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

say "an area is no longer asked for, which is held; and then it is asked for again"
edit 's/hold-share: 100/hold-share: 100, areas: [Exchange]/'
apply
/usr/bin/python3 - "$work/2030010104.json" "$work/exchange.json" <<'PYTHON'
import json, sys
json.dump([s for s in json.load(open(sys.argv[1])) if s["serviceArea"] == "Exchange"], open(sys.argv[2], "w"))
PYTHON
feed_server_version 2030010104 "$work/exchange.json"
matches "held" '^[01] (held|changed) 2030010104\.[0-9a-f]{8}$' "$(feed fetch)"
[[ $(feed_value held) == None ]] || matches approve '^0 changed 2030010104\.' "$(feed approve)"
apply
! grep -q damaged "$work/apply" || fail "what is whole is called damaged: $(cat "$work/apply")"
edit 's/hold-share: 100, areas: \[Exchange\]/hold-share: 100/'
apply
feed_server_version 2030010104 "$work/2030010104.json"
matches "the same version is not an older one" '^[01] (held|changed) 2030010104$' "$(feed fetch)"
[[ $(feed_value held) == None ]] || same approve "0 changed 2030010104" "$(feed approve)"
maps_hold "$work/2030010104.json" || fail "asked for again, and not in the maps"

say "what is held and no longer published waits for nobody"
publish 2030010105 198.18.75.0/24
same fetched "0 changed 2030010105" "$(feed fetch)"
same back "0 changed 2030010104" "$(feed rollback)"
feed_server_version 2030010104 "$work/2030010104.json"
same fetched "0 unchanged 2030010104" "$(feed fetch)"
same held None "$(feed_value held)"

say "a clock that was ahead, and is put right, keeps no source from being asked"
/usr/bin/python3 - "$kept/state" <<'PYTHON'
import json, sys
state = json.load(open(sys.argv[1]))
state["next"] = state["checked"] = 4000000000
json.dump(state, open(sys.argv[1], "w"))
PYTHON
publish 2030010106 198.18.76.0/24
daemon_start
wait_for 30 maps_hold "$work/2030010106.json"
