"""Takes away all file descriptors, and the disk space of the logs."""

import time

import callers
import daemon
import raw
import wire

DESCRIPTORS = 64


def limits(bench, outcome):
    descriptors(bench, outcome)
    full_disk(bench, outcome)


def descriptors(bench, outcome):
    server = bench.daemon("descriptors", tcp=True, prefix=["prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}"])
    before = server.scrape()
    client = bench.client("connected", server.targets, 120, retry=False, rate=200, threads=4)
    daemon.wait_until(lambda: server.scrape()["proofmint_proofs_total"] > 50, 20, "no calls arrive")
    connections = []
    for i in range(4 * DESCRIPTORS):
        # Connections beyond the limit wait in the backlog of the listener, or are refused.
        try:
            connections.append(raw.connect(server.socket if i % 2 else server.tcp, 0.05))
            connections[-1].sendall(wire.GREETING)
        except OSError:
            pass
    cpu, start = server.cpu_seconds(), time.monotonic()
    time.sleep(bench.pick(3, 1.5))
    busy = (server.cpu_seconds() - cpu) / (time.monotonic() - start)
    summary = client.stop()
    callers.nothing_failed(outcome, "out of descriptors: the client that is connected", summary)
    # 200 calls/s need some 2 % of a CPU; an accept loop that spins takes a whole one.
    outcome.expect(busy < 0.5, f"out of descriptors: got {busy:.0%} of a CPU used, want it idle")
    for connection in connections:
        connection.close()
    daemon.wait_until(server.try_scrape, 20, "no metrics after the descriptors came back")
    for target in server.targets:
        said = callers.sign(bench, target)
        outcome.expect(said.status == 0, f"after the descriptors came back: {target}: {said}")
    server.expect_idle(outcome, before, 20)
    outcome.equal("out of descriptors: exit status", server.stop(), 0)
    outcome.measure(f"out of descriptors: {summary['failed_calls']} of {summary['calls']:,} calls failed, {busy:.0%} of a CPU, "
                    f"back to normal;", **{"out of descriptors": summary})


def full_disk(bench, outcome):
    server = bench.daemon("full_disk", "--audit_log=/dev/full", log="/dev/full")
    client = bench.client("unaffected", [server.target], bench.pick(3, 1), retry=False, rate=300, threads=4).finish()
    callers.nothing_failed(outcome, "full disk", client)

    def dropped():
        metrics = server.scrape()
        return metrics["proofmint_audit_dropped_total"], metrics["proofmint_log_dropped_total"]
    end = time.monotonic() + 5
    while dropped()[0] < client["calls"] and time.monotonic() < end:
        time.sleep(0.05)
    audit, log = dropped()
    outcome.expect(audit >= client["calls"],
                   f"full disk: got {audit:.0f} audit lines counted as dropped, want one for each of {client['calls']} calls")
    outcome.expect(log > 0, "full disk: no dropped line of the log is counted")
    outcome.equal("full disk: exit status", server.stop(), 0)
    outcome.measure(f"full disk: {client['failed_calls']} of {client['calls']:,} calls failed, {audit:,.0f} audit and {log:.0f} "
                    "log lines dropped and counted", **{"full disk": client})
