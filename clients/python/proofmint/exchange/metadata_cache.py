"""MetadataCache says when the metadata of an issuer has to be fetched again."""

from __future__ import annotations

import re

from .metadata import ServerMetadata
from .text import printable

MIN_FRESHNESS = 300  # seconds
DEFAULT_FRESHNESS = 3600
MAX_FRESHNESS = 86400

# One directive of Cache-Control. A comma in a quoted string does not end it.
_DIRECTIVE = re.compile(r'(?:"(?:\\.|[^"\\])*(?:"|\\?\Z)|[^",])+', re.DOTALL)


def fresh_for(cache_control: str) -> int:
    """Returns for how many seconds an answer with this Cache-Control may be used (RFC 9111 section 5.2).

    That is its max-age between MIN_FRESHNESS and MAX_FRESHNESS; MIN_FRESHNESS for no-store and no-cache;
    DEFAULT_FRESHNESS without any of them, or if max-age is no number. Join several headers with ", ".
    """
    fresh = None
    for directive in _DIRECTIVE.findall(cache_control):
        name, _, value = directive.strip().partition("=")
        if directive.strip().lower() in ("no-store", "no-cache"):
            return MIN_FRESHNESS
        if name.lower() == "max-age" and fresh is None:
            match = re.fullmatch(r'("?)([0-9]+)\1', value)
            fresh = min(int(match.group(2)[:4000]), MAX_FRESHNESS) if match else None
    return max(MIN_FRESHNESS, DEFAULT_FRESHNESS if fresh is None else fresh)


class MetadataCache:
    """MetadataCache holds the metadata of one issuer. It neither fetches nor reads a clock: times are any seconds.

    Stale metadata stays in use until a fetch succeeds, so that a login does not fail because discovery does. Not
    thread-safe.
    """

    def __init__(self) -> None:
        self.metadata: ServerMetadata | None = None  # of the last store()
        self._fresh_until = 0.0
        self._last_attempt = 0.0
        self._in_doubt = False

    def should_fetch(self, now: float) -> bool:
        """Tells whether to fetch: metadata is missing, stale or in doubt, and the last attempt is long enough ago."""
        if self.metadata is None:
            return True
        return (self._in_doubt or now >= self._fresh_until) and now >= self._last_attempt + MIN_FRESHNESS

    def doubt(self) -> None:
        """Notes that a proof was rejected or TLS failed: the provider may have changed what it accepts."""
        self._in_doubt = True

    def store(self, metadata: ServerMetadata, cache_control: str, now: float) -> str:
        """Keeps what was fetched. Returns a text for the log if the algorithms are others than before, else ""."""
        before = self.metadata
        self.metadata = metadata
        self._fresh_until = now + fresh_for(cache_control)
        self.on_fetch_failed(now)
        name = "dpop_signing_alg_values_supported"
        if before is None or getattr(before, name) == getattr(metadata, name):
            return ""
        return f"{name}: was {_algorithms_of(before)}, is {_algorithms_of(metadata)}"

    def on_fetch_failed(self, now: float) -> None:
        """Notes an attempt to fetch that failed."""
        self._last_attempt = now
        self._in_doubt = False


def _algorithms_of(metadata: ServerMetadata) -> str:
    names = metadata.dpop_signing_alg_values_supported
    return "not published" if names is None else printable(" ".join(names))
