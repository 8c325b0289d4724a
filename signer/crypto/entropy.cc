#include "signer/crypto/entropy.h"

#include <openssl/rand.h>
#include <sys/random.h>

#include <cerrno>

#include "signer/base/errno_status.h"

namespace proofmint::crypto {
namespace {

class SystemEntropy : public Entropy {
 public:
  absl::Status Fill(std::span<uint8_t> out) override {
    if (RAND_bytes(out.data(), out.size()) != 1) {
      return absl::InternalError("entropy: RAND_bytes failed");
    }
    return absl::OkStatus();
  }
};

}  // namespace

absl::StatusOr<std::unique_ptr<Entropy>> NewSystemEntropy() {
  uint8_t probe[1];
  ssize_t got;
  do {
    got = getrandom(probe, sizeof(probe), 0);
  } while (got < 0 && errno == EINTR);
  if (got != sizeof(probe)) {
    return base::ErrnoStatus("entropy: getrandom failed");
  }
  return std::make_unique<SystemEntropy>();
}

}  // namespace proofmint::crypto
