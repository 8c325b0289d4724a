"""What a signer is asked for and what it returns."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Awaitable, Protocol

ALGORITHMS = ("ES256", "Ed25519", "EdDSA")


@dataclass(frozen=True)
class ProofRequest:
    """ProofRequest describes the HTTP request that a proof is for. proof_signer.proto has the limits of each member."""

    htu: str  # the URL, exactly as it is called
    htm: str = "POST"
    algorithm: str = "ES256"  # or "Ed25519", "EdDSA"
    nonce: str = field(default="", repr=False)  # the server's latest DPoP-Nonce; empty: none
    # hash_access_token of the token that goes with the proof; empty: none
    access_token_sha256: bytes = field(default=b"", repr=False)
    key_handle: bytes = field(default=b"", repr=False)  # the key of an earlier proof; empty: a new key
    return_key_handle: bool = False
    iat_offset: float = 0  # seconds to add to the signer's clock, from -300 to 300


@dataclass(frozen=True)
class Proof:
    """Proof is the value of one header DPoP. Never send it twice."""

    jwt: str
    jkt: str  # the thumbprint of its key (RFC 7638)
    key_handle: bytes = b""  # as secret as the token that is bound to the key; empty unless it was asked for
    iat: int = 0  # seconds since 1970

    def __repr__(self) -> str:
        return f"Proof(jkt={self.jkt!r}, iat={self.iat})"  # Neither jwt nor key_handle belongs in a log.


@dataclass(frozen=True)
class Capabilities:
    """Capabilities is what the signer can do."""

    algorithms: tuple[str, ...]
    max_batch_size: int
    max_iat_offset: float  # seconds
    version: str
    kernel: str


class Signer(Protocol):
    """Signer is what a blocking exchange needs: a SignerClient, or a stand-in in a broker's tests."""

    def sign_proof(self, request: ProofRequest, timeout: float | None = None) -> Proof:
        """Returns a proof, or raises a SignerError within `timeout` seconds."""


class AsyncSigner(Protocol):
    """AsyncSigner is Signer for asyncio."""

    def sign_proof(self, request: ProofRequest, timeout: float | None = None) -> Awaitable[Proof]:
        """Returns a proof, or raises a SignerError within `timeout` seconds."""


def hash_access_token(access_token: str) -> bytes:
    """Returns what ProofRequest.access_token_sha256 is for `access_token`, which is never sent to the signer."""
    return hashlib.sha256(access_token.encode("ascii")).digest()
