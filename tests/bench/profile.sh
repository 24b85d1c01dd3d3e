#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a packet of each kind asks of maps, and how long the programs are that see it.
#
#   profile.sh [--short] [--json FILE]
set -euo pipefail
# shellcheck source=tests/bench/more.sh
. "$(dirname "$0")/more.sh"
rig_begin
topology
config 20000 3600 >"$work/samepath.yaml"
gateway_start "$samepath"
for map in /sys/fs/bpf/samepath/"$prefix"/*; do # programs and links are pinned there too
	seen=$(bpftool -j map show pinned "$map" 2>/dev/null) || continue
	echo "${seen/#\{/{\"map\": 1, }" | tr '\n' ' ' >>"$lines"
	echo >>"$lines"
done
bpftool -j prog show | /usr/bin/python3 "$here/parts.py" --programs "$lines" >"$work/programs"
cat "$work/programs" >>"$lines"
cleanup
topology
gateway_start "$top/build/counted/samepath"
kill -STOP "$daemon" # its sweep asks maps too
bench_run counted 2048 own
kill -CONT "$daemon"
cleanup
summary
