// Shares what the commands of the CLI that call a server need.

#ifndef PROOFMINT_SIGNER_TOOLS_RPC_CLIENT_H_
#define PROOFMINT_SIGNER_TOOLS_RPC_CLIENT_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <CLI/App.hpp>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/rpc/status.pb.h"

namespace proofmint::tools {

// ServerFlags tells which server to call, and how long to wait for a response.
struct ServerFlags {
  std::string target;
  int timeout_seconds = 5;
  // PEM files for mTLS; without them connections are plaintext.
  std::string tls_certificate;
  std::string tls_key;
  std::string tls_ca;
  std::string tls_server_name;  // Empty: the host of `target`.

  // Adds --target, --timeout and the flags of TLS to `command`, which writes
  // their values to this object.
  void AddTo(CLI::App& command);

  // Fails as base::ReadFile if a file of TLS cannot be read.
  absl::StatusOr<std::shared_ptr<grpc::Channel>> NewChannel() const;
  void SetDeadline(grpc::ClientContext& context) const;
};

// PrintError writes an error to standard error for a person to read: code and
// reason, message, the fields that are wrong, and the delay before a retry.
// `subject`, such as "item 3", may be empty.
void PrintError(const google::rpc::Status& error, const std::string& subject);

// Prints the status of an RPC, with its google.rpc details if it has any.
void PrintError(const grpc::Status& error);

// PrintError for what fails before a call.
void PrintError(const absl::Status& error);

}  // namespace proofmint::tools

#endif  // PROOFMINT_SIGNER_TOOLS_RPC_CLIENT_H_
