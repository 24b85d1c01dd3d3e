#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The rig itself: plain forwarding gets through, and a foreign source makes the witness fail the test.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start

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
matches "answer over internet" '^internet 203\.0\.113\.1 ' "$(ask pilot tcp 10.1.20.2 0 $web4 7000)"
matches "answer by UDP" '^internet 203\.0\.113\.1 ' "$(ask campus udp 10.2.0.2 0 $web4 7000)"
wait_for 5 seen wan0 '^tcp 203.0.113.1 .* 198.19.0.10 7000$'

say "one frame with a source that the circuit does not own"
inject gw wan0 wan0 udp 10.1.20.2 5000 $web4 7000
wait_for 5 grep -q '^udp 10.1.20.2 5000 ' "$work/wan0.foreign"
! witnesses_end 2>"$work/complaint" || fail "the witness did not complain"
grep -q 'FAILED: witness of wan0' "$work/complaint" || fail "the complaint names no wire"
! grep -q 'witness of er' "$work/complaint" || fail "another wire was accused"
witnesses=()
