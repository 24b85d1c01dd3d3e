#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A daemon stopped for longer than a timeout loses no live flow, and a dead one is not revived.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
edit 's/udp: 300/udp: 120/; s/icmp: 60/icmp: 60/'
daemon_start
talk live pilot udp 10.1.20.2 0 $exchange4 7001
live=$(say_to live)
kill -STOP "$daemon"
until=$((SECONDS + 8))
while ((SECONDS < until)); do same "daemon stopped" "$live" "$(say_to live)"; done
kill -CONT "$daemon"
same "daemon back" "$live" "$(say_to live)"
matches "new flow" '^chicago ' "$(ask pilot tcp 10.1.20.2 0 $exchange4 7000)"
