# shellcheck shell=bash disable=SC2154 # netns.sh has set them
# SPDX-License-Identifier: GPL-2.0-only
#
# Hosts further on, for tests that source this behind netns.sh and add their names to `spaces`.

# behind SPACE HOST PREFIX4 PREFIX6: HOST behind the router SPACE, over a link with an MTU of 1300. It asks for
# segments as large as if it did not know that, so that only errors tell.
behind() {
	wire "$2" b0 lan9 "$3.2/24" "$3.3/24" "$4::2/64" "$4::3/64"
	ip -n "${lab}gw" link set lan9 netns "$lab$1"
	ip -n "$lab$1" addr add "$3.1/24" dev lan9
	ip -n "$lab$1" addr add "$4::1/64" dev lan9 nodad
	ip -n "$lab$1" link set lan9 up
	quiet_on "$1" ethtool -K lan9 tx off rx off tso off gso off gro on >/dev/null 2>&1 || :
	ip -n "$lab$1" link set lan9 mtu 1300
	ip -n "$lab$2" link set b0 mtu 1300
	quiet_on "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.icmp.ratelimit=0
	ip -n "$lab$2" route add default via "$3.1" advmss 1460
	ip -n "$lab$2" -6 route add default via "$4::1" advmss 1440
}
