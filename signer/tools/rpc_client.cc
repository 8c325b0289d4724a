#include "signer/tools/rpc_client.h"

#include <grpc/grpc.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <chrono>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "signer/base/file.h"
#include "signer/base/status_macros.h"
#include "signer/client/channel.h"
#include "signer/exchange/printable_text.h"
#include "signer/service/contract/error_details.h"
#include "signer/service/contract/errors.h"
#include "signer/service/contract/grpc_runtime.h"
#include "signer/service/contract/limits.h"

namespace proofmint::tools {
namespace {

constexpr size_t kMaxPemSize = 1 << 20;  // bytes

}  // namespace

void ServerFlags::AddTo(CLI::App& command) {
  target = service::kDefaultAddress;
  command
      .add_option("--target", target,
                  "Address of the server: unix:PATH or HOST:PORT")
      ->check([](const std::string& text) {
        return std::string(
            absl::StripPrefix(client::CheckTarget(text).message(), "target: "));
      })
      ->capture_default_str();
  command
      .add_option("--timeout", timeout_seconds,
                  "Deadline of each call, in seconds")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  CLI::Option* certificate =
      command
          .add_option("--tls_certificate", tls_certificate,
                      "This client's certificate, a PEM file, for a server\n"
                      "with mTLS. The three --tls_... flags go together; each\n"
                      "names a regular file, not a pipe")
          ->check(CLI::ExistingFile);
  CLI::Option* key =
      command
          .add_option("--tls_key", tls_key,
                      "The private key of the certificate, a PEM file")
          ->check(CLI::ExistingFile);
  CLI::Option* ca =
      command
          .add_option("--tls_ca", tls_ca,
                      "The certificate authorities of the server, a PEM file")
          ->check(CLI::ExistingFile);
  command
      .add_option("--tls_server_name", tls_server_name,
                  "The name that the server's certificate must have, instead\n"
                  "of the target's host")
      ->needs(ca);
  certificate->needs(key);
  key->needs(ca);
  ca->needs(certificate);
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> ServerFlags::NewChannel() const {
  service::KeepGrpcInitialized();
  grpc::ChannelArguments arguments;
  // A proxy for the web is not for the signer.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (tls_ca.empty()) {
    return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(),
                                     arguments);
  }
  if (!tls_server_name.empty()) {
    arguments.SetSslTargetNameOverride(tls_server_name);
  }
  grpc::SslCredentialsOptions options;
  PROOFMINT_ASSIGN_OR_RETURN(options.pem_root_certs,
                             base::ReadFile(tls_ca, kMaxPemSize));
  PROOFMINT_ASSIGN_OR_RETURN(options.pem_private_key,
                             base::ReadFile(tls_key, kMaxPemSize));
  PROOFMINT_ASSIGN_OR_RETURN(options.pem_cert_chain,
                             base::ReadFile(tls_certificate, kMaxPemSize));
  return grpc::CreateCustomChannel(target, grpc::SslCredentials(options),
                                   arguments);
}

void ServerFlags::SetDeadline(grpc::ClientContext& context) const {
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::seconds(timeout_seconds));
}

void PrintError(const google::rpc::Status& error, const std::string& subject) {
  const service::ErrorDetails details = service::DecodeErrorDetails(error);
  std::cerr << "error: " << (subject.empty() ? "" : subject + ": ")
            << service::CodeName(error.code())
            << (details.reason.empty() ? "" : " ")
            << EscapedText(details.reason) << "\n  "
            << EscapedText(error.message()) << "\n";
  for (const std::string& field : details.fields) {
    std::cerr << "  field: " << EscapedText(field) << "\n";
  }
  if (details.retry_delay.has_value()) {
    std::cerr << "  retry: after "
              << absl::ToInt64Milliseconds(*details.retry_delay) << " ms\n";
  }
}

void PrintError(const grpc::Status& error) {
  const google::rpc::Status details = service::ToRpcStatus(error);
  PrintError(details, /*subject=*/"");
  if (error.error_code() == grpc::StatusCode::UNAVAILABLE &&
      service::DecodeErrorDetails(details).reason.empty()) {
    std::cerr << "  No answer: the server does not run, or closes connections "
                 "of this user or address\n  at once. Its log then says "
                 "\"connection refused\", and why.\n";
  }
}

void PrintError(const absl::Status& error) {
  std::cerr << "error: " << EscapedText(error.message()) << "\n";
}

}  // namespace proofmint::tools
