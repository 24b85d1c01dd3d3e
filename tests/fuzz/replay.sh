#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the datapath fuzzer has found so far, through the kernel's packet path too: every story of its corpus,
# packet by packet (tests/prog/datapath_replay_test.c). It needs root.
set -euo pipefail

cd "$(dirname "$0")/../.."
corpus=${1:-build/fuzz/datapath_fuzz} log=build/fuzz/replay.log
((EUID == 0)) || { echo "replay: skipped, needs root" && exit; }
files=$(find "$corpus" -type f | wc -l)
STORIES=$corpus build/tests/prog/datapath_replay_test >"$log" 2>&1 || {
	echo "replay: FAILED, the whole log is $log"
	tail -15 "$log"
	exit 1
}
told=$(sed -n 's/^\([0-9]*\) stories, [0-9]* packets$/\1/p' "$log")
echo "replay: the kernel did the same in $(grep ' stories, ' "$log"), $files of them of $corpus"
((files > 0 && told > files)) || { echo "replay: FAILED, that is not all of them" && exit 1; }
