"""Proofmint for Python: DPoP proofs (RFC 9449) from a running proofmintd."""

from .signer.aio import AsyncSignerClient
from .signer.client import SignerClient
from .signer.coalescer import SignerClientStats
from .signer.errors import SignerError
from .signer.options import SignerClientOptions, TlsFiles
from .signer.proof import ALGORITHMS, AsyncSigner, Capabilities, Proof, ProofRequest, Signer, hash_access_token

__all__ = [
    "ALGORITHMS", "AsyncSigner", "AsyncSignerClient", "Capabilities", "Proof", "ProofRequest", "Signer", "SignerClient",
    "SignerClientOptions", "SignerClientStats", "SignerError", "TlsFiles", "hash_access_token",
]
