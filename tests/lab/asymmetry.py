# SPDX-License-Identifier: GPL-2.0-only
"""The guide's two broken networks and what mends them: is an answer bound to come another way?"""
import servers
from eye import hops
from network import CIRCUITS, PUBLIC
from stage import host, inside

TO_NJ = ["cloud", "internet", "nj-gw", "nj-fw", "nj"]
TO_NY = ["cloud", "edge-ny", "ny-gw", "ny-fw", "ny", "nj"]
USER = "192.0.2.65"


def ask(stage):
    """HTTPS and mail from the cloud: of each what it is, its answer, and both ways as nodes."""
    with stage:
        answers = stage.ask(
            servers.https(stage.lab, "cloud", stage.source, PUBLIC),
            servers.mail(stage.lab, "cloud", stage.source, PUBLIC),
        )
    found = []
    for what, port, answer in zip(("https", "mail"), (443, 25), answers):
        question, back = stage.show(f"{what} from the cloud: {answer}", stage.source, PUBLIC, port)
        found.append((what, answer, hops(question), hops(back)))
    stage.found = found
    return found


def anybody(stage, worn=USER):
    """Who is not the cloud has no second way back in any of the networks."""
    (answer,) = stage.ask(servers.https(stage.lab, "user", USER, PUBLIC))
    served = "anybody else is answered over the internet"
    stage.check(served, str(answer), lambda text: f" {worn} " in text)


def fails(stage, question, answer):
    """The question arrives, its answer ends at a firewall that has not seen it."""
    last, found = answer[-1], ask(stage)
    print("verdicts of the firewalls")
    verdicts = stage.verdicts()
    print("checks")
    for what, said, there, back in found:
        server = there[-1] if there else "nowhere"
        stage.check(f"{what}: no connection", said.silent)
        stage.way(f"{what}: the question came", there, [*question, server])
        stage.way(f"{what}: the answer went", back, [server, *answer])
    came = sum(f.receiver == last for f in stage.eye.frames)
    # more may have come since the eye closed: servers repeat their answer
    stage.check(
        f"{last} had {came} packets to judge, and dropped as invalid",
        verdicts[last]["invalid"],
        lambda dropped: dropped >= came > 0,
    )
    stage.check(f"{last} let pass", verdicts[last]["new"] + verdicts[last]["established"], 0)
    anybody(stage)
    dropped = verdicts[last]["invalid"]
    return (
        f"no connection came about: the answers ended at {last}, which had not seen the questions "
        f"and dropped {dropped} packets"
    )


def works(stage, question, circuit=None):
    """Question and answer go one way, and the server's own log tells who came."""
    found = ask(stage)
    print("verdicts of the firewalls")
    verdicts = stage.verdicts()
    print("checks")
    for what, said, there, back in found:
        server = there[-1] if there else "nowhere"
        stage.check(f"{what}: answered", str(said), lambda text, said=said: text and not said.error)
        stage.way(f"{what}: the question came", there, [*question, server])
        stage.way(f"{what}: the answer went", back, [server, *reversed(question)])
        log = (servers.mail_log if what == "mail" else servers.web_log)(stage.lab, server, 1)
        expected = f"of {circuit}'s pool" if circuit else "the cloud's own"
        stage.check(
            f"{what}: {server} logged an address that is {expected}",
            " ".join(log),
            lambda text: text
            and all(inside(a, circuit) if circuit else a == stage.source for a in text.split()),
        )
    dropped = sum(v["invalid"] + v["refused"] for v in verdicts.values())
    stage.check("the firewalls dropped", dropped, 0)


def routes(stage, question, pool=None):
    """The premises: New York has the provider's routes; how questions and answers are routed."""
    stage.received("ny-gw", "edge-ny")
    stage.leads(PUBLIC, question)
    stage.leads(stage.source, TO_NY[-2:1:-1])
    stage.leads(stage.source, TO_NJ[::-1] if stage.lab.setup.scoped else TO_NY[::-1])
    if pool:
        stage.leads(host(CIRCUITS[pool].inbound), (TO_NJ if pool == "internet" else TO_NY)[:1:-1])


def problem_1(stage):
    routes(stage, TO_NJ[:4])
    return fails(stage, TO_NJ, ["nj", "ny", "ny-fw"])


def solution_1a(stage):
    routes(stage, TO_NJ[:3], "internet")
    works(stage, TO_NJ, "internet")
    anybody(stage, host(CIRCUITS["internet"].inbound))
    return "routes were as in problem-1, and the answer went to the pool, so back by New Jersey"


def solution_1b(stage):
    routes(stage, TO_NJ[:4])
    works(stage, TO_NJ)
    anybody(stage)
    return "the answer took the default route, so back by New Jersey"


def problem_2(stage):
    routes(stage, TO_NY[:4])
    return fails(stage, TO_NY, ["nj", "nj-fw"])


def solution_2(stage):
    routes(stage, TO_NY[:3], "newyork")
    works(stage, TO_NY, "newyork")
    anybody(stage)
    return "routes were as in problem-2, and the answer went to the pool, so back by New York"
