#include "bench/take_row.h"

#include <utility>
#include <variant>

#include "absl/status/statusor.h"
#include "bench/statistics.h"
#include "signer/base/status_macros.h"
#include "signer/crypto/ed25519.h"
#include "signer/crypto/p256.h"
#include "signer/dpop/proof_key.h"

namespace proofmint::bench {
namespace {

constexpr size_t kCapacity = keys::KeyPoolOptions().capacity;
// The pool refills when it is half empty; the takes that are timed end before.
constexpr size_t kTakesPerRound = kCapacity / 2 - 1;
constexpr size_t kLibrarySlice = 16;  // keys

// Keeps the key pair, and checks what the pool prepared with it.
absl::Status Keep(dpop::Algorithm algorithm, const dpop::ProofKey& key,
                  Results& results) {
  dpop::ProofKey again;
  if (const auto* p256 = std::get_if<crypto::P256KeyPair>(&key.key_pair())) {
    std::array<uint8_t, kPublicKeySize> public_key;
    std::copy_n(p256->public_key.x.begin(), 32, public_key.begin());
    std::copy_n(p256->public_key.y.begin(), 32, public_key.begin() + 32);
    results.AddKey(p256->private_scalar.ExposeSecret(), public_key);
    again =
        dpop::ProofKey(algorithm, crypto::P256KeyPair{{}, p256->public_key});
  } else {
    const auto& pair = std::get<crypto::Ed25519KeyPair>(key.key_pair());
    results.AddKey(pair.seed.ExposeSecret(), pair.public_key);
    again =
        dpop::ProofKey(algorithm, crypto::Ed25519KeyPair{{}, pair.public_key});
  }
  if (key.encoded_header() == again.encoded_header() &&
      key.jkt() == again.jkt()) {
    return absl::OkStatus();
  }
  return absl::InternalError("take: the header is not that of the key");
}

}  // namespace

TakeRow::TakeRow(std::string name, dpop::Algorithm algorithm, Contest& contest,
                 const CycleClock& clock)
    : Row(std::move(name)),
      work_{Operation::kKeygen, algorithm, kLibrarySlice},
      contest_(contest),
      clock_(clock) {}

void TakeRow::Run(benchmark::State& state) {
  absl::Status measured = Measure(state);
  if (!measured.ok()) state.SkipWithError(measured.ToString().c_str());
}

Summary TakeRow::Summarize() const {
  Summary summary = Row::Summarize();
  summary.latency = {.p50 = Percentile(takes_, 50),
                     .p99 = Percentile(takes_, 99),
                     .p999 = Percentile(takes_, 99.9)};
  return summary;
}

absl::Status TakeRow::Measure(benchmark::State& state) {
  crypto::Entropy& entropy = *contest_.entropy;
  PROOFMINT_ASSIGN_OR_RETURN(
      std::unique_ptr<keys::KeyPool> pool,
      keys::KeyPool::New({contest_.kernel, kCapacity}, entropy));
  Results none(work_.algorithm);
  std::array<Contestant, 3> contestants = {
      Contestant{"ours", nullptr, none},
      Contestant{"boringssl",
                 NewLibrarySide(work_, *contest_.boringssl, entropy), none},
      Contestant{"openssl", NewLibrarySide(work_, *contest_.openssl, entropy),
                 none}};
  for ([[maybe_unused]] auto round : state) {
    pool->WaitUntilFull();
    PROOFMINT_RETURN_IF_ERROR(MeasureRound(state, *pool, contestants));
  }
  if (pool->GetStats(work_.algorithm).missed > 0) {
    return absl::InternalError("take: got keys minted on demand, want none");
  }
  return VerifyResults(contestants, contest_.corrupt);
}

absl::Status TakeRow::MeasureRound(benchmark::State& state, keys::KeyPool& pool,
                                   std::span<Contestant> contestants) {
  std::array<double, 3> microseconds;
  for (size_t i = 1; i < contestants.size(); ++i) {
    PROOFMINT_ASSIGN_OR_RETURN(std::chrono::duration<double> time,
                               TimeSlice(contestants[i]));
    microseconds[i] = time.count() * 1e6 / static_cast<double>(work_.slice);
  }
  std::vector<dpop::ProofKey> keys(kTakesPerRound);
  PROOFMINT_ASSIGN_OR_RETURN(std::vector<double> takes, TimeTakes(pool, keys));
  for (const dpop::ProofKey& key : keys) {
    PROOFMINT_RETURN_IF_ERROR(
        Keep(work_.algorithm, key, contestants[0].results));
  }
  takes_.insert(takes_.end(), takes.begin(), takes.end());
  microseconds[0] = Median(takes) / 1000;
  state.SetIterationTime(microseconds[0] / 1e6);
  rounds_.push_back({microseconds[0], microseconds[1], microseconds[2]});
  return absl::OkStatus();
}

absl::StatusOr<std::vector<double>> TakeRow::TimeTakes(
    keys::KeyPool& pool, std::span<dpop::ProofKey> keys) {
  std::vector<double> takes(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    uint64_t start = ReadCycles();
    absl::Status taken = pool.Take(work_.algorithm, keys.subspan(i, 1));
    uint64_t end = ReadCycles();
    PROOFMINT_RETURN_IF_ERROR(taken);
    takes[i] = clock_.Nanoseconds(end - start);
  }
  return takes;
}

}  // namespace proofmint::bench
