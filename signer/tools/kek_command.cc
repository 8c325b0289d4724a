#include "signer/tools/kek_command.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <iostream>
#include <memory>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "signer/base/status_macros.h"
#include "signer/crypto/entropy.h"
#include "signer/keys/kek_file.h"
#include "signer/keys/key_encryption_keys.h"

namespace proofmint::tools {
namespace {

absl::string_view AsText(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

absl::Status PrintNewKek() {
  PROOFMINT_ASSIGN_OR_RETURN(std::unique_ptr<crypto::Entropy> entropy,
                             crypto::NewSystemEntropy());
  PROOFMINT_ASSIGN_OR_RETURN(keys::Kek kek, keys::GenerateKek(*entropy));
  const keys::KekLine line = keys::FormatKek(kek);
  std::cout << "# KEK " << absl::BytesToHexString(AsText(keys::IdOf(kek)))
            << ", made "
            << absl::FormatTime("%Y-%m-%d", absl::Now(), absl::UTCTimeZone())
            << "\n"
            << AsText(line.ExposeSecret()) << "\n";
  return absl::OkStatus();
}

}  // namespace

void AddKekCommand(CLI::App& app, int& exit_code) {
  CLI::App* kek = app.add_subcommand(
      "kek", "Make key-encryption keys, which seal key handles.");
  kek->require_subcommand(1);
  CLI::App* command = kek->add_subcommand(
      "new",
      "Print a new random key as a line for the file of proofmintd "
      "--kek_file.\n"
      "The first key of that file seals handles; all of them open handles.\n"
      "Keep it secret.");
  command->callback([&exit_code] {
    absl::Status status = PrintNewKek();
    if (!status.ok()) std::cerr << "error: " << status.message() << "\n";
    exit_code = status.ok() ? 0 : 1;
  });
}

}  // namespace proofmint::tools
