// Says which program this is, for --version.

#ifndef PROOFMINT_SIGNER_TOOLS_VERSION_H_
#define PROOFMINT_SIGNER_TOOLS_VERSION_H_

#include <string>

namespace proofmint::tools {

// VersionText returns three lines: the version of Proofmint, the kernel that
// this CPU gets by default, and the revision of BoringSSL, or "unknown" if its
// source tree did not say. Thread-safe.
std::string VersionText();

}  // namespace proofmint::tools

#endif  // PROOFMINT_SIGNER_TOOLS_VERSION_H_
