# SPDX-License-Identifier: GPL-2.0-only
"""Plans out of a seed: small, lawful, and wrong in the ways in which sites are wrong.

A plan is a dictionary with the keys of the document; a gateway's configuration is the text that it
names. Devices have the name of who is at the other end of the wire, in every namespace.
"""
import ipaddress
import json
import os
import random

PROVIDER, OTHERS = "198.18.0.0/16", "192.0.2.0/24"
SOME = ["198.18.0.0/16", "198.18.0.0/17", "198.18.64.0/18", "198.18.5.0/24", "198.18.200.0/24"]
PUBLIC, PUBLIC_WIDE, PUBLIC_LONG = "198.51.100.5", "198.51.100.0/24", "198.51.100.0/28"
POOLS = ["203.0.113.0/27", "203.0.113.32/27", "203.0.113.64/27"]
INBOUND = ["10.101.0.0/28", "10.102.0.0/28", "10.103.0.0/28"]
PORT = 443


class Dice(random.Random):
    def odds(self, share):
        return self.random() < share

    def some(self, list_, least=1):
        return self.sample(list_, self.randint(min(least, len(list_)), len(list_)))


class Deal:
    """One plan while it is dealt."""

    def __init__(self, seed, lab):
        self.dice, self.lab = Dice(seed), lab
        self.names = [f"s{n + 1}" for n in range(self.dice.randint(1, 3))]
        self.tree = {n: self.dice.choice(self.names[:i]) for i, n in enumerate(self.names) if i}
        self.configs = {}
        self.segments = {}
        self.gateways()
        self.circuits()
        self.plan = {"plan": {"name": f"random-{seed}", "lab": True}}
        self.plan["sites"] = [self.site(i, n) for i, n in enumerate(self.names)]
        self.plan["firewalls"] = self.firewalls()
        services = self.services()
        for site in self.plan["sites"]:
            self.route(site)
        self.plan["gateways"] = [self.gateway(g, services) for g in self.at]
        self.plan["circuits"] = self.circuit
        self.plan["destinations"] = [
            {"name": "d1", "prefixes": [PROVIDER]},
            {"name": "d2", "prefixes": [OTHERS], "provider": False, "audience": "other"},
        ]
        self.plan["locations"] = [
            {"name": f"at-{s}", "segment": s, "heads": 10} for s in self.segments
        ]
        self.plan["services"] = [s for s in services if s.get("at") not in self.samepaths]

    def gateways(self):
        """Where they stand, and which are samepaths."""
        self.at = {f"g{n + 1}": self.dice.choice(self.names) for n in range(1 + self.dice.odds(0.7))}
        self.samepaths = [g for g in self.at if self.dice.odds(0.5)]

    def circuits(self):
        """Pools are of one circuit each, if not always of the one that says them."""
        dice, count = self.dice, self.dice.randint(1, 3)
        pools = POOLS[:count] if dice.odds(0.8) else dice.sample(POOLS, count)
        self.circuit = []
        for n in range(count):
            kind = "internet" if not n or dice.odds(0.2) else "expressroute"
            c = {"name": f"c{n + 1}", "kind": kind, "gateway": dice.choice(list(self.at))}
            c["links"] = [{"name": "one"}]
            c["received"] = self.received(kind)
            if c["gateway"] in self.samepaths or dice.odds(0.45):
                c["outbound-pool"], c["inbound-pool"] = [pools[n]], [INBOUND[n]]
            self.circuit.append(c)
        for c in self.circuit:
            c["advertise"] = self.advertised(c)
            if dice.odds(0.1):
                c["accepted"] = dice.some(c["advertise"])

    def received(self, kind):
        if kind == "internet":
            return ["0.0.0.0/0"] if self.dice.odds(0.8) else ["0.0.0.0/0", *self.dice.some(SOME)]
        leaked = [OTHERS] if self.dice.odds(0.1) else []
        return self.dice.some(SOME) + leaked + (["0.0.0.0/0"] if self.dice.odds(0.1) else [])

    def advertised(self, c):
        dice, own = self.dice, c.get("outbound-pool", [])
        found = list(own) if dice.odds(0.85) else []
        if dice.odds(0.15):
            found.append(dice.choice(POOLS))
        if dice.odds(0.1) or not own and dice.odds(0.3):
            found.append("203.0.113.0/24")
        if not own and dice.odds(0.9):
            found.append("10.0.0.0/8" if dice.odds(0.5) else "10.1.0.0/16")
        if dice.odds(0.7):
            longer = c["kind"] != "internet" and dice.odds(0.7)
            found.append(PUBLIC_LONG if longer else PUBLIC_WIDE)
        return list(dict.fromkeys(found)) or ["198.51.100.128/25"]  # none would mean its file's

    def site(self, number, name):
        segments = []
        for k in range(self.dice.randint(1, 2)):
            segment = {"name": name + "ab"[k], "prefixes": [f"10.{number + 1}.{k}.0/24"]}
            if self.dice.odds(0.25):
                segment["without"] = [self.dice.choice(self.circuit)["name"]]
            segments.append(segment)
            self.segments[segment["name"]] = (name, segment["prefixes"][0])
        return {"name": name, "segments": segments, "routes": []}

    def firewalls(self):
        edges = [(n, up) for n, up in self.tree.items()] + [(s, g) for g, s in self.at.items()]
        found = []
        for edge in edges:
            for share in (0.6, 0.15):
                if not self.dice.odds(share):
                    break
                wall = {"name": f"f{len(found) + 1}", "between": list(edge)}
                wall["stateful"] = self.dice.odds(0.75)
                if self.dice.odds(0.1):
                    wall["source-nat"] = [f"10.20{len(found)}.0.1/32"]
                found.append(wall)
        return found

    def services(self):
        if not self.dice.odds(0.7):
            return []
        places = list(self.at) + [f["name"] for f in self.plan["firewalls"]]
        at = self.dice.choice(places)
        circuits = [c["name"] for c in self.circuit if at not in self.at or c["gateway"] == at]
        if not circuits:
            return []
        server = ipaddress.ip_network(self.dice.choice(list(self.segments.values()))[1])[1]
        service = {"name": "service", "public": PUBLIC, "ports": [f"tcp/{PORT}"]}
        service["servers"] = [str(server)]
        service["circuits"] = circuits if at not in self.at else self.dice.some(circuits)
        service["at"] = at
        pooled = all("inbound-pool" in c for c in self.circuit if c["name"] in service["circuits"])
        if at in self.at and pooled and self.dice.odds(0.7):
            service["source-nat"] = "inbound-pool"
        return [service]

    def holds(self, segment, address):
        return ipaddress.ip_address(address) in ipaddress.ip_network(self.segments[segment][1])

    def toward(self, here, there):
        """The neighbour of a site on the way to another, or to a gateway."""
        if there in self.at:
            return there if self.at[there] == here else self.toward(here, self.at[there])
        node, last = there, None
        while node is not None and node != here:
            node, last = self.tree.get(node), node
        return last if node == here else self.tree[here]

    def route(self, site):
        here, dice = site["name"], self.dice
        near = [n for n in self.names if self.tree.get(n) == here or self.tree.get(here) == n]
        for c in dice.sample(self.circuit, len(self.circuit)):
            if dice.odds(0.85):
                line = {"from": c["name"], "next": self.toward(here, c["gateway"])}
                if near and dice.odds(0.07):
                    line["next"] = dice.choice(near)
                if dice.odds(0.15):
                    line["except"] = [dice.choice(SOME)]
                site["routes"].append(line)
            if "inbound-pool" in c and dice.odds(0.85):
                next_ = self.toward(here, c["gateway"])
                site["routes"].append({"to": c["inbound-pool"], "next": next_})
        for other in self.names:
            if other != here and dice.odds(0.9):
                prefix = f"10.{other[1:]}.0.0/16"
                site["routes"].append({"to": [prefix], "next": self.toward(here, other)})
        for wall in self.plan["firewalls"]:
            inner, outer = wall["between"]
            if "source-nat" in wall and here != outer:
                next_ = outer if here == inner else self.toward(here, inner)
                site["routes"].append({"to": wall["source-nat"], "next": next_})

    def gateway(self, name, services):
        gateway = {"name": name, "inside": self.at[name]}
        if name in self.samepaths and any(c["gateway"] == name for c in self.circuit):
            gateway["config"] = f"random.{name}.yaml"
            self.configs[name] = self.config(name, [s for s in services if s["at"] == name])
            for c in self.circuit:
                if c["gateway"] == name:
                    c.pop("outbound-pool"), c.pop("inbound-pool")
        return gateway

    def config(self, name, services):
        dice = self.dice
        own = [c for c in self.circuit if c["gateway"] == name]
        inside = self.at[name]
        walls = [f["name"] for f in self.plan["firewalls"] if f["between"] == [inside, name]]
        known = dice.some(list(self.segments)) if dice.odds(0.2) else list(self.segments)
        served = {s for s in self.segments for v in services if self.holds(s, v["servers"][0])}
        known = [s for s in self.segments if s in known or s in served]  # a server's is a must
        circuits = []
        for c in own:
            kept = ("name", "kind", "outbound-pool", "inbound-pool")
            circuit = {k: c[k] for k in kept}
            circuit["table"] = 100 + int(c["name"][1:])
            circuit["links"] = [{"interface": c["name"]}]
            circuit["advertise"] = c["outbound-pool"] + [PUBLIC_WIDE]
            circuits.append(circuit)
        rules = []
        for to in (["provider"], ["any"]):
            order = dice.some([c["name"] for c in own])
            rules.append({"from": known, "to": to, "circuits": order, "otherwise": "drop"})
        rules = rules if dice.odds(0.7) else rules[1:]
        config = {
            "gateway": {"name": f"{self.lab}-{name}", "lab": True},
            "inside": {
                "interfaces": [walls[-1] if walls else inside],
                "segments": [{"name": s, "prefixes": [self.segments[s][1]]} for s in known],
            },
            "circuits": circuits,
            "classes": [{"name": "provider", "prefixes": [PROVIDER]}],
            "policy": rules,
        }
        if services:
            config["services"] = [{k: v for k, v in s.items() if k != "at"} for s in services]
        config["limits"] = {"flows": 2000, "flows-per-host": 1000, "half-open": 1000}
        return config


def document(what):
    """One element a line: JSON is YAML."""
    lines = []
    for key, value in what.items():
        if isinstance(value, list):
            lines += [f"{key}:", *(f"  - {json.dumps(element)}" for element in value)]
        else:
            lines.append(f"{key}: {json.dumps(value)}")
    return "\n".join(line for line in lines) + "\n"


def stated(plan):
    """Without the lists that are empty, which a plan leaves out."""
    sites = [{k: v for k, v in site.items() if v} for site in plan["sites"]]
    return {k: v for k, v in {**plan, "sites": sites}.items() if v}


def write(folder, plan, configs):
    """The plan's file, its gateways' beside it."""
    os.makedirs(folder, exist_ok=True)
    for name, config in configs.items():
        with open(os.path.join(folder, f"random.{name}.yaml"), "w", encoding="ascii") as out:
            out.write(document(config))
    path = os.path.join(folder, "plan.yaml")
    with open(path, "w", encoding="ascii") as out:
        out.write(document(stated(plan)))
    return path


def deal(seed, lab):
    """A plan, and the configurations of its samepaths by name. lab: begins their gateways' names."""
    dealt = Deal(seed, lab)
    return dealt.plan, dealt.configs
