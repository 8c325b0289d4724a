// Makes every error that a caller can see: the error catalogue.
//
// Inside the process an error is an absl::Status whose payloads are the
// google.rpc details under their type URLs. ToRpcStatus (error_details.h) and
// ToGrpcStatus put it on the wire. The reason is a contract; the message is for
// people and carries no secret. Thread-safe.

#ifndef PROOFMINT_SIGNER_SERVICE_CONTRACT_ERRORS_H_
#define PROOFMINT_SIGNER_SERVICE_CONTRACT_ERRORS_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <array>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/rpc/status.pb.h"
#include "signer/service/contract/error_details.h"

namespace proofmint::service {

// The domain of every ErrorInfo.
inline constexpr absl::string_view kErrorDomain = "proofmint";

// The reasons of ErrorInfo; docs/errors.md says what each means to a caller.
inline constexpr absl::string_view kCallerNotAllowed = "CALLER_NOT_ALLOWED";
inline constexpr absl::string_view kCallerQuotaExceeded =
    "CALLER_QUOTA_EXCEEDED";
inline constexpr absl::string_view kCryptoSelfTestFailed =
    "CRYPTO_SELF_TEST_FAILED";
inline constexpr absl::string_view kDeadlineTooShort = "DEADLINE_TOO_SHORT";
inline constexpr absl::string_view kDraining = "DRAINING";
inline constexpr absl::string_view kInvalidAccessTokenSha256 =
    "INVALID_ACCESS_TOKEN_SHA256";
inline constexpr absl::string_view kInvalidAlgorithm = "INVALID_ALGORITHM";
inline constexpr absl::string_view kInvalidBatchSize = "INVALID_BATCH_SIZE";
inline constexpr absl::string_view kInvalidHtm = "INVALID_HTM";
inline constexpr absl::string_view kInvalidHtu = "INVALID_HTU";
inline constexpr absl::string_view kInvalidIatOffset = "INVALID_IAT_OFFSET";
inline constexpr absl::string_view kInvalidKeyHandle = "INVALID_KEY_HANDLE";
inline constexpr absl::string_view kInvalidNonce = "INVALID_NONCE";
inline constexpr absl::string_view kInvalidRequest = "INVALID_REQUEST";
inline constexpr absl::string_view kKeyGenerationFailed =
    "KEY_GENERATION_FAILED";
inline constexpr absl::string_view kNotReady = "NOT_READY";
inline constexpr absl::string_view kOverloaded = "OVERLOADED";
inline constexpr absl::string_view kSigningFailed = "SIGNING_FAILED";

// All reasons, for what counts by reason.
inline constexpr std::array kReasons = {kCallerNotAllowed,
                                        kCallerQuotaExceeded,
                                        kCryptoSelfTestFailed,
                                        kDeadlineTooShort,
                                        kDraining,
                                        kInvalidAccessTokenSha256,
                                        kInvalidAlgorithm,
                                        kInvalidBatchSize,
                                        kInvalidHtm,
                                        kInvalidHtu,
                                        kInvalidIatOffset,
                                        kInvalidKeyHandle,
                                        kInvalidNonce,
                                        kInvalidRequest,
                                        kKeyGenerationFailed,
                                        kNotReady,
                                        kOverloaded,
                                        kSigningFailed};

// The RetryInfo after a transient failure to make a key or a signature.
inline constexpr absl::Duration kRetryDelay = absl::Milliseconds(100);

// InvalidFieldError is INVALID_ARGUMENT with a BadRequest for the field path
// `field`, such as "requests[3].htu". `problem` says what is wrong with it.
absl::Status InvalidFieldError(absl::string_view reason,
                               absl::string_view field,
                               absl::string_view problem);

// InvalidRequestError is INVALID_ARGUMENT without a field: the bytes of the
// request are not the message `want`, such as "SignProofRequest".
absl::Status InvalidRequestError(absl::string_view want);

// InvalidKeyHandleError is INVALID_ARGUMENT for the field path `field`: one and
// the same error, whatever is wrong with the handle.
absl::Status InvalidKeyHandleError(absl::string_view field);

// KeyGenerationFailedError and SigningFailedError are UNAVAILABLE with a
// RetryInfo of kRetryDelay. `cause` is not OK; its message is kept.
absl::Status KeyGenerationFailedError(const absl::Status& cause);
absl::Status SigningFailedError(const absl::Status& cause);

// OverloadedError is UNAVAILABLE: more than `limit` proofs would be in flight.
// The delay is between half and one and a half of kRetryDelay, drawn anew for
// each, so that callers that were refused together do not retry together.
absl::Status OverloadedError(size_t limit);

// UnreadAnswersError is the same for a caller that leaves too many answers
// unread.
absl::Status UnreadAnswersError();

// DrainingError is UNAVAILABLE with a RetryInfo of `delay`: the server is about
// to stop, and then another, or its successor, takes calls.
absl::Status DrainingError(absl::Duration delay);

// NotReadyError is UNAVAILABLE with a RetryInfo of half a second: the server
// has not made its first proof yet, or cannot any more, and tries every second.
absl::Status NotReadyError();

// CryptoSelfTestFailedError is INTERNAL: a proof of this server did not verify,
// and it makes no more proofs.
absl::Status CryptoSelfTestFailedError();

// CallerQuotaExceededError is RESOURCE_EXHAUSTED with a QuotaFailure for
// `caller` and a RetryInfo of `delay`, when it may send again.
absl::Status CallerQuotaExceededError(absl::string_view caller,
                                      absl::Duration delay);

// DeadlineTooShortError is DEADLINE_EXCEEDED: the call would be answered after
// its deadline, so nothing was made for it.
absl::Status DeadlineTooShortError();

// CallerNotAllowedError is PERMISSION_DENIED, or UNAUTHENTICATED if `caller` is
// empty: the connection has neither peer credentials nor a client certificate
// with a URI or DNS name.
absl::Status CallerNotAllowedError(absl::string_view caller);

// ReasonOf returns the reason of an error of this file, inside the process or
// as a message, and is empty for other errors and OK. The view is of kReasons.
absl::string_view ReasonOf(const absl::Status& status);
absl::string_view ReasonOf(const google::rpc::Status& status);

// ToRpcStatus returns the google.rpc.Status that travelled with `status` or,
// without one, the code and message of `status`.
google::rpc::Status ToRpcStatus(const grpc::Status& status);

// ToGrpcStatus returns `status` for Finish(). For an error with RetryInfo it
// also sets the trailer `grpc-retry-pushback-ms` of `context`, which gRPC
// clients with a retry policy obey.
grpc::Status ToGrpcStatus(const absl::Status& status,
                          grpc::ServerContextBase& context);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_CONTRACT_ERRORS_H_
