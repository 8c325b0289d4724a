#include "signer/tools/doctor/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "signer/exchange/printable_text.h"

namespace proofmint::doctor {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kIdWidth = 21;

Check& Add(Report& report, absl::string_view id, CheckStatus status,
           std::string found, std::string want, std::string remedy) {
  return report.checks.emplace_back(Check{.id = std::string(id),
                                          .status = status,
                                          .found = std::move(found),
                                          .want = std::move(want),
                                          .remedy = std::move(remedy),
                                          .http = {}});
}

// Bytes that are not UTF-8, which may come from a provider, are replaced.
std::string Dump(const Json& json) {
  return json.dump(2, ' ', /*ensure_ascii=*/true,
                   Json::error_handler_t::replace);
}

void AppendSkipped(const Report& report, size_t& i, std::string& text) {
  std::string ids = report.checks[i].id;
  const std::string& why = report.checks[i].found;
  while (i + 1 < report.checks.size() &&
         report.checks[i + 1].status == CheckStatus::kSkip &&
         report.checks[i + 1].found == why) {
    absl::StrAppend(&ids, " ", report.checks[++i].id);
  }
  absl::StrAppendFormat(&text, "%-8s%-*s  %s\n", "skip", kIdWidth, ids,
                        EscapedText(why));
}

}  // namespace

absl::string_view StatusName(CheckStatus status) {
  switch (status) {
    case CheckStatus::kOk:
      return "ok";
    case CheckStatus::kWarn:
      return "warn";
    case CheckStatus::kFail:
      return "fail";
    case CheckStatus::kSkip:
      return "skip";
    case CheckStatus::kUnknown:
      break;
  }
  return "unknown";
}

Check& Report::Ok(absl::string_view id, std::string found) {
  return Add(*this, id, CheckStatus::kOk, std::move(found), "", "");
}

Check& Report::Warn(absl::string_view id, std::string found, std::string want,
                    std::string remedy) {
  return Add(*this, id, CheckStatus::kWarn, std::move(found), std::move(want),
             std::move(remedy));
}

Check& Report::Fail(absl::string_view id, std::string found, std::string want,
                    std::string remedy) {
  return Add(*this, id, CheckStatus::kFail, std::move(found), std::move(want),
             std::move(remedy));
}

Check& Report::Skip(absl::string_view id, std::string why) {
  return Add(*this, id, CheckStatus::kSkip, std::move(why), "", "");
}

Check& Report::Unknown(absl::string_view id, std::string found,
                       std::string want, std::string remedy) {
  return Add(*this, id, CheckStatus::kUnknown, std::move(found),
             std::move(want), std::move(remedy));
}

const Check* Report::First(CheckStatus status) const {
  auto found =
      std::find_if(checks.begin(), checks.end(),
                   [=](const Check& check) { return check.status == status; });
  return found == checks.end() ? nullptr : &*found;
}

int ExitCode(const Report& report, bool strict) {
  if (report.First(CheckStatus::kFail) != nullptr) return 1;
  if (strict && report.First(CheckStatus::kWarn) != nullptr) return 1;
  return report.First(CheckStatus::kUnknown) != nullptr ? 3 : 0;
}

std::string ToText(const Report& report) {
  std::string text;
  for (size_t i = 0; i < report.checks.size(); ++i) {
    const Check& check = report.checks[i];
    if (check.status == CheckStatus::kSkip) {
      AppendSkipped(report, i, text);
      continue;
    }
    absl::StrAppendFormat(&text, "%-8s%-*s  %s\n", StatusName(check.status),
                          kIdWidth, check.id, EscapedText(check.found));
    if (!check.want.empty()) {
      absl::StrAppend(&text, "          want: ", EscapedText(check.want), "\n");
    }
    if (!check.remedy.empty()) {
      absl::StrAppend(&text, "          do:   ", EscapedText(check.remedy),
                      "\n");
    }
  }
  if (!report.log_record.empty()) {
    absl::StrAppend(&text, "log record of a broker:\n  ", report.log_record,
                    "\n");
  }
  return text;
}

std::string ToJson(const Report& report, bool strict) {
  Json checks = Json::array();
  for (const Check& check : report.checks) {
    Json http = Json::array();
    for (const HttpLine& line : check.http) {
      http.push_back({{"method", line.method},
                      {"url", line.url},
                      {"status", line.status},
                      {"ms", line.milliseconds}});
    }
    checks.push_back({{"id", check.id},
                      {"status", std::string(StatusName(check.status))},
                      {"found", check.found},
                      {"want", check.want},
                      {"remedy", check.remedy},
                      {"http", std::move(http)}});
  }
  Json log_record = Json::object();
  if (!report.log_record.empty()) {
    log_record = Json::parse(report.log_record, nullptr, false);
  }
  const Json json = {
      {"issuer", report.issuer},
      {"client_id", report.client_id},
      {"version", report.version},
      {"started_at", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", report.started_at,
                                      absl::UTCTimeZone())},
      {"checks", std::move(checks)},
      {"log_record", std::move(log_record)},
      {"exit", ExitCode(report, strict)}};
  return Dump(json);
}

}  // namespace proofmint::doctor
