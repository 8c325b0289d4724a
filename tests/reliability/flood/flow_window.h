// Keeps account of how much DATA a server lets this client send (RFC 9113
// section 5.2), for an attack that has to obey.

#ifndef PROOFMINT_TESTS_RELIABILITY_FLOOD_FLOW_WINDOW_H_
#define PROOFMINT_TESTS_RELIABILITY_FLOOD_FLOW_WINDOW_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "signer/base/mutex.h"
#include "tests/reliability/flood/frames.h"

namespace proofmint::flood {

// FlowWindow belongs to one connection. Its reader hands in what the server
// sends, its writer takes the bytes of one stream at a time.
//
// Thread-safe.
class FlowWindow {
 public:
  // Reads the frames in `bytes`, which may begin and end within one.
  void Received(absl::string_view bytes);

  // Begins the stream `stream` with the initial window of streams.
  void Begin(uint32_t stream);

  // Waits until the windows of the stream and of the connection are not empty;
  // returns how many bytes of at most `wanted` may be sent, and takes them.
  // Returns 0 once the server has ended the stream, or the connection is
  // closed.
  size_t Take(size_t wanted);

  // Wakes the writer for good.
  void Close();
  bool closed();

 private:
  // Reads one frame, with its header.
  void Read(absl::string_view frame) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  base::Mutex mutex_;
  base::ConditionVariable changed_;
  std::string unread_ ABSL_GUARDED_BY(mutex_);  // the start of a frame
  uint32_t stream_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t initial_window_ ABSL_GUARDED_BY(mutex_) = kInitialWindow;
  int64_t stream_window_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t connection_window_ ABSL_GUARDED_BY(mutex_) = kInitialWindow;
  bool stream_ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace proofmint::flood

#endif  // PROOFMINT_TESTS_RELIABILITY_FLOOD_FLOW_WINDOW_H_
