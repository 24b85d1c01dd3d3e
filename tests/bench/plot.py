#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Writes the bench's report: report.md with its plots, from the JSON and the text that lies in one folder.

    plot.py FOLDER

The JSON gives the plots, but for expiry and profile, and the noise (gnuplot draws them; without it the report has none and says so),
NAME.txt the tables, as each part printed them. A part that was not measured is left out.
"""
import json
import os
import shutil
import subprocess
import sys

from agree import SHARE, figures_of, spans, within

PARTS = (("bench", "samepath beside the kernel's own ways"), ("grow", "Cost as work grows"),
         ("cores", "Two cores"), ("latency", "Latency"), ("expiry", "Expiry"), ("profile", "Profile"))
LABELS = {"flows": "live flows", "prefixes": "prefixes of the class", "circuits": "circuits",
          "segments": "segments, with a rule each", "services": "services",
          "pool": "addresses of the pool"}
KINDS = (("create", "new flow"), ("out", "known, out"), ("in", "known, in"))
HEAD = """set terminal svg size 640,400 font "sans,12" background "white"
set grid
set key top left
set ylabel "ns a packet, net"
set yrange [0:*]
"""


def load(folder, name):
    path = os.path.join(folder, f"{name}.json")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def block(name, rows):
    return f"${name} << END\n" + "\n".join(" ".join(map(str, row)) for row in rows) + "\nEND\n"


def draw(folder, name, title, settings, series):
    """One plot; a series is a title, its style and its rows. Its file's name, or nothing."""
    series = [s for s in series if s[2]]
    if not series or not shutil.which("gnuplot"):
        return []
    script = HEAD + settings + f'set title "{title}"\nset output "{name}.svg"\n'
    script += "".join(block(f"d{i}", rows) for i, (_, _, rows) in enumerate(series))
    script += "plot " + ", ".join(f'$d{i} {style} title "{label}"'
                                  for i, (label, style, _) in enumerate(series)) + "\n"
    subprocess.run(["gnuplot"], input=script, text=True, cwd=folder, check=True)
    return [f"![{title}]({name}.svg)"]


LINES = "using 1:2:3:4 with yerrorlines"


def rows_of(cells, **wanted):
    """Place, median, least and most of the cells, by place."""
    found = [c for c in cells if c["net"] and all(c[k] == v for k, v in wanted.items())]
    return sorted((c["at"], c["net"]["median"], c["net"]["min"], c["net"]["max"]) for c in found)


def plots_grow(folder, document):
    images = []
    for axis in dict.fromkeys(c["axis"] for c in document["cells"]):
        series = []
        for what, title in KINDS:
            rows = rows_of(document["cells"], axis=axis, what=what)
            if axis == "flows" and what == "create":  # one flow is no rate
                rows = [r for r in rows if r[0] >= 1000]
            series.append((title, LINES, rows))
        images += draw(folder, f"grow-{axis}", f"Cost by {LABELS[axis]}",
                       f'set logscale x\nset xlabel "{LABELS[axis]}"\n', series)
    return images + plots_fill(folder, document["fill"])


def plots_fill(folder, levels):
    mappings = dict.fromkeys(f["mapping"] for f in levels)

    def rows(mapping, value):
        return [(f["level"], value(f)) for f in levels if f["mapping"] == mapping and value(f) is not None]

    level = 'set xlabel "per cent of the ports taken"\nset xrange [45:102]\n'
    plain = "using 1:2 with linespoints"
    return (draw(folder, "fill-cost", "What a try for a port costs as the pool fills", level,
                 [(m, plain, rows(m, lambda f: f["net"] and f["net"]["median"])) for m in mappings])
            + draw(folder, "fill-probes", "Ports tried for a new flow",
                   level + 'set ylabel "ports"\n', [(m, plain, rows(m, lambda f: f["probes"])) for m in mappings])
            + draw(folder, "fill-refused", "New flows refused", level + 'set ylabel "per cent of those that asked"\n',
                   [(m, plain, rows(m, lambda f: 100 * f["refused"] / f["asked"])) for m in mappings]))


def plots_bench(folder, document):
    images = []
    cells = [c for c in document["cells"] if c["row"] != "sink" and c.get("net") is not None]
    for what, title in (("out", "Known flow, out"), ("in", "Known flow, in"), ("create", "New flow"),
                        ("service-in", "Service, client to server"), ("service-create", "Service, new flow")):
        series = []
        for row in dict.fromkeys(c["row"] for c in cells):
            rows = sorted((c["flows"], c["net"], c["net"] + c["min"] - c["median"],
                           c["net"] + c["max"] - c["median"]) for c in cells
                          if c["row"] == row and c["what"] == what
                          and (c["flows"] >= 1000 or not what.endswith("create")))
            series.append((row, LINES, rows))
        images += draw(folder, f"bench-{what}", title, 'set logscale x\nset xlabel "flows"\n', series)
    return images


def bars(folder, name, title, unit, rows):
    """One place a row, of a label and a figure."""
    if not rows:
        return []
    labels = ", ".join(f'"{label}" {i}' for i, (label, _) in enumerate(rows))
    settings = (f'set ylabel "{unit}"\nset xtics rotate by -30 ({labels})\nset xrange [-0.5:{len(rows) - 0.5}]\n'
                "unset key\n")
    return draw(folder, name, title, settings,
                [("", "with yerrorbars pointtype 7", [(i, f["median"], f["min"], f["max"])
                                                      for i, (_, f) in enumerate(rows)])])


def plots_cores(folder, document):
    figures = document["figures"]
    ends = (("cores-rate", "Throughput by what each core does", "packets a second",
             ": packets a second, generator and sink in it"),
            ("cores-cost", "Cost by what each core does", "ns a packet and core, net",
             ": ns a packet and core, net"))
    return [image for name, title, unit, end in ends
            for image in bars(folder, name, title, unit,
                              [(k.removesuffix(end), f) for k, f in figures.items() if k.endswith(end)])]


def plots_latency(folder, document):
    return [image for which in ("median", "p99")
            for image in bars(folder, f"latency-{which}", f"Round trip, {which}", "us",
                              [(k.split(":")[0], f) for k, f in document["figures"].items()
                               if k.endswith(f": us, {which}")])]


PLOTS = {"bench": plots_bench, "grow": plots_grow, "cores": plots_cores, "latency": plots_latency}


def noise(folder):
    """How far the rounds of a figure lie apart: half of all figures, nine of ten, and the widest."""
    documents = ((part, load(folder, part)) for part, _ in PARTS)
    found = spans((f"{part}: {name}", f) for part, document in documents if document
                  for name, f in figures_of(document))
    if not found:
        return []
    return [f"Noise: of {len(found)} figures measured more than once, what the rounds of one span is at most "
            f"{within(found, 0.5):.1%} of what was measured for half of them and {within(found, SHARE):.1%} for nine of "
            f"ten; the widest, {found[-1][0]:.0%}, is \"{found[-1][1]}\". agree.py says whether runs agree within that.",
            ""]


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        about = file.read()
    model = next((line.split(":", 1)[1].strip() for line in about.splitlines() if line.startswith("model name")),
                 "an unknown processor")
    guest = "a virtual machine, " if " hypervisor" in about else ""
    with open("/proc/meminfo", encoding="utf-8") as lines:
        total = int(next(line for line in lines if line.startswith("MemTotal")).split()[1])
    load = os.getloadavg()[0]
    return (f"Machine: {guest}{os.cpu_count()} cores of {model}, {total / 1048576:.1f} GiB, Linux {os.uname().release}; "
            f"load at the end {load:.1f}, the bench itself in it. All wires are veth, XDP in native mode.")


def section(folder, name, title):
    text = os.path.join(folder, f"{name}.txt")
    document = load(folder, name)
    if not os.path.exists(text):
        return []
    with open(text, encoding="utf-8") as file:
        table = file.read().rstrip()
    images = PLOTS[name](folder, document) if name in PLOTS and document else []
    return [f"## {title}", "", *images, "", "```", table, "```", ""]


def main():
    if len(sys.argv) != 2:
        print("usage: plot.py FOLDER", file=sys.stderr)
        return 2
    folder = sys.argv[1]
    lines = ["# What samepath costs", "", machine(), "", "Times are ns a packet net of generator and sink: medians, "
             "with the least and the most of the rounds.", "", *noise(folder)]
    if not shutil.which("gnuplot"):
        lines += ["No plots: gnuplot is missing.", ""]
    for name, title in PARTS:
        lines += section(folder, name, title)
    path = os.path.join(folder, "report.md")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
    print(f"the report: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
