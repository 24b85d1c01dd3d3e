#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The daemon in the long run: however often it follows a change, it holds what it held.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
daemon_start

# Between two tasks; what an apply opens is open for half a second.
descriptors() {
	local fd
	for fd in "/proc/$daemon/fd/"*; do readlink "$fd"; done | grep -c bpf || :
}
# all that stays open is for held fragments: the ring they come by, and the program they go back to
no_more_open() { [[ $(descriptors) == 2 ]]; }

say "addresses come and go, and the daemon applies each time: no further program or map stays open"
applied_at() { stat -c %Y.%i "/run/samepath/$gateway/applied.yaml" "/run/samepath/$gateway/slot"; }
followed() { [[ $(applied_at) != "$was" ]]; }
wait_for 10 no_more_open
for round in 1 2 3; do
	was=$(applied_at)
	ip -n "${lab}gw" addr add "10.9.9.$round/32" dev lan0
	wait_for 10 followed
done
wait_for 10 no_more_open

say "stopped under it: nothing comes back, and it waits in silence"
left() { ls -d "/run/samepath/$gateway" "/var/lib/samepath/$gateway" "/sys/fs/bpf/samepath/$gateway" 2>/dev/null || :; }
waits() { grep -q "was stopped; waiting" "$work/daemon.err"; }
sp stop >"$work/out"
wait_for 5 waits
all_let_go() { [[ $(descriptors) == 0 ]]; }
wait_for 5 all_let_go # or the kernel would keep all tables for it
lines=$(wc -l <"$work/daemon.err")
ip -n "${lab}gw" addr add 10.9.8.1/32 dev lan0
sleep 3
same "directories" "" "$(left)"
same "lines" "$lines" "$(wc -l <"$work/daemon.err")"

say "applied again, it goes on, as the one daemon"
sp apply >"$work/out"
wait_for 5 daemon_running
if sp run >"$work/out" 2>&1; then fail "a second daemon"; fi
grep -q "runs already" "$work/out" || fail "$(cat "$work/out")"
matches "new flow" '^chicago ' "$(ask pilot tcp 10.1.20.2 0 $exchange4 7000)"
swept() { (($(counted tables table flows4 entries) == 2)); }
wait_for 10 swept

say "stopped and applied within its round, too"
sp stop >"$work/out"
sp apply >"$work/out"
wait_for 5 daemon_running
wait_for 10 no_more_open

say "a link comes back while the feed's file is away: it is attached with what was applied"
cp "$top/tests/data/demo-feed.json" "$work/feed.json"
edit 's#source: ".*"#source: "feed.json"#'
sp apply >"$work/out"
wait_for 5 daemon_running
mv "$work/feed.json" "$work/away.json"
ip -n "${lab}gw" link del er2
dallas_wire
attached_again() { [[ $(ip -n "${lab}gw" -o link show er2) == *xdp* ]]; }
wait_for 10 attached_again
if sp apply >"$work/out" 2>&1; then fail "applied without its feed"; fi
