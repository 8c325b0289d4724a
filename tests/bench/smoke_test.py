#!/usr/bin/env python3
"""smoke_test.py PROOFMINT_BENCH CHART: a short run measures, verifies and writes what others read."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

PROGRAM, CHART = sys.argv[1:3]
ROWS = [f"{algorithm}.{operation}.b4" for operation in ("keygen", "sign", "proof") for algorithm in ("es256", "ed25519")]
TAKE_ROWS = ["es256.take", "ed25519.take"]
MEMBERS = ["name", "ours_us", "boringssl_us", "openssl_us", "ratio_boringssl", "ratio_openssl"]
LATENCIES = ["p50_ns", "p99_ns", "p999_ns"]


def run(*arguments):
    return subprocess.run([PROGRAM, "--rounds=1", *arguments], capture_output=True, text=True, timeout=100, check=False)


class SmokeTest(unittest.TestCase):
    def test_the_figures_have_the_form_that_is_documented(self):
        with tempfile.TemporaryDirectory() as directory:
            file, picture = os.path.join(directory, "bench.json"), os.path.join(directory, "bench.svg")
            result = run("--rows=" + ",".join(ROWS + TAKE_ROWS), "--json", file)
            self.assertEqual(result.returncode, 0, result.stderr)
            with open(file, encoding="utf-8") as stream:
                data = json.load(stream)
            subprocess.run([sys.executable, CHART, file, picture], check=True)
            self.assertEqual(xml.etree.ElementTree.parse(picture).getroot().tag, "{http://www.w3.org/2000/svg}svg")
        self.assertEqual(list(data), ["cpu", "kernel", "compiler", "rows"])
        self.assertTrue(all(data[member] for member in ("cpu", "kernel", "compiler")))
        self.assertEqual([row["name"] for row in data["rows"]], ROWS + TAKE_ROWS)
        for row in data["rows"]:
            self.assertEqual(list(row), MEMBERS + (LATENCIES if row["name"] in TAKE_ROWS else []))
            self.assertIn(row["name"], result.stdout)
            for member in list(row)[1:]:
                self.assertGreater(row[member], 0, f"{row['name']}: {member}")
        for row in data["rows"][len(ROWS):]:
            self.assertLessEqual(row["p50_ns"], row["p99_ns"])
            self.assertLessEqual(row["p99_ns"], row["p999_ns"])

    def test_a_wrong_result_of_any_side_is_found(self):
        for side in ("ours", "boringssl", "openssl"):
            with self.subTest(side=side):
                result = run("--rows=es256.proof.b4", f"--corrupt={side}")
                self.assertEqual(result.returncode, 1, result.stdout)
                self.assertIn(f"es256.proof.b4: INTERNAL: {side}: results: got 1 wrong", result.stderr)
                self.assertEqual(result.stdout, "")

    def test_a_row_that_does_not_exist_is_refused(self):
        result = run("--rows=es256.proof.b4,es256.proof.b5")
        self.assertEqual(result.returncode, 1)
        self.assertIn("es256.proof.b5", result.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
