"""Exchange is one HTTP request with a DPoP proof to an identity provider."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..signer.errors import SignerError
from ..signer.proof import Proof, ProofRequest, hash_access_token
from .answer import AnswerReader
from .http_answer import HttpAnswer
from .nonce_store import NonceKey, NonceStore
from .outcome import Outcome
from .text import is_visible_word

_COMPACT_JWS = re.compile(r"[A-Za-z0-9_.-]+")


@dataclass(frozen=True)
class ExchangeOptions:
    """ExchangeOptions says what the request is. `algorithm` is chosen by choose_algorithm."""

    issuer: str  # Nonces are kept by issuer and client. Of a resource of another server, its origin.
    client_id: str
    url: str  # exactly as it is called
    algorithm: str = "ES256"
    # The key of an earlier proof; empty: a new key for each proof. For dpop_jkt (RFC 9449 section 10) sign once with
    # return_key_handle, send Proof.jkt as dpop_jkt, and give that proof's handle here to redeem the code.
    key_handle: bytes = field(default=b"", repr=False)
    return_key_handle: bool = False  # whether the outcome is to have a handle, for userinfo or a refresh
    # Whether the client authenticates itself: if the signer refuses `key_handle`, a refresh goes on with a new key.
    confidential_client: bool = False
    iat_offset: float = 0  # seconds
    # "report": a token that is not bound to our key is reported, and `ok` holds; a token of another key is an error if
    # a key handle was given or asked for. "require": it is an error.
    binding: str = "report"


@dataclass(frozen=True)
class Attempt:
    """Attempt is one HTTP request. Send it at once and never twice, not even after a network error."""

    number: int  # 1 or 2. A client assertion is for one attempt: make a new one.
    headers: list[tuple[str, str]] = field(repr=False)  # to add, exactly these


class Exchange:
    """Exchange decides what to do next and does no I/O: ask `next`, do it, report the result; run() is such a driver.

    It signs a proof for each attempt, and makes a second attempt only if the server refused the first and offered
    another nonce. There is no third, and none without a proof. Not thread-safe. A call out of turn raises RuntimeError.
    """

    def __init__(self, options: ExchangeOptions, endpoint: str, nonces: NonceStore) -> None:
        """Is for this module: call token(), pushed() or resource()."""
        if options.binding not in ("report", "require"):
            raise ValueError(f"binding: got {options.binding!r}, want 'report' or 'require'")
        self._options = options
        self._nonces = nonces
        server = "rs" if endpoint == "resource" else "as"
        self._reader = AnswerReader(options, endpoint, nonces, NonceKey(options.issuer, options.client_id, server))
        self._htm = "POST"
        self._authorization = ""
        self._access_token_sha256 = b""
        self._next = "sign"
        self._key_handle_dropped = False
        self._proof = ""
        self._first_proof = ""

    @classmethod
    def token(cls, options: ExchangeOptions, grant_type: str, nonces: NonceStore) -> Exchange:
        """Makes a token request: POST to the token endpoint (RFC 9449 section 5)."""
        exchange = cls(options, "token", nonces)
        exchange._reader.grant_type = grant_type
        return exchange

    @classmethod
    def pushed(cls, options: ExchangeOptions, nonces: NonceStore) -> Exchange:
        """Makes a pushed authorization request: POST (RFC 9126, RFC 9449 section 10.1)."""
        return cls(options, "pushed", nonces)

    @classmethod
    def resource(cls, options: ExchangeOptions, htm: str, access_token: str, token_type: str,
                 nonces: NonceStore) -> Exchange:
        """Makes a request of a protected resource, such as userinfo (RFC 9449 section 7).

        `token_type` is as the provider gave it: a token of type DPoP is sent with a proof, one of type Bearer or without
        a type as bearer and without a proof. Others are not sent, nor with `binding` "require" any that is not DPoP.
        """
        exchange = cls(options, "resource", nonces)
        reader = exchange._reader
        exchange._htm = reader.htm = htm
        reader.access_token = access_token
        reader.with_proof = token_type.lower() == "dpop"
        is_bearer = token_type.lower() in ("", "bearer") and options.binding == "report"
        if not is_visible_word(access_token) or not (reader.with_proof or is_bearer):
            reader.end("not_sent", "token_not_usable")
            exchange._next = "done"
            return exchange
        reader.secrets.append(access_token)
        exchange._authorization = f"{'DPoP' if reader.with_proof else 'Bearer'} {access_token}"
        if reader.with_proof:
            exchange._access_token_sha256 = hash_access_token(access_token)
        else:
            exchange._next = "send"
        return exchange

    @property
    def next(self) -> str:
        """Is "sign" (get a proof for proof_request()), "send" (send attempt()) or "done" (read outcome())."""
        return self._next

    def _check_turn(self, want: str) -> None:
        if self._next != want:
            raise RuntimeError(f"Exchange: out of turn, next is {self._next!r}")

    def proof_request(self) -> ProofRequest:
        """Returns what is to be signed, while `next` is "sign"."""
        self._check_turn("sign")
        return ProofRequest(
            algorithm=self._options.algorithm,
            htm=self._htm,
            htu=self._options.url,
            nonce=self._reader.sent_nonce,
            access_token_sha256=self._access_token_sha256,
            key_handle=b"" if self._key_handle_dropped else self._options.key_handle,
            # A refresh whose handle was refused needs that of the new key.
            return_key_handle=self._options.return_key_handle or self._key_handle_dropped,
            iat_offset=self._options.iat_offset)

    def on_proof(self, proof: Proof, took_ms: float = 0) -> None:
        """Reports the proof."""
        self._check_turn("sign")
        if not _COMPACT_JWS.fullmatch(proof.jwt) or proof.jwt == self._first_proof:
            error = SignerError("INTERNAL", "proof: the signer returned one that cannot be sent, or sent again")
            self.on_signer_error(error, took_ms)
            return
        outcome = self._reader.outcome
        outcome.signer_ms += took_ms
        self._proof = proof.jwt
        self._first_proof = self._first_proof or proof.jwt
        self._reader.secrets.append(proof.jwt)
        outcome.jkt = proof.jkt
        outcome.key_handle = proof.key_handle or (b"" if self._key_handle_dropped else self._options.key_handle)
        self._next = "send"

    def on_signer_error(self, error: SignerError, took_ms: float = 0) -> None:
        """Reports that the signer made no proof."""
        self._check_turn("sign")
        outcome = self._reader.outcome
        outcome.signer_ms += took_ms
        # A client that authenticates itself may use another key for a refresh (RFC 9449 section 5).
        if (self._options.confidential_client and self._reader.grant_type == "refresh_token"
                and self._options.key_handle and not self._key_handle_dropped
                and error.reason == "INVALID_KEY_HANDLE"):
            self._key_handle_dropped = True
            return
        passes = error.code in ("UNAVAILABLE", "CANCELLED", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED")
        if passes and error.reason == "KEY_GENERATION_FAILED":
            outcome.error = "dpop_key_generation_failed"
        outcome.signer = error
        outcome.safe_to_repeat = passes
        self._reader.end("signer_unavailable" if passes else "signer_refused")
        self._next = "done"

    def attempt(self) -> Attempt:
        """Returns the HTTP request to send, while `next` is "send"."""
        self._check_turn("send")
        headers = [("DPoP", self._proof)] if self._reader.with_proof else []
        if self._authorization:
            headers.append(("Authorization", self._authorization))
        return Attempt(self._reader.outcome.attempts + 1, headers)

    def on_answer(self, answer: HttpAnswer) -> None:
        """Reports the answer to attempt()."""
        self._check_turn("send")
        self._next = "sign" if self._reader.read(answer) else "done"

    def on_transport_error(self, error: Exception, sent: bool, took_ms: float = 0) -> None:
        """Reports that no answer came. `sent`: the request, or a part of it, may have reached the server."""
        self._check_turn("send")
        self._reader.lose(error, sent, took_ms)
        self._next = "done"

    def outcome(self) -> Outcome:
        """Returns how the exchange ended, once `next` is "done"."""
        self._check_turn("done")
        return self._reader.outcome
