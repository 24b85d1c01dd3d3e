#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `mss` of a circuit: both ends of a connection over it send no larger segments, by the number or by what the
# MTU leaves; connections of other circuits are as before.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_start
apply

# segments FROM SOURCE DESTINATION AT: largest segment that the client sends, and that its server in AT does;
# 12 bytes of each are the timestamp's
segments() {
	quiet_on "$1" /usr/bin/python3 - "$2" "$3" "/run/netns/$lab$4" <<-'PYTHON'
		import re, socket, subprocess, sys
		source, destination, server = sys.argv[1:]
		s = socket.create_connection((destination, 7001), source_address=(source, 0), timeout=5)
		s.sendall(b"hello\n")
		s.recv(100)
		size = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
		seen = subprocess.run(["nsenter", "--net=" + server, "ss", "-Htin"], check=True,
		                      capture_output=True, text=True).stdout
		print(size, *sorted(set(re.findall(re.escape(destination) + r"\]?:7001 .*\n.* mss:(\d+) ", seen))))
	PYTHON
}
exchange() { segments pilot 10.1.20.2 $exchange4 chicago && segments pilot 2001:db8:10:20::2 $exchange6 chicago; }
web() { segments campus 10.2.0.2 $web4 internet; }
sizes() { printf '%s %s\n%s %s' $(($1 - 52)) $(($1 - 52)) $(($1 - 72)) $(($1 - 72)); } # of an MTU, both families

same "without the key" "$(sizes 1500)" "$(exchange)"
edit '/name: chicago/a\    mss: 1000'
apply
same "mss: 1000" "988 988"$'\n'"988 988" "$(exchange)"
same "of another circuit" "1448 1448" "$(web)"
edit 's/mss: 1000/mss: auto/'
apply
same "auto, nothing smaller" "$(sizes 1500)" "$(exchange)"
for device in er0 er1; do ip -n "${lab}gw" link set $device mtu 1400; done
apply
same "auto, links of 1400" "$(sizes 1400)" "$(exchange)"
for device in er0 er1; do ip -n "${lab}gw" link set $device mtu 1500; done
ip -n "${lab}gw" link set lan0 mtu 1350
apply
same "auto, inside 1350" "$(sizes 1350)" "$(exchange)"
same "of another circuit" "1448 1448" "$(web)"
