// Tests that gRPC never parses what a peer floods the server with, over every
// kind of connection, and that honest bursts are served.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/client_callback.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "proofmint/v1/proof_signer.grpc.pb.h"
#include "signer/service/net/self_test_client.h"
#include "signer/service/net/tls_credentials.h"
#include "signer/service/server/grpc_server.h"
#include "tests/service/testing/caller_server.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/certificates.h"
#include "tests/testing/http2_frames.h"
#include "tests/testing/raw_socket.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::AskWhoIAm;
using ::proofmint::testing::CallerServer;
using ::proofmint::testing::Certificates;
using ::proofmint::testing::ConnectTcp;
using ::proofmint::testing::ConnectUnix;
using ::proofmint::testing::Frame;
using ::proofmint::testing::FrameFlag;
using ::proofmint::testing::FrameType;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::kPreface;
using ::proofmint::testing::kRpcLimit;
using ::proofmint::testing::LoopbackTcp;
using ::proofmint::testing::NewChannel;
using ::proofmint::testing::TempDir;
using ::proofmint::testing::WaitReadable;
using ::testing::HasSubstr;

constexpr int kEndHeaders = FrameFlag::kEndHeaders;

// Returns `count` frames `frame`.
std::string Repeat(int count, const std::string& frame) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += frame;
  return bytes;
}

struct Flood {
  const char* name;
  std::string bytes;
  ConnectionClosure reason;
};

// The floods have more than what is allowed at once and, on a slow machine, in
// the seconds that they take.
std::vector<Flood> Floods() {
  // :method POST, :scheme http and :path / of HPACK's static table.
  const std::string fields = "\x83\x86\x84";
  std::string calls;
  std::string resets;
  for (uint32_t id = 1; id <= 2 * FrameGuard::kMaxOpenCalls + 1; id += 2) {
    const std::string call =
        Frame(FrameType::kHeaders, kEndHeaders, id, fields);
    calls += call;
    resets += call + Frame(FrameType::kReset, 0, id, 4);
  }
  const std::string open = Frame(FrameType::kHeaders, kEndHeaders, 1, fields);
  return {
      {"open calls", calls, ConnectionClosure::kOpenCalls},
      {"rapid reset", resets, ConnectionClosure::kOpenCalls},
      {"long header block",
       Frame(FrameType::kHeaders, 0, 1, fields) +
           Frame(FrameType::kContinuation, 0, 1, 16383),
       ConnectionClosure::kHeaderBlock},
      {"empty continuation",
       Frame(FrameType::kHeaders, 0, 1, fields) +
           Frame(FrameType::kContinuation, 0, 1, 0),
       ConnectionClosure::kHeaderBlock},
      {"empty data", open + Repeat(20000, Frame(FrameType::kData, 0, 1, 0)),
       ConnectionClosure::kSmallFrames},
      {"pings", Repeat(3000, Frame(FrameType::kPing, 0, 0, 8)),
       ConnectionClosure::kControlFrames},
      {"frames of an unknown type", Repeat(40, Frame(0x77, 0, 0, 16384)),
       ConnectionClosure::kControlFrames},
  };
}

class HostilePeersTest : public ::testing::TestWithParam<const char*> {
 protected:
  HostilePeersTest() {
    GrpcServerOptions options;
    if (Transport() == "unix") {
      options.listen = {UnixAddress{directory_ / "s"}};
    } else {
      options.listen = {LoopbackTcp("127.0.0.1:0")};
      options.allow_insecure_loopback = Transport() == "tcp";
    }
    if (Transport() == "tls") LoadTls(options);
    server_ = std::make_unique<CallerServer>(
        options, CallerPolicy{.allowed_sans = {"client.example"}});
  }

  static absl::string_view Transport() { return GetParam(); }

  void LoadTls(GrpcServerOptions& options) {
    certificates_ = std::make_unique<Certificates>();
    certificates_->Issue("client", {.alt_names = "DNS:client.example"});
    auto tls =
        TlsCredentials::Load({.certificate = certificates_->Path("server.crt"),
                              .key = certificates_->Path("server.key"),
                              .client_ca = certificates_->Path("ca.crt")});
    ASSERT_THAT(tls, IsOk());
    tls_ = *std::move(tls);
    options.tls = tls_.get();
    const auto to_der = [&](const char* command, const std::string& name) {
      certificates_->OpenSsl({command, "-in", certificates_->Path(name),
                              "-outform", "DER", "-out",
                              certificates_->Path("der")});
      return certificates_->Read("der");
    };
    certificate_.certificate_der = to_der("x509", "client.crt");
    certificate_.key_der = to_der("pkey", "client.key");
  }

  base::UniqueFd Connect() const {
    base::UniqueFd connection = Transport() == "unix"
                                    ? ConnectUnix(directory_ / "s")
                                    : ConnectTcp(server_->target());
    fcntl(connection.get(), F_SETFL, O_NONBLOCK);
    return connection;
  }

  std::shared_ptr<grpc::Channel> Honest() const {
    if (tls_ == nullptr) return NewChannel(server_->target());
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = certificates_->Read("ca.crt");
    options.pem_private_key = certificates_->Read("client.key");
    options.pem_cert_chain = certificates_->Read("client.crt");
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(server_->target(),
                                     grpc::SslCredentials(options), arguments);
  }

  uint64_t Closed() const {
    uint64_t closed = 0;
    for (size_t i = 0; i < kConnectionClosures.size(); ++i) {
      closed += server_->record().closed(static_cast<ConnectionClosure>(i));
    }
    return closed;
  }

  TempDir directory_;
  std::unique_ptr<Certificates> certificates_;
  SelfTestCertificate certificate_;
  std::unique_ptr<TlsCredentials> tls_;
  std::unique_ptr<CallerServer> server_;
};

TEST_P(HostilePeersTest, AFloodIsCutOffAndOthersAreServed) {
  auto honest = Honest();
  EXPECT_THAT(AskWhoIAm(honest), HasSubstr("allowed"));
  uint64_t closed = 0;
  for (const Flood& flood : Floods()) {
    SCOPED_TRACE(flood.name);
    const uint64_t before = server_->record().closed(flood.reason);
    SelfTestClient client(Connect(),
                          std::string(kPreface) +
                              Frame(FrameType::kSettings, 0, 0, 0) +
                              flood.bytes,
                          tls_ == nullptr ? nullptr : &certificate_);
    const absl::Time deadline = absl::Now() + kRpcLimit;
    while (server_->record().closed(flood.reason) == before &&
           absl::Now() < deadline) {
      client.Step();
      absl::SleepFor(absl::Milliseconds(1));
    }
    EXPECT_EQ(server_->record().closed(flood.reason), before + 1);
    EXPECT_EQ(Closed(), ++closed);
    EXPECT_THAT(AskWhoIAm(honest), HasSubstr("allowed"));
  }
  EXPECT_THAT(AskWhoIAm(Honest()), HasSubstr("allowed"));
}

// Bursts are calls that are made at once on one channel.
class Burst {
 public:
  Burst(const std::shared_ptr<grpc::Channel>& channel, int count,
        absl::Duration limit)
      : stub_(v1::ProofSigner::NewStub(channel)),
        contexts_(count),
        responses_(count) {
    const auto deadline = absl::ToChronoTime(absl::Now() + limit);
    for (int i = 0; i < count; ++i) {
      contexts_[i].set_deadline(deadline);
      stub_->async()->GetCapabilities(&contexts_[i], &request_, &responses_[i],
                                      [this](grpc::Status status) {
                                        std::lock_guard lock(mutex_);
                                        ++done_;
                                        ok_ += status.ok() ? 1 : 0;
                                        changed_.notify_all();
                                      });
    }
  }

  void Cancel() {
    for (grpc::ClientContext& context : contexts_) context.TryCancel();
  }

  // Waits for the end of all, and returns how many were answered.
  size_t Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_ == contexts_.size(); });
    return ok_;
  }

 private:
  const std::unique_ptr<v1::ProofSigner::Stub> stub_;
  const v1::GetCapabilitiesRequest request_;
  std::deque<grpc::ClientContext> contexts_;
  std::deque<v1::GetCapabilitiesResponse> responses_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t done_ = 0;
  size_t ok_ = 0;
};

TEST_P(HostilePeersTest, ServesThousandsOfCallsAtOnceOnANewConnection) {
  EXPECT_EQ(Burst(Honest(), 4000, kRpcLimit).Wait(), 4000u);
  EXPECT_EQ(Closed(), 0u);
}

TEST_P(HostilePeersTest, CallsMayBeCancelledTogether) {
  auto honest = Honest();
  EXPECT_THAT(AskWhoIAm(honest), HasSubstr("allowed"));
  Burst burst(honest, 256, kRpcLimit);
  burst.Cancel();
  burst.Wait();
  EXPECT_EQ(Closed(), 0u);
  EXPECT_THAT(AskWhoIAm(honest), HasSubstr("allowed"));
}

TEST_P(HostilePeersTest, ADeadlineOfManyCallsCostsOneConnectionAtMost) {
  auto other = Honest();
  EXPECT_THAT(AskWhoIAm(other), HasSubstr("allowed"));
  auto honest = Honest();
  Burst burst(honest, 4000, absl::Milliseconds(50));
  EXPECT_THAT(AskWhoIAm(other), HasSubstr("allowed"));
  burst.Wait();
  EXPECT_LE(Closed(), 1u);
  EXPECT_THAT(AskWhoIAm(other), HasSubstr("allowed"));
}

INSTANTIATE_TEST_SUITE_P(Transports, HostilePeersTest,
                         ::testing::Values("unix", "tcp", "tls"),
                         [](const auto& info) {
                           return std::string(info.param);
                         });

}  // namespace
}  // namespace proofmint::service
