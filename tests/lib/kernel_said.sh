# shellcheck shell=bash disable=SC2154 # netns.sh has set it
# SPDX-License-Identifier: GPL-2.0-only
#
# What the kernel complains of while a test runs: source it behind netns.sh.
#
#   kernel_listen          from here on
#   kernel_quiet WHEN      fails when it has complained since
#
# Its ring of messages forgets the oldest, so a number of lines says nothing: a mark is written into it. When
# the mark is forgotten all that is left is newer; who asks often misses nothing even then.
kernel_mark=
kernel_messages() { dmesg || fail "the kernel's messages cannot be read"; }
kernel_listen() {
	kernel_mark="$lab listens, $RANDOM$RANDOM"
	echo "$kernel_mark" >/dev/kmsg || fail "no mark can be left in the kernel's messages"
	[[ $(kernel_messages) == *"$kernel_mark"* ]] || fail "the mark is not in the kernel's messages"
}
# A pool of pages that is "stalled" is one of a device that is gone: of a test before.
kernel_complaints() { # LINES
	awk -v mark="$kernel_mark" 'index($0, mark) { said = ""; next } { said = said $0 "\n" } END { printf "%s", said }' <<<"$1" |
		grep -E 'WARNING|BUG|Oops|Call Trace|stall|lockup|hung|fault|page allocation failure|martian|refcount|blocked for more' |
		grep -v 'stalled pool shutdown' || :
}
kernel_quiet() { # WHEN
	local lines
	lines=$(kernel_messages) || exit
	same "$1: what the kernel complains of" "" "$(kernel_complaints "$lines")"
}
