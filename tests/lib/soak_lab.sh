# shellcheck shell=bash disable=SC2154,SC2034 # what netns.sh sets, and what it and others read
# SPDX-License-Identifier: GPL-2.0-only
#
# The network of the soak, and its honest traffic: source it behind netns.sh, feed.sh, behind.sh, wires.sh, soak_watch.sh.
#
# To what netns.sh draws come services (three servers in campus, on all circuits), a feed that is served,
# hosts behind routers with an MTU of 1300 (`beyond` outside, `deep` inside), and a partner, 198.18.7.10,
# that campus reaches over dallas alone, in a pool of $pool_ports ports.
partner4=198.18.7.10 pool_ports=200
feed_classes=exchange=Exchange,sharepoint=SharePoint,partner=Skype
watch_only=("only 198.18.1.0/24 chicago,dallas" "only 198.18.7.0/24 dallas" "only 198.19.0.0/16 internet"
	"only 2001:db8:f00::/40 internet")

# soak_start TIMEOUT: everything but the gateway, whose flows die after so many seconds of silence
soak_start() {
	watch_seconds=$1
	spaces+=(beyond deep)
	lab_services
	lab_start
	soak_config "$1"
	soak_wires
	local space
	for space in chicago dallas internet; do nginx_start $space; done
	local first=${#started[@]}
	background mirror-chicago chicago /usr/bin/python3 "$top/tests/lib/pieces.py" mirror
	background mirror-internet internet /usr/bin/python3 "$top/tests/lib/pieces.py" mirror
	for space in beyond internet; do
		background bulk-$space $space /usr/bin/python3 "$top/tests/lib/bulk.py" serve 7200
	done
	for space in 1 2; do background iperf$space internet iperf3 -s --forceflush -p 520$space; done
	for space in mirror-chicago mirror-internet bulk-beyond bulk-internet; do
		wait_for 20 grep -q serving "$work/$space.out"
	done
	for space in 1 2; do wait_for 10 grep -q listening "$work/iperf$space.out"; done
	servers=("${started[@]:first}")
}
soak_config() { # TIMEOUT
	feed_start "interval: 1"
	edit "s/timeouts: .*/timeouts: {tcp-established: 7440, tcp-transitory: $1, udp: $1, icmp: $1, inbound-half-open: $1, fragment: 30}/"
	edit 's/limits: .*/limits: {flows: 100000, flows-per-host: 50000, half-open: 20000}/'
	edit "s#(outbound-pool: \[203\.0\.113\.)48/28\]#\149/32]\n    port-range: 50000-$((50000 + pool_ports - 1))\n    mapping: {udp: address-and-port-dependent}#"
	edit "/^  - \{name: exchange,/a\  - {name: partner, feed: m365, areas: [Skype], expressroute: true}"
	edit '/^  - \{from: \[campus\], to: \[any\]/i\  - {from: [campus], to: [partner], circuits: [dallas], otherwise: drop}'
	feed_version 2025010100
}
# The sets of a version: what the soak's flows go to is in all, the rest is not, so that it has another number.
feed_version() {
	local common=198.18.1.0/24,2001:db8:e::/48 partner=41/Skype/198.18.7.0/24
	if (($1 % 2)); then
		body "$1" $partner 1/Exchange/$common,198.18.2.0/23 12/Exchange/198.18.80.0/20,2001:db8:a:1::/64 31/SharePoint/198.18.144.0/20
	else
		body "$1" $partner 1/Exchange/$common 11/Exchange/198.18.64.0/18 31/SharePoint/198.18.128.0/20,2001:db8:a::/48
	fi
	origin_move "$1"
	feed_now=$1
}
# Links that go down keep their addresses of IPv6, and routers prefer links that are up.
soak_wires() {
	local end
	wires_wait
	ip -n "${lab}dallas" addr add $partner4/32 dev lo
	for end in gw/er0 gw/er1 gw/er2 gw/wan0 chicago/c0 chicago/c1 dallas/d0 internet/i0; do
		quiet_on "${end%/*}" sysctl -qw "net.ipv6.conf.${end#*/}.keep_addr_on_down=1" \
			"net.ipv4.conf.${end#*/}.ignore_routes_with_linkdown=1" \
			"net.ipv6.conf.${end#*/}.ignore_routes_with_linkdown=1"
	done
	behind internet beyond 198.19.9 2001:db8:f09
	behind pilot deep 10.1.21 2001:db8:10:21
	ip -n "${lab}gw" route add 10.1.21.0/24 via 10.1.20.2
	ip -n "${lab}gw" -6 route add 2001:db8:10:21::/64 via 2001:db8:10:20::2
}

soak_loads() { # SPACE: its lines of soak_load.py
	local chicago=chicago/203.0.113.32/28 chicago6=chicago/2001:db8:1::/64
	local internet=internet/203.0.113.0/28 internet6=internet/2001:db8:2::/64
	case $1 in
	pilot) cat <<-LOADS ;;
		keep chicago-tcp4 chicago $chicago tcp 10.1.20.2 20 $exchange4 7001 20
		keep chicago-udp4 chicago $chicago udp 10.1.20.2 20 $exchange4 7001 100
		keep chicago-tcp6 chicago $chicago6 tcp 2001:db8:10:20::2 20 $exchange6 7001 20
		keep chicago-udp6 chicago $chicago6 udp 2001:db8:10:20::2 20 $exchange6 7001 100
		fresh chicago-new4 chicago $chicago 10.1.20.2 $exchange4 7000 20
		fresh chicago-new6 chicago $chicago6 2001:db8:10:20::2 $exchange6 7000 20
		page chicago-page4 chicago $chicago http://$exchange4/ 10
		large chicago-large4 chicago - 10.1.20.2 $exchange4 8000 3
		large chicago-large6 chicago - 2001:db8:10:20::2 $exchange6 8000 3
		ping chicago-ping4 chicago - 10.1.20.2 $exchange4 5
		ping chicago-ping6 chicago - 2001:db8:10:20::2 $exchange6 5
		bulk internet-bulk4 internet - 10.1.20.2 198.19.9.2 0.2
		bulk internet-bulk6 internet - 2001:db8:10:20::2 2001:db8:f09::2 0.2
	LOADS
	deep) cat <<-LOADS ;;
		bulk internet-deep4 internet - 10.1.21.2 $web4 0.2
		bulk internet-deep6 internet - 2001:db8:10:21::2 $web6 0.2
	LOADS
	campus) cat <<-LOADS ;;
		keep internet-tcp4 internet $internet tcp 10.2.0.2 20 $web4 7001 20
		keep internet-udp4 internet $internet udp 10.2.0.2 20 $web4 7001 100
		keep internet-tcp6 internet $internet6 tcp 2001:db8:10:2::2 20 $web6 7001 20
		keep internet-udp6 internet $internet6 udp 2001:db8:10:2::2 20 $web6 7001 100
		fresh internet-new4 internet $internet 10.2.0.2 $web4 7000 20
		page internet-page6 internet $internet6 http://[$web6]/ 10
		large internet-large4 internet - 10.2.0.2 $web4 8000 3
		ping internet-ping4 internet - 10.2.0.2 $web4 5
		ping internet-ping6 internet - 2001:db8:10:2::2 $web6 5
		keep dallas-tcp4 dallas dallas/203.0.113.49/32 tcp 10.2.0.2 20 $partner4 7001 20
		keep dallas-udp4 dallas dallas/203.0.113.49/32 udp 10.2.0.2 20 $partner4 7001 100
		fresh dallas-new4 dallas,pool-udp,pool-tcp dallas/203.0.113.49/32 10.2.0.2 $partner4 7002 4
	LOADS
	chicago) cat <<-LOADS ;;
		keep service-chicago-tcp4 chicago s./192.168.1.0/24 tcp $exchange4 20 $public4 7001 20
		keep service-chicago-udp6 chicago s./2001:db8:10:f1::/64 udp $exchange6 20 $public6 7001 100
		fresh service-chicago-new4 chicago s./192.168.1.0/24 $exchange4 $public4 7000 20
		ping service-chicago-ping4 chicago - $exchange4 $public4 5
	LOADS
	internet) cat <<-LOADS ;;
		keep service-internet-tcp6 internet s./2001:db8:10:f5::/64 tcp $web6 20 $public6 7001 20
		keep service-internet-udp4 internet s./192.168.5.5/32 udp $web4 20 $public4 7001 100
		fresh service-internet-new4 internet s./192.168.5.5/32 $web4 $public4 7000 20
		fresh service-internet-new6 internet s./2001:db8:10:f5::/64 $web6 $public6 7000 20
	LOADS
	esac
}
servers=()
load_spaces=(pilot deep campus chicago internet)
loads=()
loads_start() {
	local space log
	: >"$work/windows"
	for space in "${load_spaces[@]}"; do
		soak_loads "$space" >"$work/$space.loads"
		background "load-$space" "$space" /usr/bin/python3 "$top/tests/lib/soak_load.py" run "$work/$space.loads"
		loads+=("$last")
	done
	# in writes of 8 KiB: one of the usual 128 KiB is more than half of what a wire's queue holds
	background iperf-client4 campus iperf3 --forceflush -f m -i 1 -c $web4 -p 5201 -t 0 -P 4 -b 10M -l 8K --bidir
	loads+=("$last")
	background iperf-client6 campus iperf3 --forceflush -f m -i 1 -c $web6 -p 5202 -t 0 -P 4 -b 10M -l 8K --bidir
	loads+=("$last")
	for space in "${load_spaces[@]}"; do wait_for 20 all_kept "$space"; done
	for log in 4 6; do wait_for 20 grep -q SUM "$work/iperf-client$log.out"; done
}
all_kept() { (($(grep -c '^kept' "$work/load-$1.out") == $(grep -c '^keep' "$work/$1.loads"))); }
# What tells where a packet was lost: the hosts' counters of reassembly and of sockets, what the gateway's devices
# could not take or send, and its verdicts.
loads_counted() {
	local space device
	for space in gw pilot campus chicago internet; do
		quiet_on "$space" nstat -asz 'Ip*Reasm*' 'Ip*Discards' 'Udp*BufErrors' 'Udp*InErrors' 'Udp*NoPorts' 'Ip*Frag*' |
			awk -v space=$space '!/^#/ && $2 { print space, $1, $2 }'
	done
	for device in lan0 lan1 er0 er1 er2 wan0; do
		quiet_on gw ethtool -S $device | awk -v device=$device '/_drops|_errors/ && $2 { print device, $1, $2 }'
	done
	verdicts
}
# VERDICT ACTION PACKETS of each that packets had
verdicts() { quiet_sp -j show | /usr/bin/python3 -c '
import json, sys
for row in json.load(sys.stdin)["verdicts"]:
    if int(row["packets"]):
        print(row["verdict"], row["action"], row["packets"])'; }
counted_last=''
# A failure is told with what was counted since the last look, and until the pieces of a datagram were given up.
loads_failed() { # WHEN
	local pieces_live=31
	pause $pieces_live
	fail "$1: honest traffic failed: $(head -8 "$work/broken"; echo windows:; tail -3 "$work/windows"; echo drops:; drops
		echo "counted before and after:"; diff <(echo "$counted_last") <(loads_counted) | grep '^[<>]')"
}
# Every conversation lives, and nothing failed that no window excuses.
loads_good() { # WHEN
	local pid logs=("${load_spaces[@]/#/$work/load-}")
	for pid in "${loads[@]}"; do
		kill -0 "$pid" 2>/dev/null || fail "$1: a load ended: $(tail -qn 2 "$work"/{iperf-client?,load-*}.{out,err})"
	done
	for pid in "${servers[@]}"; do
		kill -0 "$pid" 2>/dev/null || fail "$1: a server ended: $(tail -qn 2 "$work"/{mirror,bulk}-*.err "$work"/iperf?.err)"
	done
	/usr/bin/python3 "$top/tests/lib/soak_load.py" judge "$work/windows" "${logs[@]/%/.out}" >"$work/broken" || loads_failed "$1"
	counted_last=$(loads_counted) || fail "$1: what was counted cannot be read"
}
loads_end() {
	local pid
	kill -TERM "${loads[@]:0:${#load_spaces[@]}}"
	kill -INT "${loads[@]:${#load_spaces[@]}}"
	for pid in "${loads[@]}"; do wait "$pid" 2>/dev/null || :; done
}
# Those of which nothing came about: of iperf3 the mean of each family and way, in Mbit/s, is at least one.
loads_idle() {
	awk 'FILENAME ~ /loads$/ { idle[$2]; next } $1 == "sum" && $3 > 0 { delete idle[$2] } END { for (name in idle) print name }' \
		"$work"/*.loads "$work"/load-*.out
	for family in 4 6; do
		awk -v f=$family 'BEGIN { idle["TX-C"]; idle["RX-C"] }
			/^\[SUM\].*(sender|receiver)$/ && $6 >= 1 { split($1, word, /[][]+/); delete idle[word[3]] }
			END { for (way in idle) print "iperf3-IPv" f "-" way }' "$work/iperf-client$family.out"
	done
}
loads_table() {
	printf '%-24s %10s %10s  %s\n' "honest traffic" good failed "(in windows of its circuit, or pool)"
	awk '$1 == "sum" { printf "%-24s %10d %10d\n", $2, $3, $4 }' "$work"/load-*.out
	for family in 4 6; do
		awk -v f=$family '/^\[SUM\].*(sender|receiver)$/ && $6 > 0 { printf "iperf3 over IPv%s %s %s %s, %s %s\n", f, $1, $6, $7, $4, $5 }' \
			"$work/iperf-client$family.out"
	done
}
