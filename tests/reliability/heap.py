"""What a process has allocated and not freed, as proofmint-heap-preload.so counts it."""

import collections
import os
import struct

# The bytes and blocks that are live, and the most bytes that ever were.
Counts = collections.namedtuple("Counts", ["bytes", "blocks", "peak"])
LAYOUT = struct.Struct("=qqq")  # HeapCounts in heap_preload.cc


class Heap:
    """The heap of one process, which runs with `environment`."""

    def __init__(self, bench, name):
        self.path = os.path.join(bench.scratch, f"{name}.heap")
        with open(self.path, "wb") as file:
            file.write(bytes(LAYOUT.size))
        self.environment = {"LD_PRELOAD": bench.program("proofmint-heap-preload.so"), "PROOFMINT_HEAP_FILE": self.path}

    def counts(self):
        with open(self.path, "rb") as file:
            return Counts(*LAYOUT.unpack(file.read()))


def growth(earlier, now):
    """The bytes and blocks that `now` has more than the lowest of `earlier`, a list of Counts. A reading may be too high, since
    some blocks are freed only after the last call has ended, but what has leaked is in every later one."""
    return now.bytes - min(counts.bytes for counts in earlier), now.blocks - min(counts.blocks for counts in earlier)
