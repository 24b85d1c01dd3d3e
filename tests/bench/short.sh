#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every part of the bench, so short that its times mean nothing: that each still works, loses nothing and
# writes what the report and agree.py read.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
for part in bench grow cores latency expiry profile; do
	options=(--short --json "$results/$part.json")
	[[ $part != grow ]] || options+=(--axes pool)
	start=$SECONDS
	bash "$here/$part.sh" "${options[@]}" 2>&1 | tee "$results/$part.txt"
	echo "$part: took $((SECONDS - start)) s"
done
/usr/bin/python3 "$here/plot.py" "$results"
/usr/bin/python3 "$here/agree.py" "$results" "$results"
