#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Who is not root sees nothing and changes nothing, and is told so in one line; the daemon itself keeps
# no more than it needs; two commands at once follow one another.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
umask 022
lab_start
pins=/sys/fs/bpf/samepath/$gateway run=/run/samepath/$gateway state=/var/lib/samepath/$gateway
daemon_start
matches "works" '^chicago ' "$(ask pilot udp 10.1.20.2 0 $exchange4 7000)"

say "directories are root's alone, whatever the umask, and what is in them too"
for directory in "$pins" "$run" "$state"; do same "$directory" "700 0 0" "$(stat -c '%a %u %g' "$directory")"; done
same "open to others" "" "$(find "$pins" "$run" "$state" ! -type l -perm /077 -printf '%m %p ')"
same "not root's" "" "$(find "$pins" "$run" "$state" ! -uid 0 -printf '%p ')"
(($(find "$pins" -type f | wc -l) > 30)) || fail "where are the pins?"

say "a user who may read the configuration"
chmod 711 "$work"
cp "$samepath" "$work/program"
cp "${FEED:-$top/tests/data/demo-feed.json}" "$work/feed.json"
sed "s#source: \".*\"#source: \"$work/feed.json\"#" "$work/samepath.yaml" >"$work/readable.yaml"
user() { quiet_on gw setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$@"; }
program() { user "$work/program" -c "$work/readable.yaml" "$@"; }
same "who that is" "65534 0000000000000000" "$(user id -u) $(user sed -n 's/^CapEff:\t//p' /proc/self/status)"
matches "check" ': sound$' "$(program check)"
before=$(footprint)
for words in show apply "apply --dry-run" stop run "circuit show" "circuit drain chicago" "circuit test chicago" "service show" "flow show" \
	"flow flush all" "event watch" "show --prometheus"; do
	status=0
	# shellcheck disable=SC2086 # two words
	program $words >"$work/said" 2>&1 || status=$?
	same "status of $words" 2 $status
	same "lines of $words" 1 "$(wc -l <"$work/said")"
	matches "what $words says" 'needs root|Permission denied|Operation not permitted' "$(cat "$work/said")"
done
unchanged "after all these" "$before"

say "nor by other tools: neither by pin nor by number"
for map in flows4 verdicts live; do
	if user bpftool map dump pinned "$pins/$map" >"$work/said" 2>&1; then fail "$map was dumped"; fi
	number=$(bpftool -j map show pinned "$pins/$map" | grep -o '"id":[0-9]*' | cut -d: -f2)
	if user bpftool map dump id "$number" >"$work/said" 2>&1; then fail "$map was dumped by number"; fi
	bpftool map dump pinned "$pins/$map" >/dev/null || fail "root cannot either: this proves nothing"
done

say "the daemon keeps BPF, PERFMON, NET_ADMIN, NET_RAW and SYS_ADMIN, and can get nothing else"
kept=000000c000203000
for set in CapEff CapPrm CapBnd; do
	same "$set" "$kept" "$(sed -n "s/^$set:\t//p" "/proc/$daemon/status")"
done
same "NoNewPrivs" 1 "$(sed -n 's/^NoNewPrivs:\t//p' "/proc/$daemon/status")"
say "which is enough for a reload, and for a link that comes and goes"
edit 's/udp: 300/udp: 7/'
kill -HUP "$daemon"
reloaded() { [[ $(ask pilot udp 10.1.20.2 0 $exchange4 7000) == chicago* && $(flow left | sort -n | tail -1) -le 7 ]]; }
sp flow flush all >/dev/null
wait_for 10 reloaded

say "the unit file, by the judgement of systemd-analyze"
if command -v systemd-analyze >/dev/null && systemd-analyze security --help 2>/dev/null | grep -q -- --offline; then
	systemd-analyze security --offline=true --no-pager "$top/userspace/samepath.service" \
		>"$work/security" 2>&1 || fail "$(cat "$work/security")"
	say "$(grep -E 'Overall exposure' "$work/security")"
	score=$(sed -n 's/.*Overall exposure level[^:]*: \([0-9]*\)\..*/\1/p' "$work/security")
	((score < 5)) || fail "more exposed than that of a service that tries: $(cat "$work/security")"
else
	say "SKIPPED: no systemd-analyze that works offline here"
fi

say "a command waits for the one before it"
flock "$run/lock" sleep 60 &
holder=$!
started+=("$holder")
held() { ! flock -n "$run/lock" true; }
wait_for 5 held
edit 's/udp: 7/udp: 8/'
background second gw "$samepath" -c "$work/samepath.yaml" apply
wait_for 5 grep -q 'waiting for another samepath command' "$work/second.out"
kill -0 "$last" || fail "it did not wait"
pkill -P "$holder" || :
kill "$holder" 2>/dev/null || :
wait "$last" || fail "then it failed: $(cat "$work/second.err")"

say "eight at once, of two minds: all are served, and what one of them wanted is live as a whole"
sed 's/udp: 8/udp: 11/; s/icmp: 60/icmp: 61/' "$work/samepath.yaml" >"$work/one.yaml"
sed 's/udp: 8/udp: 12/; s/icmp: 60/icmp: 62/' "$work/samepath.yaml" >"$work/two.yaml"
pids=()
for file in one two one two one two one two; do
	quiet_on gw "$samepath" -c "$work/$file.yaml" apply >"$work/many.${#pids[@]}" 2>&1 &
	pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || fail "one was refused: $(cat "$work"/many.*)"; done
now=$(cat "$run"/*.yaml | grep -o 'udp: 1[12], icmp: 6[12]')
matches "what is live" '^udp: 11, icmp: 61$|^udp: 12, icmp: 62$' "$now"
file=one
[[ $now == "udp: 11, icmp: 61" ]] || file=two
same "that one again" "nothing to change" "$(quiet_on gw "$samepath" -c "$work/$file.yaml" apply)"
matches "and it works" '^chicago ' "$(ask pilot udp 10.1.20.2 0 $exchange4 7000)"
daemon_running || fail "the daemon ended"
