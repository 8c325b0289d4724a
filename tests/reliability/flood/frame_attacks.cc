#include "absl/strings/str_cat.h"
#include "tests/reliability/flood/attack.h"
#include "tests/reliability/flood/frames.h"

namespace proofmint::flood {
namespace {

constexpr int kSmallFramesPerBlock = 1000;

// Returns a sender of DATA frames with `payload`, for a message that never
// ends. A message ends when the window of its stream is used up.
Sender SmallData(absl::string_view payload) {
  constexpr size_t kMessageSize = 500'000;
  return [calls = CallHeaders(kSignProof), payload = std::string(payload),
          left = int64_t{0}](FlowWindow&) mutable {
    Block block;
    if (left <= 0) {
      block.Add(calls.Next());
      block.Add(Frame(FrameType::kData, 0, calls.stream(),
                      absl::StrCat(absl::string_view("\0", 1),
                                   BigEndian(kMessageSize, 4))));
      left = kInitialWindow - 1000;
    }
    const std::string frame =
        Frame(FrameType::kData, 0, calls.stream(), payload);
    for (int i = 0; i < kSmallFramesPerBlock; ++i) block.Add(frame);
    left -= kSmallFramesPerBlock * static_cast<int64_t>(payload.size());
    return block;
  };
}

Attack FrameAttack(std::string name, std::string description, std::string frame,
                   int count = kSmallFramesPerBlock) {
  return {std::move(name), std::move(description),
          [frame = std::move(frame), count] { return Repeat(frame, count); },
          kInitialWindow};
}

}  // namespace

std::vector<Attack> FrameAttacks() {
  constexpr uint32_t kWindowIncrement = 1;
  return {
      {"data_bytes", "a message in DATA frames of one byte",
       [] { return SmallData("d"); }, kInitialWindow},
      {"empty_data", "empty DATA frames", [] { return SmallData(""); },
       kInitialWindow},
      FrameAttack("window_update", "WINDOW_UPDATE frames",
                  Frame(FrameType::kWindowUpdate, 0, 0,
                        BigEndian(kWindowIncrement, 4))),
      FrameAttack("ping", "PING frames, each of which asks for an answer",
                  Frame(FrameType::kPing, 0, 0, std::string(8, '\0'))),
      FrameAttack("ping_ack", "answers to PING frames that were not sent",
                  Frame(FrameType::kPing, kAck, 0, std::string(8, '\0'))),
      FrameAttack("settings", "SETTINGS frames", Settings()),
      FrameAttack("priority", "PRIORITY frames",
                  Frame(FrameType::kPriority, 0, 1,
                        absl::StrCat(BigEndian(0, 4), "\x10"))),
      FrameAttack(
          "unknown", "frames of 16 KiB and of an unknown type",
          Frame(FrameType::kUnknown, 0, 0, std::string(kMaxPayload, 'u')),
          /*count=*/16),
  };
}

}  // namespace proofmint::flood
