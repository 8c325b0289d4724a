// Reads and checks what an identity provider publishes of itself: clock.host
// and the checks discovery.*.

#ifndef PROOFMINT_SIGNER_TOOLS_DOCTOR_DISCOVERY_H_
#define PROOFMINT_SIGNER_TOOLS_DOCTOR_DISCOVERY_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "signer/exchange/algorithm_choice.h"
#include "signer/exchange/http_answer.h"
#include "signer/exchange/server_metadata.h"
#include "signer/tools/doctor/http_client.h"
#include "signer/tools/doctor/options.h"
#include "signer/tools/doctor/report.h"

namespace proofmint::doctor {

// Discovery is what the following checks need of the published metadata.
struct Discovery {
  // Absent if nothing was published that a broker may use. Endpoints that it
  // may not call are left out.
  std::optional<ServerMetadata> metadata;
  // Absent if there is no algorithm in common.
  std::optional<AlgorithmChoice> choice;
  std::optional<absl::Duration> clock_skew;  // the provider's clock less ours
  // token_endpoint_auth_methods_supported
  std::vector<std::string> authentication_methods;
  bool pushed_required = false;  // require_pushed_authorization_requests
};

// CheckDiscovery fetches the metadata and adds the checks.
Discovery CheckDiscovery(const ConnectionOptions& options, HttpClient& http,
                         Report& report);

// DiscoveryUrls returns where the metadata of `issuer` may be: OpenID Connect
// Discovery 1.0 section 4, then RFC 8414 section 3.
std::vector<std::string> DiscoveryUrls(const std::string& issuer);

// FetchMetadata returns the first answer of DiscoveryUrls with status 200, or
// else the last one. Fails as HttpClient::Send does.
absl::StatusOr<HttpAnswer> FetchMetadata(const std::string& issuer,
                                         HttpClient& http);

// CheckMetadata adds the checks of a document that `issuer` published, all but
// discovery.reachable. The rest of a document counts though one part is wrong,
// so that one fault fails one check.
Discovery CheckMetadata(const ConnectionOptions& options,
                        const nlohmann::json& document, Report& report);

}  // namespace proofmint::doctor

#endif  // PROOFMINT_SIGNER_TOOLS_DOCTOR_DISCOVERY_H_
