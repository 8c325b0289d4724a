"""Collects what a row measured, and prints the table of all rows."""

import sys
import time

from bench.load import tables
import machine


WORDS = {True: "yes", False: "NO", None: "not judged"}


class Outcome:
    """Outcome is what one row measured, its failures, and what could not be judged."""

    def __init__(self):
        self.measured, self.failures, self.not_judged, self.figures = [], [], [], {}

    def measure(self, text, **figures):
        """Adds `text` to the row of the table, and the figures to the JSON report."""
        self.measured.append(text)
        self.figures.update(figures)

    def expect(self, held, text):
        """Records `text`, which says what was got and what was wanted, as a failure unless `held`; returns `held`."""
        if not held:
            self.failures.append(text)
            say(f"NOT AS WANTED: {text}")
        return held

    def expect_speed(self, held, text, others):
        """Records `text` as expect does, for a requirement that other load on the machine breaks: if the CPUs that other
        programs used meanwhile, `others`, are too many, the row is not judged instead. Returns `held`."""
        if held or not machine.is_busy(others):
            return self.expect(held, text)
        self.skip(f"{text}; other programs used {others:.1f} of {machine.CPUS} CPUs")
        return held

    def skip(self, text):
        """Records that something could not be judged, and why."""
        self.not_judged.append(f"not judged: {text}")
        say(self.not_judged[-1])

    def equal(self, what, got, want):
        return self.expect(got == want, f"{what}: got {got}, want {want}")

    @property
    def ok(self):
        """Whether the row holds, or None if it could not be judged."""
        return False if self.failures else None if self.not_judged else True


def text_of(results):
    """Returns the table of `results`, dicts with row, measured, want, ok, failures and not_judged, with the latter two below
    their row."""
    text = tables.table(["row", "measured", "want", "ok"],
                        [[result["row"], result["measured"], result["want"], WORDS[result["ok"]]]
                         for result in results]).split("\n")
    details = ["".join(f"\n    {line}" for line in result["failures"] + result["not_judged"]) for result in results]
    return "\n".join([text[0], *(line + detail for line, detail in zip(text[1:], details))])


STARTED = time.monotonic()


def say(text):
    """Prints progress to standard error."""
    seconds = int(time.monotonic() - STARTED)
    print(f"reliability: {seconds // 60}:{seconds % 60:02d} {text}", file=sys.stderr, flush=True)
