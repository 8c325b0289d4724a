#include "signer/exchange/testing/fake_proof_source.h"

#include <openssl/rand.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "signer/base/status_macros.h"
#include "signer/dpop/htu.h"
#include "signer/dpop/syntax.h"
#include "signer/exchange/testing/fake_key.h"
#include "signer/service/contract/duration.h"
#include "signer/service/contract/limits.h"

namespace proofmint {
namespace {

constexpr size_t kKeyHandleSize = 78;   // bytes, as proofmintd's
constexpr size_t kJtiEntropySize = 16;  // bytes

template <size_t N>
std::array<uint8_t, N> RandomBytes() {
  std::array<uint8_t, N> bytes;
  ABSL_RAW_CHECK(RAND_bytes(bytes.data(), N) == 1, "RAND_bytes failed");
  return bytes;
}

template <typename Detail>
void AddDetail(const Detail& detail, absl::Status& status) {
  status.SetPayload(
      absl::StrCat("type.googleapis.com/", Detail::descriptor()->full_name()),
      absl::Cord(detail.SerializeAsString()));
}

absl::Status InvalidField(absl::string_view reason, absl::string_view field,
                          absl::string_view problem) {
  absl::Status status = SignerError(absl::StatusCode::kInvalidArgument, reason,
                                    absl::StrCat(field, ": ", problem));
  google::rpc::BadRequest bad_request;
  auto* violation = bad_request.add_field_violations();
  violation->set_field(std::string(field));
  violation->set_description(std::string(problem));
  AddDetail(bad_request, status);
  return status;
}

}  // namespace

absl::Status SignerError(absl::StatusCode code, absl::string_view reason,
                         absl::string_view message,
                         std::optional<absl::Duration> retry_delay) {
  absl::Status status(code, message);
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason));
  info.set_domain("proofmint");
  AddDetail(info, status);
  if (retry_delay.has_value()) {
    google::rpc::RetryInfo retry;
    *retry.mutable_retry_delay() = service::ToProto(*retry_delay);
    AddDetail(retry, status);
  }
  return status;
}

FakeProofSource::FakeProofSource(base::Clock clock)
    : clock_(std::move(clock)) {}

FakeProofSource::~FakeProofSource() = default;

void FakeProofSource::SignProof(ProofRequest request, absl::Time /*deadline*/,
                                Callback done) {
  absl::Status failure;
  {
    base::MutexLock lock(mutex_);
    requests_.push_back(request);
    if (!failures_.empty()) {
      failure = std::move(failures_.front());
      failures_.pop_front();
    }
  }
  done(failure.ok() ? Sign(request) : std::move(failure));
}

void FakeProofSource::FailNext(absl::Status error) {
  ABSL_RAW_CHECK(!error.ok(), "FakeProofSource::FailNext: got OK");
  base::MutexLock lock(mutex_);
  failures_.push_back(std::move(error));
}

std::vector<ProofRequest> FakeProofSource::requests() const {
  base::MutexLock lock(mutex_);
  return requests_;
}

absl::StatusOr<std::shared_ptr<const FakeKey>> FakeProofSource::KeyFor(
    const ProofRequest& request) {
  if (request.key_handle.empty()) {
    return std::make_shared<const FakeKey>(request.algorithm);
  }
  base::MutexLock lock(mutex_);
  const auto found = handles_.find(request.key_handle);
  if (found == handles_.end() ||
      found->second->algorithm() != request.algorithm) {
    return InvalidField("INVALID_KEY_HANDLE", "key_handle",
                        "invalid, or issued for another algorithm");
  }
  return found->second;
}

absl::StatusOr<Proof> FakeProofSource::Sign(const ProofRequest& request) {
  if (absl::Status valid = dpop::ValidateHtm(request.htm); !valid.ok()) {
    return InvalidField("INVALID_HTM", "htm", valid.message());
  }
  dpop::HtuBuffer buffer;
  const absl::StatusOr<absl::string_view> htu =
      dpop::NormalizeHtu(request.htu, buffer);
  if (!htu.ok()) {
    return InvalidField("INVALID_HTU", "htu", htu.status().message());
  }
  if (!request.nonce.empty()) {
    if (absl::Status valid = dpop::ValidateNonce(request.nonce); !valid.ok()) {
      return InvalidField("INVALID_NONCE", "nonce", valid.message());
    }
  }
  if (absl::AbsDuration(request.iat_offset) > service::kMaxIatOffset) {
    return InvalidField("INVALID_IAT_OFFSET", "iat_offset",
                        "want -300 s to 300 s");
  }
  PROOFMINT_ASSIGN_OR_RETURN(std::shared_ptr<const FakeKey> key,
                             KeyFor(request));

  Proof proof = {.jkt = key->jkt(),
                 .iat = absl::ToUnixSeconds(clock_() + request.iat_offset)};
  // None of these texts has a character that JSON would have to escape.
  const std::string header = absl::StrCat(
      R"({"typ":"dpop+jwt","alg":")", dpop::AlgorithmName(request.algorithm),
      R"(","jwk":)", key->jwk(), "}");
  std::string claims = absl::StrCat(
      R"({"jti":")", Base64Url(RandomBytes<kJtiEntropySize>()), R"(","htm":")",
      request.htm, R"(","htu":")", *htu, R"(","iat":)", proof.iat);
  if (!request.nonce.empty()) {
    absl::StrAppend(&claims, R"(,"nonce":")", request.nonce, "\"");
  }
  if (request.access_token_sha256.has_value()) {
    absl::StrAppend(&claims, R"(,"ath":")",
                    Base64Url(*request.access_token_sha256), "\"");
  }
  absl::StrAppend(&claims, "}");
  proof.jwt =
      absl::StrCat(Base64Url(AsBytes(header)), ".", Base64Url(AsBytes(claims)));
  absl::StrAppend(&proof.jwt, ".", Base64Url(AsBytes(key->Sign(proof.jwt))));

  if (request.return_key_handle) {
    const auto handle = RandomBytes<kKeyHandleSize>();
    proof.key_handle.assign(handle.begin(), handle.end());
    base::MutexLock lock(mutex_);
    handles_.emplace(proof.key_handle, std::move(key));
  }
  return proof;
}

}  // namespace proofmint
