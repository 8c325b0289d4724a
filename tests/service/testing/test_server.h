// Runs a real server on sockets of its own, and makes clients for it.

#ifndef PROOFMINT_TESTS_SERVICE_TESTING_TEST_SERVER_H_
#define PROOFMINT_TESTS_SERVICE_TESTING_TEST_SERVER_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "proofmint/v1/proof_signer.grpc.pb.h"
#include "signer/base/clock.h"
#include "signer/service/net/listen_address.h"
#include "signer/service/server/server.h"
#include "tests/testing/fake_entropy.h"
#include "tests/testing/temp_dir.h"

namespace proofmint::testing {

// The time of a TestServer without a clock of its own: 2026-01-02T03:04:05.75Z.
inline constexpr int64_t kTestUnixSeconds = 1767323045;
absl::Time TestTime();

// The limit of an RPC in a test, long enough for a machine under load.
inline constexpr absl::Duration kRpcLimit = absl::Seconds(20);

// Returns a ClientContext with a deadline of kRpcLimit.
std::unique_ptr<grpc::ClientContext> NewContext();

// Returns a channel that shares no connection with any other.
std::shared_ptr<grpc::Channel> NewChannel(
    const std::string& target, const std::string& service_config = "");

// Returns a request that is answered with a proof.
v1::SignProofRequest ValidRequest(
    v1::Algorithm algorithm = v1::ALGORITHM_UNSPECIFIED);

// Returns the loopback address `host_port` to listen on.
service::TcpAddress LoopbackTcp(const std::string& host_port);

// TestServer serves on a Unix socket in a directory of its own and on a free
// port of 127.0.0.1.
class TestServer {
 public:
  // The addresses, the size of the key pool and the interval of self-checks in
  // `options` are replaced.
  explicit TestServer(base::Clock clock = TestTime,
                      service::ServerOptions options = {});

  std::string unix_path() const { return directory_ / "server.sock"; }
  std::string unix_target() const { return "unix:" + unix_path(); }
  // Returns the address of the port, such as "127.0.0.1:43211".
  const std::string& tcp_target() const { return server_->addresses()[1]; }

  // Returns a client on a new connection to the Unix socket.
  std::unique_ptr<v1::ProofSigner::Stub> NewStub() const {
    return v1::ProofSigner::NewStub(NewChannel(unix_target()));
  }

  FakeEntropy& entropy() { return entropy_; }
  service::Server& server() { return *server_; }

 private:
  TempDir directory_;
  FakeEntropy entropy_;
  std::unique_ptr<service::Server> server_;
};

// Returns whether a valid request to `target` on a new connection gets a valid
// proof.
bool Serves(const std::string& target);

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_SERVICE_TESTING_TEST_SERVER_H_
