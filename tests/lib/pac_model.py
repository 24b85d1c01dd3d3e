#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a PAC file must say of every name of a feed body, and of what is nearly such a name.

  pac_model.py hosts BODY                      URLs to ask for, one a line
  pac_model.py judge BODY PROXY RECEIVED [AREA...]
                                               reads "URL : ANSWER" lines; silent when all are right

A host goes direct when a name of a chosen ExpressRoute set matches it, and every other name that
matches it takes in that name and more. A set is chosen when the prefix that is received holds its
addresses, and it has some. All else goes to the proxy.
"""
import ipaddress
import json
import re
import sys


def names(body):
    with open(body, encoding="utf-8") as file:
        for endpoint_set in json.load(file):
            for name in endpoint_set.get("urls", []):
                yield name.lower(), endpoint_set


def pattern(name):
    return re.compile(".*".join(re.escape(part) for part in name.split("*")), re.DOTALL)


def hosts(body):
    found = set()
    for name, _ in names(body):
        for label in ("sample", "two.labels", "", "east"):
            found.add(name.replace("*", label))
        plain = name.replace("*", "sample")
        found |= {plain.upper(), plain + ".", "x." + plain, "x" + plain, plain + ".example",
                  plain.split(".", 1)[1], plain.replace(".", "-", 1), plain[1:]}
        if name.startswith("*."):
            found |= {name[2:], "x" + name[2:]}
    return sorted(host for host in found if host.strip("."))


def taken_in(inner, outer):
    """Every host of the one is one of the other's: what stands for any text is matched by nothing else."""
    return pattern(outer).fullmatch(inner.replace("*", "\0")) is not None


def reached(endpoint_set, received):
    of_family = [network for network in map(ipaddress.ip_network, endpoint_set.get("ips", []))
                 if network.version == received.version]
    return bool(of_family) and all(network.subnet_of(received) for network in of_family)


def model(body, received, areas):
    direct, other = set(), set()
    for name, endpoint_set in names(body):
        chosen = (endpoint_set["expressRoute"] and reached(endpoint_set, ipaddress.ip_network(received)) and
                  (not areas or endpoint_set["serviceArea"] in areas))
        (direct if chosen else other).add(name)
    matchers = {name: pattern(name) for name in direct | other}

    def goes_direct(host):
        host = host.lower()
        host = host[:-1] if host.endswith(".") else host
        matching = {name for name, matcher in matchers.items() if matcher.fullmatch(host)}
        return any(all(taken_in(name, one) and not taken_in(one, name) for one in matching & other)
                   for name in matching & direct)
    return goes_direct


def judge(body, proxy, received, areas):
    goes_direct, asked, wrong, direct = model(body, received, areas), set(hosts(body)), 0, 0
    for line in sys.stdin:
        url, answer = line.rstrip("\n").split(" : ")
        host = url[len("https://"):-1]
        asked.discard(host)
        expected = "DIRECT" if goes_direct(host) else "PROXY " + proxy
        direct += answer == "DIRECT"
        if answer != expected:
            wrong += 1
            print(f"{host}: {answer}, not {expected}")
    if asked:
        print(f"not answered: {sorted(asked)[:5]}")
    return 1 if wrong or asked or not direct else 0


if sys.argv[1] == "hosts":
    print("\n".join(f"https://{host}/" for host in hosts(sys.argv[2])))
else:
    sys.exit(judge(sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:]))
