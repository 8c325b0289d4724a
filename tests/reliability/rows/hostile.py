"""Sends invalid bytes, while a well-behaved client calls."""

import concurrent.futures
import itertools
import os

import callers
import raw
import wire

FRAMES = 100_000
SEED = 9449
PARALLEL = 8
LIMIT = 20  # seconds for a daemon to give back what hostile connections held


def send(address, attack, number):
    """Runs one attack on a connection; returns whether the daemon closed it. Each attack comes from another caller, because the
    daemon refuses those whose connections it had to close."""
    try:
        with raw.connect_as(number, address) as connection:
            connection.sendall(attack.data)
            if attack.answered:
                # Reads the answers that come in time; calls still in flight are cut off.
                return raw.read_until_closed(connection, 0.03)[1]
            connection.shutdown(raw.socket.SHUT_WR)
            return raw.read_until_closed(connection, 5)[1]
    except OSError:
        return True


def hostile(bench, outcome):
    frames = bench.pick(FRAMES, 10_000)
    daemon = bench.daemon("hostile", tcp=True)
    os.chmod(bench.scratch, 0o711)
    os.chmod(daemon.socket, 0o666)
    before = daemon.scrape()
    honest = bench.client("honest", daemon.targets, 300, retry=False, rate=200, threads=4)
    addresses = itertools.cycle((daemon.socket, daemon.tcp))
    sent = connections = hung_up = 0
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        attacks = wire.attacks(SEED, frames)
        while block := list(itertools.islice(attacks, 20 * PARALLEL)):
            if not outcome.expect(daemon.alive(), f"the daemon ended after {sent:,} frames"):
                break
            results = list(pool.map(send, addresses, block, itertools.count(connections)))
            sent, connections, hung_up = sent + sum(a.frames for a in block), connections + len(block), hung_up + sum(results)
    summary = honest.stop()
    callers.nothing_failed(outcome, "the honest client", summary)
    outcome.expect(daemon.alive(), "the daemon ended")
    outcome.expect(hung_up > 0, "the daemon closed no connection")
    if daemon.alive():
        metrics = daemon.expect_idle(outcome, before, LIMIT)
        # A third of all are corrupted only in the message; most of these must reach the service, which refuses them.
        refused = metrics["proofmint_errors_total"] - before["proofmint_errors_total"]
        outcome.expect(refused > sent / 20, f"got {refused:,.0f} requests refused by the service, want the frames to be read")
        outcome.equal("exit status", daemon.stop(), 0)
    outcome.measure(f"{sent:,} frames on {connections:,} connections ({hung_up:,} hung up on); beside them "
                    f"{summary['failed_calls']} of {summary['calls']:,} honest calls failed, slowest "
                    f"{summary['latency_ms']['max']:.0f} ms", frames=sent, connections=connections, honest=summary)
