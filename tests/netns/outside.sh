#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Nobody outside opens anything: unsolicited packets, inside sources on a circuit, no segment.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
apply
outside() { # VERDICT, then the arguments of inject
	local name=$1 before
	before=$(verdict "$name")
	shift
	inject "$@"
	wait_for 5 verdict_above "$name" "$before"
}
flows() { quiet_sp -j flow show | grep -c '"circuit"' || :; }

say "a pool address that nobody asked from"
outside UNSOLICITED chicago c0 er0 udp 198.18.1.10 53 203.0.113.40 4444
outside UNSOLICITED internet i0 wan0 tcp 198.19.0.10 80 203.0.113.5 4444 S
say "an inside source on a circuit"
outside INSIDE_SOURCE internet i0 wan0 udp 10.1.20.2 53 203.0.113.5 4444
outside INSIDE_SOURCE chicago c1 er1 udp 10.2.0.2 53 10.1.20.2 4444
say "a source of no segment from inside"
outside NO_SEGMENT pilot eth0 lan0 udp 172.31.0.9 53 198.19.0.10 4444
say "a circuit is no way in: an address of the site itself"
before=$(verdict NOT_FOR_US)
inject internet i0 wan0 udp 198.19.0.10 53 10.1.20.2 4444
wait_for 5 verdict_above NOT_FOR_US "$before"
same "flows" 0 "$(flows)"
