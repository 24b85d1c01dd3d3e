#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The whole bench: each part in turn, what it printed kept beside its JSON, and at the end the report with
# its plots, report.md. All of it is in the folder OUT, build/bench unless it is said; runs that have each their
# own are compared by agree.py.
#
#   all.sh [PART...]    bench grow cores latency expiry profile
#
# ROUNDS of each figure, 3 unless it is said.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.." || exit 2
results=${OUT:-build/bench} rounds=${ROUNDS:-3}
# s of three rounds, on two cores that are idle otherwise
declare -A length=([bench]=420 [grow]=400 [cores]=40 [latency]=50 [expiry]=150 [profile]=10)
(($#)) || set -- bench grow cores latency expiry profile
whole=0
for part in "$@"; do
	[[ ${length[$part]:-} ]] || { echo "bench: $part: accepted: ${!length[*]}" >&2; exit 2; }
	whole=$((whole + length[$part] * rounds / 3))
done
echo "bench: $*: about $(((whole + 59) / 60)) minutes; nothing else should run meanwhile"
mkdir -p "$results"
rm -f "$results"/*.txt "$results"/*.svg "$results"/{bench,grow,cores,latency,expiry,profile}.json
status=0
for part in "$@"; do
	start=$SECONDS
	bash "$here/$part.sh" --rounds "$rounds" --json "$results/$part.json" 2>&1 | tee "$results/$part.txt" || status=1
	echo "$part: took $((SECONDS - start)) s"
done
/usr/bin/python3 "$here/plot.py" "$results" || status=$?
echo "bench: took $SECONDS s"
exit $status
