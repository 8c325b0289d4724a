// Sends the calls of one run when they are due, and records them.

#ifndef PROOFMINT_BENCH_LOAD_ENGINE_H_
#define PROOFMINT_BENCH_LOAD_ENGINE_H_

#include <grpcpp/alarm.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bench/load/arrival_schedule.h"
#include "bench/load/options.h"
#include "bench/load/recorder.h"
#include "bench/load/request_set.h"
#include "bench/load/response_reader.h"
#include "bench/load/verifier.h"
#include "signer/base/mutex.h"
#include "signer/base/thread.h"

namespace proofmint::load {

// Engine runs the load of one rate: warm-up, measured time, and then the calls
// that are still in flight.
//
// In an open loop calls are due at the times of the ArrivalSchedule. One
// thread, the pacer, sleeps until the next time and sends that call. Another,
// the poller, handles responses and sends the calls that are overdue because
// --concurrency calls were in flight; their latency, too, counts from when they
// were due. A closed loop has only the poller. A call that waits for a retry
// still counts as in flight.
//
// When the measured time is over, calls that were due in it are still sent and
// awaited for up to --timeout; those not sent by then count as kNotSent.
class Engine {
 public:
  // Start starts the load. `rate` is in proofs/s; 0 is a closed loop. The
  // arguments must outlive the engine. `channels` are those of Connect. Fails
  // as base::Thread::Start does.
  static absl::StatusOr<std::unique_ptr<Engine>> Start(
      const Options& options, double rate,
      const std::vector<std::shared_ptr<grpc::Channel>>& channels,
      Verifier& verifier);

  // Stops the load and waits for its threads.
  ~Engine();

  // Return when the measured time starts and ends, on the clock of
  // MonotonicNow. Stop moves its end.
  int64_t measured_start() const { return measured_start_; }
  int64_t measured_end() const { return measured_end_; }

  // Ends the measured time now unless it is over.
  void Stop();

  // Waits until every call is done.
  void Wait();

  // Returns the recorder of this load, which may be read at any time.
  // Thread-safe.
  Recorder& recorder() { return recorder_; }

 private:
  struct Call {
    int64_t due = 0;
    int64_t sent = 0;
    int attempts = 0;
    const PreparedRequest* request = nullptr;
    grpc::GenericStub* stub = nullptr;
    std::optional<grpc::ClientContext> context;
    std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader;
    grpc::ByteBuffer response;
    grpc::Status status;
    std::optional<grpc::Alarm> pause;  // set while the call waits for a retry
  };

  Engine(const Options& options, double rate,
         const std::vector<std::shared_ptr<grpc::Channel>>& channels,
         Verifier& verifier);

  // Starts the poller, and the pacer or the calls of a closed loop.
  absl::Status StartThreads();
  // Sends the first calls of a closed loop.
  void SendAll();

  void Pace();  // the body of the pacer

  // These run on the poller.
  void Poll();
  void OnAnswer(Call& call);
  CallResult ReadProofs(Call& call);
  bool SendAgainLater(Call& call, absl::Duration delay, int64_t now);
  void OnFree(Call& call);
  // Records the rest of the schedule as not sent.
  void GiveUpArrivals(int64_t now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // These run on both threads. TakeArrival removes the next arrival from the
  // schedule if it is due by `now`.
  std::optional<int64_t> TakeArrival(int64_t now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool ArrivalsAreOver() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return next_arrival_ >= measured_end_;
  }
  // Prepares `call` for the arrival at `due`.
  void Prepare(Call& call, int64_t due) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Send(Call& call);
  void ShutDownIfDone() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  int64_t last_moment() const { return measured_end_ + timeout_; }

  const Options& options_;
  const double rate_;
  const int64_t timeout_;  // nanoseconds
  const std::string method_;
  const int64_t start_;
  const int64_t measured_start_;
  std::atomic<int64_t> measured_end_;
  Recorder recorder_;
  Verifier& verifier_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  grpc::CompletionQueue completion_queue_;
  std::vector<Call> calls_;

  base::Mutex mutex_;
  RequestSet requests_ ABSL_GUARDED_BY(mutex_);
  size_t next_stub_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Call*> free_calls_ ABSL_GUARDED_BY(mutex_);
  base::ConditionVariable call_is_free_;
  // Empty in a closed loop.
  std::optional<ArrivalSchedule> schedule_ ABSL_GUARDED_BY(mutex_);
  int64_t next_arrival_ ABSL_GUARDED_BY(mutex_);
  // While the pacer runs, the pacer has to shut the queue down.
  bool pacing_ ABSL_GUARDED_BY(mutex_);

  // Confined to the poller.
  ResponseReader response_reader_;
  std::minstd_rand random_;

  base::Thread poller_;
  base::Thread pacer_;
};

}  // namespace proofmint::load

#endif  // PROOFMINT_BENCH_LOAD_ENGINE_H_
