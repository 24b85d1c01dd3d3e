#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Turns the bench's lines into a table and a JSON file.

A cell is one row, number of flows and kind of packet, measured once a round. Its cost is net: the
median of the row `sink`, of the same flows and kind, is what generator and sink cost, and is taken
away. A round of a cell that lost packets is invalid, however fast it was. Exit status 1: some cell
has no valid round, or a round spoiled packets; with --short times are not shown, because they mean
nothing then.
"""
import argparse
import collections
import json
import statistics
import sys

KINDS = (("out", "outbound, established"), ("in", "inbound (reply), established"),
         ("create", "new flow"), ("answer", "inbound, first reply of each flow"),
         ("service-in", "service: client to server, established"),
         ("service-out", "service: server to client (reply), established"),
         ("service-create", "service: new flow"),
         ("service-answer", "service: first reply of each flow"))
DELIVERED = 0.999
# Row, kind, flows, rival, at most so much of it (DESIGN.md, budgets).
BUDGETS = (
    ("apd", "out", 10000, "xdp-fib", 1.0),
    ("apd", "in", 10000, "xdp-fib", 1.0),
    ("eim", "out", 10000, "xdp-fib", 1.0),
    ("eim", "in", 10000, "xdp-fib", 1.0),
    ("apd", "out", 1000000, "nftables", 0.25),
    ("apd", "in", 1000000, "nftables", 0.25),
    ("eim", "out", 1000000, "nftables", 0.25),
    ("eim", "in", 1000000, "nftables", 0.25),
    ("apd", "create", 1000000, "nftables", 0.25),
    ("eim", "create", 1000000, "nftables", 0.4),
    ("service", "service-out", 10000, "xdp-fib", 1.0),
    ("service", "service-in", 10000, "xdp-fib", 1.0),
    ("service", "service-out", 1000000, "nftables", 0.25),
    ("service", "service-in", 1000000, "nftables", 0.25),
    ("service", "service-create", 1000000, "nftables", 0.25),
)


def losses(row, number, *meant):
    """One line of what `show` and the wires of a gateway say that was lost but for what is meant to be, if any."""
    text = sys.stdin.read()
    document, end = json.JSONDecoder().raw_decode(text)
    lost = {v["verdict"]: int(v["packets"]) for v in document["verdicts"]
            if v["action"] == "DROP" and int(v["packets"]) and v["verdict"] not in meant}
    for line in text[end:].splitlines():
        words = line.split()
        if len(words) == 3 and words[1].endswith(("_drops:", "xmit_errors:")) \
                and not words[1].endswith("xdp_drops:") and int(words[2]):  # what the sink drops it has seen
            lost[f"{words[0]} {words[1][:-1]}"] = int(words[2])
    if lost:
        print(json.dumps({"losses": lost, "row": row, "round": int(number)}))


def print_losses(entry):
    print(f"{entry['row']}, round {entry['round']}: lost: "
          + ", ".join(f"{name} {count}" for name, count in entry["losses"].items()))


def read(path):
    """The measurements by (row, kind, flows), and the maps."""
    cells, maps = collections.defaultdict(list), []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            if "losses" in entry:
                print_losses(entry)
            elif "map" in entry:
                maps.append(entry)
            else:
                cells[entry["row"], entry["what"], entry["flows"]].append(entry)
    return cells, maps


def valid(entry):
    return (entry["delivered"] >= DELIVERED * entry["sent"] and entry["delivered"] <= entry["sent"]
            and entry["sent"] > 0 and entry["sampled"] > 0
            and not entry["wrong"] and not entry["bad_checksum"])


def summarise(cells):
    """One summary a cell; `net` is against the median of the bare sink."""
    result = {}
    for (row, what, flows), entries in cells.items():
        times = [e["ns"] for e in entries if valid(e)]
        result[row, what, flows] = {
            "row": row, "what": what, "flows": flows, "rounds": len(entries),
            "invalid": len(entries) - len(times), "entries": entries,
            "delivered": min(e["delivered"] / e["sent"] if e["sent"] else 0 for e in entries),
            "median": statistics.median(times) if times else None,
            "min": min(times, default=None), "max": max(times, default=None),
        }
    for (row, what, flows), cell in result.items():
        bare = result.get(("sink", what, flows), {}).get("median")
        usable = bare is not None and cell["median"] is not None and row != "sink"
        cell["net"] = cell["median"] - bare if usable else None
    return result


def ratio(result, row, rival, what, flows):
    one, other = (result.get((r, what, flows), {}).get("net") for r in (row, rival))
    return one / other if one is not None and other and other > 0 else None


def ratios(result):
    """Every row against every yardstick, and ours against BASE."""
    found = []
    for row, what, flows in result:
        rivals = ["kernel", "xdp-fib", "nftables", "bare-nat"]
        if row.startswith("samepath-"):
            rivals.append(row.replace("samepath", "base"))
        for rival in rivals:
            value = ratio(result, row, rival, what, flows)
            if value is not None and rival != row:
                found.append({"row": row, "rival": rival, "what": what, "flows": flows,
                              "ratio": round(value, 3)})
    return found


def budgets(result):
    found = []
    for name, what, flows, rival, limit in BUDGETS:
        row = f"samepath-{name}"
        value = ratio(result, row, rival, what, flows)
        if value is None and (row, what, flows) in result:
            print(f"not measured: budget of {row} {what} {flows} against {rival}", file=sys.stderr)
        if value is not None:
            least = ratio(result, "bare-nat", rival, what, flows)
            found.append({"row": row, "what": what, "flows": flows,
                          "rival": rival, "limit": limit, "ratio": round(value, 3),
                          "bare_nat": round(least, 3) if least is not None else None,
                          "held": value <= limit})
    return found


def memory(maps):
    """Bytes a flow: its two entries of the flow table with the index of it, and the two of its mapping."""
    found = []
    for entry in maps:
        if entry["map"].startswith("flow_"):
            continue
        index = ("flow_near" + entry["map"][-1], "flow_far" + entry["map"][-1])
        size = sum(int(m.get("bytes_memlock", 0)) for m in maps if m["row"] == entry["row"] and
                   (m["map"] == entry["map"] or entry["map"].startswith("flows") and m["map"] in index))
        found.append({"row": entry["row"], "map": entry["map"], "bytes": size,
                      "entries": entry["max_entries"],
                      "bytes_per_flow": round(2 * size / entry["max_entries"], 1)})
    return found


def print_times(result):
    rows = list(dict.fromkeys(row for row, _, _ in result))
    print("ns a packet: median [min-max] with generator and sink; net: without them")
    for what, title in KINDS:
        if any(w == what for _, w, _ in result):
            print(f"\n{title}")
        for flows in sorted({f for _, w, f in result if w == what}):
            if what.endswith("create") and flows == 1:
                continue
            for row in rows:
                cell = result.get((row, what, flows))
                if cell is None:  # a row of the other way
                    continue
                if cell["median"] is None:
                    print(f"  {flows:>8} {row:<16} invalid: {cell['delivered']:.2%} delivered")
                    continue
                net = f"{cell['net']:7.0f}" if cell["net"] is not None else "      -"
                print(f"  {flows:>8} {row:<16} {cell['median']:7.0f} "
                      f"[{cell['min']:.0f}-{cell['max']:.0f}]".ljust(51) + f" net {net}"
                      + (f"  ({cell['invalid']} invalid)" if cell["invalid"] else ""))


def print_report(document, result, short):
    if not short:
        print_times(result)
    if document["ratios"] and not short:
        base = [r for r in document["ratios"] if r["rival"].startswith("base-")]
        for r in base:
            print(f"  {r['row']} {r['what']} {r['flows']}: {r['ratio']:.2f} of {r['rival']}")
        print("\nbudgets (ratio of net costs)")
        for b in document["budgets"]:
            least = f" (bare-nat {b['bare_nat']:.2f})" if b["bare_nat"] is not None else ""
            print(f"  {b['row']:<16} {b['what']:<14}{b['flows']:>8}: {b['ratio']:.2f} of {b['rival']},"
                  f" at most {b['limit']:.2f}: {'held' if b['held'] else 'NOT HELD'}{least}")
    for m in document["memory"]:
        print(f"  {m['row']}: {m['map']} {m['bytes_per_flow']:.0f} bytes a flow")


def main():
    if sys.argv[1:2] == ["--losses"]:
        return losses(*sys.argv[2:])
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", required=True)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("lines")
    args = parser.parse_args()
    cells, maps = read(args.lines)
    result = summarise(cells)
    document = {"cells": list(result.values()), "ratios": ratios(result),
                "budgets": budgets(result), "memory": memory(maps)}
    with open(args.json, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.write("\n")
    print_report(document, result, args.short)
    invalid = [c for c in result.values() if c["invalid"]]
    for cell in invalid:
        bad = next(e for e in cell["entries"] if not valid(e))
        print(f"invalid: {cell['row']} {cell['what']} {cell['flows']} flows: {bad['delivered']} of "
              f"{bad['sent']} delivered, of {bad['sampled']} samples {bad['wrong']} wrong, "
              f"{bad['bad_checksum']} with a bad checksum", file=sys.stderr)
    failed = [c for c in invalid if c["invalid"] == c["rounds"]
              or any(e["wrong"] or e["bad_checksum"] for e in c["entries"])]
    print(f"{len(result)} cells, {len(invalid)} with an invalid round, {len(failed)} failed; "
          f"{args.json}")
    return 1 if failed or not result else 0


if __name__ == "__main__":
    sys.exit(main())
