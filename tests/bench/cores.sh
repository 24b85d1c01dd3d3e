#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Two cores: how throughput scales where flows are spread by host, and what it costs when the two
# directions of a flow are on different cores. cores.c says who sends what from where.
#
#   cores.sh [--rounds N] [--short] [--json FILE]
set -euo pipefail
# shellcheck source=tests/bench/more.sh
. "$(dirname "$0")/more.sh"
flows=10240 packets=2000000
[[ -z $short ]] || flows=2048 packets=20000
(($(nproc) > 1)) || { echo "cores: one core, nothing to compare" >&2; exit 0; }
rig_begin
for ((round = 1; round <= rounds; round++)); do
	[[ $short ]] || settle
	topology
	config 100000 3600 >"$work/samepath.yaml"
	gateway_start "$samepath"
	bench_run samepath "$flows" own --packets "$packets"
	cleanup
	topology
	bench_run sink "$flows" sink --packets "$packets"
	cleanup
done
summary
