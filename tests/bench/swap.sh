#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# How long a large feed takes from having its body to the switch, and what memory it takes:
#
#   swap.sh          PREFIXES=100000, ROUNDS=5, FORMATS="microsoft365 cidr-lines"
#
# A synthetic feed, a third of it IPv6 and a tenth of it nested in other prefixes of it, is fetched and
# swapped in while new flows run through the gateway. From round to round a tenth of the prefixes is
# another. None of the flows may be classified otherwise; times are printed and assert nothing.
# shellcheck source=tests/lib/netns.sh
. "$(dirname "$0")/../lib/netns.sh"
# shellcheck source=tests/lib/feed.sh
. "$(dirname "$0")/../lib/feed.sh"
prefixes=${PREFIXES:-100000} rounds=${ROUNDS:-5} silent=1
first=2025010100
lab_start
feed_start "interval: 86400"
edit 's/limits: .*/limits: {flows: 400000, flows-per-host: 400000, half-open: 100000}/'

# Public space, which no address of this network is in; and the servers' prefixes in all of them.
bodies() { # FORMAT
	/usr/bin/python3 - "$1" "$origin" "$prefixes" "$first" "$rounds" <<-'PYTHON'
		import ipaddress, json, random, sys
		kind, directory, count, first, rounds = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
		random.seed(1)
		def four(n, length):
		    return f"{ipaddress.ip_address((20 << 24) + n * 256)}/{length}"
		def six(n, length):
		    return f"{ipaddress.ip_address((0x2A00 << 112) + (n << 80))}/{length}"
		def prefix(n):
		    make = six if n % 3 == 0 else four
		    # each tenth lies in the one before it of its family
		    return make(n - 3, 64 if make == six else 28) if n % 10 == 9 else make(n, 48 if make == six else 24)
		server = ["198.18.1.0/24", "2001:db8:e::/48"]
		for r in range(rounds + 1):
		    # a tenth of them from another range each time
		    all = [prefix(n + (count * (r + 1) if n % 10 == 1 else 0)) for n in range(count - len(server))]
		    random.shuffle(all)
		    with open(f"{directory}/{first + r}.json", "w") as out:
		        if kind == "cidr-lines":
		            out.write("\n".join(server + all) + "\n")
		            continue
		        sets = [{"id": i + 1, "serviceArea": "Exchange", "ips": all[i::50], "tcpPorts": "443",
		                 "expressRoute": True, "category": "Allow", "required": True} for i in range(50)]
		        sets[0]["ips"] += server
		        json.dump(sets, out)
	PYTHON
}
# The command, and behind its phases what it had of memory at most.
measured() {
	SAMEPATH_TIMES=1 on gw /usr/bin/python3 -c '
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
print("memory", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, file=sys.stderr)
sys.exit(status)' "$samepath" -c "$work/samepath.yaml" feed fetch
}
run() { # FORMAT
	local round
	format=$1
	bodies "$format"
	cp "$origin/$first.json" "$origin/list"
	echo $first >"$origin/version"
	apply
	sp feed fetch >"$work/out" 2>&1 || fail "$format: fetch: $(cat "$work/out")"
	fresh_start 200
	: >"$work/phases"
	for round in $(seq "$rounds"); do
		mv "$origin/$((first + round)).json" "$origin/list"
		cp "$origin/list" "$origin/$((first + round)).json"
		origin_move $((first + round))
		measured >"$work/out" 2>"$work/times" || fail "$format: $(cat "$work/out" "$work/times")"
		grep -q changed "$work/out" || fail "$format: $(cat "$work/out")"
		cat "$work/times" >>"$work/phases"
	done
	fresh_end
	((flows)) || fail "$format: no new flow"
	/usr/bin/python3 - "$format" "$prefixes" "$flows" "$work/phases" <<-'PYTHON'
		import statistics, sys
		kind, prefixes, flows, path = sys.argv[1:]
		phases, memory, whole, sums = {}, [], [], 0
		for line in open(path):
		    words = line.split()
		    if words[0] == "memory":
		        memory.append(int(words[1]))
		    elif words[0] == "phase":
		        name, time = words[1][:-1], float(words[2])
		        phases.setdefault(name, []).append(time)
		        sums += time
		        if name == "switch":
		            whole.append(sums)
		        if name == "end":
		            sums = 0
		print(f"{kind}, {prefixes} prefixes: median of {len(memory)} rounds, in ms")
		for name, times in phases.items():
		    print(f"  {name:10} {statistics.median(times):8.1f}")
		print(f"  from having the body to the switch: median {statistics.median(whole):.0f} ms, longest {max(whole):.0f} ms;"
		      f" memory {max(memory)} MiB; {flows} new flows, all as before")
	PYTHON
}
for format in ${FORMATS:-microsoft365 cidr-lines}; do
	[[ $format != cidr-lines ]] || {
		edit "s|format: microsoft365, source: \"[^\"]*\"|format: cidr-lines, source: \"http://127.0.0.1:$port/list\"|"
		edit 's/^(  - \{name: exchange, feed: m365).*/\1}/'
		edit '/name: sharepoint|to: \[sharepoint\]/d'
	}
	run "$format"
done
