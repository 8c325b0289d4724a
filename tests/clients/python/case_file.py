"""Reads tests/exchange/exchange_cases.json so that no member of a case goes unread."""

import json
import os

PATH = os.path.join(os.path.dirname(__file__), "..", "..", "exchange", "exchange_cases.json")
SECTIONS = ("challenges", "nonces", "algorithm_choice", "server_metadata", "freshness", "log_records", "exchanges")

_MISSING = object()


class Fields:
    """Fields is a JSON object whose members are read once; done() fails if one was not read."""

    def __init__(self, value, where):
        assert isinstance(value, dict), f"{where}: got {value!r}, want an object"
        self._value = value
        self._where = where
        self._unread = set(value)

    def __contains__(self, name):
        return name in self._value

    def get(self, name, default=_MISSING, kind=None):
        """Returns a member, which must be a `kind` (of the default if that is not None); its default if it is absent."""
        self._unread.discard(name)
        if name not in self._value:
            assert default is not _MISSING, f"{self._where}: no member {name}"
            return default
        value = self._value[name]
        if kind is None and default is not _MISSING and default is not None:
            kind = type(default)
        assert kind is None or type(value) is kind, f"{self._where}.{name}: got {value!r}, want {kind.__name__}"
        return value

    def object(self, name, default=_MISSING):
        return Fields(self.get(name, default, dict), f"{self._where}.{name}")

    def pairs(self, name):
        pairs = [tuple(pair) for pair in self.get(name, [])]
        assert all(len(pair) == 2 and all(isinstance(text, str) for text in pair) for pair in pairs), self._where
        return pairs

    def done(self):
        assert not self._unread, f"{self._where}: unknown members {sorted(self._unread)}"


def read_cases(section):
    """Returns the cases of a section as pairs of id and members. Fails if anything in the file is unknown."""
    with open(PATH, encoding="utf-8") as file:
        value = json.load(file)
    assert value.pop("format") == 1
    unknown = [name for name, cases in value.items() if name not in SECTIONS and cases]
    assert not unknown, f"unknown sections: {unknown}"
    ids = [case["id"] for cases in value.values() for case in cases]
    assert len(ids) == len(set(ids)), "an id is there twice"
    common = ("id", "rows", "shows")
    return [(case["id"], {name: member for name, member in case.items() if name not in common})
            for case in value.get(section, [])]


def with_fields(section):
    """Parametrizes a test over the cases of a section, as a decorator; the test gets `fields`, which it must read."""
    import pytest

    cases = read_cases(section)
    if not cases:
        return pytest.mark.skip(reason=f"the file has no section {section}")

    def decorate(test):
        def run(case_id, members):
            fields = Fields(members, case_id)
            test(fields)
            fields.done()

        run.__doc__ = test.__doc__
        return pytest.mark.parametrize("case_id,members", cases, ids=[case_id for case_id, _ in cases])(run)

    return decorate
