#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Whatever the source does wrong: the last good version stays in force, one clear line says why, the
# daemon does not grow, and all is well again without a restart.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/feed_server.sh
. "$top/tests/lib/feed_server.sh"
# shellcheck source=tests/lib/feed_live.sh
. "$top/tests/lib/feed_live.sh"
lab_start
feed_server_start "$work/feed"
feed_wait=2

good=$top/tests/data/demo-feed.json
number=2030010100
version() { # BODY
	number=$((number + 1))
	cp "$1" "$work/$number.json"
	feed_server_version $number "$work/$number.json"
}
version "$good"
feed_live_config "interval: 1, timeout: 2"
daemon_start
wait_for 30 maps_hold "$work/$number.json"
in_force=$number
memory() { awk '/^VmRSS/ {print $2}' "/proc/$daemon/status"; }
failing() { [[ $(feed_value failures) != 0 ]]; }
fine() { [[ $(feed_value failures) == 0 ]]; }
# While one server takes the place of another nobody listens, and a poll may fall into that.
failing_with() { failing && [[ $(feed_value detail) =~ $1 ]]; }
between=': Connection refused$'
lines() { grep '^samepath: feed m365: failed' "$work/daemon.err" | grep -cv "$between" || :; }
before=$(memory)

# fault NAME WORDS-OF-THE-LINE [PART]: it is there while a new version waits
fault() {
	local name=$1 words=$2 was between=$between
	shift 2
	[[ $name != gone ]] || between='^$'
	was=$(lines)
	feed_server_fault "$name" "$@"
	wait_for 30 failing_with "$words"
	same "$name: in force" $in_force "$(feed_value version)"
	maps_hold "$work/$in_force.json" || fail "$name: the maps are not those of the last good version"
	((was + 1 == $(lines))) || fail "$name: $(($(lines) - was)) lines, not one: $(tail -3 "$work/daemon.err")"
	feed_server_good
	# asked to stay away for longer than a test lasts: a person may ask all the same
	[[ $name != away ]] || quiet_sp feed fetch >"$work/out" || fail "$name: $(cat "$work/out")"
	wait_for 30 fine
	daemon_running || fail "$name: the daemon ended"
}
# bad WORDS: the body is bad
bad() {
	local was
	was=$(lines)
	version "$work/bad.json"
	wait_for 30 failing
	matches "what is said" "$1" "$(feed_value detail)"
	maps_hold "$work/$in_force.json" || fail "$1: the maps are not those of the last good version"
	((was + 1 == $(lines))) || fail "$1: $(($(lines) - was)) lines, not one: $(tail -3 "$work/daemon.err")"
	version "$good"
	in_force=$number
	wait_for 30 fine
	wait_for 30 feed_is version $in_force
}

background events gw "$samepath" -c "$work/samepath.yaml" event watch
told() { grep -q '^feed-failed .*feed m365' "$work/events.out"; }

say "faults of the server"
fault gone 'refused|no route|unreachable'
wait_for 30 told
fault broken '500'
fault limited-for '429'
fault away '503'
fault page 'HTML|web page'
fault expired 'certificate'
fault foreign 'certificate'
fault to-http 'redirect|https'
fault slow 'time|slow'
fault cut 'cut off|ended|length|bytes'
fault long 'cut off|ended|length|bytes'
fault bomb 'larger|16 MiB|bytes'
fault huge 'larger|16 MiB|bytes'

say "faults of the body, where only that is asked for anew"
make_bad() { # PYTHON-EXPRESSION on `sets`
	/usr/bin/python3 - "$good" "$work/bad.json" "$1" <<-'PYTHON'
		import json, sys
		sets = json.load(open(sys.argv[1]))
		exec(sys.argv[3])
		json.dump(sets, open(sys.argv[2], "w"))
	PYTHON
	bad "$2"
}
make_bad 'sets[0]["ips"].append("0.0.0.0/0")' 'default route'
make_bad 'sets[0]["ips"].append("8.0.0.0/7")' 'too short'
make_bad 'sets[0]["ips"].append("192.168.7.0/24")' 'private'
make_bad 'sets[0]["ips"].append("224.1.0.0/16")' 'special range'
make_bad 'sets[0]["ips"].append("203.0.113.40/32")' "the site's own"
make_bad 'sets = []' 'no endpoint set'
head -c 700 "$good" >"$work/bad.json"
bad 'ends too early'
sed '0,/"id": 1,/s//"id": 1, "id": 1,/' "$good" >"$work/bad.json"
bad 'twice'
printf '<html>maintenance</html>' >"$work/bad.json"
bad 'HTML|web page|not JSON'

say "an older version"
was=$(lines)
cp "$good" "$work/2029010100.json"
feed_server_version 2029010100 "$work/2029010100.json"
wait_for 30 failing
matches "what is said" "2029010100 is older than $in_force" "$(feed_value detail)"
maps_hold "$work/$in_force.json" || fail "an older version is in the maps"
quiet_sp feed fetch --force >"$work/out" || fail "forced: $(cat "$work/out")"
same forced 'changed 2029010100' "$(feed_says "$(cat "$work/out")")"
matches history '2029010100 .* forced ' "$(quiet_sp feed history | tail -1)"

grown=$(($(memory) - before))
say "the daemon grew by $grown KiB"
((grown < 1024)) || fail "the daemon grew by $grown KiB"
most=$(awk '/^VmHWM/ {print $2}' "/proc/$daemon/status")
say "and had $most KiB at most"
((most < 20480)) || fail "the daemon had $most KiB"
