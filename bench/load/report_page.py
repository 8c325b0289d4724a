"""Makes the page of a load report: bench/load/report.html with the report's JSON in it."""

import json
import os

TEMPLATE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "report.html")


def render(report):
    """Returns the page as text. A report is a suite as docs/benchmarking.md describes it."""
    with open(TEMPLATE, encoding="utf-8") as file:
        template = file.read()
    # Escapes every "<", so that neither "</script>" nor "<!--" can end or change the element that holds the JSON.
    return template.replace("@REPORT@", json.dumps(report, ensure_ascii=False).replace("<", "\\u003c"))
