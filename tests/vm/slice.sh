#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The oldest kernel in a run of its own, as far as a minute or so goes: every program loads there, the
# prog tests of flows hold, and VLAN devices carry the gateway. `make test-vm` shows the rest.
# Its limits are shorter than that of tests/run, so that what stands still is heard of.
LIMIT_APT=90 LIMIT_TEST=240 LIMIT_VM=300 \
	TESTS='build/tests/prog/flow_test tests/netns/vlan.sh' exec "$(dirname "$0")/vm.sh" 6.1
