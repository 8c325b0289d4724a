"""Converts between the types of this package and the messages of proof_signer.proto.

The messages come from descriptors that setup.py compiles, in a pool of their own: another copy of google/rpc in the
process, such as that of googleapis-common-protos, does not clash with them.
"""

from __future__ import annotations

import re
from importlib import resources
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # type: ignore[import]

from .errors import CODE_NAMES, SignerError
from .proof import ALGORITHMS, Capabilities, Proof, ProofRequest

_STATUS_DETAILS = "grpc-status-details-bin"
_ITEM_PATH = re.compile(r"^requests\[\d+\]\.?")
_DECODING_ERRORS = (ValueError, RuntimeError)  # google.protobuf.message.DecodeError is one or the other.

# The limits of proof_signer.proto, checked here because one call that is too large would fail the batch.
_LIMITS = {"htm": 32, "htu": 2048, "nonce": 1536}
_MAX_KEY_HANDLE_SIZE = 128


def _load_pool() -> Any:
    pool = descriptor_pool.DescriptorPool()
    data = (resources.files(__package__) / "proof_signer.binpb").read_bytes()
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


_POOL = _load_pool()


def _message(name: str) -> Any:
    descriptor = _POOL.FindMessageTypeByName(name)
    if hasattr(message_factory, "GetMessageClass"):  # since protobuf 4.22
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(_POOL).GetPrototype(descriptor)


_SignProofRequest = _message("proofmint.v1.SignProofRequest")
_BatchSignProofsRequest = _message("proofmint.v1.BatchSignProofsRequest")
_BatchSignProofsResponse = _message("proofmint.v1.BatchSignProofsResponse")
GetCapabilitiesRequest = _message("proofmint.v1.GetCapabilitiesRequest")
_GetCapabilitiesResponse = _message("proofmint.v1.GetCapabilitiesResponse")
_Status = _message("google.rpc.Status")
_DETAILS = {f"type.googleapis.com/google.rpc.{name}": _message(f"google.rpc.{name}")
            for name in ("ErrorInfo", "BadRequest", "RetryInfo")}
_NUMBERS = {name: number for number, name in enumerate(ALGORITHMS, start=1)}


def encode_request(request: ProofRequest) -> Any:
    """Returns a SignProofRequest. Raises SignerError for a value that would fail a whole batch, TypeError for a type."""
    for name, limit in _LIMITS.items():
        text = getattr(request, name)
        if not isinstance(text, str):
            raise TypeError(f"{name}: got {type(text).__name__}, want str")
        if len(text) > limit or not text.isascii():
            problem = f"got {len(text)} bytes, want at most {limit}" if text.isascii() else "not ASCII"
            raise _invalid(name, problem)
    for name in ("access_token_sha256", "key_handle"):
        if not isinstance(getattr(request, name), bytes):
            raise TypeError(f"{name}: got {type(getattr(request, name)).__name__}, want bytes")
    if len(request.key_handle) > _MAX_KEY_HANDLE_SIZE:
        raise _invalid("key_handle", "not a key handle")
    if len(request.access_token_sha256) not in (0, 32):
        raise _invalid("access_token_sha256", f"got {len(request.access_token_sha256)} bytes, want 0 or 32")
    if request.algorithm not in _NUMBERS:
        raise _invalid("algorithm", f"got {request.algorithm!r}, want {', '.join(ALGORITHMS)}")
    message = _SignProofRequest(
        algorithm=_NUMBERS[request.algorithm], htm=request.htm, htu=request.htu, nonce=request.nonce,
        access_token_sha256=request.access_token_sha256, key_handle=request.key_handle,
        return_key_handle=request.return_key_handle)
    if request.iat_offset:
        if not abs(request.iat_offset) <= 300:
            raise _invalid("iat_offset", f"got {request.iat_offset} s, want -300 to 300")
        message.iat_offset.FromNanoseconds(round(request.iat_offset * 1e9))
    return message


def _invalid(field: str, problem: str) -> SignerError:
    return SignerError("INVALID_ARGUMENT", f"{field}: {problem}", reason=f"INVALID_{field.upper()}", field=field)


def encode_batch(messages: list[Any]) -> Any:
    """Returns a BatchSignProofsRequest."""
    return _BatchSignProofsRequest(requests=messages)


def decode_batch_response(data: bytes) -> Any:
    """Returns a BatchSignProofsResponse."""
    return _BatchSignProofsResponse.FromString(data)


def results_of(response: Any, size: int) -> list[Proof | SignerError]:
    """Returns the results of a batch of `size` requests."""
    if len(response.results) != size:
        return [SignerError("INTERNAL", f"signer: got {len(response.results)} results, want {size}")] * size
    return [_decode_result(result) for result in response.results]


def _decode_result(result: Any) -> Proof | SignerError:
    kind = result.WhichOneof("result")
    if kind == "proof":
        proof = result.proof
        return Proof(proof.proof, proof.jkt, proof.key_handle, proof.iat)
    if kind == "error" and result.error.code:
        return _decode_status(result.error)
    return SignerError("INTERNAL", "signer: a result with neither proof nor error")


def _decode_status(status: Any) -> SignerError:
    """Converts a google.rpc.Status. The path of a batch's item, requests[3].htu, becomes that of a single call."""
    reason = field = ""
    retry_after = None
    for detail in status.details:
        kind = _DETAILS.get(detail.type_url)
        if kind is None:
            continue
        message = kind.FromString(detail.value)
        if detail.type_url.endswith("ErrorInfo"):
            reason = message.reason
        elif detail.type_url.endswith("RetryInfo"):
            retry_after = message.retry_delay.ToNanoseconds() / 1e9
        elif message.field_violations:
            field = _ITEM_PATH.sub("", message.field_violations[0].field)
    code = CODE_NAMES[status.code] if 0 <= status.code < len(CODE_NAMES) else "UNKNOWN"
    return SignerError(code, _ITEM_PATH.sub("", status.message), reason=reason, field=field, retry_after=retry_after)


def decode_rpc_error(error: Any) -> SignerError:
    """Converts a grpc.RpcError, of either API."""
    for key, value in error.trailing_metadata() or ():
        if key == _STATUS_DETAILS:
            try:
                return _decode_status(_Status.FromString(value))
            except _DECODING_ERRORS:
                break
    return SignerError(error.code().name, error.details() or "gRPC gave no message")


def decode_capabilities(data: bytes) -> Capabilities:
    """Converts a GetCapabilitiesResponse."""
    response = _GetCapabilitiesResponse.FromString(data)
    return Capabilities(tuple(response.dpop_signing_alg_values), response.max_batch_size,
                        response.max_iat_offset.ToNanoseconds() / 1e9, response.version, response.kernel)
