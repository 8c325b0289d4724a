"""Handles text that another party wrote, for logs and headers."""

from __future__ import annotations

import json
import re
from typing import Any, Iterable

MAX_TEXT_SIZE = 256  # characters of a text that is reported of an answer
MIN_SECRET_SIZE = 8  # A shorter secret would be found in any text.

_JWT = re.compile(r"eyJ[A-Za-z0-9_.-]{13,}")
_UNPRINTABLE = re.compile(r"[^ -~]+")
_NONCE = re.compile(r"[!#-\[\]-~]{1,1536}")
_VISIBLE_WORD = re.compile(r"[!-~]+")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


def printable(text: str) -> str:
    """Returns `text` with each run of characters outside printable ASCII replaced by one "?", cut at MAX_TEXT_SIZE."""
    return _UNPRINTABLE.sub("?", text)[:MAX_TEXT_SIZE]


def redacted(text: str, secrets: Iterable[str]) -> str:
    """Returns printable(text) with each of `secrets`, and all that looks like a JWT, replaced by "[redacted]".

    Odd characters are replaced first, so that what replaces them does not complete a secret.
    """
    text = _UNPRINTABLE.sub("?", text)
    for secret in secrets:
        if len(secret) >= MIN_SECRET_SIZE:
            text = text.replace(secret, "[redacted]")
    return _JWT.sub("[redacted]", text)[:MAX_TEXT_SIZE]


def is_nonce(text: str) -> bool:
    """Tells whether `text` is a nonce (RFC 9449 section 8.1) that the signer takes."""
    return _NONCE.fullmatch(text) is not None


def is_visible_word(text: str) -> bool:
    """Tells whether `text` stays one word in a header: one character or more, all of visible ASCII."""
    return _VISIBLE_WORD.fullmatch(text) is not None


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def parse_json_object(data: bytes) -> dict[str, Any] | None:
    """Returns the JSON object in UTF-8 that `data` is, or None if it is anything else."""
    try:
        # NaN and Infinity, which Python would take, are no JSON.
        value = json.loads(data.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or b"\\u" in data and _has_lone_surrogate(value):
        return None
    return value


def _has_lone_surrogate(value: dict[str, Any]) -> bool:
    return _LONE_SURROGATE.search(json.dumps(value, ensure_ascii=False)) is not None


def string_member(value: dict[str, Any] | None, name: str) -> str:
    """Returns a member of a JSON object; empty if it is absent or no string."""
    member = value.get(name) if value else None
    return member if isinstance(member, str) else ""
