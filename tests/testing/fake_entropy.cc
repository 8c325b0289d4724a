#include "tests/testing/fake_entropy.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/base/internal/raw_logging.h"
#include "signer/crypto/sha2.h"

namespace proofmint::testing {

absl::Status FakeEntropy::Fill(std::span<uint8_t> out) {
  base::MutexLock lock(mutex_);
  ++calls_;
  if (failures_ > 0 && successes_before_failure_-- <= 0) {
    --failures_;
    return absl::UnavailableError("entropy: injected failure");
  }
  if (!given_.empty()) {
    ABSL_RAW_CHECK(given_.front().size() == out.size(), "unexpected size");
    std::copy(given_.front().begin(), given_.front().end(), out.begin());
    given_.pop_front();
    return absl::OkStatus();
  }
  // The bytes are SHA-512 of a counter, so that no two draws are equal.
  for (size_t done = 0; done < out.size();) {
    std::array<uint8_t, sizeof(counter_)> block;
    for (size_t i = 0; i < block.size(); ++i) {
      block[i] = static_cast<uint8_t>(counter_ >> (8 * i));
    }
    ++counter_;
    crypto::Sha512Digest digest = crypto::Sha512(block);
    size_t part = std::min(digest.size(), out.size() - done);
    std::copy_n(digest.begin(), part, out.begin() + done);
    done += part;
  }
  return absl::OkStatus();
}

void FakeEntropy::GiveNext(std::string bytes) {
  base::MutexLock lock(mutex_);
  given_.push_back(std::move(bytes));
}

void FakeEntropy::FailAfter(int successes, int failures) {
  base::MutexLock lock(mutex_);
  successes_before_failure_ = successes;
  failures_ = failures;
}

void FakeEntropy::ForgetCalls() {
  base::MutexLock lock(mutex_);
  calls_ = 0;
}

int FakeEntropy::calls() const {
  base::MutexLock lock(mutex_);
  return calls_;
}

}  // namespace proofmint::testing
