"""AsyncSignerClient gets proofs for asyncio."""

from __future__ import annotations

import asyncio
from types import TracebackType

import grpc  # type: ignore[import]
import grpc.aio  # type: ignore[import]

from . import messages
from .coalescer import Batch, Coalescer, PendingCall, Result, SignerClientStats
from .errors import SignerError
from .options import Connection, SignerClientOptions, check_timeout
from .proof import Capabilities, Proof, ProofRequest


class AsyncSignerClient:
    """AsyncSignerClient is SignerClient for asyncio, with the same retries: calls of one turn of the event loop, and
    those that come while an RPC is out, leave together.

    It belongs to the event loop of its first call. Not thread-safe, as all of asyncio.
    """

    def __init__(self, options: SignerClientOptions | None = None) -> None:
        self._options = options or SignerClientOptions()
        self._connection = Connection(self._options, grpc.aio)
        self._coalescer = Coalescer(self._options)
        self._batches: set[Batch] = set()  # that are out
        self._wake: asyncio.Handle | None = None  # set while _send_batches is due
        self._retry_timer: asyncio.TimerHandle | None = None
        self._closed = False

    async def sign_proof(self, request: ProofRequest, timeout: float | None = None) -> Proof:
        """Returns a proof for `request`. Raises SignerError if there is none within `timeout` seconds.

        If its task is cancelled, the call is forgotten; its RPC ends early if no other call needs it.
        """
        timeout = check_timeout(self._options.timeout if timeout is None else timeout)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        call = PendingCall(messages.encode_request(request), loop.time() + timeout, future)
        self._coalescer.add(call)
        self._wake = self._wake or loop.call_soon(self._send_batches, loop)
        timer = loop.call_at(call.deadline, self._end, call, None)
        try:
            result = await future
        finally:
            timer.cancel()
            self._end(call, None)
        if isinstance(result, SignerError):
            raise result
        return result

    def _end(self, call: PendingCall, error: SignerError | None) -> None:
        """Ends a call that has no result: at its deadline, or because it was cancelled."""
        batch = call.batch
        if not self._coalescer.end(call):
            return
        if not call.waiter.done():
            call.waiter.set_result(error or call.late_error())
        if batch is not None and batch.left == 0:
            batch.task.cancel()

    def _send_batches(self, loop: asyncio.AbstractEventLoop) -> None:
        """Sends all batches that may leave, and comes back when a retry is due."""
        self._wake = None
        while batch := self._coalescer.take(loop.time()):
            self._batches.add(batch)
            batch.task = loop.create_task(self._run(batch, loop))
        if self._retry_timer is not None:
            self._retry_timer.cancel()
        due = self._coalescer.next_retry()
        self._retry_timer = None if due is None else loop.call_at(due, self._send_batches, loop)

    async def _run(self, batch: Batch, loop: asyncio.AbstractEventLoop) -> None:
        result: list[Result] | SignerError = SignerError("CANCELLED", "signer client: no call needs the batch")
        try:
            result = await self._send(batch, loop)
        finally:
            self._batches.discard(batch)
            for call, outcome in self._coalescer.finish(batch, result, loop.time()):
                if not call.waiter.done():
                    call.waiter.set_result(outcome)
            if not self._closed:
                self._send_batches(loop)

    async def _send(self, batch: Batch, loop: asyncio.AbstractEventLoop) -> list[Result] | SignerError:
        try:
            rpc = self._connection.method("BatchSignProofs", messages.decode_batch_response, loop.time())
            response = await rpc(messages.encode_batch([call.message for call in batch.calls]),
                                 timeout=max(batch.deadline - loop.time(), 0), wait_for_ready=True)
            return messages.results_of(response, len(batch.calls))
        except grpc.RpcError as error:
            return messages.decode_rpc_error(error)
        except Exception as error:  # Without this, its calls would wait until their deadlines.
            return SignerError("INTERNAL", f"signer client: {type(error).__name__}")

    async def get_capabilities(self, timeout: float | None = None) -> Capabilities:
        """Asks the signer what it can do. Raises SignerError."""
        if self._closed:
            raise SignerError("CANCELLED", "signer client: closed")
        now = asyncio.get_running_loop().time()
        rpc = self._connection.method("GetCapabilities", messages.decode_capabilities, now)
        try:
            capabilities: Capabilities = await rpc(
                messages.GetCapabilitiesRequest(), wait_for_ready=True,
                timeout=check_timeout(self._options.timeout if timeout is None else timeout))
            return capabilities
        except grpc.RpcError as error:
            raise messages.decode_rpc_error(error) from None

    def stats(self) -> SignerClientStats:
        """Returns counts of calls, batches and retries."""
        return self._coalescer.snapshot()

    async def close(self) -> None:
        """Fails all calls that have no result, and all later ones, with CANCELLED."""
        self._closed = True
        for handle in (self._wake, self._retry_timer):
            if handle is not None:
                handle.cancel()
        for call in self._coalescer.close():
            if not call.waiter.done():
                call.waiter.set_result(SignerError("CANCELLED", "signer client: closed"))
        tasks = [batch.task for batch in self._batches]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        channel = self._connection.take()
        if channel is not None:
            await channel.close()

    async def __aenter__(self) -> AsyncSignerClient:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        traceback: TracebackType | None) -> None:
        await self.close()
