# SPDX-License-Identifier: GPL-2.0-only
"""The guide's Exchange Hybrid row: one public address, three servers, three ways to it at once."""
import ipaddress
from collections import Counter

import servers
from eye import hops
from machine import patient
from network import CIRCUITS, NODES, PUBLIC
from stage import host, inside

CIRCUIT = {"edge-chi": "chicago", "edge-dal": "dallas", "internet": "internet"}
SERVERS = [n for n, node in NODES.items() if node.role == "server"]
TRAP = ["nj", "ny", "ny-fw", "ny-gw", "edge-ny", "cloud"]  # what routes say, where no answer may go
LAST = 60  # addresses of a region; by then every server has had its turn


def logged(stage, answers=()):
    """What each server logged; all these answers must be in it."""
    counts = Counter(str(a).split()[0] for a in answers if not a.error)
    return {server: set(servers.web_log(stage.lab, server, counts[server])) for server in SERVERS}


def complete(stage):
    """Every server has met every circuit."""
    logs, circuits = logged(stage).values(), CIRCUIT.values()
    return all(any(inside(a, c) for a in log) for log in logs for c in circuits)


def address(answer):
    """What a server said of who asked, as in "srv2 192.168.1.17 40001"."""
    words = str(answer).split()
    return words[1] if len(words) == 3 else "0.0.0.0"


def ask_regions(stage):
    """All regions at once, from one address after the other, until each server met each way. Pairs
    of a circuit and an answer."""
    answers = []
    for number in range(1, LAST):
        hosts = [str(ipaddress.ip_network(region)[number]) for region in stage.lab.regions]
        said = stage.ask(*(servers.https(stage.lab, "cloud", host, PUBLIC) for host in hosts))
        answers += zip(CIRCUIT.values(), said)
        if any(answer.error for answer in said) or complete(stage):
            break
    return answers


def check_logs(stage, answers):
    right = [a for circuit, a in answers if inside(address(a), circuit)]
    stage.check(
        f"of {len(answers)} questions answered to an address of their own circuit's pool",
        len(right),
        len(answers),
    )
    for server, log in logged(stage, [a for _, a in answers]).items():
        for circuit in CIRCUIT.values():
            met = sorted(a for a in log if inside(a, circuit))
            pool = CIRCUITS[circuit].inbound
            stage.check(f"{server} logged, of {circuit}'s {pool}", " ".join(met), bool)
        other = [a for a in log if not any(inside(a, c) for c in CIRCUIT.values())]
        stage.check(f"{server} logged other addresses", len(other), 0)


def circuits_of(stage):
    """Of every connection, by remote address and port: the circuits that its packets came in on and
    those that they left on, as captured; and how many left with a foreign source."""
    wires = {frozenset((w.left, w.right)): w for w in stage.lab.wires if w.circuit}
    came, left, foreign = {}, {}, 0
    for f in stage.eye.frames:
        wire = wires.get(frozenset((f.sender, f.receiver)))
        if wire and f.sender == wire.left:
            left.setdefault((f.dst, f.dport), []).append(wire.circuit)
            foreign += f.src != PUBLIC
        elif wire:
            came.setdefault((f.src, f.sport), []).append(wire.circuit)
    return came, left, foreign


def check_circuits(stage, moved):
    """moved: the connection whose questions came on another circuit while its own was cut."""
    came, left, foreign = circuits_of(stage)
    good = [
        remote for remote, circuits in came.items() if set(left.get(remote, ())) == {circuits[0]}
    ]
    stage.check(
        f"of {len(came)} connections were answered on the circuit they came in on, and on no other",
        len(good),
        len(came),
    )
    counts = Counter(came[remote][0] for remote in good)
    print("      " + ", ".join(f"{circuit} {counts[circuit]}" for circuit in CIRCUIT.values()))
    stage.check("packets that left with another source than the public address", foreign, 0)
    strays = {remote: sum(c != circuits[0] for c in circuits) for remote, circuits in came.items()}
    stage.check(
        "the conversation of Chicago's region came by Dallas while Chicago was cut, in packets",
        strays.get(moved, 0),
        bool,
    )
    stage.check(
        "packets that came on another circuit than their connection, and violations counted",
        (sum(strays.values()), stage.violations("nj-gw")),
        lambda pair: pair[0] == pair[1],
    )


def premises(stage):
    for (edge, circuit), source in zip(CIRCUIT.items(), stage.sources):
        stage.leads(PUBLIC, ["cloud", edge, "nj-gw"], source)
        stage.leads(host(CIRCUITS[circuit].inbound), ["nj", "nj-fw", "nj-gw"])
    stage.leads(stage.source, TRAP)
    for edge in ("edge-chi", "edge-dal"):
        stage.received("nj-gw", edge)


def ask_each(stage):
    """One question of each region."""
    return stage.ask(*(servers.https(stage.lab, "cloud", s, PUBLIC) for s in stage.sources))


def cut(stage, held):
    """Chicago goes down: its region comes over Dallas, and the others notice nothing. What was on
    Chicago keeps its pin: what the cloud sends of it over Dallas meanwhile is refused."""
    before = [h.ask() for h in held]
    stage.cable("edge-chi", "nj-gw", "down")
    stage.leads(PUBLIC, ["cloud", "edge-dal", "nj-gw"], stage.source)
    again = ask_each(stage)
    held[0].say()
    patient(lambda: stage.violations("nj-gw"))
    during = [h.ask() for h in held[1:]]
    stage.cable("edge-chi", "nj-gw", "up")
    stage.leads(PUBLIC, ["cloud", "edge-chi", "nj-gw"], stage.source)
    mended = ask_each(stage)
    after = [held[0].hear(), *(h.ask() for h in held[1:])]
    return before, again, during, mended, after


def check_cut(stage, before, again, during, mended, after):
    circuits = list(CIRCUIT.values())
    for what, answers, ways in (
        ("Chicago cut", again, ["dallas", *circuits[1:]]),
        ("Chicago back", mended, circuits),
    ):
        for circuit, answer, way in zip(circuits, answers, ways):
            served = f"{what}: the region of {circuit} is served over {way}"
            stage.check(served, str(answer), lambda text, w=way: inside(address(text), w))
    for circuit, was, now in zip(circuits[1:], before[1:], during):
        stage.check(f"Chicago cut: a conversation over {circuit} goes on", now, was)
    for circuit, was, now in zip(circuits, before, after):
        stage.check(f"Chicago back: the conversation over {circuit} goes on", now, was)
        stage.check("its address is of that circuit's pool", inside(address(was), circuit))


def play(stage):
    premises(stage)
    with stage:
        answers = ask_regions(stage)
        held = [servers.Held(stage.lab, "cloud", s, PUBLIC) for s in stage.sources]
        story = cut(stage, held)
    for source, circuit in zip(stage.sources, CIRCUIT.values()):
        what = f"https over {circuit}"
        there, back = stage.show(what, source, PUBLIC, 443)
        answer = next(a for c, a in answers if c == circuit)
        stage.found.append((what, answer, hops(there), hops(back)))
    print("verdicts of the firewalls")
    verdicts = stage.verdicts()
    print("checks")
    check_logs(stage, answers)
    check_circuits(stage, held[0].own)
    check_cut(stage, *story)
    stage.check(
        "New York, which knew the way to the cloud as well, was sent",
        sum(verdicts["ny-fw"].values()),
        0,
    )
    return (
        "each server met each path in that path's addresses, and answered on the path it was asked"
    )
