#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The init of the machine that vm.sh boots. Results go to the second serial line, with "status N" at
# the end; the kernel's messages and the whole logs to the first.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C TERM=dumb
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
ln -s /proc/self/fd /dev/fd
mkdir -p /dev/shm
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mount -t bpf bpf /sys/fs/bpf
ip link set lo up
exec >/dev/ttyS1 2>&1

what=$(sed -n 's/.*samepath\.tests="\([^"]*\)".*/\1/p' /proc/cmdline)
limit=$(sed -n 's/.*samepath\.limit=\([0-9]*\).*/\1/p' /proc/cmdline)
cd /samepath || exit
echo "Linux $(uname -r), up after $(cut -d. -f1 /proc/uptime) s"
# Every program of the object by itself, without the settings that a configuration fixes; the tests load
# those that they need as the configuration says.
mkdir /sys/fs/bpf/loaded
if bpftool prog loadall build/samepath.bpf.o /sys/fs/bpf/loaded/all >/tmp/loadall 2>&1; then
	echo "loaded  $(find /sys/fs/bpf/loaded/all -type f | wc -l) programs"
	loads=0
else
	echo "FAILED  the programs do not load: $(grep -v '^processed' /tmp/loadall | tail -5)"
	loads=1
fi
rm -rf /sys/fs/bpf/loaded
# shellcheck disable=SC2086 # words
LIMIT=$limit READY_WAIT=120 UDP_TIMEOUT=20 tests/run $what
status=$?
((loads == 0)) || status=1
if dmesg | grep -E 'BUG:|WARNING:|Oops|blocked for more|soft lockup|rcu.*stall'; then
	echo "FAILED  the kernel complained"
	status=1
fi
{
	cat /tmp/loadall
	for log in build/tests/log/*; do
		echo "== $log"
		cat "$log"
	done
} >/dev/ttyS0
echo "status $status"
sleep 1 # the line drains
echo b >/proc/sysrq-trigger
