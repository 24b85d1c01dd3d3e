#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The wall clock of the daemon jumps an hour on and back, and its monotonic clock is another than the
# packet path's: no flow expires for it, what is silent still does, and ages are shown as they are.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
edit 's/icmp: 60/icmp: 1/'
started_at=$SECONDS

# The daemon alone sees another time of day, by the file; nobody's clock is set.
echo "+0" >"$work/wall"
wall() {
	echo "$1" >"$work/wall.new"
	mv "$work/wall.new" "$work/wall"
	say "the daemon's time of day: $1 s"
}
false_clock=(env "LD_PRELOAD=$top/build/tests/lib/wall.so" "WALL=$work/wall")
real=$samepath
printf '#!/bin/sh\nexec %s "$@"\n' "${false_clock[*]} $real" >"$work/wrong-day"
chmod +x "$work/wrong-day"

declare -A was=()
# The daemon sweeps (an echo that falls silent goes), and takes nothing that lives.
nothing_lost() { # WHEN
	local name
	on pilot ping -n -c 1 -W 2 $exchange4 >/dev/null || fail "$1: no echo"
	same "$1: the echo is a flow" 1 "$(flow state proto icmp | wc -l)"
	swept() { [[ -z $(flow state proto icmp) ]]; }
	wait_for 20 swept
	for name in "${!was[@]}"; do same "$1: $name" "${was[$name]}" "$(say_to "$name")"; done
	same "$1: flows" 4 "$(flow state | wc -l)"
	ages "$1"
}
# Nothing is older than this test, nothing idle or left beyond its timeout.
ages() { # WHEN [COMMAND...]
	local age idle left count=0
	while read -r age idle left; do
		((age <= SECONDS - started_at + 1 && idle <= age && left > 60 && left <= 7440)) ||
			fail "$1: a flow of age $age, idle $idle, left $left"
		count=$((count + 1))
	done < <("${@:2}" flow age,idle,left)
	same "$1: flows with ages" 4 $count
}

samepath=$work/wrong-day
daemon_start
samepath=$real
grep -q 'wall\.so' "/proc/$daemon/maps" || fail "the daemon has the right time"
day=$("${false_clock[@]}" date +%s)
for protocol in tcp udp; do
	for from in "pilot 10.1.20.2 $exchange4" "campus 2001:db8:10:2::2 $web6"; do
		read -r space source server <<<"$from"
		talk "$protocol-$space" "$space" $protocol "$source" 0 "$server" 7001
		was[$protocol-$space]=$(say_to "$protocol-$space")
		matches "$protocol-$space" '^(chicago|internet) ' "${was[$protocol-$space]}"
	done
done
for jump in +3600 -3600; do
	wall $jump
	now=$("${false_clock[@]}" date +%s)
	(((now - day) * (jump) > 3000 * 3600)) || fail "the file does not move the clock"
	nothing_lost "$jump"
done
daemon_running || fail "the daemon ended"
if grep -v pool-filling "$work/daemon.err" | grep -v warning; then fail "the daemon complained"; fi

say "a daemon in a time namespace of its own: ten hours ahead of the packet path, then behind it"
behind=$(($(cut -d. -f1 /proc/uptime) - 5))
for offset in 36000 -$behind; do
	if ! unshare -T --monotonic "$offset" true; then
		say "SKIPPED: no time namespaces here"
		break
	fi
	kill -TERM "$daemon"
	wait "$daemon" || fail "the daemon ended with status $?"
	printf '#!/bin/sh\nexec unshare -T --monotonic %s %s "$@"\n' "$offset" "$real" >"$work/elsewhere"
	chmod +x "$work/elsewhere"
	samepath=$work/elsewhere
	daemon_start
	nothing_lost "offset $offset, asked from there"
	samepath=$real
	ages "offset $offset, asked from here"
done
