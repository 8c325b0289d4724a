"""SignerClient gets proofs for threads, AsyncSignerClient (aio.py) for asyncio."""

from __future__ import annotations

import threading
import time
from types import TracebackType

import grpc  # type: ignore[import]

from . import messages
from .coalescer import Batch, Coalescer, PendingCall, Result, SignerClientStats
from .errors import SignerError
from .options import Connection, SignerClientOptions, check_timeout
from .proof import Capabilities, Proof, ProofRequest


class _Waiter:
    """_Waiter is where a thread waits for the result of its call."""

    __slots__ = ("_lock", "result")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()
        self.result: Result | None = None

    def wake(self, result: Result) -> None:
        self.result = result
        self._lock.release()

    def wait(self, timeout: float) -> Result | None:
        """Returns the result, None if it has not come within `timeout` seconds."""
        return self.result if self._lock.acquire(timeout=max(timeout, 0)) else None


class SignerClient:
    """SignerClient calls one signer, or a fleet of equal ones. Make one for the process: its calls share RPCs.

    Calls of several threads that come while an RPC is out leave together with the next. Each is retried by itself while
    it fails for a passing reason: after the signer's delay and a backoff, within its deadline and a budget that all
    calls share. While the signer restarts, calls wait for it. The signer makes a new proof each time. A call whose last
    retry has no answer before the deadline ends with the error of the attempt before.

    Thread-safe. A call that is alone runs on the thread of its caller, others on threads of the client. The client
    connects and starts max_batches_in_flight threads at the first call: a process that forks, such as gunicorn's, may
    make it before the fork and must not use it before.
    """

    def __init__(self, options: SignerClientOptions | None = None) -> None:
        self._options = options or SignerClientOptions()
        self._connection = Connection(self._options, grpc)
        self._coalescer = Coalescer(self._options)
        self._changed = threading.Condition(threading.Lock())  # guards all that follows, and both of the above
        self._threads: list[threading.Thread] = []
        self._closed = False

    def sign_proof(self, request: ProofRequest, timeout: float | None = None) -> Proof:
        """Returns a proof for `request`. Raises SignerError if there is none within `timeout` seconds."""
        timeout = check_timeout(self._options.timeout if timeout is None else timeout)
        waiter = _Waiter()
        call = PendingCall(messages.encode_request(request), time.monotonic() + timeout, waiter)
        with self._changed:
            self._coalescer.add(call)
            if not self._threads:
                self._start_threads()
            # A call that is alone needs no other thread, and waking one would cost more than the RPC.
            batch = self._coalescer.take(time.monotonic()) if self._coalescer.is_alone(call) else None
            if batch is None and self._coalescer.has_free_slot:
                self._changed.notify()
        try:
            if batch is not None:
                self._carry_out(batch)
            result = waiter.wait(call.deadline - time.monotonic())
        except BaseException:  # such as KeyboardInterrupt
            with self._changed:
                self._coalescer.end(call)
            raise
        if result is None:
            with self._changed:
                # If it has ended meanwhile, its result is there or about to be.
                result = call.late_error() if self._coalescer.end(call) else None
            if result is None:
                result = waiter.wait(self._options.timeout)
        if isinstance(result, Proof):
            return result
        raise result or call.late_error()

    def _start_threads(self) -> None:
        for number in range(self._options.max_batches_in_flight):
            thread = threading.Thread(target=self._run, name=f"proofmint-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _run(self) -> None:
        """Sends one batch after the other."""
        while True:
            with self._changed:
                batch = self._wait_for_batch()
            if batch is None:
                return
            self._carry_out(batch)

    def _carry_out(self, batch: Batch) -> None:
        """Sends a batch, waits for its answer, and wakes those whose calls end with it."""
        result: list[Result] | SignerError = SignerError("CANCELLED", "signer client: interrupted")
        try:
            result = self._send(batch)
        finally:
            with self._changed:
                ended = self._coalescer.finish(batch, result, time.monotonic())
                if self._coalescer.waiting:
                    self._changed.notify()
            for call, outcome in ended:
                call.waiter.wake(outcome)

    def _wait_for_batch(self) -> Batch | None:
        """Returns the next batch, None once the client is closed. Needs the lock."""
        while not self._closed:
            now = time.monotonic()
            batch = self._coalescer.take(now)
            if batch is not None:
                return batch
            due = self._coalescer.next_retry()
            self._changed.wait(None if due is None else max(due - now, 0))
        return None

    def _send(self, batch: Batch) -> list[Result] | SignerError:
        try:
            with self._changed:
                if self._closed:
                    return SignerError("CANCELLED", "signer client: closed")
                rpc = self._connection.method("BatchSignProofs", messages.decode_batch_response, time.monotonic())
            response = rpc(messages.encode_batch([call.message for call in batch.calls]),
                           timeout=max(batch.deadline - time.monotonic(), 0), wait_for_ready=True)
            return messages.results_of(response, len(batch.calls))
        except grpc.RpcError as error:
            return messages.decode_rpc_error(error)
        except Exception as error:  # Without this, its calls would wait until their deadlines.
            return SignerError("INTERNAL", f"signer client: {type(error).__name__}")

    def get_capabilities(self, timeout: float | None = None) -> Capabilities:
        """Asks the signer what it can do. Raises SignerError."""
        with self._changed:
            if self._closed:
                raise SignerError("CANCELLED", "signer client: closed")
            rpc = self._connection.method("GetCapabilities", messages.decode_capabilities, time.monotonic())
        try:
            capabilities: Capabilities = rpc(
                messages.GetCapabilitiesRequest(), wait_for_ready=True,
                timeout=check_timeout(self._options.timeout if timeout is None else timeout))
            return capabilities
        except grpc.RpcError as error:
            raise messages.decode_rpc_error(error) from None

    def stats(self) -> SignerClientStats:
        """Returns counts of calls, batches and retries."""
        with self._changed:
            return self._coalescer.snapshot()

    def close(self) -> None:
        """Fails all calls that have no result, and all later ones, with CANCELLED."""
        with self._changed:
            self._closed = True
            pending = self._coalescer.close()
            channel = self._connection.take()
            self._changed.notify_all()
        for call in pending:
            call.waiter.wake(SignerError("CANCELLED", "signer client: closed"))
        if channel is not None:
            channel.close()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> SignerClient:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        self.close()
