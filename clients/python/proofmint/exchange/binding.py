"""Tells to which key a token is bound, as far as that can be read."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from .text import parse_json_object, string_member


@dataclass(frozen=True)
class TokenKey:
    """TokenKey is what a token, or the answer of its introspection, says of its key."""

    readable: bool = False
    jkt: str = ""  # empty: none


def key_of_token(access_token: str) -> TokenKey:
    """Reads a JWT access token without verifying it: advice, never an authorization (RFC 9068 section 6)."""
    parts = access_token.split(".")
    payload = _decode_base64url(parts[1]) if len(parts) == 3 else None
    return _key_of(None if payload is None else parse_json_object(payload))


def key_of_introspection(body: bytes) -> TokenKey:
    """Reads the answer of an introspection endpoint (RFC 7662, RFC 9449 section 6.2)."""
    answer = parse_json_object(body)
    return _key_of(answer if answer and answer.get("active") is True else None)


def _key_of(claims: dict[str, Any] | None) -> TokenKey:
    if claims is None:
        return TokenKey()
    cnf = claims.get("cnf")
    return TokenKey(True, string_member(cnf, "jkt") if isinstance(cnf, dict) else "")


def _decode_base64url(text: str) -> bytes | None:
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    # Trailing bits and padding in the text show when it is encoded again.
    return decoded if base64.urlsafe_b64encode(decoded).rstrip(b"=") == text.encode() else None
