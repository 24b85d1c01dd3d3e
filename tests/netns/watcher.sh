#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The watcher of the soak on live wires: what is lawful counts nothing, what is not is counted on its wire,
# and what it was too slow for is not passed over. Each of its counters has a case in tests/unit/watch_test.c.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/soak_watch.sh
. "$(dirname "$0")/../lib/soak_watch.sh"
watch_only=("only 198.19.0.10 internet")
lab_start
cell() { # ROW WIRE: a number of the table
	watch_table | awk -v row="$1" -v wire="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == wire) from_right = NF - i }
		$1 == row { for (i = NF; i > 0; i--) if ($i !~ /^[0-9]+$/) $i = ""; $0 = $0; print $(NF - from_right) }'
}
is() { [[ $(cell "$1" "$2") == "$3" ]]; } # ROW WIRE NUMBER

say "the kernel alone, translating as the circuits would"
gw sysctl -qw net.ipv4.ip_forward=1
gw nft -f - <<NFT
table ip lab {
	chain out {
		type nat hook postrouting priority 100
		oifname wan0 snat to 203.0.113.1
	}
}
NFT
matches "answer by TCP" '^internet 203\.0\.113\.1 ' "$(ask pilot tcp 10.1.20.2 0 $web4 7000)"
matches "answer by UDP" '^internet 203\.0\.113\.1 ' "$(ask campus udp 10.2.0.2 0 $web4 7000)"
on campus ping -q -c 3 -i 0.2 $web4 >/dev/null
(($(cell known wan0) >= 8)) || fail "it knows few again: $(watch_table)"
(($(cell known lan1) >= 4)) || fail "it knows few again: $(watch_table)"
watch_good "lawful traffic"

say "frames that no gateway may send"
inject gw er0 er0 udp 10.1.20.2 5000 $exchange4 7000
wait_for 5 is inside er0 1
inject gw lan0 lan0 udp $web4 7000 10.1.20.2 5000
wait_for 5 is origin lan0 1
inject gw er2 er2 tcp 203.0.113.33 5000 $exchange4 7000
wait_for 5 is foreign er2 1
matches "in words" '^inside on er0: protocol 17 type 0 10\.1\.20\.2 5000 198\.18\.1\.10 7000' "$(head -1 "$work/watch.foreign")"

say "a watcher that is too slow says so"
kill -STOP "${witnesses[watch]}"
on gw "$top/build/tests/lib/syn" wan0 "$(mac internet i0)" $web4 7000 20000 50000
kill -CONT "${witnesses[watch]}" # ends by what it finds next, or when it is told to
! witnesses_end 2>"$work/complaint" || fail "the watcher did not complain"
grep -q 'frames lost to the watcher' "$work/complaint" || fail "not by name: $(cat "$work/complaint")"
grep -qE '^unwatched .* [1-9][0-9]*  frames' "$work/watch.table" || fail "its table: $(cat "$work/watch.table")"
grep -q '^inside .* 1  an inside address' "$work/watch.table" || fail "its table: $(cat "$work/watch.table")"
witnesses=()
