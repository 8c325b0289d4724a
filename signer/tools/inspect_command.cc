#include "signer/tools/inspect_command.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "signer/dpop/inspect.h"
#include "signer/exchange/printable_text.h"

namespace proofmint::tools {
namespace {

// `json` must be valid JSON, as every inspected part is.
std::string Pretty(const std::string& json) {
  return nlohmann::ordered_json::parse(json).dump(2, ' ',
                                                  /*ensure_ascii=*/true);
}

bool Inspect(const std::string& text) {
  absl::StatusOr<dpop::InspectedProof> proof = dpop::InspectProof(text);
  if (!proof.ok()) {
    std::cerr << "error: not a DPoP proof\n  "
              << EscapedText(proof.status().message()) << "\n";
    return false;
  }
  std::cout << "header " << Pretty(proof->header) << "\n"
            << "claims " << Pretty(proof->claims) << "\n"
            << "issued     "
            << absl::FormatTime("%Y-%m-%d %H:%M:%S UTC",
                                absl::FromUnixSeconds(proof->iat),
                                absl::UTCTimeZone())
            << "\n"
            << "thumbprint " << proof->jkt << "\n"
            << "signature  " << (proof->signature_valid ? "valid" : "INVALID")
            << "\n";
  return proof->signature_valid;
}

// Inspects the words of standard input.
bool InspectInput() {
  std::string text;
  std::cin >> text;
  bool all_ok = Inspect(text);
  while (std::cin >> text) {
    std::cout << "\n";
    all_ok &= Inspect(text);
  }
  return all_ok;
}

}  // namespace

void AddInspectCommand(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "inspect",
      "Show a proof's header, claims and thumbprint, and verify its "
      "signature.\n"
      "Exits with 1 if a text is not a proof or a signature is invalid.");
  auto text = std::make_shared<std::string>();
  command
      ->add_option("PROOF", *text,
                   "The proof, or - for those of standard input, one per line")
      ->required();
  command->callback([text, &exit_code] {
    const bool ok = *text == "-" ? InspectInput() : Inspect(*text);
    exit_code = ok ? 0 : 1;
  });
}

}  // namespace proofmint::tools
