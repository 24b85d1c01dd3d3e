#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# As many flows as the limit says live at once, all are answered, and all expire: nothing is left.
#
#   NETNS spPIDin          NETNS spPIDgw                NETNS spPIDout
#   in0 10.0.0.2 ------- gin 10.0.0.1
#   hosts 10.1.0.0/16     gout 192.0.2.1 ------------ out0 192.0.2.2
#                         pool 198.18.0.0/24          servers 203.0.113.0/24
#
# The generator and its wires are those of tests/bench. FLOWS=20000 unless told otherwise; `make
# million` says a million. MAPPING=endpoint-independent has ports reserved apart from their flows;
# they rest two minutes, and the test waits for that too. What the flows cost is said, not judged.
# Alone: it fills the machine's memory and a core.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
flows=${FLOWS:-20000} mapping=${MAPPING:-address-and-port-dependent}
((flows <= 50000)) && timeout=6 || timeout=60
spaces=(in gw out)

wires() {
	local space
	for space in "${spaces[@]}"; do ip netns add "$lab$space"; done
	ip -n "${lab}in" link add in0 type veth peer name gin netns "${lab}gw"
	ip -n "${lab}out" link add out0 type veth peer name gout netns "${lab}gw"
	ip -n "${lab}gw" addr add 10.0.0.1/30 dev gin
	ip -n "${lab}gw" addr add 192.0.2.1/30 dev gout
	ip -n "${lab}gw" link set gin up
	ip -n "${lab}gw" link set gout up
	ip -n "${lab}in" link set in0 up
	ip -n "${lab}out" link set out0 up
	ip -n "${lab}gw" neigh replace 10.0.0.2 lladdr "$(mac in in0)" dev gin nud permanent
	ip -n "${lab}gw" neigh replace 192.0.2.2 lladdr "$(mac out out0)" dev gout nud permanent
	ip -n "${lab}gw" route add 10.1.0.0/16 via 10.0.0.2
	ip -n "${lab}gw" route add default via 192.0.2.2
}
config() {
	cat <<-YAML
		gateway: {name: $gateway, lab: true}
		inside:
		  interfaces: [gin]
		  segments:
		    - {name: site, prefixes: [10.1.0.0/16]}
		circuits:
		  - name: internet
		    kind: internet
		    links: [{interface: gout}]
		    outbound-pool: [198.18.0.0/24]
		    mapping: {udp: $mapping}
		policy:
		  - {from: [site], to: [any], circuits: [internet], otherwise: drop}
		timeouts: {udp: $timeout}
		limits: {flows: $flows, flows-per-host: 65535, half-open: $((flows > 1000000 ? flows : 1000000))}
	YAML
}

((EUID == 0)) || skip "needs root"
[[ -x $top/build/bench/bench ]] || fail "no bench: run make tests"
work=$(mktemp -d)
trap lab_end EXIT
wires
config >"$work/samepath.yaml"
# The daemon has CPU 0, everything else the last one, so that neither is measured with the other.
last_cpu=$(($(nproc) - 1))
taskset -pc "$last_cpu" $$ >/dev/null

# The longest time since the last question that the kernel kept the daemon's CPU to itself, in ms.
background stall gw "$top/build/tests/lib/stall" 0
stall=$last answers=1
wait_for 5 grep -q watching "$work/stall.out"
more_answers() { (($(wc -l <"$work/stall.out") > answers)); }
stalled() {
	kill -USR1 $stall
	wait_for 5 more_answers
	answers=$(wc -l <"$work/stall.out")
	tail -1 "$work/stall.out" | awk '{ printf "%.1f", $1 / 1000 }'
}
# CPU time of the daemon in clock ticks, and the time of the machine in hundredths of a second.
ticks() { awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$daemon/stat"; }
hundredths() { tr -d . </proc/uptime | cut -d' ' -f1; }
share() { # TICKS HUNDREDTHS at the beginning: per cent of a core since then
	awk -v t=$(($(ticks) - $1)) -v h=$(($(hundredths) - $2)) -v hz="$(getconf CLK_TCK)" \
		'BEGIN { printf "%.1f", h ? t / hz / h * 10000 : 0 }'
}
resident() { awk -v key="$1:" '$1 == key { printf "%.1f", $2 / 1024 }' "/proc/$daemon/status"; }
entries() { counted tables table "$1" entries; }

daemon_start
taskset -pc 0 "$daemon" >/dev/null
say "MiB resident, no flows: $(resident VmRSS)"
# tables were allocated just now, so the first answer is none; then a sweep or two of empty tables
stalled >/dev/null
on gw ping -q -c 1 -w 3 192.0.2.2 >/dev/null || :
say "ms that the kernel kept the CPU, no flows: $(stalled)"

say "$flows flows are made, and all are answered"
"$top/build/bench/bench" --row million --flows "$flows" --packets "$flows" \
	--objects "$top/build/bench" --first-hop own --prefix "$lab" >"$work/cells" || fail "the generator: $(cat "$work/cells")"
busy=$(ticks) since=$(hundredths)
stalled >/dev/null
cell() { /usr/bin/python3 -c '
import json, sys
for line in open(sys.argv[1]):
    cell = json.loads(line)
    if cell["what"] == sys.argv[2]:
        print(*(cell[key] for key in ("sent", "delivered", "wrong", "bad_checksum")))' "$work/cells" "$1"; }
for what in create in out; do
	same "$what: sent, delivered, wrong, of bad checksum" "$flows $flows 0 0" "$(cell $what)"
done
same "flows listed" "$flows" "$(quiet_sp flow show proto udp | grep -c '^ *udp ')"
# how full the table is comes from the daemon's sweep, which is over in its own time
told() { (($(entries flows4) == 2 * flows)); }
wait_for 60 told
same "flows of the circuit" "$flows" "$(circuit internet flows)"
same "opened" "$flows" "$(circuit internet opened)"
for refusal in TABLE_FULL POOL_EXHAUSTED HOST_LIMIT HALF_OPEN_LIMIT VIOLATION UNSOLICITED; do
	same "$refusal" 0 "$(verdict $refusal)"
done
bytes() { # MAP...: of a flow, whose two entries are in the first
	for map; do bpftool -j map show pinned "/sys/fs/bpf/samepath/$gateway/$map"; done | /usr/bin/python3 -c 'import json, sys
maps = [json.loads(line) for line in sys.stdin]
print("# bytes a flow, {}: {:.0f}".format(sys.argv[1], 2 * sum(m["bytes_memlock"] for m in maps) / maps[0]["max_entries"]))' "$1"
}
bytes flows4 flow_near4 flow_far4
[[ $mapping != endpoint-independent ]] || bytes mappings4

say "they fall silent, and expire after $timeout s"
some_gone() { (($(entries flows4) < 2 * flows)); }
wait_for 120 some_gone
say "until the first went: $(share "$busy" "$since") % of a core, the kernel kept it for $(stalled) ms at most"
busy=$(ticks) since=$(hundredths)
empty() { [[ $(entries flows4) == 0 && $(circuit internet flows) == 0 ]]; }
wait_for 240 empty
say "until the last went: $(share "$busy" "$since") % of a core, the kernel kept it for $(stalled) ms at most"
say "MiB resident: $(resident VmRSS), at most $(resident VmHWM)"
if [[ $mapping == endpoint-independent ]]; then
	say "the last port rests"
	rested() { [[ $(entries mappings4) == 0 ]]; }
	wait_for 400 rested
fi
same "half-open" 0 "$(quiet_sp -j show | grep -o '"half-open-inside": *[0-9]*' | grep -o '[0-9]*$')"
! grep 'without the other' "$work/daemon.err" || fail "a sweep found half flows"
daemon_running || fail "the daemon ended"
