"""Runs the section "exchanges" of exchange_cases.json."""

import base64
import json

from case_file import Fields, with_fields
from proofmint import Exchange, ExchangeOptions, HttpAnswer, NonceKey, NonceStore, Outcome, Proof, SignerError
from proofmint.exchange.http_answer import MAX_BODY_SIZE, read_nonce

ISSUER = "https://idp.example"
CLIENT = "broker"
SENT_AT_MS = 1767323045000
ANSWER_MS = 120
SIGNER_MS = 5


class LostError(Exception):
    """LostError is why an HTTP request had no answer."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


def nonce_key(fields):
    server = fields.get("from", "as")
    assert server in ("as", "rs")
    return NonceKey(fields.get("issuer", ISSUER), fields.get("client_id", CLIENT), server)


class CaseRun:
    """CaseRun plays the part of the driver and of both servers in one case."""

    def __init__(self, fields):
        self.fields = fields
        self.nonces = NonceStore()
        self.htm = "POST"
        self.access_token = ""
        self.jwt = ""
        self.ending_body = b""  # of the last answer, if no step followed
        self.signs = self.sends = 0
        self.named_keys = set()
        self.sent_proofs = set()
        self.secrets = set()

    def run(self):
        self.store_nonces(self.fields.get("nonces_before", []))
        exchange = self.make_exchange()
        for value in self.fields.get("steps", kind=list):
            self.run_step(Fields(value, "step"), exchange)
        assert exchange.next == "done", "after all steps"
        self.check_outcome(exchange.outcome(), self.fields.object("outcome"))
        self.check_nonces(self.fields.get("nonces_after", []))

    def store_nonces(self, values):
        for value in values:
            fields = Fields(value, "nonce")
            key = nonce_key(fields)
            self.named_keys.add(key)
            self.nonces.put(key, fields.get("nonce"))
            fields.done()

    def check_nonces(self, values):
        wanted = {}
        for value in values:
            fields = Fields(value, "nonces_after")
            wanted[nonce_key(fields)] = fields.get("nonce")
            fields.done()
        assert {key: self.nonces.get(key) for key in self.named_keys | set(wanted) if self.nonces.get(key)} == wanted

    def make_exchange(self):
        fields = self.fields.object("exchange")
        kind = fields.get("kind")
        path = {"token": "token", "pushed": "par", "resource": "userinfo"}[kind]
        self.options = ExchangeOptions(
            issuer=fields.get("issuer", ISSUER),
            client_id=fields.get("client_id", CLIENT),
            url=fields.get("url", f"https://idp.example/{path}"),
            algorithm=fields.get("algorithm", "ES256"),
            key_handle=fields.get("key_handle", "").encode(),
            return_key_handle=fields.get("return_key_handle", False),
            confidential_client=fields.get("confidential_client", False),
            iat_offset=fields.get("iat_offset_s", 0),
            binding=fields.get("binding", "report"))
        for server in ("as", "rs"):
            self.named_keys.add(NonceKey(self.options.issuer, self.options.client_id, server))
        self.secrets.add(self.options.key_handle.decode())
        if kind == "token":
            exchange = Exchange.token(self.options, fields.get("grant_type"), self.nonces)
        elif kind == "pushed":
            exchange = Exchange.pushed(self.options, self.nonces)
        else:
            self.htm = fields.get("htm")
            self.access_token = fields.get("access_token")
            self.secrets.add(self.access_token)
            exchange = Exchange.resource(
                self.options, self.htm, self.access_token, fields.get("token_type"), self.nonces)
        fields.done()
        return exchange

    def run_step(self, step, exchange):
        if "meanwhile" in step:
            self.store_nonces(step.get("meanwhile"))
        elif "sign" in step:
            assert exchange.next == "sign"
            self.run_sign(step, exchange)
        else:
            assert exchange.next == "send"
            self.run_send(step, exchange)
        step.done()

    def run_sign(self, step, exchange):
        self.signs += 1
        self.ending_body = b""
        request = exchange.proof_request()
        want = step.object("sign")
        assert (request.algorithm, request.htm, request.htu) == (self.options.algorithm, self.htm, self.options.url)
        assert request.nonce == want.get("nonce", "")
        self.secrets.add(request.nonce)
        assert request.key_handle.decode() == want.get("key_handle", "")
        assert request.return_key_handle == want.get("return_key_handle", False)
        assert request.iat_offset == want.get("iat_offset_s", 0)
        assert request.access_token_sha256.hex() == want.get("access_token_sha256", "")
        want.done()
        if "signer_error" in step:
            error = step.object("signer_error")
            delay = error.get("retry_delay_ms", None, int)
            exchange.on_signer_error(
                SignerError(error.get("code"), "from the case", reason=error.get("reason", ""),
                            retry_after=None if delay is None else delay / 1000), SIGNER_MS)
            error.done()
            return
        given = step.object("proof", {})
        self.jwt = given.get("jwt", f"proof-{self.signs}")
        handle = given.get("key_handle", f"handle-{self.signs}" if request.return_key_handle else "")
        self.secrets |= {self.jwt, handle}
        exchange.on_proof(Proof(self.jwt, given.get("jkt", f"jkt-{self.signs}"), handle.encode()), SIGNER_MS)
        given.done()

    def run_send(self, step, exchange):
        self.sends += 1
        attempt = exchange.attempt()
        want = step.object("send")
        headers = [("DPoP", self.jwt)]
        if self.access_token:
            headers.append(("Authorization", f"DPoP {self.access_token}"))
        if "headers" in want:
            headers = want.pairs("headers")
        want.done()
        assert sorted(attempt.headers) == sorted(headers)
        assert attempt.number == self.sends
        for proof in [value for name, value in attempt.headers if name == "DPoP"]:
            assert proof not in self.sent_proofs, "sent twice"
            self.sent_proofs.add(proof)
        if "lost" in step:
            lost = step.object("lost")
            exchange.on_transport_error(LostError(lost.get("code", "UNAVAILABLE")), lost.get("sent", kind=bool),
                                        lost.get("took_ms", ANSWER_MS))
            lost.done()
            self.ending_body = b""
            return
        answer = self.read_answer(step.object("answer"))
        self.secrets.add(read_nonce(answer).value)
        self.ending_body = answer.body
        exchange.on_answer(answer)

    @staticmethod
    def read_answer(fields):
        assert sum(name in fields for name in ("json", "body", "body_base64")) <= 1
        body = b""
        if "json" in fields:
            body = json.dumps(fields.get("json"), ensure_ascii=False).encode()
        elif "body" in fields:
            body = fields.get("body").encode()
        elif "body_base64" in fields:
            body = base64.b64decode(fields.get("body_base64"), validate=True)
        body = body.ljust(fields.get("body_size", 0))
        sent_at = fields.get("sent_at_ms", SENT_AT_MS)
        answer = HttpAnswer(fields.get("status", kind=int), fields.pairs("headers"), body, sent_at,
                            fields.get("received_at_ms", sent_at + ANSWER_MS))
        fields.done()
        return answer

    def check_outcome(self, got, want):
        signer = want.object("signer") if "signer" in want else None
        defaults = {"verdict": None, "ok": None, "http_status": None, "attempts": None, "binding": "none",
                    "hint": "none", "idp_token_type": "", "jkt": "", "error": "", "error_description": "",
                    "location_host": "", "content_type": "", "downgrade": False, "nonce_malformed": False,
                    "nonce_ambiguous": False, "safe_to_repeat": False, "nonce_challenges": 0, "body_size": 0,
                    "signer_ms": SIGNER_MS * self.signs, "idp_ms": [ANSWER_MS] * self.sends}
        expected = {name: want.get(name) if default is None else want.get(name, default)
                    for name, default in defaults.items()}
        expected |= {name: want.get(name, None, int) for name in ("retry_after_s", "clock_skew_ms")}
        expected["key_handle"] = want.get("key_handle", "").encode()
        expected["body"] = self.ending_body if len(self.ending_body) <= MAX_BODY_SIZE else b""
        expected["signer"] = (signer.get("code"), signer.get("reason", "")) if signer else None
        expected["transport"] = want.get("transport", None, str)
        want.done()
        if signer:
            signer.done()
        actual = vars(got) | {
            "signer": (got.signer.code, got.signer.reason) if got.signer else None,
            "transport": got.transport.code if got.transport else None,
            "clock_skew_ms": None if got.clock_skew_ms is None else int(got.clock_skew_ms),
            "retry_after_s": None if got.retry_after_s is None else int(got.retry_after_s)}
        assert set(expected) == set(vars(Outcome()))
        assert {name: actual[name] for name in expected} == expected
        self.check_always(got)

    def check_always(self, got):
        """Checks what holds in every case."""
        assert self.sends <= 2
        texts = (got.error, got.error_description, got.idp_token_type, got.content_type, got.location_host)
        for secret in self.secrets:
            assert len(secret) < 8 or not any(secret in text for text in texts)


@with_fields("exchanges")
def test_exchange(fields):
    CaseRun(fields).run()
