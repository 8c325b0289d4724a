// Tests proofmintd on a socket that systemd opened (systemd.socket(5)).

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proofmint/v1/proof_signer.grpc.pb.h"
#include "tests/testing/raw_socket.h"
#include "tests/testing/temp_dir.h"
#include "tests/tools/process.h"

namespace proofmint::tools {
namespace {

using ::proofmint::testing::BindUnix;
using ::proofmint::testing::ConnectUnix;
using ::proofmint::testing::kProcessLimit;
using ::proofmint::testing::Process;
using ::proofmint::testing::Send;
using ::proofmint::testing::TempDir;
using ::proofmint::testing::UniqueFd;
using ::proofmint::testing::WaitReadable;
using ::testing::HasSubstr;

class SocketActivationTest : public ::testing::Test {
 protected:
  // As systemd does, passes the sockets as descriptors from 3 on, and their
  // number and the process in the environment.
  std::vector<std::string> Activated(int fd) const {
    return {"/bin/sh",
            "-c",
            absl::StrCat("LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\" 3<&", fd),
            "sh",
            PROOFMINTD,
            "--listen=systemd"};
  }

  std::unique_ptr<v1::ProofSigner::Stub> NewStub() const {
    return v1::ProofSigner::NewStub(grpc::CreateChannel(
        "unix:" + path_, grpc::InsecureChannelCredentials()));
  }

  static grpc::Status Sign(v1::ProofSigner::Stub& stub) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + kProcessLimit));
    context.set_wait_for_ready(true);
    v1::SignProofRequest request;
    request.set_htm("POST");
    request.set_htu("https://idp.example/token");
    v1::SignProofResponse response;
    grpc::Status status = stub.SignProof(&context, request, &response);
    EXPECT_NE(status.ok(), response.proof().empty());
    return status;
  }

  TempDir directory_;
  const std::string path_ = directory_ / "s";
};

TEST_F(SocketActivationTest, OneProcessAfterAnotherServesTheSocket) {
  UniqueFd socket = BindUnix(path_, SOCK_STREAM);
  UniqueFd inherited(dup(socket.get()));
  for (int round = 0; round < 2; ++round) {
    Process daemon(Activated(inherited.get()));
    ASSERT_TRUE(daemon.WaitForError(R"("message":"serving")"))
        << daemon.Error();
    EXPECT_THAT(daemon.Error(), HasSubstr("unix:" + path_));
    EXPECT_TRUE(Sign(*NewStub()).ok());
    daemon.Signal(SIGTERM);
    EXPECT_EQ(daemon.Wait(), 0);
    EXPECT_TRUE(std::filesystem::is_socket(path_));
  }
}

TEST_F(SocketActivationTest, PeersThatConnectWhileItDrainsWaitForTheNext) {
  UniqueFd socket = BindUnix(path_, SOCK_STREAM);
  UniqueFd inherited(dup(socket.get()));
  std::vector<std::string> command = Activated(inherited.get());
  command.push_back("--lame_duck=1s");
  Process first(command);
  ASSERT_TRUE(first.WaitForError(R"("message":"serving")")) << first.Error();
  auto old = NewStub();
  EXPECT_TRUE(Sign(*old).ok());
  first.Signal(SIGTERM);
  const absl::Time deadline = absl::Now() + kProcessLimit;
  while (Sign(*old).ok() && absl::Now() < deadline) {
  }
  // The daemon drains.
  UniqueFd client = ConnectUnix(path_);
  ASSERT_TRUE(client.valid());
  Send(client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  old = nullptr;  // Otherwise the destructor would wait for it.
  EXPECT_EQ(first.Wait(), 0);
  EXPECT_FALSE(WaitReadable(client, absl::ZeroDuration()));
  Process second(command);
  EXPECT_TRUE(WaitReadable(client, kProcessLimit)) << second.Error();
  client = UniqueFd();
  second.Signal(SIGTERM);
  EXPECT_EQ(second.Wait(), 0);
}

TEST_F(SocketActivationTest, ASocketOfAnotherKindIsAnError) {
  UniqueFd datagrams = BindUnix(path_, SOCK_DGRAM);
  UniqueFd inherited(dup(datagrams.get()));
  Process daemon(Activated(inherited.get()));
  EXPECT_EQ(daemon.Wait(), 1);
  EXPECT_THAT(daemon.Error(),
              HasSubstr("listen: got descriptor 3 from systemd, want"));
}

TEST_F(SocketActivationTest, NoSocketIsAnError) {
  Process daemon({PROOFMINTD, "--listen=systemd"});
  EXPECT_EQ(daemon.Wait(), 1);
  EXPECT_THAT(daemon.Error(), HasSubstr("listen: systemd passed no socket"));
}

}  // namespace
}  // namespace proofmint::tools
