"""Runs the section "log_records" of exchange_cases.json."""

import json

from case_file import with_fields
from proofmint import LogContext, Outcome, SignerError, log_record

SECRET = "s3cr3t"  # in the file, all that is secret

TEXTS = ("idp_token_type", "jkt", "error", "error_description", "location_host", "content_type")
NUMBERS = ("http_status", "attempts", "nonce_challenges", "body_size", "signer_ms")
FLAGS = ("downgrade", "nonce_malformed", "nonce_ambiguous", "safe_to_repeat")
OPTIONAL_NUMBERS = ("retry_after_s", "clock_skew_ms")


def read_outcome(fields):
    outcome = Outcome(verdict=fields.get("verdict"), ok=fields.get("ok", kind=bool))
    outcome.binding = fields.get("binding", "none")
    outcome.hint = fields.get("hint", "none")
    for names, default in ((TEXTS, ""), (NUMBERS, 0), (FLAGS, False)):
        for name in names:
            setattr(outcome, name, fields.get(name, default))
    for name in OPTIONAL_NUMBERS:
        setattr(outcome, name, fields.get(name, None, int))
    outcome.key_handle = fields.get("key_handle", "").encode()
    outcome.body = fields.get("body", "").encode()
    outcome.idp_ms = fields.get("idp_ms", [])
    if "signer" in fields:
        signer = fields.object("signer")
        outcome.signer = SignerError(signer.get("code"), SECRET, reason=signer.get("reason", ""))
        signer.done()
    fields.done()
    return outcome


@with_fields("log_records")
def test_log_record(fields):
    context = fields.object("context")
    names = ("issuer", "client_id", "grant_type", "trace_id", "later_failure")
    record = log_record(
        LogContext(**{name: context.get(name, "") for name in names}),
        fields.get("configured", None, str),
        read_outcome(fields.object("token")),
        read_outcome(fields.object("userinfo")) if "userinfo" in fields else None)
    context.done()
    assert SECRET not in json.dumps(record)
    want = fields.get("record", kind=dict)
    assert record["description"]
    if "description" not in want:
        del record["description"]
    assert record == want
