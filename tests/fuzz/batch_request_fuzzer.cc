// libFuzzer target: passes a serialized BatchSignProofsRequest to the handler,
// and checks every response by rules that are implemented here a second time,
// independently of the code under test.
//
// No corpus is needed: the mutator below knows the message and starts from
// requests of its own. A batch of more than kMaxMintedItems items is usually
// truncated, since signatures under AddressSanitizer take most of the time; the
// rules for whole requests are checked on the full batch.

#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/rpc/error_details.pb.h"
#include "proofmint/v1/proof_signer.pb.h"
#include "signer/crypto/entropy.h"
#include "signer/dpop/htu.h"
#include "signer/dpop/inspect.h"
#include "signer/keys/key_handle.h"
#include "signer/keys/key_handles.h"
#include "signer/service/mint/proof_minter.h"
#include "signer/service/rpc/proof_signer_service.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/service/mint/mint_batch.h"

namespace proofmint {
namespace {

using v1::BatchSignProofsRequest;
using v1::SignProofRequest;

constexpr int kMaxMintedItems = 3;
constexpr int kMintedInFull = 64;  // One batch in so many is not truncated.
constexpr int64_t kNowNanos = 1767323045'750'000'000;

// A cheap, reproducible entropy source that can fail at one draw.
class FuzzEntropy : public crypto::Entropy {
 public:
  void Reset(uint64_t seed, int fail_at) {
    engine_.seed(seed);
    draws_ = 0;
    fail_at_ = fail_at;
  }

  absl::Status Fill(std::span<uint8_t> out) override {
    if (++draws_ == fail_at_) return absl::UnavailableError("no entropy");
    for (uint8_t& byte : out) byte = static_cast<uint8_t>(engine_());
    return absl::OkStatus();
  }

 private:
  std::mt19937_64 engine_;
  int draws_ = 0;
  int fail_at_ = 0;
};

bool IsVisible(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7f && c != '"' && c != '\\';
  });
}

bool IsToken(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return IsVisible({&c, 1}) && !absl::StrContains("(),/:;<=>?@[]{}", c);
  });
}

// Returns the offset in nanoseconds, which fits for any Duration.
__int128 OffsetNanos(const SignProofRequest& request) {
  return static_cast<__int128>(request.iat_offset().seconds()) * 1'000'000'000 +
         request.iat_offset().nanos();
}

// Returns whether `field` was rightly refused for `reason`. A target URI is
// checked only for what it must not contain: its grammar has its own tests.
bool Deserved(const SignProofRequest& request, absl::string_view field,
              absl::string_view reason) {
  const auto& offset = request.iat_offset();
  if (reason == "INVALID_ALGORITHM") {
    return field == "algorithm" &&
           !v1::Algorithm_IsValid(static_cast<int>(request.algorithm()));
  }
  if (reason == "INVALID_HTM") {
    return field == "htm" &&
           (request.htm().empty() || request.htm().size() > 32 ||
            !IsToken(request.htm()));
  }
  if (reason == "INVALID_HTU") return field == "htu";
  if (reason == "INVALID_NONCE") {
    return field == "nonce" &&
           (request.nonce().size() > 1536 || !IsVisible(request.nonce()));
  }
  if (reason == "INVALID_ACCESS_TOKEN_SHA256") {
    return field == "access_token_sha256" &&
           !request.access_token_sha256().empty() &&
           request.access_token_sha256().size() != 32;
  }
  if (reason == "INVALID_IAT_OFFSET") {
    __int128 limit = static_cast<__int128>(300) * 1'000'000'000;
    return field == "iat_offset" &&
           (OffsetNanos(request) > limit || OffsetNanos(request) < -limit ||
            offset.nanos() <= -1'000'000'000 ||
            offset.nanos() >= 1'000'000'000 ||
            (offset.seconds() < 0 && offset.nanos() > 0) ||
            (offset.seconds() > 0 && offset.nanos() < 0));
  }
  if (reason == "INVALID_KEY_HANDLE") {
    return field == "key_handle" && !request.key_handle().empty();
  }
  return false;
}

bool IsAcceptable(const SignProofRequest& request) {
  for (const auto& [field, reason] :
       std::initializer_list<std::pair<const char*, const char*>>{
           {"algorithm", "INVALID_ALGORITHM"},
           {"htm", "INVALID_HTM"},
           {"nonce", "INVALID_NONCE"},
           {"access_token_sha256", "INVALID_ACCESS_TOKEN_SHA256"},
           {"iat_offset", "INVALID_IAT_OFFSET"},
           {"key_handle", "INVALID_KEY_HANDLE"}}) {
    if (Deserved(request, field, reason)) return false;
  }
  return true;
}

// Returns the claim "htu" of a request that was accepted.
std::string ExpectedHtu(const std::string& given) {
  std::string uri = given.substr(0, given.find_first_of("?#"));
  size_t host = uri.find("://") + 3;
  size_t path = std::min(uri.find('/', host), uri.size());
  std::string start = absl::AsciiStrToLower(uri.substr(0, path));
  std::string rest = uri.substr(path);
  for (absl::string_view dropped :
       {absl::string_view(start[4] == 's' ? ":443" : ":80"),
        absl::string_view(":")}) {
    if (absl::EndsWith(start, dropped)) {
      start.resize(start.size() - dropped.size());
      break;
    }
  }
  return start + (rest.empty() ? "/" : rest);
}

int64_t ExpectedIat(const SignProofRequest& request) {
  __int128 nanos = OffsetNanos(request) + kNowNanos;
  return static_cast<int64_t>(nanos / 1'000'000'000);  // Never negative here.
}

void CheckProof(const SignProofRequest& request,
                const v1::SignProofResponse& response) {
  FUZZ_CHECK(IsAcceptable(request));
  absl::StatusOr<dpop::InspectedProof> proof =
      dpop::InspectProof(response.proof());
  FUZZ_CHECK(proof.ok());
  FUZZ_CHECK(proof->signature_valid);
  FUZZ_CHECK(response.jkt() == proof->jkt && response.jkt().size() == 43);
  FUZZ_CHECK(response.key_handle().size() ==
             (request.return_key_handle() ? keys::kKeyHandleSize : 0));
  FUZZ_CHECK(response.iat() == ExpectedIat(request));

  constexpr const char* kNames[] = {"ES256", "ES256", "Ed25519", "EdDSA"};
  std::string header_start =
      absl::StrCat(R"({"typ":"dpop+jwt","alg":")", kNames[request.algorithm()],
                   R"(","jwk":{"crv":")");
  FUZZ_CHECK(absl::StartsWith(proof->header, header_start));

  FUZZ_CHECK(proof->jti.size() == 22);
  const std::string htu = ExpectedHtu(request.htu());
  std::string claims =
      absl::StrCat(R"({"jti":")", proof->jti, R"(","htm":")", request.htm(),
                   R"(","htu":")", htu, R"(","iat":)", ExpectedIat(request));
  if (!request.nonce().empty()) {
    absl::StrAppend(&claims, R"(,"nonce":")", request.nonce(), "\"");
  }
  if (!request.access_token_sha256().empty()) {
    absl::StrAppend(&claims, R"(,"ath":")",
                    absl::WebSafeBase64Escape(request.access_token_sha256()),
                    "\"");
  }
  absl::StrAppend(&claims, "}");
  FUZZ_CHECK(proof->claims == claims);
  FUZZ_CHECK(IsVisible(request.htm()) && IsVisible(htu) &&
             IsVisible(request.nonce()));

  dpop::HtuBuffer buffer;
  absl::StatusOr<absl::string_view> again =
      dpop::NormalizeHtu(htu.substr(0, dpop::kMaxHtuSize), buffer);
  // Only the "/" of an empty path makes a URI longer.
  if (htu.size() <= dpop::kMaxHtuSize) FUZZ_CHECK(again.ok() && *again == htu);
}

void CheckError(const SignProofRequest& request, int index,
                const google::rpc::Status& error) {
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad_request;
  google::rpc::RetryInfo retry;
  int infos = 0;
  int bad_requests = 0;
  int retries = 0;
  for (const google::protobuf::Any& detail : error.details()) {
    infos += detail.UnpackTo(&info);
    bad_requests += detail.UnpackTo(&bad_request);
    retries += detail.UnpackTo(&retry);
  }
  FUZZ_CHECK(error.details_size() == 2 && infos == 1);
  FUZZ_CHECK(info.domain() == "proofmint");
  FUZZ_CHECK(!error.message().empty() && error.message().size() < 300);
  if (error.code() == 14) {  // UNAVAILABLE
    FUZZ_CHECK(info.reason() == "KEY_GENERATION_FAILED" ||
               info.reason() == "SIGNING_FAILED");
    FUZZ_CHECK(retries == 1 && retry.retry_delay().nanos() > 0);
    FUZZ_CHECK(IsAcceptable(request));
    return;
  }
  FUZZ_CHECK(error.code() == 3);
  FUZZ_CHECK(bad_requests == 1 && bad_request.field_violations_size() == 1);
  std::string path = bad_request.field_violations(0).field();
  std::string prefix = absl::StrCat("requests[", index, "].");
  FUZZ_CHECK(absl::StartsWith(path, prefix));
  FUZZ_CHECK(Deserved(request, path.substr(prefix.size()), info.reason()));
}

void CheckBatch(BatchSignProofsRequest& batch, uint64_t seed) {
  static auto* const entropy = new FuzzEntropy;
  static keys::KeyPool* const key_pool =
      keys::KeyPool::New({.kernel = crypto::DefaultKernel(), .capacity = 0},
                         *entropy)
          .value()
          .release();
  static const keys::KeyHandles* const handles =
      keys::KeyHandles::New({}, *entropy).value().release();
  static auto* const minter = new service::ProofMinter(
      crypto::DefaultKernel(), *key_pool, *handles, *entropy,
      [] { return absl::FromUnixNanos(kNowNanos); });

  const int size = batch.requests_size();
  bool whole = size == 0 || size > 256 || seed % kMintedInFull == 0;
  if (!whole && size > kMaxMintedItems) {
    batch.mutable_requests()->DeleteSubrange(kMaxMintedItems,
                                             size - kMaxMintedItems);
  }
  entropy->Reset(seed, static_cast<int>(seed / kMintedInFull % 16));
  v1::BatchSignProofsResponse response;
  absl::Status status = testing::MintBatch(*minter, batch, response);
  FUZZ_CHECK(status.ok() == (size >= 1 && size <= 256));
  if (!status.ok()) {
    FUZZ_CHECK(absl::IsInvalidArgument(status));
    FUZZ_CHECK(response.results_size() == 0);
    return;
  }
  FUZZ_CHECK(response.results_size() == batch.requests_size());
  std::set<std::string> thumbprints;
  for (int i = 0; i < response.results_size(); ++i) {
    const v1::SignProofResult& result = response.results(i);
    if (result.has_proof()) {
      CheckProof(batch.requests(i), result.proof());
      FUZZ_CHECK(thumbprints.insert(result.proof().jkt()).second);
    } else {
      FUZZ_CHECK(result.has_error());
      CheckError(batch.requests(i), i, result.error());
    }
  }
}

// The requests that the mutator starts from.
constexpr const char* kSeeds[] = {
    R"(requests { htm: "POST" htu: "https://idp.example/token" })",
    R"(requests { algorithm: ALGORITHM_ED25519 htm: "GET" nonce: "n-0S6_W"
         htu: "HTTP://[2001:DB8::1]:80/a%2Fb/../c?d=e#f"
         iat_offset { seconds: -1 nanos: -500000000 } })",
    R"(requests { algorithm: ALGORITHM_EDDSA htm: "POST" htu: "https://x:443"
         access_token_sha256: "01234567890123456789012345678901" }
       requests { htm: "P OST" htu: "https://x" }
       requests { htm: "A" htu: "https://u@x" return_key_handle: true })",
    R"(requests { htm: "POST" htu: "https://x/" key_handle: "k" }
       requests { htm: "POST" htu: "https://x/" iat_offset { seconds: 301 } })",
};

constexpr const char* kHtus[] = {
    "https://",         "http://",        "https://h:0/",   "https://h:65535",
    "https://[::1]/",   "https://h:/?",   "https://h/%",    "https://h/%4",
    "https://h/%zz",    "//h/",           "https://h\\/",   "https://h/\"",
    "https://H.:443/#", "https://h:080/", "https://h/^?\"",
};

// Converts text to UTF-8, reading bytes above 0x7f as Latin-1, so that the
// message still parses.
std::string ToUtf8(const std::string& text) {
  std::string utf8;
  for (unsigned char c : text) {
    if (c >= 0x80) utf8.push_back(static_cast<char>(0xc0 | c >> 6));
    utf8.push_back(static_cast<char>(c >= 0x80 ? 0x80 | (c & 0x3f) : c));
  }
  return utf8;
}

}  // namespace
}  // namespace proofmint

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  google::protobuf::SetLogHandler(nullptr);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  proofmint::BatchSignProofsRequest batch;
  if (!batch.ParseFromArray(data, static_cast<int>(size))) return 0;
  uint64_t seed = 14695981039346656037u;  // FNV-1a
  for (size_t i = 0; i < size; ++i) seed = (seed ^ data[i]) * 1099511628211u;
  proofmint::CheckBatch(batch, seed ^ seed >> 32);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                          size_t max_size, unsigned int seed) {
  std::minstd_rand random(seed);
  auto below = [&](size_t limit) { return random() % limit; };
  // Sometimes mutates bytes instead of fields, to test the parser.
  if (below(32) == 0) return LLVMFuzzerMutate(data, size, max_size);

  proofmint::BatchSignProofsRequest batch;
  if (!batch.ParseFromArray(data, static_cast<int>(size)) ||
      batch.requests().empty() || below(256) == 0) {
    google::protobuf::TextFormat::ParseFromString(
        proofmint::kSeeds[below(std::size(proofmint::kSeeds))], &batch);
  }
  auto mutate = [&](std::string text) {
    size_t old_size = text.size();
    text.resize(old_size + 64);
    text.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(text.data()),
                                 old_size, text.size()));
    return text;
  };
  proofmint::SignProofRequest& item = *batch.mutable_requests(
      static_cast<int>(below(static_cast<size_t>(batch.requests_size()))));
  switch (below(12)) {
    case 0:
      item.set_algorithm(static_cast<proofmint::v1::Algorithm>(below(6)));
      break;
    case 1:
      item.set_htm(proofmint::ToUtf8(mutate(item.htm())));
      break;
    case 2:
    case 3:
    case 4:
      item.set_htu(proofmint::ToUtf8(mutate(item.htu())));
      break;
    case 5:
      item.set_htu(proofmint::kHtus[below(std::size(proofmint::kHtus))] +
                   std::string(below(3) == 0 ? below(2050) : 0, 'a'));
      break;
    case 6:
      item.set_nonce(proofmint::ToUtf8(mutate(item.nonce())));
      break;
    case 7:
      item.set_nonce(std::string(1532 + below(8), 'n'));
      break;
    case 8:
      item.set_access_token_sha256(
          std::string(below(3) == 0 ? below(65) : 32, 's'));
      break;
    case 9: {
      constexpr int64_t kSeconds[] = {0,   1,   -1,   299,       -299,
                                      300, 301, -300, INT64_MAX, INT64_MIN};
      constexpr int32_t kNanos[] = {0,
                                    1,
                                    -1,
                                    250'000'000,
                                    -750'000'001,
                                    999'999'999,
                                    -999'999'999,
                                    1'000'000'000};
      item.mutable_iat_offset()->set_seconds(
          kSeconds[below(std::size(kSeconds))]);
      item.mutable_iat_offset()->set_nanos(kNanos[below(std::size(kNanos))]);
      break;
    }
    case 10:
      *batch.add_requests() = proofmint::SignProofRequest(item);
      if (below(64) == 0) {
        while (batch.requests_size() < static_cast<int>(250 + below(10))) {
          batch.add_requests();
        }
      }
      break;
    case 11:
      item.set_return_key_handle(below(4) == 0);
      item.set_key_handle(below(4) == 0 ? "k" : "");
      break;
  }
  if (batch.ByteSizeLong() > max_size) batch.Clear();
  batch.SerializeToArray(data, static_cast<int>(max_size));
  return batch.ByteSizeLong();
}
