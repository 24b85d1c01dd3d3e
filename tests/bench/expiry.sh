#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A million live flows, 20,000 new ones a second, and as many that expire: what share of a core the daemon
# takes (all of it: sweep and the rest), and which packets are lost meanwhile.
#
#   expiry.sh [--rounds N] [--short] [--json FILE]
set -euo pipefail
# shellcheck source=tests/bench/more.sh
. "$(dirname "$0")/more.sh"
flows=1000000 rate=20000 seconds=25
[[ -z $short ]] || flows=20000 rate=2000 seconds=2
rig_begin
topology
config $((flows + 25 * rate)) 10 >"$work/samepath.yaml"
gateway_start "$samepath"
bench_run samepath "$flows" own --rate "$rate" --seconds "$seconds" --daemon "$daemon"
cleanup
summary
