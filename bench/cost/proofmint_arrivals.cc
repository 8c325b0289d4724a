// proofmint-arrivals tells a broker in another language when its calls are due.

#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdint>

#include "bench/load/arrival_schedule.h"
#include "bench/load/clock.h"

namespace proofmint::cost {
namespace {

constexpr char kDescription[] =
    "proofmint-arrivals writes to standard output when each call of an open\n"
    "loop (Poisson) is due, and does so at that time, as the requests of "
    "users\n"
    "reach a broker: nanoseconds of CLOCK_MONOTONIC, each in 8 bytes, a "
    "double\n"
    "of this machine. The broker's own timers would be too coarse. It ends\n"
    "after the given time, or when standard output is closed.";

// Returns the exit code.
int WriteArrivals(double rate, double seconds, uint64_t seed) {
  // By default the kernel may extend a sleep by 50 us.
  prctl(PR_SET_TIMERSLACK, 1);
  const int64_t start = load::MonotonicNow();
  const int64_t end =
      start + static_cast<int64_t>(seconds * load::kNanosecondsPerSecond);
  load::ArrivalSchedule schedule(start, rate, seed);
  for (int64_t due = schedule.Next(); due < end; due = schedule.Next()) {
    load::SleepUntil(due);
    const auto value = static_cast<double>(due);
    if (write(STDOUT_FILENO, &value, sizeof(value)) != sizeof(value)) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace proofmint::cost

int main(int argc, char** argv) {
  double rate = 0;
  double seconds = 0;
  uint64_t seed = 1;
  CLI::App app(proofmint::cost::kDescription);
  app.add_option("--rate", rate, "Calls per second")
      ->check(CLI::Range(1.0, 1e6))
      ->required();
  app.add_option("--seconds", seconds, "How long")
      ->check(CLI::Range(0.0, 120.0))
      ->required();
  app.add_option("--seed", seed, "The same seed repeats the arrivals")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return proofmint::cost::WriteArrivals(rate, seconds, seed);
}
