"""Tests that the runner of the cases skips nothing."""

import json

import case_file
import pytest


def write(tmp_path, monkeypatch, value):
    path = tmp_path / "cases.json"
    path.write_text(json.dumps(value))
    monkeypatch.setattr(case_file, "PATH", str(path))


def test_every_section_has_cases():
    for section in case_file.SECTIONS:
        assert case_file.read_cases(section)


def test_refuses_an_unknown_section(tmp_path, monkeypatch):
    write(tmp_path, monkeypatch, {"format": 1, "nonses": [{"id": "a"}]})
    with pytest.raises(AssertionError, match="nonses"):
        case_file.read_cases("nonces")


def test_refuses_an_id_that_is_there_twice(tmp_path, monkeypatch):
    write(tmp_path, monkeypatch, {"format": 1, "nonces": [{"id": "a"}], "challenges": [{"id": "a"}]})
    with pytest.raises(AssertionError, match="twice"):
        case_file.read_cases("nonces")


def test_refuses_a_member_that_was_not_read():
    fields = case_file.Fields({"status": 200, "statsu": 400}, "answer")
    assert fields.get("status", kind=int) == 200
    with pytest.raises(AssertionError, match="statsu"):
        fields.done()


def test_refuses_a_member_of_another_type():
    with pytest.raises(AssertionError, match="want int"):
        case_file.Fields({"status": "200"}, "answer").get("status", 0)


def test_refuses_a_missing_member():
    with pytest.raises(AssertionError, match="no member status"):
        case_file.Fields({}, "answer").get("status")
