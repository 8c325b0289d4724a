#!/usr/bin/env python3
"""Puts proofmintd under the standard loads, prints a table, and writes load-report.json and load-report.html.

What is measured and how: docs/benchmarking.md. The exit status is 1 if a proof failed or did not verify, or with --soak if
memory grew; a target of speed that is missed is printed, no more, for machines are shared.
"""

import argparse
import json
import os
import signal
import sys
import tempfile

from bench.load import programs, report_page, tables, targets

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ALGORITHMS = ["ES256", "Ed25519"]
ROUNDS = 3
BATCHES = [1, 16, 64, 256]
SWEEP_STEPS = 8
MEMORY_PROOFS = 10**6
SOAK_SECONDS = 600
# So many calls in flight keep the server busy without a queue of tens of thousands of proofs.
CONCURRENCY = {1: 64, 16: 16, 64: 8, 256: 4}
# In an open loop this is a limit, which is reached only when the server falls behind.
OPEN_CONCURRENCY = {1: 256, 64: 64}


def shape(batch):
    return "unary" if batch == 1 else f"batch {batch}"


class Suite:
    """Suite makes the measurements with the given programs. `runs` has every run, `shown` those for the report."""

    def __init__(self, started, seconds, quick=False):
        self.programs, self.seconds, self.warmup = started, seconds, min(1, seconds / 5)
        self.rounds, self.batches = (1, [1, 64]) if quick else (ROUNDS, BATCHES)
        self.steps, self.memory_proofs = (3, 10**4) if quick else (SWEEP_STEPS, MEMORY_PROOFS)
        self.servers = {"default": started.start("proofmintd", "default"),
                        "boringssl": started.start("proofmintd", "boringssl", "--kernel=boringssl", "--key_pool_size=0")}
        self.runs, self.shown, self.figures = [], [], []

    def load(self, server, name, seconds=None, **flags):
        run = self.programs.load(server, name, seconds or self.seconds, self.warmup, **flags)
        self.runs.append(run)
        return run

    def closed_loops(self):
        """Returns {(batch, algorithm, kernel): runs, one per round}. A round has every combination once; the kernels alternate in
        going first, so that a drift of the machine favours neither."""
        runs = {}
        for i in range(self.rounds):
            for batch in self.batches:
                for algorithm in ALGORITHMS:
                    for kernel in list(self.servers) if i % 2 == 0 else reversed(self.servers):
                        name = f"{shape(batch)} {algorithm}, kernel {kernel}, closed loop, round {i + 1}"
                        run = self.load(self.servers[kernel], name, batch=batch, algorithm=algorithm,
                                        concurrency=CONCURRENCY[batch])
                        runs.setdefault((batch, algorithm, kernel), []).append(run)
        self.figures += [targets.figure(shape(batch), algorithm, kernel, runs[batch, algorithm, kernel])
                         for batch in self.batches for algorithm in ALGORITHMS for kernel in self.servers]
        self.shown.append(runs[1, "ES256", "default"][-1])
        return runs

    def against_empty(self, rate):
        """Compares unary ES256 with the empty server. Returns (closed, opened, rate); the first two are pairs: runs of
        proofmintd, runs of the empty server."""
        servers = {"default": self.servers["default"], "empty": self.programs.start("proofmint-empty-server", "empty")}
        runs = {(loop, kernel): [] for loop in (0, rate) for kernel in servers}
        for i in range(self.rounds):
            for loop in (0, rate):
                for kernel in list(servers) if i % 2 == 0 else reversed(servers):
                    how = f"open loop at {loop:,} calls/s" if loop else "closed loop"
                    name = f"unary ES256, {kernel}, {how}, not verified, round {i + 1}"
                    run = self.load(servers[kernel], name, rate=loop, verify=0, concurrency=CONCURRENCY[1])
                    runs[loop, kernel].append(run)
        servers["empty"].stop()
        self.figures += [targets.figure("unary, not verified", "ES256", kernel, runs[loop, kernel]) for loop, kernel in runs]
        return (runs[0, "default"], runs[0, "empty"]), (runs[rate, "default"], runs[rate, "empty"]), rate

    def sweep(self, batch, highest):
        """Sweeps from 20 % to 110 % of `highest`, the rate of a closed loop; returns the knee, or None. Other load on the
        machine may hide the knee, so there is a second try; the report has the last one."""
        for _ in range(2):
            run = self.load(self.servers["default"], f"{shape(batch)} ES256, sweep", batch=batch,
                            concurrency=OPEN_CONCURRENCY[batch],
                            sweep=f"{0.2 * highest:.0f}:{1.1 * highest:.0f}:{self.steps}")
            if run["sweep"]["knee_rate"] is not None:
                break
            programs.say(f"{shape(batch)}: no knee, not even the lowest step keeps up")
        self.shown.append(run)
        return run["sweep"]["knee_rate"]

    def part_of_knee(self, batch, knee, percent, seconds):
        name = f"{shape(batch)} ES256, {percent} % of the knee"
        run = self.load(self.servers["default"], name, seconds, batch=batch, concurrency=OPEN_CONCURRENCY[batch],
                        rate=round(knee * percent / 100))
        self.figures.append(targets.figure(f"{shape(batch)}, {percent} % of the knee", "ES256", "default", [run]))
        self.shown.append(run)
        return run

    def memory(self, rate):
        """Makes one run on a new server, long enough to make the counted proofs."""
        server = self.programs.start("proofmintd", "memory")
        run = self.programs.load(server, f"memory over {self.memory_proofs:,} proofs, batch 64 ES256, closed loop",
                                 max(3, round(1.5 * self.memory_proofs / rate)), 0, batch=64, concurrency=CONCURRENCY[64])
        server.stop()
        self.runs.append(run)
        self.shown.append(run)
        return run

    def report(self, title, table):
        return {"title": title, "machine": self.runs[0]["machine"], "seconds": self.seconds, "table": table,
                "figures": self.figures, "runs": self.shown}


def rate_of(runs):
    return targets.median(runs, lambda run: run["achieved_rate"])


def standard(suite):
    """Runs the whole suite; returns (report, whether all proofs were right)."""
    closed = suite.closed_loops()
    half = round(rate_of(closed[1, "ES256", "default"]) / 2)
    empty = suite.against_empty(max(1, half))
    half_knee = None
    for batch in (1, 64):
        knee = suite.sweep(batch, rate_of(closed[batch, "ES256", "default"]))
        if knee is None:
            continue
        runs = [suite.part_of_knee(batch, knee, percent, 2 * suite.seconds) for percent in (50, 80)]
        half_knee = runs[0] if batch == 1 else half_knee
    memory = suite.memory(rate_of(closed[64, "ES256", "default"]))
    right = targets.right_row(suite.runs)
    table = [*(targets.batch_row(algorithm, closed[64, algorithm, "default"], closed[64, algorithm, "boringssl"])
               for algorithm in ALGORITHMS),
             targets.empty_row(*empty),
             targets.row("batch 64: allocations per proof beyond protobuf's strings", "allocations_test counts them", "≤ 1", None),
             targets.memory_row(memory, suite.memory_proofs),
             targets.half_knee_row(half_knee),
             targets.row(f"{SOAK_SECONDS} s at 80 % of the knee", "by scripts/load --soak", "nothing fails, memory flat", None),
             right]
    return suite.report("Proofmint: the standard load suite", table), right["met"]


def soak(suite, seconds):
    """Runs unary ES256 at 80 % of the knee for `seconds`; returns (report, whether every target was met)."""
    server = suite.servers["default"]
    highest = suite.load(server, "unary ES256, closed loop", concurrency=CONCURRENCY[1])["achieved_rate"]
    knee = suite.sweep(1, highest)
    if knee is None:
        raise programs.ProgramError("no knee: not even the lowest step of the sweep keeps up; is the machine busy?")
    table = targets.soak_rows(suite.part_of_knee(1, knee, 80, seconds), seconds)
    return suite.report(f"Proofmint: {seconds:g} s at 80 % of the knee", table), all(row["met"] for row in table)


def write(report, directory, name):
    os.makedirs(directory, exist_ok=True)
    for suffix, text in (("json", json.dumps(report, ensure_ascii=False) + "\n"), ("html", report_page.render(report))):
        path = os.path.join(directory, f"{name}.{suffix}")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        print(f"load: wrote {path}", file=sys.stderr)


def seconds_of(text):
    seconds = float(text)
    if not 0.2 <= seconds <= 86400:
        raise argparse.ArgumentTypeError(f"got {text}, want 0.2 to 86400")
    return seconds


def main():
    parser = argparse.ArgumentParser(prog="scripts/load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seconds", nargs="?", type=seconds_of,
                        help=f"for each measurement, 3 (about 6 minutes in all); with --soak for the soak, {SOAK_SECONDS}")
    parser.add_argument("--soak", action="store_true", help="run at 80 %% of the knee instead: load-soak.json, load-soak.html")
    parser.add_argument("--quick", action="store_true", help="fewer measurements, to see that all works")
    parser.add_argument("--output", default=os.path.join(ROOT, "docs"), metavar="DIR", help="where the report goes (docs)")
    parser.add_argument("--programs", default=os.path.join(ROOT, "build", "release", "bin"), metavar="DIR",
                        help="where proofmint-load and the servers are (build/release/bin)")
    flags = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Whichever way it ends, the servers end with it.
    with tempfile.TemporaryDirectory(prefix="proofmint-load-") as scratch, programs.Programs(flags.programs, scratch) as started:
        suite = Suite(started, 3 if flags.soak or flags.seconds is None else flags.seconds, flags.quick)
        report, right = soak(suite, flags.seconds or SOAK_SECONDS) if flags.soak else standard(suite)
    print(tables.figures(report["figures"]), tables.targets(report["table"]), sep="\n\n")
    write(report, flags.output, "load-soak" if flags.soak else "load-report")
    return 0 if right else 1


if __name__ == "__main__":
    programs.exit_with(main, "load")
