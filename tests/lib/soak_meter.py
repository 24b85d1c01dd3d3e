#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a gateway takes while time passes: memory, open files, CPU.

  soak_meter.py run PINS PIDFILE SECONDS     a line each so many seconds until SIGTERM: time, process of the
                                             daemon (0: none), its KiB resident, open files and CPU seconds; KiB of
                                             the gateway's maps, inner ones too, and of programs that use
                                             them; programs; KiB of Slab and Percpu of the machine
  soak_meter.py judge FILE SECONDS           prints a table; status 1: something is not flat, or was not seen

The rule. Of the whole run the first fifth is the warm-up. Of what follows, the median of the last third is
not above that of the first by more than 2 % and 256 KiB; open files by two, which come and go; programs not.
Daemons that are killed and started are judged by the longest life of one, in the same way. Slab and Percpu
are the whole machine's, and shown only. A run of SECONDS that is shorter than 300 need not be long enough for this,
but maps and programs there are in any.
"""
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time

SLACK = {"memory": (1.02, 256), "files": (1, 2), "programs": (1, 0)}
COLUMNS = {  # where it stands in a line, and how it is judged
    "daemon": (2, "memory"), "files": (3, "files"), "maps": (5, "memory"), "programs-memory": (6, "memory"),
    "programs": (7, "programs"), "slab": (8, None), "percpu": (9, None)}
OF_DAEMON = "daemon", "files"
SEEN = "maps", "programs-memory", "programs"
LONG = 300  # seconds of a run in which all is judged
LEAST = 90  # seconds that can be judged: a process that is new still grows into what it needs


def tool(*words):
    run = subprocess.run(["bpftool", "-j", *words], capture_output=True, text=True)
    try:
        return json.loads(run.stdout)
    except json.JSONDecodeError:
        return []


def bytes_number(octets):
    return int.from_bytes(bytes(int(o, 16) for o in octets), sys.byteorder)


def inner_ids(name):
    """Of the maps in an outer one; some versions of bpftool show the number as bytes."""
    rows = tool("map", "dump", "pinned", name)
    return {int(row["inner_map_id"]) if "inner_map_id" in row else bytes_number(row["value"])
            for row in rows if "inner_map_id" in row or "value" in row}


def maps(pins):
    """Maps by number."""
    found = {}
    for name in sorted(os.listdir(pins)):
        if name.startswith(("prog_", "link_")):
            continue
        row = tool("map", "show", "pinned", os.path.join(pins, name))
        if not isinstance(row, dict) or "id" not in row:
            continue
        found[row["id"]] = row
        if row.get("type", "").endswith("_of_maps"):
            for number in inner_ids(os.path.join(pins, name)):
                inner = tool("map", "show", "id", str(number))
                if isinstance(inner, dict) and "id" in inner:
                    found[number] = inner
    return found


def memory(rows):
    return sum(row.get("bytes_memlock", 0) for row in rows) // 1024


def field(path, name):
    with open(path, encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name))


def daemon(pidfile):
    try:
        with open(pidfile, encoding="ascii") as file:
            pid = int(file.read())
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            words = file.read().rpartition(")")[2].split()
        ticks = int(words[11]) + int(words[12])
        return pid, field(f"/proc/{pid}/status", "VmRSS"), len(os.listdir(f"/proc/{pid}/fd")), ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, StopIteration):
        return 0, 0, 0, 0


def run(pins, pidfile, seconds):
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    while True:
        at, begun = time.time(), time.monotonic()
        found = maps(pins)
        programs = [p for p in tool("prog", "show") if found.keys() & set(p.get("map_ids", []))]
        pid, rss, files, cpu = daemon(pidfile)
        print(f"{at:.0f}", pid, rss, files, cpu, memory(found.values()), memory(programs), len(programs),
              field("/proc/meminfo", "Slab"), field("/proc/meminfo", "Percpu"), flush=True)
        if stop.wait(max(0.1, begun + float(seconds) - time.monotonic())):
            return 0


def thirds(values):
    """Medians of the first third and of the last, behind a warm-up of a fifth."""
    values = values[len(values) // 5:]
    third = len(values) // 3
    return statistics.median(values[:third]), statistics.median(values[-third:])


def judge(path, seconds):
    with open(path, encoding="ascii") as file:
        rows = [list(map(float, line.split())) for line in file]
    lives = {}
    for row in rows:
        if row[1]:
            lives.setdefault(row[1], []).append(row)
    life = max(lives.values(), key=len, default=[])
    if not life or rows[-1][0] - rows[0][0] < 0.8 * float(seconds):
        print(f"{len(rows)} looks, and a daemon in {len(life)} of them: too few for a run of {seconds} s")
        return 1
    bad = False
    print(f"{'KiB, or number':16} {'least':>10} {'most':>10} {'first third':>12} {'last third':>12}")
    for name, (at, kind) in COLUMNS.items():
        source = life if name in OF_DAEMON else rows
        values = [row[at] for row in source]
        if name in SEEN and not min(values):
            print(f"{name:16} {min(values):10.0f} {max(values):10.0f} {'NOTHING SEEN':>25}")
            bad = True
            continue
        if len(values) < 9 or source[-1][0] - source[0][0] < LEAST:
            print(f"{name:16} {min(values):10.0f} {max(values):10.0f} {'too short to judge':>25}")
            bad |= float(seconds) >= LONG
            continue
        first, last = thirds(values)
        share, more = SLACK.get(kind, (1, float("inf")))
        grown = last > first * share + more
        print(f"{name:16} {min(values):10.0f} {max(values):10.0f} {first:12.1f} {last:12.1f} {'GROWS' if grown else ''}")
        bad |= grown
    cpu = sum(max(row[4] for row in rows_of) for rows_of in lives.values())
    print(f"daemons: {len(lives)} seen, the longest for {life[-1][0] - life[0][0]:.0f} s; "
          f"{cpu:.1f} s of CPU in {rows[-1][0] - rows[0][0]:.0f} s, {100 * cpu / max(1, rows[-1][0] - rows[0][0]):.1f} % of a core")
    return bad


if __name__ == "__main__":
    commands = {"run": run, "judge": judge}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    sys.exit(commands[sys.argv[1]](*sys.argv[2:]))
