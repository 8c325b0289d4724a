"""Restarts and kills the daemon while brokers call it."""

import time

import callers


def start(bench, name):
    """Starts a daemon, and a client at each of its two addresses."""
    daemon = bench.daemon(name, tcp=True)
    clients = {"unary": bench.client(f"{name}-unary", daemon.targets, 300, threads=8, rate=800),
               "batch 8": bench.client(f"{name}-batch", daemon.targets, 300, threads=4, rate=80, batch=8)}
    return daemon, clients


def stop(outcome, daemon, clients):
    summaries = {name: client.stop() for name, client in clients.items()}
    outcome.equal("exit status in the end", daemon.stop(), 0)
    return summaries


def text_of(summaries):
    total = {member: sum(summary[member] for summary in summaries.values()) for member in
             ("calls", "failed_calls", "right_proofs", "wrong_proofs", "duplicate_proofs")}
    slowest = max(summary["latency_ms"]["max"] for summary in summaries.values())
    return (f"{total['failed_calls']} of {total['calls']:,} calls failed, {total['wrong_proofs']} wrong and "
            f"{total['duplicate_proofs']} duplicate of {total['right_proofs']:,} proofs, slowest call {slowest / 1000:.1f} s")


def restarts(bench, outcome):
    rounds = bench.pick(20, 4)
    daemon, clients = start(bench, "restarts")
    slowest = 0
    for i in range(rounds):
        time.sleep(0.5)
        begin = time.monotonic()
        outcome.equal(f"restart {i + 1}: exit status", daemon.stop(), 0)
        daemon.start()
        slowest = max(slowest, time.monotonic() - begin)
    time.sleep(0.5)
    summaries = stop(outcome, daemon, clients)
    for name, summary in summaries.items():
        callers.nothing_failed(outcome, name, summary)
    outcome.measure(f"{rounds} restarts of at most {slowest:.1f} s: {text_of(summaries)}", restarts=rounds, **summaries)


def kills(bench, outcome):
    rounds = bench.pick(10, 4)
    daemon, clients = start(bench, "kills")
    for _ in range(rounds):
        time.sleep(0.5)
        daemon.kill()
        daemon.start()  # fails unless it takes over the socket that the other one left
    time.sleep(0.5)
    summaries = stop(outcome, daemon, clients)
    for name, summary in summaries.items():
        callers.proofs_are_right(outcome, name, summary)
    outcome.measure(f"{rounds} kills, the socket taken over each time: {text_of(summaries)}", kills=rounds, **summaries)
