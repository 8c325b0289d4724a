// libFuzzer target: takes the input as what client and server send in turns,
// and compares what FrameGuard counts with a model that keeps all bytes and
// reads them anew from their beginning.
//
// An input is a sequence of pieces: a byte whose lowest bit is set for a piece
// of the server's and whose other bits are milliseconds that pass before it, a
// byte that is its size, and so many bytes.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/service/net/frame_guard.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/testing/http2_frames.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::Bytes;
using ::proofmint::testing::FrameFlag;
using ::proofmint::testing::FrameType;
using ::proofmint::testing::kPreface;

// Calls `visit` with type, flags and id of each frame whose header is in
// `stream`.
template <typename Visit>
void ForEachFrame(absl::string_view stream, Visit visit) {
  const auto byte = [&](size_t i) {
    return static_cast<uint32_t>(static_cast<uint8_t>(stream[i]));
  };
  for (size_t at = 0; at + 9 <= stream.size();) {
    visit(byte(at + 3), byte(at + 4),
          (byte(at + 5) << 24 | byte(at + 6) << 16 | byte(at + 7) << 8 |
           byte(at + 8)) &
              0x7fffffff);
    at += 9 + (byte(at) << 16 | byte(at + 1) << 8 | byte(at + 2));
  }
}

// Model says what FrameGuard may count.
class Model {
 public:
  void Receive(absl::string_view bytes) { absl::StrAppend(&received_, bytes); }
  void Send(absl::string_view bytes) { absl::StrAppend(&sent_, bytes); }

  void Check(const FrameGuard& guard) const {
    uint32_t last = 0;
    std::set<uint32_t> opened;
    std::set<uint32_t> open;
    ForEachFrame(received_, [&](uint32_t type, uint32_t, uint32_t id) {
      if (type == FrameType::kHeaders && id % 2 == 1 && id > last) {
        last = id;
        opened.insert(id);
        open.insert(id);
      }
      if (type == FrameType::kReset) open.erase(id);
    });
    ForEachFrame(sent_, [&](uint32_t type, uint32_t flags, uint32_t id) {
      if (type == FrameType::kReset ||
          ((type == FrameType::kHeaders || type == FrameType::kData) &&
           (flags & FrameFlag::kEndStream) != 0)) {
        open.erase(id);
      }
    });
    FUZZ_CHECK(guard.calls() == opened.size());
    // The server may have sent the end of a call that was opened later, which
    // the guard ignores, and calls that are reset count for a while.
    FUZZ_CHECK(guard.open_calls() >= open.size());
    FUZZ_CHECK(guard.open_calls() <= opened.size());
    FUZZ_CHECK(guard.open_calls() <= FrameGuard::kMaxOpenCalls);
  }

 private:
  std::string received_;
  std::string sent_;
};

void Run(absl::string_view input) {
  FrameGuard guard;
  // Sees the same bytes, each piece in two.
  FrameGuard halves;
  Model model;
  absl::Duration now = absl::Hours(1);
  FUZZ_CHECK(!guard.Received(Bytes(kPreface), now).has_value());
  FUZZ_CHECK(!halves.Received(Bytes(kPreface), now).has_value());
  while (input.size() >= 2) {
    const auto control = static_cast<uint8_t>(input[0]);
    const auto size = static_cast<uint8_t>(input[1]);
    const absl::string_view piece = input.substr(2, size);
    input.remove_prefix(2 + piece.size());
    now += absl::Milliseconds(control >> 1);
    const size_t half = piece.size() / 2;
    if (control % 2 == 1) {
      guard.Sent(Bytes(piece));
      halves.Sent(Bytes(piece.substr(0, half)));
      halves.Sent(Bytes(piece.substr(half)));
      model.Send(piece);
    } else {
      const auto closure = guard.Received(Bytes(piece), now);
      halves.Received(Bytes(piece.substr(0, half)), now);
      const auto same = halves.Received(Bytes(piece.substr(half)), now);
      FUZZ_CHECK(guard.Received({}, now) == closure);
      if (closure.has_value()) {
        // More pieces can close a connection earlier.
        FUZZ_CHECK(same == closure || same == ConnectionClosure::kHeaderBlock);
        return;
      }
      if (same.has_value()) return;
      model.Receive(piece);
    }
    model.Check(guard);
    FUZZ_CHECK(halves.calls() == guard.calls());
    FUZZ_CHECK(halves.open_calls() == guard.open_calls());
  }
}

}  // namespace
}  // namespace proofmint::service

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  proofmint::service::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
