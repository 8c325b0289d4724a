"""Reads what an identity provider publishes of itself (OpenID Connect Discovery 1.0 section 4, RFC 8414)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from .htu import HtuError, normalize_htu
from .text import parse_json_object, printable

MAX_METADATA_SIZE = 1 << 20  # bytes

_ALGORITHMS = "dpop_signing_alg_values_supported"
_ALIASED = ("token_endpoint", "userinfo_endpoint", "introspection_endpoint", "revocation_endpoint",
            "pushed_authorization_request_endpoint")
ENDPOINTS = (*_ALIASED, "authorization_endpoint", "jwks_uri")
_LISTS = ("code_challenge_methods_supported", "response_types_supported", "grant_types_supported")
_URL_PARTS = re.compile(r"(?:(.*?)://([^/?#]*))?(.*)", re.DOTALL)
# A name such as 127.evil.example must not pass for an address.
_LOOPBACK = re.compile(r"https?://(localhost|127\.[0-9.]*|\[::1\])(:[0-9]+)?/.*")


class MetadataError(ValueError):
    """MetadataError names the member at fault."""


@dataclass(frozen=True)
class ServerMetadata:
    """ServerMetadata holds the members that a broker needs for DPoP. What is not published is empty."""

    issuer: str
    token_endpoint: str = ""  # never empty if parse_server_metadata made it
    userinfo_endpoint: str = ""
    introspection_endpoint: str = ""
    revocation_endpoint: str = ""
    authorization_endpoint: str = ""
    pushed_authorization_request_endpoint: str = ""
    jwks_uri: str = ""
    mtls_endpoint_aliases: dict[str, str] = field(default_factory=dict)  # RFC 8705 section 5
    dpop_signing_alg_values_supported: tuple[str, ...] | None = None  # None: not published
    code_challenge_methods_supported: tuple[str, ...] = ()
    response_types_supported: tuple[str, ...] = ()
    grant_types_supported: tuple[str, ...] = ()


def parse_server_metadata(body: bytes, issuer: str, allow_http_on_loopback: bool = False) -> ServerMetadata:
    """Reads the answer of discovery for `issuer`, which is the provider's name in the broker's configuration.

    Raises MetadataError unless `body` is one JSON object of at most MAX_METADATA_SIZE bytes, its issuer is `issuer` byte
    for byte (RFC 8414 section 3.3), it has a token endpoint, each endpoint is an absolute https URL (or an http URL of
    this host, if that is allowed) without userinfo and fragment, and each list is an array of strings. A member that is
    null counts as not published.
    """
    if len(body) > MAX_METADATA_SIZE:
        raise MetadataError(f"metadata: got {len(body)} bytes, want at most {MAX_METADATA_SIZE}")
    value = parse_json_object(body)
    if value is None:
        raise MetadataError("metadata: not a JSON object")
    _check_issuer(value.get("issuer"), issuer, allow_http_on_loopback)
    aliases = value.get("mtls_endpoint_aliases")
    aliases = {} if aliases is None else aliases
    if not isinstance(aliases, dict):
        raise MetadataError("mtls_endpoint_aliases: not a JSON object")
    members: dict[str, Any] = {}
    for name in ENDPOINTS:
        members[name] = _read_url(value, name, name, allow_http_on_loopback)
    if not members["token_endpoint"]:
        raise MetadataError("token_endpoint: missing; DPoP needs a flow with the back channel, such as the "
                            "authorization code flow")
    for name in (*_LISTS, _ALGORITHMS):
        if value.get(name) is not None:
            members[name] = _read_list(value[name], name)
    read = {name: _read_url(aliases, name, f"mtls_endpoint_aliases.{name}", allow_http_on_loopback)
            for name in _ALIASED}
    members["mtls_endpoint_aliases"] = {name: url for name, url in read.items() if url}
    return ServerMetadata(issuer=issuer, **members)


def with_mtls_aliases(metadata: ServerMetadata) -> ServerMetadata:
    """Replaces each endpoint by its alias: what a client with a certificate has to call, and so to name in "htu"."""
    aliases: dict[str, Any] = metadata.mtls_endpoint_aliases
    return replace(metadata, **aliases)


def _check_issuer(published: Any, issuer: str, allow_http_on_loopback: bool) -> None:
    _check_url("issuer", issuer, allow_http_on_loopback)
    if "?" in issuer:
        raise MetadataError("issuer: a query is not allowed")
    if published is None:
        raise MetadataError(f"issuer: missing, want {issuer}")
    if not isinstance(published, str):
        raise MetadataError("issuer: not a string")
    if published != issuer:
        raise MetadataError(f"issuer: got {printable(published)}, want {issuer}{_difference(published, issuer)}")


def _difference(a: str, b: str) -> str:
    """Says how two URLs differ, if it is in one part only."""
    if a + "/" == b or b + "/" == a:
        return " (differs in the trailing slash only)"
    names = ("the scheme", "host or port", "the path")
    differing = [name for name, left, right in zip(names, _parts(a), _parts(b)) if left != right]
    return f" (differs in {differing[0]} only)" if len(differing) == 1 else ""


def _parts(url: str) -> tuple[str, ...]:
    match = _URL_PARTS.fullmatch(url)
    assert match is not None  # It matches any text.
    return match.groups("")


def _check_url(member: str, url: str, allow_http_on_loopback: bool) -> None:
    try:
        # The checks look at bytes.
        htu = normalize_htu(url.encode("utf-8").decode("latin-1"))
    except HtuError as error:
        raise MetadataError(f"{member}: {error}") from None
    if "#" in url:
        raise MetadataError(f"{member}: a fragment is not allowed")
    if not htu.startswith("https://") and not (allow_http_on_loopback and _LOOPBACK.fullmatch(htu)):
        raise MetadataError(f"{member}: got {htu}, want https")


def _read_url(value: dict[str, Any], name: str, member: str, allow_http_on_loopback: bool) -> str:
    url = value.get(name)
    if url is None:
        return ""
    if not isinstance(url, str):
        raise MetadataError(f"{member}: not a string")
    _check_url(member, url, allow_http_on_loopback)
    return url


def _read_list(value: Any, name: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise MetadataError(f"{name}: not an array of strings")
    return tuple(value)
