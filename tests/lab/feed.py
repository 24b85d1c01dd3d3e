# SPDX-License-Identifier: GPL-2.0-only
"""What the cloud announces: the IPv4 prefixes of a feed body, by service area, and others."""
import ipaddress
import json

from network import OTHERS


class Feed:
    """areas: service area to its ExpressRoute prefixes, in order, none of them twice."""

    def __init__(self, path):
        self.path, self.areas, known = path, {}, set()
        for entry in json.load(open(path, encoding="utf-8")):
            for text in entry.get("ips", []) if entry.get("expressRoute") else []:
                prefix = ipaddress.ip_network(text)
                if prefix.version == 4 and prefix not in known:
                    known.add(prefix)
                    self.areas.setdefault(entry["serviceArea"], []).append(prefix)

    def announced(self):
        """Pairs of area and prefix; area "" is the rest of the cloud."""
        feed = [(area, str(p)) for area, prefixes in self.areas.items() for p in prefixes]
        taken = {prefix for _, prefix in feed}
        return feed + [("", prefix) for prefix in OTHERS if prefix not in taken]

    def regions(self, area, count):
        """So many networks of an area's addresses, a /26 each: where connections come from."""
        found = []
        for prefix in self.areas.get(area, []):
            if prefix.prefixlen <= 26:
                size = max(24, prefix.prefixlen)
                found += [next(n.subnets(new_prefix=26)) for n in prefix.subnets(new_prefix=size)]
            if len(found) >= count:
                return [str(n) for n in found[:count]]
        raise SystemExit(
            f"{self.path}: {area} has no {count} networks of 64 addresses over ExpressRoute"
        )
