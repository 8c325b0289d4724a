#!/usr/bin/env python3
"""heap_test.py LIBRARY: tests what LIBRARY, proofmint-heap-preload.so, counts in a process that allocates and frees, and how
counts are compared."""

import os
import subprocess
import sys
import tempfile
import types
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)

import heap  # pylint: disable=wrong-import-position

LIBRARY = sys.argv.pop() if len(sys.argv) > 1 else ""
BLOCKS, SIZE = 1000, 4000
# The interpreter also allocates between two readings, but a hundred times less.
OTHER_BLOCKS, OTHER_BYTES = BLOCKS / 4, BLOCKS * SIZE / 100

# This program runs with the library and prints a line of counts before and after each step.
PROGRAM = f"""
import ctypes, sys
sys.path.insert(0, {HERE!r})
import heap
c = ctypes.CDLL(None)
for name in ("malloc", "calloc", "realloc", "memalign", "aligned_alloc"):
    getattr(c, name).restype = ctypes.c_void_p
reader = heap.Heap.__new__(heap.Heap)
reader.path = sys.argv[1]
slot, size = ctypes.c_void_p(), ctypes.c_size_t({SIZE})
def posix_memalign():
    assert c.posix_memalign(ctypes.byref(slot), ctypes.c_size_t(64), size) == 0
    return slot.value
allocate = dict(
    malloc=lambda: c.malloc(size),
    calloc=lambda: c.calloc(ctypes.c_size_t(2), ctypes.c_size_t({SIZE // 2})),
    realloc=lambda: c.realloc(ctypes.c_void_p(c.malloc(ctypes.c_size_t(8))), size),
    realloc_null=lambda: c.realloc(None, size),
    memalign=lambda: c.memalign(ctypes.c_size_t(64), size),
    aligned_alloc=lambda: c.aligned_alloc(ctypes.c_size_t(64), size),
    posix_memalign=posix_memalign)
free = dict(
    free=lambda block: c.free(ctypes.c_void_p(block)),
    realloc_to_nothing=lambda block: c.realloc(ctypes.c_void_p(block), ctypes.c_size_t(0)))
blocks = [0] * {BLOCKS}
for how, new in allocate.items():
    for old, end in free.items():
        for i in range(2):  # the first time is the interpreter's warm-up
            before = reader.counts()
            for j in range({BLOCKS}):
                blocks[j] = new()
            during = reader.counts()
            for block in blocks:
                end(block)
            after = reader.counts()
        print(f"{{how}} {{old}}", *before, *during, *after)
"""


class PreloadTest(unittest.TestCase):
    @unittest.skipUnless(LIBRARY, "no library given")
    def test_live_blocks_are_counted(self):
        with tempfile.TemporaryDirectory() as directory:
            counter = heap.Heap(types.SimpleNamespace(scratch=directory, program=lambda _: LIBRARY), "test")
            self.assertEqual(counter.counts(), (0, 0, 0))
            output = subprocess.run([sys.executable, "-B", "-c", PROGRAM, counter.path], env=os.environ | counter.environment,
                                    check=True, capture_output=True, text=True, timeout=50).stdout
        self.assertEqual(len(output.splitlines()), 14)
        for line in output.splitlines():
            how, old, *numbers = line.split()
            numbers = [int(number) for number in numbers]
            before, during, after = (heap.Counts(*numbers[i:i + 3]) for i in (0, 3, 6))
            with self.subTest(allocated_by=how, freed_by=old):
                self.assertAlmostEqual(during.blocks - before.blocks, BLOCKS, delta=OTHER_BLOCKS)
                self.assertAlmostEqual(during.bytes - before.bytes, BLOCKS * SIZE, delta=OTHER_BYTES)
                self.assertAlmostEqual(after.blocks, before.blocks, delta=OTHER_BLOCKS)
                self.assertAlmostEqual(after.bytes, before.bytes, delta=OTHER_BYTES)
                self.assertGreaterEqual(after.peak, during.bytes)
                self.assertLess(after.peak, during.bytes + BLOCKS * SIZE)


class GrowthTest(unittest.TestCase):
    def test_one_high_reading_hides_no_leak(self):
        readings = [heap.Counts(5000, 50, 0), heap.Counts(1100, 11, 0), heap.Counts(1200, 12, 0)]
        self.assertEqual(heap.growth(readings, heap.Counts(1300, 13, 0)), (200, 2))

    def test_less_is_no_growth(self):
        self.assertEqual(heap.growth([heap.Counts(1000, 10, 0)], heap.Counts(900, 9, 0)), (-100, -1))


if __name__ == "__main__":
    unittest.main()
