#!/usr/bin/env python3
"""Replaces proofmintd, proofmint-empty-server or proofmint-load, by the name it is called with, in a suite without servers.

A server logs that it serves, and waits. The load reports at once what FAKE_LOAD, Python that sees `flags`, `run` and `status`,
makes of a run in which nothing is wrong. suite_test.py also calls this code without a process.
"""

import json
import os
import signal
import sys
import time

import report_fixture


# What a server logs.
SERVING = "".join(json.dumps(line) + "\n" for line in ({"message": "listening", "metrics": "127.0.0.1:1"},
                                                       {"message": "serving"}))


def flags_of(command):
    return dict(argument[2:].split("=", 1) for argument in command[1:])


def serve():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(SERVING, end="", file=sys.stderr, flush=True)
    signal.pause()


def load(flags, change):
    """Writes a report, which the code `change` may have changed; returns the exit status."""
    rate, seconds = float(flags.get("rate", 0)), float(flags["duration"].rstrip("s"))
    batch = int(flags.get("batch", 1))
    run = report_fixture.run("", target_rate=rate, late_sends=0,
                             config=report_fixture.CONFIG | {"rate": rate, "batch": batch, "duration_s": seconds})
    del run["name"]
    run["timeline"] = [run["timeline"][0] | {"second": i} for i in range(max(1, round(seconds)))]
    status = [0]
    if "sweep" in flags:
        run["sweep"] = report_fixture.sweep()
    exec(change, {"flags": flags, "run": run, "status": status, "time": time})  # pylint: disable=exec-used
    with open(flags["json"], "w", encoding="utf-8") as file:
        json.dump(run, file)
    return status[0]


if __name__ == "__main__":
    is_load = os.path.basename(sys.argv[0]) == "proofmint-load"
    sys.exit(load(flags_of(sys.argv), os.environ.get("FAKE_LOAD", "")) if is_load else serve())
