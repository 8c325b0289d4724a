#!/usr/bin/env python3
"""program_test.py PROOFMINT_BENCH BENCH_MICRO: proofmint-bench has the flags of Google Benchmark, fails if a result is wrong,
and writes what table.py and chart.py read."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

PROGRAM, SCRIPTS = sys.argv[1:3]
ROWS = [f"{algorithm}.{operation}.b4" for operation in ("keygen", "sign", "proof") for algorithm in ("es256", "ed25519")]
LAST_ROWS = ["es256.unary", "es256.take", "ed25519.unary", "ed25519.take"]
FILTER = r"--benchmark_filter=\.b4/|unary|take"
MEMBERS = ["name", "ours_us", "boringssl_us", "openssl_us", "ratio_boringssl", "ratio_openssl"]
LATENCIES = ["p50_ns", "p99_ns", "p999_ns"]


def run(*command, text=None):
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=100, check=False)


def bench(*flags):
    return run(PROGRAM, "--benchmark_min_time=0.001", *flags)


def table(report, *flags):
    return run(os.path.join(SCRIPTS, "table.py"), *flags, text=report)


class GoogleBenchmarkTest(unittest.TestCase):
    def test_every_row_is_a_benchmark(self):
        listed = bench("--benchmark_list_tests").stdout.split()
        rows = [f"{algorithm}.{operation}.b{batch}" for operation in ("keygen", "sign", "proof")
                for algorithm in ("es256", "ed25519") for batch in (1, 4, 16, 64, 256)]
        self.assertEqual([name.split("/")[0] for name in listed], rows + LAST_ROWS)

    def test_repetitions_have_times_and_counters(self):
        with tempfile.TemporaryDirectory() as directory:
            file = os.path.join(directory, "out.json")
            result = bench("--benchmark_filter=es256.keygen.b64", "--benchmark_repetitions=3", f"--benchmark_out={file}",
                           "--benchmark_out_format=json")
            self.assertEqual(result.returncode, 0, result.stderr)
            with open(file, encoding="utf-8") as stream:
                report = json.load(stream)
        self.assertIn("es256.keygen.b64/manual_time_median", result.stdout)
        runs = [run for run in report["benchmarks"] if run["run_type"] == "iteration"]
        self.assertEqual(len(runs), 3)
        for measured in runs:
            for member in ("real_time", "boringssl_us", "openssl_us", "vs_boringssl", "vs_openssl"):
                self.assertGreater(measured[member], 0, member)
            self.assertAlmostEqual(measured["vs_openssl"] * measured["real_time"], measured["openssl_us"], places=6)

    def test_a_longer_time_measures_more(self):
        iterations = []
        for seconds in ("0.001", "0.05"):
            report = json.loads(bench("--benchmark_filter=es256.keygen.b64", f"--benchmark_min_time={seconds}",
                                      "--benchmark_format=json").stdout)
            iterations.append(report["benchmarks"][0]["iterations"])
        self.assertGreater(iterations[1], 3 * iterations[0])

    def test_the_kernel_is_that_of_the_flag(self):
        report = json.loads(bench("--benchmark_filter=es256.keygen.b4/", "--kernel=boringssl", "--benchmark_format=json").stdout)
        self.assertEqual(report["context"]["kernel"], "boringssl")

    def test_what_does_not_exist_is_refused(self):
        for flag in ("--benchmark_filter=es256.proof.b5", "--kernel=none", "--corrupt=nothing", "--rows=es256.proof.b4"):
            with self.subTest(flag=flag):
                result = bench(flag, "--benchmark_list_tests")
                self.assertEqual(result.returncode, 1)
                self.assertIn(flag.removeprefix("--benchmark_filter="), result.stderr)

    def test_a_wrong_result_of_any_side_is_found(self):
        for side in ("proofmint", "boringssl", "openssl"):
            with self.subTest(side=side):
                result = bench("--benchmark_filter=es256.proof.b4/", f"--corrupt={side}", "--benchmark_format=json")
                self.assertEqual(result.returncode, 1, result.stdout)
                shown = table(result.stdout)
                self.assertEqual(shown.returncode, 1)
                self.assertRegex(shown.stderr, f"es256.proof.b4.*: INTERNAL: {side}: 1 wrong of ")
                self.assertEqual(shown.stdout, "")


class TableTest(unittest.TestCase):
    def test_the_figures_have_the_form_that_is_documented(self):
        report = bench(FILTER, "--benchmark_format=json", "--benchmark_repetitions=2",
                       "--benchmark_enable_random_interleaving=true")
        self.assertEqual(report.returncode, 0, report.stderr)
        with tempfile.TemporaryDirectory() as directory:
            file, picture = os.path.join(directory, "bench.json"), os.path.join(directory, "bench.svg")
            result = table(report.stdout, "--json", file)
            self.assertEqual(result.returncode, 0, result.stderr)
            with open(file, encoding="utf-8") as stream:
                data = json.load(stream)
            subprocess.run([sys.executable, os.path.join(SCRIPTS, "chart.py"), file, picture], check=True)
            self.assertEqual(xml.etree.ElementTree.parse(picture).getroot().tag, "{http://www.w3.org/2000/svg}svg")
        self.assertEqual(list(data), ["cpu", "kernel", "compiler", "rows"])
        self.assertTrue(all(data[member] for member in ("cpu", "kernel", "compiler")))
        self.assertEqual([row["name"] for row in data["rows"]], ROWS + LAST_ROWS)
        for row in data["rows"]:
            is_take = row["name"].endswith(".take")
            self.assertEqual(list(row), MEMBERS + (LATENCIES if is_take else []))
            self.assertIn(row["name"], result.stdout)
            for member in list(row)[1:]:
                self.assertGreater(row[member], 0, f"{row['name']}: {member}")
            if is_take:
                self.assertLessEqual(row["p50_ns"], row["p99_ns"])
                self.assertLessEqual(row["p99_ns"], row["p999_ns"])

    def test_a_figure_is_the_median_of_the_repetitions(self):
        runs = [{"name": "a.b1/manual_time", "run_name": "a.b1/manual_time", "family_index": 0, "run_type": "iteration", "time_unit": "ns",
                 "real_time": time * 1000, "boringssl_us": 2 * time, "openssl_us": 3 * time, "vs_boringssl": 2 + time,
                 "vs_openssl": 3 + time} for time in (1, 9, 2, 4)]
        runs.append({"name": "a.b1/manual_time_mean", "run_name": "a.b1/manual_time", "family_index": 0,
                     "run_type": "aggregate"})
        context = {"cpu": "a CPU", "kernel": "avx3", "compiler": "a compiler", "openssl": "OpenSSL 3"}
        result = table(json.dumps({"context": context, "benchmarks": runs}))
        self.assertEqual(result.stdout.splitlines()[1].split(), ["a.b1", "3.00", "6.00", "9.00", "5.00x", "6.00x"])

    def test_what_is_no_report_is_refused(self):
        result = table("es256.keygen.b1\n")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no JSON", result.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
