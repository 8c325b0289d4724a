#include "signer/tools/version.h"

#include "absl/strings/str_cat.h"
#include "signer/crypto/kernel.h"

namespace proofmint::tools {

std::string VersionText() {
  return absl::StrCat(PROOFMINT_VERSION, "\nkernel     ",
                      crypto::KernelName(crypto::DefaultKernel()),
                      "\nBoringSSL  ", PROOFMINT_BORINGSSL_REVISION);
}

}  // namespace proofmint::tools
