"""Judges the rows by the targets."""

from bench.cost import tables


def find(rows, way, **load):
    return next((row for row in rows if row["way"] == way and load.items() <= row.items()), None)


def target(what, value, most, text):
    """Returns a row for bench.load.tables.targets. It is not judged if `value` is None: not measured, or not reached."""
    met = None if value is None else value <= most
    return {"what": what, "measured": text(value), "target": f"≤ {text(most)}", "met": met}


def quotient(row, member, other, other_member=None):
    """Returns row[member] / other[other_member], or None if a row or a figure is missing."""
    if not (row and other and row[member] and other[other_member or member]):
        return None
    return row[member] / other[other_member or member]


def cpp(rows):
    """Returns the targets of the C++ client; none of the rates that were not measured."""
    judged = []
    for rate, most in (8000, 1), (16000, 0.6), (30000, 0.35):
        row = find(rows, "signer_client", rate=rate)
        if row:
            judged.append(target(f"SignerClient, {rate:,}/s: broker and signer, of OpenSSL in process", row["ratio_openssl"], most,
                                 tables.times))
            share = quotient(row, "broker_us", row, "total_us")
            judged.append(target(f"SignerClient, {rate:,}/s: the broker's share, of OpenSSL in process",
                                 None if share is None else row["ratio_openssl"] * share, 0.4, tables.times))
    client = find(rows, "signer_client", in_flight=256)
    batches = quotient(client, "proofs_per_second", find(rows, "batch_stub", in_flight=256))
    if client:
        judged.append({"what": "SignerClient, 256 in flight: proofs/s, of explicit batches of 64", "target": "≥ 0.70x",
                       "measured": tables.times(batches), "met": None if batches is None else batches >= 0.7})
    for rate, percentile, most in (100, "p50_us", 1.05), (8000, "p99_us", 1):
        row = find(rows, "signer_client", rate=rate)
        if row:
            judged.append(target(f"SignerClient, {rate:,}/s: {percentile[:3]}, of the unary stub's",
                                 quotient(row, percentile, find(rows, "unary_stub", rate=rate)), most, tables.times))
    return judged


def node(rows):
    """Returns the targets of the Node client; none of the loads that were not measured."""
    judged = []
    for load, value, most in (("in_flight", 64, 0.2), ("in_flight", 8, 0.5), ("in_flight", 1, 1.5), ("rate", 2000, 0.6)):
        row = find(rows, "node_client", **{load: value})
        if row:
            judged.append(target(f"npm package, {tables.load(row)}: the broker, of node:crypto in process",
                                 row["ratio_node_crypto"], most, tables.times))
    row, jose = find(rows, "node_client", rate=5000), find(rows, "node_jose", rate=5000)
    if row:
        judged.append(target("npm package, 5,000/s: longest pause of the event loop, of jose's",
                             quotient(row, "longest_pause_ms", jose), 1, tables.times))
    return judged
