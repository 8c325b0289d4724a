#include "tests/reliability/flood/attack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reliability/flood/frames.h"

namespace proofmint::flood {
namespace {

struct FrameHeader {
  size_t size;
  int type;
  int flags;
  uint32_t stream;
};

// Reads the frames of `bytes`; fails the test unless they fill it.
std::vector<FrameHeader> FramesOf(absl::string_view bytes) {
  auto number = [&](size_t at, size_t size) {
    uint32_t value = 0;
    for (size_t i = 0; i < size; ++i) {
      value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
    }
    return value;
  };
  std::vector<FrameHeader> frames;
  while (bytes.size() >= kFrameHeaderSize) {
    frames.push_back({number(0, 3), bytes[3], bytes[4], number(5, 4)});
    if (frames.back().size > bytes.size() - kFrameHeaderSize) break;
    bytes.remove_prefix(kFrameHeaderSize + frames.back().size);
  }
  EXPECT_EQ(bytes.size(), 0u);
  return frames;
}

TEST(AttackTest, EveryBlockIsWholeFramesOfTheSizeThatServersAccept) {
  for (const Attack& attack : Attacks()) {
    SCOPED_TRACE(attack.name);
    Sender sender = attack.new_sender();
    FlowWindow window;
    for (int i = 0; i < 3; ++i) {
      const Block block = sender(window);
      const std::vector<FrameHeader> frames = FramesOf(block.bytes);
      EXPECT_EQ(static_cast<int64_t>(frames.size()), block.frames);
      for (const FrameHeader& frame : frames) {
        EXPECT_LE(frame.size, kMaxPayload);
      }
    }
  }
}

TEST(AttackTest, RapidResetOpensStreamsInOrderAndResetsEach) {
  Sender sender = CallAttacks()[0].new_sender();
  FlowWindow window;
  uint32_t next = 1;
  for (int i = 0; i < 2; ++i) {
    const std::vector<FrameHeader> frames = FramesOf(sender(window).bytes);
    for (size_t j = 0; j + 1 < frames.size(); j += 2, next += 2) {
      EXPECT_EQ(frames[j].type, static_cast<int>(FrameType::kHeaders));
      EXPECT_EQ(frames[j + 1].type, static_cast<int>(FrameType::kRstStream));
      EXPECT_EQ(frames[j].stream, next);
      EXPECT_EQ(frames[j + 1].stream, next);
    }
  }
  EXPECT_EQ(next, 401u);
}

TEST(AttackTest, TheGzipBombObeysTheWindows) {
  Sender sender = MemoryAttacks()[0].new_sender();
  FlowWindow window;
  size_t sent = 0;
  auto send = [&] {
    for (const FrameHeader& frame : FramesOf(sender(window).bytes)) {
      if (frame.type == static_cast<int>(FrameType::kData)) sent += frame.size;
    }
  };
  while (sent < kInitialWindow) send();
  EXPECT_EQ(sent, kInitialWindow);
  // Neither window alone lets it go on, and a frame may come in two pieces.
  const std::string update = BigEndian(1000, 4);
  window.Received(Frame(FrameType::kWindowUpdate, 0, 0, update));
  const std::string frame = Frame(FrameType::kWindowUpdate, 0, 1, update);
  window.Received(frame.substr(0, 5));
  window.Received(frame.substr(5));
  send();
  EXPECT_EQ(sent, kInitialWindow + 1000);
  window.Close();
  EXPECT_EQ(sender(window).bytes, "");
}

TEST(FramesTest, FieldsAreThoseOfTheStandard) {
  EXPECT_EQ(Field("te", "trailers"), std::string("\0\x02te\x08trailers", 13));
  // RFC 7541, C.2.1.
  EXPECT_EQ(IndexedField("custom-key", "custom-header"),
            "\x40\x0a"
            "custom-key\x0d"
            "custom-header");
  // RFC 7541, C.1.2: a length of 1337, here with a prefix of 7 bits.
  EXPECT_EQ(FieldStart("a", 1337), std::string("\0\x01"
                                               "a\x7f\xba\x09",
                                               6));
}

}  // namespace
}  // namespace proofmint::flood
