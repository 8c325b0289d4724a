// Reads what an identity provider publishes of itself: OpenID Connect Discovery
// 1.0 section 4 and RFC 8414. All functions are thread-safe.

#ifndef PROOFMINT_SIGNER_EXCHANGE_SERVER_METADATA_H_
#define PROOFMINT_SIGNER_EXCHANGE_SERVER_METADATA_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace proofmint {

inline constexpr size_t kMaxMetadataSize = 1 << 20;  // bytes of JSON

// MtlsEndpointAliases holds the endpoints for clients that authenticate with a
// certificate (RFC 8705 section 5). Those without an alias are empty.
struct MtlsEndpointAliases {
  std::string token_endpoint = "";
  std::string userinfo_endpoint = "";
  std::string introspection_endpoint = "";
  std::string revocation_endpoint = "";
  std::string pushed_authorization_request_endpoint = "";
};

// ServerMetadata holds the members that a broker needs for DPoP. What is not
// published is empty.
struct ServerMetadata {
  std::string issuer = "";
  std::string token_endpoint = "";  // never empty
  std::string userinfo_endpoint = "";
  std::string introspection_endpoint = "";
  std::string revocation_endpoint = "";
  std::string authorization_endpoint = "";
  std::string pushed_authorization_request_endpoint = "";
  std::string jwks_uri = "";
  MtlsEndpointAliases mtls_endpoint_aliases = {};
  // As published, with names that we do not know; nullopt if not published
  // (RFC 9449 section 5.1). ChooseAlgorithm reads it.
  std::optional<std::vector<std::string>> dpop_signing_alg_values_supported =
      std::nullopt;
  std::vector<std::string> code_challenge_methods_supported = {};
  std::vector<std::string> response_types_supported = {};
  std::vector<std::string> grant_types_supported = {};
};

// Transport says which endpoints are acceptable.
enum class Transport {
  kTls,            // https
  kTlsOrLoopback,  // also http to localhost, 127.0.0.0/8 and [::1], for tests
};

// ParseServerMetadata reads `json`, the answer for `issuer`, which is the
// identity provider's name in the broker's configuration. Fails with
// INVALID_ARGUMENT, naming the member at fault, unless
//   - `json` is one JSON object of at most kMaxMetadataSize bytes;
//   - its issuer is `issuer` byte for byte (RFC 8414 section 3.3), and both
//     are a URL without query and fragment;
//   - there is a token endpoint: DPoP needs the back channel;
//   - each endpoint, aliases included, is an absolute URL that `transport`
//     accepts, without userinfo and fragment. A query is kept;
//   - each list is an array of strings.
// A member that is null counts as not published. Other members are ignored.
absl::StatusOr<ServerMetadata> ParseServerMetadata(
    absl::string_view json, absl::string_view issuer,
    Transport transport = Transport::kTls);

// WithMtlsAliases returns `metadata` with each endpoint that has an alias
// replaced by it: what a client with a certificate has to call, and so to name
// in the claim "htu".
ServerMetadata WithMtlsAliases(ServerMetadata metadata);

}  // namespace proofmint

#endif  // PROOFMINT_SIGNER_EXCHANGE_SERVER_METADATA_H_
