# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A feed that is fetched, for tests that source this behind netns.sh: lab_start, feed_start, and then
# body NUMBER SETS, origin_move NUMBER and `sp feed fetch` as often as they like.
#
# Two classes of one feed, exchange on chicago and sharepoint on the internet.
# shellcheck disable=SC2034,SC2154 # what netns.sh sets, and what is for those who source this
port=8099 origin=
feed_classes=exchange=Exchange,sharepoint=SharePoint

# The configuration; what else the feed says (interval and so on): feed_start "KEY: VALUE, ..."
feed_start() {
	origin=$work/origin
	mkdir "$origin"
	background origin gw /usr/bin/python3 "$top/tests/lib/feed_origin.py" "$origin" $port
	origin_pid=$last
	wait_for 30 grep -q serving "$work/origin.out"
	edit "s|source: \"[^\"]*\"|source: \"http://127.0.0.1:$port\", hold-share: 100, $1|"
	edit '/^  - \{name: exchange,/a\  - {name: sharepoint, feed: m365, areas: [SharePoint], expressroute: true}'
	edit '/^  - \{from: \[pilot\]/a\  - {from: [pilot], to: [sharepoint], circuits: [internet], otherwise: drop}'
}
# body NUMBER ID/AREA/PREFIX,... ...: the sets of a version
body() {
	/usr/bin/python3 - "$origin/$1.json" "${@:2}" <<-'PYTHON'
		import json, sys
		sets = []
		for word in sys.argv[2:]:
		    number, area, prefixes = word.split("/", 2)
		    sets.append({"id": int(number), "serviceArea": area, "ips": prefixes.split(","),
		                 "tcpPorts": "80,443", "expressRoute": True, "category": "Allow", "required": True})
		json.dump(sets, open(sys.argv[1], "w"))
	PYTHON
}
origin_move() {
	echo "$1" >"$origin/version.new"
	mv "$origin/version.new" "$origin/version"
}
# held_version NUMBER...: which of these the maps hold
held_version() {
	/usr/bin/python3 "$top/tests/lib/feed_maps.py" "/sys/fs/bpf/samepath/$gateway" $feed_classes \
		"${@/#/$origin/}"
}
maps_hold() { [[ $(held_version "$1.json") == "$1" ]]; }

# New conversations of pilot with exchange until fresh_end, so many a second. After that, $flows of them
# were opened, each of which chicago answered.
fresh_start() { # RATE
	mkfifo "$work/fresh.to"
	nsenter --net="/run/netns/${lab}pilot" /usr/bin/python3 "$top/tests/lib/talk.py" fresh 10.1.20.2 \
		"$exchange4" 2001:db8:10:20::2 "$exchange6" "$1" <"$work/fresh.to" >"$work/fresh.out" &
	fresh=$!
	started+=("$fresh")
	exec {fresh_to}>"$work/fresh.to"
	rm "$work/fresh.to"
}
fresh_end() {
	exec {fresh_to}>&-
	wait "$fresh" || fail "new conversations: $(cat "$work/fresh.out")"
	if grep -vE '^chicago (203\.0\.113\.32/28|2001:db8:1::/64) ' "$work/fresh.out"; then
		fail "see above: new conversations that another circuit answered, or nobody"
	fi
	flows=$(awk '{ n += $NF } END { print n + 0 }' "$work/fresh.out")
}
milliseconds() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

# The row of the feed in `feed show`, one column of it.
feed_column() {
	quiet_sp -j feed show m365 | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin)["feeds"][0][sys.argv[1]])' "$1"
}
