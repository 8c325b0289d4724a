"""Makes the rows of the table from the measurements of all rounds."""

import statistics

# What the ways of a language are compared with. C++: the CPU time of broker and signer together. Node: that of the broker, which
# has one thread for everything.
OPENSSL, NODE_CRYPTO = "openssl", "node_crypto"


def total(run):
    return run["broker_us"] + run["signer_us"]


def broker(run):
    return run["broker_us"]


def reached(runs):
    """Returns the runs that kept up with their rate, if these are most of them."""
    kept = [run for run in runs if run["kept_up"] and run["broker_us"] is not None]
    return kept if 2 * len(kept) > len(runs) else []


def median(values, decimals=2):
    """Returns the median of the values that are there, rounded, or None."""
    values = [value for value in values if value is not None]
    return round(statistics.median(values), decimals) if values else None


def ratio(runs, base_runs, cost):
    """Returns the median of cost(run) / cost(run of the base) over the rounds in which the way kept up, or None. The base need not have
    kept up: what its proofs cost at the rate that it did reach has been measured, too."""
    if not reached(runs):
        return None
    pairs = [(run, base) for run, base in zip(runs, base_runs) if reached([run]) and base["broker_us"]]
    return median([cost(run) / cost(base) for run, base in pairs], 3)


def row(way, load, runs, base_runs):
    """Returns the row of `way` for a load, {"rate": N} or {"in_flight": N}: the medians of its runs, one for each round. The figures
    are None if the rate was not reached, and the rate that was is added. base_runs: those of the way that it is compared with, by round."""
    kept = reached(runs)
    made = {"way": way} | load | {"broker_us": median(map(broker, kept)), "signer_us": median(run["signer_us"] for run in kept),
                                  "total_us": median(map(total, kept))}
    if way.startswith("node_"):
        made["ratio_node_crypto"] = ratio(runs, base_runs, broker)
    else:
        made["ratio_openssl"] = ratio(runs, base_runs, total)
    made |= {name: median((run[name] for run in kept), 1) for name in ("p50_us", "p99_us")}
    if "in_flight" in load or not kept:
        made["proofs_per_second"] = median((run["proofs_per_second"] for run in runs), 0)
    if "longest_pause_ms" in runs[0]:
        made["longest_pause_ms"] = median((run["longest_pause_ms"] for run in kept), 2)
    return made


def base_of(way):
    return NODE_CRYPTO if way.startswith("node_") else OPENSSL


def rows(runs):
    """Returns all rows. `runs`: {(way, name of the load, its value): [run of round 1, …]}, in the order of the rows."""
    return [row(way, {load: value}, those, runs[base_of(way), load, value]) for (way, load, value), those in runs.items()
            if not way.endswith("arrivals")]
