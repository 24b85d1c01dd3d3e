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
flows=1000000 rate=20000 seconds=20
[[ -z $short ]] || flows=20000 rate=2000 seconds=2

# No live flow expired and was opened anew, and the others are gone, but those of the last time-outs.
kept() {
	gw "$samepath" -c "$work/samepath.yaml" -j show | /usr/bin/python3 -c '
import json, sys
run = json.loads(open(sys.argv[1]).readlines()[-1])
row = next(row for row in json.load(sys.stdin)["circuits"] if row["circuit"] == "internet")
opened, alive = int(row["opened"]), int(row["flows"])
if opened != run["opened"] or alive > run["live"] + run["asked"] * min(run["ran"], 34):
    sys.exit("expiry: %d opened of %d that were new; %d alive" % (opened, run["opened"], alive))' "$lines"
}
rig_begin
for ((round = 1; round <= rounds; round++)); do
	topology
	config $((flows + 50 * rate)) 10 >"$work/samepath.yaml"
	gateway_start "$samepath"
	bench_run samepath "$flows" own --rate "$rate" --seconds "$seconds" --daemon "$daemon"
	kept
	cleanup
done
summary
