// Tests that answers which a client does not read take no more than their share
// of the server's memory, and that other clients are served meanwhile.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <list>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "signer/service/gate/unread_answers.h"
#include "signer/service/metrics/metrics.h"
#include "signer/service/net/frame_guard.h"
#include "tests/service/testing/metered_server.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/http2_frames.h"
#include "tests/testing/raw_socket.h"
#include "tests/testing/scrape.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::ConnectUnix;
using ::proofmint::testing::Frame;
using ::proofmint::testing::FrameFlag;
using ::proofmint::testing::FrameType;
using ::proofmint::testing::kPreface;
using ::proofmint::testing::kRpcLimit;
using ::proofmint::testing::MeteredServer;
using ::proofmint::testing::NewContext;
using ::proofmint::testing::ParseSamples;
using ::proofmint::testing::ReadUntilClosed;
using ::proofmint::testing::Samples;
using ::proofmint::testing::Send;
using ::proofmint::testing::ValidRequest;

// What a connection may have unread while no other has.
constexpr double kShare = UnreadAnswers::kLimit / 5.0;
// What one answer may add to it: to a batch of 256 with small fields.
constexpr double kAnswer = 512 << 10;

std::string Number(uint32_t value, int size) {
  std::string bytes;
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(value >> shift));
  }
  return bytes;
}

// SlowReader is a client that opens the largest flow-control windows and reads
// nothing.
class SlowReader {
 public:
  explicit SlowReader(const std::string& path) : socket_(ConnectUnix(path)) {
    EXPECT_TRUE(socket_.valid());
    constexpr uint32_t kMaxWindow = INT32_MAX;
    // SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113 section 6.5.2).
    const std::string settings = Number(4, 2) + Number(kMaxWindow, 4);
    Send(socket_,
         absl::StrCat(kPreface, Frame(FrameType::kSettings, 0, 0, settings),
                      Frame(FrameType::kWindowUpdate, 0, 0,
                            Number(kMaxWindow - 65535, 4))));
  }

  void Call(const std::string& method, const std::string& message) {
    std::string block("\x83\x86", 2);  // :method POST, :scheme http
    for (const auto& [name, value] :
         {std::pair<std::string, std::string>{":path", method},
          {":authority", "localhost"},
          {"content-type", "application/grpc"},
          {"te", "trailers"}}) {
      absl::StrAppend(&block, Number(0, 1),
                      Number(static_cast<uint32_t>(name.size()), 1), name,
                      Number(static_cast<uint32_t>(value.size()), 1), value);
    }
    const std::string framed =
        absl::StrCat(Number(0, 1),
                     Number(static_cast<uint32_t>(message.size()), 4), message);
    Send(socket_,
         absl::StrCat(
             Frame(FrameType::kHeaders, FrameFlag::kEndHeaders, id_, block),
             Frame(FrameType::kData, FrameFlag::kEndStream, id_, framed)));
    id_ += 2;
  }

  // Reads until it has received `text`. Returns whether it has.
  bool ReadUntil(absl::string_view text) {
    std::string received;
    const absl::Time end = absl::Now() + kRpcLimit;
    while (!absl::StrContains(received, text) && absl::Now() < end) {
      if (ReadUntilClosed(socket_, absl::Milliseconds(100), received)) break;
    }
    return absl::StrContains(received, text);
  }

 private:
  base::UniqueFd socket_;
  uint32_t id_ = 1;
};

class SlowReaderTest : public ::testing::Test {
 protected:
  SlowReaderTest() {
    v1::BatchSignProofsRequest batch;
    for (int i = 0; i < 256; ++i) {
      v1::SignProofRequest& request = *batch.add_requests();
      request = ValidRequest();
      request.set_return_key_handle(true);
    }
    batch_ = batch.SerializeAsString();
  }

  double Sample(const std::string& name) {
    return ParseSamples(server_.Scrape())[name];
  }
  double Unread() { return Sample(kUnreadAnswerBytes); }
  double Refused() {
    return Sample(absl::StrCat(kErrors, "{reason=\"OVERLOADED\"}"));
  }
  double Answered(const char* method, const char* code) {
    return Sample(
        absl::StrCat(kCalls, "{method=\"", method, "\",code=\"", code, "\"}"));
  }

  // Waits until `value()` is `want`.
  template <typename Value>
  void WaitFor(Value value, double want) {
    const absl::Time end = absl::Now() + kRpcLimit;
    while (value() != want && absl::Now() < end) {
    }
    ASSERT_EQ(value(), want);
  }

  // Batches that were served, refused or dropped.
  double Ended() { return Answered("BatchSignProofs", "OK") + Refused(); }

  // Sends batches, one at a time, until one is refused.
  void SendUntilRefused(SlowReader& reader) {
    const double unread = Unread();
    const double refused = Refused();
    while (Refused() == refused) {
      ASSERT_LT(Unread(), unread + kShare + kAnswer);
      const double ended = Ended();
      reader.Call("/proofmint.v1.ProofSigner/BatchSignProofs", batch_);
      WaitFor([&] { return Ended(); }, ended + 1);
    }
  }

  // Expects that batches of `size` on another connection of the same caller are
  // served.
  void ExpectOthersAreServed(int size) {
    v1::BatchSignProofsRequest batch;
    for (int i = 0; i < size; ++i) *batch.add_requests() = ValidRequest();
    v1::BatchSignProofsResponse response;
    auto stub = server_.NewStub();
    for (int i = 0; i < 50; ++i) {
      const grpc::Status status =
          stub->BatchSignProofs(NewContext().get(), batch, &response);
      EXPECT_TRUE(status.ok()) << status.error_message();
    }
  }

  MeteredServer server_;
  std::string batch_;
};

TEST_F(SlowReaderTest, IsRefusedAndOthersAreServed) {
  SlowReader reader(server_.unix_path());
  SendUntilRefused(reader);
  EXPECT_GT(Unread(), kShare - kAnswer);
  ExpectOthersAreServed(256);
}

TEST_F(SlowReaderTest, ManyOfThemTakeNoMoreThanLeavesOthersServed) {
  std::list<SlowReader> readers;
  for (int i = 0; i < 5; ++i) {
    SendUntilRefused(readers.emplace_back(server_.unix_path()));
  }
  EXPECT_GT(Unread(), UnreadAnswers::kLimit / 2);
  EXPECT_LT(Unread(), UnreadAnswers::kLimit);
  ExpectOthersAreServed(16);
}

TEST_F(SlowReaderTest, IsServedAgainOnceItReads) {
  SlowReader reader(server_.unix_path());
  SendUntilRefused(reader);
  // The error of the last call is the last answer.
  ASSERT_TRUE(reader.ReadUntil("answers that it has not read"));
  WaitFor([&] { return Unread(); }, 0);
  const double served = Answered("BatchSignProofs", "OK");
  reader.Call("/proofmint.v1.ProofSigner/BatchSignProofs", batch_);
  WaitFor([&] { return Answered("BatchSignProofs", "OK"); }, served + 1);
}

TEST_F(SlowReaderTest, IsCutOffWhenItGoesOnCalling) {
  SlowReader reader(server_.unix_path());
  SendUntilRefused(reader);
  const std::string message = ValidRequest().SerializeAsString();
  for (size_t i = 0; i < FrameGuard::kMaxOpenCalls; ++i) {
    reader.Call("/proofmint.v1.ProofSigner/SignProof", message);
  }
  WaitFor(
      [&] {
        return Sample(
            absl::StrCat(kConnectionsClosed, "{reason=\"open_calls\"}"));
      },
      1);
  WaitFor([&] { return Unread(); }, 0);
}

TEST_F(SlowReaderTest, ItsMemoryIsGivenBackWhenItGoes) {
  {
    SlowReader reader(server_.unix_path());
    SendUntilRefused(reader);
  }
  WaitFor([&] { return Unread(); }, 0);
}

}  // namespace
}  // namespace proofmint::service
