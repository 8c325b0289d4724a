#!/usr/bin/env python3
"""Compares what a DPoP proof costs a broker and the signer together, in each way to get one, and prints tables.

What is measured and how: docs/benchmarking.md. The exit status is 1 if a proof did not verify, or a call failed at a rate that was
reached; a target that is missed is printed, no more, for machines are shared.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile

from bench.cost import rows as cost_rows
from bench.cost import tables, targets
from bench.load import programs
from bench.load import tables as load_tables

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NODE = [os.path.join(ROOT, "tests", "e2e", "node.sh"), os.path.join(ROOT, "bench", "cost", "node_broker.mjs")]
ROUNDS, SECONDS, QUICK_SECONDS = 3, 1.5, 0.6
WARMUP, NODE_WARMUP = 0.3, 0.5  # seconds; Node compiles what is often called

CPP = ["openssl", "boringssl", "unary_stub", "signer_client"]
NODE_WAYS = ["node_crypto", "node_jose", "node_stub", "node_client"]
WITHOUT_SIGNER = ["arrivals", "openssl", "boringssl", "node_arrivals", "node_crypto", "node_jose"]
# Ways, and the loads that they are measured at: proofs/s of open loops ("rate"), proofs in flight of closed loops; then the
# loads of --quick.
LOADS = [(["arrivals", *CPP], "rate", [100, 1000, 4000, 8000, 16000, 30000], [100, 8000, 30000]),
         ([*CPP, "batch_stub"], "in_flight", [256], [256]),
         (NODE_WAYS, "in_flight", [1, 8, 64, 256], [1, 8, 64]),
         (["node_arrivals", *NODE_WAYS], "rate", [500, 2000, 5000], [2000])]


def settings(quick):
    """Returns (ways, load, value) for every load, where load is "rate" or "in_flight"."""
    return [(ways, load, value) for ways, load, values, quick_values in LOADS for value in (quick_values if quick else values)]


class Brokers:
    """Brokers runs one broker at a time. `runs` has what they measured: {(way, load, value): [run of round 1, …]}."""

    def __init__(self, directory, signer, seconds):
        self.directory, self.signer, self.seconds, self.runs = directory, signer, seconds, {}
        self.machine, self.problems = None, []

    def command(self, way, load, value, seed):
        """Returns the command of a broker."""
        in_node = way.startswith("node_")
        command = NODE if in_node else [os.path.join(self.directory, "proofmint-cost")]
        flags = {"way": way, load: value, "seconds": self.seconds, "warmup": NODE_WARMUP if in_node else WARMUP, "seed": seed}
        if way not in WITHOUT_SIGNER:
            flags |= {"target": self.signer.target, "signer_pid": self.signer.process.pid}
        if in_node and load == "rate":
            flags["arrivals"] = os.path.join(self.directory, "proofmint-arrivals")
        return [*command, *(f"--{name}={value}" for name, value in flags.items())]

    def run(self, way, load, value, seed):
        """Runs a broker and keeps what it measured."""
        command = self.command(way, load, value, seed)
        with programs.start(command, subprocess.PIPE, text=True) as process:
            try:
                output, errors = process.communicate(timeout=self.seconds + 30)
            except subprocess.TimeoutExpired:
                raise programs.ProgramError(f"does not end: {' '.join(command)}") from None
            finally:
                if process.poll() is None:
                    process.kill()
        try:
            run = json.loads(output)
        except ValueError:
            raise programs.ProgramError(f"{' '.join(command)}: status {process.returncode}\n{errors}") from None
        self.machine = run.pop("machine", self.machine)
        if process.returncode != 0:
            self.problems.append(f"{way}, {load} {value}: {errors.strip()}")
        self.runs.setdefault((way, load, value), []).append(run)

    def round(self, number, of, loads):
        """Measures each way at each load once. The ways alternate in going first, so that a drift of the machine favours none; all
        have the same arrivals."""
        for ways, load, value in loads:
            programs.say(f"round {number} of {of}: {value:,} {'proofs/s' if load == 'rate' else 'in flight'}", "cost")
            for way in ways if number % 2 else reversed(ways):
                self.run(way, load, value, number)


def show(rows, runs, judged):
    """Prints the tables and, if `judged`, the targets of what was measured."""
    print("CPU time of the broker and of the signer in us for a proof (ES256, a fresh key each),\n"
          "and latency in us from when the call was due. Brokers in C++:\n")
    print(tables.cpp(rows), *([load_tables.targets(targets.cpp(rows))] if judged else []), sep="\n\n")
    print("\nBrokers in Node, whose own CPU time is compared with that of node:crypto:\n")
    print(tables.node(rows), *([load_tables.targets(targets.node(rows))] if judged else []), sep="\n\n")
    everything = [run for those in runs.values() for run in those]
    print(f"\nThe arrivals alone cost a broker in C++ {arrivals(runs, 'arrivals')}, one in Node {arrivals(runs, 'node_arrivals')}.\n"
          f"{sum(run['verified'] for run in everything):,} proofs verified, {sum(run['wrong'] for run in everything)} wrong; "
          f"{sum(run['failed'] for run in everything)} calls failed.")


def arrivals(runs, way):
    """Returns what the arrivals of an open loop cost a broker, from the highest rate to the lowest, as text."""
    medians = [cost_rows.median(run["broker_us"] for run in those) for (name, _, _), those in runs.items() if name == way]
    return f"{min(medians):.0f} to {max(medians):.0f} us"


def main():
    parser = argparse.ArgumentParser(prog="scripts/cost", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one short round with fewer loads, a minute in all; the targets are not judged")
    parser.add_argument("--json", metavar="FILE", help="also write the figures here")
    parser.add_argument("--programs", default=os.path.join(ROOT, "build", "release", "bin"), metavar="DIR",
                        help="where proofmint-cost and proofmintd are (build/release/bin)")
    flags = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Whichever way it ends, the daemon ends with it.
    rounds = 1 if flags.quick else ROUNDS
    with tempfile.TemporaryDirectory(prefix="proofmint-cost-") as scratch, programs.Programs(flags.programs, scratch) as started:
        signer = started.start("proofmintd", "signer")
        brokers = Brokers(flags.programs, signer, QUICK_SECONDS if flags.quick else SECONDS)
        for number in range(1, rounds + 1):
            brokers.round(number, rounds, settings(flags.quick))
    rows = cost_rows.rows(brokers.runs)
    show(rows, brokers.runs, judged=not flags.quick)
    if flags.json:
        with open(flags.json, "w", encoding="utf-8") as file:
            file.write(json.dumps({"machine": brokers.machine, "rows": rows}, indent=1) + "\n")
    for problem in brokers.problems:
        print(f"cost: {problem}", file=sys.stderr)
    return 1 if brokers.problems else 0


if __name__ == "__main__":
    programs.exit_with(main, "cost")
