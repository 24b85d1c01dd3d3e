# SPDX-License-Identifier: GPL-2.0-only
"""samepath on a perimeter of the lab: its configuration, from network.py, and its daemon."""
import json
import os
import select
import socket

from build import SAMEPATH
from machine import Failed
from network import CIRCUITS, PUBLIC, SEGMENTS, SERVERS

CIRCUIT = """\
  - name: {name}
    kind: {kind}
{table}    links: [{{interface: {interface}}}]
    outbound-pool: [{outbound}]
    inbound-pool: [{inbound}]
    advertise: [{advertise}]
"""
CONFIG = """\
gateway: {{name: {gateway}, lab: true}}
inside:
  interfaces: [lan0]
  segments:
{segments}circuits:
{circuits}feeds:
  - {{name: m365, format: microsoft365, source: "{feed}"}}
classes:
  - {{name: sharepoint, feed: m365, areas: [SharePoint], expressroute: true}}
policy:
{policy}{services}limits: {{flows: 20000, flows-per-host: 10000, half-open: 10000}}
"""
SERVICE = """\
services:
  - name: exchange-hybrid
    public: {public}
    ports: [tcp/443, tcp/25]
    servers: [{servers}]
    circuits: [{circuits}]
    source-nat: {source_nat}
"""
EXCHANGED = {"chicago": "dallas", "dallas": "chicago"}
RULE = "  - {{from: [{segments}], to: [{to}], circuits: [{circuits}], otherwise: {otherwise}}}\n"


def circuit(lab, wire):
    c, inbound = CIRCUITS[wire.circuit], CIRCUITS[wire.circuit].inbound
    if "exchanged" in lab.setup.broken and wire.circuit in EXCHANGED:
        inbound = CIRCUITS[EXCHANGED[wire.circuit]].inbound
    return CIRCUIT.format(
        name=wire.circuit,
        kind=c.kind,
        table=f"    table: {c.table}\n" if c.table else "",
        interface=lab.devices(wire)[0],
        outbound=c.outbound,
        inbound=inbound,
        advertise=", ".join(lab.advertised(wire)),
    )


def policy(lab, circuits):
    """The nearest circuit of each office first, where there are two; everything else one way."""
    text, near, broken = "", ["chicago", "dallas"], lab.setup.broken
    if set(near) <= set(circuits):
        for office, order in (("office1", near), ("office2", near[::-1])):
            order = order[::-1] if "far" in broken else order[:1] if "single" in broken else order
            text += RULE.format(
                segments=office,
                to="sharepoint",
                circuits=", ".join(order),
                otherwise="drop" if "single" in broken else "internet",
            )
    return text + RULE.format(
        segments=", ".join(SEGMENTS), to="any", circuits=circuits[0], otherwise="drop"
    )


def config(lab, node):
    circuits = lab.setup.gateways[node]
    wires = [w for w in lab.wires if w.left == node and w.circuit in circuits]
    published = [c for c in circuits if c in lab.setup.published]
    services = ""
    if published:
        services = SERVICE.format(
            public=PUBLIC,
            servers=", ".join(SERVERS),
            circuits=", ".join(published),
            source_nat="none" if "no-source-nat" in lab.setup.broken else "inbound-pool",
        )
    return CONFIG.format(
        gateway=lab.gateway(node),
        feed=lab.feed.path,
        services=services,
        policy=policy(lab, circuits),
        segments="".join(f"    - {{name: {n}, prefixes: [{p}]}}\n" for n, p in SEGMENTS.items()),
        circuits="".join(circuit(lab, w) for w in wires),
    )


def command(lab, node, *words):
    return [SAMEPATH, "-c", lab.path(node, "yaml"), *words]


def start(lab, node):
    serve(lab, node, config(lab, node))


def serve(lab, node, text):
    """The daemon, until it says that it is ready, as systemd would hear it."""
    lab.mount()
    lab.write(node, "yaml", text)
    path = lab.path(node, "notify")
    environment = {**os.environ, "NOTIFY_SOCKET": path}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        process = lab.start(node, "samepath", *command(lab, node, "run"), env=environment)
        for _ in range(150):
            if process.poll() is not None:
                break
            if select.select([notify], [], [], 0.1)[0] and b"READY=1" in notify.recv(4096):
                return
    with open(lab.path(node, "samepath.out"), encoding="utf-8") as said:
        raise Failed(f"samepath on {node} did not come up: {said.read()[-2000:]}")


def show(lab, node):
    return json.loads(lab.ask(node, *command(lab, node, "-j", "show")))
