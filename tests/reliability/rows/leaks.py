"""Callers that go away in the middle, or never end: what the daemon held for them comes back."""

import subprocess
import time

import callers
import daemon
import raw
import wire

CONNECTIONS = 1000
LIMIT = 20  # seconds to give everything back
# Resident memory may grow by the allocator's leftovers: 2 KiB for each connection of one round, and of all others nothing.
GROWTH = 2 * 2**20
# Threads that each have an arena of their own would fill them one by one, for dozens of rounds.
ONE_ARENA = {"MALLOC_ARENA_MAX": "1"}


def killed_callers(bench, server):
    """Eight load generators with big batches in flight, killed all at once."""
    command = [*daemon.TIED, bench.program("proofmint-load"), f"--target={server.target}", "--batch=256", "--concurrency=64",
               "--connections=4", "--duration=60s", "--verify=0"]
    processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(8)]
    try:
        daemon.wait_until(lambda: server.scrape()["proofmint_in_flight_proofs"] > 256, 20, "no load arrives")
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


def half_open(server):
    """Connections that stop in the middle: of the preface, of a frame, of a call; some hang up, some just say no more."""
    calls = wire.GREETING + wire.call(1, wire.BATCH_SIGN_PROOFS, wire.batch_request(100))
    cuts = [0, 10, len(wire.GREETING), len(wire.GREETING) + 20, len(calls) - 100, len(calls)]
    connections = []
    for i in range(120):
        connection = raw.connect(server.socket)
        connection.sendall(calls[:cuts[i % len(cuts)]])
        if i % 2:
            connection.shutdown(raw.socket.SHUT_WR)
        connections.append(connection)
    return connections


def slow_readers(server):
    """Callers who ask for far more than the window holds, and read none of it."""
    connections = []
    for _ in range(20):
        connection = raw.connect(server.socket)
        connection.sendall(wire.GREETING + b"".join(wire.call(stream, wire.BATCH_SIGN_PROOFS, wire.batch_request(64))
                                                    for stream in range(1, 20, 2)))
        connections.append(connection)
    return connections


def many(server):
    connections = []
    for _ in range(CONNECTIONS):
        connections.append(raw.connect(server.socket))
        connections[-1].sendall(wire.GREETING)
    return connections


def round_of_trouble(bench, outcome, server):
    killed_callers(bench, server)
    connections = half_open(server) + slow_readers(server)
    # All of them at once, and honest callers are served beside them.
    connections += many(server)
    daemon.wait_until(lambda: server.scrape()["proofmint_connections"] >= CONNECTIONS, LIMIT,
                      f"proofmint_connections does not count {CONNECTIONS} connections")
    callers.nothing_failed(outcome, "beside all connections",
                           bench.client("beside", [server.target], 0.5, retry=False, rate=100, threads=2).finish())
    for connection in connections:
        connection.close()


def leaks(bench, outcome):
    raw.allow_descriptors(3 * CONNECTIONS)
    server = bench.daemon("leaks", environment=ONE_ARENA)
    # What is first used is not given back: the pool, gRPC's own threads and arenas.
    bench.client("warm-up", [server.target], bench.pick(2, 1), retry=False, threads=8, batch=64).finish()
    before = server.scrape()
    resident = []
    for _ in range(bench.pick(8, 4)):
        round_of_trouble(bench, outcome, server)
        metrics = server.expect_idle(outcome, before, LIMIT)
        time.sleep(0.2)
        resident.append(metrics["process_resident_memory_bytes"])
    # The first two rounds find the size that the allocator needs for all of this at once.
    growth = max(resident[2:]) - resident[1]
    outcome.expect(growth <= GROWTH, f"resident memory: got {growth / 2**20:+.1f} MiB after the second round "
                   f"({', '.join(f'{value / 2**20:.1f}' for value in resident)}), want at most {GROWTH / 2**20:+.0f}")
    after = server.scrape()
    outcome.equal("exit status", server.stop(), 0)
    outcome.measure(f"{len(resident)} rounds of {CONNECTIONS + 140:,} connections: memory {growth / 2**20:+.1f} MiB after the "
                    f"second, descriptors {after['process_open_fds'] - before['process_open_fds']:+.0f}, "
                    f"{after['proofmint_in_flight_proofs']:.0f} in flight", resident=resident)
