"""Makes small reports as proofmint-load and scripts/load write them, for the test of the page."""

MACHINE = {"cpu": "Example CPU 9000", "cores": 2, "linux": "6.1.0", "memory_bytes": 8 * 2**30, "governor": None,
           "proofmint_version": "0.1.0", "compiler": "Clang 14.0.6"}
CONFIG = {"targets": ["unix:/run/proofmint/proofmintd.sock"], "rate": 20000, "concurrency": 64, "batch": 1, "connections": 2,
          "duration_s": 4, "warmup_s": 1, "algorithms": {"ES256": 9, "Ed25519": 1}, "nonce": "", "verify": 0.01, "seed": 7,
          "max_attempts": 1, "tls": False, "server": {"version": "0.1.0", "kernel": "avx512"}}


def latencies(p50, scale=1.0):
    return {"p50": p50, "p90": p50 * 1.5, "p99": p50 * 4 * scale, "p999": p50 * 20 * scale, "p9999": p50 * 60 * scale,
            "max": p50 * 90 * scale, "mean": p50 * 1.1}


def percentiles(figures):
    names = [(50, "p50"), (90, "p90"), (99, "p99"), (99.9, "p999"), (99.99, "p9999"), (100, "max")]
    return [[0, figures["p50"] / 2]] + [[percentile, figures[name]] for percentile, name in names]


def step(rate, keeps_up):
    figures = latencies(120.0 if keeps_up else 45000.0)
    return {"target_rate": rate, "achieved_rate": rate * (0.999 if keeps_up else 0.7), "ok": rate * 4, "errors": 0,
            "latency_us": figures, "uncorrected_latency_us": latencies(110.0), "server_cpu_us_per_proof": 17.5,
            "keeps_up": keeps_up}


def sweep(knee=22000):
    return {"knee_rate": knee, "steps": [step(rate, knee is not None and rate <= knee) for rate in (6000, 14000, 22000, 30000)]}


def run(name, **changes):
    figures, uncorrected = latencies(123.4), latencies(120.0, 0.25)
    timeline = [{"second": i, "sent": 20000, "ok": 19990 + i, "errors": 0, "p50_us": 120.0 + i, "p99_us": 480.0 + 9 * i,
                 "server_resident_bytes": (30 + i) * 2**20} for i in range(4)]
    return {"name": name, "target_rate": 20000, "achieved_rate": 19987.5, "sent": 80000, "ok": 79987, "late_sends": 12,
            "errors": {}, "retries": 0, "latency_us": figures, "uncorrected_latency_us": uncorrected,
            "server_cpu_us_per_proof": 18.25, "client_cpu_us_per_proof": 21.5, "server_resident_bytes": {"first": 30 * 2**20, "last": 33 * 2**20, "max": 33 * 2**20},
            "verified": 812, "verify_failures": 0, "config": CONFIG, "machine": MACHINE, "interrupted": False, "timeline": timeline,
            "percentiles": percentiles(figures), "uncorrected_percentiles": percentiles(uncorrected), "sweep": None} | changes


def one_run(**changes):
    """Returns a report of `proofmint-load --html`."""
    return {"title": "proofmint-load", "machine": MACHINE, "runs": [run("ES256, 20,000 proofs/s", **changes)]}


def nothing_answered():
    """Returns a report in which every call failed, without metrics or a knee."""
    zero = dict.fromkeys(latencies(0), 0)
    return one_run(ok=0, achieved_rate=0, errors={"UNAVAILABLE": 80000}, latency_us=zero, uncorrected_latency_us=zero,
                   server_cpu_us_per_proof=None, server_resident_bytes=None, verified=0, timeline=[], percentiles=[],
                   uncorrected_percentiles=[], sweep=sweep(None), interrupted=True, config=CONFIG | {"server": None})


def suite(first_name, reason):
    """Returns a report of `scripts/load`, whose first run has the given name, and errors with the given reason."""
    figure = {"name": "batch 64", "algorithm": "ES256", "batch": 64, "kernel": "default", "rate": 0, "achieved_rate": 91234.5,
              "server_cpu_us_per_proof": 7.125, "server_cpu_us_range": [6.875, 7.5], "p50_us": 1234.5, "p99_us": 4321.0,
              "errors": 0}
    return {
        "title": "Proofmint under load", "machine": MACHINE, "seconds": 4,
        "table": [
            {"what": "batch 64, ES256", "measured": "4.61x less", "target": "≥ 3x less", "met": True, "detail": "4.58x to 4.70x"},
            {"what": "unary ES256", "measured": "1.82x", "target": "≤ 1.7x", "met": False},
            {"what": "allocations", "measured": "a unit test", "target": "≤ 1", "met": None},
        ],
        "figures": [figure, figure | {"kernel": "boringssl", "server_cpu_us_per_proof": 32.75}],
        "runs": [
            run(first_name, errors={reason: 345, "OVERLOADED": 12}, late_sends=4000, verify_failures=2),
            run("sweep", sweep=sweep()),
            run("closed loop", target_rate=0, config=CONFIG | {"rate": 0, "batch": 64, "algorithms": {"ES256": 1}}),
        ],
    }
