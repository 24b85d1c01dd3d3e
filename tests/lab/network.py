# SPDX-License-Identifier: GPL-2.0-only
"""The network of the lab, once: build.py makes it of namespaces, draw.py draws it.

Nothing in here does anything. A wire's left end is nearer to the servers and has the first address
of its prefix, its right end the second; on a provider's wire that is the provider's own rule. Where
both ends are routers BGP runs over it: `sends` names what the left end tells the right one, `hears`
what it is told, both by names of SETS. A wire with a circuit is one that samepath, at its left end,
pins to.
"""
import ipaddress
from dataclasses import dataclass, field


@dataclass
class Node:
    role: str
    at: tuple  # column and row of the picture
    asn: int = 0  # of BIRD; 0: a host
    words: str = ""  # for the picture
    networks: tuple = ()  # of a host: prefixes that are its own, whole


@dataclass
class Wire:
    left: str
    right: str
    prefix: str
    sends: tuple = ()
    hears: tuple = ()
    circuit: str = ""
    devices: tuple = ()  # else each end is called by the other's name
    bridge: str = ""  # the right end is a port of this bridge, which has the first address


@dataclass
class Circuit:
    kind: str
    table: int  # of the gateway's kernel; 0: main
    outbound: str
    inbound: str
    advertise: list = field(default_factory=list)


CLOUD_ASN = 64496  # stands for the provider's 12076
COMMUNITY = {"Exchange": 5010, "SharePoint": 5020, "Skype": 5030, "Common": 5100, "": 5050}

NODES = {
    "srv1": Node("server", (0, 0), words="https smtp"),
    "srv2": Node("server", (0, 1), words="https smtp"),
    "srv3": Node("server", (0, 2), words="https smtp"),
    "office1": Node("office", (0, 3), words="office"),
    "office2": Node("office", (0, 4), words="office"),
    "nj": Node("core", (1, 1), 64514, "New Jersey"),
    "nj-fw": Node("firewall", (2, 1), 64513, "firewall"),
    "nj-gw": Node("gateway", (3, 1), 64512, "samepath"),
    "ny": Node("core", (1, 5), 64517, "New York"),
    "ny-fw": Node("firewall", (2, 5), 64516, "firewall"),
    "ny-gw": Node("gateway", (3, 5), 64515, "samepath"),
    "user": Node("user", (4, 0), words="anybody"),
    "internet": Node("internet", (4, 1), 64500, "provider"),
    "edge-chi": Node("edge", (4, 2), 64498, "Chicago"),
    "edge-dal": Node("edge", (4, 3), 64499, "Dallas"),
    "edge-ny": Node("edge", (4, 5), 64497, "New York"),
    "cloud": Node("cloud", (5, 2), CLOUD_ASN, "the feed"),
}

WIRES = [
    Wire("srv1", "nj", "192.168.0.101/24", bridge="servers"),
    Wire("srv2", "nj", "192.168.0.102/24", bridge="servers"),
    Wire("srv3", "nj", "192.168.0.103/24", bridge="servers"),
    Wire("office1", "nj", "10.1.0.0/24"),
    Wire("office2", "nj", "10.2.0.0/24"),
    Wire("nj", "nj-fw", "10.0.0.0/30", sends=["site"], hears=["default", "pools"]),
    Wire(
        "nj-fw",
        "nj-gw",
        "10.0.0.4/30",
        devices=("nj-gw", "lan0"),
        sends=["site", "public"],
        hears=["default", "pools"],
    ),
    Wire(
        "nj-gw",
        "internet",
        "192.0.2.32/30",
        circuit="internet",
        devices=("wan0", "nj-gw"),
        hears=["default"],
    ),
    Wire(
        "nj-gw",
        "edge-chi",
        "172.16.0.0/30",
        circuit="chicago",
        devices=("er0", "nj-gw"),
        hears=["cloud"],
    ),
    Wire(
        "nj-gw",
        "edge-dal",
        "172.16.1.0/30",
        circuit="dallas",
        devices=("er1", "nj-gw"),
        hears=["cloud"],
    ),
    Wire("nj", "ny", "10.0.2.0/30", sends=["site", "default"], hears=["cloud", "pools"]),
    Wire("ny", "ny-fw", "10.0.1.0/30", sends=["site"], hears=["cloud", "pools"]),
    Wire(
        "ny-fw",
        "ny-gw",
        "10.0.1.4/30",
        devices=("ny-gw", "lan0"),
        sends=["site", "public"],
        hears=["cloud", "pools"],
    ),
    Wire(
        "ny-gw",
        "edge-ny",
        "172.16.2.0/30",
        circuit="newyork",
        devices=("er0", "ny-gw"),
        hears=["cloud"],
    ),
    Wire("user", "internet", "192.0.2.64/30"),
    Wire("internet", "cloud", "192.0.2.0/30", sends=["public", "world"], hears=["cloud"]),
    Wire("edge-chi", "cloud", "192.0.2.4/30", sends=["public"], hears=["cloud"]),
    Wire("edge-dal", "cloud", "192.0.2.8/30", sends=["public"], hears=["cloud"]),
    Wire("edge-ny", "cloud", "192.0.2.12/30", sends=["public"], hears=["cloud"]),
]

# The guide's rows with addresses of documentation ranges. What a circuit advertises of the public
# addresses of services is longer than what the internet does, and which of them do is a scene's.
PUBLIC = "198.51.100.5"
PUBLIC_INTERNET, PUBLIC_CIRCUIT = "198.51.100.0/24", "198.51.100.0/28"
CIRCUITS = {
    "internet": Circuit("internet", 0, "203.0.113.0/26", "192.168.5.5/32"),
    "chicago": Circuit("expressroute", 101, "203.0.113.64/26", "192.168.1.0/24"),
    "dallas": Circuit("expressroute", 102, "203.0.113.128/26", "192.168.2.0/24"),
    "newyork": Circuit("expressroute", 101, "203.0.113.192/26", "192.168.3.0/24"),
}
SERVERS = ["192.168.0.101", "192.168.0.102", "192.168.0.103"]
SEGMENTS = {"servers": "192.168.0.0/24", "office1": "10.1.0.0/24", "office2": "10.2.0.0/24"}

# Sets of routes, as conditions of BIRD. The cloud's are known by their community.
SETS = {
    "cloud": f"bgp_community ~ [({CLOUD_ASN}, *)]",
    "default": "net = 0.0.0.0/0",
    "site": "net ~ [192.168.0.0/24, 10.0.0.0/8+]",
    "pools": "net ~ [%s]" % ", ".join(c.inbound for c in CIRCUITS.values()),
    "public": "net ~ [198.51.100.0/24+, 203.0.113.0/24+]",
    "world": "net ~ [192.0.2.64/26+]",
}

# What the cloud announces besides the prefixes of the feed, so that it is more than 500.
OTHERS = [str(n) for n in ipaddress.ip_network("198.19.0.0/16").subnets(new_prefix=25)]
# The regions of the cloud: each holds to one way out as long as it has a route there, so that one
# public address is asked over several circuits at once. Kernel tables of the node `cloud`.
REGIONS = {"edge-chi": 201, "edge-dal": 202, "internet": 203}
