#!/usr/bin/env python3
"""Checks that the folders of signer/ use one another only as ALLOWED says, by their includes and by what they link."""

import graphlib
import pathlib
import re
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Each folder of signer/, lowest first, and the folders that its files may include besides their own.
ALLOWED = {
    "base": "",
    "crypto": "base",
    "dpop": "base crypto",
    "keys": "base crypto dpop",
    "service/contract": "base dpop",
    "exchange": "base dpop service/contract",
    "exchange/testing": "base dpop service/contract exchange",
    "service/observe": "base dpop service/contract",
    "service/gate": "base service/contract",
    "service/net": "base crypto service/contract service/observe",
    "service/mint": "base crypto dpop keys service/contract service/observe",
    "service/rpc": "base crypto dpop service/contract service/observe service/gate service/mint",
    "service/metrics": "base crypto dpop keys service/contract service/observe service/gate service/net",
    "service/server": "base crypto dpop keys service/contract service/observe service/gate service/net service/mint"
                      " service/rpc service/metrics",
    "client": "base dpop exchange service/contract",
    "tools/doctor": "base crypto dpop service/contract exchange",
    "tools": "base crypto dpop keys service/contract service/observe service/gate service/net service/mint service/rpc"
             " service/metrics service/server exchange client tools/doctor",
}

INCLUDE = re.compile(r'^\s*#\s*include\s+"((?:signer|bench|tests)/[^"]+)"', re.MULTILINE)
TARGET = re.compile(r"^proofmint_(?:library|program)\(\s*(\w+)([^)]*)\)", re.MULTILINE)
LINKED = re.compile(r"^target_link_libraries\(\s*(\w+)([^)]*)\)", re.MULTILINE)


def may_use(user, used):
    return used == user or used in ALLOWED.get(user, "").split()


def source_problems(signer):
    """Returns the files in no layer and the includes that are not allowed, a line for each."""
    problems = []
    for path in sorted(signer.rglob("*")):
        if path.is_dir() or path.name == "CMakeLists.txt" or path.name.startswith("."):
            continue
        name = f"signer/{path.relative_to(signer)}"
        layer = path.parent.relative_to(signer).as_posix()
        if layer not in ALLOWED:
            problems.append(f"{name}: the folder {layer} has no place in the table of layers")
            continue
        for included in INCLUDE.findall(path.read_text()) if path.suffix in (".cc", ".h") else []:
            top, _, rest = included.partition("/")
            if top != "signer":
                problems.append(f"{name}: includes {included}, which is not of signer/")
            elif not may_use(layer, pathlib.PurePosixPath(rest).parent.as_posix()):
                problems.append(f"{name}: {layer} must not include {included}")
    return problems


def link_problems(signer):
    """Returns the libraries that a target links and must not, a line for each."""
    layers = {}  # of each target
    links = []  # (target, text with the names of what it links)
    for path in sorted(signer.rglob("CMakeLists.txt")):
        text = re.sub("#.*", "", path.read_text())
        layer = path.parent.relative_to(signer).as_posix()
        layers.update((target, layer) for target, _ in TARGET.findall(text))
        links += TARGET.findall(text) + LINKED.findall(text)
    problems = []
    for target, text in links:
        for library in re.findall(r"\w+", text):
            if target in layers and library in layers and not may_use(layers[target], layers[library]):
                problems.append(f"{target} of {layers[target]} must not link {library} of {layers[library]}")
    return problems


class LayersTest(unittest.TestCase):
    def test_the_table_names_only_folders_that_come_before(self):
        list(graphlib.TopologicalSorter({user: used.split() for user, used in ALLOWED.items()}).static_order())
        before = set()
        for user, used in ALLOWED.items():
            self.assertLessEqual(set(used.split()), before, user)
            before.add(user)

    def test_every_folder_of_the_table_has_files(self):
        for layer in ALLOWED:
            self.assertTrue(any((ROOT / "signer" / layer).glob("*.h")), layer)

    def test_no_file_includes_what_its_layer_must_not_use(self):
        self.assertEqual([], source_problems(ROOT / "signer"))

    def test_no_target_links_what_its_layer_must_not_use(self):
        self.assertEqual([], link_problems(ROOT / "signer"))


class ProblemsTest(unittest.TestCase):
    """Plants files in a tree of its own."""

    def problems(self, check, files):
        with tempfile.TemporaryDirectory() as scratch:
            signer = pathlib.Path(scratch)
            for name, text in files.items():
                path = signer / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return check(signer)

    def test_an_allowed_include_passes(self):
        self.assertEqual([], self.problems(source_problems, files={
            "dpop/proof.cc": '#include "signer/dpop/proof.h"\n#include <vector>\n#include "signer/crypto/sha2.h"\n',
            "dpop/CMakeLists.txt": "", "CMakeLists.txt": "", ".clang-tidy": ""}))

    def test_a_forbidden_include_fails(self):
        self.assertEqual(["signer/service/gate/caller.h: service/gate must not include signer/service/rpc/call_loop.h"],
                         self.problems(source_problems, files={
                             "service/gate/caller.h": '#include "signer/service/rpc/call_loop.h"\n'}))

    def test_an_include_of_a_test_or_a_benchmark_fails(self):
        self.assertEqual(["signer/base/clock.h: includes tests/testing/hex.h, which is not of signer/",
                          "signer/base/clock.h: includes bench/machine.h, which is not of signer/"],
                         self.problems(source_problems, files={
                             "base/clock.h": '#include "tests/testing/hex.h"\n#  include "bench/machine.h"\n'}))

    def test_a_file_in_no_layer_fails(self):
        self.assertEqual(["signer/service/server.cc: the folder service has no place in the table of layers"],
                         self.problems(source_problems, files={"service/server.cc": ""}))

    def test_a_forbidden_link_fails(self):
        files = {
            "base/CMakeLists.txt": "proofmint_library(proofmint_base\n  SOURCES clock.h\n  DEPS absl::status)\n",
            "crypto/CMakeLists.txt": "proofmint_library(proofmint_crypto SOURCES sha2.cc DEPS proofmint_base)\n",
            "keys/CMakeLists.txt": "proofmint_library(proofmint_keys SOURCES key_pool.cc)\n",
        }
        self.assertEqual([], self.problems(link_problems, files=files))
        files["crypto/CMakeLists.txt"] += "target_link_libraries(proofmint_crypto PRIVATE proofmint_keys)\n"
        self.assertEqual(["proofmint_crypto of crypto must not link proofmint_keys of keys"],
                         self.problems(link_problems, files=files))


if __name__ == "__main__":
    unittest.main()
