"""Evaluates the measurements of a suite: medians, ratios, and whether each target is met."""

import statistics

MEBIBYTE = 2**20
# Resident memory counts as flat if it grows by no more than this: an arena of the allocator. A leak grows with the proofs.
FLAT = 4 * MEBIBYTE


def errors(run):
    """Returns the failed proofs of a run; for a sweep, of the step at the knee, since the server need not keep up beyond it."""
    return sum(run["errors"].values())


def wrong(runs):
    """Returns (errors, verify failures), summed over `runs`."""
    return sum(errors(run) for run in runs), sum(run["verify_failures"] for run in runs)


def median(runs, value):
    """Returns the median of value(run) over the runs that have one, or None."""
    values = [value(run) for run in runs if value(run) is not None]
    return statistics.median(values) if values else None


def cost(run):
    return run["server_cpu_us_per_proof"]


def ratios(dearer, cheaper):
    """Returns cost / cost for each pair of runs of the same round that has both costs."""
    return [cost(a) / cost(b) for a, b in zip(dearer, cheaper) if cost(a) and cost(b)]


def spread(values):
    return f"{min(values):.2f}x to {max(values):.2f}x in {len(values)} round{'s' if len(values) > 1 else ''}"


def figure(name, algorithm, kernel, runs):
    """Returns one row of the figures: the medians of the rounds."""
    costs = [cost(run) for run in runs if cost(run) is not None]
    return {
        "name": name, "algorithm": algorithm, "batch": runs[0]["config"]["batch"], "kernel": kernel,
        "rate": runs[0]["target_rate"], "achieved_rate": median(runs, lambda run: run["achieved_rate"]),
        "server_cpu_us_per_proof": median(runs, cost), "server_cpu_us_range": [min(costs), max(costs)] if costs else None,
        "p50_us": median(runs, lambda run: run["latency_us"]["p50"]), "p99_us": median(runs, lambda run: run["latency_us"]["p99"]),
        "errors": sum(errors(run) for run in runs)}


def row(what, measured, target, met, detail=None):
    return {"what": what, "measured": measured, "target": target, "met": met} | ({"detail": detail} if detail else {})


def batch_row(algorithm, default, boringssl):
    what, target = f"batch 64, {algorithm}: server CPU per proof, against --kernel=boringssl, no pool", "≥ 3x less"
    values = ratios(boringssl, default)
    if not values:
        return row(what, "not measured", target, None)
    measured = statistics.median(values)
    return row(what, f"{measured:.2f}x less", target, measured >= 3, spread(values))


def empty_row(closed, opened, rate):
    """Returns the rows of the empty server. closed, opened: (runs of proofmintd, runs of the empty server), by round."""
    what, target = "unary, ES256: server CPU per call, against an empty handler", "≤ 1.7x (ambition 1.3x)"
    values = {"closed loop": ratios(*closed), f"open loop at {rate:,.0f} calls/s": ratios(*opened)}
    if not all(values.values()):
        return row(what, "not measured", target, None)
    medians = {name: statistics.median(those) for name, those in values.items()}
    worst = max(medians, key=medians.get)
    detail = "; ".join(f"{name} {medians[name]:.2f}x ({spread(those)})" for name, those in values.items())
    return row(what, f"{medians[worst]:.2f}x", target, medians[worst] <= 1.7, f"{detail}; the larger counts")


def memory_row(run, proofs):
    """Returns the row of a run on a new server: its memory after the first tenth of `proofs`, and after all of them."""
    name = "1 million" if proofs == 10**6 else f"{proofs:,}"
    what, target = f"resident memory after {name} proofs", f"≤ 64 MiB, ≤ +{FLAT // MEBIBYTE} MiB since the first tenth"
    answered, first, last = 0, None, None
    # Resident memory is read at the end of each second but the last one.
    for second in [*run["timeline"], {"ok": 0, "server_resident_bytes": (run["server_resident_bytes"] or {}).get("last")}]:
        answered += second["ok"]
        if first is None and answered >= proofs / 10:
            first = second["server_resident_bytes"]
        if last is None and answered >= proofs:
            last = second["server_resident_bytes"]
    if first is None or last is None:
        return row(what, f"not measured: {answered:,} proofs", target, None)
    most = max(last, *(second["server_resident_bytes"] or 0 for second in run["timeline"]))
    met = most <= 64 * MEBIBYTE and last <= first + FLAT
    return row(what, f"{last / MEBIBYTE:.1f} MiB, {(last - first) / MEBIBYTE:+.1f} MiB", target, met,
               f"{first / MEBIBYTE:.1f} MiB after a tenth, {most / MEBIBYTE:.1f} at most")


def half_knee_row(run):
    what, target = "unary, ES256, open loop at 50 % of the knee", "p99 ≤ 10x p50, no errors"
    if run is None:
        return row(what, "not measured: no knee", target, None)
    p50, p99, failed = run["latency_us"]["p50"], run["latency_us"]["p99"], errors(run)
    met = run["ok"] > 0 and failed == 0 and p99 <= 10 * p50
    return row(what, f"{p99 / p50 if p50 else 0:.1f}x, {failed:,} errors", target, met,
               f"p50 {p50:,.0f} us, p99 {p99:,.0f} us at {run['target_rate']:,.0f} proofs/s")


def right_row(runs, what="all runs: failed proofs, and proofs that do not verify"):
    failed, unverified = wrong(runs)
    return row(what, f"{failed:,} and {unverified:,}", "none", failed + unverified == 0,
               f"{sum(run['verified'] for run in runs):,} proofs verified, of {sum(run['ok'] for run in runs):,}")


def soak_rows(run, seconds):
    """Returns the rows of a soak: errors, and the memory of the last minute compared with the first after warm-up."""
    rows = [right_row([run], f"{seconds:g} s at 80 % of the knee: failed proofs, and proofs that do not verify")]
    resident = [second["server_resident_bytes"] for second in run["timeline"] if second["server_resident_bytes"] is not None]
    window = max(1, min(60, len(resident) // 4))
    what = f"greatest resident memory of the last {window} s, against the first {window} s after warm-up"
    target = f"≤ +{FLAT // MEBIBYTE} MiB"
    if len(resident) < 0.9 * len(run["timeline"]) or len(resident) < 2:
        return [*rows, row(what, "not measured", target, False)]
    first, last = max(resident[:window]), max(resident[-window:])
    return [*rows, row(what, f"{(last - first) / MEBIBYTE:+.1f} MiB", target, last <= first + FLAT,
                       f"{first / MEBIBYTE:.1f} MiB, then {last / MEBIBYTE:.1f} MiB")]
