# SPDX-License-Identifier: GPL-2.0-only
"""The stateful firewall of a perimeter, and what it counted.

What belongs to no connection it has seen the beginning of is invalid, and is dropped. Where a scene
has it publish, it also translates the destination, as such firewalls do, and not the source.
"""
import json

from network import PUBLIC, SERVERS

RULES = """\
table ip perimeter {{
	counter new {{ }}
	counter established {{ }}
	counter invalid {{ }}
	counter refused {{ }}
	chain forward {{
		type filter hook forward priority filter; policy drop;
		ct state invalid counter name invalid {invalid}
		ct state established,related counter name established accept
		iifname "{inner}" ct state new counter name new accept
		ip daddr {{ {servers} }} tcp dport {{ 25, 443 }} ct state new counter name new accept
		counter name refused
	}}
{nat}}}
"""
NAT = """\
	chain publish {{
		type nat hook prerouting priority dstnat;
		ip daddr {public} tcp dport 443 dnat to {https}
		ip daddr {public} tcp dport 25 dnat to {smtp}
	}}
"""
SOURCE_NAT = """\
	chain source {{
		type nat hook postrouting priority srcnat;
		oifname "{inner}" masquerade
	}}
"""


def rules(lab, node):
    inner = lab.devices(next(w for w in lab.wires if w.right == node))[1]
    nat = ""
    if node in lab.setup.publishers:
        nat = NAT.format(public=PUBLIC, https=SERVERS[0], smtp=SERVERS[1])
    if "source-nat" in lab.setup.broken:
        nat += SOURCE_NAT.format(inner=inner)
    invalid = "accept" if "lenient" in lab.setup.broken else "drop"
    return RULES.format(servers=", ".join(SERVERS), nat=nat, inner=inner, invalid=invalid)


def verdicts(lab, node):
    """Packets by verdict."""
    found = json.loads(lab.ask(node, "nft", "-j", "list", "counters", "table", "ip", "perimeter"))
    return {
        e["counter"]["name"]: e["counter"]["packets"] for e in found["nftables"] if "counter" in e
    }
