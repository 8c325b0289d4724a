// CannedHttpServer answers HTTP requests with bytes that a test chooses.

#ifndef PROOFMINT_TESTS_TOOLS_DOCTOR_CANNED_HTTP_SERVER_H_
#define PROOFMINT_TESTS_TOOLS_DOCTOR_CANNED_HTTP_SERVER_H_

#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "signer/base/mutex.h"
#include "signer/base/unique_fd.h"

namespace proofmint::testing {

// CannedHttpServer has a thread that takes one connection after the other,
// reads a request, answers and closes. Thread-safe.
class CannedHttpServer {
 public:
  // `answer` is a whole response, from the status line on; if it is empty, the
  // connection is closed without one.
  explicit CannedHttpServer(std::string answer);
  ~CannedHttpServer();

  // Returns http://127.0.0.1:PORT.
  std::string url() const;
  // Sets the answer to each request from now on.
  void SetAnswer(std::string answer);
  // Refuses connections from now on.
  void Stop();
  // Returns each request so far, from the first line to the end of the body.
  std::vector<std::string> requests() const;

 private:
  void Serve();

  mutable base::Mutex mutex_;
  std::string answer_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> requests_ ABSL_GUARDED_BY(mutex_);
  base::UniqueFd listener_;
  std::thread thread_;
};

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_TOOLS_DOCTOR_CANNED_HTTP_SERVER_H_
