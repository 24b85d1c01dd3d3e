#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Three runs of the bench agree where their noise overlaps, and a planted difference is found, each by its name;
# one figure in ten of a part may differ, as the noise is what nine of ten stay within, but none by twice as much.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

more=0 # figures of the bench that stay
lines=1 # of a profile

# As the parts write them: 100 ns net of 300, spread 4, moved by so much; latency 20 us.
runs() { # what run 3 differs by: bench's ns, grow's, latency's us
	local run moved
	for run in 1 2 3; do
		mkdir -p "$work/$run"
		moved=("$run" "$run" 0)
		((run < 3)) || moved=("$@")
		/usr/bin/python3 - "$work/$run" "${moved[@]}" "$more" "$lines" <<-'PYTHON'
			import json, sys
			folder, (bench, grow, latency) = sys.argv[1], map(float, sys.argv[2:5])
			def write(name, document):
			    json.dump(document, open(f"{folder}/{name}.json", "w"))
			def spread(median, half):
			    return {"median": median, "min": median - half, "max": median + half}
			write("bench", {"cells": [
			    {"row": "sink", "what": "out", "flows": 10000, "net": None, **spread(300, 4)},
			    {"row": "samepath-apd", "what": "out", "flows": 10000, "net": 100 + bench, **spread(400 + bench, 4)},
			    {"row": "samepath-apd", "what": "create", "flows": 1, "net": 100 * bench, **spread(100 * bench, 0)},
			    *({"row": "bare-nat", "what": "out", "flows": 10000 + n, "net": 100, **spread(400, 0)}
			      for n in range(int(sys.argv[5])))]})
			write("grow", {"fill": [], "cells": [
			    {"axis": "pool", "at": 64, "what": "create", "bare": 300, "net": spread(500 + grow, 2)}]})
			for other, counted in ("cores", 10), ("expiry", 10), ("profile", 100 * float(sys.argv[6])):
			    more = {"programs": []} if other == "profile" else {}
			    write(other, {"figures": {f"{other} thing": spread(counted, 0)}, **more})
			write("latency", {"figures": {"samepath, idle: us, median": spread(20 + latency, 0.2)}})
		PYTHON
	done
}

check() { # status, words that the output has; and lines besides the sum
	local status=0
	tests/bench/agree.py "$work"/[123] >"$work/out" || status=$?
	[[ $status == "$1" && $(wc -l <"$work/out") == $(($3 + 1)) ]] && grep -q "$2" "$work/out" && return
	printf 'wanted status %s, "%s" and %s lines, got status %s:\n%s\n' "$@" "$status" "$(<"$work/out")"
	exit 1
}

runs 3 3 0.3
check 0 '^7 figures of 3 runs, 0 apart' 0
runs 11 3 0 # 10 from run 1, whose rounds span 8; the noise is that of the sink, 8 of 300, and 10.9 of 411
check 0 '^7 figures' 0
runs 13 3 0
check 1 'apart bench: samepath-apd, out, 10000 flows' 2
check 1 'the runs do not agree on bench: 1 figures' 2
more=8 runs 20 3 0
check 0 '^15 figures of 3 runs, 1 apart.* 0 by more than 2' 1
more=8 runs 60 3 0
check 1 '^15 figures of 3 runs, 1 apart.* 1 by more than 2' 1
more=8 runs 20 -40 0
check 1 'the runs do not agree on grow: 1 figures' 3
runs 3 -60 0
check 1 'apart grow: pool 64, create' 2
runs 3 3 2
check 1 'apart latency: samepath, idle' 2
rm "$work/2/grow.json"
check 1 'missing' 4
rm "$work"/[123]/expiry.json
check 1 'no run has expiry' 5
runs 3 3 0
cp "$work/3/profile.json" "$work/profile.json"
lines=1.02 runs 3 3 0
cp "$work/profile.json" "$work/1/profile.json"
check 1 'apart profile: profile thing' 2
lines=1.005 runs 3 3 0
cp "$work/profile.json" "$work/1/profile.json"
tests/bench/agree.py "$work"/[13]/profile.json >/dev/null || exit # alone it is a profile too
runs 3 3 0
sed -i 's/"min": 9.8/"min": 1/' "$work/3/latency.json"
sed -i 's/"min": 19.8/"min": 10/' "$work/3/latency.json"
check 0 'noisy latency: samepath, idle' 1
