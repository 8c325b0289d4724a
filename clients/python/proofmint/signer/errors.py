"""The error of a signer."""

from __future__ import annotations

# The status codes of gRPC, by number.
CODE_NAMES = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
)


class SignerError(Exception):
    """SignerError says why there is no proof. Decide by `code` and `reason`: docs/errors.md lists them.

    Its message holds no secret.
    """

    def __init__(self, code: str, message: str, *, reason: str = "", field: str = "",
                 retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code = code  # the name of a status code of gRPC
        self.reason = reason  # such as INVALID_HTU; empty for an error that the signer did not make
        self.field = field  # the field at fault, named as in proof_signer.proto; empty: none
        self.retry_after = retry_after  # the seconds that the signer asked to wait

    @property
    def retryable(self) -> bool:
        """Tells whether the same call may succeed if it is made again.

        gRPC reports CANCELLED when a connection was lost during a call. That is safe to retry, because the signer
        stores nothing. RESOURCE_EXHAUSTED without a delay is a message that is too large.
        """
        if self.code == "RESOURCE_EXHAUSTED":
            return self.retry_after is not None
        return self.code in ("UNAVAILABLE", "CANCELLED")

    def __str__(self) -> str:
        return f"{self.code}{f' ({self.reason})' if self.reason else ''}: {self.args[0]}"
