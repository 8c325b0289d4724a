// Holds the page of the report: report.html, compiled into the program.

#ifndef PROOFMINT_BENCH_LOAD_REPORT_TEMPLATE_H_
#define PROOFMINT_BENCH_LOAD_REPORT_TEMPLATE_H_

#include "absl/strings/string_view.h"

namespace proofmint::load {

// Contains the token @REPORT@, to be replaced by the report's JSON.
extern const absl::string_view kReportTemplate;

}  // namespace proofmint::load

#endif  // PROOFMINT_BENCH_LOAD_REPORT_TEMPLATE_H_
