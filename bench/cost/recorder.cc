#include "bench/cost/recorder.h"

#include <utility>

namespace proofmint::cost {

Recorder::Recorder(int64_t start, int64_t end) : start_(start), end_(end) {
  base::MutexLock lock(mutex_);
  records_.sample.reserve(kSampleSize);
}

void Recorder::RecordDue(int64_t due, int proofs) {
  if (!IsMeasured(due)) return;
  base::MutexLock lock(mutex_);
  records_.due += proofs;
}

bool Recorder::TrySend(int limit) {
  base::MutexLock lock(mutex_);
  if (in_flight_ >= limit) return false;
  ++in_flight_;
  return true;
}

void Recorder::RecordDone(int64_t due, int64_t done, const absl::Status& status,
                          std::span<const MadeProof> proofs) {
  base::MutexLock lock(mutex_);
  if (--in_flight_ == 0) idle_.NotifyAll();
  if (!status.ok()) {
    if (records_.failed++ == 0) records_.first_failure = status.ToString();
    return;
  }
  const auto count = static_cast<int64_t>(proofs.size());
  returned_ += count;
  if (!IsMeasured(due)) return;
  records_.latency.Record(done - due);
  if (done < end_) records_.in_time += count;
  Sample(proofs);
}

void Recorder::Sample(std::span<const MadeProof> proofs) {
  std::vector<v1::SignProofResponse>& sample = records_.sample;
  for (size_t i = 0; i < proofs.size(); ++i) {
    const int64_t number = returned_ - static_cast<int64_t>(i);
    if (number % sample_every_ != 0) continue;
    v1::SignProofResponse& sampled = sample.emplace_back();
    sampled.set_proof(std::string(proofs[i].jwt));
    sampled.set_jkt(std::string(proofs[i].jkt));
    sampled.set_iat(proofs[i].iat);
    if (sample.size() < kSampleSize) continue;
    // Every second one stays.
    for (size_t kept = 0; kept < kSampleSize / 2; ++kept) {
      sample[kept] = std::move(sample[2 * kept]);
    }
    sample.resize(kSampleSize / 2);
    sample_every_ *= 2;
  }
}

void Recorder::WaitUntilIdle() {
  base::MutexLock lock(mutex_);
  while (in_flight_ > 0) idle_.Wait(mutex_);
}

int64_t Recorder::returned() const {
  base::MutexLock lock(mutex_);
  return returned_;
}

Records Recorder::Take() {
  base::MutexLock lock(mutex_);
  return std::exchange(records_, Records());
}

}  // namespace proofmint::cost
