#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What `samepath plan dns` says is to be done between two plans.
. tests/lib/plan.sh

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
moved "${entry/relay/twin}" "${entry/relay/other}" "$two" "${two/twin/other}"
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
