# SPDX-License-Identifier: GPL-2.0-only
"""The guide's SharePoint row: a pool for each path, the nearest circuit, another in its place."""
import servers
from eye import hops
from network import CIRCUITS, OTHERS
from stage import host, worn

OFFICES = {
    "office1": ("10.1.0.1", "chicago", "edge-chi"),
    "office2": ("10.2.0.1", "dallas", "edge-dal"),
}


def ask(stage, office, where):
    return servers.https(stage.lab, office, OFFICES[office][0], where, servers.SITE)


def seen(stage, office, where, answer, circuit, edge):
    """Prints the way of the latest question of an office, and checks it. The ways as nodes."""
    there, back = stage.show(f"{office} to {where}: {answer}", OFFICES[office][0], where, 443)
    expected = [office, "nj", "nj-fw", "nj-gw", edge, "cloud"]
    stage.way(f"{office}: the question went", hops(there), expected)
    stage.way(f"{office}: the answer came", hops(back), expected[::-1])
    log = [a for a in servers.web_log(stage.lab, "cloud", stage.asked) if worn(a, circuit)]
    stage.check(
        f"{office}: the site logged, of {circuit}'s {CIRCUITS[circuit].outbound}",
        answer.text.split()[1] if answer.text else "nothing",
        lambda address: address in log,
    )
    return hops(there), hops(back)


def play(stage):
    site, other = host(stage.lab.feed.areas["SharePoint"][0]), host(OTHERS[0])
    for edge in ("edge-chi", "edge-dal"):
        stage.received("nj-gw", edge)
    stage.leads(site, ["nj", "nj-fw", "nj-gw"])
    for circuit, edge in (
        ("chicago", "edge-chi"),
        ("dallas", "edge-dal"),
        ("internet", "internet"),
    ):
        stage.leads(host(CIRCUITS[circuit].outbound), ["cloud", edge, "nj-gw"])
    with stage:
        answers = stage.ask(*(ask(stage, office, site) for office in OFFICES))
        (elsewhere,) = stage.ask(ask(stage, "office1", other))
    for answer, (office, (_, circuit, edge)) in zip(answers, OFFICES.items()):
        ways = seen(stage, office, site, answer, circuit, edge)
        stage.found.append((office, answer, *ways))
    ways = seen(stage, "office1", other, elsewhere, "internet", "internet")
    stage.found.append(("office1 to elsewhere", elsewhere, *ways))
    failover(stage, site)
    print("verdicts of the firewalls")
    stage.verdicts()
    stage.check("violations", stage.violations("nj-gw"), 0)
    return (
        "each office left by its nearest circuit in its addresses, and by the other when it was cut"
    )


def failover(stage, site):
    held = servers.Held(stage.lab, "office2", OFFICES["office2"][0], site, servers.SITE)
    before = held.ask()
    print("Chicago is cut")
    stage.cable("edge-chi", "nj-gw", "down")
    stage.empty("nj-gw", "edge-chi")
    with stage:
        (answer,) = stage.ask(ask(stage, "office1", site))
    ways = seen(stage, "office1", site, answer, "dallas", "edge-dal")
    stage.without.append(("chicago", "office1", answer, "dallas" if "edge-dal" in ways[0] else "none"))
    stage.check("office2: its conversation on dallas goes on, unmoved", held.ask(), before)
    print("Chicago is back")
    stage.cable("edge-chi", "nj-gw", "up")
    stage.received("nj-gw", "edge-chi")
    stage.leads(host(CIRCUITS["chicago"].outbound), ["cloud", "edge-chi", "nj-gw"])
    with stage:
        (answer,) = stage.ask(ask(stage, "office1", site))
    seen(stage, "office1", site, answer, "chicago", "edge-chi")
