#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A circuit taken out of the configuration retires: old flows keep it, new ones do not get it.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
daemon_start
talk old pilot udp 10.1.20.2 0 $exchange4 7001
old=$(say_to old)
matches "at first" '^chicago ' "$old"
cp "$work/samepath.yaml" "$work/all.yaml"
edit '/- name: chicago/,/advertise: \[203.0.113.32/d'
edit 's/\[chicago, dallas\]/[dallas]/'
sp apply
same "old flow, circuit retiring" "$old" "$(say_to old)"
matches "new flow" '^dallas ' "$(ask pilot udp 10.1.20.2 0 $exchange4 7000)"
[[ $(quiet_sp -j show) == *retiring* ]] || fail "show does not say retiring"
[[ $(ip -n "${lab}gw" rule) == *"lookup 101"* ]] || fail "its rule went while a flow uses it"
sp flow flush circuit chicago
gone() { [[ $(ip -n "${lab}gw" rule) != *'lookup 101'* ]]; }
wait_for 20 gone
say "a pool prefix retires likewise"
cp "$work/all.yaml" "$work/samepath.yaml"
sp apply
talk pool pilot udp 10.1.20.2 0 $exchange4 7002
pool=$(say_to pool)
edit 's#(outbound-pool: \[)203\.0\.113\.32/28#\1203.0.113.64/28#'
edit 's#(advertise: \[)203\.0\.113\.32/28#\1203.0.113.64/28#'
sp apply
same "old flow, pool retiring" "$pool" "$(say_to pool)"
