// Runs a real server with metrics.

#ifndef PROOFMINT_TESTS_SERVICE_TESTING_METERED_SERVER_H_
#define PROOFMINT_TESTS_SERVICE_TESTING_METERED_SERVER_H_

#include <memory>
#include <string>

#include "proofmint/v1/proof_signer.grpc.pb.h"
#include "signer/service/server/server.h"
#include "tests/testing/temp_dir.h"

namespace proofmint::testing {

// MeteredServer serves calls on a Unix socket in a directory of its own and
// metrics on a free port of 127.0.0.1, with the system's entropy and clock.
class MeteredServer {
 public:
  // The addresses of `options` are replaced.
  explicit MeteredServer(service::ServerOptions options = {});

  std::string unix_path() const { return directory_ / "s"; }
  std::string unix_target() const { return "unix:" + unix_path(); }
  std::string metrics_address() const { return server_->metrics_address(); }

  // Returns a client on a new connection.
  std::unique_ptr<v1::ProofSigner::Stub> NewStub() const;

  std::string Scrape() const;

  // Waits until the metrics report at least `keys` ready keys of each
  // algorithm.
  void WaitForKeys(double keys) const;

  const service::Server& server() const { return *server_; }

  // Stops and destroys the server.
  void Destroy() { server_ = nullptr; }

 private:
  TempDir directory_;
  std::unique_ptr<crypto::Entropy> entropy_;
  std::unique_ptr<service::Server> server_;
};

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_SERVICE_TESTING_METERED_SERVER_H_
