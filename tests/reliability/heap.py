"""Reads the live heap of a process: what proofmint-heap-preload.so counts as allocated and not freed."""

import collections
import os
import struct

# Counts are the bytes and blocks that are live, and the peak of the bytes.
Counts = collections.namedtuple("Counts", ["bytes", "blocks", "peak"])
LAYOUT = struct.Struct("=qqq")  # HeapCounts in heap_preload.cc


class Heap:
    """Heap is that of one process, which runs with `environment`."""

    def __init__(self, bench, name):
        self.path = os.path.join(bench.scratch, f"{name}.heap")
        with open(self.path, "wb") as file:
            file.write(bytes(LAYOUT.size))
        self.environment = {"LD_PRELOAD": bench.program("proofmint-heap-preload.so"), "PROOFMINT_HEAP_FILE": self.path}

    def counts(self):
        with open(self.path, "rb") as file:
            return Counts(*LAYOUT.unpack(file.read()))


def growth(earlier, now):
    """Returns by how many bytes and blocks `now` exceeds the lowest of `earlier`, a list of Counts. A reading may be too high,
    since some blocks are freed only after the last call has ended; but a leak shows in every later reading."""
    return now.bytes - min(counts.bytes for counts in earlier), now.blocks - min(counts.blocks for counts in earlier)
