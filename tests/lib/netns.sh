# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The network that every test of tests/netns and the demo stand on. Source it, call lab_start.
#
#   pilot  10.1.20.2 ---- lan0              er0 172.16.0.0/30 --\
#          2001:db8:10:20::2                er1 172.16.0.4/30 --- chicago    pool 203.0.113.32/28
#                            gw             er2 172.16.1.0/30 --- dallas     pool 203.0.113.48/28
#   campus 10.2.0.2 ----- lan1              wan0 192.0.2.0/30 --- internet   pool 203.0.113.0/28
#          2001:db8:10:2::2
#
# Each of these is a namespace, spPIDgw and so on, so runs do not meet. chicago, dallas and internet
# each hold the same servers on lo: exchange 198.18.1.10, 2001:db8:e::10 (in the feed) and web
# 198.19.0.10, 2001:db8:f00::10 (not in it). So a server answers on whichever wire it is asked, and
# says which: "chicago 203.0.113.33 40000". IPv6 lives on chicago (er0, er1) and internet.
#
# A witness (wire.c) sits at the far end of every circuit wire from before the gateway until the end.
# A frame whose source the circuit does not own fails the test, whatever else it showed.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
samepath=${SAMEPATH:-$top/build/samepath}
lab=sp$$
gateway=lab$$
work=
spaces=(pilot campus gw chicago dallas internet)
# shellcheck disable=SC2034 # for those who source this
exchange4=198.18.1.10 exchange6=2001:db8:e::10 web4=198.19.0.10 web6=2001:db8:f00::10
started=() # processes to end
noise=() # those that must end before the gateway does
applied=
mounted= # bpffs, by this test
silent=  # a test that sets it shows no commands

# Ubuntu's bpftool on the PATH is a wrapper that knows the tools of the running kernel only.
for tool in /usr/lib/linux-tools/*/bpftool /usr/lib/linux-tools-*/bpftool; do
	[[ ! -x $tool ]] || { PATH=${tool%/*}:$PATH && break; }
done

say() { echo "# $*"; }
note() { [[ $silent ]] || printf '+ %s\n' "$*" >&2; }
fail() {
	echo "FAILED: $*" >&2
	exit 1
}
skip() {
	echo "skipped: $*"
	exit 77
}

# on SPACE COMMAND: echoed, and run there. nsenter keeps bpffs in sight, `ip netns exec` would not.
quiet_on() {
	local space=$1
	shift
	nsenter --net="/run/netns/$lab$space" "$@"
}
on() {
	note "$@"
	quiet_on "$@"
}
gw() { on gw "$@"; }
sp() { on gw "$samepath" -c "$work/samepath.yaml" "$@"; }
quiet_sp() { quiet_on gw "$samepath" -c "$work/samepath.yaml" "$@"; }

# A process of the test's own, ended with it: background NAME SPACE COMMAND. Its id: $last.
background() {
	local name=$1 space=$2
	shift 2
	note "$space" "$@" "&"
	nsenter --net="/run/netns/$lab$space" "$@" >"$work/$name.out" 2>"$work/$name.err" </dev/null &
	last=$!
	started+=("$last")
}

# wait_for SECONDS COMMAND: until it succeeds; fails the test after that. What the command prints is
# not shown, so what it asks must be a plain yes or no.
wait_for() {
	local limit=$((SECONDS + $1)) at=$SECONDS
	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < limit)) || fail "after $((SECONDS - at)) s still not: $*"
		read -rt 0.05 <> <(:) || :
	done
}
same() { # WHAT EXPECTED FOUND
	[[ $2 == "$3" ]] || fail "$1: expected '$2', found '$3'"
}
matches() { # WHAT PATTERN FOUND
	[[ $3 =~ $2 ]] || fail "$1: expected '$2', found '$3'"
}

mac() { ip -n "$lab$1" -j link show "$2" | grep -o '"address":"[^"]*"' | cut -d'"' -f4; }

# wire SPACE DEVICE DEVICE-OF-GATEWAY ADDRESS ADDRESS-OF-GATEWAY [the two of IPv6]
wire() {
	local space=$lab$1 far=$2 near=$3
	ip -n "$space" link add "$far" type veth peer name "$near" netns "${lab}gw"
	ip -n "$space" addr add "$4" dev "$far"
	ip -n "${lab}gw" addr add "$5" dev "$near"
	if (($# > 5)); then
		ip -n "$space" addr add "$6" dev "$far" nodad
		ip -n "${lab}gw" addr add "$7" dev "$near" nodad
	fi
	# partial checksums and merged segments belong to real cards; XDP must see real packets
	quiet_on "$1" ethtool -K "$far" tx off rx off tso off gso off gro off >/dev/null 2>&1 || :
	quiet_on gw ethtool -K "$near" tx off rx off tso off gso off gro off >/dev/null 2>&1 || :
	ip -n "$space" link set "$far" xdpdrv object "$top/build/tests/lib/pass.bpf.o" section xdp
	ip -n "$space" link set "$far" up
	ip -n "${lab}gw" link set "$near" up
}

# witness NAME SPACE DEVICE PREFIX...
witness() {
	local name=$1 space=$2 device=$3
	shift 3
	nsenter --net="/run/netns/$lab$space" "$top/build/tests/lib/wire" ${judged:+"$judged"} "$device" \
		"$work/$name.seen" "$work/$name.foreign" "$@" 2>"$work/$name.err" &
	witnesses[$name]=$!
	wait_for 5 grep -q watching "$work/$name.seen"
}
declare -A witnesses=()
judged= # -s: a span that begins with SIGUSR1, see wire.c
seen() { grep -hE -- "$2" "$work/$1.seen"; } # WIRE PATTERN

lab_wires() {
	wire pilot eth0 lan0 10.1.20.2/24 10.1.20.1/24 2001:db8:10:20::2/64 2001:db8:10:20::1/64
	wire campus eth0 lan1 10.2.0.2/24 10.2.0.1/24 2001:db8:10:2::2/64 2001:db8:10:2::1/64
	wire chicago c0 er0 172.16.0.2/30 172.16.0.1/30 2001:db8:f:1::2/64 2001:db8:f:1::1/64
	wire chicago c1 er1 172.16.0.6/30 172.16.0.5/30 2001:db8:f:2::2/64 2001:db8:f:2::1/64
	wire dallas d0 er2 172.16.1.2/30 172.16.1.1/30
	wire internet i0 wan0 192.0.2.2/30 192.0.2.1/30 2001:db8:ff::2/64 2001:db8:ff::1/64
}

lab_routes() {
	local space
	for space in pilot campus; do
		local four=10.2.0.1 six=2001:db8:10:2::1
		[[ $space == campus ]] || four=10.1.20.1 six=2001:db8:10:20::1
		ip -n "$lab$space" route add default via $four
		ip -n "$lab$space" -6 route add default via $six
	done
	ip -n "${lab}gw" route add default via 192.0.2.2
	ip -n "${lab}gw" -6 route add default via 2001:db8:ff::2
	ip -n "${lab}chicago" route add 203.0.113.32/28 nexthop via 172.16.0.1 nexthop via 172.16.0.5
	ip -n "${lab}chicago" -6 route add 2001:db8:1::/64 nexthop via 2001:db8:f:1::1 \
		nexthop via 2001:db8:f:2::1
	ip -n "${lab}dallas" route add 203.0.113.48/28 via 172.16.1.1
	ip -n "${lab}internet" route add 203.0.113.0/28 via 192.0.2.1
	ip -n "${lab}internet" -6 route add 2001:db8:2::/64 via 2001:db8:ff::1
}

lab_servers() {
	local space
	for space in chicago dallas internet; do
		ip -n "$lab$space" addr add 198.18.1.10/32 dev lo
		ip -n "$lab$space" addr add 198.19.0.10/32 dev lo
		ip -n "$lab$space" addr add 2001:db8:e::10/128 dev lo
		ip -n "$lab$space" addr add 2001:db8:f00::10/128 dev lo
		background "talk-$space" "$space" /usr/bin/python3 "$top/tests/lib/talk.py" serve "$space"
	done 2>/dev/null
	for space in chicago dallas internet; do
		wait_for 10 grep -q serving "$work/talk-$space.out"
	done
}

# Inside prefixes that chicago may carry as they are, where a test's configuration says so; and the
# addresses of services that every circuit may carry.
chicago_carries=() published=()
lab_witnesses() {
	local er=(203.0.113.32/28 2001:db8:1::/64 "${chicago_carries[@]}" "${published[@]}")
	witness er0 chicago c0 "${er[@]}" 172.16.0.1 2001:db8:f:1::1
	witness er1 chicago c1 "${er[@]}" 172.16.0.5 2001:db8:f:2::1
	witness er2 dallas d0 203.0.113.48/28 172.16.1.1 "${published[@]}"
	witness wan0 internet i0 203.0.113.0/28 2001:db8:2::/64 192.0.2.1 2001:db8:ff::1 "${published[@]}"
}

# Services, for tests that call this before lab_start: three servers in campus, s1 to s3, behind one
# public address of each family, on all circuits; configuration and routes of the clouds with it.
public4=198.51.100.5 public6=2001:db8:5::5
services=
lab_services() {
	services=1
	published=("$public4" "$public6")
}
lab_servers_inside() {
	local n
	for n in 1 2 3; do
		ip -n "${lab}campus" addr add 10.2.0.10$n/32 dev lo
		ip -n "${lab}campus" addr add 2001:db8:10:2::10$n/128 dev lo
		ip -n "${lab}gw" route add 10.2.0.10$n via 10.2.0.2
		ip -n "${lab}gw" -6 route add 2001:db8:10:2::10$n via 2001:db8:10:2::2
		background "talk-s$n" campus /usr/bin/python3 "$top/tests/lib/talk.py" serve s$n \
			10.2.0.10$n 2001:db8:10:2::10$n
		wait_for 10 grep -q serving "$work/talk-s$n.out"
	done 2>/dev/null
	ip -n "${lab}chicago" route add $public4 nexthop via 172.16.0.1 nexthop via 172.16.0.5
	ip -n "${lab}chicago" -6 route add $public6 nexthop via 2001:db8:f:1::1 nexthop via 2001:db8:f:2::1
	ip -n "${lab}dallas" route add $public4 via 172.16.1.1
	ip -n "${lab}internet" route add $public4 via 192.0.2.1
	ip -n "${lab}internet" -6 route add $public6 via 2001:db8:ff::1
}
# What goes into the configuration: inbound pools, and the service.
lab_services_config() {
	sed -E -e '/^    outbound-pool: \[203.0.113.0/a\    inbound-pool: [192.168.5.5/32, "2001:db8:10:f5::/64"]' \
		-e '/^    outbound-pool: \[203.0.113.32/a\    inbound-pool: [192.168.1.0/24, "2001:db8:10:f1::/64"]' \
		-e '/^    outbound-pool: \[203.0.113.48/a\    inbound-pool: [192.168.2.0/24, "2001:db8:10:f2::/64"]' \
		-e 's/^(    advertise: \[.*)\]/\1, 198.51.100.0\/24, "2001:db8:5::\/48"]/' \
		-e '/^timeouts/i\services:' \
		-e '/^timeouts/i\  - name: web' \
		-e "/^timeouts/i\\    public: [$public4, \"$public6\"]" \
		-e '/^timeouts/i\    ports: [tcp/7000-7001, udp/7000-7001, icmp]' \
		-e '/^timeouts/i\    servers: [10.2.0.101, 10.2.0.102, 10.2.0.103, "2001:db8:10:2::101", "2001:db8:10:2::102", "2001:db8:10:2::103"]' \
		-e '/^timeouts/i\    circuits: [internet, chicago, dallas]'
}

# A new er2 in the place of one that was deleted, watched from before it is up.
wires=0
dallas_wire() {
	wires=$((wires + 1))
	ip -n "${lab}gw" link add er2 type veth peer name d0 netns "${lab}dallas"
	witness "er2-$wires" dallas d0 203.0.113.48/28 172.16.1.1
	ip -n "${lab}dallas" addr add 172.16.1.2/30 dev d0
	ip -n "${lab}gw" addr add 172.16.1.1/30 dev er2
	quiet_on dallas ethtool -K d0 tx off rx off tso off gso off gro off >/dev/null 2>&1 || :
	quiet_on gw ethtool -K er2 tx off rx off tso off gso off gro off >/dev/null 2>&1 || :
	ip -n "${lab}dallas" link set d0 xdpdrv object "$top/build/tests/lib/pass.bpf.o" section xdp
	ip -n "${lab}dallas" link set d0 up
	ip -n "${lab}gw" link set er2 up
	ip -n "${lab}dallas" route replace 203.0.113.48/28 via 172.16.1.1
}
# Has the device of the gateway an XDP program?
attached() { [[ $(ip -n "${lab}gw" link show "$1") == *'xdp '* || $(ip -n "${lab}gw" link show "$1") == *prog/xdp* ]]; }

lab_config() {
	cat <<YAML
gateway: {name: $gateway, lab: true}
inside:
  interfaces: [lan0, lan1]
  segments:
    - {name: pilot, prefixes: [10.1.20.0/24, "2001:db8:10:20::/64"]}
    - {name: campus, prefixes: [10.0.0.0/8, "2001:db8:10::/48"]}
circuits:
  - name: internet
    kind: internet
    links: [{interface: wan0}]
    outbound-pool: [203.0.113.0/28, "2001:db8:2::/64"]
    advertise: [203.0.113.0/28, "2001:db8:2::/48"]
  - name: chicago
    kind: expressroute
    table: 101
    links:
      - {interface: er0, next-hop: [172.16.0.2, "2001:db8:f:1::2"]}
      - {interface: er1, next-hop: [172.16.0.6, "2001:db8:f:2::2"]}
    outbound-pool: [203.0.113.32/28, "2001:db8:1::/64"]
    advertise: [203.0.113.32/28, "2001:db8:1::/48"]
  - name: dallas
    kind: expressroute
    table: 102
    links: [{interface: er2, next-hop: 172.16.1.2}]
    outbound-pool: [203.0.113.48/28]
    advertise: [203.0.113.48/28]
feeds:
  - {name: m365, format: microsoft365, source: "${FEED:-$top/tests/data/demo-feed.json}"}
classes:
  - {name: exchange, feed: m365, areas: [Exchange], expressroute: true}
policy:
  - {from: [pilot], to: [exchange], circuits: [chicago, dallas], otherwise: internet}
  - {from: [campus], to: [any], circuits: [internet], otherwise: drop}
timeouts: {tcp-established: 7440, tcp-transitory: 240, udp: 300, icmp: 60}
limits: {flows: 20000, flows-per-host: 10000, half-open: 10000}
YAML
}
# Changes the configuration: edit SED-SCRIPT. One that changes nothing is a mistake of the test.
edit() {
	note "edit $1"
	cp "$work/samepath.yaml" "$work/before.yaml"
	sed -i -E "$1" "$work/samepath.yaml"
	! cmp -s "$work/before.yaml" "$work/samepath.yaml" || fail "edit changed nothing: $1"
}

# For who starts tens of thousands of processes: bash 5.2 may wait for ever for a child that has the number of an
# earlier one, and 32,768 numbers come round in minutes. 4,194,304 are what systemd sets on 64 bits.
numbers=''
numbers_many() {
	numbers=$(</proc/sys/kernel/pid_max)
	((numbers >= 4194304)) || echo 4194304 >/proc/sys/kernel/pid_max
}

lab_start() {
	((EUID == 0)) || skip "needs root"
	[[ -x $samepath ]] || fail "no $samepath: run make"
	work=$(mktemp -d)
	trap lab_end EXIT
	if ! grep -q ' /sys/fs/bpf bpf ' /proc/mounts; then
		mount -t bpf bpf /sys/fs/bpf
		mounted=1
	fi
	local space
	for space in "${spaces[@]}"; do
		ip netns add "$lab$space"
		ip -n "$lab$space" link set lo up
		quiet_on "$space" sysctl -qw net.ipv6.conf.default.accept_dad=0 \
			net.ipv4.icmp_ratelimit=0 2>/dev/null || :
	done
	lab_wires
	lab_routes
	lab_servers
	lab_witnesses
	if [[ $services ]]; then
		lab_servers_inside
		lab_config | lab_services_config >"$work/samepath.yaml"
	else
		lab_config >"$work/samepath.yaml"
	fi
}

apply() {
	applied=1
	sp apply >"$work/apply" 2>&1 || fail "apply: $(cat "$work/apply")"
}
# A crash of what the daemon starts is one of ours; a test that kills it says so.
fetches_crashed() { [[ ! ${kills_fetches:-} ]] && grep -s 'ended by signal' "$work/daemon.err" >&2; }
# Ready when it says so, as systemd would hear it.
daemon_start() {
	! fetches_crashed || fail "a fetch of the daemon before crashed"
	applied=1
	rm -f "$work/notify"
	background ready gw /usr/bin/python3 "$top/tests/lib/talk.py" ready "$work/notify"
	wait_for 5 test -S "$work/notify"
	background daemon gw env "NOTIFY_SOCKET=$work/notify" "$samepath" -c "$work/samepath.yaml" run
	daemon=$last
	wait_for "${READY_WAIT:-30}" daemon_ready_or_dead # which of them is said here: what wait_for runs is not heard
	kill -0 "$daemon" 2>/dev/null || fail "the daemon ended: $(tail -5 "$work/daemon.err")"
}
daemon_ready_or_dead() { ! kill -0 "$daemon" || grep -q '^ready' "$work/ready.out"; }
daemon_running() {
	kill -0 "$daemon" && [[ $(quiet_sp -j show) == *'"daemon": "running"'* ]]
}

# Packets of a verdict, violations or flows of a circuit, as `show -j` tells.
counted() { # TABLE KEY-COLUMN KEY VALUE-COLUMN
	quiet_sp -j show | /usr/bin/python3 -c '
import json, sys
table, column, key, value = sys.argv[1:]
rows = json.load(sys.stdin)[table]
print(sum(int(row[value]) for row in rows if row[column] == key))' "$@"
}
verdict() { counted verdicts verdict "$1" packets; }
circuit() { counted circuits circuit "$1" "$2"; }
verdict_above() { (($(verdict "$1") > $2)); }
verdict_is() { (($(verdict "$1") == $2)); }

# flow COLUMN,COLUMN FILTER...: these columns of each flow that matches, one flow a line.
flow() {
	local columns=$1
	shift
	quiet_sp -j flow show "$@" | /usr/bin/python3 -c '
import json, sys
for row in json.load(sys.stdin)["flows"]:
    print(*(row[column] for column in sys.argv[1].split(",")))' "$columns"
}

# Every flow, a line each: what it wears, its circuit, its tuple; then how often its host was heard.
flow_list() {
	quiet_sp -j flow show | /usr/bin/python3 -c '
import json, sys
columns = "pool", "pool-port", "circuit", "proto", "src", "sport", "dst", "dport", "out-packets"
for row in json.load(sys.stdin)["flows"]:
    print(*(row[column] for column in columns))' | sort
}
# Of the flows before, those that are no more, or not the same: one that was made anew counts from
# the beginning, and one that no packet finds does not count on, though its host was asked (port 7001).
flows_lost() { # BEFORE AFTER
	awk '{ count = $NF; key = $0; sub(/ [0-9]+$/, "", key) }
		NR == FNR { was[key] = count; asked[key] = $8 == 7001; next }
		{ now[key] = count }
		END { for (key in was) if (!(key in now) || now[key] < was[key] + asked[key]) print key }' \
		<(echo "$1") <(echo "$2")
}
# ask SPACE PROTO SOURCE PORT DESTINATION DPORT: one question, its answer
ask() {
	local space=$1
	shift
	echo hello | on "$space" /usr/bin/python3 "$top/tests/lib/talk.py" ask "$@" || :
}
# A conversation that stays: talk NAME SPACE ask-arguments; then say_to NAME gives the next answer.
talk() { keep "$1" "$2" ask "${@:3}"; }
# Many of them: hold NAME SPACE hold-arguments; all must come about.
hold() {
	local answer
	keep "$1" "$2" hold "${@:3}"
	read -rt 20 answer <&"${talks_from[$1]}" || :
	same "conversations of $1" "$5 held" "$answer"
}
keep() { # NAME SPACE WHAT-OF-TALK.PY
	local name=$1 space=$2
	shift 2
	mkfifo "$work/$name.to" "$work/$name.from"
	note "$space" "$@" "(kept)"
	nsenter --net="/run/netns/$lab$space" /usr/bin/python3 "$top/tests/lib/talk.py" "$@" \
		<"$work/$name.to" >"$work/$name.from" 2>/dev/null &
	started+=($!)
	exec {to}>"$work/$name.to" {from}<"$work/$name.from"
	talks_to[$name]=$to talks_from[$name]=$from
}
declare -A talks_to=() talks_from=()
say_to() {
	local answer=
	{ echo hello >&"${talks_to[$1]}"; } 2>/dev/null || :
	read -rt "${TALK_WAIT:-5}" answer <&"${talks_from[$1]}" || answer="error SILENCE"
	echo "$answer"
}
# nginx of one circuit: answers with its name and who asked, and logs who came to which address.
nginx_connections=256 nginx_backlog=
nginx_start() { # SPACE
	local space=$1 dir=$work/nginx-$1
	mkdir "$dir"
	cat >"$dir/conf" <<-CONF
		worker_processes 1;
		user nobody nogroup;
		pid $dir/pid;
		error_log $dir/error.log;
		events { worker_connections $nginx_connections; }
		http {
			log_format plain '\$remote_addr \$remote_port \$server_addr';
			access_log $dir/access.log plain;
			keepalive_requests 1000000;
			client_body_temp_path $dir/1;
			proxy_temp_path $dir/2;
			fastcgi_temp_path $dir/3;
			uwsgi_temp_path $dir/4;
			scgi_temp_path $dir/5;
			server {
				listen 80 $nginx_backlog;
				listen [::]:80 $nginx_backlog;
				location / { return 200 "$space \$remote_addr\n"; }
			}
		}
	CONF
	background "nginx-$space" "$space" nginx -p "$dir" -e "$dir/error.log" -c "$dir/conf" \
		-g 'daemon off;'
	wait_for 10 quiet_on "$space" curl -sf -o /dev/null http://127.0.0.1/
}
# inject SPACE DEVICE DEVICE-OF-GATEWAY PROTO SRC SPORT DST DPORT [FLAGS]
inject() {
	local space=$1 device=$2 near=$3
	shift 3
	on "$space" /usr/bin/python3 "$top/tests/lib/talk.py" inject "$device" "$(mac gw "$near")" "$@"
}

# What samepath may change in the gateway's namespace, to be compared before and after.
footprint() {
	ip -n "${lab}gw" rule | sort # the order within a priority says nothing
	ip -n "${lab}gw" -6 rule | sort
	ip -n "${lab}gw" -4 route show table all | grep -v ' dev lo' | sort
	ip -n "${lab}gw" -6 route show table all | sed 's/ pref medium//' | grep -v -e anycast -e multicast -e fe80: | sort
	quiet_on gw sysctl -a 2>/dev/null | grep -E 'forwarding|rp_filter|accept_ra |linkdown|send_redirects' | sort
	quiet_on gw bpftool net | sed -n '/^xdp/,/^flow/p'
	local device
	for device in lan0 lan1 er0 er1 er2 wan0; do
		[[ ! -e /run/netns/${lab}gw ]] || quiet_on gw tc qdisc show dev $device
	done
	find "/sys/fs/bpf/samepath/$gateway" 2>/dev/null | sort || :
}

unchanged() { # WHAT FOOTPRINT-BEFORE
	diff <(echo "$2") <(footprint) >"$work/diff" || fail "$1: $(cat "$work/diff")"
}

witnesses_end() {
	local name status=0 result
	for name in "${!witnesses[@]}"; do
		kill -TERM "${witnesses[$name]}" 2>/dev/null || :
		result=0
		wait "${witnesses[$name]}" || result=$?
		if ((result)); then
			echo "FAILED: witness of $name (status $result):" >&2
			sort "$work/$name.foreign" | uniq -c | sort -rn | head -5 >&2
			cat "$work/$name.err" >&2
			status=1
		fi
	done
	return $status
}

lab_end() {
	local status=$? pid space device
	trap - EXIT
	set +e
	[[ -z ${gateway_lock:-} ]] || exec {gateway_lock}>&- # `stop` would wait for it
	if ((status != 0 && status != 77)) && [[ $applied ]]; then
		echo "the gateway at that time:" >&2
		{
			quiet_sp show
			quiet_sp flow show | head -20
			ip -n "${lab}gw" -o link | sed 's/ qdisc.*//'
			ip -n "${lab}gw" neigh
			for device in $(ip -n "${lab}gw" -o link | sed -n 's/^[0-9]*: \([^@:]*\)@.*/\1/p'); do
				on gw ethtool -S "$device" | awk -v d="$device" '/drops:|errors:/ && $2 { print d, $0 }'
			done
		} >&2
	fi
	((${#noise[@]} == 0)) || kill -KILL "${noise[@]}" 2>/dev/null
	if [[ $applied && -d /sys/fs/bpf/samepath/$gateway ]]; then
		# one that a test stopped would never hear TERM
		[[ -z ${daemon:-} ]] || { kill -CONT "$daemon"; kill -TERM "$daemon"; wait "$daemon"; } 2>/dev/null
		quiet_sp stop >"$work/stop" 2>&1 || { cat "$work/stop" >&2; status=1; }
	fi
	witnesses_end || { [[ $status != 0 && $status != 77 ]] || status=1; }
	! fetches_crashed || status=1
	if ((status != 0 && status != 77)) && [[ -s $work/daemon.err ]]; then
		echo "daemon said:" >&2
		tail -5 "$work/daemon.err" >&2
	fi
	for pid in "${started[@]}"; do
		kill -CONT "$pid"
		kill -TERM "$pid"
	done 2>/dev/null
	wait 2>/dev/null
	for space in "${spaces[@]}"; do
		[[ ! -e /run/netns/$lab$space ]] || ip netns del "$lab$space"
	done
	rm -rf "$work" "/var/lib/samepath/$gateway" "/run/samepath/$gateway"
	rmdir "/sys/fs/bpf/samepath/$gateway" /sys/fs/bpf/samepath /run/samepath 2>/dev/null # of a fetch before any apply
	[[ -z $mounted ]] || umount /sys/fs/bpf
	[[ -z $numbers ]] || echo "$numbers" >/proc/sys/kernel/pid_max
	((status)) || echo "held"
	exit $status
}
