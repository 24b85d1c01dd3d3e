#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A reply on another circuit than the flow's is refused and counted, and the flow does not move.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
apply

for protocol in udp tcp; do
	talk $protocol pilot $protocol 10.1.20.2 0 $exchange4 7001
	answer=$(say_to $protocol)
	matches "$protocol over chicago" '^chicago 203\.0\.113\.' "$answer"
	read -r _ address port <<<"$answer"
	for from in "internet i0 wan0" "dallas d0 er2"; do
		before=$(circuit chicago violations)
		# shellcheck disable=SC2086 # three words
		inject $from $protocol $exchange4 7001 "$address" "$port"
		more() { (($(circuit chicago violations) == before + 1)); }
		wait_for 5 more
		same "$protocol after a foreign reply" "$answer" "$(say_to $protocol)"
	done
	say "a reset from the wrong circuit does not end it"
	[[ $protocol != tcp ]] || inject internet i0 wan0 tcp $exchange4 7001 "$address" "$port" RA
	same "$protocol still there" "$answer" "$(say_to $protocol)"
done
