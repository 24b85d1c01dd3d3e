#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A connection leaves on the circuit its policy gives, wears its pool, and comes back on it.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
apply

chicago='^chicago 203\.0\.113\.(3[2-9]|4[0-7]) ' internet='^internet 203\.0\.113\.([0-9]|1[0-5]) '
for protocol in tcp udp; do
	matches "pilot, feed, $protocol" "$chicago" "$(ask pilot $protocol 10.1.20.2 0 $exchange4 7000)"
	matches "pilot, other, $protocol" "$internet" "$(ask pilot $protocol 10.1.20.2 0 $web4 7000)"
	matches "campus, feed, $protocol" "$internet" "$(ask campus $protocol 10.2.0.2 0 $exchange4 7000)"
	matches "pilot, feed, $protocol, IPv6" '^chicago 2001:db8:1:' \
		"$(ask pilot $protocol 2001:db8:10:20::2 0 $exchange6 7000)"
	matches "campus, other, $protocol, IPv6" '^internet 2001:db8:2:' \
		"$(ask campus $protocol 2001:db8:10:2::2 0 $web6 7000)"
done

say "ICMP echo, three each, all answered"
on pilot ping -n -c 3 -i 0.2 -W 2 $exchange4 | grep -q ' 3 received'
on campus ping -n -c 3 -i 0.2 -W 2 $web4 | grep -q ' 3 received'
on pilot ping -n -6 -c 3 -i 0.2 -W 2 $exchange6 | grep -q ' 3 received'
on campus ping -n -6 -c 3 -i 0.2 -W 2 $web6 | grep -q ' 3 received'
seen er0 '^icmp 203.0.113' >/dev/null || seen er1 '^icmp 203.0.113' >/dev/null || fail "no echo on chicago"
seen wan0 '^icmp 203.0.113' >/dev/null || fail "no echo on internet"
same "violations" 0 "$(circuit chicago violations)"
