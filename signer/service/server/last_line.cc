#include "signer/service/server/last_line.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <exception>
#include <new>

#include "signer/service/observe/log.h"

namespace proofmint::service {
namespace {

constexpr int kExitStatus = 1;

// Writes the line without memory of the heap, which there may be none of, and
// without the log's locks, which this thread may hold.
[[noreturn]] void EndBecause(const char* error) {
  timespec now = {};
  tm utc = {};
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &utc);
  char time[32];
  strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%S", &utc);
  char line[256];
  const int size = std::snprintf(
      line, sizeof(line),
      R"({"time":"%s.%03dZ","level":"error","message":"failed","error":"%s"})"
      "\n",
      time, static_cast<int>(now.tv_nsec / 1'000'000), error);
  [[maybe_unused]] const ssize_t written =
      write(STDERR_FILENO, line, static_cast<size_t>(size));
  _exit(kExitStatus);
}

[[noreturn]] void OnNoMemory() {
  EndBecause("out of memory; RLIMIT_AS or the memory limit is too low");
}

[[noreturn]] void OnTerminate() {
  try {
    if (std::current_exception() != nullptr) {
      std::rethrow_exception(std::current_exception());
    }
  } catch (const std::exception& exception) {
    LogError("failed", {{"error", exception.what()}});
    _exit(kExitStatus);
  } catch (...) {  // It has no text.
  }
  EndBecause("std::terminate");
}

void OnAbort(int) { EndBecause("a library called abort()"); }

}  // namespace

void LogLastLine() {
  std::set_new_handler(OnNoMemory);
  std::set_terminate(OnTerminate);
  signal(SIGABRT, OnAbort);
}

}  // namespace proofmint::service
