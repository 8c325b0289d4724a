"""Tests whole exchanges: the real daemon, the real identity provider, and the HTTP clients that brokers use."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
import requests

from logins import Broker
from proofmint import (AsyncSignerClient, Exchange, ExchangeOptions, LogContext, NonceStore, NotSentError, ProofRequest,
                       log_record, run, run_async)

ROOT = os.path.join(os.path.dirname(__file__), "..", "..", "..")


@pytest.fixture
def broker(idp):
    return Broker(idp, idp.client, NonceStore())


@pytest.fixture
def app(idp):
    """A public client, whose refresh tokens are bound, too."""
    return Broker(idp, idp.public_client, NonceStore())


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519", "EdDSA"])
def test_client_credentials_answer_the_challenge_once_and_keep_the_nonce(idp, broker, signer, algorithm):
    grant = "client_credentials"
    send = broker.send(grant, resource=idp.resource, scope=idp.scope)
    first, second = (run(broker.token(grant, algorithm=algorithm), signer, send) for _ in range(2))
    for outcome in (first, second):
        assert (outcome.verdict, outcome.ok, outcome.binding, outcome.http_status) == (
            "granted", True, "confirmed", 200), outcome
    assert (first.attempts, first.nonce_challenges, len(first.idp_ms)) == (2, 1, 2)
    assert (second.attempts, second.nonce_challenges) == (1, 0)
    assert first.jkt != second.jkt
    record = log_record(LogContext(issuer=idp.issuer, client_id="broker", grant_type=grant), algorithm, first)
    assert (record["type"], record["dpop_signing_alg"], record["idp_token_type"]) == ("s", algorithm, "dpop")
    assert "error" not in record
    assert json.loads(first.body)["access_token"] not in json.dumps(record)


def test_a_login_with_userinfo_by_key_handle(broker, signer):
    grant = "authorization_code"
    token = run(broker.token(grant, return_key_handle=True), signer, broker.send(grant, **broker.authorize()))
    assert token.ok and token.binding == "claimed", token
    tokens = json.loads(token.body)
    exchange = broker.userinfo(tokens["access_token"], tokens["token_type"], key_handle=token.key_handle)
    userinfo = run(exchange, signer, broker.get_userinfo)
    assert userinfo.ok and json.loads(userinfo.body) == {"sub": "alice"}
    assert userinfo.jkt == token.jkt

    other_key = run(broker.userinfo(tokens["access_token"]), signer, broker.get_userinfo)
    assert (other_key.verdict, other_key.error) == ("refused", "invalid_token")
    assert other_key.hint == "token_expired_or_other_key"
    record = log_record(LogContext(), "ES256", token, other_key)
    assert record["type"] == "f" and record["upstream_userinfo_fetch"] == {"status": 401, "dpop_bound": True}


def test_a_refresh_needs_the_key_of_the_login(app, signer):
    grant = "authorization_code"
    token = run(app.token(grant, return_key_handle=True), signer, app.send(grant, **app.authorize()))
    refresh = {"refresh_token": json.loads(token.body)["refresh_token"]}
    refused = run(app.token("refresh_token"), signer, app.send("refresh_token", **refresh))
    assert (refused.verdict, refused.error) == ("refused", "invalid_grant")

    token = run(app.token(grant, return_key_handle=True), signer, app.send(grant, **app.authorize()))
    refresh = {"refresh_token": json.loads(token.body)["refresh_token"]}
    exchange = app.token("refresh_token", key_handle=token.key_handle)
    refreshed = run(exchange, signer, app.send("refresh_token", **refresh))
    assert refreshed.ok and refreshed.jkt == token.jkt and refreshed.key_handle == token.key_handle


def test_a_code_that_is_pinned_by_dpop_jkt(broker, signer):
    grant = "authorization_code"
    pinned = signer.sign_proof(ProofRequest(htu=broker.metadata.token_endpoint, return_key_handle=True))
    code = broker.authorize(dpop_jkt=pinned.jkt)
    token = run(broker.token(grant, key_handle=pinned.key_handle), signer, broker.send(grant, **code))
    assert token.ok and token.jkt == pinned.jkt
    code = broker.authorize(dpop_jkt=pinned.jkt)
    refused = run(broker.token(grant), signer, broker.send(grant, **code))
    assert (refused.verdict, refused.error) == ("refused", "invalid_grant")


def test_an_expired_code_is_not_blamed_on_dpop(broker, signer):
    grant = "authorization_code"
    outcome = run(broker.token(grant), signer,
                  broker.send(grant, code="none", code_verifier="x" * 43, redirect_uri="https://broker.example/callback"))
    assert (outcome.verdict, outcome.error, outcome.nonce_challenges) == ("refused", "invalid_grant", 1)


def test_asyncio_with_httpx(idp, broker, options):
    async def log_in(signer, http):
        form = broker.form("client_credentials", resource=idp.resource, scope=idp.scope)
        return await run_async(broker.token("client_credentials"), signer, lambda attempt: http.post(
            broker.metadata.token_endpoint, data=form, auth=broker.auth, headers=attempt.headers))

    async def main():
        async with AsyncSignerClient(options) as signer, httpx.AsyncClient(timeout=30) as http:
            outcomes = await asyncio.gather(*(log_in(signer, http) for _ in range(20)))
            assert len({outcome.jkt for outcome in outcomes}) == 20
            assert all(outcome.ok and outcome.binding == "confirmed" for outcome in outcomes)
            assert signer.stats().batches < 40

    asyncio.run(main())


def test_logins_go_on_while_the_signer_restarts(idp, broker, daemon, signer):
    grant = "client_credentials"
    send = broker.send(grant, resource=idp.resource, scope=idp.scope)
    assert run(broker.token(grant), signer, send).ok
    for _ in range(3):
        daemon.kill()
        with ThreadPoolExecutor(1) as pool:
            login = pool.submit(run, broker.token(grant), signer, send)
            while not signer.stats().pending:
                time.sleep(0.01)
            daemon.start()
            assert login.result().ok, login.result()


def test_without_a_signer_nothing_is_sent(broker, daemon, signer):
    daemon.kill()
    outcome = run(broker.token("client_credentials"), signer, lambda _: pytest.fail("sent"), timeout=0.2)
    assert (outcome.verdict, outcome.attempts, outcome.safe_to_repeat) == ("signer_unavailable", 0, True)
    assert outcome.signer.code == "DEADLINE_EXCEEDED"
    daemon.start()


class NonceTwice(BaseHTTPRequestHandler):
    """NonceTwice answers with two different nonces."""

    def do_POST(self):
        self.send_response(400)
        self.send_header("DPoP-Nonce", "nonce-1")
        self.send_header("DPoP-Nonce", "nonce-2")
        self.end_headers()
        self.wfile.write(b'{"error": "invalid_grant"}')

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("post", [requests.post, httpx.post])
def test_repeated_headers_are_read_apart(signer, post):
    server = HTTPServer(("127.0.0.1", 0), NonceTwice)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/token"
    exchange = Exchange.token(ExchangeOptions("https://idp.example", "broker", url), "client_credentials", NonceStore())
    try:
        outcome = run(exchange, signer, lambda attempt: post(url, headers=dict(attempt.headers), timeout=10))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert (outcome.error, outcome.nonce_ambiguous, outcome.nonce_malformed) == ("invalid_grant", True, False)


def refused_by(post):
    return lambda _: post("http://127.0.0.1:1/token", timeout=10)


def lost(_):
    raise requests.ReadTimeout("no answer")


def not_sent(_):
    raise NotSentError


@pytest.mark.parametrize("send,was_sent", [
    (refused_by(requests.post), False),
    (refused_by(httpx.post), False),
    (lambda _: requests.post("http://host.invalid/token", timeout=10), False),
    (not_sent, False),
    (lost, True),
])
def test_a_request_that_did_not_leave_may_be_repeated(signer, send, was_sent):
    options = ExchangeOptions("https://idp.example", "broker", "https://idp.example/token")
    outcome = run(Exchange.token(options, "authorization_code", NonceStore()), signer, send)
    assert (outcome.verdict, outcome.attempts, outcome.http_status) == ("idp_unavailable", 1, 0)
    assert outcome.safe_to_repeat is not was_sent
    assert outcome.transport is not None


def test_the_example_gets_a_token_and_uses_it(idp, daemon):
    path = os.path.join(ROOT, "examples", "python", "client_credentials.py")
    with open(path, encoding="utf-8") as file:
        assert len(file.readlines()) < 60
    seen = []

    class Resource(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(dict(self.headers))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Resource)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        done = subprocess.run(
            [sys.executable, path], capture_output=True, text=True, timeout=60,
            env={**os.environ, "ISSUER": idp.issuer, "CLIENT_ID": "broker", "CLIENT_SECRET": idp.client["client_secret"],
                 "RESOURCE": f"http://127.0.0.1:{server.server_port}/", "SCOPE": idp.scope,
                 "PROOFMINT_TARGET": daemon.addresses[0]}, check=False)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert done.returncode == 0, done.stderr
    assert done.stdout == "200 hello\n"
    record = json.loads(done.stderr)
    assert (record["outcome"], record["binding"]) == ("granted", "confirmed")
    assert seen[0]["Authorization"].startswith("DPoP ") and seen[0]["DPoP"]
