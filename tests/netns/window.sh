#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# No segment of an honest connection is out of its window, however fast it is; and its end is seen.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
apply

say "both families, both ways at once, many and few"
background transfer internet /usr/bin/python3 "$top/tests/lib/transfer.py" serve 5201
wait_for 5 eval "on internet ss -Hltn | grep -q :5201"
for ends in "10.1.20.2 $web4" "2001:db8:10:20::2 $web6"; do
	for how in "60000000 2" "4000000 8" "1000 40"; do
		# shellcheck disable=SC2086 # words
		on pilot /usr/bin/python3 "$top/tests/lib/transfer.py" ask $ends 5201 $how >/dev/null ||
			fail "not all came back: $ends $how"
	done
done
(($(verdict FORWARDED) > 100000)) || fail "nothing came through"
same "out of the window" 0 "$(verdict TCP_IDLE)"
same "resets" 0 "$(verdict TCP_WINDOW)"

say "all have closed"
same "connections" 100 "$(flow state dport 5201 | wc -l)"
wait_for 5 eval '! flow state dport 5201 | grep -v closing'

say "who asks where nobody listens is refused, and that is seen too"
matches "refused" "error ECONNREFUSED" "$(ask pilot tcp 10.1.20.2 0 $web4 7999)"
wait_for 5 eval '[[ $(flow state dport 7999) == closing ]]'
same "resets" 0 "$(verdict TCP_WINDOW)"
