#include "signer/tools/rpc_client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/error_details.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "google/rpc/code.pb.h"
#include "google/rpc/error_details.pb.h"
#include "signer/service/contract/grpc_runtime.h"
#include "signer/service/contract/limits.h"

namespace proofmint::tools {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

void ServerFlags::AddTo(CLI::App& command) {
  target = service::kDefaultAddress;
  command.add_option("--target", target, "The server: unix:PATH or HOST:PORT")
      ->capture_default_str();
  command
      .add_option("--timeout", timeout_seconds, "Seconds to wait for a call")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  CLI::Option* certificate =
      command
          .add_option("--tls_certificate", tls_certificate,
                      "This client's certificate, a PEM file, for a server\n"
                      "that wants mTLS; all three flags go together")
          ->check(CLI::ExistingFile);
  CLI::Option* key =
      command.add_option("--tls_key", tls_key, "The certificate's private key")
          ->check(CLI::ExistingFile);
  CLI::Option* ca =
      command.add_option("--tls_ca", tls_ca, "The authorities of the server's")
          ->check(CLI::ExistingFile);
  certificate->needs(key);
  key->needs(ca);
  ca->needs(certificate);
}

std::shared_ptr<grpc::Channel> ServerFlags::NewChannel() const {
  service::KeepGrpcInitialized();
  if (tls_ca.empty()) {
    return grpc::CreateChannel(target, grpc::InsecureChannelCredentials());
  }
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = ReadFile(tls_ca);
  options.pem_private_key = ReadFile(tls_key);
  options.pem_cert_chain = ReadFile(tls_certificate);
  return grpc::CreateChannel(target, grpc::SslCredentials(options));
}

void ServerFlags::SetDeadline(grpc::ClientContext& context) const {
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::seconds(timeout_seconds));
}

void PrintError(const google::rpc::Status& error, const std::string& subject) {
  std::string reason;
  std::string advice;
  for (const google::protobuf::Any& detail : error.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad_request;
    google::rpc::RetryInfo retry;
    if (detail.UnpackTo(&info)) {
      reason = absl::StrCat(" ", info.reason());
    } else if (detail.UnpackTo(&bad_request)) {
      for (const auto& violation : bad_request.field_violations()) {
        absl::StrAppend(&advice, "  field: ", violation.field(), "\n");
      }
    } else if (detail.UnpackTo(&retry)) {
      int64_t milliseconds = retry.retry_delay().seconds() * 1000 +
                             retry.retry_delay().nanos() / 1'000'000;
      absl::StrAppend(&advice, "  retry: after ", milliseconds, " ms\n");
    }
  }
  std::string code =
      google::rpc::Code_IsValid(error.code())
          ? google::rpc::Code_Name(static_cast<google::rpc::Code>(error.code()))
          : absl::StrCat("code ", error.code());
  std::cerr << "error: " << (subject.empty() ? "" : subject + ": ") << code
            << reason << "\n  " << error.message() << "\n"
            << advice;
}

void PrintError(const grpc::Status& error) {
  google::rpc::Status details;
  if (error.error_details().empty() ||
      !grpc::ExtractErrorDetails(error, &details).ok()) {
    details.set_code(error.error_code());
    details.set_message(error.error_message());
  }
  PrintError(details, /*subject=*/"");
}

}  // namespace proofmint::tools
