"""AnswerReader decides what an identity provider's answer means. docs/write-a-client.md has the rules as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .binding import key_of_token
from .challenge import Challenge, parse_challenges
from .http_answer import MAX_BODY_SIZE, HttpAnswer, ReceivedNonce, read_nonce
from .nonce_store import NonceKey, NonceStore
from .outcome import Outcome
from .text import is_visible_word, parse_json_object, redacted, string_member

if TYPE_CHECKING:
    from .exchange import ExchangeOptions

# With these codes only the description tells whether the proof was at fault.
_GENERAL_CODES = ("invalid_request", "invalid_token", "invalid_client", "unauthorized_client", "access_denied")
_IDEMPOTENT_METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")  # RFC 9110 section 9.2.2


class AnswerReader:
    """AnswerReader is the half of an Exchange that follows an attempt. It owns the outcome."""

    def __init__(self, options: ExchangeOptions, endpoint: str, nonces: NonceStore, nonce_key: NonceKey) -> None:
        self._options = options
        self._endpoint = endpoint  # "token", "pushed" or "resource"
        self._nonces = nonces
        self._nonce_key = nonce_key
        self.grant_type = ""
        self.htm = "POST"
        self.access_token = ""  # of a resource
        self.with_proof = True
        self.sent_nonce = nonces.get(nonce_key)  # in the proof of this attempt; empty: none
        self.secrets = [self.sent_nonce]  # that must not get into texts
        self.outcome = Outcome()

    def end(self, verdict: str, hint: str = "none") -> None:
        """Ends the exchange."""
        self.outcome.verdict = verdict
        self.outcome.hint = hint

    def lose(self, error: Exception, sent: bool, took_ms: float) -> None:
        """Ends the exchange because no answer came."""
        self.outcome.attempts += 1
        self.outcome.idp_ms.append(took_ms)
        self.outcome.transport = error
        self._end_unavailable(sent)

    def read(self, answer: HttpAnswer) -> bool:
        """Returns whether a second attempt is to be made, with `sent_nonce`. If not, the outcome is complete."""
        nonce = self._record(answer)
        challenges = parse_challenges(answer.all("WWW-Authenticate"))
        body = parse_json_object(self.outcome.body)
        code, description = self._error_of(body, challenges)
        self.outcome.error = redacted(code, self.secrets)
        self.outcome.error_description = redacted(description, self.secrets)
        kind = answer.status // 100
        if kind == 2:
            self._end_granted(answer, body)
        elif kind == 3:
            # Code, secret and proof are meant for one URL.
            self.outcome.location_host = answer.location_host()
            self._end_unread("malformed_answer", answer, "redirected")
        elif kind not in (4, 5):
            self._end_unread("malformed_answer", answer)
        else:
            new_nonce = self._answer_challenge(answer.status, code, nonce)
            if new_nonce is not None:
                self._begin_second_attempt(new_nonce)
                return True
            if self.outcome.verdict == "not_sent":
                self._end_refused(answer, code, description, challenges)
        return False

    def _record(self, answer: HttpAnswer) -> ReceivedNonce:
        """Notes what every answer has; returns its nonce."""
        outcome = self.outcome
        outcome.attempts += 1
        outcome.http_status = answer.status
        outcome.idp_ms.append(answer.received_at_ms - answer.sent_at_ms)
        outcome.body = answer.body if len(answer.body) <= MAX_BODY_SIZE else b""
        skew = answer.clock_skew_ms()
        outcome.clock_skew_ms = outcome.clock_skew_ms if skew is None else skew
        nonce = read_nonce(answer)
        outcome.nonce_malformed |= nonce.malformed
        outcome.nonce_ambiguous |= nonce.ambiguous
        if nonce.value:
            self._nonces.put(self._nonce_key, nonce.value)
            self.secrets.append(nonce.value)
        return nonce

    def _error_of(self, body: dict[str, Any] | None, challenges: list[Challenge]) -> tuple[str, str]:
        """Returns error and error_description. A resource has them in its challenges first, other endpoints last."""
        candidates = [c.parameters for scheme in ("dpop", "bearer") for c in challenges if c.scheme == scheme]
        members = {name: string_member(body, name) for name in ("error", "error_description")}
        candidates.insert(len(candidates) if self._endpoint == "resource" else 0, members)
        for candidate in candidates:
            if candidate.get("error"):
                return candidate["error"], candidate.get("error_description", "")
        return "", ""

    def _answer_challenge(self, status: int, code: str, nonce: ReceivedNonce) -> str | None:
        """Returns the nonce of the second attempt if the answer asks for one; may end the exchange."""
        if not self.with_proof:
            return None
        is_first = self.outcome.attempts == 1
        is_new = nonce.value not in ("", self.sent_nonce)
        if status // 100 == 4 and code == "use_dpop_nonce":
            self.outcome.nonce_challenges += 1
            if is_new and is_first:
                return nonce.value
            if nonce.value:
                self.end("nonce_rejected", "nonce_changed_twice" if is_new else "nonce_repeated")
                return None
            if self.sent_nonce:
                self._nonces.forget(self._nonce_key, self.sent_nonce)
                if is_first:
                    return ""  # Some servers that do not use nonces refuse all of them.
            self.end("nonce_rejected", "unusable_nonce" if nonce.malformed else "challenge_without_nonce")
            return None
        # When they want a nonce, servers that follow a draft of RFC 9449 refuse the proof, and others give no error that
        # can be read.
        refuses_proof = code == "invalid_dpop_proof" and status in (400, 401, 403)
        says_nothing = not code and status in (400, 401)
        if is_first and is_new and (refuses_proof or says_nothing):
            self.outcome.nonce_challenges += 1
            return nonce.value
        return None

    def _begin_second_attempt(self, nonce: str) -> None:
        """Forgets what the first answer said, which is not how the exchange ends."""
        self.sent_nonce = nonce
        self.outcome.http_status = 0
        self._clear_error()
        self.outcome.body = b""

    def _clear_error(self) -> None:
        self.outcome.error = self.outcome.error_description = ""

    def _end_granted(self, answer: HttpAnswer, body: dict[str, Any] | None) -> None:
        access_token = string_member(body, "access_token")
        if len(answer.body) > MAX_BODY_SIZE:
            self._end_unread("malformed_answer", answer, "body_too_large")
        elif (self._endpoint == "token" and not is_visible_word(access_token)
              or self._endpoint == "pushed" and not string_member(body, "request_uri")):
            self._end_unread("malformed_answer", answer)
        elif self._endpoint == "token":
            self._end_token_granted(answer, string_member(body, "token_type"), access_token)
        else:
            if self._endpoint == "resource" and self.with_proof:
                jkt = key_of_token(self.access_token).jkt
                self.outcome.binding = (
                    "claimed" if not jkt else "confirmed" if jkt == self.outcome.jkt else "mismatch")
            self._clear_error()
            self.outcome.ok = True
            self.end("granted" if self.with_proof else "not_bound")

    def _end_token_granted(self, answer: HttpAnswer, token_type: str, access_token: str) -> None:
        outcome, options = self.outcome, self._options
        self.secrets.append(access_token)
        token_type = redacted(token_type, self.secrets).lower()
        is_required = options.binding == "require"
        if not token_type and is_required:
            self._end_unread("malformed_answer", answer, "token_type_missing")
            return
        is_dpop = token_type == "dpop"
        key = key_of_token(access_token)
        is_ours = key.jkt != "" and key.jkt == outcome.jkt
        self._clear_error()
        outcome.idp_token_type = token_type
        outcome.downgrade = not is_dpop
        outcome.binding = ("confirmed" if is_ours else "mismatch" if key.jkt else "claimed" if is_dpop else "none")
        outcome.ok = is_dpop or not is_required
        hint = "none"
        if not token_type:
            hint = "token_type_missing"
        elif is_dpop and key.readable and not key.jkt:
            hint = "token_without_key"
        elif not is_dpop and is_ours:
            hint = "bearer_token_with_key"
        if outcome.binding == "mismatch":
            # With a handle, userinfo or a refresh follows, and would fail.
            outcome.ok = not (is_required or options.key_handle or options.return_key_handle)
            self.end("binding_mismatch", hint)
        else:
            self.end("granted" if is_dpop else "not_bound", hint)

    def _end_refused(self, answer: HttpAnswer, code: str, description: str, challenges: list[Challenge]) -> None:
        # Without a proof neither a key nor an algorithm is to blame.
        at_resource = self.with_proof and self._endpoint == "resource" and answer.status == 401
        other_algorithm = at_resource and self._wants_other_algorithm(challenges)
        if self.with_proof and code == "invalid_dpop_proof":
            self.end("proof_rejected", "algorithm_not_accepted" if other_algorithm else "none")
        elif answer.status in (408, 429) or answer.status >= 500:
            self.outcome.retry_after_s = answer.retry_after_s()
            refused = self.outcome.retry_after_s is not None and answer.status in (429, 503)
            self._end_unavailable(carried_out=not refused)
        elif other_algorithm:
            self.end("proof_rejected", "algorithm_not_accepted")
        elif self.with_proof and code in _GENERAL_CODES and "dpop" in description.lower():
            self.end("proof_rejected", "proof_named_in_description")
        elif at_resource and code == "invalid_token":
            jkt = key_of_token(self.access_token).jkt
            self.end("refused",
                     "token_of_other_key" if jkt not in ("", self.outcome.jkt) else "token_expired_or_other_key")
        elif code == "invalid_grant":
            self.end("refused", "pinned_key" if self._options.key_handle else "none")
        elif not code:
            self._end_unread("refused", answer, "body_too_large" if len(answer.body) > MAX_BODY_SIZE else "none")
        else:
            self.end("refused")

    def _end_unread(self, verdict: str, answer: HttpAnswer, hint: str = "none") -> None:
        self.outcome.content_type = redacted(answer.first("Content-Type"), self.secrets)
        self.outcome.body_size = len(answer.body)
        self.end(verdict, hint)

    def _end_unavailable(self, carried_out: bool) -> None:
        """Ends because the server cannot answer. `carried_out`: it may have carried the request out."""
        is_idempotent = {
            "token": self.grant_type == "client_credentials",
            "pushed": True,
            "resource": self.htm in _IDEMPOTENT_METHODS,
        }[self._endpoint]
        self.outcome.safe_to_repeat = not carried_out or is_idempotent
        self.end("idp_unavailable")

    def _wants_other_algorithm(self, challenges: list[Challenge]) -> bool:
        lists = [c.parameters.get("algs", "").split(" ") for c in challenges if c.scheme == "dpop"]
        return any(any(names) and self._options.algorithm not in names for names in lists)
