#include "bench/load/verifier.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "bench/load/request_set.h"
#include "signer/base/status_macros.h"
#include "signer/dpop/base64url.h"
#include "signer/dpop/inspect.h"

namespace proofmint::load {
namespace {

// Lowers the priority of this thread, best effort: if the kernel refuses,
// verification competes with the load.
void SetPolicy(const base::Thread& thread, int policy) {
  sched_param parameter = {.sched_priority = 0};
  pthread_setschedparam(thread.handle(), policy, &parameter);
}

absl::Status Expect(absl::string_view field, absl::string_view got,
                    absl::string_view want) {
  if (got == want) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(field, ": got \"", got, "\", want \"", want, "\""));
}

}  // namespace

Verifier::Verifier(std::string nonce)
    : nonce_(std::move(nonce)), ring_(kBacklog) {}

absl::StatusOr<std::unique_ptr<Verifier>> Verifier::Start(std::string nonce) {
  std::unique_ptr<Verifier> verifier(new Verifier(std::move(nonce)));
  PROOFMINT_ASSIGN_OR_RETURN(
      verifier->thread_,
      base::Thread::Start("load-verifier",
                          [verifier = verifier.get()] { verifier->Run(); }));
  SetPolicy(verifier->thread_, SCHED_IDLE);
  return verifier;
}

Verifier::~Verifier() {
  if (!thread_.joinable()) return;
  stop_ = true;
  ++added_;  // wakes the thread
  added_.notify_one();
  SetPolicy(thread_, SCHED_OTHER);
  thread_.Join();
}

bool Verifier::Add(dpop::Algorithm asked_for,
                   const v1::SignProofResponse& response) {
  const uint64_t added = added_.load(std::memory_order_relaxed);
  if (added - taken_.load(std::memory_order_acquire) == kBacklog) return false;
  ring_[added % kBacklog] = {asked_for, response.proof(), response.jkt(),
                             response.iat()};
  added_.store(added + 1, std::memory_order_release);
  added_.notify_one();
  return true;
}

Verifier::Counts Verifier::Finish() {
  SetPolicy(thread_, SCHED_OTHER);
  const uint64_t added = added_;
  for (uint64_t taken = taken_; taken != added; taken = taken_) {
    taken_.wait(taken);
  }
  SetPolicy(thread_, SCHED_IDLE);
  return std::exchange(counts_, Counts());
}

void Verifier::Run() {
  for (uint64_t taken = 0;; ++taken) {
    added_.wait(taken, std::memory_order_acquire);
    if (stop_) return;
    Sample& sample = ring_[taken % kBacklog];
    absl::Status status = Verify(sample);
    ++counts_.verified;
    if (!status.ok() && ++counts_.failures == 1) {
      counts_.first_failure = std::string(status.message());
    }
    sample = {};
    taken_.store(taken + 1, std::memory_order_release);
    taken_.notify_one();
  }
}

absl::Status Verifier::Verify(const Sample& sample) {
  PROOFMINT_ASSIGN_OR_RETURN(dpop::InspectedProof proof,
                             dpop::InspectProof(sample.proof));
  if (!proof.signature_valid) {
    return absl::DataLossError("signature: not valid");
  }
  PROOFMINT_RETURN_IF_ERROR(Expect("alg", dpop::AlgorithmName(proof.algorithm),
                                   dpop::AlgorithmName(sample.asked_for)));
  PROOFMINT_RETURN_IF_ERROR(Expect("htm", proof.htm, kHtm));
  PROOFMINT_RETURN_IF_ERROR(Expect("htu", proof.htu, kHtu));
  PROOFMINT_RETURN_IF_ERROR(Expect("nonce", proof.nonce, nonce_));
  PROOFMINT_RETURN_IF_ERROR(Expect("jkt", sample.jkt, proof.jkt));
  PROOFMINT_RETURN_IF_ERROR(
      Expect("iat", absl::StrCat(sample.iat), absl::StrCat(proof.iat)));
  PROOFMINT_ASSIGN_OR_RETURN(std::string jti, dpop::DecodeBase64Url(proof.jti));
  PROOFMINT_ASSIGN_OR_RETURN(std::string jkt, dpop::DecodeBase64Url(proof.jkt));
  Identity identity;
  if (jti.size() != identity.size()) {
    return absl::DataLossError(
        absl::StrCat("jti: got ", jti.size(), " bytes, want 16"));
  }
  std::copy_n(jti.begin(), identity.size(), identity.begin());
  if (!seen_jtis_.insert(identity).second) {
    return absl::DataLossError("jti: the same as in an earlier proof");
  }
  std::copy_n(jkt.begin(), identity.size(), identity.begin());
  if (!seen_jkts_.insert(identity).second) {
    return absl::DataLossError("jkt: the same as in an earlier proof");
  }
  return absl::OkStatus();
}

}  // namespace proofmint::load
