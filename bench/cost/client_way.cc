#include "bench/cost/client_way.h"

#include <utility>

#include "absl/time/clock.h"
#include "bench/load/request_set.h"
#include "signer/base/status_macros.h"
#include "signer/client/signer_client.h"

namespace proofmint::cost {
namespace {

class ClientWay : public Way {
 public:
  explicit ClientWay(std::unique_ptr<SignerClient> client)
      : client_(std::move(client)) {}

  void Call(size_t, Done done) override {
    ProofRequest request = {.algorithm = dpop::Algorithm::kEs256,
                            .htm = load::kHtm,
                            .htu = load::kHtu,
                            .nonce = std::string(kNonce)};
    client_->SignProof(
        std::move(request), absl::Now() + kTimeout,
        [done = std::move(done)](const absl::StatusOr<Proof>& proof) {
          if (!proof.ok()) return done(proof.status(), {});
          const MadeProof made = {proof->jwt, proof->jkt, proof->iat};
          done(absl::OkStatus(), {&made, 1});
        });
  }

  bool in_process() const override { return false; }

 private:
  const std::unique_ptr<SignerClient> client_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Way>> NewClientWay(const std::string& target) {
  SignerClientOptions options;
  options.target = target;
  options.timeout = kTimeout;
  PROOFMINT_ASSIGN_OR_RETURN(std::unique_ptr<SignerClient> client,
                             SignerClient::New(std::move(options)));
  PROOFMINT_RETURN_IF_ERROR(
      client->GetCapabilities(absl::Now() + kTimeout).status());
  return std::make_unique<ClientWay>(std::move(client));
}

}  // namespace proofmint::cost
