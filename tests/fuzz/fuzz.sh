#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the fuzzers, as many at once as there are processors:  tests/fuzz/fuzz.sh SECONDS [NAME...]
#
# A fuzzer is one file, tests/fuzz/NAME.c, which says its seeds in a line "// Seeds: GLOB...", what else
# it wants in "// Options: ...", and in "// Slice: SECONDS" how long it takes in `make test`, else one.
# Without such files for seeds it makes some itself, in the directory SEEDS.
# Inputs that crashed once are kept in tests/data/fuzz/NAME and run first. What is found on the way
# stays in build/fuzz/NAME for the next run; what crashes is written to build/fuzz/NAME-crash-*.
set -euo pipefail
shopt -s nullglob

cd "$(dirname "$0")/../.."
seconds=${1:?how long}
shift
if (($# != 1)); then
	(($#)) || set -- tests/fuzz/*_fuzz.c
	set -- "${@##*/}"
	set -- "${@%.c}"
	printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 tests/fuzz/fuzz.sh "$seconds" || exit 1
	exit
fi
name=$1

# Copies the seeds and saved crashes of a fuzzer, for it adds to the directory that it is given.
seed() {
	local globs file
	globs=$(sed -n 's,^// Seeds: ,,p' "tests/fuzz/$name.c")
	rm -rf "build/fuzz/$name-seeds"
	mkdir -p "build/fuzz/$name" "build/fuzz/$name-seeds"
	# shellcheck disable=SC2086 # globs
	for file in $globs tests/data/fuzz/"$name"/*; do
		cp "$file" "build/fuzz/$name-seeds/${file//\//_}"
	done
	[[ -n $globs ]] || SEEDS=build/fuzz/$name-seeds "build/tests/fuzz/$name" -runs=0 2>/dev/null
}

program=build/tests/fuzz/$name log=build/fuzz/$name.log
seed
saved=(tests/data/fuzz/"$name"/*)
read -ra options <<<"$(sed -n 's,^// Options: ,,p' "tests/fuzz/$name.c")"
limits=(-timeout=20 -rss_limit_mb=2048 "-artifact_prefix=build/fuzz/$name-")
if { [[ ${#saved[@]} -eq 0 ]] || "$program" "${limits[@]}" "${saved[@]}"; } >"$log" 2>&1 &&
	"$program" "${limits[@]}" -max_len=65536 "${options[@]}" -max_total_time="$seconds" \
		-print_final_stats=1 "build/fuzz/$name" "build/fuzz/$name-seeds" >>"$log" 2>&1; then
	echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, $(
		grep -o 'cov: [0-9]*' "$log" | tail -1), ${#saved[@]} saved"
	exit
fi
echo "$name: FAILED, the whole log is $log
$(grep -m1 -A12 'ERROR\|runtime error\|Assertion' "$log" || tail -20 "$log")
$(grep 'Test unit written' "$log")"
exit 1
