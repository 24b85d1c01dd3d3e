# shellcheck shell=bash disable=SC2154 # netns.sh has set some
# SPDX-License-Identifier: GPL-2.0-only
#
# A gateway whose feed comes from the server of feed_server.sh: source it behind both, then
#
#   feed_live_config [KEY: VALUE, ...]      after lab_start and feed_server_start
#   feed_maps BODY...                       which of these bodies the maps hold, all four areas
#   feed_value COLUMN                       of the row of the feed in `feed show`
feed_areas=exchange=Exchange,sharepoint=SharePoint,skype=Skype,common=Common

feed_live_config() {
	edit "s|source: \"[^\"]*\"|source: \"$feed_url\", ca: \"$feed_ca\"${1:+, $1}|"
	edit '/^  - \{name: exchange,/a\  - {name: sharepoint, feed: m365, areas: [SharePoint], expressroute: true}\
  - {name: skype, feed: m365, areas: [Skype], expressroute: true}\
  - {name: common, feed: m365, areas: [Common], expressroute: true}'
	edit 's/to: \[exchange\]/to: [exchange, sharepoint, skype, common]/'
}
feed_maps() {
	/usr/bin/python3 "$top/tests/lib/feed_maps.py" "/sys/fs/bpf/samepath/$gateway" $feed_areas "$@"
}
maps_hold() { # BODY
	local name=${1##*/}
	[[ $(feed_maps "$1") == "${name%.json}" ]]
}
feed_value() {
	quiet_sp -j feed show m365 | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin)["feeds"][0][sys.argv[1]])' "$1"
}
feed_is() { [[ $(feed_value "$1") == "$2" ]]; }
# The one row of what `feed fetch`, `approve` or `rollback` says: RESULT VERSION
feed_says() { awk '$1 == "m365" { print $2, $3 }' <<<"$1"; }
# shellcheck disable=SC2034 # for tests that read them
feed_captures=$top/../shared/feed
