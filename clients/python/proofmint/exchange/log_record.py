"""log_record makes what a broker logs of one login, so that a failure of DPoP can be told from any other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .outcome import HINTS, VERDICTS, Outcome

MAX_LOGGED_TEXT = 512  # bytes of one text in UTF-8


@dataclass(frozen=True)
class LogContext:
    """LogContext is what the broker knows of a login. What is empty is left out of the record."""

    issuer: str = ""
    client_id: str = ""
    grant_type: str = ""
    trace_id: str = ""  # of W3C Trace Context: joins with the signer's audit log
    later_failure: str = ""  # what failed after the token came; makes the login a failed one; without secrets


def log_record(context: LogContext, configured: str | None, token: Outcome,
               userinfo: Outcome | None = None) -> dict[str, Any]:
    """Returns the record of a login, for json.dumps. It holds no token, proof, nonce, key handle, code or body.

    `configured` is the algorithm that is sent, None if DPoP is not configured; `userinfo` is None if it was not asked.

      type                 "s" if the login succeeded, otherwise "f"
      dpop_signing_alg     in every record of a connection with DPoP, in no other
      idp_token_type, binding, downgrade   only if a token came
      jkt                  of the last proof; it joins with the audit log
      upstream_userinfo_fetch   {"status", "dpop_bound"}

    The rest describes the token request, or the userinfo request if only that failed. `error` is the ultimate one: a
    nonce challenge that was answered is none.
    """
    decisive = userinfo if token.ok and userinfo is not None and not userinfo.ok else token
    record: dict[str, Any] = {
        "type": "s" if decisive.ok and not context.later_failure else "f",
        "description": _cut(context.later_failure
                            or f"{VERDICTS[decisive.verdict]} {HINTS[decisive.hint]}".rstrip()),
    }
    for name in ("issuer", "client_id", "grant_type", "trace_id"):
        _add_text(record, name, getattr(context, name))
    if configured is not None:
        record["dpop_signing_alg"] = configured
        _add_binding(record, token, userinfo)
    record["outcome"] = decisive.verdict
    if configured is not None and decisive.hint != "none":
        record["hint"] = decisive.hint
    _add_answer(record, decisive)
    if configured is not None:
        _add_proofs(record, decisive)
    return record


def _cut(text: str) -> str:
    return text.encode("utf-8", "replace")[:MAX_LOGGED_TEXT].decode("utf-8", "ignore")


def _add_text(record: dict[str, Any], name: str, text: str) -> None:
    if text:
        record[name] = _cut(text)


def _tenths(number: float) -> float:
    """Rounds to tenths, halves away from zero."""
    return math.copysign(math.floor(abs(number) * 10 + 0.5) / 10, number)


def _add_binding(record: dict[str, Any], token: Outcome, userinfo: Outcome | None) -> None:
    if token.idp_token_type or token.downgrade:
        _add_text(record, "idp_token_type", token.idp_token_type)
        record["binding"] = token.binding
        record["downgrade"] = token.downgrade
    _add_text(record, "jkt", token.jkt)
    if userinfo is not None:
        record["upstream_userinfo_fetch"] = {"status": userinfo.http_status, "dpop_bound": bool(userinfo.jkt)}


def _add_answer(record: dict[str, Any], outcome: Outcome) -> None:
    # An exchange ends with a challenge's error only if it ends with a challenge.
    if outcome.error and (outcome.error != "use_dpop_nonce" or outcome.verdict == "nonce_rejected"):
        _add_text(record, "error", outcome.error)
        _add_text(record, "error_description", outcome.error_description)
    if outcome.http_status:
        record["http_status"] = outcome.http_status
    record["idp_ms"] = [_tenths(ms) for ms in outcome.idp_ms]
    if outcome.verdict == "malformed_answer":
        _add_text(record, "location_host", outcome.location_host)
        _add_text(record, "content_type", outcome.content_type)
        record["body_size"] = outcome.body_size
    if outcome.retry_after_s is not None:
        record["retry_after_s"] = _tenths(outcome.retry_after_s)


def _add_proofs(record: dict[str, Any], outcome: Outcome) -> None:
    record["attempts"] = outcome.attempts
    record["nonce_challenges"] = outcome.nonce_challenges
    for name in ("nonce_malformed", "nonce_ambiguous"):
        if getattr(outcome, name):
            record[name] = True
    if outcome.clock_skew_ms is not None:
        record["clock_skew_s"] = _tenths(outcome.clock_skew_ms / 1000)
    if outcome.signer is not None:
        record["signer_code"] = outcome.signer.code
        _add_text(record, "signer_reason", outcome.signer.reason)
        _add_text(record, "signer_field", outcome.signer.field)
    record["signer_ms"] = _tenths(outcome.signer_ms)
