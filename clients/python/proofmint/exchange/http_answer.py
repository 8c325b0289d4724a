"""Reads what an exchange needs of an HTTP response."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from .htu import HtuError, normalize_htu
from .text import is_nonce

MAX_BODY_SIZE = 1 << 20  # bytes of a body that is read

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(rf"[A-Za-z]{{3}}, (\d\d) ({'|'.join(_MONTHS)}) (\d{{4}}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,9}")
_WHITE_SPACE = " \t\n\v\f\r"


@dataclass(frozen=True)
class HttpAnswer:
    """HttpAnswer is a response of an identity provider.

    `headers` are pairs of name and value in their order, with repeats; a character stands for a byte. Times are
    milliseconds since 1970.
    """

    status: int
    headers: list[tuple[str, str]] = field(repr=False)
    body: bytes = field(repr=False)
    sent_at_ms: float
    received_at_ms: float

    @classmethod
    def of(cls, response: Any, sent_at_ms: float, received_at_ms: float) -> HttpAnswer:
        """Reads a response of requests, httpx or alike: with status_code, headers and content."""
        headers = response.headers
        if hasattr(headers, "multi_items"):  # httpx
            pairs = headers.multi_items()
        else:  # requests joins repeated headers, so that two nonces would become one that is none; urllib3 does not.
            raw = getattr(getattr(response, "raw", None), "headers", None)
            pairs = (headers if raw is None else raw).items()
        return cls(response.status_code, list(pairs), response.content, sent_at_ms, received_at_ms)

    def all(self, name: str) -> list[str]:
        """Returns the values of all headers `name`, without surrounding white space."""
        return [value.strip(_WHITE_SPACE) for key, value in self.headers if key.lower() == name.lower()]

    def first(self, name: str) -> str:
        """Returns the value of the first header `name`; empty if there is none."""
        return (self.all(name) or [""])[0]

    def clock_skew_ms(self) -> float | None:
        """Returns how far the server's clock is ahead of ours, if the answer has a Date."""
        date = _parse_date(self.first("Date"))
        return None if date is None else date - (self.sent_at_ms + self.received_at_ms) / 2

    def retry_after_s(self) -> float | None:
        """Returns the seconds of Retry-After, which is a number or a date."""
        value = self.first("Retry-After")
        if _DIGITS.fullmatch(value):
            return int(value)
        date = _parse_date(value)
        return None if date is None else max(0.0, (date - self.received_at_ms) / 1000)

    def location_host(self) -> str:
        """Returns host and port of Location; empty if it is no URL that can be shown."""
        try:
            return normalize_htu(self.first("Location")).split("/")[2]
        except HtuError:
            return ""


@dataclass(frozen=True)
class ReceivedNonce:
    """ReceivedNonce is what an answer says of its nonce."""

    value: str = ""
    malformed: bool = False  # A DPoP-Nonce is there that is no nonce.
    ambiguous: bool = False  # Valid nonces differ; `value` is the first.


def read_nonce(answer: HttpAnswer) -> ReceivedNonce:
    """Returns the nonce of an answer."""
    values = answer.all("DPoP-Nonce")
    valid = [value for value in values if is_nonce(value)]
    return ReceivedNonce(valid[0] if valid else "", len(valid) < len(values), len(set(valid)) > 1)


def _parse_date(text: str) -> float | None:
    """Returns the milliseconds since 1970 of an IMF-fixdate (RFC 9110 section 5.6.7)."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    day, month, year, hour, minute, second = match.groups()
    try:
        date = datetime(int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second),
                        tzinfo=timezone.utc)
    except ValueError:
        return None
    return date.timestamp() * 1000
