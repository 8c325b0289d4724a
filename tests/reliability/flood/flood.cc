#include "tests/reliability/flood/flood.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "tests/reliability/flood/frames.h"

namespace proofmint::flood {
namespace {

// How long a connection that has nothing more to send waits for the server's
// first bytes.
constexpr absl::Duration kPatience = absl::Seconds(1);
constexpr char kNotLetIn[] = "closed before the server's first byte";

// Run is a flood while it lasts. Its connections share it.
class Run {
 public:
  Run(const Attack& attack, const Destination& destination,
      const FloodOptions& options)
      : attack_(attack),
        destination_(destination),
        options_(options),
        end_(absl::Now() + options.duration) {}

  // Opens one connection after the other.
  void Attack();

  FloodCounts TakeCounts() {
    base::MutexLock lock(mutex_);
    return std::move(counts_);
  }

 private:
  bool stopping() const { return absl::Now() >= end_; }
  void SleepUntil(absl::Time time) const {
    absl::SleepFor(std::min(time, end_) - absl::Now());
  }
  // Sends until the attack has nothing more to send, the server closes the
  // connection, or the run ends. Counts what was sent; returns whether the
  // connection is open.
  bool Write(Connection& connection, FlowWindow& window);
  // Attacks on one connection.
  void Use(Connection& connection);
  void CountRefusal(const std::string& reason);

  const flood::Attack& attack_;
  const Destination& destination_;
  const FloodOptions& options_;
  const absl::Time end_;
  base::Mutex mutex_;
  FloodCounts counts_ ABSL_GUARDED_BY(mutex_);
};

void Run::CountRefusal(const std::string& reason) {
  base::MutexLock lock(mutex_);
  if (++counts_.refused == 1) counts_.first_refusal = reason;
}

bool Run::Write(Connection& connection, FlowWindow& window) {
  Sender sender = attack_.new_sender();
  const absl::Duration interval =
      options_.rate > 0 ? absl::Seconds(options_.connections / options_.rate)
                        : absl::ZeroDuration();
  Block block;
  block.bytes = std::string(kPreface);
  block.Add(Settings(attack_.stream_window));
  if (options_.acknowledge) block.Add(Frame(FrameType::kSettings, kAck, 0, ""));
  int64_t frames = 0;
  int64_t bytes = 0;
  bool open = true;
  for (absl::Time due = absl::Now(); !block.bytes.empty() && !stopping();
       block = sender(window)) {
    open = connection.Send(block.bytes);
    if (!open) break;
    frames += block.frames;
    bytes += static_cast<int64_t>(block.bytes.size());
    SleepUntil(due += interval);
  }
  base::MutexLock lock(mutex_);
  counts_.frames += frames;
  counts_.bytes += bytes;
  return open;
}

void Run::Use(Connection& connection) {
  FlowWindow window;
  std::atomic<bool> let_in = false;
  std::atomic<bool> closed = false;
  std::thread reader([&] {
    for (std::string bytes = connection.Receive(); !bytes.empty();
         bytes = connection.Receive()) {
      let_in = true;
      if (!attack_.reads) return;
      window.Received(bytes);
    }
    closed = true;
    // The server has ended its half of the connection; over TCP the other half
    // may stay open, and the writer would wait.
    connection.Close();
    window.Close();
  });
  const bool open = Write(connection, window);
  const absl::Time patience = std::min(end_, absl::Now() + kPatience);
  while (!let_in && !closed && absl::Now() < patience) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  const bool by_server = (closed || !open) && !stopping();
  connection.Close();
  reader.join();
  if (!let_in) {
    if (by_server) CountRefusal(kNotLetIn);
    return;
  }
  base::MutexLock lock(mutex_);
  ++counts_.made;
  counts_.closed += by_server;
}

void Run::Attack() {
  while (!stopping()) {
    auto connection =
        Connection::Open(destination_, [this] { return stopping(); });
    if (connection.ok()) {
      Use(**connection);
    } else if (!stopping()) {
      CountRefusal(std::string(connection.status().message()));
    }
    SleepUntil(absl::Now() + options_.reconnect);
  }
}

}  // namespace

FloodCounts RunFlood(const Attack& attack, const Destination& destination,
                     const FloodOptions& options) {
  Run run(attack, destination, options);
  std::vector<std::thread> threads;
  for (int i = 0; i < options.connections; ++i) {
    threads.emplace_back([&run] { run.Attack(); });
  }
  for (std::thread& thread : threads) thread.join();
  return run.TakeCounts();
}

}  // namespace proofmint::flood
