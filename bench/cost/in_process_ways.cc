#include "bench/cost/in_process_ways.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "bench/load/request_set.h"
#include "bench/micro/library_proof.h"
#include "signer/base/status_macros.h"
#include "signer/crypto/entropy.h"
#include "signer/dpop/claims.h"

namespace proofmint::cost {
namespace {

class Arrivals : public Way {
 public:
  void Call(size_t, Done done) override {
    const MadeProof empty = {.jwt = {}, .jkt = {}, .iat = 0};
    done(absl::OkStatus(), {&empty, 1});
  }
  bool in_process() const override { return true; }
};

class InProcess : public Way {
 public:
  InProcess(std::unique_ptr<crypto::Entropy> entropy,
            std::vector<std::unique_ptr<bench::Library>> libraries)
      : entropy_(std::move(entropy)), libraries_(std::move(libraries)) {}

  void Call(size_t thread, Done done) override {
    std::string proof;
    dpop::Claims claims = {.jti = {},
                           .htm = load::kHtm,
                           .htu = load::kHtu,
                           .iat = absl::ToUnixSeconds(absl::Now()),
                           .nonce = kNonce,
                           .access_token_sha256 = {}};
    const absl::StatusOr<dpop::Jkt> jkt =
        Mint(*libraries_[thread], claims, proof);
    if (!jkt.ok()) return done(jkt.status(), {});
    const MadeProof made = {proof, {jkt->data(), jkt->size()}, claims.iat};
    done(absl::OkStatus(), {&made, 1});
  }

  bool in_process() const override { return true; }

 private:
  absl::StatusOr<dpop::Jkt> Mint(bench::Library& library, dpop::Claims& claims,
                                 std::string& proof) {
    PROOFMINT_RETURN_IF_ERROR(entropy_->Fill(claims.jti));
    return bench::MintWithLibrary(library, dpop::Algorithm::kEs256, claims,
                                  proof);
  }

  const std::unique_ptr<crypto::Entropy> entropy_;
  const std::vector<std::unique_ptr<bench::Library>> libraries_;
};

}  // namespace

std::unique_ptr<Way> NewArrivals() { return std::make_unique<Arrivals>(); }

absl::StatusOr<std::unique_ptr<Way>> NewInProcess(
    std::unique_ptr<bench::Library> (*new_library)(), size_t threads) {
  PROOFMINT_ASSIGN_OR_RETURN(std::unique_ptr<crypto::Entropy> entropy,
                             crypto::NewSystemEntropy());
  std::vector<std::unique_ptr<bench::Library>> libraries(threads);
  for (auto& library : libraries) library = new_library();
  return std::make_unique<InProcess>(std::move(entropy), std::move(libraries));
}

}  // namespace proofmint::cost
