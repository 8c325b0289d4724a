// The sides that take their keys from a warm pool.

#ifdef __x86_64__
#include <x86intrin.h>
#endif

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "bench/micro/sides.h"
#include "proofmint/v1/proof_signer.pb.h"
#include "signer/base/status_macros.h"
#include "signer/dpop/proof_key.h"
#include "signer/keys/key_handles.h"
#include "signer/keys/key_pool.h"
#include "signer/service/mint/proof_minter.h"

namespace proofmint::bench {
namespace {

using Clock = std::chrono::steady_clock;

// WarmMinter holds a minter and what it refers to.
struct WarmMinter {
  std::unique_ptr<keys::KeyPool> pool;
  std::unique_ptr<keys::KeyHandles> handles;
  service::ProofMinter minter;
};

// The request of every call, as it comes over the wire.
std::string NewRequest(dpop::Algorithm algorithm) {
  v1::SignProofRequest request;
  request.set_algorithm(algorithm == dpop::Algorithm::kEs256
                            ? v1::ALGORITHM_ES256
                            : v1::ALGORITHM_ED25519);
  request.set_htm(std::string(kHtm));
  request.set_htu(std::string(kHtu));
  request.set_nonce(std::string(kNonce));
  return request.SerializeAsString();
}

// Answers a request for each of `responses`, and returns how many seconds that
// took.
absl::StatusOr<double> TimeCalls(service::ProofMinter& minter,
                                 const std::string& request_bytes,
                                 std::span<std::string> responses) {
  ThreadTimer timer;
  for (std::string& bytes : responses) {
    v1::SignProofRequest request;
    request.ParseFromString(request_bytes);
    v1::SignProofResponse response;
    PROOFMINT_RETURN_IF_ERROR(minter.Mint(request, response));
    response.SerializeToString(&bytes);
  }
  return timer.Seconds();
}

// Returns the processor's time stamp, after all that stands before it has been
// done and before anything that stands behind it begins; where there is none,
// the ticks of the steady clock, which is dearer: a take is some 60 ns.
uint64_t ReadCycles() {
#ifdef __x86_64__
  _mm_lfence();
  uint64_t cycles = __rdtsc();
  _mm_lfence();
  return cycles;
#else
  return static_cast<uint64_t>(Clock::now().time_since_epoch().count());
#endif
}

// Takes `keys` one by one and returns how many nanoseconds each took; the last
// figure is that of nothing, between two readings of the clock.
absl::StatusOr<std::vector<double>> TimeTakes(dpop::Algorithm algorithm,
                                              keys::KeyPool& pool,
                                              std::span<dpop::ProofKey> keys) {
  std::vector<double> times(keys.size() + 1);
  const Clock::time_point start = Clock::now();
  const uint64_t start_cycles = ReadCycles();
  for (size_t i = 0; i < keys.size(); ++i) {
    uint64_t before = ReadCycles();
    absl::Status taken = pool.Take(algorithm, keys.subspan(i, 1));
    uint64_t after = ReadCycles();
    PROOFMINT_RETURN_IF_ERROR(taken);
    times[i] = static_cast<double>(after - before);
  }
  uint64_t before = ReadCycles();
  times.back() = static_cast<double>(ReadCycles() - before);
  const double cycles = static_cast<double>(ReadCycles() - start_cycles);
  const std::chrono::duration<double, std::nano> all = Clock::now() - start;
  for (double& time : times) time *= all.count() / cycles;
  return times;
}

absl::Status ExpectNoneMissed(const keys::KeyPool& pool,
                              dpop::Algorithm algorithm) {
  if (pool.GetStats(algorithm).missed == 0) return absl::OkStatus();
  return absl::InternalError("the pool ran empty: keys were made while timed");
}

}  // namespace

absl::StatusOr<Side> UnarySide(dpop::Algorithm algorithm, crypto::Kernel kernel,
                               crypto::Entropy& entropy) {
  PROOFMINT_ASSIGN_OR_RETURN(std::unique_ptr<keys::KeyPool> pool,
                             keys::KeyPool::New({.kernel = kernel}, entropy));
  PROOFMINT_ASSIGN_OR_RETURN(std::unique_ptr<keys::KeyHandles> handles,
                             keys::KeyHandles::New({}, entropy));
  service::ProofMinter minter(kernel, *pool, *handles, entropy, absl::Now);
  std::shared_ptr<WarmMinter> warm(
      new WarmMinter{std::move(pool), std::move(handles), std::move(minter)});
  auto run = [=, request = NewRequest(algorithm)](
                 Results& results) -> absl::StatusOr<double> {
    std::vector<std::string> responses(kMinSlice);
    warm->pool->WaitUntilFull();
    PROOFMINT_ASSIGN_OR_RETURN(double seconds,
                               TimeCalls(warm->minter, request, responses));
    PROOFMINT_RETURN_IF_ERROR(ExpectNoneMissed(*warm->pool, algorithm));
    for (const std::string& bytes : responses) {
      v1::SignProofResponse response;
      response.ParseFromString(bytes);
      results.push_back(std::move(*response.mutable_proof()));
    }
    return seconds;
  };
  return Side{.name = "proofmint", .slice = kMinSlice, .run = std::move(run)};
}

absl::StatusOr<Side> TakeSide(dpop::Algorithm algorithm, crypto::Kernel kernel,
                              crypto::Entropy& entropy) {
  PROOFMINT_ASSIGN_OR_RETURN(std::shared_ptr<keys::KeyPool> pool,
                             keys::KeyPool::New({.kernel = kernel}, entropy));
  auto takes = std::make_shared<std::vector<double>>();   // nanoseconds
  auto pauses = std::make_shared<std::vector<double>>();  // nanoseconds
  auto run = [=](Results& results) -> absl::StatusOr<double> {
    std::vector<dpop::ProofKey> keys(kTakesPerSlice);
    pool->WaitUntilFull();
    PROOFMINT_ASSIGN_OR_RETURN(std::vector<double> times,
                               TimeTakes(algorithm, *pool, keys));
    PROOFMINT_RETURN_IF_ERROR(ExpectNoneMissed(*pool, algorithm));
    for (dpop::ProofKey& key : keys) {
      results.push_back(std::make_unique<dpop::ProofKey>(std::move(key)));
    }
    pauses->push_back(times.back());
    times.pop_back();
    takes->insert(takes->end(), times.begin(), times.end());
    return Percentile(times, 50) * 1e-9 * kTakesPerSlice;
  };
  auto add_counters = [=](benchmark::UserCounters& counters) {
    counters["p50_ns"] = Percentile(*takes, 50);
    counters["p99_ns"] = Percentile(*takes, 99);
    counters["p999_ns"] = Percentile(*takes, 99.9);
    counters["clock_ns"] = Percentile(*pauses, 50);
  };
  return Side{.name = "proofmint",
              .slice = kTakesPerSlice,
              .run = std::move(run),
              .add_counters = std::move(add_counters)};
}

double Percentile(std::vector<double> samples, double percent) {
  // In binary, 99.9 % of 41,000 is a little more than 40,959.
  double rank =
      std::ceil(percent * static_cast<double>(samples.size()) / 100 - 1e-6);
  auto nth = samples.begin() +
             std::max<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(rank) - 1, 0);
  std::nth_element(samples.begin(), nth, samples.end());
  return *nth;
}

}  // namespace proofmint::bench
