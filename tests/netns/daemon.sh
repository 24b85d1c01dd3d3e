#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The daemon in the long run: however often it follows a change, it holds what it held.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
daemon_start

# Between two tasks; what an apply opens is open for half a second.
descriptors() {
	local fd
	for fd in "/proc/$daemon/fd/"*; do readlink "$fd"; done | grep -c bpf || :
}
none_open() { [[ $(descriptors) == 0 ]]; }

say "addresses come and go, and the daemon applies each time: no program or map stays open"
applied_at() { stat -c %Y.%i "/run/samepath/$gateway/applied.yaml" "/run/samepath/$gateway/slot"; }
followed() { [[ $(applied_at) != "$was" ]]; }
wait_for 10 none_open
for round in 1 2 3; do
	was=$(applied_at)
	ip -n "${lab}gw" addr add "10.9.9.$round/32" dev lan0
	wait_for 10 followed
done
wait_for 10 none_open
