# shellcheck shell=bash disable=SC2034 # the parts read them
# SPDX-License-Identifier: GPL-2.0-only
#
# What cores.sh, expiry.sh, profile.sh and latency.sh share: their options and their gateway. Source it.
#
#   PART.sh [--rounds N] [--short] [--json FILE]

# shellcheck source=tests/bench/rig.sh
. "$(dirname "$0")/rig.sh"
part=$(basename "$0" .sh)
rounds=3 short='' json=$out/$part.json
while (($#)); do
	case $1 in
	--rounds) rounds=$2; shift ;;
	--json) json=$2; shift ;;
	--short) short=1 rounds=1 ;;
	*) echo "usage: $part.sh [--rounds N] [--short] [--json FILE]" >&2; exit 2 ;;
	esac
	shift
done

# The bench's program, with what the part adds to its options.
bench_run() { # row, flows, first hop, options...
	taskset -c "$cpu" "$out/bench" --row "$1" --round "${round:-1}" --flows "$2" --objects "$out" \
		--first-hop "$3" --prefix "$prefix" --mode "$part" --packets 1 "${@:4}" >>"$lines"
}

summary() { /usr/bin/python3 "$here/parts.py" "$part" ${short:+--short} --json "$json" "$lines"; }
