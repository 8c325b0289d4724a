#include "signer/tools/doctor/token_request.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "signer/exchange/algorithm_choice.h"
#include "signer/exchange/log_record.h"
#include "signer/exchange/printable_text.h"
#include "signer/exchange/server_metadata.h"
#include "signer/tools/doctor/discovery.h"

namespace proofmint::doctor {
namespace {

// Returns the end of a run in which no token request was made.
TokenResult NotSent(const TokenRequestOptions& options,
                    const OAuthClient& client, Verdict verdict,
                    absl::string_view why) {
  TokenResult result{.outcome = {},
                     .algorithm = options.connection.algorithms.front(),
                     .log_record = ""};
  result.outcome.verdict = verdict;
  result.outcome.error_description = PrintableText(why);
  result.log_record = LogRecord({.issuer = options.connection.issuer,
                                 .client_id = client.id(),
                                 .grant_type = options.grant_type},
                                result.algorithm, result.outcome);
  return result;
}

}  // namespace

TokenResult RequestToken(const TokenRequestOptions& options,
                         const OAuthClient& client, ProofSource& signer,
                         HttpClient& http) {
  const ConnectionOptions& connection = options.connection;
  const absl::StatusOr<HttpAnswer> answer =
      FetchMetadata(connection.issuer, http);
  if (!answer.ok()) {
    return NotSent(options, client, Verdict::kIdpUnavailable,
                   absl::StrCat("discovery: ", answer.status().message()));
  }
  if (answer->status != 200) {
    return NotSent(
        options, client,
        answer->status >= 500 ? Verdict::kIdpUnavailable : Verdict::kNotSent,
        absl::StrCat("discovery: status ", answer->status));
  }
  absl::StatusOr<ServerMetadata> metadata = ParseServerMetadata(
      answer->body, connection.issuer, connection.transport);
  if (!metadata.ok()) {
    return NotSent(options, client, Verdict::kNotSent,
                   metadata.status().message());
  }
  const absl::StatusOr<AlgorithmChoice> choice =
      ChooseAlgorithm(connection.algorithms, *metadata);
  if (!choice.ok()) {
    return NotSent(options, client, Verdict::kNotSent,
                   choice.status().message());
  }
  IdentityProvider provider({.metadata = *std::move(metadata),
                             .algorithm = choice->algorithm,
                             .require_bound = connection.require_bound,
                             .client = client,
                             .signer = signer,
                             .http = http});
  Sent sent =
      provider.RequestToken(options.grant_type, options.form, options.key);
  std::string record = provider.LogRecord(sent, nullptr);
  return {.outcome = std::move(sent.outcome),
          .algorithm = choice->algorithm,
          .log_record = std::move(record)};
}

}  // namespace proofmint::doctor
