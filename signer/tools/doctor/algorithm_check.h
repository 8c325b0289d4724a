// Checks the algorithms that an identity provider publishes:
// discovery.algorithms.

#ifndef PROOFMINT_SIGNER_TOOLS_DOCTOR_ALGORITHM_CHECK_H_
#define PROOFMINT_SIGNER_TOOLS_DOCTOR_ALGORITHM_CHECK_H_

#include <optional>
#include <string>
#include <vector>

#include "signer/exchange/algorithm_choice.h"
#include "signer/exchange/server_metadata.h"
#include "signer/tools/doctor/options.h"
#include "signer/tools/doctor/report.h"

namespace proofmint::doctor {

// CheckPublishedAlgorithms adds the check and returns what a broker would send;
// nullopt: no algorithm is in common. `problems` says what is wrong with the
// list if it could not be read.
std::optional<AlgorithmChoice> CheckPublishedAlgorithms(
    const ConnectionOptions& options, const std::vector<std::string>& problems,
    const ServerMetadata& metadata, Report& report);

// ListedNames returns `names` as a text, fit for a report.
std::string ListedNames(const std::vector<std::string>& names);

}  // namespace proofmint::doctor

#endif  // PROOFMINT_SIGNER_TOOLS_DOCTOR_ALGORITHM_CHECK_H_
