"""Decides when a call that failed for a passing reason is made again."""

from __future__ import annotations

import random
from typing import Callable

_INITIAL_BACKOFF = 0.05  # seconds
_MAX_BACKOFF = 0.5


def backoff(retry: int, retry_after: float | None, rand: Callable[[], float] = random.random) -> float:
    """Returns the seconds before retry number `retry`, counted from 1.

    That is the delay that the signer asked for and a random time on top, which may double with each retry: calls that
    failed together do not come back together.
    """
    limit = min(_MAX_BACKOFF, _INITIAL_BACKOFF * 2.0 ** min(retry - 1, 10))
    return max(retry_after or 0.0, 0.0) + rand() * limit


class RetryBudget:
    """RetryBudget keeps retries from multiplying the load of a signer that fails for a long time.

    It is the token bucket of gRPC's retry throttling (gRFC A6): a failure takes a token, a success gives one back, and
    with half of them gone nothing is retried. An RPC that fails as a whole takes one token for all of its calls.
    """

    MAX_TOKENS = 1000

    def __init__(self) -> None:
        self._tokens = self.MAX_TOKENS

    def record_success(self) -> None:
        """Records a proof."""
        self._tokens = min(self._tokens + 1, self.MAX_TOKENS)

    def try_retry(self) -> bool:
        """Records a passing failure and returns whether to retry."""
        self._tokens = max(self._tokens - 1, 0)
        return self._tokens > self.MAX_TOKENS / 2
