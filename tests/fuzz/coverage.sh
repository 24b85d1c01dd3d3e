#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# How much of bpf/ the stories of the datapath fuzzer reach:  tests/fuzz/coverage.sh [DIRECTORY...]
#
# The packet path is compiled once more, with counters in the place of sanitizers, and told every
# story of the directories. The whole account, line by line, is build/fuzz/coverage.txt.
set -euo pipefail

cd "$(dirname "$0")/../.."
[[ $# -gt 0 ]] || set -- build/fuzz/datapath_fuzz build/fuzz/datapath_fuzz-seeds
program=build/fuzz/datapath_coverage
version=$(clang --version | sed -n 's/.*clang version \([0-9]*\).*/\1/p')

# The tools are those of the compiler, whatever else there is.
tool() {
	command -v "$1-$version" || command -v "$1" || {
		echo "coverage: no $1" >&2
		return 1
	}
}
profdata=$(tool llvm-profdata) cov=$(tool llvm-cov)

clang -std=gnu11 -O1 -g -D_GNU_SOURCE -I. -fsanitize=fuzzer -fprofile-instr-generate -fcoverage-mapping \
	-DFLOW_NEAR_LINES=8 tests/fuzz/native.c tests/fuzz/datapath_fuzz.c userspace/flow_table.c -lbpf -lcmocka -o "$program"
LLVM_PROFILE_FILE=$program.raw "$program" -runs=0 -max_len=65536 -artifact_prefix=build/fuzz/ "$@" \
	2>"$program.log"
"$profdata" merge -o "$program.profile" "$program.raw"
"$cov" show "$program" -instr-profile="$program.profile" "$PWD/bpf" >build/fuzz/coverage.txt
"$cov" report "$program" -instr-profile="$program.profile" "$PWD/bpf" |
	awk '/^-/ { next } { print }' >build/fuzz/coverage-report.txt
# of each file: lines, and those that no story reaches
awk 'NR == 1 { next } $1 == "TOTAL" { total = 1 }
	{ lines = $8; missed = $9; printf "%s%-22s %5d of %5d lines, %s\n", total ? "bpf/: " : "  ",
		total ? "" : $1, lines - missed, lines, $10 }' build/fuzz/coverage-report.txt
