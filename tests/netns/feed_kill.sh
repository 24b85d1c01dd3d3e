#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The daemon and a `feed fetch` killed at random moments of a swap: the live slot always holds one whole
# version, and whoever starts next brings the newest in force.
#
# SEED=N gives the same moments, as far as a machine repeats itself; ROUNDS=10 of them.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/feed.sh
. "$(dirname "$0")/../lib/feed.sh"
kills_fetches=1 rounds=${ROUNDS:-10} seed=${SEED:-$RANDOM} silent=1
RANDOM=$seed
say "SEED=$seed"
lab_start
feed_start "interval: 1"
first=2025010100
common=198.18.1.0/24,2001:db8:e::/48
# Each version has prefixes of its own, in both classes and families.
version_body() { # NUMBER
	local n=$((($1 - first) % 100 + 2))
	body "$1" 1/Exchange/$common,198.18.$n.0/24,2001:db8:a:$n::/64 \
		31/SharePoint/198.19.$n.0/24,198.18.1.$((128 + n))/32,2001:db8:b:$n::/64
}
kept=/var/lib/samepath/$gateway/feeds
history=$kept/m365/history
version_body $first
origin_move $first
apply
daemon_start
wait_for 30 maps_hold $first
talk old pilot tcp 10.1.20.2 0 $exchange4 7001
old=$(say_to old)

# A process is gone for good when its lock is.
nobody_swaps() { flock -n "$kept/lock" true && flock -n "/run/samepath/$gateway/lock" true; }
# The daemon, what it started and our own fetch: by their ids, for this machine may have others.
kill_all() {
	local children
	kill -STOP "$daemon" # or it starts another while its children are looked for
	children=$(cat "/proc/$daemon/task/$daemon/children")
	# shellcheck disable=SC2086 # several
	kill -KILL "$daemon" "$fetch" $children 2>/dev/null || :
	wait "$daemon" "$fetch" 2>/dev/null || :
	wait_for 30 nobody_swaps
}
# Whole lines, each of which goes on from where the one before it arrived.
history_whole() { # WHEN
	/usr/bin/python3 - "$history" <<-'PYTHON' || fail "$1: the history: see above"
		import json, sys
		text = open(sys.argv[1]).read()
		lines = [json.loads(line) for line in text.splitlines()]
		if not text.endswith("\n"):
		    sys.exit("its last line has no end")
		for a, b in zip(lines, lines[1:]):
		    if a["version"] != b["from"]:
		        sys.exit(f"from {b['from']}, but {a['version']} was in force")
	PYTHON
}
version_shown() { [[ $(feed_column version) == "$1" ]]; }
# Every prefix that `feed show` tells, against the body.
prefixes_shown() { # NUMBER
	quiet_sp -j feed show m365 | /usr/bin/python3 -c '
import json, sys
shown = {r["prefix"] for r in json.load(sys.stdin)["prefixes"]}
body = {p for s in json.load(open(sys.argv[1])) for p in s["ips"]}
sys.exit(f"feed show: {sorted(shown ^ body)} are not in both" if shown != body else 0)' "$origin/$1.json"
}
pause() { read -rt "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))" <> <(:) || :; }

say "how long an undisturbed swap takes"
version_body $((first + 1))
origin_move $((first + 1))
at=$(milliseconds)
quiet_sp feed fetch >"$work/out" 2>&1 || fail "fetch: $(cat "$work/out")"
span=$((($(milliseconds) - at) * 5 / 4 + 1))

was=0 is=0 longest=0
for round in $(seq 2 $((rounds + 1))); do
	a=$((first + round - 1)) b=$((first + round))
	version_body $b
	origin_move $b
	# on its own, so that the shell waits for this process and not for one in between
	nsenter --net="/run/netns/${lab}gw" "$samepath" -c "$work/samepath.yaml" feed fetch >"$work/out" 2>&1 &
	fetch=$!
	pause $((RANDOM % span))
	kill_all
	held=$(held_version $a.json $b.json) || fail "round $round: $held"
	if [[ $held == "$a" ]]; then was=$((was + 1)); else is=$((is + 1)); fi
	history_whole "round $round, nobody alive"
	version_shown $a || version_shown $b || fail "round $round: feed show tells $(feed_column version)"
	matches "round $round: a new flow" '^chicago ' "$(ask pilot udp 10.1.20.2 0 $exchange4 7000)"
	same "round $round: an old flow" "$old" "$(say_to old)"
	daemon_start
	at=$(milliseconds)
	wait_for 30 maps_hold $b
	wait_for 30 version_shown $b
	at=$(($(milliseconds) - at))
	((at <= longest)) || longest=$at
	prefixes_shown $b || fail "round $round: see above"
done
say "a line of the history that the dead could not write any more is written before the next"
fetch=$daemon
kill_all
before=$(wc -l <"$history")
sed -i '$d' "$history"
version_body $((b + 1))
origin_move $((b + 1))
quiet_sp feed fetch >"$work/out" 2>&1 || fail "fetch: $(cat "$work/out")"
history_whole "a line was missing"
same "lines of the history" $((before + 1)) "$(wc -l <"$history")"

say "and no body lies about that no version is kept of"
: >"$kept/m365/body.1999010100"
version_body $((b + 2))
origin_move $((b + 2))
quiet_sp feed fetch >"$work/out" 2>&1 || fail "fetch: $(cat "$work/out")"
same "bodies" "$(quiet_sp -j feed show m365 | /usr/bin/python3 -c 'import json, sys
print(*sorted("body." + r["version"] for r in json.load(sys.stdin)["versions"]))')" \
	"$(cd "$kept/m365" && echo body.*)"
same "other files" "history state" "$(cd "$kept/m365" && find . -type f ! -name 'body.*' -printf '%f\n' | sort | xargs)"


# Dead at the first, second, ... of a system call, or each so many of them, until a fetch outlives it.
killed_at() { # CALL [STEP]
	local n status shown
	for ((n = 1; ; n += ${2:-1})); do
		a=$((first + at)) b=$((first + ++at))
		version_body $b
		origin_move $b
		status=0
		quiet_on gw strace -f -qq -o /dev/null -e trace="$1" -e inject="$1":signal=KILL:when="$n" \
			"$samepath" -c "$work/samepath.yaml" feed fetch >"$work/out" 2>&1 || status=$?
		wait_for 30 nobody_swaps
		held=$(held_version $a.json $b.json) || fail "$1 $n: $held"
		if [[ $held == "$a" ]]; then was=$((was + 1)); else is=$((is + 1)); fi
		history_whole "$1 $n"
		shown=$(feed_column version)
		[[ $shown == "$a" || $shown == "$b" ]] || fail "$1 $n: feed show tells $shown"
		quiet_sp feed fetch >"$work/out" 2>&1 || fail "$1 $n: fetch: $(cat "$work/out")"
		maps_hold $b || fail "$1 $n: the next fetch brought $(held_version $a.json $b.json) in force"
		version_shown $b || fail "$1 $n: feed show tells $(feed_column version)"
		prefixes_shown $b || fail "$1 $n: see above"
		history_whole "$1 $n, then fetched"
		same "$1 $n: the last line" "$b" "$(tail -1 "$history" | /usr/bin/python3 -c '
import json, sys
print(json.load(sys.stdin)["version"])')"
		((status)) || break
	done
	say "killed at calls of $1, ${2:-1} apart, up to the one before number $n"
}
at=$((rounds + 3))
if command -v strace >/dev/null; then
	for call in rename fsync unlinkat write; do killed_at $call; done
	killed_at bpf "${STEP:-193}" # of about 1,400
	((was && is)) || fail "killed $was times before the switch and $is times behind it: both are wanted"
else
	say "skipped: no strace: kills at each system call"
fi

say "killed $rounds times within $span ms, and at system calls: $was times before the switch, $is behind it"
say "from the restart of the daemon to the newest version: at most $longest ms"
