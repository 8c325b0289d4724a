#include "signer/service/net/frame_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "tests/testing/http2_frames.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::Bytes;
using ::proofmint::testing::Frame;
using ::proofmint::testing::FrameFlag;
using ::proofmint::testing::FrameType;
using ::proofmint::testing::kPreface;
using ::testing::Optional;

constexpr auto kOpenCalls = ConnectionClosure::kOpenCalls;
constexpr auto kHeaderBlock = ConnectionClosure::kHeaderBlock;
constexpr auto kSmallFrames = ConnectionClosure::kSmallFrames;
constexpr auto kControlFrames = ConnectionClosure::kControlFrames;

constexpr int kEndStream = FrameFlag::kEndStream;
constexpr int kEndHeaders = FrameFlag::kEndHeaders;

constexpr absl::Duration kMillisecond = absl::Milliseconds(1);

// Returns `size` bytes, at least 7, of a header block with one long field.
std::string LongField(size_t size) {
  const std::string begin("\0\1n\x7f\xff\xff\x7f", 7);
  return begin + std::string(size - begin.size(), 'x');
}

class FrameGuardTest : public ::testing::Test {
 protected:
  FrameGuardTest() { EXPECT_EQ(Receive(std::string(kPreface)), std::nullopt); }

  std::optional<ConnectionClosure> Receive(const std::string& bytes) {
    return guard_.Received(Bytes(bytes), now_);
  }

  void Send(const std::string& bytes) { guard_.Sent(Bytes(bytes)); }

  // Opens the next call.
  std::optional<ConnectionClosure> Open(int flags = kEndHeaders) {
    id_ += 2;
    return Receive(Frame(FrameType::kHeaders, flags, id_, 20));
  }

  // Opens and resets the next call.
  std::optional<ConnectionClosure> OpenAndReset() {
    const auto opened = Open();
    return opened.has_value() ? opened
                              : Receive(Frame(FrameType::kReset, 0, id_, 4));
  }

  // Receives `frame` until there is a verdict, at most `limit` times. Returns
  // how often it was received before that.
  int CountUntilClosed(const std::string& frame, int limit) {
    for (int i = 0; i < limit; ++i) {
      if (Receive(frame).has_value()) return i;
    }
    return limit;
  }

  absl::Duration now_ = absl::Hours(1000);
  uint32_t id_ = static_cast<uint32_t>(-1);  // of the last call
  FrameGuard guard_;
};

TEST_F(FrameGuardTest, CountsCallsUntilTheServerEndsThem) {
  EXPECT_EQ(Open(), std::nullopt);
  EXPECT_EQ(Open(kEndHeaders | kEndStream), std::nullopt);
  EXPECT_EQ(Open(), std::nullopt);
  EXPECT_EQ(guard_.open_calls(), 3u);
  Send(Frame(FrameType::kHeaders, kEndHeaders, 1, 20));
  Send(Frame(FrameType::kData, 0, 1, 300));
  EXPECT_EQ(guard_.open_calls(), 3u);
  Send(Frame(FrameType::kHeaders, kEndHeaders | kEndStream, 1, 20));
  EXPECT_EQ(guard_.open_calls(), 2u);
  Send(Frame(FrameType::kData, kEndStream, 3, 0));
  EXPECT_EQ(guard_.open_calls(), 1u);
  Send(Frame(FrameType::kReset, 0, 5, 4));
  EXPECT_EQ(guard_.open_calls(), 0u);
  Send(Frame(FrameType::kReset, 0, 5, 4));
  Send(Frame(FrameType::kPing, kEndStream, 0, 8));
  EXPECT_EQ(guard_.open_calls(), 0u);
  EXPECT_EQ(guard_.calls(), 3u);
}

TEST_F(FrameGuardTest, AClientThatEndsItsHalfHasTheCallOpenStill) {
  Open();
  EXPECT_EQ(Receive(Frame(FrameType::kData, kEndStream, 1, 30)), std::nullopt);
  EXPECT_EQ(guard_.open_calls(), 1u);
}

TEST_F(FrameGuardTest, ClosesAtOneOpenCallTooMany) {
  for (size_t i = 0; i < FrameGuard::kMaxOpenCalls; ++i) {
    ASSERT_EQ(Open(), std::nullopt);
  }
  EXPECT_THAT(Open(), Optional(kOpenCalls));
  // For good.
  EXPECT_THAT(Receive("x"), Optional(kOpenCalls));
  EXPECT_THAT(Receive(""), Optional(kOpenCalls));
}

TEST_F(FrameGuardTest, ACallThatIsAnsweredMakesRoomForAnother) {
  for (int i = 0; i < 4000; ++i) {
    ASSERT_EQ(Open(kEndHeaders | kEndStream), std::nullopt);
    if (i >= 256) {
      Send(Frame(FrameType::kHeaders, kEndHeaders | kEndStream, id_ - 512, 9));
    }
  }
  EXPECT_EQ(guard_.open_calls(), 256u);
}

TEST_F(FrameGuardTest, ResetCallsCountForAWhile) {
  for (size_t i = 0; i < FrameGuard::kMaxOpenCalls; ++i) {
    ASSERT_EQ(OpenAndReset(), std::nullopt);
  }
  // That the server ends them, too, changes nothing.
  Send(Frame(FrameType::kReset, 0, 1, 4));
  now_ += FrameGuard::kHoldReset - kMillisecond;
  EXPECT_EQ(guard_.open_calls(), FrameGuard::kMaxOpenCalls);
  EXPECT_THAT(OpenAndReset(), Optional(kOpenCalls));
}

TEST_F(FrameGuardTest, ResetCallsAreForgottenAfterAWhile) {
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < FrameGuard::kMaxOpenCalls; ++i) {
      ASSERT_EQ(OpenAndReset(), std::nullopt);
    }
    now_ += FrameGuard::kHoldReset;
  }
  Open();
  now_ += FrameGuard::kHoldReset;
  EXPECT_EQ(guard_.open_calls(), 1u);
  EXPECT_EQ(Receive(Frame(FrameType::kReset, 0, id_, 4)), std::nullopt);
  EXPECT_EQ(guard_.open_calls(), 0u);
}

TEST_F(FrameGuardTest, IdsThatAreNotNewOpenNothing) {
  Open();
  Open();
  const int small = static_cast<int>(FrameGuard::kSmallFramesBurst);
  for (uint32_t id : {1u, 3u, 2u, 4u, 0u}) {
    EXPECT_EQ(Receive(Frame(FrameType::kHeaders, kEndHeaders, id, 0)),
              std::nullopt);
  }
  EXPECT_EQ(guard_.open_calls(), 2u);
  EXPECT_EQ(CountUntilClosed(Frame(FrameType::kHeaders, kEndHeaders, 1, 0),
                             2 * small),
            small - 5);
  EXPECT_THAT(Receive("x"), Optional(kSmallFrames));
}

TEST_F(FrameGuardTest, IgnoresTheReservedBitOfAnId) {
  EXPECT_EQ(Receive(Frame(FrameType::kHeaders, kEndHeaders, 0x80000001, 0)),
            std::nullopt);
  EXPECT_EQ(Receive(Frame(FrameType::kHeaders, kEndHeaders, 0x7fffffff, 0)),
            std::nullopt);
  EXPECT_EQ(guard_.open_calls(), 2u);
  Send(Frame(FrameType::kReset, 0, 1, 4));
  EXPECT_EQ(guard_.open_calls(), 1u);
}

TEST_F(FrameGuardTest, LimitsTheHeaderBlock) {
  const size_t most = FrameGuard::kMaxHeaderBlock;
  EXPECT_EQ(
      Receive(Frame(FrameType::kHeaders, kEndHeaders, 1, LongField(most))),
      std::nullopt);
  EXPECT_EQ(Receive(Frame(FrameType::kHeaders, 0, 3, LongField(most - 1))),
            std::nullopt);
  EXPECT_EQ(Receive(Frame(FrameType::kContinuation, kEndHeaders, 3, 1)),
            std::nullopt);
  EXPECT_EQ(Receive(Frame(FrameType::kHeaders, 0, 5, LongField(most))),
            std::nullopt);
  EXPECT_THAT(Receive(Frame(FrameType::kContinuation, kEndHeaders, 5, 1)),
              Optional(kHeaderBlock));
}

TEST_F(FrameGuardTest, LimitsOneHeadersFrame) {
  EXPECT_THAT(Receive(Frame(FrameType::kHeaders, kEndHeaders, 1,
                            FrameGuard::kMaxHeaderBlock + 1)),
              Optional(kHeaderBlock));
}

TEST_F(FrameGuardTest, LimitsTheFieldsOfABlock) {
  // A reference to the dynamic table takes one byte.
  const std::string most(FrameGuard::kMaxHeaderFields, '\xbe');
  EXPECT_EQ(Receive(Frame(FrameType::kHeaders, kEndHeaders, 1, most)),
            std::nullopt);
  EXPECT_EQ(Receive(Frame(FrameType::kHeaders, 0, 3, most)), std::nullopt);
  EXPECT_THAT(Receive(Frame(FrameType::kContinuation, kEndHeaders, 3, "\xbe")),
              Optional(kHeaderBlock));
}

TEST_F(FrameGuardTest, PaddingAndPriorityAreNoFields) {
  const int flags = kEndHeaders | FrameFlag::kPadded | FrameFlag::kPriority;
  const std::string most(FrameGuard::kMaxHeaderFields, '\xbe');
  const std::string priority(5, '\xbe');
  const std::string padding(0xbe, '\xbe');
  EXPECT_EQ(Receive(Frame(FrameType::kHeaders, flags, 1,
                          "\xbe" + priority + most + padding)),
            std::nullopt);
  const std::string block = Frame(FrameType::kHeaders, flags, 3,
                                  "\xbe" + priority + most + "\xbe" + padding);
  EXPECT_THAT(Receive(block), Optional(kHeaderBlock));
}

TEST_F(FrameGuardTest, HeadersTooShortForTheirFlagsAreNoFields) {
  const int flags = kEndHeaders | FrameFlag::kPadded | FrameFlag::kPriority;
  for (size_t size = 0; size < 8; ++size) {
    id_ += 2;
    EXPECT_EQ(Receive(Frame(FrameType::kHeaders, flags, id_,
                            std::string(size, '\xff'))),
              std::nullopt);
  }
  EXPECT_EQ(Open(), std::nullopt);
}

TEST_F(FrameGuardTest, JudgesALengthBeforeThePayloadComes) {
  EXPECT_THAT(Receive(std::string("\xff\xff\xff\1\4\0\0\0\1", 9)),
              Optional(kHeaderBlock));
  EXPECT_TRUE(guard_.malformed());
}

TEST_F(FrameGuardTest, WantsNoEmptyContinuation) {
  EXPECT_EQ(Receive(Frame(FrameType::kHeaders, 0, 1, 0)), std::nullopt);
  EXPECT_THAT(Receive(Frame(FrameType::kContinuation, kEndHeaders, 1, 0)),
              Optional(kHeaderBlock));
  EXPECT_FALSE(guard_.malformed());
}

TEST_F(FrameGuardTest, LimitsContinuations) {
  Receive(Frame(FrameType::kHeaders, 0, 1, 1));
  EXPECT_EQ(CountUntilClosed(Frame(FrameType::kContinuation, 0, 1, 1), 100),
            FrameGuard::kMaxContinuations);
}

TEST_F(FrameGuardTest, LimitsThePiecesOfAHeaderBlock) {
  // The 9 bytes of the header are read at once with one of the payload.
  std::string block = Frame(FrameType::kHeaders, 0, 1, 41) +
                      Frame(FrameType::kContinuation, kEndHeaders, 1, 41);
  EXPECT_EQ(Receive(block.substr(0, 10)), std::nullopt);
  for (size_t i = 10; i < 10 + FrameGuard::kMaxHeaderPieces; ++i) {
    EXPECT_EQ(Receive(block.substr(i, 1)), std::nullopt) << i;
  }
  EXPECT_THAT(Receive("x"), Optional(kHeaderBlock));
}

TEST_F(FrameGuardTest, OtherFramesMayComeInAnyNumberOfPieces) {
  Open();
  const std::string data = Frame(FrameType::kData, kEndStream, 1, 500);
  for (char byte : data) EXPECT_EQ(Receive({byte}), std::nullopt);
}

TEST_F(FrameGuardTest, LimitsSmallDataAndWindowUpdatesTogether) {
  Open();
  const int burst = static_cast<int>(FrameGuard::kSmallFramesBurst);
  const std::string data =
      Frame(FrameType::kData, 0, 1, FrameGuard::kSmallData - 1);
  EXPECT_EQ(CountUntilClosed(data, burst / 2), burst / 2);
  const std::string update = Frame(FrameType::kWindowUpdate, 0, 0, 4);
  EXPECT_EQ(CountUntilClosed(update, burst / 2), burst / 2);
  now_ += absl::Seconds(1);
  const int second = static_cast<int>(FrameGuard::kSmallFrames);
  EXPECT_EQ(CountUntilClosed(update, burst), second);
  EXPECT_THAT(Receive("x"), Optional(kSmallFrames));
}

TEST_F(FrameGuardTest, LargeDataOfAnOpenCallIsFree) {
  Open();
  const std::string data =
      Frame(FrameType::kData, 0, 1, FrameGuard::kSmallData);
  EXPECT_EQ(CountUntilClosed(data, 20000), 20000);
}

TEST_F(FrameGuardTest, PaddedDataCountsAsSmall) {
  Open();
  EXPECT_LT(CountUntilClosed(
                Frame(FrameType::kData, FrameFlag::kPadded, 1, 300), 20000),
            20000);
  EXPECT_THAT(Receive("x"), Optional(kSmallFrames));
}

TEST_F(FrameGuardTest, FlagsDoNotMoveTheNextHeader) {
  // PADDED and PRIORITY fields are part of the length.
  EXPECT_EQ(
      Receive(Frame(FrameType::kHeaders,
                    kEndHeaders | FrameFlag::kPadded | FrameFlag::kPriority, 1,
                    30) +
              Frame(FrameType::kHeaders, kEndHeaders, 3, 5)),
      std::nullopt);
  EXPECT_EQ(guard_.open_calls(), 2u);
}

TEST_F(FrameGuardTest, ACallEndsOnce) {
  Open();
  const std::string end = Frame(FrameType::kData, kEndStream, 1, 0);
  const int burst = static_cast<int>(FrameGuard::kSmallFramesBurst);
  EXPECT_EQ(CountUntilClosed(end, 2 * burst), 1 + burst);
  EXPECT_THAT(Receive("x"), Optional(kSmallFrames));
}

TEST_F(FrameGuardTest, DataOfNoCallCountsByItsSize) {
  const std::string data = Frame(FrameType::kData, 0, 77, 16384);
  EXPECT_EQ(CountUntilClosed(data, 20000),
            static_cast<int>(FrameGuard::kSmallFramesBurst) / 5);
}

TEST_F(FrameGuardTest, ResetsOfNoCallAreSmallFrames) {
  Open();
  const std::string reset = Frame(FrameType::kReset, 0, 1, 4);
  const int burst = static_cast<int>(FrameGuard::kSmallFramesBurst);
  EXPECT_EQ(CountUntilClosed(reset, 20000), 1 + burst);
  EXPECT_THAT(Receive("x"), Optional(kSmallFrames));
}

TEST_F(FrameGuardTest, LimitsControlFrames) {
  const int burst = static_cast<int>(FrameGuard::kControlFramesBurst);
  for (int type : {FrameType::kPriority, FrameType::kSettings, FrameType::kPing,
                   FrameType::kGoAway, FrameType::kPushPromise, 0x77}) {
    guard_ = FrameGuard();
    Receive(std::string(kPreface));
    EXPECT_EQ(CountUntilClosed(Frame(type, 0, 0, 0), 20000), burst) << type;
    EXPECT_THAT(Receive("x"), Optional(kControlFrames));
  }
}

TEST_F(FrameGuardTest, ControlFramesRefill) {
  const std::string ping = Frame(FrameType::kPing, 1, 0, 0);
  for (int second = 0; second < 10; ++second) {
    EXPECT_EQ(CountUntilClosed(ping, 500), 500) << second;
    now_ += absl::Seconds(1);
  }
}

TEST_F(FrameGuardTest, ControlFramesCountByTheirSize) {
  EXPECT_EQ(CountUntilClosed(Frame(0x77, 0, 0, 16384), 20000),
            static_cast<int>(FrameGuard::kControlFramesBurst) / 65);
}

TEST_F(FrameGuardTest, EachCallAllowsFramesOfItsOwn) {
  // As some clients do: an empty DATA frame, a WINDOW_UPDATE and a PING, 20,000
  // calls at once.
  for (int i = 0; i < 20000; ++i) {
    ASSERT_EQ(Open(), std::nullopt);
    ASSERT_EQ(Receive(Frame(FrameType::kData, 0, id_, 100) +
                      Frame(FrameType::kData, kEndStream, id_, 0) +
                      Frame(FrameType::kWindowUpdate, 0, 0, 4) +
                      Frame(FrameType::kPing, 0, 0, 8)),
              std::nullopt);
    Send(Frame(FrameType::kHeaders, kEndHeaders | kEndStream, id_, 9));
  }
}

TEST_F(FrameGuardTest, FindsTheSameFramesHoweverTheBytesAreSplit) {
  const std::string received =
      Frame(FrameType::kSettings, 0, 0, 6) +
      Frame(FrameType::kHeaders, 0, 1, 3) +
      Frame(FrameType::kContinuation, kEndHeaders, 1, 2) +
      Frame(FrameType::kHeaders, kEndHeaders | kEndStream, 3, 0) +
      Frame(FrameType::kData, kEndStream, 1, 0) +
      Frame(FrameType::kHeaders, kEndHeaders, 5, 1);
  const std::string all = std::string(kPreface) + received;
  const std::string sent = Frame(FrameType::kSettings, 0, 0, 0) +
                           Frame(FrameType::kHeaders, kEndHeaders, 1, 4) +
                           Frame(FrameType::kData, 0, 1, 5) +
                           Frame(FrameType::kHeaders, kEndStream, 1, 1) +
                           Frame(FrameType::kReset, 0, 3, 4);
  for (size_t cut = 0; cut <= all.size(); ++cut) {
    FrameGuard guard;
    EXPECT_EQ(guard.Received(Bytes(all).first(cut), now_), std::nullopt);
    EXPECT_EQ(guard.Received(Bytes(all).subspan(cut), now_), std::nullopt);
    EXPECT_EQ(guard.calls(), 3u) << cut;
    const size_t sent_cut = std::min(cut, sent.size());
    guard.Sent(Bytes(sent).first(sent_cut));
    guard.Sent(Bytes(sent).subspan(sent_cut));
    EXPECT_EQ(guard.open_calls(), 1u) << cut;
  }
}

}  // namespace
}  // namespace proofmint::service
