#!/usr/bin/env python3
"""bench/micro/table.py [--json FILE]: makes a table of what `proofmint-bench --benchmark_format=json` writes, read from stdin.

Each figure is the median of a benchmark's repetitions. --json writes the same figures for bench/micro/chart.py:
{"cpu", "kernel", "compiler", "rows": [{"name", "ours_us", "boringssl_us", "openssl_us", "ratio_boringssl", "ratio_openssl"}]},
and p50_ns, p99_ns and p999_ns in the rows of `take`.
"""

import argparse
import json
import statistics
import sys

MICROSECONDS = {"ns": 1e-3, "us": 1, "ms": 1e3, "s": 1e6}
COUNTERS = {"boringssl_us": "boringssl_us", "openssl_us": "openssl_us", "ratio_boringssl": "vs_boringssl",
            "ratio_openssl": "vs_openssl", "p50_ns": "p50_ns", "p99_ns": "p99_ns", "p999_ns": "p999_ns"}


class Failed(Exception):
    """Failed is raised when a benchmark failed; the text is what Google Benchmark says of it."""


def repetitions(report):
    """Returns the repetitions of each benchmark, by its name without Google Benchmark's additions such as "/manual_time"."""
    found = {}
    for run in sorted(report["benchmarks"], key=lambda run: run["family_index"]):  # interleaving leaves them in random order
        if run.get("error_occurred"):
            raise Failed(f"{run['name']}: {run['error_message']}")
        if run["run_type"] == "iteration":
            found.setdefault(run["run_name"].split("/")[0], []).append(run)
    return found


def summarize(name, runs):
    row = {"name": name, "ours_us": statistics.median(run["real_time"] * MICROSECONDS[run["time_unit"]] for run in runs)}
    for member, counter in COUNTERS.items():
        if counter in runs[0]:
            row[member] = statistics.median(run[counter] for run in runs)
    return {member: value if member == "name" else round(value, 3) for member, value in row.items()}


def table(context, rows):
    lines = [f"{'us each':22} {'Proofmint':>10} {'BoringSSL':>10} {'OpenSSL':>10}   {'vs BoringSSL':>12} {'vs OpenSSL':>12}"]
    for row in rows:
        line = (f"{row['name']:22} {row['ours_us']:10.2f} {row['boringssl_us']:10.2f} {row['openssl_us']:10.2f}"
                f"   {row['ratio_boringssl']:11.2f}x {row['ratio_openssl']:11.2f}x")
        if "p50_ns" in row:
            line += f"   p50 {row['p50_ns']:.0f}, p99 {row['p99_ns']:.0f}, p99.9 {row['p999_ns']:.0f} ns"
        lines.append(line)
    return "\n".join([
        *lines,
        f"{context['cpu']}, kernel {context['kernel']}, {context['compiler']}; BoringSSL and {context['openssl']} one at a time",
        "medians of repetitions in which the three take turns; every result verified"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="FILE", help="also write the figures here")
    flags = parser.parse_args()
    try:
        report = json.load(sys.stdin)
        rows = [summarize(name, runs) for name, runs in repetitions(report).items()]
    except json.JSONDecodeError:
        sys.exit("table.py: got no JSON report of proofmint-bench")
    except Failed as failed:
        sys.exit(str(failed))
    if flags.json:
        with open(flags.json, "w", encoding="utf-8") as file:
            context = {member: report["context"][member] for member in ("cpu", "kernel", "compiler")}
            file.write(json.dumps(context | {"rows": rows}, indent=2) + "\n")
    print(table(report["context"], rows))


if __name__ == "__main__":
    main()
