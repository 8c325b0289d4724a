#!/usr/bin/env python3
"""Subjects proofmintd to overload, failures and attacks, and prints one table: what was measured, and whether it is right.

docs/reliability.md explains each row and how to read it. The exit status is 1 if a row fails. A row that could not be judged,
because other programs load the machine, is no failure; the last line names it.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time

import outcome as outcomes
import workbench
from bench.load import programs
from rows import faults, floods, honest_bursts, hostile, leaks, limits, overload, restarts, stops_and_clock, strangers

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

FLOODS = "honest calls: 100 % within 1 s; ≤ 64 MiB; cut off and counted"
# Maps the name of a row to its function and its criterion.
ROWS = {
    "overload": (overload.overload, "goodput ≥ 85 % (batch), ≥ 60 % (unary); rejections labelled; normal after 2 s"),
    "restarts": (restarts.restarts, "0 failed calls, 0 duplicates"),
    "kills": (restarts.kills, "0 wrong or duplicate proofs; socket taken over"),
    "leaks": (leaks.leaks, "live memory, descriptors and in-flight as before"),
    "hostile": (hostile.hostile, "alive; honest callers unaffected"),
    "key_generation": (faults.key_generation, "0 failures with retries; each counted"),
    "not_ready": (faults.not_ready, "never serves; log says why; NOT_SERVING"),
    "stops_and_clock": (stops_and_clock.stops_and_clock, "0 duplicates; iat follows; nothing fails"),
    "limits": (limits.limits, "serves on; drops counted"),
    "strangers": (strangers.strangers, "refused, counted, nothing served"),
    "call_floods": (floods.call_floods, FLOODS),
    "header_floods": (floods.header_floods, FLOODS),
    "frame_floods": (floods.frame_floods, FLOODS),
    "bombs": (floods.bombs, "honest calls: 100 % within 1 s; ≤ 64 MiB"),
    "slow_readers": (floods.slow_readers, "honest calls: 100 % within 1 s; ≤ 250 MB; cut off and counted"),
    "connection_floods": (floods.connection_floods, FLOODS),
    "honest_bursts": (honest_bursts.honest_bursts, "nothing closed; none but a late burst's calls fail"),
}


def run(name, directory, quick):
    """Runs one row; returns a dict for the table and the report. An error of the row is its failure; other rows go on."""
    function, want = ROWS[name]
    outcome, start = outcomes.Outcome(), time.monotonic()
    outcomes.say(name)
    try:
        # The path is short because paths of Unix sockets contain it.
        with tempfile.TemporaryDirectory(prefix="proofmint-", ignore_cleanup_errors=True) as scratch, \
                workbench.Workbench(ROOT, directory, scratch, quick) as bench:
            function(bench, outcome)
    except (programs.ProgramError, OSError, KeyError, ValueError) as error:
        outcome.expect(False, f"{type(error).__name__}: {error}")
    return {"row": name, "measured": " ".join(outcome.measured).rstrip(";"), "want": want, "ok": outcome.ok,
            "failures": outcome.failures, "not_judged": outcome.not_judged, "seconds": round(time.monotonic() - start, 1),
            "figures": outcome.figures}


def rows_of(text):
    names = text.split(",")
    if unknown := [name for name in names if name not in ROWS]:
        raise argparse.ArgumentTypeError(f"got {', '.join(unknown)}, want some of {', '.join(ROWS)}")
    return names


def main():
    parser = argparse.ArgumentParser(prog="scripts/reliability", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=rows_of, default=list(ROWS), metavar="NAME,...", help=f"some of: {', '.join(ROWS)}")
    parser.add_argument("--quick", action="store_true", help="run each row for a few seconds; accept a lower goodput")
    parser.add_argument("--json", metavar="FILE", help="write the table and all figures as JSON")
    parser.add_argument("--programs", default=os.path.join(ROOT, "build", "release", "bin"), metavar="DIR",
                        help="where the programs are (build/release/bin)")
    flags = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # On SIGTERM, too, ends what it started.
    results = [run(name, os.path.abspath(flags.programs), flags.quick) for name in flags.rows]
    print(outcomes.text_of(results))
    if flags.json:
        with open(flags.json, "w", encoding="utf-8") as file:
            json.dump({"quick": flags.quick, "rows": results}, file, ensure_ascii=False, indent=1)
            file.write("\n")
    if any(result["ok"] is False for result in results):
        return 1
    if not_judged := [result["row"] for result in results if result["ok"] is None]:
        print(f"not judged: {', '.join(not_judged)}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
