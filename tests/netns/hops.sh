#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# From inside, every hop to a destination is seen through the gateway, the gateway among them, and a closed port
# says so: by UDP, TCP and ICMP, in both families, with the sockets of a program and with the usual tools.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
spaces+=(beyond)
lab_start
for tool in traceroute tracepath ping; do
	command -v $tool >/dev/null || skip "NOT TESTED: no $tool"
done

say "behind the router of internet a host that listens to nothing"
# made as one of the gateway's, and then the other end is moved
wire beyond b0 lan9 198.19.9.2/24 198.19.9.3/24 2001:db8:f09::2/64 2001:db8:f09::3/64
ip -n "${lab}gw" link set lan9 netns "${lab}internet"
ip -n "${lab}internet" addr add 198.19.9.1/24 dev lan9
ip -n "${lab}internet" addr add 2001:db8:f09::1/64 dev lan9 nodad
ip -n "${lab}internet" link set lan9 up
quiet_on internet ethtool -K lan9 tx off rx off tso off gso off gro on >/dev/null 2>&1 || :
quiet_on internet sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.icmp.ratelimit=0
quiet_on beyond sysctl -qw net.ipv6.icmp.ratelimit=0
ip -n "${lab}beyond" route add default via 198.19.9.1
ip -n "${lab}beyond" -6 route add default via 2001:db8:f09::1
apply
declare -A source=([4]=10.1.20.2 [6]=2001:db8:10:20::2) dest=([4]=198.19.9.2 [6]=2001:db8:f09::2)
declare -A gateway_at=([4]=10.1.20.1 [6]=2001:db8:10:20::1) router=([4]=192.0.2.2 [6]=2001:db8:ff::2)
sockets() { on pilot /usr/bin/python3 "$top/tests/lib/talk.py" hops "$@" "${source[$version]}" "${dest[$version]}" 7999 || :; }

for version in 4 6; do
	say "IPv$version: sockets"
	way="${gateway_at[$version]} EHOSTUNREACH"$'\n'"${router[$version]} EHOSTUNREACH"
	same "udp" "$way"$'\n'"${dest[$version]} ECONNREFUSED" "$(sockets udp)"
	same "tcp" "$way"$'\n'arrived "$(sockets tcp)"
	same "refused" "error ECONNREFUSED" "$(ask pilot udp "${source[$version]}" 0 "${dest[$version]}" 7999)"

	say "IPv$version: tools"
	for how in -U -T -I; do
		on pilot traceroute -"$version" -n -q 1 -w 2 $how "${dest[$version]}" >"$work/hops" 2>&1 || :
		same "traceroute $how" "${gateway_at[$version]} ${router[$version]} ${dest[$version]} " \
			"$(awk '$1 ~ /^[0-9]+$/ { printf "%s ", $2 }' "$work/hops")"
	done
	on pilot tracepath -"$version" -n "${dest[$version]}" >"$work/hops" 2>&1 || :
	for hop in "${gateway_at[$version]}" "${router[$version]}" "${dest[$version]} .*reached"; do
		grep -q " $hop" "$work/hops" || fail "tracepath: no $hop: $(cat "$work/hops")"
	done
	on pilot ping -"$version" -n -c 1 -W 2 -t 2 "${dest[$version]}" >"$work/hops" 2>&1 || :
	grep -q "From ${router[$version]} .*exceeded" "$work/hops" || fail "ping: $(cat "$work/hops")"
done

say "no error was lost on the way"
for name in ERROR_NO_FLOW ERROR_QUOTE ERROR_SUM VIOLATION; do
	same $name 0 "$(verdict $name)"
done
