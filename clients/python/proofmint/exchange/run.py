"""run and run_async carry an exchange through, with a signer and a function that makes one HTTP request."""

from __future__ import annotations

import socket
import time
from typing import Any, Awaitable, Callable

from ..signer.errors import SignerError
from ..signer.proof import AsyncSigner, Signer
from .exchange import Attempt, Exchange
from .http_answer import HttpAnswer
from .outcome import Outcome

# The errors of urllib3 (below requests) and of httpx for a request that did not leave.
_NOT_SENT = ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "ConnectError", "ConnectTimeout",
             "PoolTimeout")


class NotSentError(Exception):
    """NotSentError is for functions that send: the request has certainly not reached the server."""


def run(exchange: Exchange, signer: Signer, send: Callable[[Attempt], Any], timeout: float | None = None) -> Outcome:
    """Returns how the exchange ended. `timeout` limits each call of the signer, in seconds.

    send(attempt) makes one HTTP request to the exchange's URL, with attempt.headers and, if the client authenticates
    with an assertion, a new one. It must not follow redirects, nor retry. It returns a response of requests or httpx (or
    anything with status_code, headers and content), or an HttpAnswer. An exception that it raises is a lost request.
    """
    while exchange.next != "done":
        start = time.time() * 1000
        if exchange.next == "sign":
            try:
                proof = signer.sign_proof(exchange.proof_request(), timeout)
            except SignerError as error:
                exchange.on_signer_error(error, _since(start))
            else:
                exchange.on_proof(proof, _since(start))
        else:
            try:
                response = send(exchange.attempt())
            except Exception as error:
                exchange.on_transport_error(error, not _is_not_sent(error), _since(start))
            else:
                exchange.on_answer(_answer(response, start))
    return exchange.outcome()


async def run_async(exchange: Exchange, signer: AsyncSigner, send: Callable[[Attempt], Awaitable[Any]],
                    timeout: float | None = None) -> Outcome:
    """Is run for asyncio."""
    while exchange.next != "done":
        start = time.time() * 1000
        if exchange.next == "sign":
            try:
                proof = await signer.sign_proof(exchange.proof_request(), timeout)
            except SignerError as error:
                exchange.on_signer_error(error, _since(start))
            else:
                exchange.on_proof(proof, _since(start))
        else:
            try:
                response = await send(exchange.attempt())
            except Exception as error:
                exchange.on_transport_error(error, not _is_not_sent(error), _since(start))
            else:
                exchange.on_answer(_answer(response, start))
    return exchange.outcome()


def _since(start_ms: float) -> float:
    return max(time.time() * 1000 - start_ms, 0)


def _answer(response: Any, start_ms: float) -> HttpAnswer:
    return response if isinstance(response, HttpAnswer) else HttpAnswer.of(response, start_ms, time.time() * 1000)


def _is_not_sent(error: BaseException | None) -> bool:
    """Tells whether an error, or what caused it, shows that no connection was made."""
    while error is not None:
        if isinstance(error, (NotSentError, ConnectionRefusedError, socket.gaierror)):
            return True
        if type(error).__name__ in _NOT_SENT:
            return True
        error = error.__cause__ or error.__context__
    return False
