"""Stops the daemon for a time, and sets its clock forward and back."""

import json
import os
import signal
import time

import callers

HOUR = 3600
# Abseil derives the time from the CPU's counter and reads the system clock only every two seconds or so.
FOLLOWS = 5


class Clock:
    """Clock is the wall clock of a daemon: the machine's plus `shift` seconds."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "clock")
        self.set(0)

    def set(self, shift):
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb") as file:
            file.write(shift.to_bytes(8, "little", signed=True))

    def environment(self, bench):
        return {"LD_PRELOAD": bench.program("proofmint-fault-preload.so"), "PROOFMINT_CLOCK_FILE": self.path}


def stops_and_clock(bench, outcome):
    clock = Clock(bench.scratch)
    server = bench.daemon("stops_and_clock", tcp=True, environment=clock.environment(bench))
    clients = {"unary": bench.client("steady", server.targets, 300, threads=4, rate=300),
               "batch 8": bench.client("steady-batch", server.targets, 300, threads=2, rate=40, batch=8)}
    for _ in range(bench.pick(3, 1)):
        time.sleep(0.5)
        server.signal(signal.SIGSTOP)
        time.sleep(2)
        server.signal(signal.SIGCONT)
    leads, slowest = [], 0
    for shift in (HOUR, -HOUR, 0):
        time.sleep(bench.pick(2, 0.5))
        clock.set(shift)
        lead, seconds = follow(bench, outcome, server, shift)
        leads, slowest = [*leads, lead], max(slowest, seconds)
        said = callers.health(bench, server.target)
        outcome.expect(said.status == 0, f"clock {shift:+} s: health: {said}")
    time.sleep(bench.pick(2, 0.5))
    summaries = {name: client.stop() for name, client in clients.items()}
    for name, summary in summaries.items():
        callers.nothing_failed(outcome, name, summary)
        least, most = summary["iat_minus_clock_s"] or (0, 0)
        # iat may be off by the hour that the clock moved, plus a second for its rounding, plus the time that an answer took.
        slack = 1 + summary["latency_ms"]["max"] / 1000
        outcome.expect(abs(least + HOUR) <= slack and abs(most - HOUR) <= slack,
                       f"{name}: got iat from {least} to {most} s off the clock, want -3600 to 3600, plus or minus {slack:.1f}")
    outcome.expect(server.alive(), "the daemon ended")
    outcome.equal("exit status", server.stop(), 0)
    calls, failed, twice = (sum(summary[member] for summary in summaries.values())
                            for member in ("calls", "failed_calls", "duplicate_proofs"))
    outcome.measure(f"{bench.pick(3, 1)} stops of 2 s, clock +1 h, -1 h and back: {failed} of {calls:,} calls failed, {twice} "
                    f"duplicate proofs, iat {', '.join(f'{lead:+,d}' for lead in leads)} s within {slowest:.1f} s", **summaries)


def follow(bench, outcome, server, shift):
    """Waits until `iat` follows a clock that was set; returns its distance from the true time, and how long that took."""
    start, lead = time.monotonic(), None
    while (seconds := time.monotonic() - start) <= FOLLOWS:
        before = int(time.time())
        said = callers.sign(bench, server.target)
        if not outcome.expect(said.status == 0, f"clock {shift:+} s: sign: {said}"):
            return 0, seconds
        iat = json.loads(said.out)["iat"]
        lead = iat - int(time.time())
        # On a busy machine the command takes its time.
        if before - 1 <= iat - shift <= time.time() + 1:
            return lead, seconds
        time.sleep(0.05)
    outcome.expect(False, f"clock {shift:+} s: after {FOLLOWS} s got an iat {lead:+} s off the true time")
    return lead, seconds
