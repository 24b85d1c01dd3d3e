# SPDX-License-Identifier: GPL-2.0-only
"""What `samepath verify` foretells of a scene from its plan, against what the scene has shown."""
import json
import os
import subprocess

from build import SAMEPATH, TOP
from machine import Failed

NODES = {"newyork": "edge-ny", "servers": "srv"}  # where a plan's word is not the lab's


def plan(name):
    return os.path.join(TOP, "tests/lab/plans", f"{name}.yaml")


def verify(name):
    """What it says of the plan. Status 1 is an answer as well: not sound."""
    question = [SAMEPATH, "-j", "verify", "--paths", plan(name)]
    done = subprocess.run(question, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise Failed(f"verify {name}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout), done.returncode


def way(said, flow, which):
    hops = [h["at"] for h in said["paths"] if h["flow"] == flow and h["way"] == which]
    return [NODES.get(hop, hop) for hop in hops]


def servers(nodes):
    """One server is as good as another: a plan knows their segment."""
    return ["srv" if n.startswith("srv") else n for n in nodes]


def compare(stage, name):
    """Each question of the cloud that the scene asked, with its answer."""
    if not os.path.exists(plan(name)):
        return
    said, status = verify(name)
    flows = [f for f in said["flows"] if f["from"] == "cloud"]
    print(f"foretold by verify: {', '.join(f['verdict'] for f in flows)}")
    stage.check("flows of the cloud in the plan", len(flows), 1)
    for flow in flows:
        question, back = (way(said, flow["flow"], which) for which in ("question", "answer"))
        answered = flow["verdict"] == "symmetric"
        for what, answer, there, here in stage.found:
            stage.way(f"{what}: foretold was that the question goes", servers(there), question)
            stage.way(f"{what}: foretold was that the answer goes", servers(here), back)
            word = "is answered" if answered else "has no answer"
            stage.check(f"{what}: foretold was that it {word}", not answer.error, answered)
    works = all(not answer.error for _, answer, _, _ in stage.found)
    stage.check("the plan is sound, and the scene works", (not status, works), lambda p: p[0] == p[1])
