#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A neighbour flushed under traffic costs no packet.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
apply
on pilot ping -n -i 0.01 -c 300 -W 2 $exchange4 >"$work/ping" &
ping=$!
for _ in $(seq 15); do
	for device in er0 er1 lan0; do ip -n "${lab}gw" neigh flush dev $device; done
	read -rt 0.15 <> <(:) || : # spread over the three seconds of the ping
done
wait "$ping" || :
grep -q ' 0% packet loss' "$work/ping" || fail "lost: $(tail -2 "$work/ping")"
same "violations" 0 "$(circuit chicago violations)"
