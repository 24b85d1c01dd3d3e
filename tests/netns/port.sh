#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The source port stays when it is free; a clash takes another; a host keeps one pool address.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
apply
say "a port that is free is kept"
for protocol in tcp udp; do
	matches "$protocol" ' 40123$' "$(ask pilot $protocol 10.1.20.2 40123 $exchange4 7000)"
done

say "one host, many conversations, one pool address"
first=$(ask pilot udp 10.1.20.2 0 $exchange4 7000)
read -r _ address _ <<<"$first"
found=$(on pilot /usr/bin/python3 "$top/tests/lib/talk.py" open udp 10.1.20.2 40 $exchange4 7001 | cut -d' ' -f2 | sort -u)
same "addresses of one host, UDP" "$address" "$found"
found=$(on pilot /usr/bin/python3 "$top/tests/lib/talk.py" open tcp 10.1.20.2 40 $exchange4 7001 | cut -d' ' -f2 | sort -u)
same "addresses of one host, TCP" "$address" "$found"

say "a clash: two hosts, one address, one port, one destination"
sp stop
edit 's#(outbound-pool: \[)203\.0\.113\.0/28#\1203.0.113.7/32#'
edit 's#circuits: \[chicago, dallas\]#circuits: [internet]#'
apply
talk one pilot udp 10.1.20.2 40999 $exchange4 7002
talk two campus udp 10.2.0.2 40999 $exchange4 7002
same "the first keeps it" "internet 203.0.113.7 40999" "$(say_to one)"
second=$(say_to two)
matches "the second gets another" '^internet 203\.0\.113\.7 [0-9]+$' "$second"
[[ $second != *' 40999' ]] || fail "both have one port: $second"
((${second##* } > 1023)) || fail "a port below 1024 for a client that had none: $second"
same "the first, again" "internet 203.0.113.7 40999" "$(say_to one)"
