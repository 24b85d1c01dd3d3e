#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# stop leaves nothing behind: rules, routes, sysctls, programs, pins are as before apply.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
say "something of somebody else's, which must stay"
ip -n "${lab}gw" route add 192.168.77.0/24 via 192.0.2.2
ip -n "${lab}gw" rule add from 192.168.77.0/24 lookup main pref 12345
before=$(footprint)
apply
[[ $(footprint) != "$before" ]] || fail "apply changed nothing"
matches "works" '^chicago' "$(ask pilot tcp 10.1.20.2 0 $exchange4 7000)"
sp apply
sp stop
unchanged "stop left something" "$before"
say "twice is the same as once"
sp stop || (($? == 1)) || fail "a second stop: status $?"
apply
matches "works again" '^chicago' "$(ask pilot tcp 10.1.20.2 0 $exchange4 7000)"
sp stop
unchanged "stop left something the second time" "$before"
