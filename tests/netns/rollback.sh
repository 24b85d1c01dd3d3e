#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# An apply that fails in the middle puts everything back, and says what failed.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
before=$(footprint)
say "a link that is not there: nothing is changed on a machine that had nothing"
edit 's/interface: er2,/interface: er9,/'
applied=1
if sp apply >"$work/out" 2>&1; then fail "it was applied"; fi
grep -q er9 "$work/out" || fail "does not name er9: $(cat "$work/out")"
unchanged "footprint" "$before"

say "a change that fails leaves the running gateway as it was"
edit 's/interface: er9,/interface: er2,/'
apply
talk old pilot udp 10.1.20.2 0 $exchange4 7001
old=$(say_to old)
before=$(footprint)
edit 's/interface: er2,/interface: er9,/; s/table: 102/table: 103/'
if sp apply >"$work/out" 2>&1; then fail "it was applied"; fi
unchanged "footprint" "$before"
same "old flow" "$old" "$(say_to old)"
matches "new flow" '^chicago ' "$(ask pilot tcp 10.1.20.2 0 $exchange4 7000)"
