"""Tests how calls are joined and retried, without a server or a clock."""

import pytest

from proofmint import Proof, SignerClientOptions, SignerError
from proofmint.signer.coalescer import Coalescer, PendingCall
from proofmint.signer.retry import RetryBudget, backoff

PROOF = Proof("a.b.c", "jkt")
OVERLOADED = SignerError("UNAVAILABLE", "overloaded", reason="OVERLOADED", retry_after=0.1)
INVALID = SignerError("INVALID_ARGUMENT", "htu: bad", reason="INVALID_HTU", field="htu")


def coalescer_with(count=0, **options):
    coalescer = Coalescer(SignerClientOptions(target="unix:///x", **options))
    calls = [PendingCall(i, 10.0 + i, None) for i in range(count)]
    for call in calls:
        coalescer.add(call)
    return coalescer, calls


def test_a_call_leaves_at_once_and_those_that_follow_leave_together():
    coalescer, calls = coalescer_with(1, max_batches_in_flight=1)
    first = coalescer.take(0)
    assert first.calls == calls
    more = [PendingCall(i, 10, None) for i in range(3)]
    for call in more:
        coalescer.add(call)
    assert coalescer.take(0) is None
    assert coalescer.finish(first, [PROOF], 0) == [(calls[0], PROOF)]
    assert coalescer.take(0).calls == more


def test_a_batch_has_a_limit_and_keeps_the_order():
    coalescer, calls = coalescer_with(5, max_batch_size=2)
    assert [coalescer.take(0).calls, coalescer.take(0).calls] == [calls[:2], calls[2:4]]
    assert coalescer.take(0) is None, "two are in flight"


def test_only_the_item_that_failed_for_a_passing_reason_is_retried():
    coalescer, calls = coalescer_with(3)
    batch = coalescer.take(0)
    assert coalescer.finish(batch, [PROOF, OVERLOADED, INVALID], 0) == [(calls[0], PROOF), (calls[2], INVALID)]
    due = coalescer.next_retry()
    assert 0.1 <= due <= 0.15, "never before the signer's delay"
    assert coalescer.take(due - 0.001) is None
    assert coalescer.take(due).calls == [calls[1]]
    assert coalescer.stats.retries == 1


def test_a_retry_that_would_be_late_is_not_made():
    coalescer, calls = coalescer_with(1)
    batch = coalescer.take(0)
    assert coalescer.finish(batch, [OVERLOADED], 9.95) == [(calls[0], OVERLOADED)]


def test_a_lost_rpc_costs_one_token_and_retries_all_its_calls():
    coalescer, calls = coalescer_with(256)
    lost = SignerError("CANCELLED", "connection lost")
    for now in (0, 1, 2):  # 768 failures of calls, more than the budget has tokens
        batch = coalescer.take(now)
        assert len(batch.calls) == len(calls)
        assert coalescer.finish(batch, lost, now) == []
    assert coalescer.stats.retries_refused == 0


def test_without_a_budget_calls_end_with_the_error_they_got():
    coalescer, _ = coalescer_with(600, max_batch_size=200)
    ended = []
    while batch := coalescer.take(0):
        ended += coalescer.finish(batch, [OVERLOADED] * len(batch.calls), 0)
    assert len(ended) == 101 and all(error is OVERLOADED for _, error in ended)
    assert coalescer.stats.retries_refused == 101


def test_a_call_that_has_ended_takes_no_result_and_frees_its_place():
    coalescer, calls = coalescer_with(2, max_queued=2)
    with pytest.raises(SignerError) as caught:
        coalescer.add(PendingCall(9, 10, None))
    assert caught.value.code == "RESOURCE_EXHAUSTED" and not caught.value.retryable
    assert coalescer.end(calls[0])
    assert not coalescer.end(calls[0])
    batch = coalescer.take(0)
    assert batch.calls == [calls[1]]
    coalescer.end(calls[1])
    assert batch.left == 0
    assert coalescer.finish(batch, [PROOF], 0) == []


def test_a_late_call_ends_with_the_error_of_the_attempt_before():
    call = PendingCall(0, 10, None)
    assert (call.late_error().code, call.late_error().args[0]) == (
        "DEADLINE_EXCEEDED", "signer: no proof before the deadline")
    coalescer, calls = coalescer_with(1)
    assert coalescer.finish(coalescer.take(0), [OVERLOADED], 0) == []
    late = SignerError("DEADLINE_EXCEEDED", "Deadline Exceeded")
    assert coalescer.finish(coalescer.take(1), late, 10) == [(calls[0], OVERLOADED)]
    assert calls[0].late_error() is OVERLOADED


def test_a_closed_client_takes_no_calls():
    coalescer, calls = coalescer_with(2)
    assert set(coalescer.close()) == set(calls)
    with pytest.raises(SignerError, match="closed"):
        coalescer.add(PendingCall(9, 10, None))


def test_backoff_doubles_up_to_its_limit_on_top_of_the_delay():
    assert [backoff(retry, None, lambda: 1.0) for retry in (1, 2, 3, 4, 5, 10**6)] == [0.05, 0.1, 0.2, 0.4, 0.5, 0.5]
    assert backoff(1, 0.5, lambda: 0.0) == 0.5
    assert backoff(1, -1, lambda: 0.0) == 0


def test_the_budget_ends_with_half_of_its_tokens():
    budget = RetryBudget()
    assert [budget.try_retry() for _ in range(501)].count(True) == 499
    budget.record_success()
    budget.record_success()
    assert not budget.try_retry()
    for _ in range(3000):
        budget.record_success()
    assert budget.try_retry()
