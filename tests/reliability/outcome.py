"""Collects what a row measured, and prints the table of all rows."""

import sys
import time

from bench.load import tables


class Outcome:
    """Outcome is what one row measured, and its failures."""

    def __init__(self):
        self.measured, self.failures, self.figures = [], [], {}

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

    def equal(self, what, got, want):
        return self.expect(got == want, f"{what}: got {got}, want {want}")

    @property
    def ok(self):
        return not self.failures


def text_of(results):
    """Returns the table of `results`, dicts with row, measured, want, ok and failures, with the failures below their row."""
    text = tables.table(["row", "measured", "want", "ok"],
                        [[result["row"], result["measured"], result["want"], "yes" if result["ok"] else "NO"]
                         for result in results]).split("\n")
    details = ["".join(f"\n    {failure}" for failure in result["failures"]) for result in results]
    return "\n".join([text[0], *(line + detail for line, detail in zip(text[1:], details))])


STARTED = time.monotonic()


def say(text):
    """Prints progress to standard error."""
    seconds = int(time.monotonic() - STARTED)
    print(f"reliability: {seconds // 60}:{seconds % 60:02d} {text}", file=sys.stderr, flush=True)
