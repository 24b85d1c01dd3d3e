#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Services of other kinds on real sockets: the source kept, nothing translated, a public address in the
# link's own subnet, and what is heard when no server is left.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
lab_services
published+=(198.51.100.9 2001:db8:5::9 192.0.2.12 2001:db8:ff::c 192.0.2.9)
lab_start

say "a server that has the public address itself"
for address in 198.51.100.9/32 2001:db8:5::9/128; do ip -n "${lab}campus" addr add $address dev lo; done
background talk-own campus /usr/bin/python3 "$top/tests/lib/talk.py" serve own 198.51.100.9 2001:db8:5::9
wait_for 10 grep -q serving "$work/talk-own.out"
ip -n "${lab}gw" route add 198.51.100.9 via 10.2.0.2
ip -n "${lab}gw" -6 route add 2001:db8:5::9 via 2001:db8:10:2::2
ip -n "${lab}chicago" route add 198.51.100.9 via 172.16.0.1
ip -n "${lab}chicago" -6 route add 2001:db8:5::9 via 2001:db8:f:1::1
say "and one whose public address lies in the subnet of the link"
ip -n "${lab}gw" addr add 192.0.2.9/29 dev wan0
ip -n "${lab}internet" addr add 192.0.2.10/29 dev i0
edit 's/^(    advertise: \[203.0.113.0.*)\]/\1, 192.0.2.8\/29, "2001:db8:ff::\/64"]/'
cat >"$work/more" <<-YAML
	  - name: own
	    public: [198.51.100.9, "2001:db8:5::9"]
	    ports: [tcp/7000, udp/7000]
	    servers: [198.51.100.9, "2001:db8:5::9"]
	    circuits: [chicago]
	    source-nat: none
	  - name: near
	    public: [192.0.2.12, "2001:db8:ff::c"]
	    ports: [tcp/7000, udp/7000]
	    servers: [10.2.0.101, "2001:db8:10:2::101"]
	    circuits: [internet]
YAML
sed -i "/^timeouts/{
r $work/more
N
}" "$work/samepath.yaml"
# what r read comes behind the line: the line itself goes to the end
{ grep -v '^timeouts' "$work/samepath.yaml"; grep '^timeouts' "$work/samepath.yaml"; } >"$work/whole"
mv "$work/whole" "$work/samepath.yaml"
apply
for protocol in tcp udp; do
	same "own, $protocol" "own 198.18.1.10 45001" "$(ask chicago $protocol 198.18.1.10 45001 198.51.100.9 7000)"
	same "own, $protocol, IPv6" "own 2001:db8:e::10 45001" \
		"$(ask chicago $protocol 2001:db8:e::10 45001 2001:db8:5::9 7000)"
	matches "near, $protocol" '^s1 192\.168\.5\.5 ' "$(ask internet $protocol 192.0.2.10 0 192.0.2.12 7000)"
	matches "near, $protocol, IPv6" '^s1 2001:db8:10:f5:' \
		"$(ask internet $protocol 2001:db8:ff::2 0 2001:db8:ff::c 7000)"
done
same "who answers for it" "$(mac gw wan0)" \
	"$(ip -n "${lab}internet" neigh show 192.0.2.12 | grep -o '..:..:..:..:..:..')"

say "source-nat: none keeps the remote's address"
edit "s/^    public: \\[$public4.*/&\\n    source-nat: none/"
apply
for protocol in tcp udp; do
	matches "kept, $protocol" '^s[123] 198\.18\.1\.10 45002$' \
		"$(ask chicago $protocol 198.18.1.10 45002 $public4 7000)"
	matches "kept, $protocol, IPv6" '^s[123] 2001:db8:e::10 45002$' \
		"$(ask chicago $protocol 2001:db8:e::10 45002 $public6 7000)"
done
edit '/^    source-nat: none/{x;s/^/x/;/^x$/{x;d};x}'

say "no server left: a new connection hears what all-down says, an old one goes on"
apply
talk old chicago tcp 198.18.1.10 45003 $public4 7001
old=$(say_to old)
edit "s/^    public: \\[$public4.*/&\\n    drain: [10.2.0.101, 10.2.0.102, 10.2.0.103, \"2001:db8:10:2::101\", \"2001:db8:10:2::102\", \"2001:db8:10:2::103\"]/"
apply
same "drop" "error TIMEOUT" "$(ask chicago tcp 198.18.1.10 0 $public4 7000)"
for case in "reset ECONNREFUSED" "icmp EHOSTUNREACH"; do
	read -r word error <<<"$case"
	edit '/^    all-down/d; '"s/^    public: \\[$public4.*/&\\n    all-down: $word/"
	apply
	same "$word" "error $error" "$(ask chicago tcp 198.18.1.10 0 $public4 7000)"
	same "$word, IPv6" "error $error" "$(ask chicago tcp 2001:db8:e::10 0 $public6 7000)"
done
same "old" "$old" "$(say_to old)"
