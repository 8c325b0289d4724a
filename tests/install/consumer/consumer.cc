// Logs in at an identity provider that is a function, with the libraries for
// the exchange alone, and prints the log record.

#include <array>
#include <iostream>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "signer/dpop/algorithm.h"
#include "signer/exchange/algorithm_choice.h"
#include "signer/exchange/exchange.h"
#include "signer/exchange/log_record.h"
#include "signer/exchange/nonce_store.h"
#include "signer/exchange/run.h"
#include "signer/exchange/server_metadata.h"
#include "signer/exchange/testing/fake_proof_source.h"

namespace pm = proofmint;

constexpr char kMetadata[] = R"({
  "issuer": "https://idp.example",
  "token_endpoint": "https://idp.example/token",
  "dpop_signing_alg_values_supported": ["RS256", "EdDSA"]})";

// Wants a nonce, then grants.
absl::StatusOr<pm::HttpAnswer> Answer(const pm::Exchange::Attempt& attempt) {
  pm::HttpAnswer answer;
  if (attempt.number == 1) {
    answer.status = 400;
    answer.headers = {{"DPoP-Nonce", "a-nonce"}};
    answer.body = R"({"error": "use_dpop_nonce"})";
  } else {
    answer.status = 200;
    answer.body = R"({"access_token": "opaque", "token_type": "DPoP"})";
  }
  return answer;
}

int main() {
  const auto idp = pm::ParseServerMetadata(kMetadata, "https://idp.example");
  if (!idp.ok()) return 1;
  const auto choice =
      pm::ChooseAlgorithm(std::array{pm::dpop::Algorithm::kEd25519}, *idp);
  if (!choice.ok()) return 1;
  pm::NonceStore nonces;
  pm::FakeProofSource signer;
  pm::Exchange exchange = pm::Exchange::Token({.issuer = idp->issuer,
                                               .client_id = "broker",
                                               .url = idp->token_endpoint,
                                               .algorithm = choice->algorithm},
                                              "client_credentials", nonces);
  const pm::Outcome& outcome =
      pm::Run(exchange, signer, absl::Now() + absl::Seconds(10), Answer);
  std::cout << pm::LogRecord({.issuer = idp->issuer, .client_id = "broker"},
                             choice->algorithm, outcome)
            << "\n";
  return outcome.ok() ? 0 : 1;
}
