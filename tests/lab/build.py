# SPDX-License-Identifier: GPL-2.0-only
"""Makes the network of network.py of namespaces, as a scene asks for it, and takes it down again.

Every namespace is called NAMEnode, NAME being sp and a number, and everything else of a lab lies
in /run/samepath-lab/NAME: so labs do not meet, and one that was kept can be taken down by name.
"""
import ipaddress
import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field

import bird
import firewall
from machine import Failed, Inside, end_processes, output, started
from network import CIRCUITS, NODES, REGIONS, WIRES

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
RUN = "/run/samepath-lab"
PASS = os.path.join(TOP, "build/tests/lib/pass.bpf.o")
SAMEPATH = os.environ.get("SAMEPATH", os.path.join(TOP, "build/samepath"))
OFFLOADS = "tx off rx off tso off gso off gro off"


@dataclass
class Setup:
    """What a scene asks of the network."""

    without: tuple = ()  # nodes that it does not need
    gateways: dict = field(default_factory=dict)  # gateway to the circuits that samepath has there
    publishers: dict = field(default_factory=dict)  # firewall to the prefix that it announces
    published: dict = field(default_factory=dict)  # circuit to the services' prefix announced there
    scoped: tuple = ()  # (router, neighbour): takes no routes of the cloud from there
    others: int = 500  # prefixes that the cloud announces besides the feed's, no more than so many
    broken: tuple = ()  # what is wrong on purpose, to see the checks fail


class Lab:
    """A standing network. name, setup, feed: as given; nodes, wires: those of this scene."""

    def __init__(self, name, setup, feed):
        self.name, self.setup, self.feed = name, setup, feed
        self.dir = os.path.join(RUN, name)
        self.nodes = [n for n in NODES if n not in setup.without]
        self.wires = [w for w in WIRES if {w.left, w.right} <= set(self.nodes)]
        self.announced = feed.announced()
        rest = len(self.announced) - sum(1 for area, _ in self.announced if not area)
        self.announced = self.announced[: rest + setup.others]
        self.regions = feed.regions("Exchange", len(REGIONS))
        self.processes = []  # [pid, when it started]
        self.mounted = False

    # What the description says of this scene.

    def space(self, node):
        return self.name + node

    def path(self, node, what):
        return os.path.join(self.dir, f"{node}.{what}")

    def addresses(self, wire):
        """Of the left end and the right one, without lengths."""
        if wire.bridge:
            own = ipaddress.ip_interface(wire.prefix)
            return str(own.ip), str(own.network[1])
        net = ipaddress.ip_network(wire.prefix)
        return str(net[1]), str(net[2])

    def devices(self, wire):
        """Names of the left end's device and of the right one's."""
        left = wire.devices[0] if wire.devices else wire.right
        return left, wire.devices[1] if wire.devices else wire.left

    def wire(self, one, other):
        return next(w for w in self.wires if {w.left, w.right} == {one, other})

    def is_session(self, wire):
        return bool(NODES[wire.left].asn and NODES[wire.right].asn)

    def has_xdp(self, node):
        return NODES[node].role == "gateway"

    def has_samepath(self, node, wire=None):
        circuits = self.setup.gateways.get(node, ())
        return bool(circuits) if wire is None else wire.circuit in circuits

    def table(self, node, wire):
        """Number of the kernel's table that a session fills alone, 0: main."""
        if node == "cloud":
            return REGIONS.get(wire.left, 0)
        if wire.circuit and node == wire.left and self.has_samepath(node, wire):
            return CIRCUITS[wire.circuit].table
        return 0

    def advertised(self, wire):
        """What this site tells a provider: pools where samepath wears them, and services."""
        prefixes = []
        if wire.circuit and self.has_samepath(wire.left, wire):
            prefixes.append(CIRCUITS[wire.circuit].outbound)
        if wire.circuit in self.setup.published:
            prefixes.append(self.setup.published[wire.circuit])
        return prefixes

    def originates(self, node):
        if node in self.setup.publishers:
            return {self.setup.publishers[node]}
        if not self.has_samepath(node):
            return set()
        return {p for w in self.wires if w.left == node for p in self.advertised(w)}

    # Making it.

    def up(self):
        os.makedirs(self.dir)
        os.chmod(RUN, 0o755)
        self.note()
        for node in self.nodes:
            output("ip", "netns", "add", self.space(node))
        for wire in self.wires:
            self.join(wire)
        for node in self.nodes:
            self.furnish(node)
        for node in self.nodes:
            if NODES[node].asn:
                conf = self.write(node, "bird.conf", bird.conf(self, node))
                self.start(node, "bird", "bird", "-f", "-c", conf, "-s", self.path(node, "ctl"))

    def join(self, wire):
        """One veth, its ends named; addresses and the rest are the node's."""
        ends = list(zip((wire.left, wire.right), self.devices(wire)))
        (left, device), (right, other) = ends
        self.ip(left, f"link add {device} type veth peer name {other} netns {self.space(right)}")
        if "gateway" not in (NODES[left].role, NODES[right].role):
            return
        # XDP must see whole packets with whole checksums, and a redirect into a veth is lost
        # unless its far end has a program too
        for node, device in ends:
            self.ask(node, "ethtool", "-K", device, *OFFLOADS.split())
            if NODES[node].role != "gateway":
                self.ip(node, f"link set {device} xdpdrv object {PASS} section xdp")

    def furnish(self, node):
        """Addresses, routes and settings of a node, then its devices are up."""
        role, lines = NODES[node].role, ["link set lo up"]
        bridges = {w.bridge for w in self.wires if w.right == node and w.bridge}
        lines += [f"link add {b} type bridge forward_delay 0" for b in bridges]
        for wire in [w for w in self.wires if node in (w.left, w.right)]:
            lines += self.end(node, wire)
        lines += [f"link set {b} up" for b in bridges]
        if role == "cloud":
            lines += [f"route add local {prefix} dev lo" for _, prefix in self.announced]
            lines += bird.ways_out(self)
        if not NODES[node].asn:
            lines.append(f"route add default via {self.addresses(self.uplink(node))[1]}")
        output("ip", "-n", self.space(node), "-batch", "-", input="\n".join(lines))
        self.settings(node)
        if role == "firewall":
            self.ask(node, "nft", "-f", self.write(node, "nft", firewall.rules(self, node)))

    def end(self, node, wire):
        left = node == wire.left
        device = self.devices(wire)[0 if left else 1]
        address = self.addresses(wire)[0 if left else 1]
        length = wire.prefix.split("/")[1]
        lines = []
        if wire.bridge and not left:
            lines.append(f"link set {device} master {wire.bridge}")
            device = wire.bridge
        return lines + [
            f"address replace {address}/{length} dev {device}",
            f"link set {self.devices(wire)[0 if left else 1]} up",
        ]

    def uplink(self, node):
        return next(w for w in self.wires if w.left == node)

    def settings(self, node):
        """Routers route; and nobody but the firewalls judges where a packet comes from."""
        values = {"conf/all/rp_filter": 0, "conf/default/rp_filter": 0, "icmp_ratelimit": 0}
        if NODES[node].asn:
            values["ip_forward"] = 1
        if NODES[node].role == "server":
            values["ip_unprivileged_port_start"] = 25  # its mail server listens as nobody
        with Inside(self.space(node)):
            for path in [f"conf/{d}/rp_filter" for d in os.listdir("/proc/sys/net/ipv4/conf")]:
                values[path] = 0
            if NODES[node].role == "firewall":
                values["../netfilter/nf_conntrack_tcp_loose"] = 0  # none is taken up in the middle
            for path, value in values.items():
                with open(f"/proc/sys/net/ipv4/{path}", "w", encoding="ascii") as setting:
                    setting.write(str(value))

    # Using it.

    def write(self, node, what, text):
        with open(self.path(node, what), "w", encoding="utf-8") as out:
            out.write(text)
        return self.path(node, what)

    def inside(self, node, command):
        """bpffs stays in sight, as it would not with `ip netns exec`."""
        return ["nsenter", f"--net=/run/netns/{self.space(node)}", *command]

    def ask(self, node, *command):
        return output(*self.inside(node, command))

    def ip(self, node, words):
        return output("ip", "-n", self.space(node), *words.split())

    def start(self, node, label, *command, **options):
        """A process that stays until the lab ends; what it says is in NODE.LABEL.out."""
        with open(self.path(node, f"{label}.out"), "w", encoding="utf-8") as out:
            process = subprocess.Popen(
                self.inside(node, command),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                **options,
            )
        self.processes.append([process.pid, started(process.pid)])
        self.note()
        return process

    def birdc(self, node, *question):
        return self.ask(node, "birdc", "-s", self.path(node, "ctl"), *question)

    # Ending it.

    def note(self):
        """What `down` needs to know of a lab that was kept."""
        state = {
            "nodes": self.nodes,
            "processes": self.processes,
            "mounted": self.mounted,
            "gateways": {g: self.gateway(g) for g in self.setup.gateways},
        }
        with open(os.path.join(self.dir, "state"), "w", encoding="utf-8") as out:
            json.dump(state, out)

    def gateway(self, node):
        """gateway.name of the instance there."""
        return f"{self.name}-{node}"

    def mount(self):
        if " /sys/fs/bpf bpf " not in open("/proc/mounts", encoding="utf-8").read():
            output("mount", "-t", "bpf", "bpf", "/sys/fs/bpf")
            self.mounted = True
            self.note()


def down(name):
    """Takes down what `up` made of that name, whoever made it. Returns what could not be undone."""
    state_file = os.path.join(RUN, name, "state")
    if not os.path.exists(state_file):
        raise Failed(f"no lab {name}: standing are {' '.join(standing()) or 'none'}")
    state = json.load(open(state_file, encoding="utf-8"))
    left = []
    end_processes(state["processes"][::-1])
    for node, gateway in state["gateways"].items():
        if os.path.isdir(f"/sys/fs/bpf/samepath/{gateway}"):
            stop = [SAMEPATH, "-c", os.path.join(RUN, name, f"{node}.yaml"), "stop"]
            space = f"--net=/run/netns/{name}{node}"
            done = subprocess.run(
                ["nsenter", space, *stop], capture_output=True, text=True, check=False
            )
            left += [f"samepath stop: {done.stderr.strip()}"] if done.returncode else []
        for path in (f"/var/lib/samepath/{gateway}", f"/run/samepath/{gateway}"):
            shutil.rmtree(path, ignore_errors=True)
    for node in state["nodes"]:
        if os.path.exists(f"/run/netns/{name}{node}"):
            output("ip", "netns", "del", name + node)
    if state["mounted"]:
        subprocess.run(["umount", "/sys/fs/bpf"], check=False)
    shutil.rmtree(os.path.join(RUN, name))
    if not os.listdir(RUN):
        os.rmdir(RUN)
    return left


def standing():
    return sorted(os.listdir(RUN)) if os.path.isdir(RUN) else []
