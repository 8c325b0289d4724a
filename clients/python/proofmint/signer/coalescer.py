"""Coalescer joins single calls into batches and retries them one by one."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass
from typing import Any, Union

from .errors import SignerError
from .options import SignerClientOptions
from .proof import Proof
from .retry import RetryBudget, backoff

Result = Union[Proof, SignerError]


class PendingCall:
    """PendingCall is a call that has no result yet."""

    __slots__ = ("message", "deadline", "waiter", "retries", "last_error", "batch")

    def __init__(self, message: Any, deadline: float, waiter: Any) -> None:
        self.message = message  # a SignProofRequest
        self.deadline = deadline
        self.waiter = waiter  # what its client wakes with the result
        self.retries = 0
        self.last_error: SignerError | None = None  # of the attempt before, which is retried
        self.batch: Batch | None = None  # the one it is out with

    def late_error(self) -> SignerError:
        """Returns the error of a call whose deadline has passed: that of the attempt before tells more than the time."""
        return self.last_error or SignerError("DEADLINE_EXCEEDED", "signer: no proof before the deadline")


class Batch:
    """Batch is one RPC. `left` counts its calls that have no result: without any, its answer is of no use."""

    def __init__(self, calls: list[PendingCall]) -> None:
        self.calls = calls
        self.left = len(calls)
        self.deadline = max(call.deadline for call in calls)
        self.task: Any = None  # its client's, to cancel it


@dataclass
class SignerClientStats:
    """SignerClientStats counts since the client was made."""

    calls: int = 0
    proofs: int = 0
    failures: int = 0
    batches: int = 0  # RPCs
    items: int = 0  # calls in all of them, retries included
    retries: int = 0
    retries_refused: int = 0  # by the budget
    pending: int = 0  # calls without a result at this time


class Coalescer:
    """Coalescer holds the calls of a client and decides when they leave. It does no I/O and reads no clock.

    A call leaves at once if a batch may leave, and otherwise with the next: while RPCs are out calls gather, so batches
    grow with the load and no call waits for company. Times are of one monotonic clock, in seconds. Not thread-safe.
    """

    def __init__(self, options: SignerClientOptions) -> None:
        self._options = options
        self._queue: dict[PendingCall, None] = {}  # in the order of arrival
        self._retries: list[tuple[float, int, PendingCall]] = []  # a heap, by the time when they are due
        self._order = itertools.count()
        self._pending: set[PendingCall] = set()
        self._in_flight = 0
        self._budget = RetryBudget()
        self._closed = False
        self.stats = SignerClientStats()

    def add(self, call: PendingCall) -> None:
        """Queues a call. Raises SignerError if it cannot be taken."""
        self.stats.calls += 1
        if self._closed or self.waiting >= self._options.max_queued:
            self.stats.failures += 1
            raise (SignerError("CANCELLED", "signer client: closed") if self._closed else
                   SignerError("RESOURCE_EXHAUSTED",
                               f"signer client: {self._options.max_queued} calls wait already (max_queued)"))
        self._pending.add(call)
        self._queue[call] = None

    def take(self, now: float) -> Batch | None:
        """Returns the batch that is to leave now, if there is one. It ends with finish()."""
        while self._retries and self._retries[0][0] <= now:
            call = heapq.heappop(self._retries)[2]
            if call in self._pending:
                self._queue[call] = None
        if not self._queue or not self.has_free_slot:
            return None
        calls = list(itertools.islice(self._queue, self._options.max_batch_size))
        batch = Batch(calls)
        for call in calls:
            del self._queue[call]
            call.batch = batch
        self._in_flight += 1
        self.stats.batches += 1
        self.stats.items += len(calls)
        return batch

    @property
    def waiting(self) -> int:
        """Returns how many calls are to be sent, now or later."""
        return len(self._queue) + len(self._retries)

    def is_alone(self, call: PendingCall) -> bool:
        """Tells whether no other call of the client has to do with an RPC, so that take() would return this one alone."""
        return not self._in_flight and self.waiting == 1 and call in self._queue

    @property
    def has_free_slot(self) -> bool:
        """Tells whether another RPC may be made."""
        return self._in_flight < self._options.max_batches_in_flight

    def next_retry(self) -> float | None:
        """Returns when the next retry is due, None if none is."""
        return self._retries[0][0] if self._retries else None

    def finish(self, batch: Batch, results: list[Result] | SignerError, now: float) -> list[tuple[PendingCall, Result]]:
        """Takes the results of a batch, or the error of its RPC. Returns the calls that end with them."""
        self._in_flight -= 1
        whole = results if isinstance(results, SignerError) else None
        allowed = whole is not None and whole.retryable and self._budget.try_retry()
        ended: list[tuple[PendingCall, Result]] = []
        for i, call in enumerate(batch.calls):
            call.batch = None
            result = whole if isinstance(results, SignerError) else results[i]
            assert result is not None
            if isinstance(result, Proof):
                self._budget.record_success()
            if call not in self._pending:
                continue  # Its deadline has passed, or it was cancelled.
            if isinstance(result, SignerError) and self._retry(call, result, now, whole is not None, allowed):
                continue
            self.end(call, isinstance(result, Proof))
            if isinstance(result, SignerError) and (result.code, result.reason) == ("DEADLINE_EXCEEDED", ""):
                result = call.late_error()  # gRPC's own
            ended.append((call, result))
        return ended

    def _retry(self, call: PendingCall, error: SignerError, now: float, whole: bool, allowed: bool) -> bool:
        """Returns whether the call is made again. `allowed` is what the budget said for the `whole` RPC."""
        if not error.retryable:
            return False
        due = now + backoff(call.retries + 1, error.retry_after)
        if due >= call.deadline:
            return False  # The call ends with the error that it got.
        if not (allowed if whole else self._budget.try_retry()):
            self.stats.retries_refused += 1
            return False
        call.last_error = error
        call.retries += 1
        self.stats.retries += 1
        heapq.heappush(self._retries, (due, next(self._order), call))
        return True

    def end(self, call: PendingCall, succeeded: bool = False) -> bool:
        """Notes that a call has its result or is given up. Returns False if it had ended before."""
        if call not in self._pending:
            return False
        self._pending.remove(call)
        self._queue.pop(call, None)
        if call.batch is not None:
            call.batch.left -= 1
        if succeeded:
            self.stats.proofs += 1
        else:
            self.stats.failures += 1
        return True

    def close(self) -> list[PendingCall]:
        """Takes no more calls, and returns those that have no result, which are to fail."""
        self._closed = True
        pending = list(self._pending)
        for call in pending:
            self.end(call)
        self._retries.clear()
        return pending

    def snapshot(self) -> SignerClientStats:
        """Returns a copy of the counts."""
        return SignerClientStats(**{**vars(self.stats), "pending": len(self._pending)})
