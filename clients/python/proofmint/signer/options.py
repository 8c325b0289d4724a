"""SignerClientOptions and how gRPC is set up by them."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import Any, Callable

import grpc  # type: ignore[import]

DEFAULT_TARGET = "unix:///run/proofmint/proofmintd.sock"
_SERVICE = "proofmint.v1.ProofSigner"
_MAX_TIMEOUT = 600  # seconds
_TLS_CHECK_INTERVAL = 60  # seconds

# The client retries proofs itself, item by item; gRPC retries what is no batch.
_RETRY_CAPABILITIES = {
    "name": [{"service": _SERVICE, "method": "GetCapabilities"}],
    "retryPolicy": {"maxAttempts": 5, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"]},
}
_SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "healthCheckConfig": {"serviceName": _SERVICE},
    "methodConfig": [_RETRY_CAPABILITIES],
}


@dataclass(frozen=True)
class TlsFiles:
    """TlsFiles names PEM files for mutual TLS. They are read again every minute, for new connections.

    Replace certificate and key together: write both into a new directory and rename a symbolic link to it.
    """

    certificate: str  # this client's, then those that lead to its root
    key: str  # of the certificate; not encrypted
    ca: str  # the authorities of the server's certificate

    def read(self) -> tuple[bytes, bytes, bytes]:
        """Returns the contents of ca, key and certificate, as grpc.ssl_channel_credentials takes them."""
        contents = []
        for name in ("ca", "key", "certificate"):
            try:
                with open(getattr(self, name), "rb") as file:
                    contents.append(file.read())
            except OSError as error:
                raise ValueError(f"tls.{name}: {error.strerror}: {getattr(self, name)}") from None
        return contents[0], contents[1], contents[2]


@dataclass(frozen=True)
class SignerClientOptions:
    """SignerClientOptions are those of both clients. Raises ValueError, which names the option at fault."""

    # In gRPC's syntax: "unix:///PATH", "HOST:PORT", "ipv4:ADDRESS:PORT,ADDRESS:PORT", or "dns:///HOST:PORT" for all
    # addresses of a name. Calls rotate among several addresses and leave out those that are down or whose health is not
    # SERVING. Empty: $PROOFMINT_TARGET or, without it, DEFAULT_TARGET.
    target: str = ""
    tls: TlsFiles | None = None  # None: plaintext, which the signer takes on a Unix socket
    timeout: float = 2  # seconds that a call with all its retries takes at most, unless it has a timeout of its own
    max_batch_size: int = 256  # calls in an RPC
    max_batches_in_flight: int = 2  # RPCs at the same time
    max_queued: int = 65536  # calls that wait to be sent; further ones fail at once with RESOURCE_EXHAUSTED

    def __post_init__(self) -> None:
        target = self.target or os.environ.get("PROOFMINT_TARGET", "") or DEFAULT_TARGET
        object.__setattr__(self, "target", target)
        if not re.fullmatch(r"[^/\x00-\x20\x7f-\U0010ffff][!-~]*[^:\x00-\x20\x7f-\U0010ffff]", target):
            raise ValueError(f"target: got {target!r}, want unix:///PATH, HOST:PORT or dns:///HOST:PORT")
        for name, limit in (("max_batch_size", 256), ("max_batches_in_flight", 16), ("max_queued", 1 << 20)):
            value = getattr(self, name)
            if not 1 <= value <= limit:
                raise ValueError(f"{name}: got {value}, want 1 to {limit}")
        check_timeout(self.timeout)


def check_timeout(timeout: float) -> float:
    """Returns `timeout`, or raises ValueError if it is none."""
    if not 0 < timeout <= _MAX_TIMEOUT:
        raise ValueError(f"timeout: got {timeout}, want more than 0 and at most {_MAX_TIMEOUT} seconds")
    return timeout


class Connection:
    """Connection keeps the channel to the signer, and makes a new one when the files for TLS have changed.

    `api` is grpc or grpc.aio. Not thread-safe.
    """

    def __init__(self, options: SignerClientOptions, api: Any) -> None:
        self._options = options
        self._api = api
        self._tls: tuple[bytes, bytes, bytes] | None = options.tls.read() if options.tls else None
        self._next_check = 0.0
        self._channel: Any = None
        self._previous: Any = None  # An RPC may still be out on it.
        self._methods: dict[str, Any] = {}  # of the channel

    def method(self, name: str, decode: Callable[[bytes], Any], now: float) -> Any:
        """Returns the callable of a method of the signer, for an RPC that begins `now`. It takes a message."""
        channel = self._current_channel(now)
        if name not in self._methods:
            self._methods[name] = channel.unary_unary(
                f"/{_SERVICE}/{name}", request_serializer=_serialize, response_deserializer=decode)
        return self._methods[name]

    def _current_channel(self, now: float) -> Any:
        if self._options.tls and now >= self._next_check:
            self._next_check = now + _TLS_CHECK_INTERVAL
            try:
                tls: tuple[bytes, bytes, bytes] | None = self._options.tls.read()
            except ValueError:
                tls = self._tls  # Files that are being replaced will be there at the next check.
            if tls != self._tls:
                self._tls = tls
                self._previous, self._channel = self._channel, None
                self._methods.clear()
        if self._channel is None:
            self._channel = self._make_channel()
        return self._channel

    def _make_channel(self) -> Any:
        target = self._options.target
        arguments: list[tuple[str, Any]] = [
            ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
            ("grpc.enable_http_proxy", 0),  # A proxy for the web is not for the signer.
            # A signer is away only for a moment while it restarts. gRPC's own backoff begins with a second.
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 1000),
        ]
        if not target.startswith(("unix:", "unix-abstract:")):
            # Finds a server that has vanished. The signer allows a ping every 10 s.
            arguments += [("grpc.keepalive_time_ms", 20000), ("grpc.keepalive_timeout_ms", 5000)]
        if self._tls is None:
            return self._api.insecure_channel(target, options=arguments)
        return self._api.secure_channel(target, grpc.ssl_channel_credentials(*self._tls), options=arguments)

    def take(self) -> Any:
        """Returns the channel to close, or None, and forgets it."""
        channel, self._channel, self._previous = self._channel, None, None
        return channel



def _serialize(message: Any) -> bytes:
    data: bytes = message.SerializeToString()
    return data
