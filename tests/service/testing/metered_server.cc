#include "tests/service/testing/metered_server.h"

#include <utility>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "signer/crypto/entropy.h"
#include "signer/dpop/algorithm.h"
#include "signer/service/metrics/metrics.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/scrape.h"

namespace proofmint::testing {

MeteredServer::MeteredServer(service::ServerOptions options) {
  auto entropy = crypto::NewSystemEntropy();
  ABSL_RAW_CHECK(entropy.ok(), entropy.status().ToString().c_str());
  entropy_ = *std::move(entropy);
  options.listen = {service::UnixAddress{directory_ / "s"}};
  options.metrics_listen = service::LoopbackAddress{"127.0.0.1:0"};
  auto server = service::Server::Start(options, *entropy_, absl::Now);
  ABSL_RAW_CHECK(server.ok(), server.status().ToString().c_str());
  server_ = *std::move(server);
}

std::unique_ptr<v1::ProofSigner::Stub> MeteredServer::NewStub() const {
  return v1::ProofSigner::NewStub(NewChannel(unix_target()));
}

std::string MeteredServer::Scrape() const {
  return testing::Scrape(metrics_address());
}

void MeteredServer::WaitForKeys(double keys) const {
  const absl::Time deadline = absl::Now() + kRpcLimit;
  for (dpop::Algorithm algorithm : dpop::kAlgorithms) {
    const std::string name =
        absl::StrCat(service::kKeyPoolKeys, "{algorithm=\"",
                     dpop::AlgorithmName(algorithm), "\"}");
    while (ParseSamples(Scrape())[name] < keys) {
      ABSL_RAW_CHECK(absl::Now() < deadline, "the pool does not fill");
    }
  }
}

}  // namespace proofmint::testing
