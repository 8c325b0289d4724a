#!/usr/bin/env python3
"""Writes p256_base_table.cc: multiples of P-256's base point.

Usage: make_p256_table.py [FILE]    (standard output without FILE)

Plain affine arithmetic on Python's integers, from the curve's definition in
FIPS 186-4 D.1.2.3. Entry j of window i is (2j+1) * 2^(7i) * G, each coordinate
in Montgomery form (times 2^261, modulo p) as nine limbs of 29 bits, least
significant first.
"""

import sys

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
A = -3
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)

WINDOWS = 37
WINDOW_BITS = 7
ENTRIES = 1 << (WINDOW_BITS - 1)
LIMBS = 9
LIMB_BITS = 29
R = 1 << (LIMBS * LIMB_BITS)
WORDS_A_LINE = 6


def add(p, q):
    """The sum of two points, neither of which is the other's negative."""
    if p == q:
        slope = (3 * p[0] * p[0] + A) * pow(2 * p[1], -1, P)
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, P)
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def limbs(coordinate):
    value = coordinate * R % P
    mask = (1 << LIMB_BITS) - 1
    return [value >> (LIMB_BITS * i) & mask for i in range(LIMBS)]


def odd_multiples(point):
    twice = add(point, point)
    multiples = [point]
    while len(multiples) < ENTRIES:
        multiples.append(add(multiples[-1], twice))
    return multiples


def window_lines(point):
    # By limb, then entry: one vector load reads one limb of several entries.
    entries = [limbs(x) + limbs(y) for x, y in odd_multiples(point)]
    lines = []
    for limb in range(2 * LIMBS):
        words = ["0x%08x" % entry[limb] for entry in entries]
        rows = [", ".join(words[i:i + WORDS_A_LINE])
                for i in range(0, ENTRIES, WORDS_A_LINE)]
        lines.append("        {" + ",\n         ".join(rows) + "},")
    return lines


def table_lines():
    assert (G[1]**2 - (G[0]**3 + A * G[0] + B)) % P == 0
    yield "// Written by make_p256_table.py; a test writes it again and compares."
    yield ""
    yield '#include "signer/crypto/p256_base_table.h"'
    yield ""
    yield "namespace proofmint::crypto {"
    yield ""
    yield "// clang-format off"
    yield "alignas(64) const P256BaseTable kP256BaseTable = {"
    point = G
    for window in range(WINDOWS):
        yield "    {   // odd multiples of 2^%d * G" % (WINDOW_BITS * window)
        yield from window_lines(point)
        yield "    },"
        for _ in range(WINDOW_BITS):
            point = add(point, point)
    yield "};"
    yield "// clang-format on"
    yield ""
    yield "}  // namespace proofmint::crypto"


def main():
    text = "\n".join(table_lines()) + "\n"
    if len(sys.argv) > 1:
        with open(sys.argv[1], "w", encoding="ascii") as file:
            file.write(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
