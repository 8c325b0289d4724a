"""Proofmint for Python: DPoP proofs (RFC 9449) from a running proofmintd, and the exchange with an identity provider."""

from .exchange.algorithm_choice import AlgorithmChoice, AlgorithmError, choose_algorithm
from .exchange.binding import TokenKey, key_of_introspection, key_of_token
from .exchange.exchange import Attempt, Exchange, ExchangeOptions
from .exchange.http_answer import HttpAnswer
from .exchange.log_record import LogContext, log_record
from .exchange.metadata import MetadataError, ServerMetadata, parse_server_metadata, with_mtls_aliases
from .exchange.metadata_cache import MetadataCache, fresh_for
from .exchange.nonce_store import NonceKey, NonceStore
from .exchange.outcome import HINTS, VERDICTS, Outcome
from .exchange.run import NotSentError, run, run_async
from .signer.aio import AsyncSignerClient
from .signer.client import SignerClient
from .signer.coalescer import SignerClientStats
from .signer.errors import SignerError
from .signer.options import SignerClientOptions, TlsFiles
from .signer.proof import ALGORITHMS, AsyncSigner, Capabilities, Proof, ProofRequest, Signer, hash_access_token

__all__ = [
    "ALGORITHMS", "AlgorithmChoice", "AlgorithmError", "AsyncSigner", "AsyncSignerClient", "Attempt", "Capabilities",
    "Exchange", "ExchangeOptions", "HINTS", "HttpAnswer", "LogContext", "MetadataCache", "MetadataError", "NonceKey",
    "NonceStore", "NotSentError", "Outcome", "Proof", "ProofRequest", "ServerMetadata", "Signer", "SignerClient",
    "SignerClientOptions", "SignerClientStats", "SignerError", "TlsFiles", "TokenKey", "VERDICTS", "choose_algorithm",
    "fresh_for", "hash_access_token", "key_of_introspection", "key_of_token", "log_record", "parse_server_metadata",
    "run", "run_async", "with_mtls_aliases",
]
