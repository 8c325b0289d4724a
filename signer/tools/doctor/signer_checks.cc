#include "signer/tools/doctor/signer_checks.h"

#include <grpcpp/client_context.h>

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "proofmint/v1/proof_signer.grpc.pb.h"
#include "signer/dpop/htu.h"
#include "signer/dpop/inspect.h"
#include "signer/service/contract/error_details.h"
#include "signer/service/contract/errors.h"
#include "signer/tools/doctor/sign_and_wait.h"
#include "signer/tools/doctor/signer_reachability.h"

namespace proofmint::doctor {
namespace {

using grpc::health::v1::HealthCheckResponse;

constexpr absl::Duration kSignerClockWarning = absl::Seconds(5);
constexpr absl::string_view kNeedsSigner = "the signer is not reachable";

std::string RemedyFor(absl::string_view reason) {
  if (reason == service::kCallerNotAllowed) {
    return "add this caller to --allowed_uids, --allowed_gids or "
           "--allowed_sans of proofmintd";
  }
  if (reason == service::kKeyGenerationFailed ||
      reason == service::kSigningFailed || reason == service::kOverloaded ||
      reason == service::kDraining || reason == service::kNotReady) {
    return "it passes: try again; if it does not pass, see the log of "
           "proofmintd: journalctl -u proofmintd";
  }
  if (reason == service::kInvalidAlgorithm) {
    return "take an algorithm that `proofmint capabilities` lists";
  }
  if (reason == service::kInvalidKeyHandle) {
    return "check that all signers share one KEK file";
  }
  return "see the reason in errors.md, and the log of proofmintd";
}

bool CheckServing(const SignerAccess& signer, const grpc::Status& health,
                  const HealthCheckResponse& response, Report& report) {
  if (!health.ok()) {
    report.Fail(
        "signer.serving", DescribeCall(health), "SERVING",
        RemedyFor(
            service::DecodeErrorDetails(service::ToRpcStatus(health)).reason));
    return false;
  }
  if (response.status() != HealthCheckResponse::SERVING) {
    report.Fail(
        "signer.serving",
        HealthCheckResponse::ServingStatus_Name(response.status()), "SERVING",
        "see why in the log of proofmintd: journalctl -u proofmintd -n 20; it "
        "drains, or cannot make proofs");
    return false;
  }
  auto stub = v1::ProofSigner::NewStub(signer.channel);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + signer.timeout));
  v1::GetCapabilitiesResponse capabilities;
  const grpc::Status status =
      stub->GetCapabilities(&context, {}, &capabilities);
  if (!status.ok()) {
    report.Fail(
        "signer.serving", DescribeCall(status), "the signer's capabilities",
        RemedyFor(
            service::DecodeErrorDetails(service::ToRpcStatus(status)).reason));
    return false;
  }
  report.Ok(
      "signer.serving",
      absl::StrCat("proofmintd ", capabilities.version(), ", ",
                   absl::StrJoin(capabilities.dpop_signing_alg_values(), " ")));
  return true;
}

// Returns "" if `proof` is what `request` asked for, or what is wrong.
std::string Problem(const ProofRequest& request, const Proof& proof) {
  absl::StatusOr<dpop::InspectedProof> read = dpop::InspectProof(proof.jwt);
  if (!read.ok() || !read->signature_valid || read->jkt != proof.jkt ||
      read->iat != proof.iat) {
    return "the signer's proof does not verify";
  }
  dpop::HtuBuffer buffer;
  absl::StatusOr<absl::string_view> htu =
      dpop::NormalizeHtu(request.htu, buffer);
  if (read->algorithm != request.algorithm || read->htm != request.htm ||
      !htu.ok() || read->htu != *htu) {
    return "the signer's proof is for another request";
  }
  return "";
}

// Makes two proofs with one key and returns the first. Fails as the signer
// does, and with DATA_LOSS if a proof is not what was asked for.
absl::StatusOr<Proof> SignTwice(const SignerAccess& signer,
                                ProofRequest request) {
  Proof first;
  for (int i = 0; i < 2; ++i) {
    absl::StatusOr<Proof> proof =
        SignAndWait(signer.proofs, request, absl::Now() + signer.timeout);
    if (!proof.ok()) return proof;
    const std::string problem = Problem(request, *proof);
    if (!problem.empty()) return absl::DataLossError(problem);
    if (i == 1 && proof->jkt != first.jkt) {
      return absl::DataLossError("a proof by key handle has another key");
    }
    if (i == 0) first = *std::move(proof);
    request.key_handle = first.key_handle;
    request.return_key_handle = false;
  }
  return first;
}

bool CheckProof(const SignerAccess& signer,
                std::span<const dpop::Algorithm> algorithms,
                const std::string& url, Report& report) {
  std::vector<absl::string_view> names;
  absl::Duration offset;
  for (dpop::Algorithm algorithm : algorithms) {
    absl::StatusOr<Proof> proof =
        SignTwice(signer, {.algorithm = algorithm,
                           .htm = "POST",
                           .htu = url,
                           .return_key_handle = true});
    const absl::string_view name = dpop::AlgorithmName(algorithm);
    if (!proof.ok()) {
      const std::string reason = ReasonOf(proof.status());
      report.Fail("signer.proof",
                  absl::StrCat(name, ": ", reason, reason.empty() ? "" : ": ",
                               proof.status().message()),
                  "a proof that verifies",
                  absl::IsDataLoss(proof.status())
                      ? "do not use this signer; check that --target is "
                        "proofmintd, and report it"
                      : RemedyFor(reason));
      return false;
    }
    names.push_back(name);
    offset = absl::FromUnixSeconds(proof->iat) - absl::Now();
  }
  const std::string found =
      absl::StrCat(absl::StrJoin(names, " "),
                   ": verified, twice with one key by its handle");
  // iat has whole seconds.
  if (absl::AbsDuration(offset) > kSignerClockWarning + absl::Seconds(1)) {
    report.Warn(
        "signer.proof",
        absl::StrCat(found, "; its clock is ", absl::ToInt64Seconds(offset),
                     " s ahead of this host's"),
        "clocks that agree within 5 s",
        "run NTP on the host of the signer: timedatectl");
  } else {
    report.Ok("signer.proof", found);
  }
  return true;
}

}  // namespace

bool CheckSigner(const SignerAccess& signer,
                 std::span<const dpop::Algorithm> algorithms,
                 const std::string& url, Report& report) {
  HealthCheckResponse response;
  const std::optional<grpc::Status> health =
      CheckReachable(signer, response, report);
  if (!health.has_value()) {
    report.Skip("signer.serving", std::string(kNeedsSigner));
    report.Skip("signer.proof", std::string(kNeedsSigner));
    return false;
  }
  if (!CheckServing(signer, *health, response, report)) {
    report.Skip("signer.proof", "the signer is not serving");
    return false;
  }
  return CheckProof(signer, algorithms, url, report);
}

}  // namespace proofmint::doctor
