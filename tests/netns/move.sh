#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A circuit is cut: its services stay reachable on the others, also for a remote that comes with the tuple
# of a flow that was pinned there. Until then that tuple is heard nowhere else.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_services
lab_start
daemon_start

say "a conversation on chicago; the same tuple on internet is a violation"
talk there chicago tcp 198.18.1.10 45001 $public4 7000
matches "there" '^s[123] 192\.168\.1\.' "$(say_to there)"
same "the same tuple on internet" "error TIMEOUT" "$(ask internet tcp 198.18.1.10 45001 $public4 7000)"
(($(circuit chicago violations) > 0)) || fail "no violation counted"
matches "there, still" '^s[123] 192\.168\.1\.' "$(say_to there)"

say "one link of two is cut: nothing happens"
ip -n "${lab}chicago" link set c0 down
ip -n "${lab}chicago" route replace $public4 via 172.16.0.5
over_er1() { [[ $(say_to there) == s* ]]; }
wait_for 10 over_er1

say "both are cut: internet takes new connections, and the old tuple when it begins anew"
ip -n "${lab}chicago" link set c1 down
matches "another remote" '^s[123] 192\.168\.5\.5 ' "$(ask internet tcp 198.19.0.10 0 $public4 7000)"
matches "dallas" '^s[123] 192\.168\.2\.' "$(ask dallas tcp 198.18.1.10 0 $public4 7000)"
TALK_WAIT=10 matches "the old tuple" '^s[123] 192\.168\.5\.5 ' \
	"$(TALK_WAIT=10 ask internet tcp 198.18.1.10 45001 $public4 7000)"
same "its pin" "internet" "$(flow circuit src 198.18.1.10 sport 45001 dport 7000 | sort -u | tail -1)"

say "inbound off on internet, dallas drained: no new connection there, the old ones go on"
talk here internet tcp 198.19.0.10 45002 $public4 7000
answer=$(say_to here)
edit '/name: internet/,/advertise/s/^    links/    inbound: off\n&/'
apply
sp circuit drain dallas >/dev/null
for space in internet dallas; do
	same "$space" "error TIMEOUT" "$(ask $space tcp 198.18.1.10 0 $public4 7000)"
done
(($(verdict INBOUND_OFF) > 1)) || fail "INBOUND_OFF was not counted"
same "the old one" "$answer" "$(say_to here)"
sp circuit restore dallas >/dev/null
matches "dallas again" '^s[123] 192\.168\.2\.' "$(ask dallas tcp 198.18.1.10 0 $public4 7000)"
