"""Sends many calls at once, as honest callers do: what bounds floods must not cut them off."""

import json
import os

import callers
import machine
import outcome as outcomes
import scene as scenes
from bench.load import programs
from rows import floods

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PYTHON = "/usr/bin/python3"  # Debian's, which has gRPC
NODE = os.path.join(os.path.dirname(HERE), "e2e", "node.sh")
CALLS = 4000


def honest_bursts(bench, outcome):
    if not scenes.possible(outcome):
        return
    scene = scenes.Scene(bench)
    others = machine.OtherLoad()
    with scene.daemon() as server:
        honest = scene.honest(server, False, bench.pick(20, 8))
        before = server.scrape()
        ended = {
            "C++, Unix": load(scene, server, False, connections=1, concurrency=CALLS),
            "C++, TLS": load(scene, server, True, connections=1, concurrency=CALLS),
            "C++, batches of 256": load(scene, server, False, connections=1, concurrency=8, batch=256),
            "Python": program(PYTHON, os.path.join(HERE, "burst.py"), server.target, "answered"),
            "Node": program(NODE, os.path.join(HERE, "burst.mjs"), server.target),
            "cancelled": program(PYTHON, os.path.join(HERE, "burst.py"), server.target, "cancelled"),
        }
        for name, codes in ended.items():
            outcome.expect(codes.get("OK", 0) > 0 or name == "cancelled", f"{name}: got {codes}, want some calls answered")
            outcome.expect(set(codes) <= {"OK", "OVERLOADED", "UNAVAILABLE" if name == "Python" else "OK", "CANCELLED"},
                           f"{name}: got {codes}, want no failures but OVERLOADED")
        closed = closed_since(server, before)
        outcome.equal("connections closed", closed, 0)
        # The client resets each call whose deadline has passed, and opens the next one to reset that, too.
        expired = program(PYTHON, os.path.join(HERE, "burst.py"), server.target, "expired")
        closed = closed_since(server, before)
        outcome.expect(closed <= 1, f"a deadline that passes: got {closed:.0f} connections closed, want at most 1")
        said = callers.sign(bench, server.target)
        outcome.expect(said.status == 0, f"after that: {said}, want a proof")
        run = floods.summary(honest.finish())
        outcome.expect_speed(run["answered"] == run["due"], f"beside the bursts: got {run}, want all calls answered",
                             others.cpus())
        outcome.expect(server.alive(), "the daemon ended")
        outcome.equal("exit status", server.stop(), 0)
    outcome.measure(f"{'; '.join(f'{name}: {text_of(codes)}' for name, codes in (ended | {'expired': expired}).items())}; "
                    f"beside them {run['answered']:,} of {run['due']:,} calls answered; {closed:.0f} connections closed",
                    bursts=ended, expired=expired, honest=run)


def closed_since(server, before):
    return floods.counted(server.scrape(), before, floods.CLOSED, None)


def text_of(codes):
    return ", ".join(f"{count:,} {code}" for code, count in sorted(codes.items()))


def load(scene, server, tls, **flags):
    """Runs a closed loop on a fresh connection: all its calls leave at once, and each that ends is followed by the next."""
    outcomes.say(f"burst: {flags}")
    run = scene.burst(server, tls, **flags).finish()
    return {"OK": run["ok"]} | run["errors"]


def program(*command):
    """Runs a program that prints how its calls ended."""
    outcomes.say(f"burst: {' '.join(command[1:])}")
    done = callers.Command(*command, seconds=60)
    if done.status != 0:
        raise programs.ProgramError(f"{' '.join(command)}: {done}")
    return json.loads(done.out)
