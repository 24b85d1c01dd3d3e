#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A circuit without a pool of the packet's family is passed over; where none has one, the packet is
# dropped by that name and never on a wire.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
edit 's/circuits: \[chicago, dallas\], otherwise: internet/circuits: [dallas], otherwise: drop/'
apply
pilot6=2001:db8:10:20::2

say "the rule has dallas alone, and dallas has no IPv6"
before=$(verdict NO_POOL_OF_FAMILY)
matches "udp" '^error' "$(ask pilot udp $pilot6 0 $exchange6 7000)"
matches "tcp" '^error' "$(ask pilot tcp $pilot6 0 $exchange6 7000)"
if on pilot ping -n -6 -c 1 -W 1 $exchange6; then fail "an echo was answered"; fi
(($(verdict NO_POOL_OF_FAMILY) >= before + 3)) || fail "not dropped by its name"
same "flows" "" "$(flow circuit)"
matches "IPv4 by the same rule" '^dallas ' "$(ask pilot udp 10.1.20.2 0 $exchange4 7000)"

say "with chicago behind it, which has a pool of each: passed over for IPv6, first for IPv4"
edit 's/circuits: \[dallas\]/circuits: [dallas, chicago]/'
apply
before=$(verdict NO_POOL_OF_FAMILY)
for protocol in tcp udp; do
	matches "$protocol, IPv6" '^chicago 2001:db8:1:' "$(ask pilot $protocol $pilot6 0 $exchange6 7000)"
	matches "$protocol, IPv4" '^dallas 203\.0\.113\.' "$(ask pilot $protocol 10.1.20.2 0 $exchange4 7000)"
done
on pilot ping -n -6 -c 2 -i 0.2 -W 2 $exchange6 | grep -q ' 2 received'
same "dropped" "$before" "$(verdict NO_POOL_OF_FAMILY)"

say "a pool taken away under a rule that had one: the same name again"
edit 's#, "2001:db8:1::/64"\]#]#; s#, "2001:db8:1::/48"\]#]#'
apply
before=$(verdict NO_POOL_OF_FAMILY)
matches "udp" '^error' "$(ask pilot udp $pilot6 0 $exchange6 7000)"
(($(verdict NO_POOL_OF_FAMILY) > before)) || fail "not dropped by its name"

say "on no wire of dallas, and on none with an address of the inside"
if seen er2 ' 2001:db8:e::10 '; then fail "it was on dallas' wire"; fi
if grep -h " $pilot6 " "$work"/{er0,er1,er2,wan0}.seen; then fail "it left untranslated"; fi
(($(cat "$work"/er[01].seen | grep -c ' 2001:db8:e::10 ') > 0)) || fail "the witness saw nothing at all"
