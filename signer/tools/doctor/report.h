// Report collects what `proofmint doctor` finds, and prints it as text or JSON.

#ifndef PROOFMINT_SIGNER_TOOLS_DOCTOR_REPORT_H_
#define PROOFMINT_SIGNER_TOOLS_DOCTOR_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/tools/doctor/http_client.h"

namespace proofmint::doctor {

enum class CheckStatus {
  kOk,
  kWarn,     // works, but a person should know
  kFail,     // a broker's logins fail, or are not bound although they must be
  kSkip,     // not applicable, or pointless after an earlier result
  kUnknown,  // could not be found out, such as when nothing answers
};

// StatusName returns the status as reports show it, such as "ok".
absl::string_view StatusName(CheckStatus status);

// Check is one result. Its id is a contract; the texts are for people. No text
// holds a secret: no token, code, proof, nonce, handle or client secret.
struct Check {
  std::string id;  // such as "discovery.issuer"
  CheckStatus status = CheckStatus::kOk;
  std::string found;
  std::string want;    // empty unless something is wrong
  std::string remedy;  // what a person can do; empty unless something is wrong
  std::vector<HttpLine> http;  // the requests that it is based on
};

// Report is the outcome of one run.
struct Report {
  std::string issuer;
  std::string client_id;  // empty: none was given
  std::string version;    // of this program
  absl::Time started_at;
  std::vector<Check> checks;
  std::string log_record;  // a JSON object, or empty if no proof was sent

  // Adds a check. The functions return it, so that a caller can add its
  // requests. The reference is valid until the next one is added.
  Check& Ok(absl::string_view id, std::string found);
  Check& Warn(absl::string_view id, std::string found, std::string want,
              std::string remedy);
  Check& Fail(absl::string_view id, std::string found, std::string want,
              std::string remedy);
  Check& Skip(absl::string_view id, std::string why);
  Check& Unknown(absl::string_view id, std::string found, std::string want,
                 std::string remedy);

  // Returns the first check with `status`, or null.
  const Check* First(CheckStatus status) const;
};

// ExitCode returns 1 if a check failed or, if `strict`, warned; otherwise 3 if
// one is unknown; otherwise 0.
int ExitCode(const Report& report, bool strict);

// ToText returns a line for each check: status, id, what was found; under one
// that is neither ok nor skipped the lines `want:` and `do:`. Neighbouring
// checks that are skipped for the same reason share a line.
std::string ToText(const Report& report);

// ToJson returns one JSON object, indented:
//   {"issuer", "client_id", "version", "started_at" (RFC 3339), "checks":
//   [{"id",
//    "status", "found", "want", "remedy", "http": [{"method", "url", "status",
//    "ms"}]}], "log_record": {…}, "exit"}
std::string ToJson(const Report& report, bool strict);

}  // namespace proofmint::doctor

#endif  // PROOFMINT_SIGNER_TOOLS_DOCTOR_REPORT_H_
