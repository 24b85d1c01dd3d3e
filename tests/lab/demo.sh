#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The path, shown on real sockets: curl, nginx, iperf3 and ping in namespaces (tests/lib/netns.sh
# draws them). What it prints is what witnesses saw on the wires and servers wrote in their logs.
# FEED=FILE takes another feed body; the servers then answer on addresses of that feed.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"

chicago_pool='203\.0\.113\.(3[2-9]|4[0-7])' dallas_pool='203\.0\.113\.(4[89]|5[0-9]|6[0-3])'
internet_pool='203\.0\.113\.([0-9]|1[0-5])'
held=0 broken=0

if [[ ${FEED:-} ]]; then
	[[ -r $FEED ]] || fail "FEED=$FEED: cannot be read"
	FEED=$(realpath "$FEED")
fi
feed=${FEED:-$top/tests/data/demo-feed.json}

# A few addresses that the class selects: Exchange over ExpressRoute, IPv4, out of the body itself.
feed_addresses() {
	/usr/bin/python3 - "$feed" <<-'PY'
		import ipaddress, json, sys
		found = []
		for entry in json.load(open(sys.argv[1])):
		    if entry.get("serviceArea") != "Exchange" or not entry.get("expressRoute"):
		        continue
		    for text in entry.get("ips", []):
		        prefix = ipaddress.ip_network(text)
		        if prefix.version == 4 and prefix not in found:
		            found.append(prefix)
		for prefix in found[:3]:
		    print(prefix[min(10, prefix.num_addresses - 1)])
	PY
}

servers_start() { # nginx and iperf3 of one circuit
	local space=$1
	nginx_start "$space"
	background "iperf-$space" "$space" iperf3 -s -p 5201
}

# row WHAT PATTERN FOUND: one line of the table, and whether it is as it must be
row() {
	local mark=yes
	if [[ $3 =~ $2 ]]; then
		held=$((held + 1))
	else
		mark=NO broken=$((broken + 1))
	fi
	printf '%-46s  %-54s  %s\n' "$1" "${3:-nothing}" "$mark" >>"$work/table"
}

# What the wires saw of a destination since the last look, as "er0 203.0.113.33"; many: one each.
wires_of() { # PROTOCOL DESTINATION [PORT]
	local wire
	for wire in er0 er1 er2 wan0; do
		awk -v w=$wire -v p="$1" -v d="$2" -v t="${3:-}" \
			'$1 == p && $4 == d && (t == "" || $5 == t) { print w, $2 }' "$work/$wire.seen"
	done | sort -u | paste -sd, | sed 's/,/, /g'
}
log_of() { # DESTINATION: which server logged it, and from whom
	local space
	for space in chicago dallas internet; do
		awk -v s=$space -v d="$1" '$3 == d { print s "-log", $1 }' "$work/nginx-$space/access.log"
	done 2>/dev/null | sort -u | paste -sd, | sed 's/,/, /g'
}
fetch() { # SPACE SOURCE DESTINATION
	local host=$3
	[[ $host != *:* ]] || host="[$host]"
	on "$1" curl -s --max-time 5 --interface "$2" "http://$host/" >&2 || echo "curl: no answer" >&2
}
sweep_seen() { # forget what was seen, so that the next row stands alone
	local wire
	for wire in er0 er1 er2 wan0; do
		cp "$work/$wire.seen" "$work/$wire.old" # witnesses append: the old lines are cut below
		wc -l <"$work/$wire.seen" >"$work/$wire.mark"
	done
}
since() { # WIRE PATTERN: seen since sweep_seen
	tail -n "+$(($(cat "$work/$1.mark") + 1))" "$work/$1.seen" | grep -E "$2" | head -1 || :
}

outbound() {
	local address
	say "pilot to the feed: chicago, in chicago's pool"
	for address in "${exchange[@]}"; do
		fetch pilot 10.1.20.2 "$address"
		row "pilot -> $address http: wire" "^er[01] $chicago_pool(, er[01] $chicago_pool)?$" \
			"$(wires_of tcp "$address" 80)"
		row "pilot -> $address http: server" "^chicago-log $chicago_pool$" "$(log_of "$address")"
	done
	say "pilot to what is not in the feed, and campus to anything: internet"
	fetch pilot 10.1.20.2 $web4
	row "pilot -> $web4 http: wire" "^wan0 $internet_pool$" "$(wires_of tcp $web4 80)"
	fetch campus 10.2.0.2 "$campus_target"
	row "campus -> $campus_target (feed): wire" "^wan0 $internet_pool$" "$(wires_of tcp "$campus_target" 80)"
	row "campus -> $campus_target (feed): server" "^internet-log $internet_pool$" "$(log_of "$campus_target")"
	fetch campus 2001:db8:10:2::2 $web6
	row "campus -> $web6: wire" '^wan0 2001:db8:2:' "$(wires_of tcp $web6 80)"
	if [[ -z ${FEED:-} ]]; then
		fetch pilot 2001:db8:10:20::2 $exchange6
		row "pilot -> $exchange6: wire" '^er[01] 2001:db8:1:' "$(wires_of tcp $exchange6 80)"
	fi
}

load() {
	local answer
	say "ping and iperf3"
	answer=$(on pilot ping -n -c 3 -i 0.2 -W 2 -I 10.1.20.2 "${exchange[0]}" | grep -o '[0-9]* received') || :
	row "pilot pings ${exchange[0]}, 3 times" '^3 received$' "$answer"
	row "  wire" "^er[01] $chicago_pool(, er[01] $chicago_pool)?$" "$(wires_of icmp "${exchange[0]}")"
	for way in "" -R; do
		answer=$(on pilot iperf3 -J -B 10.1.20.2 -c "${exchange[0]}" -p 5201 -t 2 -P 4 $way |
			/usr/bin/python3 -c 'import json, sys
r = json.load(sys.stdin)
print("%.0f Mbit/s" % (r["end"]["sum_received"]["bits_per_second"] / 1e6))' 2>/dev/null) || :
		row "iperf3, 4 streams, 2 s ${way:+(reverse)}" '^[1-9][0-9]* Mbit/s$' "$answer"
	done
}

# The same published address asked on each circuit: what the server saw, and which wire the answer took.
inbound() {
	local circuit source worn wire answer
	say "from outside, a published service: answered where it was asked, in that circuit's name"
	while read -r circuit source worn wire; do
		answer=$(ask "$circuit" tcp "$source" 0 $public4 7000)
		row "$circuit -> $public4 tcp/7000: server" "^s[123] $worn [0-9]+$" "$answer"
		row "  its answer left by" "^$wire$" "$(answers_to "$source")"
	done <<-CASES
		internet 198.19.0.200 192\.168\.5\.5 wan0
		chicago 198.18.1.200 192\.168\.1\.[0-9]+ er[01]
		dallas 198.18.1.201 192\.168\.2\.[0-9]+ er2
	CASES
}
answers_to() { # CLIENT: wires that carried the public address to it
	local wire
	for wire in er0 er1 er2 wan0; do
		awk -v w=$wire -v s=$public4 -v d="$1" '$2 == s && $4 == d { print w }' "$work/$wire.seen"
	done | sort -u | paste -sd,
}

# A UDP conversation on chicago; then what its server would say arrives on the internet's wire.
wrong_circuit() {
	local answer address port before
	say "a reply on the right circuit arrives; on another circuit it is refused and counted"
	talk pinned pilot udp 10.1.20.2 0 "${exchange[0]}" 7001
	answer=$(say_to pinned)
	row "UDP reply on its own circuit" "^chicago $chicago_pool [0-9]+$" "$answer"
	read -r _ address port <<<"$answer"
	before=$(circuit chicago violations)
	inject internet i0 wan0 udp "${exchange[0]}" 7001 "$address" "$port"
	wait_for 5 more_violations "$before" || :
	row "same reply injected on internet: violations" "^$((before + 1))$" "$(circuit chicago violations)"
	answer=$(say_to pinned)
	row "the conversation goes on, unmoved" "^chicago $address $port$" "$answer"
}
more_violations() { (($(circuit chicago violations) > $1)); }

unplug() {
	local answer
	say "chicago is unplugged: new connections take dallas"
	ip -n "${lab}chicago" link set c0 down
	ip -n "${lab}chicago" link set c1 down
	sweep_seen
	fetch pilot 10.1.20.2 "${exchange[0]}"
	answer=$(since er2 "^tcp .* ${exchange[0]//./\\.} 80$")
	row "pilot -> ${exchange[0]} http: wire er2" "^tcp $dallas_pool " "$answer"
	row "pilot -> ${exchange[0]} http: server" "dallas-log $dallas_pool" "$(log_of "${exchange[0]}")"
	row "internet -> $public4 tcp/7000: server" "^s[123] 192\.168\.5\.5 " \
		"$(ask internet tcp 198.19.0.200 0 $public4 7000)"
}

silent=1
lab_services
lab_start
ip -n "${lab}internet" addr add 198.19.0.200/32 dev lo # clients that nobody else asks
ip -n "${lab}chicago" addr add 198.18.1.200/32 dev lo
ip -n "${lab}dallas" addr add 198.18.1.201/32 dev lo
silent=
mapfile -t exchange < <(feed_addresses)
((${#exchange[@]})) || fail "$feed: no IPv4 prefix of Exchange over ExpressRoute"
campus_target=${exchange[-1]}
((${#exchange[@]} == 1)) || unset 'exchange[-1]' # campus has one for itself, so rows stay apart
for space in chicago dallas internet; do
	for address in "${exchange[@]}" "$campus_target"; do
		ip -n "$lab$space" addr add "$address/32" dev lo 2>/dev/null || :
	done
	servers_start "$space" 2>/dev/null
done

say "feed: ${feed##*/}"
daemon_start
outbound
inbound
load
wrong_circuit
unplug

echo
printf '%-46s  %-54s  %s\n' "what" "seen on wires, in servers' logs, by clients" "held"
cat "$work/table"
echo
sp show
echo
echo "$held held, $broken did not"
((broken == 0))
