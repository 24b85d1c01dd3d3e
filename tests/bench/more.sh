# shellcheck shell=bash
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

config() { # flows that there is room for, time-out of UDP
	cat <<-YAML
		gateway: {name: $prefix, lab: true}
		inside:
		  interfaces: [gin]
		  segments:
		    - {name: site, prefixes: [10.1.0.0/16]}
		circuits:
		  - name: internet
		    kind: internet
		    links: [{interface: gout}]
		    outbound-pool: [198.18.0.0/24]
		policy:
		  - {from: [site], to: [any], circuits: [internet], otherwise: drop}
		timeouts: {udp: $2}
		limits: {flows: $1, flows-per-host: 65535, half-open: $1}
	YAML
}

# The bench's program, with what the part adds to its options.
bench_run() { # row, flows, first hop, options...
	taskset -c "$cpu" "$out/bench" --row "$1" --round "${round:-1}" --flows "$2" --objects "$out" \
		--first-hop "$3" --prefix "$prefix" --mode "$part" --packets 1 "${@:4}" >>"$lines"
}

summary() { /usr/bin/python3 "$here/parts.py" "$part" ${short:+--short} --json "$json" "$lines"; }
