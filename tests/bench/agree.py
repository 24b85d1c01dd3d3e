#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Whether runs of the bench agree, figure by figure, within the noise that they state.

    agree.py [--all] RUN RUN...

A run is a folder of the bench's JSON files, or one of them. Its noise is what nine of ten of its figures stay
within: so much of what was measured (generator and sink are in that where the figure is net of them) the
rounds of one figure span. Two runs agree on a figure if what their rounds span overlaps, or if their medians
lie no further apart than the wider of the two spans, or than the noise of the noisier of the two; what was only
counted has no noise of its own, but a packet more or less, COUNTED. Runs agree if they do on nine of ten figures
of each part, as the noise has it, and none is further apart than twice that. Figures on which any two runs
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
FAR = 2  # times what they may be apart, and the runs do not agree
COUNTED = 0.01  # that a profile, which counts in place of measuring, may differ by
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
                document = json.load(file)
            part = "profile" if "programs" in document else part
            found.update({(part, n): f for n, f in figures_of(document)})
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


def distance(a, b, noise):
    """How far two runs are apart on a figure, in what they may be; they agree up to one."""
    apart = abs(a["median"] - b["median"])
    if not apart or a["min"] <= b["max"] and b["min"] <= a["max"]:
        return 0
    may = max(a["max"] - a["min"], b["max"] - b["min"], noise * max(measured(a), measured(b)))
    return apart / may if may else float("inf")


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
    noises = [within(spans(run.items()), SHARE) for run in runs]
    names, wide, missing, far = list(dict.fromkeys(itertools.chain(*runs))), 0, 0, 0
    apart = dict.fromkeys((part for part, _ in names), 0)
    lacking = [p for p in PARTS if p not in {part for part, _ in names}] if all(map(os.path.isdir, args.runs)) else []
    for name in names:
        found = [run.get(name) for run in runs]
        pairs = itertools.combinations(zip(found, noises), 2)
        most = 0 if None in found else max(
            distance(a, b, COUNTED if name[0] == "profile" else max(n, m)) for (a, n), (b, m) in pairs)
        same = None not in found and most <= 1
        loose = any(map(noisy, found))
        apart[name[0]] += not same
        missing += None in found
        far += most > FAR
        wide += same and loose
        if args.all or loose or not same:
            print(f"{'apart' if not same else 'noisy' if loose else '':>5} {': '.join(filter(None, name)):<60}"
                  + "".join(f"{shown(f):>26}" for f in found))
    print(f"{len(names)} figures of {len(runs)} runs, {sum(apart.values())} apart: their rounds do not overlap, and "
          f"their medians differ by more than the wider span and the noise of {', '.join(f'{n:.0%}' for n in noises)}, "
          f"{far} by more than {FAR} times that; {wide} agree in rounds that span more "
          f"than {NOISY:.0%}; {missing} are not in every run")
    for part in lacking:
        print(f"no run has {part}")
    of = {p: sum(part == p for part, _ in names) for p in apart}
    many = [p for p, count in apart.items() if count > of[p] - SHARE * of[p]]
    for part in many:
        print(f"the runs do not agree on {part or 'that'}: {apart[part]} figures are apart")
    return 1 if many or far or missing or lacking or not names else 0


if __name__ == "__main__":
    sys.exit(main())
