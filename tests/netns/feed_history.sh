#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Twenty-four published versions, one after the other, with the changes between them: at every step the
# maps hold exactly the body, and the changes give it too. What would hurt if it were not meant is held:
# a step that removes 159 of 500 prefixes, and a changed mark. Approved it is applied, rolled back the
# old maps are back.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/feed_server.sh
. "$top/tests/lib/feed_server.sh"
# shellcheck source=tests/lib/feed_live.sh
. "$top/tests/lib/feed_live.sh"
newest=$feed_captures/endpoints-worldwide-v2020080600.json
changes=$feed_captures/changes-worldwide-reconstructed-2019010700-2020080600.json
[[ -r $newest && -r $changes ]] || skip "no captures in ${feed_captures#"$top"/}"
lab_start
feed_server_start "$work/feed"
mkdir "$work/bodies"
/usr/bin/python3 "$top/tests/lib/feed_history.py" "$newest" 2020080600 "$changes" 2019010700 "$work/bodies" \
	| tr " " "\n" >"$work/versions"
same "versions" 24 "$(wc -l <"$work/versions")"
body() { echo "$work/bodies/$1.json"; }
publish() { feed_server_version "$1" "$(body "$1")" "$work/bodies/changes.json" 2>/dev/null; }
fetch() { # what is said, the status in front
	local status=0
	quiet_sp feed fetch >"$work/out" 2>&1 || status=$?
	echo "$status $(feed_says "$(cat "$work/out")")"
}
publish 2019010700
feed_live_config
apply
same "the first" '0 changed 2019010700' "$(fetch)"
maps_hold "$(body 2019010700)" || fail "not the first body"

held=()
for version in $(tail -n +2 "$work/versions"); do
	publish "$version"
	was=$(feed_value version)
	said=$(fetch)
	! grep -q 'changes give another' "$work/out" || fail "$version: $(cat "$work/out")"
	if [[ $said == "1 held $version" ]]; then
		held+=("$version: $(feed_value detail)")
		maps_hold "$(body "$was")" || fail "$version: held, and not the maps of before"
		same "$version: still" "1 held $version" "$(fetch)"
		same "$version: approved" "changed $version" "$(feed_says "$(quiet_sp feed approve "$version")")"
	else
		same "$version" "0 changed $version" "$said"
	fi
	maps_hold "$(body "$version")" || fail "$version: $(feed_maps "$(body "$version")")"
done
printf '# held: %s\n' "${held[@]}"
matches "the large removal" '2019012800: 159 of 500 prefixes leave, above 20 %' "${held[*]}"
matches "a changed mark" 'set 66: expressRoute' "${held[*]}"

say "the last eleven are kept, and each can be gone back to"
kept=$(quiet_sp -j feed show | /usr/bin/python3 -c 'import json, sys; print(len(json.load(sys.stdin)["versions"]))')
((kept >= 11)) || fail "only $kept versions are kept"
for version in $(tail -11 "$work/versions" | head -10 | tac); do
	same "back to $version" "changed $version" "$(feed_says "$(quiet_sp feed rollback "$version")")"
	maps_hold "$(body "$version")" || fail "back to $version: $(feed_maps "$(body "$version")")"
done
same "one line a change" $((24 + 10)) "$(quiet_sp -j feed history | grep -c '"how"')"
same "approved ones say so" "${#held[@]}" "$(quiet_sp -j feed history | grep -c '"how": "approved"')"

say "once more, with a person's no: 159 of 500 held, approved, rolled back"
quiet_sp stop >/dev/null
rm -rf "/var/lib/samepath/$gateway"
publish 2019010700
apply
same "the first" '0 changed 2019010700' "$(fetch)"
background events gw "$samepath" -c "$work/samepath.yaml" -j event watch
event() { grep -q "\"event\":\"$1\".*\"feed\":\"m365\",\"added\":$2,\"removed\":$3,\"version\":$4" "$work/events.out"; }
wait_for 30 test -e "/run/samepath/$gateway/event.lock"
publish 2019012800
same "held" '1 held 2019012800' "$(fetch)"
wait_for 30 event feed-held '[0-9]*' 159 2019012800
maps_hold "$(body 2019010700)" || fail "held, and not the maps of before"
matches "what it would do" '159' "$(quiet_sp -j feed diff | grep -c '"change": "removed"' || :)"
same "approved" 'changed 2019012800' "$(feed_says "$(quiet_sp feed approve)")"
wait_for 30 event feed-changed '[0-9]*' 159 2019012800
maps_hold "$(body 2019012800)" || fail "approved, and not in the maps"
same "back" 'changed 2019010700' "$(feed_says "$(quiet_sp feed rollback)")"
maps_hold "$(body 2019010700)" || fail "rolled back, and not the maps of before"
same "it does not come again by itself" '1 held 2019012800' "$(fetch)"
quiet_sp feed fetch --force >"$work/out"
same "but for a person who means it" 'changed 2019012800' "$(feed_says "$(cat "$work/out")")"
same "and back again" 'changed 2019010700' "$(feed_says "$(quiet_sp feed rollback)")"
publish 2019022800
matches "superseded" '2019022800$' "$(fetch)"
