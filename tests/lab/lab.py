#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The guide's networks, in namespaces.

  lab.py run [--keep] SCENE...    plays scenes, and tells whether each ended as it must
  lab.py list                     their names
  lab.py draw                     the network
  lab.py enter LAB NODE           a shell in a lab that was kept
  lab.py down LAB                 takes it down
  lab.py prove [SCENE...]         plays each with one thing wrong at a time: it must not hold then
"""
import dataclasses
import importlib.util
import os
import shutil
import signal
import sys
import time

import build
import draw
import foretell
import gateway
import machine
from feed import Feed
from scenes import SCENES
from stage import Stage

FEED = os.path.realpath(
    os.environ.get("FEED") or os.path.join(build.TOP, "tests/data/demo-feed.json")
)


def play(name, setup, keep=False):
    """Plays one scene; the checks that held and that did not."""
    scene, since, happened = SCENES[name], time.monotonic(), ""
    print(f"\n{name}: {scene.title}", flush=True)
    lab = build.Lab(f"sp{os.getpid()}", setup, Feed(FEED))
    stage = Stage(lab)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        stage.raise_curtain()
        happened = scene.play(stage)
        if setup is scene.setup:  # a plan is of the scene as it is, not with something wrong
            foretell.compare(stage, name)
    except machine.Failed as error:
        stage.check(str(error), False)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what stands is taken down to the end
        if not keep:
            for trouble in build.down(lab.name):
                stage.check(trouble, False)
    if stage.broken:
        happened = f"not so, {stage.broken} of the checks did not hold"
    print(f"the guide: {scene.guide}")
    print(f"here: {happened} ({time.monotonic() - since:.0f} s)", flush=True)
    if keep:
        told(lab)
    return stage.held, stage.broken


def told(lab):
    program = os.path.relpath(__file__)
    routes = f"birdc -s {lab.path('nj', 'ctl')} show route"
    print(f"\nIt stands, as {lab.name}: {' '.join(lab.nodes)}")
    print(f"  look around:   {program} enter {lab.name} {lab.nodes[0]}")
    print(f"  or at routes:  {program} enter {lab.name} nj {routes}")
    for node in lab.setup.gateways:
        show = " ".join(gateway.command(lab, node, "show"))
        print(f"  at samepath:   {program} enter {lab.name} {node} {show}")
    print(f"  take it down:  {program} down {lab.name}\n")


def run(names, keep=False):
    held = broken = 0
    for name in names:
        good, bad = play(name, SCENES[name].setup, keep)
        held, broken = held + good, broken + bad
    print(f"\n{held} held, {broken} did not")
    return 1 if broken or not held else 0


def prove(names):
    """Each scene with one thing wrong at a time. What holds all the same proves nothing."""
    bad = 0
    for name in names:
        for what, changes in SCENES[name].breaks.items():
            print(f"\n=== {name} with {what}", flush=True)
            _, broken = play(name, dataclasses.replace(SCENES[name].setup, **changes))
            verdict = f"{broken} did not hold" if broken else "HOLDS ALL THE SAME"
            print(f"=== {name} with {what}: {verdict}")
            bad += not broken
    return 1 if bad else 0


def lacking():
    """What this machine has not, and the scenes need."""
    programs = "bird birdc nft nginx curl openssl ethtool nsenter".split() + [build.SAMEPATH]
    missing = [name for name in programs if not shutil.which(name)]
    return missing + ([] if importlib.util.find_spec("aiosmtpd") else ["aiosmtpd"])


def scenes(what, rest):
    """run and prove."""
    keep, names = "--keep" in rest, [n for n in rest if n != "--keep"] or list(SCENES)
    for name in names:
        if name not in SCENES:
            sys.exit(f"no scene {name}; there are {' '.join(SCENES)}")
    if not os.access(FEED, os.R_OK):
        sys.exit(f"FEED={FEED}: cannot be read")
    if keep and len(names) > 1:
        sys.exit("only one scene can be kept: name it")
    if os.geteuid() or lacking():
        print(f"skipped: no {', '.join(lacking())}" if lacking() else "skipped: needs root")
        return 77
    return run(names, keep) if what == "run" else prove(names)


def main(arguments):
    what, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if what == "list":
        print(*SCENES, sep="\n")
    elif what == "draw":
        print(draw.picture())
    elif what in ("run", "prove"):
        return scenes(what, rest)
    elif what == "down" and len(rest) == 1:
        trouble = build.down(rest[0])
        print("\n".join(trouble) or f"{rest[0]} is gone")
        return len(trouble)
    elif what == "enter" and len(rest) >= 2:
        command = rest[2:] or [os.environ.get("SHELL", "/bin/bash")]
        os.execvp("nsenter", ["nsenter", f"--net=/run/netns/{rest[0]}{rest[1]}", *command])
    else:
        sys.exit(__doc__.strip())
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except machine.Failed as error:
        sys.exit(f"lab: {error}")
