#!/usr/bin/env python3
"""cost_test.py PROGRAMS: tests the arithmetic, the tables and the targets of scripts/cost on measurements that are made up, and
runs it for a moment with real brokers."""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from bench.cost import cost, rows, tables, targets

PROGRAMS = sys.argv[1]
MEMBERS = ["broker_us", "signer_us", "total_us", "ratio_openssl", "p50_us", "p99_us"]


def run(broker, signer=0, kept_up=True, p50=100, p99=200, proofs_per_second=1000, **more):
    return {"broker_us": broker, "signer_us": signer, "kept_up": kept_up, "p50_us": p50, "p99_us": p99,
            "proofs_per_second": proofs_per_second, "failed": 0, "verified": 10, "wrong": 0} | more


def one_row(runs, base, way="signer_client", load=None):
    return rows.row(way, load or {"rate": 8000}, runs, base)


class RowsTest(unittest.TestCase):
    def test_figures_are_medians_of_the_rounds(self):
        made = one_row([run(10, 5, p50=1, p99=9), run(30, 1, p50=2, p99=8), run(20, 6, p50=3, p99=70)], [run(40)] * 3)
        self.assertEqual(list(made), ["way", "rate", *MEMBERS])
        self.assertEqual((made["way"], made["rate"]), ("signer_client", 8000))
        self.assertEqual([made[name] for name in MEMBERS if "ratio" not in name], [20, 5, 26, 2, 9])

    def test_a_ratio_is_the_median_of_the_ratios_of_the_rounds(self):
        # The machine is twice as slow in the second round: 15/50, 60/100, 20/50.
        made = one_row([run(10, 5), run(40, 20), run(15, 5)], [run(50), run(100), run(50)])
        self.assertEqual(made["ratio_openssl"], 0.4)

    def test_node_is_compared_by_the_cost_of_the_broker_alone(self):
        made = one_row([run(50, 500, longest_pause_ms=3)], [run(100, 0, longest_pause_ms=1)], "node_client")
        self.assertEqual(made["ratio_node_crypto"], 0.5)
        self.assertEqual(made["longest_pause_ms"], 3)
        self.assertNotIn("ratio_openssl", made)

    def test_a_closed_loop_has_its_proofs_in_flight_and_their_rate(self):
        made = one_row([run(10, proofs_per_second=5), run(10, proofs_per_second=7)], [run(20)] * 2, load={"in_flight": 256})
        self.assertEqual((made["in_flight"], made["proofs_per_second"]), (256, 6))
        self.assertNotIn("rate", made)

    def test_a_rate_that_was_not_reached_has_no_figures(self):
        late = run(10, kept_up=False)
        for runs in ([late], [late, late, run(10)], [run(None, None, p50=None, p99=None)]):
            with self.subTest(runs=runs):
                made = one_row(runs, [run(40)] * len(runs))
                self.assertEqual({made[name] for name in MEMBERS}, {None})
                self.assertEqual(made["proofs_per_second"], 1000)

    def test_one_round_that_did_not_keep_up_is_left_out(self):
        late = run(10, kept_up=False)
        made = one_row([late, run(20), run(30)], [run(1), run(40), run(50)])
        self.assertEqual((made["broker_us"], made["ratio_openssl"]), (25, 0.55))

    def test_a_ratio_is_also_to_a_way_that_did_not_reach_the_rate(self):
        made = one_row([run(20)], [run(40, kept_up=False)])
        self.assertEqual((made["broker_us"], made["ratio_openssl"]), (20, 0.5))
        self.assertIsNone(one_row([run(20)], [run(None, None, kept_up=False)])["ratio_openssl"])

    def test_each_language_has_its_own_base_and_arrivals_are_no_row(self):
        runs = {("arrivals", "rate", 100): [run(1)], ("node_arrivals", "rate", 100): [run(1)], ("openssl", "rate", 100): [run(40)],
                ("unary_stub", "rate", 100): [run(50, 30)], ("node_crypto", "in_flight", 8): [run(100)],
                ("node_jose", "in_flight", 8): [run(250)]}
        made = rows.rows(runs)
        self.assertEqual([row["way"] for row in made], ["openssl", "unary_stub", "node_crypto", "node_jose"])
        self.assertEqual([row.get("ratio_openssl", row.get("ratio_node_crypto")) for row in made], [1, 2, 1, 2.5])


class TablesTest(unittest.TestCase):
    ROWS = [one_row([run(40.04, 0)], [run(40.04)], "openssl"), one_row([run(12.06, 108.5, p99=12345)], [run(40.04)]),
            one_row([run(9)], [run(9)], "openssl", {"rate": 30000}),
            one_row([run(9, kept_up=False, proofs_per_second=21987.6)], [run(9)], "unary_stub", {"rate": 30000}),
            one_row([run(5, 5, proofs_per_second=98765.4)], [run(40)], "batch_stub", {"in_flight": 256}),
            one_row([run(50, longest_pause_ms=2.34)], [run(100)], "node_client", {"rate": 500})]

    def test_a_table_has_a_line_for_each_row(self):
        lines = [line.split() for line in tables.cpp(self.ROWS).split("\n")]
        self.assertEqual(lines, [
            ["load", "way", "broker", "signer", "total", "of", "OpenSSL", "p50", "p99", "proofs/s"],
            ["8,000/s", "OpenSSL", "40.0", "0.0", "40.0", "1.00x", "100", "200", "–"],
            ["SignerClient", "12.1", "108", "121", "3.01x", "100", "12,345", "–"],
            ["30,000/s", "OpenSSL", "9.0", "0.0", "9.0", "1.00x", "100", "200", "–"],
            ["unary", "stub", "not", "reached", "21,988"],
            ["256", "in", "flight", "batches", "of", "64", "5.0", "5.0", "10.0", "0.25x", "100", "200", "98,765"]])
        self.assertIn("0.50x", tables.node(self.ROWS))
        self.assertTrue(tables.node(self.ROWS).split("\n")[1].endswith("2.3"))

    def test_a_table_fits_in_100_columns(self):
        for text in (tables.cpp(self.ROWS), tables.node(self.ROWS)):
            self.assertLessEqual(max(map(len, text.split("\n"))), 100)


class TargetsTest(unittest.TestCase):
    def judge(self, made, judged=targets.cpp):
        return [(row["measured"], row["met"]) for row in judged(made)]

    def test_rows_are_judged_by_the_targets(self):
        base = [run(50)]
        made = [one_row(base, base, "openssl"), one_row([run(18, 30, p99=150)], base), one_row([run(70, 80, p99=200)], base, "unary_stub")]
        self.assertEqual(self.judge(made), [("0.96x", True), ("0.36x", True), ("0.75x", True)])
        made[1] = one_row([run(22, 30, p99=230)], base)
        self.assertEqual(self.judge(made), [("1.04x", False), ("0.44x", False), ("1.15x", False)])

    def test_a_closed_loop_is_judged_by_its_rate(self):
        load = {"in_flight": 256}
        batches = one_row([run(5, 5, proofs_per_second=1000)], [run(50)], "batch_stub", load)
        for rate, met in (700, True), (690, False):
            made = [one_row([run(5, 5, proofs_per_second=rate)], [run(50)], load=load), batches]
            self.assertEqual(self.judge(made), [(f"{rate / 1000:.2f}x", met)])

    def test_what_was_not_reached_is_not_judged(self):
        made = [one_row([run(20, kept_up=False)], [run(50)], load={"rate": 30000})]
        self.assertEqual(self.judge(made), [("–", None), ("–", None)])

    def test_node_is_judged_by_its_own_targets(self):
        made = [one_row([run(20)], [run(100)], "node_client", {"in_flight": 64}),
                one_row([run(70)], [run(100)], "node_client", {"rate": 2000}),
                one_row([run(70, longest_pause_ms=8)], [run(100)], "node_client", {"rate": 5000}),
                one_row([run(250, longest_pause_ms=10)], [run(100)], "node_jose", {"rate": 5000})]
        self.assertEqual(self.judge(made, targets.node), [("0.20x", True), ("0.70x", False), ("0.80x", True)])


class ScriptTest(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.json = os.path.join(self.scratch.name, "cost.json")

    def run_script(self, *settings, programs=PROGRAMS):
        """Runs the script for some of its loads; returns (status, standard output, standard error, JSON)."""
        output, errors = io.StringIO(), io.StringIO()
        with mock.patch.object(cost, "settings", lambda quick: settings), mock.patch.object(cost, "QUICK_SECONDS", 1), \
                mock.patch.object(sys, "argv", ["cost.py", "--quick", f"--json={self.json}", f"--programs={programs}"]), \
                contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            status = cost.main()
        with open(self.json, encoding="utf-8") as file:
            return status, output.getvalue(), errors.getvalue(), json.load(file)

    def test_real_brokers_give_all_rows(self):
        # A busy machine may not keep up with any rate.
        with mock.patch.object(rows, "reached", lambda runs: runs):
            status, output, errors, report = self.run_script(
                (["arrivals", *cost.CPP], "rate", 300), ([*cost.CPP, "batch_stub"], "in_flight", 64),
                (cost.NODE_WAYS, "in_flight", 4), (["node_arrivals", *cost.NODE_WAYS], "rate", 300))
        self.assertEqual(status, 0, errors)
        self.assertEqual(list(report), ["machine", "rows"])
        self.assertIn("cpu", report["machine"])
        self.assertEqual([row["way"] for row in report["rows"]],
                         [*cost.CPP, *cost.CPP, "batch_stub", *cost.NODE_WAYS, *cost.NODE_WAYS])
        for row in report["rows"]:
            self.assertGreater(row["broker_us"], 0, row)
            self.assertEqual(row["signer_us"] > 0, row["way"] not in cost.WITHOUT_SIGNER, row)
            self.assertGreater(row["p50_us"], 0, row)
            self.assertGreaterEqual(row["p99_us"], row["p50_us"], row)
            self.assertEqual("rate" in row, "in_flight" not in row, row)
            self.assertIn(f"{row['p50_us']:,.0f}" if row["p50_us"] >= 100 else f"{row['p50_us']:.1f}", output)
        self.assertRegex(output, r"[1-9][0-9,]* proofs verified, 0 wrong; 0 calls failed")

    def test_a_broker_whose_calls_fail_fails_the_script(self):
        made = os.path.join(self.scratch.name, "bin")
        os.mkdir(made)
        os.symlink(os.path.join(PROGRAMS, "proofmintd"), os.path.join(made, "proofmintd"))
        with open(os.path.join(made, "proofmint-cost"), "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\necho '{json.dumps(run(10, machine={}))}'\necho 'error: one wrong proof' >&2\nexit 1\n")
        os.chmod(file.name, 0o755)
        with mock.patch.object(cost, "NODE", [os.path.join(made, "proofmint-cost")]):
            status, _, errors, _ = self.run_script((["arrivals", "openssl"], "rate", 100), (["node_arrivals", "node_crypto"], "rate", 100),
                                                   programs=made)
        self.assertEqual(status, 1)
        self.assertIn("cost: openssl, rate 100: error: one wrong proof", errors)

    def test_nonsense_is_refused(self):
        for arguments in (["--slow"], ["now"], ["--json"]):
            result = subprocess.run([sys.executable, cost.__file__, *arguments], capture_output=True, text=True, check=False, timeout=60)
            self.assertEqual(result.returncode, 2, arguments)
            self.assertIn("usage: scripts/cost", result.stderr)

    def test_a_directory_without_programs_is_named(self):
        result = subprocess.run([sys.executable, cost.__file__, f"--programs={self.scratch.name}"], capture_output=True, text=True,
                                check=False, timeout=60)
        self.assertEqual(result.returncode, 1)
        self.assertIn(self.scratch.name, result.stderr)

    def test_every_load_has_the_way_that_its_ways_are_compared_with(self):
        for quick in (False, True):
            loads = cost.settings(quick)
            self.assertGreater(len(loads), 7)
            for ways, _, _ in loads:
                self.assertTrue({rows.base_of(way) for way in ways} <= set(ways))


class NodeBrokerTest(unittest.TestCase):
    def test_nonsense_is_refused(self):
        for flags, message in ((["--way=node_rsa", "--rate=1"], "got node_rsa, want one of node_arrivals, node_crypto"),
                               (["--way=node_crypto"], "want either --rate or --in_flight"),
                               (["--way=node_crypto", "--rate=1"], "want --arrivals"),
                               (["--way=node_crypto", "--in_flight=many"], "--in_flight: got many, want a number"),
                               (["--way=node_crypto", "--in_flight=1", "--colour=red"], "colour")):
            with self.subTest(flags=flags):
                result = subprocess.run([*cost.NODE, *flags], capture_output=True, text=True, check=False, timeout=60)
                self.assertEqual(result.returncode, 2)
                self.assertIn(message, result.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
