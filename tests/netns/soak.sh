#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Everything at once: honest traffic of all kinds, while configurations, feeds, programs and daemons change,
# links flap, neighbours are forgotten and a pool is driven to its end. What always holds is watched on every wire.
#
# SOAK=60 seconds of it; SEED= deals the events in the same order again, EVENTS="kill feed" deals these alone.
# What must come out: no conversation breaks, and nothing fails but traffic of a circuit that is down, or of
# the pool while it is full; the watcher counts nothing; each dropped packet has a reason that happened; the
# kernel complains of nothing; and neither the daemon nor what it has in the kernel grows.
# Alone: everything at once.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/feed.sh
. "$(dirname "$0")/../lib/feed.sh"
# shellcheck source=tests/lib/kernel_said.sh
. "$(dirname "$0")/../lib/kernel_said.sh"
# shellcheck source=tests/lib/behind.sh
. "$(dirname "$0")/../lib/behind.sh"
# shellcheck source=tests/lib/wires.sh
. "$(dirname "$0")/../lib/wires.sh"
# shellcheck source=tests/lib/soak_watch.sh
. "$(dirname "$0")/../lib/soak_watch.sh"
# shellcheck source=tests/lib/soak_lab.sh
. "$(dirname "$0")/../lib/soak_lab.sh"
# shellcheck source=tests/lib/soak_event.sh
. "$(dirname "$0")/../lib/soak_event.sh"
length=${SOAK:-10}
SEED=${SEED:-$((RANDOM * 32768 + RANDOM))}
RANDOM=$SEED
twin=$top/build/twin/samepath # the same with another packet path, see twin.h
one=$samepath
[[ -x $twin ]] || fail "no $twin: run make tests"
say "SEED=$SEED SOAK=$length"

# What a dropped packet may be put down to: VERDICT EVENT-PATTERN [now], what the pattern names having happened;
# now: since the last look.
# The kernel gives those that fill a pool their ports, and may give one whose flow is just ending.
explained="POOL_EXHAUSTED pool
FLOW_ENDING pool
CIRCUIT_UNUSABLE flap_* now
NO_CIRCUIT flap_* now
NO_ANSWER flap_*
FRAGMENT_HELD flap_*
FRAGMENT_LOST flap_*"
drops() { verdicts | awk '$2 == "DROP" || $1 == "UNMANAGED" { print $1, $3 }'; }
reason_happened() { # VERDICT PACKETS EVENT
	local why within past
	read -r why within < <(sed -n "s/^$1 //p" <<<"$explained") || return 1
	if [[ $within ]]; then
		# shellcheck disable=SC2053 # a pattern
		[[ $3 == $why || $'\n'$drops_last$'\n' == *$'\n'"$1 $2"$'\n'* ]]
		return
	fi
	# shellcheck disable=SC2053 # a pattern
	for past in "${!happened[@]}"; do [[ $past != $why ]] || return 0; done
	return 1
}
# Until the first configuration was live the guards let nothing out; that is no matter of the soak.
drops_explained() { # EVENT
	local name packets said unexplained=
	said=$(drops) || fail "$1: what was dropped cannot be read"
	while read -r name packets; do
		[[ $name && $'\n'$drops_first$'\n' != *$'\n'"$name $packets"$'\n'* ]] || continue
		reason_happened "$name" "$packets" "$1" || unexplained+=" $name ($packets)"
	done <<<"$said"
	drops_last=$said
	[[ ! $unexplained ]] || fail "$1: dropped without a reason that happened:$unexplained"
}
kernel_listen

numbers_many
# Of the time, in per cent, that losses of wires may excuse on one circuit; a few seconds are few events.
excused_most=40
((length >= 60)) || excused_most=80
slack=20
((length >= 60)) || slack=10
soak_start $slack
soak_daemon
wait_for 30 maps_hold "$feed_now"
drops_first=$(drops) || fail "what was dropped cannot be read"
drops_last=$drops_first
looked=$(date +%s)
wires_look
say "honest traffic, opened first"
loads_start
every=10
((length >= 60)) || every=2
background meter gw /usr/bin/python3 "$top/tests/lib/soak_meter.py" run "/sys/fs/bpf/samepath/$gateway" "$work/daemon.pid" $every
meter=$last

say "and what happens to it"
begun=$SECONDS begun_at=$looked
event_pool # takes longest
happened[pool]=1
while ((SECONDS - begun < length)); do
	event_next
	pool_look
	wires_told
	loads_good "$event"
	watch_good "$event"
	drops_explained "$event"
	kernel_quiet "$event"
	daemon_running || fail "$event: the daemon ended"
	((length < 60)) || pause $((RANDOM % 4))
done
wait_for 90 pool_idle
wires_told
loads_good "at the end"
drops_explained "at the end"
kernel_quiet "at the end"
(($(verdict POOL_EXHAUSTED) > 0)) || fail "the pool was never exhausted"
say "wires lost $wires_sum frames themselves"
{ kill -TERM "$meter" && wait "$meter"; } 2>/dev/null || fail "the meter ended: $(tail -3 "$work/meter.err")"
loads_end
say "$((SECONDS - begun)) s with seed $SEED"
for event in "${!happened[@]}"; do echo "${happened[$event]} $event"; done | sort -k2 | tr '\n' ',' | sed 's/,$/\n/; s/,/, /g'
loads_table
echo "drops, each explained: $(drops | tr '\n' ',' | sed 's/,$//; s/,/, /g')"
same "honest traffic that did nothing" "" "$(loads_idle)"
/usr/bin/python3 "$top/tests/lib/soak_load.py" excused "$work/windows" "$begun_at" "$looked" "$excused_most" ||
	fail "wires lost too much for anything to be said: see above"
/usr/bin/python3 "$top/tests/lib/soak_meter.py" judge "$work/meter.out" "$length" ||
	fail "what it takes grows, or was not seen: see above"

kill -TERM "$daemon"
wait "$daemon" || fail "the daemon ended with $?"
quiet_sp stop >"$work/out" 2>&1 || fail "stop: $(cat "$work/out")"
applied=
watch_end
