#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# verify as a command: its statuses, and that -j tells what the tables tell.
# shellcheck source=tests/lib/plan.sh
. tests/lib/plan.sh

status 0 verify tests/lab/plans/solution-1a.yaml
says '^  *1  cloud  exchange-hybrid  internet  internet  symmetric  192.168.5.5 of internet'
if grep -q '^paths' "$out"; then echo "hops of what is symmetric" && exit 1; fi
status 0 verify --paths tests/lab/plans/solution-1a.yaml
says '^  *1  answer *2  nj '
status 1 verify tests/lab/plans/problem-1.yaml
says 'ny-fw: stateful, and has not seen the question'
says '^tests/lab/plans/problem-1.yaml: not sound; 1 errors'

status 1 -j verify tests/lab/plans/problem-1.yaml
json 'd["verdict"] == "not sound" and d["flows"][0]["ends-at"] == "ny-fw"'
json '[h["at"] for h in d["paths"] if h["way"] == "answer"] == ["servers", "nj", "ny", "ny-fw"]'
json '{r["repair"] for r in d["repairs"]} == {"source-nat", "route-scoping"}'
json '{c["check"] for c in d["checks"] if c["severity"] == "error"} == {"inbound-symmetric"}'
json 'all(isinstance(c["number"], int) for c in d["checks"])'

status 2 verify tests/lab/plans/no-such-plan.yaml
says 'no-such-plan.yaml: cannot be read'
status 2 verify userspace/samepath.yaml
says 'plan: missing; it is required'
status 2 -j verify userspace/samepath.yaml
json 'len(d["errors"]) > 3 and d["errors"][0]["line"] > 0'
status 2 verify one two
says 'verify two: unknown word'
status 2 verify --path one
says 'verify --path: unknown word'

# What a repair prints is configuration as it stands: written in, words for prefixes replaced, `check` takes it,
# and the plan is sound. (The plan says `advertise` too, and has it in both places.)
work=$(mktemp -d)
trap 'rm -rf "$out" "$work"' EXIT
# written PLAN CONFIG PREFIX: the lines of the first repair of $out
written() {
	python3 - "$out" "$@" <<'PYTHON'
import json, re, sys
said, plan, config, prefix = sys.argv[1:]
repair = json.load(open(said))["repairs"][0]
word = re.search(r"[A-Z]+-PREFIX", " ".join(repair["lines"]))
assert not word or f"{word[0]} stands for" in repair["what"], repair
for line in repair["lines"]:
    section, name, key, value = re.fullmatch(r"(\w+): \[\{name: ([^,]+), ([\w-]+): (.*)\}\]", line).groups()
    for file in [config] + [plan] * (key == "advertise"):
        text = open(file).read()
        found = re.search(rf"^{section}:\n(?:  .*\n)*?  - name: {name}\n((?:    .*\n)*)", text, re.M)
        assert found, (file, line)
        rest = re.sub(rf"^    {key}:.*\n", "", found[1], flags=re.M)
        value = re.sub(r"[A-Z]+-PREFIX", prefix, value)
        text = text[: found.start(1)] + f"    {key}: {value}\n" + rest + text[found.end(1) :]
        open(file, "w").write(text)
PYTHON
}
plan=$work/solution-1a.yaml config=$work/solution-1a.nj-gw.yaml
sed "s#../../data#$PWD/tests/data#" tests/lab/plans/solution-1a.yaml >"$plan"
sed -e '/inbound-pool: \[/d' -e 's/source-nat: inbound-pool/source-nat: none/' tests/lab/plans/solution-1a.nj-gw.yaml >"$config"
status 1 -j verify "$plan"
written "$plan" "$config" 192.168.5.5/32
status 0 -c "$config" check
status 0 verify "$plan"
cp tests/lab/plans/solution-1a.nj-gw.yaml "$config"
sed -i -e 's/from: newyork, next: ny}/from: newyork, next: nj-gw}/' -e '$alocations: [{name: users, segment: servers, uses: [cloud]}]' \
	-e 's#    kind: expressroute#&\n    advertise: [203.0.113.0/26]#' "$plan"
status 1 -j verify "$plan"
json 'd["repairs"][0]["repair"] == "separate-pool"'
written "$plan" "$config" 203.0.113.64/28
status 0 -c "$config" check
status 0 verify "$plan"

# The scenes that samepath makes sound are so on paper.
for scene in catalogue outbound solution-1b solution-2; do
	status 0 verify "tests/lab/plans/$scene.yaml"
done

# A site of some size: 200 locations, 1,000 received prefixes, 1,000 routes. Walked address by address
# that is more than a minute, even without a sanitizer.
python3 - >"$work/large.yaml" <<'PYTHON'
received = ", ".join(f"198.18.{i // 4}.{i % 4 * 64}/26" for i in range(1000))
print("plan: {name: large, lab: true}\nsites:\n  - name: hq\n    segments:")
for i in range(200):
    print(f"      - {{name: s{i}, prefixes: [10.1.{i}.0/24]}}")
print("    routes:\n      - {from: one, next: edge}\n      - {from: net, next: edge}")
for i in range(1000):
    print(f"      - {{to: [198.19.{i // 4}.{i % 4 * 64}/26], next: edge}}")
print("gateways: [{name: edge, inside: hq}]\ncircuits:")
print("  - {name: net, kind: internet, gateway: edge, received: [0.0.0.0/0], outbound-pool: [203.0.113.0/28], advertise: [203.0.113.0/28]}")
print(f"  - {{name: one, kind: expressroute, gateway: edge, received: [{received}], outbound-pool: [203.0.113.32/28], advertise: [203.0.113.32/28]}}")
print("destinations: [{name: cloud, prefixes: [198.18.0.0/15]}]\nlocations:")
for i in range(200):
    print(f"  - {{name: l{i}, segment: s{i}, heads: 10}}")
PYTHON
found=0
timeout 15 "$samepath" -j verify "$work/large.yaml" >"$out" || found=$?
[[ $found == 0 ]] || { echo "a large plan: status $found" && head -c 300 "$out" && exit 1; }
json 'len(d["flows"]) == 400 and sum(f["walks"] for f in d["flows"]) > 200000'
