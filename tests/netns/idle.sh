#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the daemon costs when there is nothing to do, metrics included: below 1 % of a core, below
# 20 MiB. How full the tables are comes from its sweeps, not from counting anew.
# Alone: it measures what a daemon costs.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
edit 's#(interface: er0, )#\1check: icmp/172.16.0.2, #'
applied=1
background daemon gw "$samepath" -c "$work/samepath.yaml" run --textfile "$work/metrics.prom"
daemon=$last
wait_for 15 test -s "$work/metrics.prom"

cpu() { # of the daemon, ms
	local ticks
	ticks=$(sed 's/.*) //' "/proc/$daemon/stat" | cut -d' ' -f12,13 | tr ' ' +)
	echo $(((ticks) * 1000 / $(getconf CLK_TCK)))
}
before=$(cpu)
sleep 30
used=$(($(cpu) - before))
say "$used ms of CPU in 30 s, $(grep VmRSS "/proc/$daemon/status")"
((used <= 300)) || fail "$used ms of CPU in 30 s"
(($(sed -n 's/VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$daemon/status") < 20480)) || fail "above 20 MiB"

say "numbers of the last sweep while a daemon runs, counted without one"
entries() { counted tables table flows4 entries; }
kill -STOP "$daemon"
ask pilot udp 10.1.20.2 0 $exchange4 7000 >/dev/null
same "daemon stopped" 0 "$(entries)"
kill -CONT "$daemon"
swept() { (($(entries) == 2)); }
wait_for 10 swept
grep -q '^samepath_table_entries{.*flows4"}' "$work/metrics.prom" || fail "no metric"
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null || :
ask pilot udp 10.1.20.2 0 $exchange4 7000 >/dev/null
same "without a daemon" 4 "$(entries)"
