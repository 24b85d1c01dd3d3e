# SPDX-License-Identifier: GPL-2.0-only
"""bird.conf of a router of the lab, from network.py and from what a scene asks.

A session may have a routing table of its own: at a gateway with samepath that of its circuit, at
the cloud that of a way out. It is joined to BIRD's master table by a pipe, so what the router is
told there goes on to its neighbours, but the kernel's main table does not get it from there.
"""
from network import COMMUNITY, CLOUD_ASN, NODES, REGIONS, SETS

HEAD = """\
router id 10.255.0.{number};
log "{log}" {{ warning, error, fatal, bug }};
protocol device {{ }}
protocol direct {{ ipv4; }}
"""

# Quick, because a scene waits for it; hold time as short as BIRD allows without being jumpy.
SESSION = """\
protocol bgp to_{peer} {{
	local {own} as {asn};
	neighbor {other} as {other_asn};
	direct;
	connect delay time 1;
	connect retry time 1;
	error wait time 1, 2;
	hold time 15;
	ipv4 {{
		table {table};
		import {hears};
		export {sends};
	}};
}}
"""

OWN_TABLE = """\
ipv4 table {table};
protocol pipe join_{peer} {{
	table {table};
	peer table master4;
	import where source != RTS_BGP;
	export where source = RTS_BGP;
}}
protocol kernel kernel_{peer} {{
	kernel table {number};
	ipv4 {{ table {table}; import none; export where source = RTS_BGP; }};
}}
"""

# What samepath writes to main for its pools (protocol 90) is learned, and so announced inside.
MAIN = """\
protocol kernel {{
	learn;
	ipv4 {{ import where krt_source = 90; export where source = RTS_BGP{but}; }};
}}
"""


def symbol(name):
    return name.replace("-", "_")


def condition(sets, extra=()):
    """As BIRD writes a filter that lets these sets and prefixes pass."""
    parts = [SETS[name] for name in sets]
    if extra:
        parts.append("net ~ [%s]" % ", ".join(extra))
    return "where " + " || ".join(parts) if parts else "none"


def statics(name, prefixes, community=None):
    """A protocol that originates these, with a community of the cloud where one is given."""
    mark, lines = "", "".join(f"\troute {prefix} blackhole;\n" for prefix in prefixes)
    if community:
        mark = f"import filter {{ bgp_community.add(({CLOUD_ASN}, {community})); accept; }};"
    return f"protocol static {name} {{\n\tipv4 {{ {mark} }};\n{lines}}}\n" if lines else ""


def originated(lab, node):
    """Routes that begin at this router; they are announced, its own kernel does not need them."""
    role = NODES[node].role
    if role == "internet":
        return statics("everything", ["0.0.0.0/0"])
    if role == "cloud":
        text = ""
        for area in list(lab.feed.areas) + [""]:
            prefixes = [p for a, p in lab.announced if a == area]
            text += statics(f"area_{symbol(area) or 'other'}", prefixes, COMMUNITY.get(area, 5100))
        return text
    return statics("ours", sorted(lab.originates(node)))


def session(lab, node, wire):
    left = wire.left == node
    peer = wire.right if left else wire.left
    own, other = lab.addresses(wire)
    sends, hears = (wire.sends, wire.hears) if left else (wire.hears, wire.sends)
    table = lab.table(node, wire)
    text = ""
    if table:
        text = OWN_TABLE.format(table=f"t_{symbol(peer)}", peer=symbol(peer), number=table)
    hears = condition(hears, lab.advertised(wire) if not left else ())
    if (node, peer) in lab.setup.scoped:  # solution 1b: these routes are not for this segment
        hears = f"where !({SETS['cloud']}) && ({hears[6:]})"
    return text + SESSION.format(
        peer=symbol(peer),
        own=own if left else other,
        asn=NODES[node].asn,
        other=other if left else own,
        other_asn=NODES[peer].asn,
        table=f"t_{symbol(peer)}" if table else "master4",
        hears=hears,
        sends=condition(sends, lab.advertised(wire) if left else ()),
    )


def conf(lab, node):
    wires = [w for w in lab.wires if node in (w.left, w.right) and lab.is_session(w)]
    apart = [w for w in wires if lab.table(node, w)]
    but = ""
    if NODES[node].role == "gateway":  # a circuit's routes are that circuit's alone
        but = "".join(f' && proto != "to_{symbol(w.right)}"' for w in apart)
    text = HEAD.format(number=list(NODES).index(node) + 1, log=lab.path(node, "bird.log"))
    text += MAIN.format(but=but) + originated(lab, node)
    return text + "".join(session(lab, node, w) for w in wires)


def ways_out(lab):
    """Rules of the cloud: each region asks its own table first. Lines for `ip -batch`."""
    regions = zip(lab.regions, REGIONS.values())
    return [f"rule add from {prefix} lookup {table} pref {table}" for prefix, table in regions]
