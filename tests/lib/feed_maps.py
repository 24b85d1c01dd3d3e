#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Which body the maps of a gateway hold, read without any code of the program.

  feed_maps.py PINS CLASS=AREA,... BODY...

Prints the name of the first BODY (endpoint sets as JSON) that the live slot holds: exactly its
prefixes, of both families, where addresses of the same classes have the same number and others
another. A class takes the sets of its area that are for ExpressRoute. Where none does: what differs
from the last, status 1. A slot that changed while it was read is read again.
"""
import ipaddress
import json
import os
import struct
import subprocess
import sys


def dump(*which):
    text = subprocess.run(["bpftool", "-j", "map", "dump", *which], check=True, stdout=subprocess.PIPE).stdout
    return json.loads(text)


def raw(octets):
    return bytes(int(o, 16) for o in octets)


def inner(pins, name, slot):
    # of an outer map the id of the inner one is shown, as bytes of the host
    for row in dump("pinned", f"{pins}/{name}"):
        if struct.unpack("=I", raw(row["key"]))[0] == slot:
            return str(struct.unpack("=I", raw(row["value"]))[0]) if "value" in row else str(row["inner_map_id"])
    sys.exit(f"{name}: no slot {slot}")


def live(pins):
    return struct.unpack("=II", raw(dump("pinned", f"{pins}/live")[0]["value"]))


def trie(pins, name, slot):
    """Prefix -> number of the set of classes."""
    found = {}
    for row in dump("id", inner(pins, name, slot)):
        key, value = raw(row["key"]), raw(row["value"])
        network = ipaddress.ip_network((key[4:], struct.unpack("=I", key[:4])[0]))
        found[network] = struct.unpack("=I", value)[0]
    return found


def held(pins):
    while True:
        before = live(pins)
        try:
            maps = {**trie(pins, "classes4", before[0]), **trie(pins, "classes6", before[0])}
        except subprocess.CalledProcessError:  # an inner map that was let go meanwhile
            maps = None
        if maps is not None and live(pins) == before:
            return maps


def expected(body, classes):
    """Prefix -> classes of its addresses, where they are not those of the prefix around it."""
    areas, result = {}, {}
    for name, area in classes:
        for s in body:
            if s["serviceArea"] == area and s["expressRoute"]:
                for p in s.get("ips", []):
                    areas.setdefault(ipaddress.ip_network(p), set()).add(name)
    around = []  # those that are open, the shortest first
    for p in sorted(areas, key=lambda n: (n.version, n.network_address, n.prefixlen)):
        while around and not (around[-1][0].version == p.version and p.subnet_of(around[-1][0])):
            around.pop()
        outside = around[-1][1] if around else frozenset()
        mine = outside | areas[p]
        if mine != outside:
            result[p] = mine
        around.append((p, mine))
    return result


def differs(maps, want):
    for p in maps.keys() ^ want.keys():
        return f"{p} " + ("is not in it" if p in maps else "is missing")
    names = {}
    for p, number in maps.items():
        if names.setdefault(number, want[p]) != want[p]:
            return f"{p} has the number of {sorted(names[number])}, and is of {sorted(want[p])}"
    if len(set(names.values())) != len(names):
        return "one set of classes has two numbers"
    return None


def main(pins, classes, *bodies):
    classes = [c.split("=") for c in classes.split(",")]
    maps, why = held(pins), "no body"
    for path in bodies:
        with open(path, encoding="utf-8") as file:
            why = differs(maps, expected(json.load(file), classes))
        if not why:
            print(os.path.basename(path).removesuffix(".json"))
            return 0
    print(f"{len(maps)} prefixes, not those of {bodies[-1]}: {why}")
    return 1


sys.exit(main(*sys.argv[1:]))
