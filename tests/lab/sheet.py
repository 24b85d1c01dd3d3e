# SPDX-License-Identifier: GPL-2.0-only
"""A lab that is built from a plan, and from nothing else.

Every place is a namespace: a segment is a host of it, a circuit is the provider's router. What routing
protocols would bring is put into the kernel's tables as the plan says it.
"""
import ipaddress
import os
from dataclasses import dataclass

import build
import dice
import gateway
from machine import Inside, output

UNREACHABLE = "route replace unreachable default metric 4294967295"
INWARD = 50  # table of a router among gateways, and of a provider's: what came from outside
SETTINGS = {
    "ip_forward": 1,
    "icmp_ratelimit": 0,
    "tcp_syn_retries": 1,
    "tcp_synack_retries": 1,
}


@dataclass(frozen=True)
class Strand:
    """A wire. left is nearer to the segments."""

    left: str
    right: str
    number: int


def first_host(prefix):
    network = ipaddress.ip_network(prefix)
    return str(network[1] if network.num_addresses > 2 else network[0])


def within(prefix, others):
    net = ipaddress.ip_network(prefix)
    return any(net.subnet_of(ipaddress.ip_network(other)) for other in others)


class Sheet(build.Lab):
    """plan: of dice.py; down: circuits that have failed; turn: which of equal circuits is taken."""

    def __init__(self, name, plan, configs):
        self.name, self.plan, self.configs = name, plan, configs
        self.dir = os.path.join(build.RUN, name)
        self.setup = build.Setup(gateways=dict.fromkeys(configs, ()))
        self.processes, self.mounted, self.down, self.turn = [], False, (), 0
        self.segments = {s["name"]: s for site in plan["sites"] for s in site["segments"]}
        self.sites = {s["name"]: s for s in plan["sites"]}
        self.walls = {f["name"]: f for f in plan["firewalls"]}
        self.gates = {g["name"]: g for g in plan["gateways"]}
        self.circuits = {c["name"]: c for c in plan["circuits"]}
        self.far = {d["name"]: d for d in plan["destinations"]}
        places = (self.segments, self.sites, self.walls, self.gates, self.circuits, self.far)
        self.nodes = [name for kind in places for name in kind]
        self.wires = [Strand(*pair, n) for n, pair in enumerate(self.strands())]
        self.inner = {}  # of firewalls: neighbours on the inner side and on the outer one

    # What the plan comes to.

    def strands(self):
        for site in self.plan["sites"]:
            for segment in site["segments"]:
                yield segment["name"], site["name"]
        for pair in self.edges():
            chain = self.chain(*pair)
            yield from zip(chain, chain[1:])
        for name, circuit in self.circuits.items():
            yield circuit["gateway"], name
            for far in self.far:
                yield name, far

    def edges(self):
        """Pairs of sites and gateways that are neighbours, once each."""
        found = {(g["inside"], g["name"]) for g in self.gates.values()}
        for site in self.sites.values():
            for route in site["routes"]:
                if (route["next"], site["name"]) not in found:
                    found.add((site["name"], route["next"]))
        for wall in self.walls.values():
            if tuple(wall["between"][::-1]) not in found:
                found.add(tuple(wall["between"]))
        return sorted(found)

    def chain(self, one, other):
        """The firewalls between two neighbours, with both."""
        out = [w["name"] for w in self.walls.values() if w["between"] == [one, other]]
        back = [w["name"] for w in self.walls.values() if w["between"] == [other, one]]
        return [one, *out, *back[::-1], other]

    def hop(self, node, neighbour):
        """Who stands first on the way to a neighbour."""
        pair = (node, neighbour) if (node, neighbour) in self.edges() else (neighbour, node)
        chain = self.chain(*pair)
        return chain[1] if chain[0] == node else chain[-2]

    def up_circuits(self):
        return [c for c in self.circuits.values() if c["name"] not in self.down]

    def pools(self, circuit, kind="outbound-pool"):
        at = self.configs.get(circuit["gateway"])
        if at:
            circuit = next(c for c in at["circuits"] if c["name"] == circuit["name"])
        return circuit.get(kind, [])

    def table_of(self, routes, without=()):
        """Prefix to next hop: of equal ones the first."""
        table = {}
        for route in routes:
            prefixes = route.get("to", [])
            if "from" in route:
                seen = route["from"] not in self.down and route["from"] not in without
                received = self.circuits[route["from"]]["received"] if seen else []
                prefixes = [p for p in received if not within(p, route.get("except", []))]
            for prefix in prefixes:
                table.setdefault(prefix, route["next"])
        return table

    def advertised(self, far):
        """What is outside has: prefix to the circuit that it takes."""
        by_prefix = {}
        for circuit in self.up_circuits():
            if self.far[far].get("provider", True) or circuit["kind"] == "internet":
                for prefix in circuit["advertise"]:
                    if within(prefix, circuit.get("accepted", ["0.0.0.0/0"])):
                        by_prefix.setdefault(prefix, []).append(circuit)
        chosen = {}
        for prefix, circuits in by_prefix.items():
            private = [c for c in circuits if c["kind"] != "internet"]
            equal = private or circuits
            chosen[prefix] = equal[self.turn % len(equal)]["name"]
        return chosen

    # Namespaces.

    def has_xdp(self, node):
        return node in self.configs

    def devices(self, wire):
        return wire.right, wire.left

    def ends(self, wire):
        """(node, neighbour, address, MAC) of both ends."""
        low = f"{wire.number:02x}"
        left = (wire.left, wire.right, f"169.254.{wire.number}.1", f"02:00:00:00:{low}:01")
        right = (wire.right, wire.left, f"169.254.{wire.number}.2", f"02:00:00:00:{low}:02")
        return left, right

    def via(self, node, neighbour):
        """Of a route: the neighbour's end of their wire."""
        for wire in self.wires:
            for own, other in (self.ends(wire), self.ends(wire)[::-1]):
                if own[:2] == (node, neighbour):
                    return f"via {other[2]} dev {neighbour} onlink"
        raise KeyError(f"no wire of {node} to {neighbour}")

    def up(self):
        os.makedirs(self.dir)
        os.chmod(build.RUN, 0o755)
        self.note()
        spaces = "\n".join(f"netns add {self.space(node)}" for node in self.nodes)
        output("ip", "-batch", "-", input=spaces)
        for wire in self.wires:
            self.strand(wire)
        for node in self.nodes:
            self.set(node)
            self.batch(node, self.wired(node) + self.standing(node))
        for wall in self.walls:
            self.ask(wall, "nft", "-f", self.write(wall, "nft", self.wall_rules(wall)))
        for gate in self.gates:
            if gate not in self.configs:
                self.ask(gate, "nft", "-f", self.write(gate, "nft", self.gate_rules(gate)))
        self.route()
        for gate, config in self.configs.items():
            gateway.serve(self, gate, dice.document(config))

    def strand(self, wire):
        left, right = self.ends(wire)
        self.ip(
            wire.left,
            f"link add {wire.right} address {left[3]} type veth peer name {wire.left}"
            f" address {right[3]} netns {self.space(wire.right)}",
        )
        if self.has_xdp(wire.left) or self.has_xdp(wire.right):
            for node, device, *_ in (left, right):
                self.ask(node, "ethtool", "-K", device, *build.OFFLOADS.split())
                if not self.has_xdp(node):
                    self.ip(node, f"link set {device} xdpdrv object {build.PASS} section xdp")

    def wired(self, node, only=None):
        """Addresses and neighbours of a node's wires, which nobody has to ask for."""
        lines = []
        for wire in self.wires:
            for own, other in (self.ends(wire), self.ends(wire)[::-1]):
                if own[0] == node and only in (None, own[1]):
                    lines += [
                        f"address replace {own[2]}/30 dev {own[1]}",
                        f"link set {own[1]} up",
                        f"neighbour replace {other[2]} lladdr {other[3]} dev {own[1]} nud permanent",
                    ]
        return lines

    def set(self, node):
        with Inside(self.space(node)):
            values = dict(SETTINGS)
            for device in os.listdir("/proc/sys/net/ipv4/conf"):
                values[f"conf/{device}/rp_filter"] = 0
                values[f"conf/{device}/send_redirects"] = 0
                values[f"conf/{device}/ignore_routes_with_linkdown"] = 1
            if node in self.walls or node in self.gates:
                values["../netfilter/nf_conntrack_tcp_loose"] = 0
            for path, value in values.items():
                with open(f"/proc/sys/net/ipv4/{path}", "w", encoding="ascii") as setting:
                    setting.write(str(value))

    def batch(self, node, lines):
        if lines:
            output("ip", "-n", self.space(node), "-batch", "-", input="\n".join(lines) + "\n")

    # What stays as it is.

    def standing(self, node):
        lines = ["link set lo up"]
        if node in self.segments:
            hosts = [first_host(p) for p in self.segments[node]["prefixes"]]
            lines += [f"address add {host}/32 dev lo" for host in hosts]
            site = next(w.right for w in self.wires if w.left == node)
            return lines + [f"route add default {self.via(node, site)}"]
        if node in self.far:
            return lines + [f"route add local {p} dev lo" for p in self.far[node]["prefixes"]]
        lines.append(UNREACHABLE)
        if node in self.sites:
            return lines + [
                f"rule add iif {s['name']} lookup {100 + n} pref {100 + n}"
                for n, s in enumerate(self.sites[node]["segments"])
            ]
        if node in self.walls:
            inner, outer = (n for w in self.wires for n in self.beside(w, node))
            self.inner[node] = inner, outer
            for number, (here, there) in enumerate([(inner, outer), (outer, inner)]):
                table = 101 + number
                lines.append(f"rule add iif {here} lookup {table} pref {table}")
                lines.append(f"route add default {self.via(node, there)} table {table}")
            return lines
        if node in self.circuits:
            gate = self.circuits[node]["gateway"]
            lines += [f"rule add iif {far} lookup {INWARD} pref {INWARD}" for far in self.far]
            lines.append(f"route add default {self.via(node, gate)} table {INWARD}")
            return lines
        if node not in self.configs:
            own = [c for c in self.circuits.values() if c["gateway"] == node]
            lines += [f"rule add iif {c['name']} lookup {INWARD} pref {INWARD}" for c in own]
        return lines

    def beside(self, wire, wall):
        """The neighbour at the other end, where the wire is the wall's."""
        return [n for n, o in ((wire.left, wire.right), (wire.right, wire.left)) if o == wall]

    # What changes with failures and turns.

    def route(self):
        for node in [*self.sites, *self.gates, *self.circuits, *self.far]:
            lines = []
            for number, table in self.tables(node).items():
                lines.append(f"route flush table {number} scope global proto boot")
                lines += [
                    f"route replace {prefix} {how} table {number}" for prefix, how in table.items()
                ]
                if number != "main" and node in self.sites:
                    lines.append(f"{UNREACHABLE} table {number}")
            self.batch(node, lines)

    def tables(self, node):
        """Of the kernel: table to prefix to how."""
        if node in self.sites:
            return self.site_tables(node)
        if node in self.far:
            chosen = self.advertised(node)
            return {"main": {p: self.via(node, c) for p, c in chosen.items()}}
        if node in self.circuits:
            far = {p: self.via(node, f) for f, d in self.far.items() for p in d["prefixes"]}
            return {"main": far}
        inside = self.via(node, self.hop(node, self.gates[node]["inside"]))
        own = [c for c in self.up_circuits() if c["gateway"] == node]
        if node in self.configs:
            tables = {"main": {"0.0.0.0/0": inside}}
            for circuit in own:
                number = 100 + int(circuit["name"][1:])
                tables[number] = dict.fromkeys(circuit["received"], self.via(node, circuit["name"]))
            return tables
        out = {}
        for circuit in sorted(own, key=lambda c: c["kind"] == "internet"):
            for prefix in circuit["received"]:
                out.setdefault(prefix, self.via(node, circuit["name"]))
        pools = [p for c in self.circuits.values() for p in self.pools(c)]
        return {"main": out, INWARD: {"0.0.0.0/0": inside, **dict.fromkeys(pools, "dev lo")}}

    def site_tables(self, node):
        site = self.sites[node]
        attached = {p: self.via(node, s["name"]) for s in site["segments"] for p in s["prefixes"]}

        def table(routes, without):
            found = self.table_of(routes, without)
            return {p: self.via(node, self.hop(node, n)) for p, n in found.items()} | attached

        tables = {"main": table(site["routes"], ())}
        for n, segment in enumerate(site["segments"]):
            routes = segment.get("routes", []) + site["routes"]
            tables[100 + n] = table(routes, segment.get("without", ()))
        return tables

    # What is stateful, and what translates.

    def published(self, node, devices):
        lines = []
        for service in self.plan["services"]:
            if service.get("at") == node:
                ports = ", ".join(p.split("/")[1] for p in service["ports"])
                to = f"tcp dport {{ {ports} }} dnat to {service['servers'][0]}"
                lines += [f"iifname {d} ip daddr {service['public']} {to}" for d in devices(service)]
        return lines

    def wall_rules(self, node):
        inner, outer = self.inner[node]
        if self.outward(node) != outer:
            inner, outer = outer, inner
        nat = [f"oifname {inner} snat to {first_host(p)}" for p in self.walls[node].get("source-nat", [])]
        drop = ["ct state invalid drop"] if self.walls[node]["stateful"] else []
        return rules(drop, self.published(node, lambda _: [outer]), nat)

    def outward(self, node):
        chain = self.chain(*self.walls[node]["between"])
        return chain[chain.index(node) + 1]

    def gate_rules(self, node):
        own = [c for c in self.circuits.values() if c["gateway"] == node]
        nat = [f"oifname {c['name']} snat to {first_host(self.pools(c)[0])}" for c in own if self.pools(c)]
        for service in self.plan["services"]:
            if service.get("at") == node and service.get("source-nat") == "inbound-pool":
                for name in service["circuits"]:
                    pool = first_host(self.pools(self.circuits[name], "inbound-pool")[0])
                    nat.append(f"iifname {name} ct status dnat snat to {pool}")
        return rules([], self.published(node, lambda service: service["circuits"]), nat)

    # Failing.

    def fail(self, circuit):
        """Its link goes down at the provider's end; routes that came over it are withdrawn."""
        gate = self.circuits[circuit]["gateway"]
        self.ip(circuit, f"link set {gate} down")
        self.down = (circuit,)
        self.route()

    def mend(self):
        for circuit in self.down:
            gate = self.circuits[circuit]["gateway"]
            lines = self.wired(circuit, gate)
            lines.append(f"route replace default {self.via(circuit, gate)} table {INWARD}")
            self.batch(circuit, lines)
        self.down = ()
        self.route()


def rules(forward, dnat, snat):
    lines = [
        "table ip plan {",
        "chain forward { type filter hook forward priority filter; policy accept;",
        *forward,
        "ct state established accept",
        "}",
        "chain in { type nat hook prerouting priority dstnat;",
        *dnat,
        "}",
        "chain out { type nat hook postrouting priority srcnat;",
        *snat,
        "}",
        "}",
    ]
    return "\n".join(lines) + "\n"
