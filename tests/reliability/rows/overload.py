"""Sends more calls than the daemon can answer: it goes on answering as many as it can, and tells the rest when to retry."""

import contextlib
import os

import callers
import machine
import outcome as outcomes

# Calls in flight that keep the daemon busy without overload, as in bench/load.
BUSY = {1: 64, 16: 16}
# Calls that the client may have in flight under overload: many more than the daemon admits.
FLOOD = {1: 2048, 16: 512}
CONNECTIONS = 8
# REJECTED are the answers that the daemon may give; GIVEN_UP are the results of calls that the load generator could not send,
# or not before the run ended, because its limit of calls in flight was reached.
REJECTED, GIVEN_UP = {"OVERLOADED", "DEADLINE_TOO_SHORT"}, {"NOT_SENT", "DEADLINE_EXCEEDED"}
EXPIRED = "DEADLINE_EXCEEDED"
# The daemon cancels an answer that the caller does not read for a second, which a caller without CPU time does not.
UNREAD = "CANCELLED"


@contextlib.contextmanager
def pinned(cpus):
    """Pins the processes that are started in the block to these CPUs."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def overload(bench, outcome):
    cpus = sorted(os.sched_getaffinity(0))
    server_cpus, client_cpus = set(cpus[:1]), set(cpus[1:] or cpus)
    if len(cpus) == 1:
        outcome.measure("one CPU for both;")
    with pinned(server_cpus):
        daemon = bench.daemon("overload")
    others = machine.OtherLoad()
    with pinned(client_cpus):
        # If the limit of streams makes callers wait, so that nearly all calls are answered, there may be no rejection.
        rejections = sum(flood(bench, outcome, daemon, batch, factor, least) for batch, factor, least in
                         ((16, 3, bench.pick(0.85, 0.4)), (1, 2, bench.pick(0.6, 0.4))))
    # Callers that get too little CPU time cause none.
    outcome.expect_speed(rejections > 0, "got no rejection in either shape, want some that can be looked at", others.cpus())
    outcome.expect(daemon.alive(), "the daemon ended")


def flood(bench, outcome, daemon, batch, factor, least):
    """Sends one shape of call at `factor` times the daemon's peak rate; returns the number of rejected proofs."""
    runs = [Flood(bench, daemon, batch, factor)]
    # Other load on the machine may slow a run down, so speed gets a second try, and is not judged while the machine is busy.
    # Correctness is judged in both.
    if runs[0].too_slow(bench, least):
        outcomes.say(f"once more: {'; '.join(runs[0].too_slow(bench, least))}")
        runs.append(Flood(bench, daemon, batch, factor))
    for run in runs:
        run.judge(outcome)
    for text in runs[-1].too_slow(bench, least):
        outcome.expect_speed(False, text, runs[-1].others)
    runs[-1].measure(outcome)
    return sum(run.rejections for run in runs)


class Flood:
    """Flood loads the daemon with one shape of call: at its peak, at a multiple of that, and at a tenth of it before and after."""

    def __init__(self, bench, daemon, batch, factor):
        self.shape, self.factor = "unary" if batch == 1 else f"batch {batch}", factor
        others = machine.OtherLoad()

        def load(name, seconds, warmup, **flags):
            return bench.load(daemon, f"{self.shape}: {name}", seconds, warmup, batch=batch, **flags)

        seconds = bench.pick(2, 1)
        peak = load("peak, closed loop", bench.pick(5, 2), bench.pick(1, 0.5), concurrency=BUSY[batch])
        self.peak = peak["achieved_rate"]
        quiet = {"rate": round(self.peak / 10), "concurrency": 256, "verify": 0}
        before = load("a tenth of it", seconds, 0.5, **quiet)
        # A caller beside the load that checks each rejection in full.
        sample = bench.client(f"sample-{batch}", [daemon.target], 120, retry=False, batch=batch, rate=50, threads=4)
        self.run = load(f"{factor} times the peak", bench.pick(30, 2), 0.5, rate=round(factor * self.peak),
                        concurrency=FLOOD[batch], connections=CONNECTIONS)
        self.sample = sample.stop()
        # The warm-up is the 2 seconds that the daemon has to recover.
        after = load("a tenth again", seconds, 2, **quiet)
        self.others = others.cpus()
        self.before, self.after, self.errors_after = before["latency_us"]["p99"], after["latency_us"]["p99"], after["errors"]
        self.goodput = self.run["achieved_rate"] / self.peak
        self.p99 = self.run["uncorrected_latency_us"]["p99"] / 1000
        self.rejections = sum(count for reason, count in self.run["errors"].items() if reason in REJECTED)

    def too_slow(self, bench, least):
        """Returns what was too slow."""
        longest = bench.pick(1000, 5000)
        normal = max(bench.pick(5, 10) * self.before, bench.pick(20_000, 100_000))
        expired = self.sample["failures"].get(EXPIRED, 0)
        texts = {
            f"got {self.goodput:.1%} of the peak answered, want at least {least:.0%}": self.goodput < least,
            f"got a 99th percentile of {self.p99:,.0f} ms, want at most {longest:,}": self.p99 > longest,
            f"got {expired} calls that waited for 10 s, want none": expired > 0,
            f"2 s after the overload got p99 {self.after:,.0f} us and errors {self.errors_after}, want at most {normal:,.0f} us "
            f"(before: {self.before:,.0f} us) and none": self.after > normal or self.errors_after,
        }
        return [f"{self.shape}: {text}" for text, slow in texts.items() if slow]

    def judge(self, outcome):
        """Expects what must hold whatever else loads the machine."""
        outcome.expect(set(self.run["errors"]) <= REJECTED | GIVEN_UP | {UNREAD},
                       f"{self.shape}: got rejections for {self.run['errors']}, want only {', '.join(sorted(REJECTED))}")
        unread = self.run["errors"].get(UNREAD, 0)
        outcome.expect_speed(unread == 0, f"{self.shape}: got {unread} answers that were not read in time, want none", self.others)
        outcome.equal(f"{self.shape}: proofs that do not verify", self.run["verify_failures"], 0)
        callers.proofs_are_right(outcome, f"{self.shape}: the caller beside the load", self.sample)
        outcome.expect_speed(self.sample["failed_calls"] > 0 or self.rejections < self.run["sent"] / 10,
                             f"{self.shape}: the caller beside the load met no rejection in {self.sample['calls']} calls",
                             self.others)
        # A deadline that expires at the caller comes without details of the daemon.
        outcome.equal(f"{self.shape}: rejections without reason, RetryInfo or pushback ({self.sample['failures']})",
                      self.sample["unlabelled"] - self.sample["failures"].get(EXPIRED, 0), 0)

    def measure(self, outcome):
        outcome.measure(f"{self.shape} at {self.factor}x: {self.goodput:.0%} of {self.peak:,.0f}/s, "
                        f"{self.rejections:,} rejected, p99 {self.p99:,.0f} ms;",
                        **{self.shape: {"goodput": self.goodput, "peak": self.peak, "errors": self.run["errors"],
                                        "p99_ms": self.p99, "p99_before_us": self.before, "p99_after_us": self.after,
                                        "sample": self.sample}})
