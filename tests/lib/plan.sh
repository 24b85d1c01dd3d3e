# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the tests of `samepath plan` and `verify`: runs it, and looks at its status and at what it said.
set -euo pipefail
samepath=${SAMEPATH:-build/samepath}
PATH=$PATH:/usr/sbin # where bird is, who ever runs this
work=$(mktemp -d)
out=$work/out
trap 'rm -rf "$work"' EXIT
# shellcheck disable=SC2034 # for who sources this
sound=tests/data/plans/sound.yaml

# status EXPECTED WORDS...: what is written is in $out
status() {
	local found=0 expected=$1
	shift
	"$samepath" "$@" >"$out" 2>&1 || found=$?
	[[ $found == "$expected" ]] || { echo "samepath $*: status $found, not $expected" && cat "$out" && exit 1; }
}
says() { grep -q -- "$1" "$out" || { echo "not said: $1" && cat "$out" && exit 1; }; }
lacks() { ! grep -q -- "$1" "$out" || { echo "said: $1" && cat "$out" && exit 1; }; }
only() { says "$1" && [[ $(wc -l <"$out") == 1 ]] || { echo "more than a line" && cat "$out" && exit 1; }; }
json() { python3 -c "import json,sys; d = json.load(open(sys.argv[1])); assert $1, d" "$out"; }
