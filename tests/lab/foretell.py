# SPDX-License-Identifier: GPL-2.0-only
"""What `samepath verify` foretells of a scene from its plan, against what the scene has shown."""
import json
import os
import subprocess

from build import SAMEPATH, TOP
from machine import Failed

# Where a plan's word is not the lab's.
NODES = {
    "newyork": "edge-ny",
    "chicago": "edge-chi",
    "dallas": "edge-dal",
    "servers": "srv",
    "sharepoint": "cloud",
    "cloud-by-internet": "cloud",
}


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


def rows(said):
    """What is foretold of the cloud: question and answer as nodes, and whether it is answered."""
    for flow in said["flows"]:
        question, back = (way(said, flow["flow"], which) for which in ("question", "answer"))
        if "cloud" in (question[0], question[-1]):
            yield question, back, flow["verdict"] == "symmetric"


def compare(stage, name):
    """Each question that the scene asked to or from the cloud, with its answer."""
    if not os.path.exists(plan(name)):
        return
    said, status = verify(name)
    foretold, seen = list(rows(said)), set()
    print(f"foretold by verify: {', '.join(f['verdict'] for f in said['flows'])}")
    for what, answer, there, here in stage.found:
        there, here = servers(there), servers(here)
        row = next((r for r in foretold if r[0] == there), foretold[0])
        question, back, answered = row
        seen.add(foretold.index(row))
        stage.way(f"{what}: foretold was that the question goes", there, question)
        stage.way(f"{what}: foretold was that the answer goes", here, back)
        word = "is answered" if answered else "has no answer"
        stage.check(f"{what}: foretold was that it {word}", not answer.error, answered)
    stage.check("flows of the cloud in the plan that were seen", len(seen), len(foretold))
    for cut, office, answer, now in stage.without:
        who = f"circuit {cut}", f"at-{office}"
        found = [f["now"] for f in said["failures"] if (f["failure"], f["from"]) == who]
        stage.check(f"{office} without {cut}: foretold was the way over", now, " ".join(found))
        stage.check(f"{office} without {cut}: and that it is answered", not answer.error)
    works = all(not answer.error for _, answer, _, _ in stage.found)
    stage.check("the plan is sound, the scene works: alike", (not status, works), lambda p: p[0] == p[1])
