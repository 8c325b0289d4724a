#include "tests/exchange/case_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/str_cat.h"

namespace proofmint::testing {
namespace {

using Json = nlohmann::json;

// Returns the value, or that of a default constructor if it has another type.
// A null is a missing member, which has been reported.
template <typename T>
T Get(const Json& value, bool has_type, absl::string_view want,
      const std::string& where) {
  if (has_type) return value.get<T>();
  if (!value.is_null()) {
    ADD_FAILURE() << where << ": got " << value << ", want " << want;
  }
  return T();
}

}  // namespace

Fields::Fields(const Json& object, std::string where)
    : where_(std::move(where)) {
  if (!object.is_object()) {
    ADD_FAILURE() << where_ << ": got " << object << ", want an object";
    return;
  }
  object_ = object;
  for (const auto& [name, value] : object_.items()) unread_.insert(name);
}

Fields::~Fields() {
  for (const std::string& name : unread_) {
    ADD_FAILURE() << where_ << ": unknown member " << name;
  }
}

bool Fields::Has(const std::string& name) const {
  return object_.contains(name);
}

const Json& Fields::Any(const std::string& name) {
  static const Json* const kNull = new Json;
  unread_.erase(name);
  if (Has(name)) return object_[name];
  ADD_FAILURE() << where_ << ": no member " << name;
  return *kNull;
}

std::string Fields::String(const std::string& name) {
  const Json& value = Any(name);
  return Get<std::string>(value, value.is_string(), "a string",
                          absl::StrCat(where_, ".", name));
}

int64_t Fields::Integer(const std::string& name) {
  const Json& value = Any(name);
  return Get<int64_t>(value, value.is_number_integer(), "an integer",
                      absl::StrCat(where_, ".", name));
}

bool Fields::Boolean(const std::string& name) {
  const Json& value = Any(name);
  return Get<bool>(value, value.is_boolean(), "true or false",
                   absl::StrCat(where_, ".", name));
}

std::string Fields::String(const std::string& name,
                           absl::string_view if_absent) {
  return Has(name) ? String(name) : std::string(if_absent);
}

int64_t Fields::Integer(const std::string& name, int64_t if_absent) {
  return Has(name) ? Integer(name) : if_absent;
}

bool Fields::Boolean(const std::string& name, bool if_absent) {
  return Has(name) ? Boolean(name) : if_absent;
}

std::optional<int64_t> Fields::OptionalInteger(const std::string& name) {
  if (!Has(name)) return std::nullopt;
  return Integer(name);
}

std::vector<Json> Fields::List(const std::string& name) {
  if (!Has(name)) return {};
  const Json& value = Any(name);
  return Get<std::vector<Json>>(value, value.is_array(), "a list",
                                absl::StrCat(where_, ".", name));
}

std::vector<std::pair<std::string, std::string>> Fields::Headers(
    const std::string& name) {
  std::vector<std::pair<std::string, std::string>> headers;
  for (const Json& pair : List(name)) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() ||
        !pair[1].is_string()) {
      ADD_FAILURE() << where_ << "." << name << ": got " << pair
                    << ", want a name and a value";
      continue;
    }
    headers.emplace_back(pair[0].get<std::string>(),
                         HeaderBytes(pair[1].get<std::string>()));
  }
  return headers;
}

const Json& CaseFile() {
  static const Json* const kFile = [] {
    std::ifstream file(EXCHANGE_CASES);
    auto* json = new Json(Json::parse(file, /*cb=*/nullptr,
                                      /*allow_exceptions=*/false));
    ABSL_RAW_CHECK(json->is_object(), EXCHANGE_CASES ": not a JSON object");
    return json;
  }();
  return *kFile;
}

std::vector<Case> CasesOf(const std::string& section) {
  std::vector<Case> cases;
  for (const Json& entry : CaseFile().at(section)) {
    Json members = entry;
    for (const char* common : {"id", "rows", "shows"}) members.erase(common);
    cases.push_back({entry.at("id").get<std::string>(), std::move(members)});
  }
  return cases;
}

std::string HeaderBytes(const std::string& text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      bytes.push_back(text[i]);
    } else if ((byte == 0xc2 || byte == 0xc3) && i + 1 < text.size()) {
      bytes.push_back(
          static_cast<char>((byte & 0x3) << 6 | (text[++i] & 0x3f)));
    } else {
      ADD_FAILURE() << "got a character above U+00FF in a header";
    }
  }
  return bytes;
}

}  // namespace proofmint::testing
