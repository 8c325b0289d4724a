"""Formats the rows as text."""

from bench.load import tables

NAMES = {"openssl": "OpenSSL", "boringssl": "BoringSSL", "unary_stub": "unary stub", "signer_client": "SignerClient",
         "batch_stub": "batches of 64", "node_crypto": "node:crypto", "node_jose": "jose", "node_stub": "grpc-js",
         "node_client": "npm package"}


def number(value):
    """Returns at least three digits: what follows them is noise."""
    return tables.number(value, 0 if value is None or value >= 100 else 1)


def times(value):
    return tables.NUMBER if value is None else f"{value:.2f}x"


def load(row):
    return f"{row['rate']:,}/s" if "rate" in row else f"{row['in_flight']} in flight"


def cells(row, ratio):
    """Returns the cells of a row, except the load."""
    name = NAMES[row["way"]]
    rate = tables.number(row.get("proofs_per_second"))
    if row["broker_us"] is None:
        return [name, "not reached", *[""] * 5, rate]
    return [name, *(number(row[cost]) for cost in ("broker_us", "signer_us", "total_us")), times(row[ratio]),
            number(row["p50_us"]), number(row["p99_us"]), rate, number(row.get("longest_pause_ms"))]


def table(rows, ratio, ratio_heading):
    """Returns a table of `rows`, which have the member `ratio`. The load is shown in the first row that has it."""
    headings = ["load", "way", ">broker", ">signer", ">total", ratio_heading, ">p50", ">p99", ">proofs/s"]
    if any("longest_pause_ms" in row for row in rows):
        headings.append(">pause ms")
    lines, shown = [], None
    for row in rows:
        line = ["" if load(row) == shown else load(row), *cells(row, ratio)]
        shown = load(row)
        lines.append([*line, *[""] * (len(headings) - len(line))][:len(headings)])
    return tables.table(headings, lines)


def cpp(rows):
    return table([row for row in rows if "ratio_openssl" in row], "ratio_openssl", ">of OpenSSL")


def node(rows):
    return table([row for row in rows if "ratio_node_crypto" in row], "ratio_node_crypto", ">of crypto")
