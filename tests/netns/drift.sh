#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `feed drift` against routes that BGP brings: what it calls sound is carried by the circuit, what it
# names goes where it says. BIRD on both sides of er0 fills table 101, and withdraws.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
command -v bird >/dev/null || skip "needs bird"
lab_start
edit 's#, next-hop: \[172.16.0.[26], "[^"]*"\]##' # chicago has what BGP brings, and nothing else
apply

bird_conf() { # NAME OWN-LAST OTHER-LAST IMPORT EXPORT: the session on er0, both families
	cat <<-CONF
		router id 10.255.0.$2;
		log "$work/bird-$1.log" all;
		protocol device { scan time 1; }
		ipv4 table bgp4;
		ipv6 table bgp6;
		template bgp session {
			local as 6500$2;
			direct;
			connect delay time 1;
			connect retry time 1;
			error wait time 1, 2;
		}
		protocol bgp four from session {
			source address 172.16.0.$2;
			neighbor 172.16.0.$3 as 6500$3;
			ipv4 { table bgp4; import $4; export $5; };
		}
		protocol bgp six from session {
			source address 2001:db8:f:1::$2;
			neighbor 2001:db8:f:1::$3 as 6500$3;
			ipv6 { table bgp6; import $4; export $5; };
		}
	CONF
}
{
	bird_conf gw 1 2 all none
	echo 'protocol kernel { kernel table 101; ipv4 { table bgp4; import none; export all; }; }'
	echo 'protocol kernel { kernel table 101; ipv6 { table bgp6; import none; export all; }; }'
} >"$work/bird-gw.conf"
announce() { printf 'protocol static %s { ipv%s { table bgp%s; }; route %s blackhole; }\n' "$1" "$2" "$2" "$3"; }
{
	bird_conf chicago 2 1 none all
	announce net_one 4 198.18.1.0/24
	announce net_two 4 198.18.2.0/23
	announce net_six 6 2001:db8:e::/48
	announce net_idle 4 198.19.77.0/24 # of no class
} >"$work/bird-chicago.conf"
bird_start() { background "bird-$1" "$1" bird -f -c "$work/bird-$1.conf" -s "$work/bird-$1.ctl" -P "$work/bird-$1.pid"; }
cloud() { on chicago birdc -s "$work/bird-chicago.ctl" "$@" >"$work/birdc"; }
brought() { ip -n "${lab}gw" route show table 101 | grep -q "^$1 " || ip -n "${lab}gw" -6 route show table 101 | grep -q "^$1 "; }
gone() { ! brought "$1"; }

# drift STATUS ROW...: its status, and its rows, "circuit prefix finding", in this order
drift() {
	local status=0 expected=$1
	shift
	quiet_sp -j feed drift >"$work/drift.json" || status=$?
	quiet_sp feed drift >&2 || :
	same "rows of drift" "$(printf '%s\n' "$@")" "$(/usr/bin/python3 -c '
import json, sys
for row in json.load(open(sys.argv[1]))["drift"]:
    print(row["circuit"], row["prefix"], row["finding"])' "$work/drift.json")"
	same "status of drift" "$expected" $status
}
detail() { # PREFIX
	/usr/bin/python3 -c '
import json, sys
print(*(r["detail"] for r in json.load(open(sys.argv[1]))["drift"] if r["prefix"] == sys.argv[2]))' "$work/drift.json" "$1"
}
summary() { # CIRCUIT COLUMN...
	/usr/bin/python3 -c '
import json, sys
row = next(r for r in json.load(open(sys.argv[1]))["summary"] if r["circuit"] == sys.argv[2])
print(*(row[column] for column in sys.argv[3:]))' "$work/drift.json" "$@"
}
way() { ask pilot udp "$1" 0 "$2" 7000 | cut -d' ' -f1; }
goes() { [[ $(way "$1" "$2") == "$3" ]]; }

say "without a session the table of chicago has its unreachable default, and that is named"
drift 1 "chicago 198.18.1.0/24 not-routed" "chicago 198.18.2.0/23 not-routed" \
	"chicago 2001:db8:e::/48 not-routed"
matches "IPv4" 'in table 101; new connections take dallas$' "$(detail 198.18.1.0/24)"
matches "IPv6, which dallas has no pool for" 'new connections take internet$' "$(detail 2001:db8:e::/48)"
same "dallas, by its next hop" "2 2 2" "$(summary dallas expected routed by-default)"
same "where IPv4 goes" dallas "$(way 10.1.20.2 $exchange4)"
same "where IPv6 goes" internet "$(way 2001:db8:10:20::2 $exchange6)"

say "BGP brings the routes"
bird_start chicago
bird_start gw
for prefix in 198.18.1.0/24 198.18.2.0/23 198.19.77.0/24 2001:db8:e::/48; do
	wait_for 30 brought $prefix
done
drift 0 "chicago 198.19.77.0/24 unexpected"
same "chicago" "3 3 0 4 1" "$(summary chicago expected routed by-default routes unexpected)"
wait_for 5 goes 10.1.20.2 $exchange4 chicago
wait_for 5 goes 2001:db8:10:20::2 $exchange6 chicago

say "one prefix is withdrawn"
cloud disable net_one
wait_for 10 gone 198.18.1.0/24
drift 1 "chicago 198.18.1.0/24 not-routed" "chicago 198.19.77.0/24 unexpected"
matches "detail" 'has no route in table 101; new connections take dallas$' "$(detail 198.18.1.0/24)"
wait_for 5 goes 10.1.20.2 $exchange4 dallas

say "and comes back, with a longer one in it that leads astray, and one that leads nowhere"
cloud enable net_one
wait_for 10 brought 198.18.1.0/24
ip -n "${lab}gw" route add 198.18.1.0/28 via 192.0.2.2 table 101
ip -n "${lab}gw" route add blackhole 198.18.3.7 table 101
drift 1 "chicago 198.18.1.0/24 partly" "chicago 198.18.2.0/23 partly" "chicago 198.19.77.0/24 unexpected"
matches "astray" '^198.18.1.0/28 goes out of wan0 in table 101; new connections take dallas$' "$(detail 198.18.1.0/24)"
matches "nowhere" '^198.18.3.7/32 is a blackhole in table 101' "$(detail 198.18.2.0/23)"
wait_for 5 goes 10.1.20.2 $exchange4 dallas # it is in the /28

say "the whole prefix the wrong way"
ip -n "${lab}gw" route del 198.18.1.0/28 table 101
ip -n "${lab}gw" route del blackhole 198.18.3.7 table 101
ip -n "${lab}gw" route add 198.18.1.0/25 via 192.0.2.2 table 101
ip -n "${lab}gw" route add 198.18.1.128/25 via 192.0.2.2 table 101
drift 1 "chicago 198.18.1.0/24 wrong-way" "chicago 198.19.77.0/24 unexpected"
wait_for 5 goes 10.1.20.2 $exchange4 dallas
ip -n "${lab}gw" route del 198.18.1.0/25 table 101
ip -n "${lab}gw" route del 198.18.1.128/25 table 101

say "it reads, and writes nothing"
before=$(footprint)
drift 0 "chicago 198.19.77.0/24 unexpected"
unchanged "after drift" "$before"
