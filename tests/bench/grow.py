#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Turns the lines of grow.sh into a table and a JSON file.

A cell is a point of an axis and a kind of packet. Its cost is net: the median of the axis' bare sink
is taken away, of the same number of flows where that is the axis. A round that lost a packet or spoiled
one is invalid, but where a pool fills: there what was refused is the result.
Exit status 1: a cell has no valid round, or a flow was refused with more ports free than its search
can be expected to miss.
"""
import argparse
import collections
import json
import statistics
import sys

from report import print_losses, valid

PROBES = 64  # bpf/snat.h


def read(path):
    with open(path, encoding="utf-8") as lines:
        entries = [json.loads(line) for line in lines]
    for entry in entries:
        if "losses" in entry:
            print_losses(entry)
    return [entry for entry in entries if "losses" not in entry]


def place_of(entry):
    """Axis and place. A sink is that of its axis (axis/sink), or of one place (axis/place/sink)."""
    axis, place = entry["row"].split("/", 1)
    return axis, place


def kind_of(what):
    """What of both ways is the same: new, or known and in the direction that was asked first."""
    return what.removeprefix("service-")


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)} if values else None


def group(entries):
    cells = collections.defaultdict(list)
    for e in entries:
        if e["what"] != "fill":
            axis, place = place_of(e)
            cells[axis, place, kind_of(e["what"]), e["flows"]].append(e)
    return cells


def bare_of(bare, axis, place, what, flows):
    """The nearest sink: of the place, of the axis with as many flows, of the axis."""
    for key in ((axis, f"{place}/sink", what, flows), (axis, "sink", what, flows)):
        if key in bare:
            return bare[key]
    return next((value for (a, p, w, _), value in bare.items() if a == axis and w == what), None)


def summarise(entries):
    cells = group(entries)
    bare = {key: statistics.median(e["ns"] for e in found) for key, found in cells.items()
            if key[1].endswith("sink")}
    result = []
    for (axis, place, what, flows), found in cells.items():
        if place.endswith("sink"):
            continue
        base = bare_of(bare, axis, place, what, flows)
        good = [e["ns"] - base for e in found if valid(e)]
        result.append({"axis": axis, "at": flows if axis == "flows" else int(place), "what": what,
                       "rounds": len(found), "invalid": len(found) - len(good), "bare": base,
                       "net": spread(good), "entries": found})
    return result


def fill(entries):
    """One summary a mapping and level; the share of refusals that an exact search would have."""
    levels = collections.defaultdict(list)
    for e in entries:
        if e["what"] == "fill":
            levels[place_of(e)[1], e["level"]].append(e)
    result = []
    for (mapping, level), found in levels.items():
        free = statistics.mean(1 - e["used"] / e["room"] for e in found)
        probes = [e["probes"] for e in found if "probes" in e]
        timed = [e["ns"] for e in found if "probes" not in e]
        result.append({"mapping": mapping, "level": level, "free": free, "net": spread(timed),
                       "probes": probes[0] if probes else None,
                       "asked": sum(e["sent"] for e in found),
                       "refused": sum(e["sent"] - e["delivered"] for e in found),
                       "free_ports": round(statistics.mean(e["room"] - e["used"] for e in found)),
                       "expected": (1 - free) ** PROBES})
    return result


def wrong_refusals(levels):
    """Refused beyond what chance explains: five standard deviations, and never without a reason."""
    found = []
    for f in levels:
        mean, asked = f["expected"] * f["asked"], f["asked"]
        most = mean + 5 * (asked * f["expected"] * (1 - f["expected"])) ** 0.5 + 1
        if f["level"] < 100 and f["refused"] > most:
            found.append(f)
    return found


def print_cells(cells):
    print("ns a packet, net of generator and sink: median [min-max]")
    for axis in dict.fromkeys(c["axis"] for c in cells):
        print(f"\n{axis:>12}{'new flow':>26}{'known, out':>26}{'known, in':>26}")
        for at in sorted({c["at"] for c in cells if c["axis"] == axis}):
            texts = []
            for what in ("create", "out", "in"):
                net = next((c["net"] for c in cells
                            if (c["axis"], c["at"], c["what"]) == (axis, at, what)), None)
                hidden = net is None or (what == "create" and axis == "flows" and at < 1000)
                texts.append("-" if hidden else f"{net['median']:.0f} [{net['min']:.0f}-{net['max']:.0f}]")
            print(f"{at:>12}" + "".join(f"{text:>26}" for text in texts))


def print_fill(levels):
    print(f"\n{'pool, % used':>16}{'ns a try':>20}{'ports tried':>12}{'tried':>8}{'refused':>9}"
          f"{'free ports':>11}{'chance':>8}")
    for f in levels:
        time = f"{f['net']['median']:.0f} [{f['net']['min']:.0f}-{f['net']['max']:.0f}]" if f["net"] else "-"
        probes = f"{f['probes']:.1f}" if f["probes"] is not None else "-"
        print(f"{f['mapping']:>10}{f['level']:>6}{time:>20}{probes:>12}{f['asked']:>8}{f['refused']:>9}"
              f"{f['free_ports']:>11}{f['expected']:>8.3f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", required=True)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("lines")
    args = parser.parse_args()
    entries = read(args.lines)
    cells, levels = summarise(entries), fill(entries)
    with open(args.json, "w", encoding="utf-8") as file:
        json.dump({"cells": cells, "fill": levels}, file, indent=1)
        file.write("\n")
    if not args.short:
        print_cells(cells)
        print_fill(levels)
    failed = [c for c in cells if not c["net"]]
    for c in failed:
        print(f"failed: {c['axis']} {c['at']} {c['what']}: {c['entries'][0]}", file=sys.stderr)
    wrong = wrong_refusals(levels)
    for f in wrong:
        print(f"failed: {f['mapping']} pool {f['level']} % used: {f['refused']} of {f['asked']} refused, "
              f"{f['free_ports']} ports free", file=sys.stderr)
    print(f"{len(cells)} cells, {len(levels)} levels, {len(failed) + len(wrong)} failed; {args.json}")
    return 1 if failed or wrong or not (cells or levels) else 0


if __name__ == "__main__":
    sys.exit(main())
