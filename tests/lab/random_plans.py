#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Random small plans: what `samepath verify` says of one is what packets do in a lab built from it.

  random_plans.py N [SEED]   N plans, of the seeds from SEED on; those that differ stay in build/random
"""
import collections
import ipaddress
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time

import build
import dice
from eye import Eye, hops
from machine import Failed, Inside, end_processes
from sheet import Sheet

FOLDER = os.path.join(build.TOP, "build/random")
QUIET = 0.4  # seconds without a frame, after which nothing is under way any more
OPEN = 7000
MOST = 12  # lines about a plan
SERVER = """
import socket, signal
held = []
for port in %s:
    s = socket.create_server(("0.0.0.0", port), backlog=1000)
    held.append(s)
signal.pause()
"""
Probe = collections.namedtuple("Probe", "who to node source target port")
Seen = collections.namedtuple("Seen", "verdict question answer worn")


def verify(path):
    done = subprocess.run(
        [build.SAMEPATH, "-j", "verify", "--paths", path], capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1):
        raise Failed(f"verify {path}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def plain(nodes):
    """A place that is named twice in a row is one."""
    return tuple(n for i, n in enumerate(nodes) if not i or nodes[i - 1] != n)


def pools(lab, address, kind):
    """An address stands for the pool that it is of; of none, for itself."""
    for circuit in lab.circuits.values():
        for pool in lab.pools(circuit, kind):
            if ipaddress.ip_address(address) in ipaddress.ip_network(pool):
                return pool
    return address


class Foretold:
    """Rows of verify: by who asks whom, what may become of it; and what is to be asked for that."""

    def __init__(self, lab, said):
        self.lab, self.rows, self.probes = lab, collections.defaultdict(set), []
        self.flows = said["flows"]
        ways = collections.defaultdict(list)
        for hop in said["paths"]:
            ways[hop["flow"], hop["way"]].append(hop)
        for flow in said["flows"]:
            self.row(flow, ways[flow["flow"], "question"], ways[flow["flow"], "answer"])

    def row(self, flow, question, answer):
        inbound = flow["from"] in self.lab.far
        kind = "inbound-pool" if inbound else "outbound-pool"
        worn = pools(self.lab, question[-1]["source"], kind) if answer else ""
        there, back = (plain([h["at"] for h in way]) for way in (question, answer))
        seen = Seen(flow["verdict"].replace("dropped by rule", "black-holed"), there, back, worn)
        self.rows[flow["from"], flow["to"]].add(seen)
        first = question[0]
        port = dice.PORT if inbound else OPEN
        who = (flow["from"], flow["to"], first["at"])
        probe = Probe(*who, first["source"], first["destination"], port)
        if probe not in self.probes:
            self.probes.append(probe)

    def more(self, chance):
        """Another address of each destination, which fares like one that was walked."""
        for probe in list({p[:2]: p for p in self.probes if p.port == OPEN}.values()):
            network = ipaddress.ip_network(self.lab.far[probe.to]["prefixes"][0])
            address = network[chance.randrange(1, network.num_addresses - 1)]
            self.probes.append(probe._replace(target=str(address)))


# Asking.


def knock(lab, probe):
    with Inside(lab.space(probe.node)):
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setblocking(False)
    s.bind((probe.source, 0))
    error = s.connect_ex((probe.target, probe.port))
    return s, s.getsockname()[1], error


def answered(s):
    try:
        s.getpeername()
        return True
    except OSError:
        return False


def ask(lab, probes):
    """All at once, until it is quiet. What became of each."""
    with Eye(lab) as eye:
        asked = [knock(lab, probe) for probe in probes]
        count, since = -1, time.monotonic()
        while time.monotonic() < since + QUIET:
            if len(eye.frames) != count:
                count, since = len(eye.frames), time.monotonic()
            time.sleep(0.02)
        yes = [answered(s) for s, _, _ in asked]
    found = [judge(lab, eye, p, a[1], y) for p, a, y in zip(probes, asked, yes)]
    for s, _, _ in asked:
        s.close()
    return found


def judge(lab, eye, probe, sport, yes):
    syn = eye.question(probe.source, probe.target, probe.port, sport)
    if not syn:
        return Seen("black-holed", (probe.node,), (), "")
    question, answer = eye.way(syn)
    there, back = tuple(hops(question)), tuple(hops(answer))
    goal = lab.far if probe.port == OPEN else lab.segments
    if there[-1] not in goal:
        return Seen("black-holed", there, (), "")
    back = back or (there[-1],)
    worn = pools(lab, question[-1].src, "outbound-pool" if probe.port == OPEN else "inbound-pool")
    if yes:
        return Seen("symmetric" if back == there[::-1] else "asymmetric", there, back, worn)
    return Seen("asymmetric" if refuses(lab, question, answer) else "black-holed", there, back, worn)


def holds(question, last):
    """Did the question leave there with the addresses that the answer comes with, turned round?"""
    return any(f.sender == last.receiver and (f.src, f.dst) == (last.dst, last.src) for f in question)


def refuses(lab, question, answer):
    """Does what it came to hold state, that it has none of?"""
    last = answer[-1] if answer else None
    if not last:
        return False
    at = last.receiver
    if at in lab.configs and last.sender not in lab.circuits and holds(question, last):
        return False  # its circuit has no way on
    if at in lab.gates and at in hops(answer)[:-1]:
        return False  # in a circle
    pool = pools(lab, last.dst, "outbound-pool") != last.dst
    return at in lab.configs or lab.walls.get(at, {}).get("stateful") or (
        at in lab.gates and last.sender in lab.circuits and pool
    )


# Comparing.


def circle(way, seen):
    """Of what goes in a circle only the first time is foretold."""
    return seen[: len(way)] if len(set(way)) < len(way) else seen


def equal(row, seen):
    if row == seen:
        return True
    question, answer = circle(row.question, seen.question), circle(row.answer, seen.answer)
    return (question, answer) != seen[1:3] and row == Seen(seen[0], question, answer, seen[3])


def turns(lab):
    return max(1, len(lab.circuits)) if len(lab.circuits) > 1 else 1


def compare(lab, foretold, what):
    """Every observation is a row; every row is observed. Lines about what is not so."""
    trouble, met = [], collections.defaultdict(set)
    for lab.turn in range(turns(lab)):
        if turns(lab) > 1:
            lab.route()
        for probe, seen in zip(foretold.probes, ask(lab, foretold.probes)):
            rows = [r for r in foretold.rows[probe[:2]] if equal(r, seen)]
            met[probe[:2]].update(rows)
            if not rows:
                trouble.append(f"{what}: {tuple(probe)}\n    seen     {told(seen)}")
                trouble += [f"    foretold {told(r)}" for r in foretold.rows[probe[:2]]]
    lab.turn = 0
    for who, rows in foretold.rows.items():
        missing = rows - met[who]
        trouble += [f"{what}: {who}: foretold and never seen: {told(r)}" for r in missing]
    return trouble


def told(seen):
    ways = " > ".join(seen.question), " > ".join(seen.answer) or "none"
    return f"{seen.verdict}, in {seen.worn or 'nothing'}: {ways[0]}; answer {ways[1]}"


def failing(plan, circuit):
    """The same plan with that circuit's session down."""
    circuits = [dict(c) for c in plan["circuits"]]
    for c in circuits:
        if c["name"] == circuit:
            c["links"] = [{**link, "session": {"state": "down"}} for link in c["links"]]
    return {**plan, "circuits": circuits}


def listed(said, without, circuit):
    """What the plan's own list of failures says is what it says of itself without that circuit."""
    keys = ("from", "to", "back", "verdict", "ends-at")
    there = {tuple(f[k] for k in keys) + (f["circuit"],) for f in without["flows"]}
    rows = [f for f in said["failures"] if f["failure"] == f"circuit {circuit}"]
    missing = {tuple(f[k] for k in keys) + (f["now"],) for f in rows} - there
    return [f"without {circuit}: listed among failures, and not so: {m}" for m in missing]


def one(seed):
    """One plan. Lines about what differs, and how many questions were asked."""
    chance, name = random.Random(seed), f"sp{os.getpid()}"
    plan, configs = dice.deal(seed, name)
    folder = os.path.join(FOLDER, str(seed))
    path = dice.write(folder, plan, configs)
    said, trouble, asked = verify(path), [], 0
    lab = Sheet(name, plan, configs)
    try:
        lab.up()
        listen(lab)
        failures = [None] + chance.sample(list(lab.circuits), 1)
        for circuit in failures:
            what = f"without {circuit}" if circuit else "as it is"
            now = said
            if circuit:
                text = dice.document(dice.stated(failing(plan, circuit)))
                with open(os.path.join(folder, f"{circuit}-down.yaml"), "w", encoding="ascii") as out:
                    out.write(text)
                now = verify(out.name)
                trouble += listed(said, now, circuit)
                lab.fail(circuit)
            foretold = Foretold(lab, now)
            foretold.more(chance)
            asked += len(foretold.probes) * turns(lab)
            trouble += compare(lab, foretold, what)
    finally:
        end_processes(lab.processes[::-1])
        trouble += build.down(name)
    if not trouble:
        shutil.rmtree(folder)
    return trouble, asked, said["flows"]


def listen(lab):
    for node in [*lab.far, *lab.segments]:
        ports = [OPEN] if node in lab.far else [dice.PORT]
        lab.start(node, "server", sys.executable, "-c", SERVER % ports)
    for node in [*lab.far, *lab.segments]:
        build_ready(lab, node)


def build_ready(lab, node):
    port = OPEN if node in lab.far else dice.PORT
    for _ in range(200):
        if f":{port} " in lab.ask(node, "ss", "-Hltn"):
            return
        time.sleep(0.02)
    raise Failed(f"{node} does not listen")


def main(count, first):
    counts, bad, asked = collections.Counter(), 0, 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    for seed in range(first, first + count):
        since = time.monotonic()
        try:
            trouble, questions, flows = one(seed)
        except Failed as error:
            trouble, questions, flows = [str(error)], 0, []
        asked += questions
        counts.update(f["verdict"] for f in flows)
        bad += bool(trouble)
        word = f"DIFFERS (build/random/{seed})" if trouble else "equal"
        print(f"seed {seed}: {word}, {questions} questions, {time.monotonic() - since:.1f} s", flush=True)
        for line in trouble[:MOST]:
            print(f"  {line}")
        if len(trouble) > MOST:
            print(f"  and {len(trouble) - MOST} more")
    print(f"{asked} questions of {count} plans; {', '.join(f'{k} {v}' for k, v in counts.items())}")
    print(f"{count - bad} equal, {bad} not")
    return bool(bad)


if __name__ == "__main__":
    if os.geteuid():
        print("skipped: needs root")
        sys.exit(77)
    number = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1] else 3
    seed_ = int(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2] else 1
    sys.exit(main(number, seed_))
