// The page of the report: report.html as it was when the program was built.

#ifndef PROOFMINT_BENCH_LOAD_REPORT_TEMPLATE_H_
#define PROOFMINT_BENCH_LOAD_REPORT_TEMPLATE_H_

#include "absl/strings/string_view.h"

namespace proofmint::load {

// Holds the token @REPORT@ where the JSON text of the report goes.
extern const absl::string_view kReportTemplate;

}  // namespace proofmint::load

#endif  // PROOFMINT_BENCH_LOAD_REPORT_TEMPLATE_H_
