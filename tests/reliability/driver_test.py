#!/usr/bin/env python3
"""Tests the driver of scripts/reliability with rows that pass, fail and raise, and the modules that rows rely on."""

import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest

import daemon
import machine
import reliability
import wire
from bench.load import programs


def good(_, outcome):
    outcome.measure("all is well;", figure=1)


def bad(_, outcome):
    outcome.equal("apples", 1, 2)


def slow(_, outcome):
    outcome.expect_speed(False, "slow", machine.CPUS / 2)


def slow_alone(_, outcome):
    outcome.expect_speed(False, "slow", 0)


def broken(bench, _):
    raise programs.ProgramError(f"no program in {bench.directory}")


class DriverTest(unittest.TestCase):
    def setUp(self):
        rows = dict(reliability.ROWS)
        self.addCleanup(lambda: (reliability.ROWS.clear(), reliability.ROWS.update(rows)))
        reliability.ROWS.clear()
        reliability.ROWS.update(good=(good, "well"), bad=(bad, "2 apples"), broken=(broken, "works"), slow=(slow, "quick"),
                                slow_alone=(slow_alone, "quick"))

    def main(self, *arguments):
        """Returns the exit status, the table, and the report."""
        with tempfile.TemporaryDirectory() as directory:
            file = os.path.join(directory, "report.json")
            before, sys.argv = sys.argv, ["reliability", f"--json={file}", "--programs=/nowhere", *arguments]
            self.addCleanup(setattr, sys, "argv", before)
            out = io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
                status = reliability.main()
            with open(file, encoding="utf-8") as stream:
                return status, out.getvalue(), json.load(stream)

    def test_a_row_that_holds(self):
        status, table, report = self.main("--rows=good", "--quick")
        self.assertEqual(status, 0)
        self.assertRegex(table, r"(?m)^good +all is well +well +yes$")
        self.assertTrue(report["quick"])
        self.assertEqual(report["rows"][0]["figures"], {"figure": 1})

    def test_rows_that_do_not_hold_fail_and_say_so(self):
        status, table, report = self.main("--rows=good,bad,broken")
        self.assertEqual(status, 1)
        self.assertRegex(table, r"(?m)^bad .* NO\n    apples: got 1, want 2$")
        self.assertRegex(table, r"(?m)^broken .* NO\n    ProgramError: no program in /nowhere$")
        self.assertEqual([row["ok"] for row in report["rows"]], [True, False, False])

    def test_speed_is_not_judged_while_other_programs_load_the_machine(self):
        status, table, report = self.main("--rows=good,slow")
        self.assertEqual(status, 0)
        self.assertRegex(table, rf"(?m)^slow .* not judged\n    not judged: slow; other programs used .* of {machine.CPUS} CPUs$")
        self.assertRegex(table, r"\nnot judged: slow\n$")
        self.assertEqual([row["ok"] for row in report["rows"]], [True, None])

    def test_speed_is_judged_on_an_idle_machine(self):
        status, table, report = self.main("--rows=slow,slow_alone")
        self.assertEqual(status, 1)
        self.assertRegex(table, r"(?m)^slow_alone .* NO\n    slow$")
        self.assertNotRegex(table, r"\nnot judged: ")
        self.assertEqual([row["ok"] for row in report["rows"]], [None, False])

    def test_a_row_that_is_not_there(self):
        with self.assertRaises(SystemExit):
            self.main("--rows=good,other")


class PartsTest(unittest.TestCase):
    def test_the_load_of_other_programs_is_told_from_our_own(self):
        before = machine.own_ticks()
        with subprocess.Popen([sys.executable, "-c", "import time\nwhile time.process_time() < 0.5: pass\ninput()"],
                              stdin=subprocess.PIPE) as child:
            daemon.wait_until(lambda: machine.own_ticks() - before >= 0.4 * machine.TICKS, 20, "a running child is not counted")
            child.communicate(b"\n")
        self.assertGreaterEqual(machine.own_ticks() - before, 0.4 * machine.TICKS)
        self.assertEqual(machine.parse_stat("7 (a) b) S 5 1 1 0 -1 0 0 0 0 0 10 20 3 4 20 0 1"), (5, 37))

    def test_metrics_are_summed_over_labels(self):
        metrics = daemon.Metrics('# HELP a b\na 1\nb{x="1",y="2"} 2\nb{x="2",y="2"} 3.5\n')
        self.assertEqual(metrics["a"], 1)
        self.assertEqual(metrics["b"], 5.5)
        self.assertEqual(metrics.total("b", x="2"), 3.5)
        self.assertEqual(metrics.total("b", x="3"), 0)
        with self.assertRaises(KeyError):
            metrics["c"]  # pylint: disable=pointless-statement

    def test_waiting_ends(self):
        self.assertEqual(daemon.wait_until(lambda: 5, 0, "five"), 5)
        with self.assertRaisesRegex(programs.ProgramError, "no five"):
            daemon.wait_until(lambda: None, 0, "no five")

    def test_frames_and_fields_are_those_of_the_standards(self):
        self.assertEqual(wire.frame(wire.PING, 1, 3, bytes(8)), bytes.fromhex("000008060100000003") + bytes(8))
        self.assertEqual(wire.field(3, b"abc"), b"\x1a\x03abc")
        self.assertEqual(wire.field(1, 300), b"\x08\xac\x02")
        self.assertEqual(wire.grpc_message(b"xy"), b"\0\0\0\0\2xy")

    def test_attacks_are_the_same_again_and_as_many_as_wanted(self):
        first, second, other = (list(wire.attacks(seed, 2000)) for seed in (1, 1, 2))
        self.assertEqual([attack.data for attack in first], [attack.data for attack in second])
        self.assertNotEqual([attack.data for attack in first], [attack.data for attack in other])
        self.assertGreaterEqual(sum(attack.frames for attack in first), 2000)

    def test_spoilt_bytes_differ(self):
        chance = wire.random.Random(1)
        data = wire.call(1, wire.SIGN_PROOF, wire.sign_request())
        self.assertGreater(len({wire.spoil(chance, data) for _ in range(100)} - {data}), 90)


if __name__ == "__main__":
    unittest.main()
