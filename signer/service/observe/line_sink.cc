#include "signer/service/observe/line_sink.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

namespace proofmint::service {

bool LineSink::WaitUntilWritable() {
  const int limit =
      stuck_ ? 0 : static_cast<int>(absl::ToInt64Milliseconds(patience_));
  pollfd ready = {fd_, POLLOUT, 0};
  int count;
  do {
    count = poll(&ready, 1, limit);
  } while (count < 0 && errno == EINTR);
  stuck_ = count <= 0;
  return !stuck_;
}

// A writable pipe takes PIPE_BUF bytes without blocking.
bool LineSink::Write(const char* text, size_t size) {
  for (size_t done = 0; done < size;) {
    if (!WaitUntilWritable()) return false;
    const ssize_t written =
        write(fd_, text + done, std::min<size_t>(size - done, PIPE_BUF));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    done += static_cast<size_t>(written);
    cut_short_ = done < size;
  }
  return true;
}

void LineSink::sink_it_(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t line;
  base_sink::formatter_->format(message, line);
  // A sink with patience may block, and would make the others wait as well.
  static std::mutex* const turns = new std::mutex;
  std::unique_lock<std::mutex> turn(*turns, std::defer_lock);
  if (patience_ == absl::ZeroDuration()) turn.lock();
  if ((cut_short_ && !Write("\n", 1)) || !Write(line.data(), line.size())) {
    CountDropped();
  }
}

}  // namespace proofmint::service
