// Where log lines go.

#ifndef PROOFMINT_SIGNER_SERVICE_OBSERVE_LINE_SINK_H_
#define PROOFMINT_SIGNER_SERVICE_OBSERVE_LINE_SINK_H_

#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <cstdint>
#include <mutex>

#include "absl/time/time.h"

namespace proofmint::service {

// LineSink writes lines to a descriptor. It never waits for long: a line that
// cannot be written, because a disk is full, or the reader of a pipe has gone
// or does not read, is counted and forgotten. Thread-safe.
class LineSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  // `fd` stays the caller's and must outlive the sink. `patience` is how long a
  // reader is waited for that does not read; once it has run out, a reader is
  // not waited for until it reads again. Sinks without any take turns, so that
  // several may write to one pipe.
  LineSink(int fd, absl::Duration patience) : fd_(fd), patience_(patience) {}

  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

  // Counts a line that somebody else has dropped.
  void CountDropped() { dropped_.fetch_add(1, std::memory_order_relaxed); }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  // Whether the descriptor takes bytes, now or soon.
  bool WaitUntilWritable();

  // Writes all of `text`, or as much as is taken.
  bool Write(const char* text, size_t size);

  const int fd_;
  const absl::Duration patience_;
  bool stuck_ = false;      // patience has run out
  bool cut_short_ = false;  // the last line has no end
  std::atomic<uint64_t> dropped_ = 0;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_OBSERVE_LINE_SINK_H_
