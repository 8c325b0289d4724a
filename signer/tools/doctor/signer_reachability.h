// Finds out why a signer cannot be reached: signer.reachable.

#ifndef PROOFMINT_SIGNER_TOOLS_DOCTOR_SIGNER_REACHABILITY_H_
#define PROOFMINT_SIGNER_TOOLS_DOCTOR_SIGNER_REACHABILITY_H_

#include <grpcpp/support/status.h>

#include <optional>
#include <string>

#include "grpc/health/v1/health.pb.h"
#include "signer/tools/doctor/report.h"
#include "signer/tools/doctor/signer_checks.h"

namespace proofmint::doctor {

// CheckReachable connects, asks for the health of the signer, and adds the
// check. Returns the status of that call, whose response goes to `response`;
// nullopt if there was no connection.
std::optional<grpc::Status> CheckReachable(
    const SignerAccess& signer, grpc::health::v1::HealthCheckResponse& response,
    Report& report);

// DescribeCall returns the code, the reason and the message of a call.
std::string DescribeCall(const grpc::Status& status);

}  // namespace proofmint::doctor

#endif  // PROOFMINT_SIGNER_TOOLS_DOCTOR_SIGNER_REACHABILITY_H_
