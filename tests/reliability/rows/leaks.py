"""Tests that the daemon frees what it holds for callers that disconnect in the middle, or never finish."""

import subprocess
import time

import callers
import daemon
import heap
import raw
import wire

CONNECTIONS = 1000
LIMIT = 20  # seconds to give everything back
# So much more may be live after the last round than after the best one: buffers that grow to the need of one round.
# A leak of one block a connection is eleven times as many blocks after each round, of one a cancelled call 80 or more.
MORE_BLOCKS = 100
MORE_BYTES = 128 * 2**10
# Resident memory may grow to this many times the most bytes that were live at once: the allocator gives back only what is at
# the end of the heap, and its free blocks do not fit every request.
RESIDENT_PER_LIVE = 2
# Threads that each have an arena of their own would fill them one by one, for dozens of rounds.
ONE_ARENA = {"MALLOC_ARENA_MAX": "1"}


def killed_callers(bench, server):
    """Kills eight load generators with big batches in flight, all at once."""
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
    """Opens connections that stop within the preface, a frame or a call; some then close, others stay open and silent."""
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
    """Runs callers that request far more than their flow-control window holds, and read nothing."""
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
    # All of them are connected at once, and other callers are served meanwhile.
    connections += many(server)
    daemon.wait_until(lambda: server.scrape()["proofmint_connections"] >= CONNECTIONS, LIMIT,
                      f"proofmint_connections does not count {CONNECTIONS} connections")
    callers.nothing_failed(outcome, "beside all connections",
                           bench.client("beside", [server.target], 0.5, retry=False, rate=100, threads=2).finish())
    for connection in connections:
        connection.close()


def expect_no_leak(outcome, counter, readings):
    """Compares the live heap with `readings`, one from the end of each round; returns its growth in bytes and blocks. Memory
    of a round may be freed a moment later; a leak is not."""
    end = time.monotonic() + LIMIT
    while True:
        more_bytes, more_blocks = heap.growth(readings, counter.counts())
        if (more_bytes <= MORE_BYTES and more_blocks <= MORE_BLOCKS) or time.monotonic() > end:
            break
        time.sleep(0.05)
    text = ", ".join(f"{reading.blocks:,} blocks of {reading.bytes / 2**10:,.0f} KiB" for reading in readings)
    outcome.expect(more_bytes <= MORE_BYTES, f"live bytes: got {more_bytes:+,} ({text}), want at most {MORE_BYTES:+,}")
    outcome.expect(more_blocks <= MORE_BLOCKS, f"live blocks: got {more_blocks:+,} ({text}), want at most {MORE_BLOCKS:+,}")
    # Without the library all counts are 0, and they do not grow.
    outcome.expect(min(readings).blocks > 0, f"live blocks: got {text}; proofmint-heap-preload.so does not count")
    return more_bytes, more_blocks


def leaks(bench, outcome):
    raw.allow_descriptors(3 * CONNECTIONS)
    counter = heap.Heap(bench, "leaks")
    # All connections are of one uid, which may have a quarter of the most.
    server = bench.daemon("leaks", f"--max_connections={12 * CONNECTIONS}", environment=ONE_ARENA | counter.environment)
    # The pool, gRPC's threads and the arenas are made at their first use and kept.
    bench.client("warm-up", [server.target], bench.pick(2, 1), retry=False, threads=8, batch=64).finish()
    # The daemon keeps an object for each descriptor that was ever in use: more of them than any round needs.
    for connection in many(server) + many(server):
        connection.close()
    before = server.scrape()
    resident, live = [], []
    for _ in range(bench.pick(8, 4)):
        round_of_trouble(bench, outcome, server)
        resident.append(server.expect_idle(outcome, before, LIMIT)["process_resident_memory_bytes"])
        live.append(counter.counts())
    more_bytes, more_blocks = expect_no_leak(outcome, counter, live)
    peak = counter.counts().peak
    most = before["process_resident_memory_bytes"] + RESIDENT_PER_LIVE * peak
    outcome.expect(max(resident) <= most, f"resident memory: got {', '.join(f'{value / 2**20:.1f}' for value in resident)} MiB "
                   f"after the rounds, want at most {most / 2**20:.1f}; {peak / 2**20:.1f} MiB were live at once")
    after = server.scrape()
    outcome.equal("exit status", server.stop(), 0)
    outcome.measure(f"{len(live)} rounds of {CONNECTIONS + 140:,} connections: {more_blocks:+,} live blocks, "
                    f"{more_bytes / 2**10:+.0f} KiB; {resident[-1] / 2**20:.0f} MiB resident, {peak / 2**20:.0f} live at most; "
                    f"descriptors {after['process_open_fds'] - before['process_open_fds']:+.0f}, "
                    f"{after['proofmint_in_flight_proofs']:.0f} in flight", resident=resident, live=live)
