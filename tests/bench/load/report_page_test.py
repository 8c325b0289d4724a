#!/usr/bin/env python3
"""Tests that the page of a load report, drawn by a real browser, shows what the report contains."""

import html.parser
import json
import os
import re
import struct
import tempfile
import unittest
import zlib

import browser
import report_fixture
from bench.load import report_page

HOSTILE = "</script><!--<script><img src=x onerror=\"document.title='owned'\">'&amp;"

# This script runs in the page once it is drawn, and puts its findings into an attribute of the body.
PROBE = """<script>
  const texts = (plot) => [...plot.querySelectorAll('text')].filter((text) => text.textContent)
    .map((text) => [text.textContent, text.getBoundingClientRect()]);
  const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top + 2 || b.bottom <= a.top + 2;
  const overlaps = [], outside = [];
  for (const plot of document.querySelectorAll('.plot')) {
    const all = texts(plot), box = plot.getBoundingClientRect();
    all.forEach(([name, a], i) => {
      all.slice(i + 1).forEach(([other, b]) => apart(a, b) || overlaps.push(`${name} / ${other}`));
      if (a.left < box.left - 1 || a.right > box.right + 1) outside.push(name);
    });
  }
  const plot = document.querySelector('.plot');
  if (plot) plot.dispatchEvent(new KeyboardEvent('keydown', {key: 'End'}));
  document.body.dataset.probe = JSON.stringify({overlaps, outside, width: document.documentElement.scrollWidth, inner: innerWidth,
    readout: plot ? plot.parentNode.querySelector('.readout').textContent : '',
    background: getComputedStyle(document.body).backgroundColor});
</script></body>"""


class Dom(html.parser.HTMLParser):
    """Collects the elements of a dumped page as (name, attributes), and separately its text, scripts and styles."""

    def __init__(self, dump):
        super().__init__()
        self.elements, self.texts, self.headings, self.open = [], [], [], []
        self.feed(dump)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if "script" not in self.open and "style" not in self.open:
            self.texts.append(data)
            if self.open and self.open[-1] == "h2":
                self.headings.append(data)

    def attributes(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self):
        return " ".join(" ".join(self.texts).split())


class Page:
    """Shows a report from a temporary directory in a browser window of the given size."""

    def __init__(self, report, size=(1400, 1000), flags=(), text=None):
        self.directory = tempfile.TemporaryDirectory()
        self.file, self.size, self.flags = os.path.join(self.directory.name, "report.html"), size, flags
        page = text or report_page.render(report)
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(page.replace("</body>", PROBE))

    def browse(self, *arguments):
        return browser.browse(self.file, "--window-size={},{}".format(*self.size), *self.flags, *arguments)

    def dom(self):
        dom = Dom(self.browse("--dump-dom"))
        dom.state = dom.attributes("html")[0].get("data-report")
        dom.problem = next(attributes for attributes in dom.attributes("p") if attributes.get("id") == "problem")
        dom.probe = json.loads(dom.attributes("body")[0]["data-probe"])
        return dom

    def picture(self):
        """Returns the size of a screenshot, and the number of different rows of pixels, as the PNG filters them."""
        file = os.path.join(self.directory.name, "page.png")
        self.browse(f"--screenshot={file}")
        with open(file, "rb") as stream:
            data = stream.read()
        assert data[:8] == b"\x89PNG\r\n\x1a\n", "not a PNG"
        width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
        assert depth == 8 and kind in (2, 6), (depth, kind)
        pixels, at = b"", 8
        while at < len(data):
            length, chunk = struct.unpack(">I4s", data[at:at + 8])
            pixels += data[at + 8:at + 8 + length] if chunk == b"IDAT" else b""
            at += 12 + length
        pixels, row = zlib.decompress(pixels), 1 + width * (3 if kind == 2 else 4)
        return (width, height), len({pixels[i:i + row] for i in range(0, len(pixels), row)})


class ReportPageTest(unittest.TestCase):
    def page(self, *arguments, **options):
        page = Page(*arguments, **options)
        self.addCleanup(page.directory.cleanup)
        return page

    def assert_drawn(self, dom):
        self.assertEqual(dom.state, "drawn", dom.text()[:400])
        self.assertIn("hidden", dom.problem)
        self.assertEqual(dom.probe["overlaps"], [])
        self.assertEqual(dom.probe["outside"], [])
        self.assertLessEqual(dom.probe["width"], dom.probe["inner"])

    def test_a_suite_is_shown_whole(self):
        dom = self.page(report_fixture.suite("open loop", "DEADLINE_EXCEEDED")).dom()
        self.assert_drawn(dom)
        text = dom.text()
        for expected in (
                "1 of 2 targets met", "4.61x less", "4.58x to 4.70x", "✓ yes", "✗ no", "not judged",            # the table
                "91,235", "7.13", "6.88 to 7.50", "1,235", "4,321", "32.8",                                      # the figures
                "19,988", "123 µs", "494 µs", "uncorrected 120 µs", "2,468", "11,106",                           # latency
                "357 proofs of 80,344 failed", "2 proofs did not verify", "5 % of the proofs were sent more than 1 ms late",
                "DEADLINE_EXCEEDED", "345", "0.43 %", "OVERLOADED",                                              # errors
                "knee 22,000 proofs/s", "yes, knee", "target rate, proofs/s", "achieved, proofs/s",              # the sweep
                "percentile of calls, %", "latency of a call (log)", "99.999", "1 ms", "10 ms", "80,344 calls",  # the axes
                "second of the run", "proofs per second", "MiB", "first 30.0 MiB, last 33.0 MiB",
                "closed loop", "1,250 calls", "Example CPU 9000", "ES256 9 : Ed25519 1", "docs/benchmarking.md"):
            self.assertIn(expected, text)
        self.assertEqual([attributes["href"] for attributes in dom.attributes("a")], ["#run-1", "#run-2", "#run-3"])
        self.assertEqual([attributes["id"] for attributes in dom.attributes("section") if "id" in attributes],
                         ["run-1", "run-2", "run-3"])
        self.assertEqual(sum(attributes.get("data-mark") == "knee" for attributes in dom.attributes("line")), 2)
        self.assertTrue(all(attributes.get("tabindex") == "0" and attributes.get("aria-label")
                            for attributes in dom.attributes("svg") if attributes.get("class") == "plot"))

    def test_one_run_is_shown_and_read_with_the_keyboard(self):
        dom = self.page(report_fixture.one_run()).dom()
        self.assert_drawn(dom)
        self.assertEqual(len([True for attributes in dom.attributes("svg") if attributes.get("class") == "plot"]), 4)
        # The maximum of 79,987 calls is drawn at the percentile 100 (1 - 1/79,987).
        self.assertEqual(dom.probe["readout"], "99.99875 %: corrected: from the intended send time 11.1 ms, "
                         "uncorrected: from the actual send 2.7 ms")
        self.assertNotIn("targets met", dom.text())
        self.assertIn("None: all 79,987 proofs", dom.text())

    def test_a_run_without_answers_metrics_or_knee_is_shown(self):
        dom = self.page(report_fixture.nothing_answered(), size=(400, 800)).dom()
        self.assert_drawn(dom)
        for expected in ("Interrupted", "80,000 proofs of 80,000 failed", "No data: nothing was answered.", "no metrics were read",
                         "No step is a knee", "does not say", "UNAVAILABLE", "100 %"):
            self.assertIn(expected, dom.text())
        self.assertNotIn("NaN", dom.text())
        self.assertFalse([True for attributes in dom.attributes("line") if attributes.get("data-mark") == "knee"])

    def test_a_narrow_and_a_dark_window_suit_the_page(self):
        report = report_fixture.suite("open loop", "OVERLOADED")
        light = self.page(report, size=(400, 800)).dom()
        dark = self.page(report, size=(400, 800), flags=["--blink-settings=preferredColorScheme=0"]).dom()
        self.assert_drawn(light)
        self.assert_drawn(dark)
        self.assertEqual(light.probe["inner"], 400)
        self.assertNotEqual(light.probe["background"], dark.probe["background"])

    def test_strings_of_a_report_are_never_markup(self):
        dom = self.page(report_fixture.suite(HOSTILE, HOSTILE)).dom()
        self.assert_drawn(dom)
        self.assertIn(HOSTILE, dom.headings)
        self.assertEqual(dom.attributes("img"), [])
        self.assertEqual(dom.text().count(HOSTILE), 3)  # The heading, the link to it, the reason of the errors.
        self.assertNotIn("owned", "".join(attributes.get("data-report", "") for attributes in dom.attributes("html")))

    def test_a_report_that_cannot_be_read_says_so(self):
        for report, problem in (("{", "JSON"), (json.dumps({"runs": [{"sweep": 3}]}), "undefined")):
            with self.subTest(report=report):
                with open(os.path.join(os.path.dirname(report_page.__file__), "report.html"), encoding="utf-8") as file:
                    text = file.read().replace("@REPORT@", report)
                dom = self.page(None, text=text).dom()
                self.assertEqual(dom.state, "failed")
                self.assertNotIn("hidden", dom.problem)
                self.assertRegex(dom.text(), f"This report could not be shown whole: .*{problem}")

    def test_the_page_refers_to_nothing_outside_itself(self):
        page = report_page.render(report_fixture.one_run())
        self.assertNotIn("@REPORT@", page)
        self.assertEqual(re.findall(r"https?:[^'\"\s]*", page), ["http://www.w3.org/2000/svg"])  # A name, not an address.
        self.assertEqual(re.findall(r"@import|url\(|innerHTML|outerHTML|insertAdjacentHTML|document\.write", page), [])
        self.assertIn("default-src 'none'", page)

    def test_the_picture_is_not_blank(self):
        size, rows = self.page(report_fixture.suite("open loop", "OVERLOADED"), size=(700, 1500)).picture()
        self.assertEqual(size, (700, 1500))
        self.assertGreater(rows, 300)


if __name__ == "__main__":
    unittest.main()
