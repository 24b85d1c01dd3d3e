#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The PAC file that a plan gives, evaluated by pacparser for every name of real captures, names that are
# nearly those, and names made of one feed whose sets take each other in. The model is in Python.
set -euo pipefail
samepath=${SAMEPATH:-build/samepath}
captures=$PWD/../shared/feed
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

received=198.18.0.0/15
# plan BODY SELECTION
plan() {
	cat <<-END
	plan: {name: pac, lab: true, proxy: "proxy.example:8080"}
	sites:
	  - {name: office, segments: [{name: desks, prefixes: [10.1.0.0/16]}]}
	gateways: [{name: edge, inside: office}]
	circuits:
	  - {name: chicago, kind: expressroute, gateway: edge, received: [$received]}
	feeds: [{name: m365, format: microsoft365, source: $1}]
	destinations: [{name: cloud, feed: m365, expressroute: true$2}]
	END
}
# evaluate BODY [AREA...]
evaluate() {
	local body=$1 areas=("${@:2}") selection=
	[[ ! ${areas[*]} ]] || selection=", areas: [$(IFS=,; echo "${areas[*]}")]"
	plan "$body" "$selection" >"$work/plan.yaml"
	"$samepath" plan pac "$work/plan.yaml" >"$work/file.pac"
	tests/lib/pac_model.py hosts "$body" >"$work/urls"
	pactester -p "$work/file.pac" -f "$work/urls" |
		tests/lib/pac_model.py judge "$body" proxy.example:8080 "$received" "${areas[@]}" ||
		{ echo "$body ${areas[*]}" && exit 1; }
	echo "$(wc -l <"$work/urls") names of ${body##*/} ${areas[*]}"
}

# Names inside names, three deep; one on both sides; two that overlap and neither takes in the other; sets
# without addresses, and with some that are not received.
# set_of ID AREA EXPRESSROUTE NAMES [PREFIXES]
set_of() { echo "{\"id\": $1, \"serviceArea\": \"$2\", \"category\": \"Allow\", \"required\": true, \
	\"expressRoute\": $3, \"urls\": [$4], \"ips\": [${5-\"198.18.$1.0/24\"}]}"; }
cat >"$work/nested.json" <<END
[$(set_of 1 Exchange true '"*.a.example", "deep.x.b.a.example", "both.example", "mail.*.c.example", "D.example"'),
 $(set_of 2 Exchange false '"*.b.a.example", "both.example", "*.east.c.example", "*pre.a.example"'),
 $(set_of 3 Skype true '"*.x.b.a.example", "autodiscover.*.e.example", "*cdn.f.example"'),
 $(set_of 4 Common false '"no.x.b.a.example", "*.e.example", "*.out.example"'),
 $(set_of 5 Exchange true '"*.nowhere.example", "autodiscover.*.b.a.example"' ''),
 $(set_of 6 Exchange true '"*.elsewhere.example", "x.deep.x.b.a.example"' '"198.18.6.0/24", "203.0.113.0/24"')]
END
evaluate "$work/nested.json"
evaluate "$work/nested.json" Exchange
evaluate "$work/nested.json" Skype

[[ -d $captures ]] || { echo "no captures in $captures: only names made up" && exit 77; }
received=0.0.0.0/0
for name in worldwide-v2020080600 worldwide-mem-20251201 usgovdod-20251201; do
	evaluate "$captures/endpoints-$name.json"
done
evaluate "$captures/endpoints-worldwide-v2020080600.json" Exchange SharePoint
