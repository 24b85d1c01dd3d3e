#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Whether runs of the bench agree, figure by figure, within the noise that they state.

    agree.py [--all] RUN RUN...

A run is a folder of the bench's JSON files, or one of them. Its noise is what nine of ten of its figures stay
within: so much of what was measured (generator and sink are in that where the figure is net of them) the
rounds of one figure span. Two runs agree on a figure if what their rounds span overlaps, or if their medians
lie no further apart than the wider of the two spans, or than the noise of the noisier run. Runs agree if
they do on nine of ten figures, as the noise has it. Figures on which any two runs
disagree, or that some run lacks, are printed; --all prints each. A figure whose rounds span more than a
quarter of what was measured, in any run, would agree with much: it is printed as noisy, and counted apart.
Exit status 1: the runs do not agree, or some run lacks a figure, or all lack a part.
"""
import argparse
import itertools
import json
import os
import sys

PARTS = ("bench", "grow", "cores", "latency", "expiry", "profile")
NOISY = 0.25
SHARE = 0.9  # of the figures, that noise and agreement are about
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


def measured(f):
    return abs(f.get("of", f["median"]))


def spans(figures):
    """What the rounds of each figure span, as a part of what was measured, from the least on, with its name."""
    return sorted(((f["max"] - f["min"]) / measured(f) if measured(f) else 0, name)
                  for name, f in figures if f["max"] > f["min"])


def within(found, share):
    """What so many of the spans stay within."""
    return found[int(len(found) * share)][0] if found else 0


def agree(a, b, noise):
    if a["min"] <= b["max"] and b["min"] <= a["max"]:
        return True
    span = max(a["max"] - a["min"], b["max"] - b["min"])
    return abs(a["median"] - b["median"]) <= max(span, noise * max(measured(a), measured(b)))


def noisy(f):
    return f is not None and f["max"] - f["min"] > NOISY * measured(f)


def shown(f):
    if f is None:
        return "missing"
    digits = 0 if abs(f["median"]) >= 100 else 1 if abs(f["median"]) >= 10 else 3
    return f"{f['median']:.{digits}f} [{f['min']:.{digits}f}-{f['max']:.{digits}f}]"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("runs", nargs="+")
    args = parser.parse_args()
    if len(args.runs) < 2:
        parser.error("two runs at least")
    runs = [run_read(path) for path in args.runs]
    noise = max(within(spans(run.items()), SHARE) for run in runs)
    names, apart, wide, missing = list(dict.fromkeys(itertools.chain(*runs))), 0, 0, 0
    lacking = [p for p in PARTS if p not in {part for part, _ in names}] if all(map(os.path.isdir, args.runs)) else []
    for name in names:
        found = [run.get(name) for run in runs]
        same = None not in found and all(agree(a, b, noise) for a, b in itertools.combinations(found, 2))
        loose = any(map(noisy, found))
        apart += not same
        missing += None in found
        wide += same and loose
        if args.all or loose or not same:
            print(f"{'apart' if not same else 'noisy' if loose else '':>5} {': '.join(filter(None, name)):<60}"
                  + "".join(f"{shown(f):>26}" for f in found))
    print(f"{len(names)} figures of {len(runs)} runs, {apart} apart: their rounds do not overlap, and their medians "
          f"differ by more than the wider span and the noise of {noise:.0%}; {wide} agree in rounds that span more "
          f"than {NOISY:.0%}; {missing} are not in every run")
    for part in lacking:
        print(f"no run has {part}")
    return 1 if apart > len(names) - SHARE * len(names) or missing or lacking or not names else 0


if __name__ == "__main__":
    sys.exit(main())
