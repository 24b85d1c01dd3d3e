#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What is handed on from a plan: statuses, refusals in one line, and what each artefact must hold.
set -euo pipefail
samepath=${SAMEPATH:-build/samepath}
PATH=$PATH:/usr/sbin # where bird is, who ever runs this
work=$(mktemp -d)
out=$work/out
trap 'rm -rf "$work"' EXIT
sound=tests/data/plans/sound.yaml

# status EXPECTED WORDS...: what is written is in $out
status() {
	local found=0 expected=$1
	shift
	"$samepath" "$@" >"$out" 2>&1 || found=$?
	[[ $found == "$expected" ]] || { echo "samepath $*: status $found, not $expected" && cat "$out" && exit 1; }
}
says() { grep -q -- "$1" "$out" || { echo "not said: $1" && cat "$out" && exit 1; }; }
lacks() { ! grep -q -- "$1" "$out" || { echo "said: $1" && cat "$out" && exit 1; }; }
only() { says "$1" && [[ $(wc -l <"$out") == 1 ]] || { echo "more than a line" && cat "$out" && exit 1; }; }
json() { python3 -c "import json,sys; d = json.load(open(sys.argv[1])); assert $1, d" "$out"; }

# Words that are none, files that are none.
status 2 plan nothing
only 'plan nothing: unknown verb; known: '
status 2 plan pac --paths "$sound"
only 'plan pac --paths: unknown word'
status 2 plan pac one two
only 'plan pac two: unknown word'
status 2 plan pac --proxy
only 'plan pac: --proxy needs a value'
status 2 plan pac "$work/none.yaml"
only 'none.yaml: cannot be read'

# What the shell offers: each artefact, and its options.
# offered WORDS...: the last is completed
offered() {
	bash -c 'source userspace/samepath.bash; compopt() { :; }; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_samepath; printf "%s\n" "${COMPREPLY[@]}"' bash "$samepath" "$@" >"$out"
}
offered plan ''
[[ $(paste -sd ' ' "$out") == 'checklist graph catalogue pac prefix-lists dns' ]] || { cat "$out" && exit 1; }
offered plan pac --p
only '^--proxy$'
offered plan catalogue --csv in
only '^inbound$'
offered plan dns --before tests/data/plans/so
only '^tests/data/plans/sound.yaml$'
offered plan graph tests/data/plans/so
only '^tests/data/plans/sound.yaml$'

# The PAC file: what it says is judged in plan_pac.sh.
status 2 plan pac "$sound"
only 'plan pac: no proxy'
for proxy in proxy :8080 proxy:0 proxy:65536 proxy:8080x 'a"b:80' '[::1:80' '[]:80' 'pr oxy:80'; do
	status 2 plan pac --proxy "$proxy" "$sound"
	only 'no proxy; HOST:PORT is accepted'
done
status 2 plan pac --proxy proxy.example:8080 "$sound"
only 'no name goes over ExpressRoute'
status 2 plan pac --proxy '[2001:db8::1]:8080' --location nowhere "$sound"
only 'plan pac: nowhere: no such location'
cat >"$work/feed.json" <<'END'
[{"id": 1, "serviceArea": "Exchange", "category": "Allow", "required": true, "expressRoute": true,
  "urls": ["*.mail.example"], "ips": ["198.18.1.0/24"]},
 {"id": 2, "serviceArea": "Skype", "category": "Allow", "required": true, "expressRoute": true,
  "urls": ["*.call.example", "cdn.mail.example"], "ips": ["198.18.128.0/24"]},
 {"id": 3, "serviceArea": "Exchange", "category": "Default", "required": true, "expressRoute": false,
  "urls": ["cdn.static.example"]}]
END
sed -e "s|^destinations:|feeds: [{name: m365, format: microsoft365, source: $work/feed.json}]\n&\n\
  - {name: mail, feed: m365, areas: [Exchange], expressroute: true}\n\
  - {name: calls, feed: m365, areas: [Skype], expressroute: true}|" \
	-e 's/to: \[exchange, sharepoint\]/to: [mail, calls]/' -e 's/uses: \[exchange, world\]/uses: [mail, world]/' \
	-e '/- {name: exchange, /d' -e 's/used-by: \[exchange\]/used-by: [mail]/' \
	-e 's/{name: sound, /{name: sound, proxy: "proxy.example:8080", /' "$sound" >"$work/names.yaml"
status 0 plan pac "$work/names.yaml"
says 'dnsDomainIs(host, ".call.example")'
says 'var proxy = "PROXY proxy.example:8080";'
status 0 plan pac --location branch-users --proxy other.example:3128 "$work/names.yaml"
says 'dnsDomainIs(host, ".mail.example")' # Skype is not used there
says 'PROXY other.example:3128'
lacks call.example
status 0 -j plan pac --location branch-users "$work/names.yaml"
json '[(n["order"], n["name"], n["way"], n["area"]) for n in d["names"]] == [
	(1, "cdn.mail.example", "proxy", "Skype"), (2, "*.mail.example", "direct", "Exchange")]'
sed -i 's|"cdn.mail.example"|"cdn.mail.example/path"|' "$work/feed.json"
status 2 plan pac "$work/names.yaml"
only 'set 2: cdn.mail.example/path: no name of a host'

# What gateways tell and take: every pool and service is told, once, whatever the plan advertises.
status 2 plan prefix-lists --bird --frr "$sound"
only 'one of them is accepted'
status 2 -j plan prefix-lists --bird "$sound"
json '"are text" in d["error"]'
sed -e 's/{name: sound, lab: true}/{name: sound, lab: true, asn: 64500}/' \
	-e 's#outbound-pool: .203.0.113.32/28.#outbound-pool: [203.0.113.32/28, "2001:db8:20::/64"]#' \
	-e 's#advertise: .203.0.113.32/28, 198.51.100.0/28.#advertise: [198.51.100.0/28, "2001:db8:20::/56"]#' \
	-e 's#advertise: .203.0.113.48/28, 198.51.100.0/28.#advertise: [203.0.113.48/28]#' "$sound" >"$work/both.yaml"
status 0 -j plan prefix-lists "$work/both.yaml"
json '[r["what"] for r in d["routes"] if r["circuit"] == "chicago" and r["way"] == "advertise"] == [
	"198.51.100.0/28", "2001:db8:20::/56", "203.0.113.32/28"]'
json '[(r["what"], r["why"]) for r in d["routes"] if r["circuit"] == "dallas" and r["way"] == "advertise"][1] == (
	"198.51.100.5/32", "service exchange-hybrid; `advertise` of the plan leaves it out")'
json 'all({"10.1.0.0/16", "203.0.113.48/28", "2001:db8:20::/56"} < {r["what"] for r in d["routes"]
	if r["circuit"] == c and r["way"] == "refuse"} for c in ("internet", "chicago", "dallas"))'
json '[r["what"] for r in d["routes"] if r["circuit"] == "internet" and r["way"] == "accept"] == ["0.0.0.0/0"]'
status 0 plan prefix-lists --frr "$work/both.yaml"
diff tests/data/plans/both.frr "$out"
! command -v vtysh >/dev/null || vtysh -C -f "$out"
sed -i 's|cdn.mail.example/path|cdn.mail.example|' "$work/feed.json"
for plan in "$sound" "$work/both.yaml" "$work/names.yaml"; do
	status 0 plan prefix-lists --bird "$plan"
	{ echo 'router id 192.0.2.1;' && cat "$out" &&
		echo "protocol bgp one from 'chicago-session' { local as 64500; neighbor 192.0.2.2 as 12076; }"; } >"$work/bird.conf"
	bird -p -c "$work/bird.conf" || { cat "$work/bird.conf" && exit 1; }
done
says '(12076,5010) ~ bgp_community then accept; # Exchange, for destination mail'
lacks 5020 # SharePoint is of no destination
lacks '198.18.1.0/24' # nor is the feed, or what is received, a filter there

# The graph: all that is in the plan, and of flows those that are bad.
status 0 -j plan graph "$sound"
json '[n["name"] for k in ("site", "segment", "location", "firewall", "gateway", "circuit", "meet-me", "destination",
	"service") for n in d["nodes"] if n["kind"] == k] == ["head-office", "branch", "servers", "offices",
	"branch-offices", "head-office-users", "branch-users", "perimeter", "edge", "internet", "chicago", "dallas",
	"chicago-exchange", "dallas-exchange", "exchange", "sharepoint", "world", "exchange-hybrid"]'
json '{"outbound pool 203.0.113.32/28", "inbound pool 192.168.1.0/24", "receives 3 prefixes"} < set(
	[n["detail"] for n in d["nodes"] if n["name"] == "chicago"][0])'
json '["chicago-primary, session up", "chicago-secondary, session up"] in [e["detail"] for e in d["edges"]
	if e["to"] == "chicago" and e["from"] == "edge"]'
json '{e["from"] for e in d["edges"] if e["to"] == "world"} == {"internet"}' # not the provider'"'"'s
json 'not any(n["bad"] for n in d["nodes"]) and {e["kind"] for e in d["edges"]} == {"link", "route"}'
status 0 -j plan graph tests/lab/plans/problem-1.yaml
json '[n["name"] for n in d["nodes"] if n["bad"]] == ["ny-fw"]'
json '[(e["from"], e["to"]) for e in d["edges"] if e["kind"] == "answer"] == [
	("servers", "nj"), ("nj", "ny"), ("ny", "ny-fw")]'
status 0 plan graph tests/lab/plans/problem-1.yaml
says '^digraph "problem-1" {'
says '"site nj" -> "site ny" .color=red'
[[ $(grep -c 'color=red' "$out") == 9 ]] # five hops there, three back, and where it ends
status 2 -j plan graph --svg "$sound"
json '"is a picture" in d["error"]'
PATH=$work status 2 plan graph --svg "$sound"
only 'plan graph: no program `dot`'
mkdir "$work/bin"
printf '#!/bin/sh\nexit 1\n' >"$work/bin/dot"
chmod +x "$work/bin/dot"
PATH=$work/bin:$PATH status 2 plan graph --svg "$sound"
only 'plan graph: dot: '
if command -v dot >/dev/null; then
	status 0 plan graph --svg tests/lab/plans/problem-1.yaml
	says '</svg>'
	says '>exchange&#45;hybrid<'
else
	echo "no program dot: the picture is not drawn"
fi

# The DNS when addresses change: what is new is told before it is used, what is old is forgotten after.
status 2 plan dns "$sound"
only 'plan dns: no older plan'
status 2 plan dns --before "$work/none.yaml" "$sound"
only 'none.yaml: cannot be read'
status 0 -j plan dns --before "$sound" "$sound"
json 'd["to-do"] == []'
dns='dns:\n  - {name: autodiscover.example.com, service: exchange-hybrid, ttl: 3600}\n  - {name: example.com, spf: [internet, exchange-hybrid]}'
sed "\$a$dns" "$sound" >"$work/old.yaml"
sed -e "\$a$dns" -e 's/public: 198.51.100.5/public: 198.51.100.6/' -e 's#203.0.113.0/28#203.0.113.64/27#' \
	-e 's#203.0.113.48/28#203.0.113.16/28#' "$sound" >"$work/new.yaml"
# judged PLANS...: what is to be done, the addresses' TTL put away
moves='[("before", "TTL", "lower the TTL to 300 s"), ("before", "TXT", "add ip4:203.0.113.64/27"),
	("before", "PTR", "give 203.0.113.64/27 a name, which leads back to it"), ("before", "TXT", "add ip4:198.51.100.6"),
	("before", "PTR", "give 198.51.100.6 a name, which leads back to it"),
	("before", "TXT", "find out what sends mail from the pool of dallas"), ("change", "A", "add 198.51.100.6"),
	("after", "A", "remove 198.51.100.5"), ("after", "TTL", "raise the TTL again"),
	("after", "TXT", "remove ip4:203.0.113.0/28"), ("after", "TXT", "remove ip4:198.51.100.5")]'
status 0 -j plan dns --before "$work/old.yaml" "$work/new.yaml"
json "[(r['when'], r['record'], r['what']) for r in d['to-do']] == $moves and {r['number'] for r in d['to-do']} == {36}"
json '"3600 s" in d["to-do"][0]["why"] and d["to-do"][5]["name"] is None'
# Names outlive plans: those of the new one count where the old one says none.
status 0 -j plan dns --before "$sound" "$work/new.yaml"
json "[(r['when'], r['record'], r['what']) for r in d['to-do']] == $moves"
status 0 -j plan dns --before "$work/old.yaml" "$sound"
json 'd["to-do"] == []'
sed 's/spf: .internet, exchange-hybrid./spf: [internet]/' "$work/old.yaml" >"$work/fewer.yaml"
status 0 -j plan dns --before "$work/fewer.yaml" "$work/old.yaml"
json '[r["what"] for r in d["to-do"] if r["record"] == "TXT"] == ["add ip4:198.51.100.5"]'
sed '/^services:/,$d' "$sound" >"$work/gone.yaml"
status 0 -j plan dns --before "$work/old.yaml" "$work/gone.yaml"
json '[(r["when"], r["record"], r["what"]) for r in d["to-do"]] == [
	("after", "A", "remove 198.51.100.5"), ("after", "TXT", "remove ip4:198.51.100.5")]'
sed -e 's/public: 198.51.100.5/public: 198.51.100.6/' "$sound" >"$work/nameless.yaml"
status 0 plan dns --before "$sound" "$work/nameless.yaml"
says 'find the names of service exchange-hybrid'
# A name is compared as a whole, whichever services it leads to: an address goes when none of them has it.
# moved OLD NEW EXPECTED: entries of dns in both; `relay` is at .7, `twin` at the old address of exchange-hybrid
services='  - {name: relay, public: 198.51.100.7, ports: [tcp/25], servers: [192.168.0.103], circuits: [internet], at: edge, source-nat: inbound-pool}'
two="$services\n${services//relay, public: 198.51.100.7/twin, public: 198.51.100.5}"
moved() {
	printf '%b\n' "$(sed "/^services:/a\\${3:-$two}" "$sound")" "dns:\n$1" >"$work/from.yaml"
	printf '%b\n' "$(sed "/^services:/a\\${4:-$two}" "$sound")" "dns:\n$2" >"$work/to.yaml"
	status 0 -j plan dns --before "$work/from.yaml" "$work/to.yaml"
}
entry='  - {name: mail.example.com, service: relay, ttl: 60}'
moved "${entry/relay/exchange-hybrid}\n${entry/relay/twin}" "${entry/relay/exchange-hybrid}\n${entry/relay/twin}" "$two" "${two/98.51.100.5/98.51.100.8}"
json '[(r["when"], r["what"]) for r in d["to-do"]] == [("change", "add 198.51.100.8")]'
moved "${entry/relay/twin}" "${entry/relay/exchange-hybrid}"
json 'd["to-do"] == []'
moved "${entry/relay/twin}" "${entry/mail/MAIL}\n$entry"
json '[(r["when"], r["what"]) for r in d["to-do"]] == [("change", "add 198.51.100.7"), ("after", "remove 198.51.100.5")]'
json 'd["to-do"][1]["why"].endswith("servers keep the old one for its TTL of 60 s")'
moved '  - {name: example.com, spf: [internet]}' '  - {name: example.com, service: relay, spf: [internet, relay]}'
json '[(r["record"], r["what"]) for r in d["to-do"] if r["record"] != "PTR"] == [
	("TXT", "add ip4:198.51.100.7"), ("A", "add 198.51.100.7")]'
json '"service relay answers there" in d["to-do"][2]["why"]'
# What only the older plan has: of a service and a circuit that nobody names, somebody must know.
sed -e '/- name: dallas$/,/advertise: .203.0.113.48/d' -e '/from: dallas/d' -e 's/, dallas\]/]/' -e 's/, {circuit: dallas, ms: 12}//' \
	-e '/^services:/,$d' "$sound" >"$work/fewer.yaml"
status 0 -j plan dns --before "$sound" "$work/fewer.yaml"
json '[(r["when"], r["record"], r["what"]) for r in d["to-do"]] == [
	("before", "A", "find the names of service exchange-hybrid"),
	("before", "TXT", "find out what sends mail from the pool of dallas"),
	("after", "PTR", "take back the names of the pool of dallas")]'
json 'd["to-do"][0]["why"].startswith("it is gone")'
# A name may have any number of addresses.
many=$(printf '198.18.%d.0/28, ' {0..220})
sed -e "\$a$dns" -e "0,/outbound-pool: \[/s##&$many#" "$sound" >"$work/many.yaml"
status 0 -j plan dns --before "$work/old.yaml" "$work/many.yaml"
json 'len([r for r in d["to-do"] if r["record"] == "TXT"]) == 221'
# wrong WHAT WITH SAID: a line of dns that refers to nothing
wrong() {
	sed "\$a$dns" "$sound" | sed "s/$1/$2/" >"$work/wrong.yaml"
	status 2 plan dns --before "$sound" "$work/wrong.yaml"
	only "$3"
}
wrong 'service: exchange' 'service: no-exchange' 'service: no-exchange-hybrid: no such service'
wrong 'spf: .internet' 'spf: [nowhere' 'spf: nowhere: no such circuit or service'
wrong 'service: exchange-hybrid, ' '' 'stands for nothing'
wrong autodiscover.example.com 'auto..example' 'auto..example: no name of the DNS'
wrong 'ttl: 3600' 'ttl: 0' 'ttl'

# The catalogue: both forms, alike in text, JSON and CSV; what they lack is named.
status 0 -j plan catalogue "$work/old.yaml"
json 'd["inbound"] == [{"direction": "Inbound", "service": "exchange-hybrid", "source": "exchange",
	"destination": "198.51.100.5; tcp/443", "dns-entry": "autodiscover.example.com", "other-microsoft": "no",
	"internet-users": "no", "published-systems": "192.168.0.101; 192.168.0.102",
	"advertisement": "internet: 198.51.100.0/24; chicago: 198.51.100.0/28; dallas: 198.51.100.0/28",
	"perimeter-controls": "chicago: edge, perimeter; dallas: edge, perimeter",
	"high-availability": "2 private circuits, 1 of the internet; exchange comes by chicago; exchange comes by dallas",
	"path-symmetry": "internet: source NAT to 192.168.5.5/32; chicago: source NAT to 192.168.1.0/24; " +
		"dallas: source NAT to 192.168.2.0/24"}]'
json '[(r["service"], r["source"], r["high-availability"]) for r in d["outbound"]][1] == ("sharepoint",
	"head-office-users (10000 heads in offices)",
	"head-office-users: chicago; head-office-users without circuit chicago: dallas")'
json '[(m["flow"], m["missing"]) for m in d["missing"]] == [(f, p) for f in ("exchange", "sharepoint")
	for p in ("Public (Internet) DNS entry", "CDN referrals")]'
cp "$out" "$work/catalogue.json"
for form in outbound inbound; do
	status 0 plan catalogue --csv "$form" "$work/old.yaml"
	python3 - "$out" "$work/catalogue.json" "$form" <<-'END'
	import csv, json, sys
	with open(sys.argv[1], newline="") as file:
	    rows = list(csv.reader(file, strict=True))
	flows = json.load(open(sys.argv[2]))[sys.argv[3]]
	assert rows[0][0] == "Network traffic direction" and len(flows) == len(rows) - 1
	assert rows[1:] == [[value or "" for value in flow.values()] for flow in flows], rows
	END
done
status 0 plan catalogue "$work/old.yaml"
says '^  Used by users/systems on the internet  *no$'
says '^  *dallas: source NAT to 192.168.2.0/24$'
status 0 -j plan catalogue "$work/names.yaml"
json '[(r["dns-entry"], r["cdn-referrals"], r["connectivity-method"]) for r in d["outbound"]
	if r["service"] == "mail"] == [("*.mail.example", "cdn.static.example",
	"chicago: direct routing; dallas: direct routing")]'
json '"internet: proxy proxy.example:8080, by PAC file" in [r["connectivity-method"] for r in d["outbound"]]'
json '[m["flow"] for m in d["missing"] if m["form"] == "inbound"] == ["exchange-hybrid"]' # no name in the DNS
status 0 -j plan catalogue tests/lab/plans/problem-1.yaml
json '"internet: asymmetric" in d["inbound"][0]["path-symmetry"]'
status 2 plan catalogue --csv both "$sound"
only 'outbound and inbound are accepted'
status 2 -j plan catalogue --csv inbound "$sound"
json '"--csv is text" in d["error"]'

# The checklist: what is missing is named under the guide's number, what is wrong is what verify says.
status 1 -j plan checklist "$sound"
json '[(r["number"], r["what"]) for r in d["checklist"] if r["state"] == "missing"][4:] == [
	(4, "inbound exchange-hybrid: Public (Internet) DNS entry"), (8, "latency of location branch-users"),
	(36, "name of service exchange-hybrid in `dns`"), (39, "proxy of the plan, for what stays on the internet"),
	(68, "30 latency: branch-users: how far chicago is is not given; `latency` says it of both"),
	(68, "45 pools-registered: the plan names no list of registered prefixes; `plan.registered` is one"),
	(78, "config of gateway edge: there is nothing to apply")]'
json 'not [r for r in d["checklist"] if r["state"] == "wrong"]'
json '{r["number"] for r in d["checklist"]} == {4, 8, 28, 33, 36, 39, 41, 68, 77, 78, 79, 80, 95}'
json '("branch-users", "exchange", "chicago", "203.0.113.32/28", "answered") in [
	(t["from"], t["to"], t["over"], t["seen-as"], t["expected"]) for t in d["tests"]]'
json '("exchange", "exchange-hybrid", "dallas", "192.168.2.0/24", 84) in [
	(t["from"], t["to"], t["over"], t["seen-as"], t["number"]) for t in d["tests"]]'
printf '203.0.113.0/24\n198.51.100.0/24\n' >"$work/registered"
sed -i '$s/]$/,\n {"id": 4, "serviceArea": "Skype", "category": "Default", "required": true, "expressRoute": false,\n  "urls": ["cdn.chat.example"]}]/' "$work/feed.json"
dns='dns:\n  - {name: autodiscover.example.com, service: exchange-hybrid, ttl: 3600}'
sed -e '/policy:/,+2d' -e "s|lab: true|lab: true, registered: $work/registered|" -e "\$a$dns" -e '/- {name: sharepoint, /d' \
	-e 's#198.18.2.0/23, 198.18.128.0/20#198.18.128.0/24#' -e 's/uses: \[mail, world\]/&, latency: [{circuit: internet, ms: 20}, {circuit: chicago, ms: 18}]/' "$work/names.yaml" >"$work/complete.yaml"
status 0 -j plan checklist "$work/complete.yaml"
json '{r["state"] for r in d["checklist"]} == {"ready", "by hand"}'
status 0 plan checklist "$work/complete.yaml"
says 'complete.yaml: 0 things missing or wrong$'
sed -e 's/, region: north-america//' -e '0,/    region: north-america/s///' -e '/meet-me: dallas/d' -e 's/heads: 500/heads: 0/' \
	-e 's/, ttl: 3600//' "$work/complete.yaml" >"$work/lacking.yaml"
status 1 -j plan checklist "$work/lacking.yaml"
json '[(r["number"], r["what"]) for r in d["checklist"] if r["state"] == "missing"] == [
	(28, "region of site head-office"), (28, "meet-me of circuit dallas"), (33, "heads of location branch-users"),
	(36, "TTL of autodiscover.example.com")]'
status 1 -j plan checklist tests/lab/plans/problem-1.yaml
json '[r["what"].split(",")[0] for r in d["checklist"] if r["state"] == "wrong"] == ["16 inbound-symmetric"]'
json '("cloud", "exchange-hybrid", "internet", None, "no answer") in [
	(t["from"], t["to"], t["over"], t["seen-as"], t["expected"]) for t in d["tests"]]'
