#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What is handed on from a plan: statuses, refusals in one line, and what each artefact must hold.
. tests/lib/plan.sh

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

status 2 plan graph ''
only 'plan graph: an empty word is no file'
status 0 plan --help
says '^  plan checklist .PLAN. '
# What could not be written was not answered, whatever the answer.
# unwritten ARTEFACT CAUSE
unwritten() {
	local found=0
	"$samepath" plan "$1" "$sound" 2>"$out" || found=$?
	[[ $found == 2 ]] || { echo "$1: status $found" >&2 && exit 1; }
	only "standard output: cannot write: $2" >&2
}
for artefact in checklist catalogue; do
	unwritten "$artefact" 'No space left on device$' >/dev/full
	unwritten "$artefact" 'Bad file descriptor$' >&-
done
# Who closes a pipe has read enough.
mkfifo "$work/pipe"
(trap '' PIPE && exec 3<>"$work/pipe" 4>"$work/pipe" 3<&- && status=0 &&
	{ "$samepath" plan checklist "$sound" >&4 2>"$out" || status=$?; } && [[ $status == 1 && ! -s $out ]])

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
for proxy in proxy :8080 proxy:0 proxy:65536 proxy:8080x 'a"b:80' '[::1:80' '[]:80' 'pr oxy:80' \
	...:80 '[::::]:80' proxy:0080 'a..b:80'; do
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
# None that takes in a whole top-level domain, or is no name of a domain.
for name in '*' '**' '*.example' '*x.example' 'mail.*.example' . .. - localhost a..example .mail.example mail.example.; do
	sed "s|cdn.mail.example/path|$name|" "$work/feed.json" >"$work/loose.json"
	sed "s|$work/feed.json|$work/loose.json|" "$work/names.yaml" >"$work/loose.yaml"
	status 2 plan pac "$work/loose.yaml"
	only 'set 2: .*: no name of hosts'
done

# Addresses that are not received over ExpressRoute, and none at all, are the proxy's.
sed -e 's|cdn.mail.example/path|cdn.mail.example|' -e '$s/]$/,/' "$work/feed.json" >"$work/beside.json"
cat >>"$work/beside.json" <<'END'
 {"id": 4, "serviceArea": "Exchange", "category": "Allow", "required": true, "expressRoute": true,
  "urls": ["partly.example.net"], "ips": ["198.18.1.0/25", "198.19.1.0/24", "2001:db8::/32"]},
 {"id": 5, "serviceArea": "Exchange", "category": "Allow", "required": true, "expressRoute": true,
  "urls": ["wholly.example.net"], "ips": ["198.18.1.0/25", "2001:db8::/32"]},
 {"id": 6, "serviceArea": "Exchange", "category": "Allow", "required": true, "expressRoute": true,
  "urls": ["nowhere.example.net"]}]
END
sed "s|$work/feed.json|$work/beside.json|" "$work/names.yaml" >"$work/beside.yaml"
status 0 -j plan pac "$work/beside.yaml"
json '{n["name"] for n in d["names"] if n["way"] == "direct"} == {"*.mail.example", "cdn.mail.example", "*.call.example",
	"wholly.example.net"}'
status 0 plan pac "$work/beside.yaml"
says '// Users of all locations are counted as one'

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

# Areas go by communities, and beside them what is received for destinations that are written as prefixes.
sed -e 's/{name: sound, /{name: sound, asn: 64500, /' -e 's/- {name: sharepoint, .*/&\n  - {name: wide, prefixes: [198.18.0.0\/22]}/' \
	"$work/names.yaml" >"$work/mixed.yaml"
status 0 -j plan prefix-lists "$work/mixed.yaml"
json '[r["what"] for r in d["routes"] if r["circuit"] == "dallas" and r["way"] == "accept"] == ["community 12076:5010",
	"community 12076:5030", "198.18.1.0/24", "198.18.2.0/23", "198.18.128.0/20"]'
json 'all({"192.168.5.5/32", "192.168.2.0/24"} < {r["what"] for r in d["routes"] if r["circuit"] == c
	and r["way"] == "refuse"} for c in ("internet", "chicago", "dallas"))'
status 0 plan prefix-lists --frr "$work/mixed.yaml"
says '^route-map dallas-in4 permit 20$'
says '^route-map dallas-in4 permit 30$'
says '^ no bgp network import-check$'
# A service that no circuit advertises is ours all the same.
sed 's#, 198.51.100.0/2[48]\]#]#' "$sound" >"$work/unsaid.yaml"
status 0 -j plan prefix-lists "$work/unsaid.yaml"
json 'all(("refuse", "198.51.100.5/32", "ours: service exchange-hybrid") in [(r["way"], r["what"], r["why"]) for r in
	d["routes"] if r["circuit"] == c] for c in ("internet", "chicago", "dallas"))'
# Who advertises nothing listens all the same.
status 0 plan prefix-lists --bird tests/lab/plans/catalogue.yaml
says "^		import filter 'newyork-in4';"
mute='plan: {name: mute, lab: true, asn: 64500}\nsites: [{name: office, segments: [{name: desks, prefixes: [10.1.0.0/16]}]}]
gateways: [{name: edge, inside: office}]\ncircuits: [{name: chicago, kind: expressroute, gateway: edge, received: [198.18.1.0/24]}]
feeds: [{name: m365, format: microsoft365, source: '"$work/feed.json"'}]
destinations: [{name: mail, feed: m365, areas: [Exchange], expressroute: true}]'
printf '%b\n' "$mute" >"$work/mute.yaml"
printf '%b\n' "${mute/ received: / outbound-pool: [\"2001:db8::/64\"], received: }" >"$work/six.yaml"
status 0 plan prefix-lists --frr "$work/mute.yaml"
says '^  neighbor chicago route-map chicago-in4 in$'
says '^route-map chicago-out4 deny 10$'
status 0 plan prefix-lists --frr "$work/six.yaml"
says '^  no neighbor chicago activate$'
lacks chicago-in4
# Of several gateways one may be asked for.
status 0 plan prefix-lists --frr tests/lab/plans/catalogue.yaml
says '^! Gateway ny-gw$'
for form in --frr --bird; do
	status 0 -g ny-gw plan prefix-lists "$form" tests/lab/plans/catalogue.yaml
	says newyork-in4
	lacks chicago-in4
done
status 0 -j -g ny-gw plan prefix-lists tests/lab/plans/catalogue.yaml
json '{r["gateway"] for r in d["routes"]} == {"ny-gw"}'
status 2 -g nowhere plan prefix-lists tests/lab/plans/catalogue.yaml
only 'nowhere: no such gateway in .*; known: nj-gw, ny-gw$'

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
# What is long is whole as JSON, and says as a picture what it leaves out.
sed "0,/outbound-pool: \[/s##&$(printf '198.18.%d.0/28, ' {0..99})#" "$sound" >"$work/long.yaml"
status 0 -j plan graph "$work/long.yaml"
json '[len(t.split(", ")) for n in d["nodes"] if n["name"] == "internet" for t in n["detail"] if "outbound" in t] == [101]'
status 0 plan graph "$work/long.yaml"
says 'and 97 more'
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

dns='dns:\n  - {name: autodiscover.example.com, service: exchange-hybrid, ttl: 3600}\n  - {name: example.com, spf: [internet, exchange-hybrid]}'
sed "\$a$dns" "$sound" >"$work/old.yaml"
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
sed "s|cdn.static.example|=1+1.static.example|" "$work/feed.json" >"$work/formula.json" # what a spreadsheet would compute
sed "s|$work/feed.json|$work/formula.json|" "$work/names.yaml" >"$work/formula.yaml"
status 0 plan catalogue --csv outbound "$work/formula.yaml"
says ",'=1+1.static.example,"
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
json '[(r["number"], r["what"]) for r in d["checklist"] if r["state"] == "missing"] == [
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
# A service that a gateway's configuration says is no service that lacks anything; what has nobody is not ready.
status 1 -j plan checklist tests/lab/plans/catalogue.yaml
json '{r["what"] for r in d["checklist"] if r["number"] == 4 and "users" in r["what"].lower() and "inbound" in r["what"]
	} and not [r for r in d["checklist"] if r["state"] == "missing" and "Used by" in r["what"]]'
json '{r["number"]: r["state"] for r in d["checklist"] if r["number"] in (8, 33)} == {8: "missing", 33: "missing"}'
sed '/^services:/,$d' "$sound" >"$work/gone.yaml"
status 1 -j plan checklist "$work/gone.yaml"
json '[r["state"] for r in d["checklist"] if r["number"] == 36] == ["missing"]'
json '{r["state"] for r in d["checklist"] if r["what"].startswith("outbound exchange: ")} == {"by hand"}'
