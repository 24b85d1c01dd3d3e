# SPDX-License-Identifier: GPL-2.0-only
"""What scenes are made of: a standing lab, questions asked on it, checks of what came of them."""
import ipaddress
import json

import bird
import firewall
import gateway
import servers
from machine import Failed, patient, wait_for
from eye import Eye, hops
from network import CIRCUITS, NODES

ENOUGH = 500  # routes of a provider: more than so many, says the guide


class Stage:
    """lab: standing; source: an address of the cloud; held, broken: checks so far; asked: questions
    that were answered; eye: the latest; found: what was asked, its answer, and both ways as nodes;
    without: of what was asked while a circuit was cut: that circuit, who asked, the answer, its way."""

    def __init__(self, lab):
        self.lab, self.held, self.broken, self.asked, self.eye = lab, 0, 0, 0, None
        self.sources = [str(ipaddress.ip_network(r)[10]) for r in lab.regions]
        self.source = self.sources[0]
        self.found, self.without = [], []

    def raise_curtain(self):
        self.lab.up()
        servers.start(self.lab)
        for node in self.lab.setup.gateways:
            gateway.start(self.lab, node)

    def check(self, what, found, expected=True):
        """One line, and whether it is as it must be. expected: a value, or a function to judge."""
        good = bool(expected(found)) if callable(expected) else found == expected
        self.held, self.broken = self.held + good, self.broken + (not good)
        shown = "" if found is True or found is False else f": {found}"
        more = (
            "" if good or callable(expected) or isinstance(expected, bool) else f", not {expected}"
        )
        print(f"  {'yes' if good else 'NO ':3} {what}{shown}{more}", flush=True)

    def way(self, what, found, expected):
        """A check of hops."""
        self.check(what, " > ".join(found), " > ".join(expected))

    # Before anything is asked: the routes.

    def next_hop(self, node, address, source=None):
        """The node that the kernel of `node` sends to for an address, or what it says instead."""
        question = ["ip", "-j", "route", "get", address, *(["from", source] if source else [])]
        try:
            route = json.loads(self.lab.ask(node, *question))[0]
        except Failed as error:  # no route is an answer
            return str(error).rpartition(": ")[2]
        for wire in self.lab.wires:
            for other, own in zip((wire.left, wire.right), self.lab.addresses(wire)):
                if own == route.get("gateway", address):
                    return other
        return route.get("type", "nowhere")

    def leads(self, address, nodes, source=None):
        """Waits until routes lead that way, for the source if one is given; says so."""
        steps = list(zip(nodes, nodes[1:], [source] + [None] * len(nodes)))

        def astray():
            return [(a, b, s) for a, b, s in steps if self.next_hop(a, address, s) != b]

        try:
            wait_for(f"a way to {address} over {' > '.join(nodes)}", 20, lambda: not astray())
        except Failed as error:
            for a, _, s in astray():
                error = Failed(f"{error}; {a} sends it to {self.next_hop(a, address, s)}")
            raise error from None
        print(f"  {f'{source or nodes[0]} to {address}':34} {' > '.join(nodes)}")

    def count(self, node, peer):
        """Routes that a router has from a neighbour, as BIRD counts them."""
        name = bird.symbol(peer)
        table = f"t_{name}" if self.lab.table(node, self.lab.wire(node, peer)) else "master4"
        answer = self.lab.birdc(
            node, "show", "route", "table", table, "protocol", f"to_{name}", "count"
        )
        return int(answer.splitlines()[1].split()[0])

    def received(self, node, peer):
        """The provider's routes: all that it announces come, and they are more than 500."""
        patient(lambda: self.count(node, peer) >= len(self.lab.announced), 20)
        enough = f"{node} received from {peer} more than {ENOUGH} routes"
        self.check(enough, self.count(node, peer), lambda n: n > ENOUGH)
        session = self.lab.birdc(node, "show", "protocols", f"to_{bird.symbol(peer)}")
        self.check(f"the session of {node} with {peer} is", session.split()[-1], "Established")

    def empty(self, node, peer):
        wait_for(f"{node} has no route from {peer}", 20, lambda: not self.count(node, peer))

    def cable(self, node, peer, state):
        """Pulls the cable between them, or puts it in, at the end of `node`."""
        wire = self.lab.wire(node, peer)
        device = self.lab.devices(wire)[0 if node == wire.left else 1]
        self.lab.ask(node, "ip", "link", "set", device, state)

    # The questions.

    def __enter__(self):
        self.eye = Eye(self.lab).__enter__()
        return self

    def __exit__(self, *what):
        return self.eye.__exit__(*what)

    def ask(self, *questions):
        """Several at once; their answers in that order."""
        answers = [servers.Answer(process) for process in questions]
        self.asked += sum(not answer.error for answer in answers)
        return answers

    # What came of them.

    def show(self, what, src, dst, dport, sport=None):
        """Prints the way of a connection as captured; gives question and answer, frames each."""
        syn = self.eye.question(src, dst, dport, sport)
        if not syn:
            self.check(f"{what}: a question left {src}", False)
            return [], []
        question, answer = self.eye.way(syn)
        print(f"{what}")
        self.print_way("question", question)
        self.print_way("answer", answer)
        return question, answer

    @staticmethod
    def print_way(name, way):
        if not way:
            print(f"  {name:9} none")
        while way:
            part = [f for f in way if f.tuple() == way[0].tuple()]
            print(f"  {name:9} {' > '.join(hops(part)):46} {part[0].tuple()}")
            way, name = way[len(part) :], ""

    def verdicts(self):
        """What every firewall made of the packets so far; printed, and given."""
        found = {
            n: firewall.verdicts(self.lab, n) for n in self.lab.nodes if NODES[n].role == "firewall"
        }
        for node, counts in found.items():
            print(f"  {node:9} " + ", ".join(f"{name} {count}" for name, count in counts.items()))
        return found

    def violations(self, node):
        rows = gateway.show(self.lab, node)["circuits"]
        return sum(int(row["violations"]) for row in rows)


def host(prefix):
    """An address of it."""
    network = ipaddress.ip_network(prefix)
    return str(network[min(10, network.num_addresses - 1)])


def inside(address, circuit):
    return ipaddress.ip_address(address) in ipaddress.ip_network(CIRCUITS[circuit].inbound)


def worn(address, circuit):
    return ipaddress.ip_address(address) in ipaddress.ip_network(CIRCUITS[circuit].outbound)
