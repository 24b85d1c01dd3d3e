#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Whether runs of the bench agree, figure by figure, within the noise that they state.

    agree.py [--allow PERCENT] [--all] RUN RUN...

A run is a folder of the bench's JSON files, or one of them. Two runs agree on a figure if what their rounds
span overlaps, or if their medians lie no further apart than the wider span and PERCENT (5) of what was
measured: generator and sink are in that where the figure is net of them. Figures on which any two runs
disagree, or that some run lacks, are printed; --all prints each. A figure whose rounds span more than a
quarter of what was measured, in any run, would agree with much: it is printed as noisy, and counted apart.
Exit status 1: there are figures apart, or parts that all runs lack, or no figures.
"""
import argparse
import itertools
import json
import os
import sys

PARTS = ("bench", "grow", "cores", "latency", "expiry", "profile")
NOISY = 0.25
RATE_FROM = 1000  # flows; of fewer, what a new one costs is no rate


def bench_figures(document):
    for c in document["cells"]:
        if c["median"] is None or (c["flows"] < RATE_FROM and c["what"].endswith(("create", "answer"))):
            continue
        net = c["median"] if c["net"] is None else c["net"]
        yield (f"{c['row']}, {c['what']}, {c['flows']} flows",
               {"median": net, "min": net + c["min"] - c["median"], "max": net + c["max"] - c["median"],
                "of": c["median"]})


def grow_figures(document):
    for c in document["cells"]:
        if c["net"] and not (c["axis"] == "flows" and c["at"] < RATE_FROM and c["what"] in ("create", "answer")):
            yield f"{c['axis']} {c['at']}, {c['what']}", {**c["net"], "of": c["net"]["median"] + c["bare"]}
    for f in document["fill"]:
        if f["net"]:
            yield f"pool {f['level']} % used, {f['mapping']}", f["net"]


def figures_of(document):
    """Name and median, least, most and perhaps what the allowance is of."""
    if "figures" in document:
        return document["figures"].items()
    return grow_figures(document) if "fill" in document else bench_figures(document)


def run_read(path):
    files = [(p, os.path.join(path, f"{p}.json")) for p in PARTS] if os.path.isdir(path) else [("", path)]
    found = {}
    for part, name in files:
        if os.path.exists(name):
            with open(name, encoding="utf-8") as file:
                found.update({(part, n): f for n, f in figures_of(json.load(file))})
    return found


def agree(a, b, allow):
    if a["min"] <= b["max"] and b["min"] <= a["max"]:
        return True
    span = max(a["max"] - a["min"], b["max"] - b["min"])
    of = max(abs(f.get("of", f["median"])) for f in (a, b))
    return abs(a["median"] - b["median"]) <= span + of * allow / 100


def noisy(f):
    return f is not None and f["max"] - f["min"] > NOISY * abs(f.get("of", f["median"]))


def shown(f):
    if f is None:
        return "missing"
    digits = 0 if abs(f["median"]) >= 100 else 1 if abs(f["median"]) >= 10 else 3
    return f"{f['median']:.{digits}f} [{f['min']:.{digits}f}-{f['max']:.{digits}f}]"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--allow", type=float, default=5.0)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("runs", nargs="+")
    args = parser.parse_args()
    if len(args.runs) < 2:
        parser.error("two runs at least")
    runs = [run_read(path) for path in args.runs]
    names, apart, wide = list(dict.fromkeys(itertools.chain(*runs))), 0, 0
    lacking = [p for p in PARTS if p not in {part for part, _ in names}] if all(map(os.path.isdir, args.runs)) else []
    for name in names:
        found = [run.get(name) for run in runs]
        same = None not in found and all(agree(a, b, args.allow) for a, b in itertools.combinations(found, 2))
        loose = any(map(noisy, found))
        apart += not same
        wide += same and loose
        if args.all or loose or not same:
            print(f"{'apart' if not same else 'noisy' if loose else '':>5} {': '.join(filter(None, name)):<60}"
                  + "".join(f"{shown(f):>26}" for f in found))
    print(f"{len(names)} figures of {len(runs)} runs, {apart} apart: their rounds do not overlap, and their medians "
          f"differ by more than the wider span and {args.allow:g} %; {wide} agree in rounds that span more "
          f"than {NOISY:.0%}")
    for part in lacking:
        print(f"no run has {part}")
    return 1 if apart or lacking or not names else 0


if __name__ == "__main__":
    sys.exit(main())
