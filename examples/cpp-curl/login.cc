// Logs in with DPoP by $PROOFMINT_TARGET, the signer. Prints the log record.
//   echo scope=api | CLIENT_SECRET=... login ISSUER CLIENT_ID
//   client_credentials
#include <array>
#include <cstdlib>
#include <iostream>

#include "http.h"
#include "signer/client/signer_client.h"
#include "signer/exchange/algorithm_choice.h"
#include "signer/exchange/log_record.h"
#include "signer/exchange/server_metadata.h"

namespace pm = proofmint;
int Fail(const absl::Status& status) {
  std::cerr << status << "\n";
  return 1;
}

int main(int argc, char** argv) {
  const char* secret = std::getenv("CLIENT_SECRET");
  if (argc != 4 || secret == nullptr) return 2;
  const std::string issuer = argv[1], client_id = argv[2], grant_type = argv[3];
  std::string parameters;  // such as the code: a secret, so no argument
  std::getline(std::cin, parameters);
  const std::string form = "grant_type=" + grant_type + "&" + parameters;
  // Once for the process: the client joins calls, the store keeps nonces.
  auto signer = pm::SignerClient::New({});
  if (!signer.ok()) return Fail(signer.status());
  pm::NonceStore nonces;

  // Now and then for each identity provider: see MetadataCache.
  CURL* curl = curl_easy_init();
  auto answer = Send(curl, issuer + "/.well-known/openid-configuration", {});
  if (!answer.ok()) return Fail(answer.status());
  auto idp = pm::ParseServerMetadata(answer->body, issuer,
                                     pm::Transport::kTlsOrLoopback);
  if (!idp.ok()) return Fail(idp.status());
  auto choice =
      pm::ChooseAlgorithm(std::array{pm::dpop::Algorithm::kEs256}, *idp);
  if (!choice.ok()) return Fail(choice.status());

  // For each login.
  pm::ExchangeOptions options = {.issuer = issuer,
                                 .client_id = client_id,
                                 .url = idp->token_endpoint,
                                 .algorithm = choice->algorithm};
  pm::Exchange exchange = pm::Exchange::Token(options, grant_type, nonces);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, form.c_str());
  curl_easy_setopt(curl, CURLOPT_USERNAME, client_id.c_str());
  curl_easy_setopt(curl, CURLOPT_PASSWORD, secret);
  const pm::Outcome& outcome = pm::Run(
      exchange, **signer, absl::Now() + absl::Seconds(20),
      [&](const auto& attempt) { return Send(curl, options.url, attempt); });
  const pm::LogContext context = {issuer, client_id, grant_type};
  std::cout << pm::LogRecord(context, choice->algorithm, outcome) << "\n";
  curl_easy_cleanup(curl);
  return outcome.ok() ? 0 : 1;  // the token is in outcome.body
}
