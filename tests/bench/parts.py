#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Turns the lines of cores.sh, expiry.sh, latency.sh and profile.sh into a table and a JSON file.

    parts.py PART [--short] --json FILE LINES

Exit status 1: nothing was measured, or packets were lost or spoilt where none may be.
"""
import argparse
import json
import statistics
import sys

LINE = 64  # bytes
HASH_HEAD = 48  # of a hash map's element, before its key


def spread(values, of=None):
    """With `of`, which a net figure was part of: what agree.py allows is a share of that."""
    found = {"median": statistics.median(values), "min": min(values), "max": max(values)}
    return found if of is None else {**found, "of": of}


def shown(s, digits=0):
    return f"{s['median']:.{digits}f} [{s['min']:.{digits}f}-{s['max']:.{digits}f}]"


def cores(entries, short):
    """Net of the sink's median of the same arrangement; a ratio is of medians."""
    failed = [e for e in entries if e["wrong"] or e["delivered"] < 0.999 * e["sent"]]
    kinds = list(dict.fromkeys(e["what"] for e in entries))
    ns = {(row, what): [e["ns"] for e in entries if (e["row"], e["what"]) == (row, what)]
          for row in ("samepath", "sink") for what in kinds}
    rate, alone = ({what: [e["rate"] for e in entries if (e["row"], e["what"]) == (row, what)] for what in kinds}
                   for row in ("samepath", "sink"))
    figures = {}
    for what in kinds:
        bare = statistics.median(ns["sink", what])
        figures[f"{what}: ns a packet and core, net"] = spread([v - bare for v in ns["samepath", what]],
                                                               statistics.median(ns["samepath", what]))
        figures[f"{what}: packets a second, generator and sink in it"] = spread(rate[what])
    figures["two cores against one, throughput"] = spread(
        [two / one for one, two in zip(rate["one"], rate["two"])])
    figures["the same of generator and sink alone"] = spread(
        [two / one for one, two in zip(alone["one"], alone["two"])])
    figures["directions apart against flows not shared, net ns"] = spread(
        [a / s for a, s in zip((v - statistics.median(ns["sink", "apart"]) for v in ns["samepath", "apart"]),
                               (v - statistics.median(ns["sink", "split"]) for v in ns["samepath", "split"]))])
    for name, s in {} if short else figures.items():
        print(f"{name:>52} {shown(s, 2 if s['median'] < 100 else 0)}")
    if not short:
        print("Budget: throughput at least 1.8, where cores do as much as that for generator and sink, which share nothing.")
    return {"figures": figures, "entries": entries}, failed


def expiry(entries, short):
    failed = [e for e in entries if e["lost"] or e["spoilt"] or (not short and e["new_per_second"] < 0.98 * e["asked"])]
    for e in [] if short else entries:
        print(f"{e['live']} flows kept alive for {e['seconds']:.0f} s, {e['new_per_second']:.0f} new ones a second, "
              f"as many expire: the daemon takes {100 * e['share']:.1f} % of a core; "
              f"of {e['sent']} packets {e['lost']} lost (the generator waits, so no queue overflows).")
    figures = {"share of a core": spread([e["share"] for e in entries], 0.2)} if entries else {}
    return {"figures": figures, "entries": entries}, failed


def latency(entries, short):
    """Round trips in us; what is added is above the median of the plain wire, as idle or loaded."""
    def found(row, loaded, which):
        return [e[which] / 1000 for e in entries if (e["row"], e["rate"] > 0) == (row, loaded)]

    figures = {}
    if not short:
        print("us of a round trip, and of that above the plain wire: median [min-max] of the rounds. Sender and echo on\n"
              "one core; the load comes from another, through the same devices, and is what arrived of it.\n")
        print(f"{'':>24}{'median':>20}{'added':>8}{'p99':>20}{'added':>8}{'lost':>6}{'load, 1/s':>12}")
    for row, loaded in dict.fromkeys((e["row"], e["rate"] > 0) for e in entries):
        state = "load" if loaded else "idle"
        text = f"{f'{row}, {state}':>24}"
        for which in ("median", "p99"):
            bare = statistics.median(found("wire", loaded, which))
            s = spread(found(row, loaded, which))
            added = spread([v - bare for v in found(row, loaded, which)], s["median"])
            figures[f"{row}, {state}: us, {which}"] = s
            if row != "wire":
                figures[f"{row}, {state}: us added, {which}"] = added
            text += f"{shown(s, 1):>20}{added['median']:>8.1f}"
        own = [e for e in entries if (e["row"], e["rate"] > 0) == (row, loaded)]
        if not short:
            print(text + f"{sum(e['lost'] for e in own):>6}{statistics.median(e['load'] for e in own):>12.0f}")
    return {"figures": figures, "entries": entries}, \
        [e for e in entries if not e["median"] or e["lost"] > e["samples"] / 1000 or (e["rate"] and e["load"] < (0.1 if short else 0.9) * e["rate"])
         or e["translated"] != (e["row"] in ("nftables", "samepath"))]


def lines_of(asked, maps):
    """Cache lines of one map access: bucket, and header, key and value behind it; an array's value; a trie's root."""
    operation, name = asked.split(" ", 1)
    kernel_name = name.strip("(&)")[:15]
    m = next((m for m in maps if m.get("name") == kernel_name), None)
    if operation == "loop":
        return 0
    if not m:  # a trie, or the array of maps in which it lies
        return 1
    value = -(-m["bytes_value"] // LINE)
    if "hash" not in m["type"]:
        return value
    return 1 + -(-(HASH_HEAD + -(-m["bytes_key"] // 8) * 8 + m["bytes_value"]) // LINE)


def profile(entries, short):
    maps = [e for e in entries if "map" in e]
    asked = [e for e in entries if "packet" in e]
    programs = [e for e in entries if "program" in e]
    table = []
    for name in dict.fromkeys(e["packet"] for e in asked):
        own = [e for e in asked if e["packet"] == name]
        row = {"packet": name, "asked": {e["asked"]: e["each"] for e in own}}
        for operation in ("lookup", "update", "delete", "loop"):
            row[operation] = sum(e["each"] for e in own if e["asked"].startswith(operation))
        row["lines"] = sum(e["each"] * lines_of(e["asked"], maps) for e in own)
        table.append(row)
    if not short:
        print("What a packet asks of maps, as the build that counts makes it ask; 2.06 is two, and one more in every\n"
              "16th packet. Established is what was sent just before; after a rest its way is asked for again.\n"
              "Cache lines: computed from the sizes of what is looked up, at most that many (a hash map: its bucket,\n"
              "then header of 48 bytes, key and value; an array: the value; a trie or an array of maps: one, so the\n"
              "nodes below a root are not in it, nor are the packet, the stack and the code).\n")
        print(f"{'':>24}{'look-ups':>10}{'updates':>9}{'deletes':>9}{'loop turns':>11}{'lines':>7}")
        for r in table:
            print(f"{r['packet']:>24}{r['lookup']:>10.2f}{r['update']:>9.2f}{r['delete']:>9.2f}"
                  f"{r['loop']:>11.2f}{r['lines']:>7.1f}")
        for r in table:
            print(f"\n{r['packet']}: " + ", ".join(f"{k} {v:.2f}" for k, v in sorted(r["asked"].items())))
        print(f"\n{'program':>24}{'BPF instructions':>18}{'bytes of machine code':>24}")
        for p in programs:
            print(f"{p['program']:>24}{p['bytes_xlated'] // 8:>18}{p['bytes_jited']:>24}")
    return {"table": table, "programs": programs, "figures": {
        f"{r['packet']}: {key}": spread([r[key]]) for r in table for key in ("lookup", "update", "lines")}}, \
        [] if len(table) == 5 and programs else ["profile: incomplete"]


def programs_read():
    """Of `bpftool -j prog show`, the programs that use the gateway's pinned maps, a line each."""
    names = {}
    with open(sys.argv[2], encoding="utf-8") as lines:
        ours = {json.loads(line)["id"] for line in lines}
    for p in json.load(sys.stdin):
        if p.get("type") in ("xdp", "sched_cls", "tracing") and ours & set(p.get("map_ids", [])):
            names[p["name"]] = p
    for name, p in names.items():
        print(json.dumps({"program": name, "bytes_xlated": p["bytes_xlated"], "bytes_jited": p["bytes_jited"]}))


def main():
    if sys.argv[1:2] == ["--programs"]:
        return programs_read()
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=("cores", "expiry", "latency", "profile"))
    parser.add_argument("--json", required=True)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("lines")
    args = parser.parse_args()
    with open(args.lines, encoding="utf-8") as lines:
        entries = [json.loads(line) for line in lines]
    document, failed = globals()[args.part](entries, args.short)
    with open(args.json, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.write("\n")
    for e in failed:
        print(f"failed: {e}", file=sys.stderr)
    print(f"{len(entries)} measurements, {len(failed)} failed; {args.json}")
    return 1 if failed or not entries else 0


if __name__ == "__main__":
    sys.exit(main())
