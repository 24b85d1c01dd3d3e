#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A gateway always starts: without a network from what was fetched last, the very first time from a seed
# or with empty classes, and whatever became of its state directory. A full disk changes nothing.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/feed_server.sh
. "$top/tests/lib/feed_server.sh"
# shellcheck source=tests/lib/feed_live.sh
. "$top/tests/lib/feed_live.sh"
lab_start
feed_server_start "$work/feed"
feed_live_config
state=/var/lib/samepath/$gateway
kept=$state/feeds/m365

# body NUMBER PREFIX...: of one set of Exchange, and the server's set
body() {
	/usr/bin/python3 - "$work/$1.json" "${@:2}" <<-'PYTHON'
		import json, sys
		json.dump([{"id": 1, "serviceArea": "Exchange", "ips": ["198.18.1.0/24", "2001:db8:e::/48", *sys.argv[2:]],
		            "tcpPorts": "443", "expressRoute": True, "category": "Allow", "required": True}],
		          open(sys.argv[1], "w"))
	PYTHON
}
marks=(198.18.4.0/24 198.18.5.0/24 198.18.6.0/24 198.18.7.0/24 198.18.8.0/24 198.18.9.0/24 198.18.10.0/24)
publish() { # NUMBER PREFIX...
	body "$@"
	feed_server_version "$1" "$work/$1.json" "${changes[@]}"
}
changes=()
fetched() { # NUMBER
	quiet_sp feed fetch >"$work/out" || fail "fetch: $(cat "$work/out")"
	same fetch "changed $1" "$(feed_says "$(cat "$work/out")")"
}
boot() { # all that a reboot takes is gone
	quiet_sp stop >/dev/null
	apply
}

say "nothing was ever fetched, nobody answers: empty classes, whose rules others take over"
feed_server_fault gone
apply
same state empty "$(feed_value state)"
same "the next rule" internet "$(ask pilot udp 10.1.20.2 0 $exchange4 7002 | cut -d' ' -f1)"
matches "show says so" 'm365 +https://172.31.0.2 +empty' "$(quiet_sp show)"
status=0
quiet_sp feed fetch >"$work/out" || status=$?
same "a fetch that fails" 2 $status

say "with a seed it serves, until something was fetched; what comes then is nobody's loss"
body 0000000000 "${marks[@]}"
edit "s|(source: \"https[^}]*)\}|\1, seed: \"0000000000.json\"}|"
apply
same state seed "$(feed_value state)"
maps_hold "$work/0000000000.json" || fail "the seed is not in the maps"
feed_server_good
publish 2030010100 "${marks[0]}"
fetched 2030010100
same state in-force "$(feed_value state)"
publish 2030010200 "${marks[0]}" "${marks[1]}"
sed -i 's/hold-share: [0-9]*, //' "$work/samepath.yaml"
edit 's/seed:/hold-share: 100, seed:/'
apply
fetched 2030010200

say "a reboot without a network: what was fetched last"
feed_server_fault gone
boot
maps_hold "$work/2030010200.json" || fail "after a reboot: $(feed_maps "$work/2030010200.json")"

say "a damaged body: the one before it, aloud, and the next fetch heals it"
printf 'x' | dd of="$kept/body.2030010200" bs=1 seek=40 conv=notrunc 2>/dev/null
boot
matches "a warning" 'version 2030010200 is damaged: in force is version 2030010100' "$(cat "$work/apply")"
maps_hold "$work/2030010100.json" || fail "after damage: $(feed_maps "$work/2030010100.json")"
feed_server_good
quiet_sp feed fetch >"$work/out" || fail "fetch: $(cat "$work/out")"
maps_hold "$work/2030010200.json" || fail "not healed: $(cat "$work/out")"
boot
! grep -q damaged "$work/apply" || fail "still damaged: $(cat "$work/apply")"

say "a damaged state: the newest body that was in force, and nothing of what was held"
edit 's/hold-share: 100/hold-share: 20/'
apply
publish 2030010300 "${marks[@]}"
status=0
quiet_sp feed fetch >"$work/out" || status=$?
same "held" "1 held 2030010300" "$status $(feed_says "$(cat "$work/out")")"
for damage in '' '{' '{"state": 1}' 'nonsense'; do
	printf '%s' "$damage" >"$kept/state"
	boot
	maps_hold "$work/2030010200.json" || fail "state '$damage': $(feed_maps "$work/2030010200.json")"
done
rm -rf "$state/feeds"
: >"$state/feeds"
boot
same "a file in the directory's place: the seed" seed "$(feed_value state)"
rm "$state/feeds"
quiet_sp feed fetch >"$work/out" || fail "fetch: $(cat "$work/out")"
maps_hold "$work/2030010300.json" || fail "not fetched anew: $(cat "$work/out")"

say "a full disk: one line, the maps stay, and it goes on when there is room"
cp -a "$state" "$work/state"
mount -t tmpfs -o size=64k samepath "$state"
cp -a "$work/state/." "$state/"
head -c 60000 /dev/zero >"$state/filler" 2>/dev/null || :
publish 2030010400 "${marks[0]}" "${marks[@]:2}"
status=0
quiet_sp feed fetch >"$work/out" 2>&1 || status=$?
rm -f "$state/filler"
same "status" 2 $status
matches "said" 'No space left' "$(cat "$work/out")"
maps_hold "$work/2030010300.json" || fail "on a full disk: $(feed_maps "$work/2030010300.json")"
edit 's/hold-share: 20/hold-share: 100/'
apply
fetched 2030010400
cp -a "$state/." "$work/state/"
umount "$state"
cp -a "$work/state/." "$state/"

say "additions of a later day are told, and with on-date wait for it"
tomorrow=$(date -u -d '+1 day' +%Y%m%d) yesterday=$(date -u -d '-1 day' +%Y%m%d)
cat >"$work/changes.json" <<JSON
[{"id": 1, "endpointSetId": 1, "disposition": "Change", "version": "2030010500",
  "add": {"effectiveDate": "$tomorrow", "ips": ["198.18.4.0/24"]}},
 {"id": 2, "endpointSetId": 1, "disposition": "change", "version": "2030010500",
  "add": {"effectiveDate": "$yesterday", "ips": ["198.18.5.0/24"]}},
 {"id": 3, "endpointSetId": 1, "disposition": "CHANGE", "version": "2030010500",
  "remove": {"ips": ["198.18.6.0/24", "198.18.7.0/24", "198.18.8.0/24", "198.18.9.0/24", "198.18.10.0/24"]}}]
JSON
rm -rf "$state/feeds"
edit 's/seed:/additions: on-date, seed:/'
changes=()
publish 2030010400 "${marks[@]:2}"
apply
fetched 2030010400
changes=("$work/changes.json")
publish 2030010500 198.18.4.0/24 198.18.5.0/24
fetched 2030010500
! grep -q 'give another' "$work/out" || fail "$(cat "$work/out")"
body due 198.18.5.0/24
maps_hold "$work/due.json" || fail "on-date: $(feed_maps "$work/due.json")"
matches "pending" "198\.18\.4\.0/24 +1 +arrives +${tomorrow:0:4}-${tomorrow:4:2}-${tomorrow:6}T00:00:00Z" \
	"$(quiet_sp feed show)"
edit 's/on-date/at-once/'
apply
maps_hold "$work/2030010500.json" || fail "at-once: $(feed_maps "$work/2030010500.json")"
matches "still told" "198\.18\.4\.0/24 +1 +goes live" "$(quiet_sp feed show)"
