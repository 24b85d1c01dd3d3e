# SPDX-License-Identifier: GPL-2.0-only
"""The scenes: what each asks of the network, what the guide predicts, and what must break it."""
from dataclasses import dataclass, field

import asymmetry
import catalogue
import outbound
from build import Setup
from network import PUBLIC_CIRCUIT, PUBLIC_INTERNET

HOSTS = ("office1", "office2")
NEW_YORK = ("ny", "ny-fw", "ny-gw", "edge-ny")
FAR = ("edge-chi", "edge-dal")
FROM_NEW_YORK = (("nj", "ny"),)  # for `scoped`
ALL = ["internet", "chicago", "dallas"]


@dataclass
class Scene:
    """breaks: changes of the setup by name; with any one of them the scene must not hold."""

    title: str
    guide: str  # what the guide predicts
    play: object  # function of a stage; returns what happened, in a sentence
    setup: Setup
    breaks: dict = field(default_factory=dict)


def broken(what):
    return {"broken": (what,)}


def published(*circuits):
    """With a longer prefix over ExpressRoute than on the internet, as the guide has it."""
    return {c: PUBLIC_INTERNET if c == "internet" else PUBLIC_CIRCUIT for c in circuits}


def internet(**setup):
    """The service is published on the internet only."""
    return Setup(without=FAR + HOSTS, published=published("internet"), **setup)


def newyork(**setup):
    """Published in New York too, so that the cloud comes that way. What the site sends to the cloud
    goes its own way, by the default route."""
    both = published("internet", "newyork")
    return Setup(without=FAR + HOSTS, published=both, scoped=FROM_NEW_YORK, **setup)


SCENES = {
    "problem-1": Scene(
        "cloud to on-premises over the internet, no source NAT",
        "the server answers over ExpressRoute, the path is asymmetric, the connection breaks",
        asymmetry.problem_1,
        internet(publishers={"nj-fw": PUBLIC_INTERNET}),
        {
            "source NAT at the firewall": broken("source-nat"),
            "a firewall that lets invalid packets pass": broken("lenient"),
            "no ExpressRoute routes for the servers": {"scoped": FROM_NEW_YORK},
            "404 routes": {"others": 400},
        },
    ),
    "solution-1a": Scene(
        "the same, samepath on the internet perimeter with an inbound pool",
        "with source NAT the answer returns to the perimeter that the question came through",
        asymmetry.solution_1a,
        internet(gateways={"nj-gw": ["internet"]}),
        {"source-nat: none": broken("no-source-nat")},
    ),
    "solution-1b": Scene(
        "the same without source NAT, ExpressRoute routes kept from the servers' segment",
        "with the provider's prefixes unknown there, the answer takes the default route back",
        asymmetry.solution_1b,
        internet(publishers={"nj-fw": PUBLIC_INTERNET}, scoped=FROM_NEW_YORK),
        {"no filter": {"scoped": ()}},
    ),
    "problem-2": Scene(
        "cloud to on-premises over ExpressRoute in New York, no source NAT",
        "the site answers by its own way, the path is asymmetric, the connection breaks",
        asymmetry.problem_2,
        newyork(publishers={"nj-fw": PUBLIC_INTERNET, "ny-fw": PUBLIC_CIRCUIT}),
        {
            "ExpressRoute routes for the servers": {"scoped": ()},
            "a firewall that lets invalid packets pass": broken("lenient"),
        },
    ),
    "solution-2": Scene(
        "the same, samepath on the ExpressRoute perimeter with an inbound pool",
        "with source NAT the answer returns to the perimeter in New York",
        asymmetry.solution_2,
        newyork(publishers={"nj-fw": PUBLIC_INTERNET}, gateways={"ny-gw": ["newyork"]}),
        {"source-nat: none": broken("no-source-nat")},
    ),
    "catalogue": Scene(
        "Exchange Hybrid: one address, three servers, over internet, Chicago and Dallas at once",
        "servers see 192.168.5.5, 192.168.1.0 or 192.168.2.0, and answers return the same way",
        catalogue.play,
        Setup(without=HOSTS, gateways={"nj-gw": ALL}, published=published(*ALL)),
        {
            "source-nat: none": broken("no-source-nat"),
            "the inbound pools exchanged": broken("exchanged"),
            "Dallas not publishing": {"published": published("internet", "chicago")},
        },
    ),
    "outbound": Scene(
        "SharePoint: a pool for each path, offices use the nearest circuit, or the other one",
        "each path has its own source NAT, clients use the nearest circuit, and either stands in",
        outbound.play,
        Setup(without=NEW_YORK, gateways={"nj-gw": ALL}),
        {"the other order of circuits": broken("far"), "no second circuit": broken("single")},
    ),
}
