// proofmint-timing: how long one key and one whole proof take in this process,
// one at a time, without gRPC. Prints a table; exits with 1 if a proof that it
// timed does not verify.

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "signer/crypto/entropy.h"
#include "signer/dpop/algorithm.h"
#include "signer/dpop/claims.h"
#include "signer/dpop/inspect.h"
#include "signer/dpop/proof.h"
#include "signer/dpop/proof_key.h"

namespace {

using proofmint::crypto::Entropy;
using proofmint::dpop::Algorithm;
using proofmint::dpop::Claims;
using proofmint::dpop::HtuBuffer;
using proofmint::dpop::InspectedProof;
using proofmint::dpop::InspectProof;
using proofmint::dpop::NormalizeHtu;
using proofmint::dpop::ProofJob;
using proofmint::dpop::ProofKey;
using proofmint::dpop::SignProofs;
using proofmint::dpop::WriteSigningInput;

constexpr proofmint::crypto::Kernel kKernel =
    proofmint::crypto::Kernel::kBoringSsl;

constexpr int kWarmUpRounds = 100;
constexpr int kRounds = 2000;

struct Samples {
  std::vector<absl::Duration> key_generation;
  std::vector<absl::Duration> whole_proof;
};

// Mints one proof as the service does and adds its times to `samples`.
bool MintOnce(Algorithm algorithm, Entropy& entropy, Samples& samples) {
  absl::Time start = absl::Now();
  HtuBuffer htu_buffer;
  absl::StatusOr<absl::string_view> htu =
      NormalizeHtu("https://idp.example/oauth2/token", htu_buffer);
  absl::Time key_start = absl::Now();
  ProofKey key;
  bool generated =
      GenerateProofKeys(kKernel, algorithm, entropy, {&key, 1}).ok();
  absl::Time key_end = absl::Now();
  Claims claims;
  if (!htu.ok() || !generated || !entropy.Fill(claims.jti).ok()) return false;
  claims.htm = "POST";
  claims.htu = *htu;
  claims.iat = absl::ToUnixSeconds(start);
  claims.nonce = "eyJ7S_zG.eyJH0-Z.HX4w-7v";
  std::string proof;
  WriteSigningInput(key, claims, proof);
  ProofJob job = {&key, &proof};
  bool is_signed = SignProofs(kKernel, entropy, {&job, 1}).ok();
  absl::Time end = absl::Now();
  if (!is_signed) return false;
  samples.key_generation.push_back(key_end - key_start);
  samples.whole_proof.push_back(end - start);

  absl::StatusOr<InspectedProof> read_back = InspectProof(proof);
  return read_back.ok() && read_back->signature_valid &&
         read_back->jkt == key.jkt();
}

double PercentileMicroseconds(std::vector<absl::Duration>& samples,
                              double percentile) {
  auto nth = samples.begin() +
             static_cast<int64_t>(percentile / 100 *
                                  static_cast<double>(samples.size() - 1));
  std::nth_element(samples.begin(), nth, samples.end());
  return absl::ToDoubleMicroseconds(*nth);
}

}  // namespace

int main() {
  absl::StatusOr<std::unique_ptr<Entropy>> entropy =
      proofmint::crypto::NewSystemEntropy();
  if (!entropy.ok()) {
    std::fprintf(stderr, "%s\n", entropy.status().ToString().c_str());
    return 1;
  }
  // Interleaved, so that a noisy moment falls on every algorithm alike.
  std::array<Samples, proofmint::dpop::kAlgorithms.size()> samples;
  for (int round = -kWarmUpRounds; round < kRounds; ++round) {
    if (round == 0) samples = {};
    for (size_t i = 0; i < samples.size(); ++i) {
      if (!MintOnce(proofmint::dpop::kAlgorithms[i], **entropy, samples[i])) {
        std::fprintf(stderr, "a proof does not verify\n");
        return 1;
      }
    }
  }
  std::printf("%-12s %24s %24s\n", "", "key generation (us)",
              "whole proof (us)");
  std::printf("%-12s %12s %11s %12s %11s\n", "algorithm", "p50", "p99", "p50",
              "p99");
  for (size_t i = 0; i < samples.size(); ++i) {
    std::string name(
        proofmint::dpop::AlgorithmName(proofmint::dpop::kAlgorithms[i]));
    std::printf("%-12s %12.1f %11.1f %12.1f %11.1f\n", name.c_str(),
                PercentileMicroseconds(samples[i].key_generation, 50),
                PercentileMicroseconds(samples[i].key_generation, 99),
                PercentileMicroseconds(samples[i].whole_proof, 50),
                PercentileMicroseconds(samples[i].whole_proof, 99));
  }
  std::printf("%d proofs of each, every one verified\n", kRounds);
  return 0;
}
