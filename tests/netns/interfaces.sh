#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# An interface that goes and comes back, with another number or while its number is another device's,
# is attached again by the daemon; until then nothing leaves untranslated, though the kernel would.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
edit 's/circuits: \[chicago, dallas\], otherwise: internet/circuits: [dallas], otherwise: drop/'
gw sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
daemon_start
number() { ip -n "${lab}gw" -o link show "$1" | cut -d: -f1; }
goes() { [[ $(ask pilot udp 10.1.20.2 0 $exchange4 7000) == "$1 "* ]]; }
wait_for 10 goes dallas

say "somebody talks all the while, of every kind that a kernel would forward"
chatter() {
	nsenter --net="/run/netns/${lab}$1" /usr/bin/python3 - "$2" "$exchange4" <<'PYTHON' &
import socket, sys, time
while True:
    for port in range(5000, 5050):
        try:
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.bind((sys.argv[1], port + 1000))
            s.sendto(b"x", (sys.argv[2], port))
            s.close()
        except OSError:
            pass
        time.sleep(0.005)
PYTHON
	noise+=($!)
}
chatter pilot 10.1.20.2
chatter campus 10.2.0.2

say "a link deleted and made again: another number"
talk old pilot udp 10.1.20.2 0 $exchange4 7001
matches "old" '^dallas ' "$(say_to old)"
was=$(number er2)
ip -n "${lab}gw" link del er2
silent() { ! goes dallas; }
wait_for 10 silent
dallas_wire
[[ $(number er2) != "$was" ]] || fail "the number is the same: nothing was tested"
wait_for 15 attached er2
wait_for 15 goes dallas
quiet_on gw tc filter show dev er2 egress | grep -q samepath || fail "er2 has no guard"

say "the number of a link becomes that of another device, which has a route of its circuit"
was=$(number er2)
ip -n "${lab}gw" link del er2
ip -n "${lab}gw" link add other0 index "$was" type veth peer name o0 netns "${lab}internet"
witness other0 internet o0 172.30.0.1
ip -n "${lab}internet" link set o0 up
ip -n "${lab}gw" addr add 172.30.0.1/30 dev other0
ip -n "${lab}gw" link set other0 up
same "the number" "$was" "$(number other0)"
dallas_wire
wait_for 15 attached er2
wait_for 15 goes dallas
if attached other0; then fail "XDP on somebody else's device: $(ip -n "${lab}gw" -d link show other0)  $(quiet_on gw bpftool net) $(for i in /sys/fs/bpf/samepath/$gateway/link_*; do echo $i; bpftool link show pinned $i;done)"; fi
links() { quiet_sp -j show | /usr/bin/python3 -c '
import json, sys
print(*sorted(l["interface"] for l in json.load(sys.stdin)["links"]))'; }
same "links" "er0 er1 er2 lan0 lan1 wan0" "$(links)"
if grep -v -e watching -e judging "$work/other0.seen" | grep -v -e ' fe80:' -e '^[a-z0-9]* :: ' -e '172.30.0'; then fail "something left by it"; fi

say "an inside interface, which the kernel would route for until it is attached"
ip -n "${lab}gw" link del lan0
before=$(verdict GUARD_SOURCE)
wire pilot eth0 lan0 10.1.20.2/24 10.1.20.1/24 2001:db8:10:20::2/64 2001:db8:10:20::1/64
ip -n "${lab}pilot" route add default via 10.1.20.1
wait_for 15 attached lan0
wait_for 15 goes dallas
say "the guard stopped $(($(verdict GUARD_SOURCE) - before)) packets meanwhile"

same "violations" 0 "$(circuit dallas violations)"
