#include "signer/service/net/frame_guard.h"

#include <algorithm>
#include <cstring>

namespace proofmint::service {
namespace {

// Frame types and flags (RFC 9113 section 6).
enum : uint8_t {
  kData = 0,
  kHeaders = 1,
  kResetStream = 3,
  kWindowUpdate = 8,
  kContinuation = 9,
};
enum : uint8_t {
  kEndStream = 0x1,
  kEndHeaders = 0x4,
  kPadded = 0x8,
  kPriority = 0x20,
};

constexpr uint32_t kPrioritySize = 5;  // bytes, in HEADERS with kPriority

// The limit of SETTINGS_MAX_FRAME_SIZE at first (RFC 9113 section 6.5.2).
constexpr uint32_t kMaxFrameSize = 16384;

// A frame counts as one and one more for each so many bytes: control frames,
// and frames of calls that are not open. Flow control does not bound them.
constexpr double kControlUnit = 256;
constexpr double kStrayHeaderUnit = 256;
constexpr double kStrayDataUnit = 4096;

double Weight(uint32_t length, double unit) { return 1 + length / unit; }

// Adds `frames` to `bucket`, and returns whether its level stays within
// `burst`.
bool Charge(base::LeakyBucket& bucket, double frames, double burst,
            absl::Duration now) {
  bucket.Add(frames, now);
  return bucket.Level(now) <= burst;
}

}  // namespace

bool FrameGuard::FrameReader::Next(std::span<const uint8_t>& bytes,
                                   FrameHeader& header) {
  const size_t skipped = std::min<size_t>(skip_, bytes.size());
  skip_ -= static_cast<uint32_t>(skipped);
  bytes = bytes.subspan(skipped);
  const size_t taken = std::min(header_.size() - header_size_, bytes.size());
  if (taken == 0) return false;
  std::memcpy(header_.data() + header_size_, bytes.data(), taken);
  header_size_ += taken;
  bytes = bytes.subspan(taken);
  if (header_size_ < header_.size()) return false;
  header_size_ = 0;
  const std::array<uint8_t, 9>& h = header_;
  header.length = static_cast<uint32_t>(h[0] << 16 | h[1] << 8 | h[2]);
  header.type = h[3];
  header.flags = h[4];
  // The first bit is reserved.
  header.id = static_cast<uint32_t>((h[5] & 0x7f) << 24 | h[6] << 16 |
                                    h[7] << 8 | h[8]);
  skip_ = header.length;
  return true;
}

std::optional<ConnectionClosure> FrameGuard::Received(
    std::span<const uint8_t> bytes, absl::Duration now) {
  if (closure_.has_value() || bytes.empty()) return closure_;
  if ((!block_ended_ || (in_block_ && received_.in_payload())) &&
      ++header_pieces_ > kMaxHeaderPieces) {
    closure_ = ConnectionClosure::kHeaderBlock;
  }
  FrameHeader frame;
  while (!closure_.has_value()) {
    if (in_block_) ReadHeaderBlock(received_.PayloadOf(bytes));
    if (fields_.count() > kMaxHeaderFields) {
      closure_ = ConnectionClosure::kHeaderBlock;
      break;
    }
    if (!received_.Next(bytes, frame)) break;
    oversized_ = frame.type != kData && frame.length > kMaxFrameSize;
    in_block_ = frame.type == kHeaders || frame.type == kContinuation;
    closure_ = Judge(frame, now);
  }
  return closure_;
}

std::optional<ConnectionClosure> FrameGuard::Judge(const FrameHeader& frame,
                                                   absl::Duration now) {
  switch (frame.type) {
    case kData:
      return JudgeData(frame, now);
    case kHeaders:
      return JudgeHeaders(frame, now);
    case kContinuation:
      return JudgeContinuation(frame);
    case kResetStream:
      return JudgeReset(frame, now);
    case kWindowUpdate:
      return ChargeSmall(1, now);
    default:
      if (Charge(control_, Weight(frame.length, kControlUnit),
                 kControlFramesBurst, now)) {
        return {};
      }
      return ConnectionClosure::kControlFrames;
  }
}

std::optional<ConnectionClosure> FrameGuard::JudgeHeaders(
    const FrameHeader& frame, absl::Duration now) {
  block_ended_ = (frame.flags & kEndHeaders) != 0;
  block_size_ = frame.length;
  continuations_ = 0;
  header_pieces_ = 0;
  fields_.Begin();
  padding_size_next_ = (frame.flags & kPadded) != 0;
  priority_left_ = (frame.flags & kPriority) != 0 ? kPrioritySize : 0;
  const uint32_t before = priority_left_ + (padding_size_next_ ? 1 : 0);
  fragment_left_ = frame.length - std::min(before, frame.length);
  if (block_size_ > kMaxHeaderBlock) return ConnectionClosure::kHeaderBlock;
  // Only an odd id above all others opens a call (RFC 9113 section 5.1.1). gRPC
  // decodes the headers all the same.
  if (frame.id % 2 == 0 || frame.id <= last_id_) {
    return ChargeSmall(Weight(frame.length, kStrayHeaderUnit), now);
  }
  last_id_ = frame.id;
  ++opened_;
  small_.Add(-kFramesPerCall, now);
  control_.Add(-kFramesPerCall, now);
  if (calls_.size() >= kMaxOpenCalls) {
    std::erase_if(calls_, [now](const Call& call) {
      return call.reset && now >= call.opened + kHoldReset;
    });
    if (calls_.size() >= kMaxOpenCalls) return ConnectionClosure::kOpenCalls;
  }
  calls_.push_back({.id = frame.id,
                    .opened = now,
                    .half_closed = (frame.flags & kEndStream) != 0});
  return {};
}

std::optional<ConnectionClosure> FrameGuard::JudgeContinuation(
    const FrameHeader& frame) {
  block_ended_ = (frame.flags & kEndHeaders) != 0;
  block_size_ += frame.length;
  fragment_left_ = frame.length;
  if (frame.length == 0 || ++continuations_ > kMaxContinuations ||
      block_size_ > kMaxHeaderBlock) {
    return ConnectionClosure::kHeaderBlock;
  }
  return {};
}

std::optional<ConnectionClosure> FrameGuard::JudgeData(const FrameHeader& frame,
                                                       absl::Duration now) {
  const auto call = FindCall(frame.id);
  if (call == calls_.end() || call->half_closed || call->reset) {
    return ChargeSmall(Weight(frame.length, kStrayDataUnit), now);
  }
  if ((frame.flags & kEndStream) != 0) {
    call->half_closed = true;
    return {};
  }
  // Padding may be all that a frame holds; gRPC clients send none.
  if (frame.length >= kSmallData && (frame.flags & kPadded) == 0) return {};
  return ChargeSmall(1, now);
}

std::optional<ConnectionClosure> FrameGuard::JudgeReset(
    const FrameHeader& frame, absl::Duration now) {
  const auto call = FindCall(frame.id);
  // gRPC's client resets calls that it has not opened yet, and may reset one
  // that the server has ended at the same moment.
  if (call == calls_.end() || call->reset) return ChargeSmall(1, now);
  if (now >= call->opened + kHoldReset) {
    calls_.erase(call);
  } else {
    call->reset = true;
  }
  return {};
}

std::optional<ConnectionClosure> FrameGuard::ChargeSmall(double frames,
                                                         absl::Duration now) {
  if (Charge(small_, frames, kSmallFramesBurst, now)) return {};
  return ConnectionClosure::kSmallFrames;
}

void FrameGuard::ReadHeaderBlock(std::span<const uint8_t> payload) {
  if (padding_size_next_ && !payload.empty()) {
    padding_size_next_ = false;
    fragment_left_ -= std::min<uint32_t>(fragment_left_, payload.front());
    payload = payload.subspan(1);
  }
  const size_t priority = std::min<size_t>(priority_left_, payload.size());
  priority_left_ -= static_cast<uint32_t>(priority);
  payload = payload.subspan(priority);
  const size_t fragment = std::min<size_t>(fragment_left_, payload.size());
  fragment_left_ -= static_cast<uint32_t>(fragment);
  fields_.Add(payload.first(fragment));
}

void FrameGuard::Sent(std::span<const uint8_t> bytes) {
  FrameHeader frame;
  while (sent_.Next(bytes, frame)) {
    const bool ends = frame.type == kResetStream ||
                      ((frame.type == kHeaders || frame.type == kData) &&
                       (frame.flags & kEndStream) != 0);
    if (!ends) continue;
    const auto call = FindCall(frame.id);
    if (call != calls_.end() && !call->reset) calls_.erase(call);
  }
}

std::vector<FrameGuard::Call>::iterator FrameGuard::FindCall(uint32_t id) {
  const auto call = std::lower_bound(
      calls_.begin(), calls_.end(), id,
      [](const Call& each, uint32_t wanted) { return each.id < wanted; });
  return call != calls_.end() && call->id == id ? call : calls_.end();
}

}  // namespace proofmint::service
