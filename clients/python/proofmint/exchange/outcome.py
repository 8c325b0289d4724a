"""Outcome says how an exchange ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..signer.errors import SignerError

# The values of Outcome.verdict, and what a log says of each.
VERDICTS = {
    "granted": "The identity provider granted the request.",
    "not_bound": "The identity provider granted a token that is not bound to a key.",
    "binding_mismatch": "The token is bound to another key than that of the proof.",
    "proof_rejected": "The identity provider refused the proof.",
    "nonce_rejected": "The identity provider and the signer did not agree on a nonce.",
    "refused": "The identity provider refused the request for a reason other than its proof.",
    "malformed_answer": "The answer of the identity provider cannot be used.",
    "idp_unavailable": "The identity provider is not available.",
    "signer_unavailable": "The signer made no proof this time; try again.",
    "signer_refused": "The signer refused to make a proof.",
    "not_sent": "The request was not sent.",
}

# The values of Outcome.hint, and what to tell an operator.
HINTS = {
    "none": "",
    "challenge_without_nonce":
        "The server asks for a nonce and sends none: check whether a proxy strips the header DPoP-Nonce.",
    "unusable_nonce": "The server sends a DPoP-Nonce that RFC 9449 does not allow.",
    "nonce_repeated": "The server refuses a nonce and offers the same one again.",
    "nonce_changed_twice":
        "The server refused the nonce that it had just issued: its nodes may not share their nonces.",
    "proof_named_in_description": "The error code is a general one; its description names DPoP.",
    "pinned_key":
        "The code or the refresh token may be bound to another key: use the key handle that belongs to it.",
    "token_expired_or_other_key": "The access token has expired, or it is bound to another key than the proof's: "
                                  "use the key handle that came with it.",
    "token_of_other_key":
        "The access token is bound to another key than the proof's: use the key handle that came with it.",
    "algorithm_not_accepted": "The resource does not accept the algorithm of the proof.",
    "token_without_key": "The access token is a JWT without cnf.jkt: a resource will take it for a bearer token.",
    "bearer_token_with_key": "The access token is bound to our key, though its token_type is not DPoP.",
    "token_type_missing": "The answer has no token_type, which RFC 6749 requires.",
    "redirected": "The server redirects the request: configure the URL that it redirects to.",
    "body_too_large": "The answer is larger than 1 MiB.",
    "token_not_usable": "The access token, or a token of its type, cannot be sent.",
}


@dataclass
class Outcome:
    """Outcome holds the end of an exchange. Its texts hold no secret, except `body`, `key_handle` and `transport`."""

    verdict: str = "not_sent"  # of VERDICTS
    ok: bool = False  # whether the caller may go on
    hint: str = "none"  # of HINTS: the likely cause where the verdict does not tell it

    # What is known about the token's key: "none"; "claimed", only the server says that it is bound; "confirmed", the
    # token names our key; "mismatch", it names another one.
    binding: str = "none"
    idp_token_type: str = ""  # "dpop", "bearer" or another, in lower case; empty without a token, or without a type
    downgrade: bool = False  # A token came, of another type than DPoP.

    jkt: str = ""  # the key of the last proof, to which tokens are bound
    key_handle: bytes = field(default=b"", repr=False)  # of that key; keep it like the token and for as long

    error: str = ""  # the server's, in its last answer, or "dpop_key_generation_failed"; without secrets
    error_description: str = ""
    http_status: int = 0  # of the last attempt; 0: it had no answer
    attempts: int = 0  # HTTP requests
    nonce_challenges: int = 0  # answers that asked for another nonce
    nonce_malformed: bool = False  # An answer had a nonce that cannot be used.
    nonce_ambiguous: bool = False  # An answer had different nonces.

    # Whether the same request may be made again, with a new exchange: it was certainly not carried out, or does no harm
    # twice.
    safe_to_repeat: bool = False
    retry_after_s: float | None = None  # of an "idp_unavailable"
    clock_skew_ms: float | None = None  # how far the server's clock is ahead of ours

    location_host: str = ""  # of a redirect
    content_type: str = ""  # of an answer that could not be read
    body_size: int = 0

    signer: SignerError | None = None
    transport: Exception | None = None  # why an attempt had no answer
    signer_ms: float = 0  # of all proofs
    idp_ms: list[float] = field(default_factory=list)  # one for each attempt

    # The body of the answer that ended the exchange, with tokens and all; empty if it has more than 1 MiB.
    body: bytes = field(default=b"", repr=False)
