#include "signer/tools/sign_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proofmint/v1/proof_signer.grpc.pb.h"
#include "signer/dpop/algorithm.h"
#include "signer/dpop/base64url.h"
#include "signer/dpop/inspect.h"
#include "signer/service/contract/conversions.h"
#include "signer/service/contract/limits.h"
#include "signer/tools/rpc_client.h"

namespace proofmint::tools {
namespace {

struct SignFlags {
  ServerFlags server;
  v1::Algorithm algorithm = v1::ALGORITHM_ES256;
  std::string htm = "POST";
  std::string htu;
  std::string nonce;
  std::string access_token_sha256;  // hex
  std::string key_handle;           // base64url
  bool return_key_handle = false;
  std::string iat_offset = "0s";
  int count = 1;
  int batch = 1;
  bool json = false;
};

std::string CheckHexSha256(const std::string& text) {
  bool hex = text.size() == 64 &&
             std::all_of(text.begin(), text.end(), [](unsigned char c) {
               return absl::ascii_isxdigit(c);
             });
  return hex ? "" : "want 64 hex digits, as sha256sum prints them";
}

std::string CheckDuration(const std::string& text) {
  absl::Duration duration;
  return absl::ParseDuration(text, &duration) &&
                 absl::AbsDuration(duration) < absl::Hours(24)
             ? ""
             : "want a duration such as 2s, -1.5s or 1m";
}

std::string CheckBase64Url(const std::string& text) {
  return dpop::DecodeBase64Url(text).ok() ? "" : "want base64url";
}

// Converts flags that have passed their checks.
v1::SignProofRequest ToRequest(const SignFlags& flags) {
  v1::SignProofRequest request;
  request.set_algorithm(flags.algorithm);
  request.set_htm(flags.htm);
  request.set_htu(flags.htu);
  request.set_nonce(flags.nonce);
  request.set_access_token_sha256(
      absl::HexStringToBytes(flags.access_token_sha256));
  request.set_key_handle(dpop::DecodeBase64Url(flags.key_handle).value_or(""));
  request.set_return_key_handle(flags.return_key_handle);
  absl::Duration offset;
  absl::ParseDuration(flags.iat_offset, &offset);
  int64_t seconds = absl::IDivDuration(offset, absl::Seconds(1), &offset);
  if (seconds != 0 || offset != absl::ZeroDuration()) {
    request.mutable_iat_offset()->set_seconds(seconds);
    request.mutable_iat_offset()->set_nanos(
        static_cast<int32_t>(absl::ToInt64Nanoseconds(offset)));
  }
  return request;
}

// Prints a proof after verifying it; with --json the values shown are those in
// the proof.
bool PrintProof(const v1::SignProofResponse& response, bool json) {
  absl::StatusOr<dpop::InspectedProof> proof =
      dpop::InspectProof(response.proof());
  if (!proof.ok() || !proof->signature_valid || proof->jkt != response.jkt() ||
      proof->iat != response.iat()) {
    std::cerr << "error: the server's proof does not verify\n";
    return false;
  }
  if (!json) {
    std::cout << response.proof() << "\n";
    return true;
  }
  nlohmann::ordered_json line = {
      {"proof", response.proof()},
      {"jkt", response.jkt()},
      {"iat", response.iat()},
      {"alg", std::string(dpop::AlgorithmName(proof->algorithm))},
      {"htm", proof->htm},
      {"htu", proof->htu},
      {"nonce", proof->nonce}};
  if (!response.key_handle().empty()) {
    line["key_handle"] = absl::WebSafeBase64Escape(response.key_handle());
  }
  std::cout << line.dump(-1, ' ', /*ensure_ascii=*/true) << "\n";
  return true;
}

bool SignOne(v1::ProofSigner::Stub& stub, const SignFlags& flags,
             const v1::SignProofRequest& request) {
  grpc::ClientContext context;
  flags.server.SetDeadline(context);
  v1::SignProofResponse response;
  grpc::Status status = stub.SignProof(&context, request, &response);
  if (!status.ok()) {
    PrintError(status);
    return false;
  }
  return PrintProof(response, flags.json);
}

bool SignBatch(v1::ProofSigner::Stub& stub, const SignFlags& flags,
               const v1::SignProofRequest& request, int size) {
  v1::BatchSignProofsRequest batch;
  for (int i = 0; i < size; ++i) *batch.add_requests() = request;
  grpc::ClientContext context;
  flags.server.SetDeadline(context);
  v1::BatchSignProofsResponse response;
  grpc::Status status = stub.BatchSignProofs(&context, batch, &response);
  if (!status.ok()) {
    PrintError(status);
    return false;
  }
  bool all_ok = true;
  for (int i = 0; i < response.results_size(); ++i) {
    const v1::SignProofResult& result = response.results(i);
    if (result.has_error()) {
      PrintError(result.error(), absl::StrCat("item ", i));
      all_ok = false;
    } else {
      all_ok &= PrintProof(result.proof(), flags.json);
    }
  }
  return all_ok;
}

// Stops at the first call that fails, since the next would probably fail, too,
// and when standard output takes no more, which RunCommandLine reports.
bool Sign(const SignFlags& flags) {
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel =
      flags.server.NewChannel();
  if (!channel.ok()) {
    PrintError(channel.status());
    return false;
  }
  auto stub = v1::ProofSigner::NewStub(*channel);
  v1::SignProofRequest request = ToRequest(flags);
  for (int done = 0; done < flags.count; done += flags.batch) {
    bool ok = flags.batch == 1
                  ? SignOne(*stub, flags, request)
                  : SignBatch(*stub, flags, request,
                              std::min(flags.batch, flags.count - done));
    if (!ok || !std::cout.good()) return false;
  }
  return true;
}

}  // namespace

void AddSignCommand(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "sign",
      "Request proofs and print them, one per line, ready for a DPoP header.\n"
      "Each proof has a new key, unless --key_handle is given, and is "
      "verified\n"
      "before it is printed.\n"
      "  proofmint sign --htu=https://idp.example/token --nonce=abc");
  auto flags = std::make_shared<SignFlags>();
  std::map<std::string, v1::Algorithm> algorithms;
  for (dpop::Algorithm algorithm : dpop::kAlgorithms) {
    algorithms.emplace(dpop::AlgorithmName(algorithm),
                       service::ToProto(algorithm));
  }
  command
      ->add_option("--algorithm", flags->algorithm,
                   "ES256 (the default), Ed25519, or EdDSA, the older name\n"
                   "for Ed25519")
      ->transform(CLI::CheckedTransformer(algorithms))
      ->option_text("ALG");
  command->add_option("--htm", flags->htm, "The HTTP method of the request")
      ->capture_default_str();
  command->add_option("--htu", flags->htu, "The URL of the request")
      ->required();
  command->add_option("--nonce", flags->nonce,
                      "The identity provider's DPoP-Nonce");
  command
      ->add_option("--access_token_sha256", flags->access_token_sha256,
                   "SHA-256 of the access token in hex, for the claim ath")
      ->check(CheckHexSha256);
  command
      ->add_option("--key_handle", flags->key_handle,
                   "Sign with the key of an earlier proof, by its handle in\n"
                   "base64url")
      ->check(CheckBase64Url);
  CLI::Option* return_key_handle =
      command->add_flag("--return_key_handle", flags->return_key_handle,
                        "Request a handle of the key; needs --json");
  command
      ->add_option("--iat_offset", flags->iat_offset,
                   "Offset of iat from the server's clock, -5m to 5m")
      ->check(CheckDuration)
      ->capture_default_str();
  command->add_option("--count", flags->count, "Number of proofs")
      ->check(CLI::Range(1, std::numeric_limits<int>::max()))
      ->capture_default_str();
  command
      ->add_option("--batch", flags->batch,
                   "Proofs per call; 1 calls SignProof, more BatchSignProofs")
      ->check(CLI::Range(1, service::kMaxBatchSize))
      ->capture_default_str();
  return_key_handle->needs(
      command->add_flag("--json", flags->json,
                        "Print {proof, jkt, iat, alg, htm, htu, nonce} lines"));
  flags->server.AddTo(*command);
  command->callback([flags, &exit_code] { exit_code = Sign(*flags) ? 0 : 1; });
}

}  // namespace proofmint::tools
