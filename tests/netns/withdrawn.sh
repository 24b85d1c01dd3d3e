#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A route withdrawn from a circuit's table moves new flows away, without the daemon.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
apply
way() { ask pilot udp 10.1.20.2 0 $exchange4 7000 | cut -d' ' -f1; }
goes() { [[ $(way) == "$1" ]]; }
same "at first" chicago "$(way)"
talk old pilot udp 10.1.20.2 0 $exchange4 7001
matches "a flow of before" '^chicago ' "$(say_to old)"
say "what a BGP daemon does when the session ends: the default goes, of all next hops"
defaults() { ip -n "${lab}gw" route show table 101 | grep -c '^default' || :; }
(($(defaults) > 0)) || fail "no default in table 101: $(ip -n "${lab}gw" route show table 101)"
while (($(defaults))); do ip -n "${lab}gw" route del default table 101; done
matches "unreachable stays" 'unreachable default' "$(ip -n "${lab}gw" route show table 101)"
wait_for 10 goes dallas
say "the old flow stays pinned: no answer rather than another circuit"
silent() { [[ $(say_to old) == error* ]]; }
wait_for 5 silent # what it remembers of its way lasts a second
