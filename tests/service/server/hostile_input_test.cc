// Tests that the server answers a broken or hostile client or closes its
// connection, and goes on serving all others.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/rpc/code.pb.h"
#include "tests/service/testing/generic_call.h"
#include "tests/service/testing/rpc_error_matchers.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/raw_socket.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::CallWithBytes;
using ::proofmint::testing::ConnectUnix;
using ::proofmint::testing::DetailsOf;
using ::proofmint::testing::FinishSending;
using ::proofmint::testing::IsErrorWithoutField;
using ::proofmint::testing::IsFieldError;
using ::proofmint::testing::NewContext;
using ::proofmint::testing::ReadUntilClosed;
using ::proofmint::testing::Send;
using ::proofmint::testing::Serves;
using ::proofmint::testing::TestServer;
using ::proofmint::testing::ValidRequest;
using ::proofmint::testing::WaitReadable;
using ::testing::HasSubstr;

constexpr absl::Duration kLimit = absl::Seconds(20);
constexpr char kSignProof[] = "/proofmint.v1.ProofSigner/SignProof";
constexpr char kBatchSignProofs[] = "/proofmint.v1.ProofSigner/BatchSignProofs";

constexpr absl::string_view kPreface("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
constexpr absl::string_view kSettings("\0\0\0\4\0\0\0\0\0", 9);

// Returns an HTTP/2 frame (RFC 9113 section 4.1).
std::string Frame(uint8_t type, uint8_t flags, uint32_t stream,
                  const std::string& payload) {
  std::string frame;
  for (int shift : {16, 8, 0}) {
    frame.push_back(static_cast<char>(payload.size() >> shift));
  }
  frame.push_back(static_cast<char>(type));
  frame.push_back(static_cast<char>(flags));
  for (int shift : {24, 16, 8, 0}) {
    frame.push_back(static_cast<char>(stream >> shift));
  }
  return frame + payload;
}

// Returns the HEADERS of a call of `method` on `stream`, in HPACK literals.
std::string CallHeaders(uint32_t stream, const char* method = kSignProof) {
  std::string block("\x83\x86", 2);  // :method POST, :scheme http
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{
           {":path", method},
           {":authority", "localhost"},
           {"content-type", "application/grpc"},
           {"te", "trailers"}}) {
    block.push_back('\0');
    block.push_back(static_cast<char>(name.size()));
    block += name;
    block.push_back(static_cast<char>(value.size()));
    block += value;
  }
  return Frame(/*HEADERS*/ 1, /*END_HEADERS*/ 4, stream, block);
}

std::string Garbage(size_t size) {
  std::string bytes(size, '\0');
  uint32_t state = 2463534242;  // xorshift
  for (char& byte : bytes) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    byte = static_cast<char>(state);
  }
  return bytes;
}

class HostileInputTest : public ::testing::Test {
 protected:
  ~HostileInputTest() override {
    EXPECT_TRUE(Serves(server_.unix_target()));
    EXPECT_TRUE(Serves(server_.tcp_target()));
  }

  base::UniqueFd Connect() { return ConnectUnix(server_.unix_path()); }

  // Sends `bytes` and expects the server to close the connection.
  void ExpectHangsUpOn(absl::string_view bytes) {
    base::UniqueFd socket = Connect();
    ASSERT_TRUE(socket.valid());
    Send(socket, bytes);
    std::string received;
    EXPECT_TRUE(ReadUntilClosed(socket, kLimit, received));
  }

  TestServer server_;
};

TEST_F(HostileInputTest, HangsUpOnGarbage) {
  ExpectHangsUpOn(Garbage(64));
  ExpectHangsUpOn(Garbage(1 << 20));
  ExpectHangsUpOn(std::string(4096, '\0'));
}

TEST_F(HostileInputTest, HangsUpOnHttp1) {
  ExpectHangsUpOn("GET /proof HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ExpectHangsUpOn("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");  // TLS
}

TEST_F(HostileInputTest, HangsUpOnGarbageAfterThePreface) {
  ExpectHangsUpOn(absl::StrCat(kPreface, Garbage(4096)));
  ExpectHangsUpOn(absl::StrCat(kPreface, kSettings,
                               Frame(/*HEADERS*/ 1, 4, 1, Garbage(256)),
                               Garbage(4096)));
  // A frame whose header claims 16 MiB.
  ExpectHangsUpOn(
      absl::StrCat(kPreface, kSettings, std::string(9, '\xff'), Garbage(4096)));
}

TEST_F(HostileInputTest, OutlivesCallsThatAreCutOff) {
  const std::string message = ValidRequest().SerializeAsString();
  std::string framed("\0\0\0\0", 4);
  framed.push_back(static_cast<char>(message.size()));
  framed += message;
  const std::string call =
      absl::StrCat(kPreface, kSettings, CallHeaders(1),
                   Frame(/*DATA*/ 0, /*END_STREAM*/ 1, 1, framed));
  for (size_t size = 0; size <= call.size(); ++size) {
    base::UniqueFd socket = Connect();
    ASSERT_TRUE(socket.valid());
    Send(socket, absl::string_view(call).substr(0, size));
    if (size % 2 == 0) FinishSending(socket);
  }
  // The frames themselves are valid: sent whole, they are answered.
  base::UniqueFd socket = Connect();
  Send(socket, call);
  std::string received;
  while (received.find("eyJ0eXAi") == std::string::npos &&
         WaitReadable(socket, kLimit)) {
    char buffer[4096];
    ssize_t got = recv(socket.get(), buffer, sizeof(buffer), 0);
    if (got <= 0) break;
    received.append(buffer, static_cast<size_t>(got));
  }
  EXPECT_THAT(received, HasSubstr("eyJ0eXAi"));
}

TEST_F(HostileInputTest, OutlivesATruncatedGrpcMessage) {
  for (char claimed_size : {'\1', '\x64', '\xff'}) {
    base::UniqueFd socket = Connect();
    ASSERT_TRUE(socket.valid());
    std::string prefix("\0\0\0\0", 4);
    prefix.push_back(claimed_size);
    Send(socket, absl::StrCat(kPreface, kSettings, CallHeaders(1),
                              Frame(/*DATA*/ 0, /*END_STREAM*/ 1, 1, prefix)));
    EXPECT_TRUE(WaitReadable(socket, kLimit));
  }
}

TEST_F(HostileInputTest, OutlivesHalfClosedConnections) {
  std::vector<base::UniqueFd> sockets;
  for (int i = 0; i < 50; ++i) {
    sockets.push_back(Connect());
    ASSERT_TRUE(sockets.back().valid());
    if (i % 2 == 0) Send(sockets.back(), absl::StrCat(kPreface, kSettings));
    FinishSending(sockets.back());
  }
  for (base::UniqueFd& socket : sockets) {
    std::string received;
    EXPECT_TRUE(ReadUntilClosed(socket, kLimit, received));
  }
}

TEST_F(HostileInputTest, OutlivesManyConnectionsThatSayNothing) {
  std::vector<base::UniqueFd> sockets;
  for (int i = 0; i < 200; ++i) {
    sockets.push_back(Connect());
    ASSERT_TRUE(sockets.back().valid());
  }
  EXPECT_TRUE(Serves(server_.unix_target()));
}

// A caller fills the server with calls and lets no byte of a response through.
// No other caller may have to wait, and in the end the server cuts it off.
TEST_F(HostileInputTest, ACallerThatDoesNotReadKeepsNoOtherOut) {
  constexpr uint32_t kBatches = 40;  // of 256: more than twice what it takes on
  v1::BatchSignProofsRequest batch;
  for (int i = 0; i < 256; ++i) {
    *batch.add_requests() = ValidRequest(v1::ALGORITHM_ED25519);
  }
  std::string message = batch.SerializeAsString();
  std::string size;
  for (int shift : {24, 16, 8, 0}) {
    size.push_back(static_cast<char>(message.size() >> shift));
  }
  message = std::string(1, '\0') + size + message;
  base::UniqueFd socket = Connect();
  // SETTINGS_INITIAL_WINDOW_SIZE 0.
  Send(socket, absl::StrCat(kPreface, Frame(/*SETTINGS*/ 4, 0, 0,
                                            std::string("\0\4\0\0\0\0", 6))));
  // One batch fits into the flow-control window; several would not.
  for (uint32_t call = 0; call < kBatches; ++call) {
    const uint32_t stream = 2 * call + 1;
    Send(socket, CallHeaders(stream, kBatchSignProofs));
    for (size_t done = 0; done < message.size(); done += 16'000) {
      std::string part = message.substr(done, 16'000);
      const bool last = done + part.size() == message.size();
      Send(socket,
           Frame(/*DATA*/ 0, last ? /*END_STREAM*/ 1 : 0, stream, part));
    }
    EXPECT_TRUE(Serves(server_.unix_target())) << call;
  }
  std::string received;
  ReadUntilClosed(socket, absl::Seconds(3), received);
  // CANCELLED, for calls whose responses the caller did not read.
  EXPECT_THAT(received, HasSubstr("grpc-status\x01"
                                  "1"));
}

TEST_F(HostileInputTest, RefusesAHugeHtuByName) {
  v1::SignProofRequest request = ValidRequest();
  request.set_htu("https://idp.example/" + std::string(1'000'000, 'a'));
  v1::SignProofResponse response;
  grpc::Status status =
      server_.NewStub()->SignProof(NewContext().get(), request, &response);
  EXPECT_THAT(DetailsOf(status), IsFieldError(google::rpc::INVALID_ARGUMENT,
                                              "INVALID_HTU", "htu"));
  EXPECT_LT(status.error_message().size(), 200u);
}

TEST_F(HostileInputTest, AnswersABatchOfHugeItems) {
  v1::BatchSignProofsRequest batch;
  for (int i = 0; i < 256; ++i) {
    batch.add_requests()->set_htm(std::string(4'000, 'A'));
  }
  v1::BatchSignProofsResponse response;
  ASSERT_TRUE(server_.NewStub()
                  ->BatchSignProofs(NewContext().get(), batch, &response)
                  .ok());
  EXPECT_EQ(response.results_size(), 256);
}

TEST_F(HostileInputTest, RefusesAMessageOfMoreThanAMebibyte) {
  v1::SignProofRequest request = ValidRequest();
  request.set_htu(std::string(1 << 20, 'a'));
  v1::SignProofResponse response;
  EXPECT_EQ(server_.NewStub()
                ->SignProof(NewContext().get(), request, &response)
                .error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

// gRPC's own answer would be UNIMPLEMENTED without a message.
TEST_F(HostileInputTest, RefusesBytesThatAreNoMessage) {
  const std::string not_utf8 = "\x12\x04POST\x1a\x0ahttps://a\xff";
  for (const std::string& bytes :
       {std::string("\xff\xff\xff\xff"), std::string("\x12\x05POST"),
        Garbage(300), not_utf8}) {
    EXPECT_THAT(
        DetailsOf(CallWithBytes(server_.unix_target(), kSignProof, bytes)),
        IsErrorWithoutField(google::rpc::INVALID_ARGUMENT, "INVALID_REQUEST"));
  }
  std::string batch = {'\x0a', static_cast<char>(not_utf8.size())};
  EXPECT_THAT(
      DetailsOf(CallWithBytes(server_.unix_target(), kBatchSignProofs,
                              batch + not_utf8)),
      IsErrorWithoutField(google::rpc::INVALID_ARGUMENT, "INVALID_REQUEST"));
}

TEST_F(HostileInputTest, AnswersAnEmptyMessageLikeAnEmptyRequest) {
  EXPECT_THAT(
      DetailsOf(CallWithBytes(server_.unix_target(), kSignProof, "")),
      IsFieldError(google::rpc::INVALID_ARGUMENT, "INVALID_HTM", "htm"));
}

TEST_F(HostileInputTest, DoesNotKnowOtherMethods) {
  for (const char* method :
       {"/proofmint.v1.ProofSigner/signProof", "/proofmint.v1.ProofSigner/",
        "/", "/proofmint.v1.ProofSigner/SignProof/"}) {
    EXPECT_EQ(CallWithBytes(server_.unix_target(), method, "").error_code(),
              grpc::StatusCode::UNIMPLEMENTED);
  }
}

}  // namespace
}  // namespace proofmint::service
