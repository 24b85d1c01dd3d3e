#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The whole bench: each part in turn, what it printed kept beside its JSON in build/bench, and at the end
# the report with its plots, build/bench/report.md.
#
#   all.sh [PART...]    bench grow cores latency expiry profile
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=$(cd "$here/../.." && pwd)/build/bench
declare -A minutes=([bench]=6 [grow]=7 [cores]=1 [latency]=1 [expiry]=1 [profile]=1) # on an idle machine of two cores
(($#)) || set -- bench grow cores latency expiry profile
whole=0
for part in "$@"; do
	[[ ${minutes[$part]:-} ]] || { echo "bench: $part: accepted: ${!minutes[*]}" >&2; exit 2; }
	whole=$((whole + minutes[$part]))
done
echo "bench: $*: about $whole minutes; nothing else should run meanwhile"
mkdir -p "$out"
rm -f "$out"/*.txt "$out"/*.svg
status=0
for part in "$@"; do
	echo "== $part"
	bash "$here/$part.sh" >"$out/$part.txt" 2> >(tee -a "$out/$part.txt" >&2) || status=$?
	cat "$out/$part.txt"
done
/usr/bin/python3 "$here/plot.py" "$out" || status=$?
echo "bench: took $SECONDS s"
exit $status
