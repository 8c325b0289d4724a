#!/usr/bin/env python3
"""Checks that what RFC 9449 demands of a signer is quoted beside the code and beside a test that hold it.

rfc9449_requirements.json lists the sentences of the RFC with MUST, SHALL, REQUIRED, SHOULD or RECOMMENDED, the lists that they
introduce, and what else the tree quotes. One that binds another party says so under "not_ours". A quotation is a comment:

  //= rfc9449#4.2
  //# It MUST NOT contain a private key.

Beside a test it ends with "//# type=test" and stands before a TEST.
"""

import collections
import json
import os
import pathlib
import re
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
REQUIREMENTS = pathlib.Path(__file__).with_name("rfc9449_requirements.json")

Quotation = collections.namedtuple("Quotation", "place section sentence is_test before_test")


def quotations_of(path, root):
    """Yields the quotations of RFC 9449 in one file."""
    lines = [line.strip() for line in path.read_text().splitlines()]
    for number, line in enumerate(lines, 1):
        if not line.startswith("//= rfc9449#"):
            continue
        quoted = []
        for following in lines[number:]:
            if not following.startswith("//#"):
                break
            quoted.append(following.removeprefix("//#").strip())
        is_test = quoted[-1:] == ["type=test"]
        # A line that ends within a hyphenated word is continued without a space.
        sentence = " ".join(quoted[:-1] if is_test else quoted).replace("- ", "-")
        code = next((following for following in lines[number:] if not following.startswith("//")), "")
        yield Quotation(f"{path.relative_to(root)}:{number}", line.removeprefix("//= rfc9449#"), sentence, is_test,
                        re.match(r"TEST(_[FP])?\(", code) is not None)


def cpp_files(folder):
    """Returns the C++ files below a folder, without those of npm packages."""
    files = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "node_modules"]
        files += [pathlib.Path(parent, name) for name in names if name.endswith((".cc", ".h"))]
    return sorted(files)


def problems_of(root, requirements):
    """Returns what is wrong with the quotations in signer/ and tests/ of a tree, a line for each problem."""
    known = {(requirement["section"], requirement["sentence"]) for requirement in requirements}
    quoted = {"signer": set(), "tests": set()}
    problems = []
    for folder, found in quoted.items():
        for path in cpp_files(root / folder):
            for quotation in quotations_of(path, root):
                key = (quotation.section, quotation.sentence)
                found.add(key)
                if key not in known:
                    problems.append(f"{quotation.place}: section {quotation.section} has no such sentence in "
                                    f"{REQUIREMENTS.name}: {quotation.sentence}")
                if folder == "tests" and not (quotation.is_test and quotation.before_test):
                    problems.append(f"{quotation.place}: want '//# type=test' at the end of the quotation, and a TEST after it")
                if folder == "signer" and quotation.is_test:
                    problems.append(f"{quotation.place}: got 'type=test' outside tests/")
    for requirement in requirements:
        key = (requirement["section"], requirement["sentence"])
        for folder, found in quoted.items():
            if "not_ours" not in requirement and key not in found:
                problems.append(f"rfc9449#{key[0]} is not quoted in {folder}/: {key[1]}")
    return problems


class Rfc9449Test(unittest.TestCase):
    def test_every_requirement_that_binds_us_is_quoted_beside_code_and_test(self):
        self.assertEqual([], problems_of(ROOT, json.loads(REQUIREMENTS.read_text())))

    def test_the_list_has_each_sentence_once_in_the_order_of_the_sections(self):
        requirements = json.loads(REQUIREMENTS.read_text())
        sections = [[int(part) for part in requirement["section"].split(".")] for requirement in requirements]
        self.assertEqual(sections, sorted(sections))
        self.assertEqual(len(requirements), len({(row["section"], row["sentence"]) for row in requirements}))


class ProblemsTest(unittest.TestCase):
    """Plants quotations in a tree of its own."""

    REQUIREMENTS = [
        {"section": "4.2", "sentence": "It MUST be well-formed, always."},
        {"section": "8", "sentence": "Nonce values MUST be unpredictable.", "not_ours": "An authorization server's duty."},
    ]
    CODE = "//= rfc9449#4.2\n//# It MUST be well-\n//# formed, always.\nint code;\n"
    TEST = "//= rfc9449#4.2\n//# It MUST be well-formed,\n//# always.\n//# type=test\nTEST(A, B) {\n"

    def problems(self, code=CODE, test=TEST):
        with tempfile.TemporaryDirectory() as scratch:
            root = pathlib.Path(scratch)
            for folder, text in ("signer", code), ("tests", test):
                (root / folder).mkdir()
                (root / folder / "file.cc").write_text(text)
            return problems_of(root, self.REQUIREMENTS)

    def assert_one_problem(self, wanted, problems):
        self.assertEqual(1, len(problems), problems)
        self.assertIn(wanted, problems[0])

    def test_finds_nothing_where_all_is_quoted(self):
        self.assertEqual([], self.problems())

    def test_finds_what_is_not_quoted(self):
        self.assert_one_problem("rfc9449#4.2 is not quoted in signer/", self.problems(code=""))
        self.assert_one_problem("rfc9449#4.2 is not quoted in tests/", self.problems(test=""))

    def test_finds_a_misquotation(self):
        wrong = "//= rfc9449#4.2\n//# It SHOULD be well-formed.\n"
        self.assert_one_problem("signer/file.cc:5: section 4.2 has no such sentence", self.problems(code=self.CODE + wrong))

    def test_finds_a_sentence_under_another_section(self):
        wrong = self.CODE.replace("4.2", "4.3")
        self.assert_one_problem("section 4.3 has no such sentence", self.problems(code=self.CODE + wrong))

    def test_finds_a_quotation_that_is_not_beside_a_test(self):
        self.assert_one_problem("a TEST after it", self.problems(test=self.TEST.replace("TEST(", "void Helper(")))
        self.assert_one_problem("a TEST after it", self.problems(test=self.TEST.replace("//# type=test\n", "")))

    def test_finds_a_test_outside_tests(self):
        self.assert_one_problem("outside tests/", self.problems(code=self.TEST))


if __name__ == "__main__":
    unittest.main()
