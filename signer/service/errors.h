// The error catalogue: every failure that a caller can see, made in one place.
//
// Inside the process an error is an absl::Status whose payloads are the
// google.rpc details under their type URLs. ToRpcStatus and ToGrpcStatus put it
// on the wire. The reason is a contract; the message is for people and carries
// no secret. Thread-safe.

#ifndef PROOFMINT_SIGNER_SERVICE_ERRORS_H_
#define PROOFMINT_SIGNER_SERVICE_ERRORS_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/rpc/status.pb.h"

namespace proofmint::service {

// The domain of every ErrorInfo.
inline constexpr absl::string_view kErrorDomain = "proofmint";

// The reasons of ErrorInfo.
inline constexpr absl::string_view kInvalidAccessTokenSha256 =
    "INVALID_ACCESS_TOKEN_SHA256";
inline constexpr absl::string_view kInvalidAlgorithm = "INVALID_ALGORITHM";
inline constexpr absl::string_view kInvalidBatchSize = "INVALID_BATCH_SIZE";
inline constexpr absl::string_view kInvalidHtm = "INVALID_HTM";
inline constexpr absl::string_view kInvalidHtu = "INVALID_HTU";
inline constexpr absl::string_view kInvalidIatOffset = "INVALID_IAT_OFFSET";
inline constexpr absl::string_view kInvalidNonce = "INVALID_NONCE";
inline constexpr absl::string_view kInvalidRequest = "INVALID_REQUEST";
inline constexpr absl::string_view kKeyGenerationFailed =
    "KEY_GENERATION_FAILED";
inline constexpr absl::string_view kKeyHandlesUnimplemented =
    "KEY_HANDLES_UNIMPLEMENTED";
inline constexpr absl::string_view kSigningFailed = "SIGNING_FAILED";

// How long a caller is asked to wait after a passing failure of a key or a
// signature.
inline constexpr absl::Duration kRetryDelay = absl::Milliseconds(100);

// InvalidFieldError is INVALID_ARGUMENT with a BadRequest for the field path
// `field`, such as "requests[3].htu". `problem` reads "got X, want Y".
absl::Status InvalidFieldError(absl::string_view reason,
                               absl::string_view field,
                               absl::string_view problem);

// InvalidRequestError is INVALID_ARGUMENT without a field: the bytes of the
// request are not the message `want`, such as "SignProofRequest".
absl::Status InvalidRequestError(absl::string_view want);

// KeyHandlesUnimplementedError is UNIMPLEMENTED: `field` asks for key handles.
absl::Status KeyHandlesUnimplementedError(absl::string_view field);

// KeyGenerationFailedError and SigningFailedError are UNAVAILABLE with a
// RetryInfo of kRetryDelay. `cause` is not OK; its message is kept.
absl::Status KeyGenerationFailedError(const absl::Status& cause);
absl::Status SigningFailedError(const absl::Status& cause);

// ToRpcStatus returns `status`, OK or not, with its payloads as details,
// ordered by type URL.
google::rpc::Status ToRpcStatus(const absl::Status& status);

// ToGrpcStatus returns `status` for Finish(). For an error with RetryInfo it
// also sets the trailer `grpc-retry-pushback-ms` of `context`, which gRPC
// clients with a retry policy obey.
grpc::Status ToGrpcStatus(const absl::Status& status,
                          grpc::ServerContextBase& context);

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_ERRORS_H_
