#include "signer/exchange/server_metadata.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "signer/base/status_macros.h"
#include "signer/dpop/htu.h"
#include "signer/exchange/json_object.h"
#include "signer/exchange/printable_text.h"

namespace proofmint {
namespace {

using nlohmann::json;

struct Endpoint {
  const char* name;
  std::string ServerMetadata::*url;
  std::string MtlsEndpointAliases::*alias;  // null if RFC 8705 has none
};

constexpr Endpoint kEndpoints[] = {
    {"token_endpoint", &ServerMetadata::token_endpoint,
     &MtlsEndpointAliases::token_endpoint},
    {"userinfo_endpoint", &ServerMetadata::userinfo_endpoint,
     &MtlsEndpointAliases::userinfo_endpoint},
    {"introspection_endpoint", &ServerMetadata::introspection_endpoint,
     &MtlsEndpointAliases::introspection_endpoint},
    {"revocation_endpoint", &ServerMetadata::revocation_endpoint,
     &MtlsEndpointAliases::revocation_endpoint},
    {"authorization_endpoint", &ServerMetadata::authorization_endpoint,
     nullptr},
    {"pushed_authorization_request_endpoint",
     &ServerMetadata::pushed_authorization_request_endpoint,
     &MtlsEndpointAliases::pushed_authorization_request_endpoint},
    {"jwks_uri", &ServerMetadata::jwks_uri, nullptr},
};

struct List {
  const char* name;
  std::vector<std::string> ServerMetadata::*values;
};

constexpr List kLists[] = {
    {"code_challenge_methods_supported",
     &ServerMetadata::code_challenge_methods_supported},
    {"response_types_supported", &ServerMetadata::response_types_supported},
    {"grant_types_supported", &ServerMetadata::grant_types_supported},
};

absl::Status Error(absl::string_view member, absl::string_view problem) {
  return absl::InvalidArgumentError(absl::StrCat(member, ": ", problem));
}

// Returns the member `name`, or null if it is not published.
const json* Find(const json& object, const char* name) {
  const auto it = object.find(name);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

// UrlParts is a URL cut in three: "https", "idp.example:8443", "/a?b#c".
struct UrlParts {
  absl::string_view scheme, authority, rest;
};

UrlParts Split(absl::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == absl::string_view::npos) return {"", "", url};
  const absl::string_view after = url.substr(scheme + 3);
  const size_t authority = std::min(after.find_first_of("/?#"), after.size());
  return {url.substr(0, scheme), after.substr(0, authority),
          after.substr(authority)};
}

// Tells whether `authority`, in lower case, is an address of this host.
bool IsLoopback(absl::string_view authority) {
  const bool ipv6 = absl::StartsWith(authority, "[");
  const absl::string_view host =
      authority.substr(0, ipv6 ? authority.find(']') + 1 : authority.find(':'));
  // A name such as 127.evil.example must not pass for an address.
  return host == "localhost" || host == "[::1]" ||
         (absl::StartsWith(host, "127.") &&
          host.find_first_not_of("0123456789.") == absl::string_view::npos);
}

absl::Status CheckUrl(absl::string_view member, absl::string_view url,
                      Transport transport) {
  dpop::HtuBuffer buffer;
  const absl::StatusOr<absl::string_view> htu = dpop::NormalizeHtu(url, buffer);
  if (!htu.ok()) return Error(member, htu.status().message());
  if (absl::StrContains(url, '#')) {
    return Error(member, "a fragment is not allowed");
  }
  const UrlParts parts = Split(*htu);
  if (parts.scheme == "https" ||
      (transport == Transport::kTlsOrLoopback && IsLoopback(parts.authority))) {
    return absl::OkStatus();
  }
  return Error(member, absl::StrCat("got ", *htu, ", want https"));
}

// Says how two URLs differ, if it is in one part only.
absl::string_view Difference(absl::string_view a, absl::string_view b) {
  if (absl::StrCat(a, "/") == b || absl::StrCat(b, "/") == a) {
    return " (differs in the trailing slash only)";
  }
  const UrlParts left = Split(a), right = Split(b);
  const bool scheme = left.scheme != right.scheme;
  const bool authority = left.authority != right.authority;
  const bool rest = left.rest != right.rest;
  if (scheme && !authority && !rest) return " (differs in the scheme only)";
  if (!scheme && authority && !rest) return " (differs in host or port only)";
  if (!scheme && !authority && rest) return " (differs in the path only)";
  return "";
}

absl::Status CheckIssuer(const json& object, absl::string_view issuer,
                         Transport transport) {
  PROOFMINT_RETURN_IF_ERROR(CheckUrl("issuer", issuer, transport));
  if (absl::StrContains(issuer, '?')) {
    return Error("issuer", "a query is not allowed");
  }
  const json* published = Find(object, "issuer");
  if (published == nullptr) {
    return Error("issuer", absl::StrCat("missing, want ", issuer));
  }
  if (!published->is_string()) return Error("issuer", "not a string");
  const auto& text = published->get_ref<const std::string&>();
  if (text == issuer) return absl::OkStatus();
  return Error("issuer", absl::StrCat("got ", PrintableText(text), ", want ",
                                      issuer, Difference(text, issuer)));
}

// Leaves `url` empty if the member `name` of `object` is not published.
// `prefix` is the path of `object`.
absl::Status ReadUrl(const json& object, absl::string_view prefix,
                     const char* name, Transport transport, std::string& url) {
  const json* value = Find(object, name);
  if (value == nullptr) return absl::OkStatus();
  const std::string member = absl::StrCat(prefix, name);
  if (!value->is_string()) return Error(member, "not a string");
  url = value->get<std::string>();
  return CheckUrl(member, url, transport);
}

absl::StatusOr<std::vector<std::string>> ReadList(const json& value,
                                                  absl::string_view name) {
  std::vector<std::string> list;
  const bool strings =
      value.is_array() &&
      std::all_of(value.begin(), value.end(),
                  [](const json& item) { return item.is_string(); });
  if (!strings) return Error(name, "not an array of strings");
  for (const json& item : value) list.push_back(item.get<std::string>());
  return list;
}

}  // namespace

absl::StatusOr<ServerMetadata> ParseServerMetadata(absl::string_view text,
                                                   absl::string_view issuer,
                                                   Transport transport) {
  if (text.size() > kMaxMetadataSize) {
    return Error("metadata",
                 absl::StrCat("got ", text.size(), " bytes, want at most ",
                              kMaxMetadataSize));
  }
  const std::optional<json> parsed = ParseJsonObject(text);
  if (!parsed.has_value()) return Error("metadata", "not a JSON object");
  const json& object = *parsed;
  PROOFMINT_RETURN_IF_ERROR(CheckIssuer(object, issuer, transport));

  ServerMetadata metadata;
  metadata.issuer = std::string(issuer);
  const json* aliases = Find(object, "mtls_endpoint_aliases");
  if (aliases != nullptr && !aliases->is_object()) {
    return Error("mtls_endpoint_aliases", "not a JSON object");
  }
  for (const Endpoint& endpoint : kEndpoints) {
    PROOFMINT_RETURN_IF_ERROR(
        ReadUrl(object, "", endpoint.name, transport, metadata.*endpoint.url));
    if (aliases != nullptr && endpoint.alias != nullptr) {
      PROOFMINT_RETURN_IF_ERROR(
          ReadUrl(*aliases, "mtls_endpoint_aliases.", endpoint.name, transport,
                  metadata.mtls_endpoint_aliases.*endpoint.alias));
    }
  }
  if (metadata.token_endpoint.empty()) {
    return Error("token_endpoint",
                 "missing; DPoP needs a flow with the back channel, such as "
                 "the authorization code flow");
  }
  for (const List& list : kLists) {
    if (const json* value = Find(object, list.name)) {
      PROOFMINT_ASSIGN_OR_RETURN(metadata.*list.values,
                                 ReadList(*value, list.name));
    }
  }
  constexpr char kAlgorithms[] = "dpop_signing_alg_values_supported";
  if (const json* value = Find(object, kAlgorithms)) {
    PROOFMINT_ASSIGN_OR_RETURN(metadata.dpop_signing_alg_values_supported,
                               ReadList(*value, kAlgorithms));
  }
  return metadata;
}

ServerMetadata WithMtlsAliases(ServerMetadata metadata) {
  for (const Endpoint& endpoint : kEndpoints) {
    if (endpoint.alias == nullptr) continue;
    std::string& alias = metadata.mtls_endpoint_aliases.*endpoint.alias;
    if (!alias.empty()) metadata.*endpoint.url = alias;
  }
  return metadata;
}

}  // namespace proofmint
