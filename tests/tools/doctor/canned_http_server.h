// CannedHttpServer answers every HTTP request with the same bytes.

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
// reads a request up to the end of its headers, answers and closes.
// Thread-safe.
class CannedHttpServer {
 public:
  // `answer` is a whole response, from the status line on.
  explicit CannedHttpServer(std::string answer);
  ~CannedHttpServer();

  // Returns http://127.0.0.1:PORT.
  std::string url() const;
  // Returns the first line and the headers of each request so far.
  std::vector<std::string> requests() const;

 private:
  void Serve();

  const std::string answer_;
  base::UniqueFd listener_;
  mutable base::Mutex mutex_;
  std::vector<std::string> requests_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace proofmint::testing

#endif  // PROOFMINT_TESTS_TOOLS_DOCTOR_CANNED_HTTP_SERVER_H_
