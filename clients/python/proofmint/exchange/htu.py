"""Checks and normalizes a URL as the signer does for the claim "htu"."""

from __future__ import annotations

import re
import socket

_MAX_SIZE = 2048  # bytes
_MAX_HOST_SIZE = 255
_URL = re.compile(r"(https?://)([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_HOST_CHAR = re.compile(r"[A-Za-z0-9._-]")
_PATH_CHAR = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@/\[\]|^-]")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")


class HtuError(ValueError):
    """HtuError says what is wrong with a URL. It quotes one byte of it at most."""


def normalize_htu(url: str) -> str:
    """Returns `url` with scheme and host in lower case, without default port, query and fragment (RFC 9449 4.2).

    A character stands for a byte. Fails unless `url` is an absolute http or https URL without userinfo, with a host, a
    path of characters that HTTP clients send as they are, and visible ASCII in query and fragment.
    """
    if not 1 <= len(url) <= _MAX_SIZE:
        raise HtuError(f"got {len(url)} bytes, want 1 to {_MAX_SIZE}")
    match = _URL.fullmatch(url)
    if match is None:
        raise HtuError("not an absolute URI that begins with https:// or http://")
    scheme, authority, tail = match.group(1).lower(), match.group(2), match.group(3)
    if "@" in authority:
        raise HtuError("userinfo is not allowed")
    host_end = _host_end(url, len(scheme), authority)
    host, rest = authority[:host_end], authority[host_end:]
    if rest and rest[0] != ":":
        raise _byte_error(url, len(scheme) + host_end, "':' or the path")
    port = rest[1:]
    _check_port(url, len(scheme) + host_end + 1, port)
    is_default = port in ("", "443" if scheme == "https://" else "80")
    path = re.split(r"[?#]", tail, maxsplit=1)[0]
    path_begin = len(scheme) + len(authority)
    _check_path(url[: path_begin + len(path)], path_begin)
    _check_query_and_fragment(url, path_begin + len(path))
    return f"{scheme}{host.lower()}{'' if is_default else ':' + port}{path or '/'}"


def _byte_error(url: str, offset: int, want: str) -> HtuError:
    return HtuError(f"got byte 0x{ord(url[offset]):02x} at offset {offset}, want {want}")


def _host_end(url: str, begin: int, authority: str) -> int:
    if authority.startswith("["):
        end = authority.find("]")
        if end < 0:
            raise HtuError("'[' without ']'")
        try:
            socket.inet_pton(socket.AF_INET6, authority[1:end])
        except (OSError, ValueError):
            raise HtuError("not an IPv6 address without zone between '[' and ']' (RFC 3986 section 3.2.2)") from None
        return end + 1
    host = authority.partition(":")[0]
    if not host:
        raise HtuError("host is missing")
    if len(host) > _MAX_HOST_SIZE:
        raise HtuError(f"got a host of {len(host)} bytes, want 1 to {_MAX_HOST_SIZE}")
    for i, char in enumerate(host):
        if not _HOST_CHAR.match(char):
            raise _byte_error(url, begin + i, "a letter, digit, '-', '.' or '_' of a host")
    return len(host)


def _check_port(url: str, begin: int, port: str) -> None:
    for i, char in enumerate(port):
        if char not in "0123456789":
            raise _byte_error(url, begin + i, "a digit of the port")
    if port and (port[0] == "0" or len(port) > 5 or int(port) > 65535):
        raise HtuError("port out of range, want 1 to 65535 without leading zeros")


def _check_path(url: str, begin: int) -> None:
    i = begin
    while i < len(url):
        if url[i] == "%":
            if not _ESCAPE.match(url, i):
                raise HtuError(f"'%' at offset {i} is not followed by two hex digits")
            i += 3
            continue
        if not _PATH_CHAR.match(url[i]):
            raise _byte_error(url, i, "a character of a URI's path")
        i += 1


def _check_query_and_fragment(url: str, begin: int) -> None:
    for i in range(begin, len(url)):
        if not "!" <= url[i] <= "~":
            raise _byte_error(url, i, "a visible ASCII byte")
