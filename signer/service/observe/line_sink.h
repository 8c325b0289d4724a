// Writes log lines to a descriptor.

#ifndef PROOFMINT_SIGNER_SERVICE_OBSERVE_LINE_SINK_H_
#define PROOFMINT_SIGNER_SERVICE_OBSERVE_LINE_SINK_H_

#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <cstdint>
#include <mutex>

#include "absl/time/time.h"

namespace proofmint::service {

// LineSink writes lines to a descriptor and never blocks for long: a line that
// cannot be written, because a disk is full or the reader of a pipe is gone or
// does not read, is dropped and counted. Writes on the thread that logs.
//
// Thread-safe.
class LineSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  // `fd` is borrowed and must outlive the sink. `patience` is how long a write
  // waits for a reader that does not read; once that time has passed, writes do
  // not wait again until the reader reads. All sinks with zero patience write
  // in turn, so that several can share a pipe.
  LineSink(int fd, absl::Duration patience) : fd_(fd), patience_(patience) {}

  // Returns how many lines were dropped.
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

  // Counts a line that the caller drops instead of writing it.
  void CountDropped() { dropped_.fetch_add(1, std::memory_order_relaxed); }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  // Waits for at most patience_. Returns whether the descriptor takes bytes.
  bool WaitUntilWritable();

  // Writes `text`. Returns false if only a part of it, or nothing, was taken.
  bool Write(const char* text, size_t size);

  const int fd_;
  const absl::Duration patience_;
  bool stuck_ = false;      // the last wait timed out
  bool cut_short_ = false;  // the last line was not written to its end
  std::atomic<uint64_t> dropped_ = 0;
};

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_OBSERVE_LINE_SINK_H_
