"""NonceStore remembers the latest DPoP nonce of each server."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import NamedTuple

from .text import is_nonce


class NonceKey(NamedTuple):
    """NonceKey says where a nonce is valid. Some providers issue a nonce to one client only."""

    issuer: str
    client_id: str
    server: str  # "as", the authorization server, or "rs", a resource server: they differ, even on one host


class NonceStore:
    """NonceStore holds the nonces of one process in memory. Share one among all exchanges. Thread-safe.

    Over `capacity` the nonce that was used least recently goes: a missing nonce costs one challenge, as a stale one does.
    """

    def __init__(self, capacity: int = 16384) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._nonces: OrderedDict[NonceKey, str] = OrderedDict()

    def get(self, key: NonceKey) -> str:
        """Returns the nonce of `key`; empty if there is none."""
        with self._lock:
            nonce = self._nonces.get(key, "")
            if nonce:
                self._nonces.move_to_end(key)
            return nonce

    def put(self, key: NonceKey, nonce: str) -> None:
        """Replaces the nonce of `key`. Ignores what is no nonce, so that it does not get into a proof."""
        if not is_nonce(nonce):
            return
        with self._lock:
            self._nonces[key] = nonce
            self._nonces.move_to_end(key)
            if len(self._nonces) > self._capacity:
                self._nonces.popitem(last=False)

    def forget(self, key: NonceKey, if_still: str) -> None:
        """Forgets the nonce of `key` unless another login has stored a newer one meanwhile."""
        with self._lock:
            if self._nonces.get(key) == if_still:
                del self._nonces[key]
