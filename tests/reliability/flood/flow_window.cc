#include "tests/reliability/flood/flow_window.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace proofmint::flood {
namespace {

uint32_t Number(absl::string_view bytes) {
  uint32_t value = 0;
  for (char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

}  // namespace

void FlowWindow::Received(absl::string_view bytes) {
  base::MutexLock lock(mutex_);
  absl::StrAppend(&unread_, bytes);
  absl::string_view left = unread_;
  while (left.size() >= kFrameHeaderSize) {
    const size_t size = kFrameHeaderSize + Number(left.substr(0, 3));
    if (left.size() < size) break;
    Read(left.substr(0, size));
    left.remove_prefix(size);
  }
  unread_ = std::string(left);
  changed_.NotifyAll();
}

void FlowWindow::Read(absl::string_view frame) {
  const auto type = static_cast<FrameType>(frame[3]);
  const uint32_t stream = Number(frame.substr(5, 4));
  absl::string_view payload = frame.substr(kFrameHeaderSize);
  if (type == FrameType::kWindowUpdate && payload.size() == 4) {
    if (stream == 0) connection_window_ += Number(payload);
    if (stream == stream_) stream_window_ += Number(payload);
  } else if (stream == stream_ &&
             (type == FrameType::kRstStream ||
              (type == FrameType::kHeaders && (frame[4] & kEndStream) != 0))) {
    stream_ended_ = true;
  } else if (type == FrameType::kSettings) {
    for (; payload.size() >= 6; payload.remove_prefix(6)) {
      constexpr uint32_t kInitialWindowSize = 4;
      if (Number(payload.substr(0, 2)) != kInitialWindowSize) continue;
      const int64_t window = Number(payload.substr(2, 4));
      stream_window_ += window - initial_window_;
      initial_window_ = window;
    }
  }
}

void FlowWindow::Begin(uint32_t stream) {
  base::MutexLock lock(mutex_);
  stream_ = stream;
  stream_window_ = initial_window_;
  stream_ended_ = false;
}

size_t FlowWindow::Take(size_t wanted) {
  base::MutexLock lock(mutex_);
  while (!closed_ && !stream_ended_ &&
         std::min(stream_window_, connection_window_) <= 0) {
    changed_.Wait(mutex_);
  }
  if (closed_ || stream_ended_) return 0;
  const int64_t taken = std::min(
      {static_cast<int64_t>(wanted), stream_window_, connection_window_});
  stream_window_ -= taken;
  connection_window_ -= taken;
  return static_cast<size_t>(taken);
}

bool FlowWindow::closed() {
  base::MutexLock lock(mutex_);
  return closed_;
}

void FlowWindow::Close() {
  base::MutexLock lock(mutex_);
  closed_ = true;
  changed_.NotifyAll();
}

}  // namespace proofmint::flood
