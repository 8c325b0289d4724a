// libFuzzer target: reads bytes as the metadata of an identity provider, as the
// values of its members, and as the header Cache-Control, and checks what is
// accepted by rules that are implemented here a second time.

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "signer/exchange/algorithm_choice.h"
#include "signer/exchange/metadata_cache.h"
#include "signer/exchange/server_metadata.h"
#include "tests/fuzz/fuzz_check.h"

namespace proofmint {
namespace {

constexpr char kIssuer[] = "https://idp.example";

void CheckError(const absl::Status& status) {
  const absl::string_view message = status.message();
  FUZZ_CHECK(!message.empty() && message.size() < 4096);
  FUZZ_CHECK(std::all_of(message.begin(), message.end(),
                         [](char c) { return c >= ' ' && c <= '~'; }));
}

// An endpoint has no byte that would end a request line or hide a host.
void CheckEndpoint(absl::string_view url, Transport transport) {
  if (url.empty()) return;
  FUZZ_CHECK(std::all_of(url.begin(), url.end(),
                         [](char c) { return c > ' ' && c <= '~'; }));
  FUZZ_CHECK(url.find_first_of("#\\\"<>") == absl::string_view::npos);
  const bool https = absl::StartsWithIgnoreCase(url, "https://");
  FUZZ_CHECK(https || (transport == Transport::kTlsOrLoopback &&
                       (absl::StartsWithIgnoreCase(url, "http://127.") ||
                        absl::StartsWithIgnoreCase(url, "http://localhost") ||
                        absl::StartsWithIgnoreCase(url, "http://[::1]"))));
  const absl::string_view rest = url.substr(url.find("://") + 3);
  const absl::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  FUZZ_CHECK(!authority.empty() && !absl::StrContains(authority, '@'));
}

void CheckChoice(const ServerMetadata& metadata, LabelMatch label_match) {
  const absl::StatusOr<AlgorithmChoice> choice = ChooseAlgorithm(
      dpop::kAlgorithms, metadata, IfNotAdvertised::kTryFirst, label_match);
  const auto& published = metadata.dpop_signing_alg_values_supported;
  if (!choice.ok()) {
    CheckError(choice.status());
    FUZZ_CHECK(published.has_value());
    for (dpop::Algorithm algorithm : dpop::kAlgorithms) {
      FUZZ_CHECK(!std::count(published->begin(), published->end(),
                             dpop::AlgorithmName(algorithm)));
    }
    return;
  }
  FUZZ_CHECK(choice->advertised == published.has_value());
  if (published.has_value()) {
    FUZZ_CHECK(std::count(published->begin(), published->end(),
                          dpop::AlgorithmName(choice->algorithm)));
  }
}

void CheckMetadata(absl::string_view json) {
  for (Transport transport : {Transport::kTls, Transport::kTlsOrLoopback}) {
    const absl::StatusOr<ServerMetadata> metadata =
        ParseServerMetadata(json, kIssuer, transport);
    if (!metadata.ok()) {
      CheckError(metadata.status());
      continue;
    }
    FUZZ_CHECK(metadata->issuer == kIssuer);
    const ServerMetadata mtls = WithMtlsAliases(*metadata);
    for (const ServerMetadata* each : {&*metadata, &mtls}) {
      FUZZ_CHECK(!each->token_endpoint.empty());
      for (const std::string& url :
           {each->token_endpoint, each->userinfo_endpoint,
            each->introspection_endpoint, each->revocation_endpoint,
            each->authorization_endpoint,
            each->pushed_authorization_request_endpoint, each->jwks_uri}) {
        CheckEndpoint(url, transport);
      }
    }
    CheckChoice(*metadata, LabelMatch::kSameKey);
    CheckChoice(*metadata, LabelMatch::kExact);
  }
}

// Makes the lines of `text` the values of an otherwise good answer, so that the
// fuzzer need not find its structure.
std::string WithValues(absl::string_view text) {
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  const auto line = [&](size_t i) { return i < lines.size() ? lines[i] : ""; };
  nlohmann::json metadata = {
      {"issuer", kIssuer},
      {"token_endpoint", line(0)},
      {"userinfo_endpoint", "https://" + line(1)},
      {"jwks_uri", "http://127.0.0.1" + line(2)},
      {"mtls_endpoint_aliases", {{"token_endpoint", "https://idp/" + line(3)}}},
      {"dpop_signing_alg_values_supported", {line(4), line(5)}}};
  // A line that is empty leaves its member out.
  size_t i = 0;
  for (const char* name :
       {"token_endpoint", "userinfo_endpoint", "jwks_uri",
        "mtls_endpoint_aliases", "dpop_signing_alg_values_supported"}) {
    if (line(i++).empty()) metadata.erase(name);
  }
  if (!metadata.contains("token_endpoint")) {
    metadata["token_endpoint"] = "https://idp.example/token";
  }
  return metadata.dump(-1, ' ', false,
                       nlohmann::json::error_handler_t::replace);
}

}  // namespace
}  // namespace proofmint

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace proofmint;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  CheckMetadata(text);
  CheckMetadata(WithValues(text));
  for (const std::string& cache_control :
       {std::string(text), absl::StrCat("max-age=", text),
        absl::StrCat("private=", text, ", max-age=900")}) {
    const absl::Duration fresh = FreshFor(cache_control);
    FUZZ_CHECK(fresh >= kMinFreshness && fresh <= kMaxFreshness);
  }
  return 0;
}
