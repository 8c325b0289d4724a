// Tests the command line as a person or a script uses it, with a real daemon.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "signer/dpop/inspect.h"
#include "tests/testing/status_matchers.h"
#include "tests/tools/process.h"

namespace proofmint::tools {
namespace {

using ::proofmint::testing::Daemon;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::Result;
using ::proofmint::testing::RunProgram;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::MatchesRegex;

constexpr char kHtu[] = "--htu=https://idp.example/token";

class ProofmintTest : public ::testing::Test {
 protected:
  Result Command(const std::string& name, std::vector<std::string> flags) {
    flags.insert(flags.begin(), {PROOFMINT, name});
    if (name != "inspect") flags.push_back("--target=" + daemon_.target());
    return RunProgram(flags);
  }

  // Runs `sign` and returns its lines, each a proof that verifies.
  std::vector<dpop::InspectedProof> Sign(
      const std::vector<std::string>& flags) {
    Result result = Command("sign", flags);
    EXPECT_EQ(result.exit_code, 0) << result.error;
    EXPECT_EQ(result.error, "");
    std::vector<dpop::InspectedProof> proofs;
    for (absl::string_view line :
         absl::StrSplit(result.output, '\n', absl::SkipEmpty())) {
      absl::StatusOr<dpop::InspectedProof> proof = dpop::InspectProof(line);
      EXPECT_THAT(proof, IsOk());
      if (!proof.ok()) continue;
      EXPECT_TRUE(proof->signature_valid);
      proofs.push_back(*std::move(proof));
    }
    return proofs;
  }

  // Returns "iat" of a proof with `flags` minus that of one without.
  int64_t Shift(const std::vector<std::string>& flags) {
    std::vector<std::string> all = {kHtu};
    all.insert(all.end(), flags.begin(), flags.end());
    int64_t before = Sign({kHtu}).at(0).iat;
    return Sign(all).at(0).iat - before;
  }

  Daemon daemon_;
};

TEST_F(ProofmintTest, SignsWithEachAlgorithm) {
  EXPECT_EQ(Sign({kHtu}).at(0).algorithm, dpop::Algorithm::kEs256);
  EXPECT_EQ(Sign({kHtu, "--algorithm=ES256"}).at(0).algorithm,
            dpop::Algorithm::kEs256);
  EXPECT_EQ(Sign({kHtu, "--algorithm=Ed25519"}).at(0).algorithm,
            dpop::Algorithm::kEd25519);
  EXPECT_EQ(Sign({kHtu, "--algorithm", "EdDSA"}).at(0).algorithm,
            dpop::Algorithm::kEdDsa);
}

TEST_F(ProofmintTest, PutsEveryFlagIntoTheProof) {
  dpop::InspectedProof proof =
      Sign({"--htu=HTTPS://IDP.example:443/a?b", "--htm=get", "--nonce=n-1",
            "--access_token_sha256=" + std::string(64, 'f')})
          .at(0);
  EXPECT_EQ(proof.htu, "https://idp.example/a");
  EXPECT_EQ(proof.htm, "get");
  EXPECT_EQ(proof.nonce, "n-1");
  EXPECT_EQ(proof.ath, "__________________________________________8");
  EXPECT_EQ(Sign({kHtu}).at(0).htm, "POST");
}

TEST_F(ProofmintTest, ShiftsIatBothWays) {
  // The clock advances between the two calls.
  EXPECT_THAT(Shift({"--iat_offset=-1.5s"}), AllOf(Ge(-2), Le(8)));
  EXPECT_THAT(Shift({"--iat_offset", "-200.5s"}), AllOf(Ge(-201), Le(-190)));
  EXPECT_THAT(Shift({"--iat_offset=5m"}), AllOf(Ge(300), Le(310)));
  EXPECT_THAT(Shift({"--iat_offset=-5m"}), AllOf(Ge(-300), Le(-290)));
}

TEST_F(ProofmintTest, PrintsTheRequestedNumberOfProofs) {
  EXPECT_EQ(Sign({kHtu, "--count=3"}).size(), 3u);
  EXPECT_EQ(Sign({kHtu, "--count=7", "--batch=3"}).size(), 7u);
  EXPECT_EQ(Sign({kHtu, "--count=2", "--batch=256"}).size(), 2u);
  EXPECT_EQ(Sign({kHtu, "--count=257", "--batch=256"}).size(), 257u);
  EXPECT_EQ(Sign({kHtu, "--batch=5"}).size(), 1u);
}

TEST_F(ProofmintTest, PrintsJsonLinesWithTheDocumentedKeys) {
  Result result = Command("sign", {kHtu, "--json", "--count=5", "--batch=2",
                                   "--nonce=n-1", "--algorithm=EdDSA"});
  ASSERT_EQ(result.exit_code, 0) << result.error;
  std::vector<std::string> lines =
      absl::StrSplit(result.output, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 5u);
  std::set<std::string> thumbprints;
  for (const std::string& line : lines) {
    auto json = nlohmann::ordered_json::parse(line);
    std::vector<std::string> keys;
    for (const auto& [key, value] : json.items()) keys.push_back(key);
    EXPECT_THAT(
        keys, ElementsAre("proof", "jkt", "iat", "alg", "htm", "htu", "nonce"));
    absl::StatusOr<dpop::InspectedProof> proof =
        dpop::InspectProof(std::string(json["proof"]));
    ASSERT_THAT(proof, IsOk());
    EXPECT_EQ(json["jkt"], proof->jkt);
    EXPECT_EQ(json["iat"], proof->iat);
    EXPECT_EQ(json["alg"], "EdDSA");
    EXPECT_EQ(json["htm"], "POST");
    EXPECT_EQ(json["htu"], "https://idp.example/token");
    EXPECT_EQ(json["nonce"], "n-1");
    thumbprints.insert(proof->jkt);
  }
  EXPECT_EQ(thumbprints.size(), 5u);
}

TEST_F(ProofmintTest, ShowsReasonAndFieldOfAnError) {
  Result one = Command("sign", {"--htu=ftp://idp.example"});
  EXPECT_EQ(one.exit_code, 1);
  EXPECT_EQ(one.output, "");
  EXPECT_THAT(one.error, AllOf(HasSubstr("INVALID_ARGUMENT INVALID_HTU"),
                               HasSubstr("field: htu\n")));
  Result batch = Command("sign", {kHtu, "--htm=A B", "--count=2", "--batch=2"});
  EXPECT_EQ(batch.exit_code, 1);
  EXPECT_THAT(batch.error, AllOf(HasSubstr("item 0: INVALID_ARGUMENT"),
                                 HasSubstr("item 1: INVALID_ARGUMENT"),
                                 HasSubstr("INVALID_HTM"),
                                 HasSubstr("field: requests[1].htm\n")));
  EXPECT_THAT(Command("sign", {kHtu, "--key_handle=AAAA"}).error,
              AllOf(HasSubstr("INVALID_ARGUMENT INVALID_KEY_HANDLE"),
                    HasSubstr("field: key_handle\n")));
  EXPECT_THAT(Command("sign", {kHtu, "--iat_offset=301s"}).error,
              HasSubstr("INVALID_IAT_OFFSET"));
}

TEST_F(ProofmintTest, RefusesInvalidFlags) {
  for (const char* flag :
       {"--algorithm=RS256", "--access_token_sha256=abc", "--count=0",
        "--count=-1", "--batch=0", "--batch=257", "--iat_offset=soon",
        "--key_handle=!", "--timeout=0", "--timeout=nan", "--timeout=1e300",
        "--no_such_flag"}) {
    Result result = Command("sign", {kHtu, flag});
    EXPECT_GT(result.exit_code, 1) << flag << "\n" << result.error;
    std::string name = std::string(flag).substr(0, std::string(flag).find('='));
    EXPECT_THAT(result.error, HasSubstr(name));
    EXPECT_EQ(result.output, "");
  }
  EXPECT_THAT(Command("sign", {}).error, HasSubstr("--htu"));
}

TEST_F(ProofmintTest, InspectsAProofForAPerson) {
  Result signed_one = Command("sign", {kHtu, "--nonce=n-1"});
  ASSERT_EQ(signed_one.exit_code, 0) << signed_one.error;
  const std::string proof =
      signed_one.output.substr(0, signed_one.output.size() - 1);
  Result shown = Command("inspect", {proof});
  EXPECT_EQ(shown.exit_code, 0);
  EXPECT_THAT(
      shown.output,
      AllOf(HasSubstr("\"alg\": \"ES256\""), HasSubstr("\"typ\": \"dpop+jwt\""),
            HasSubstr("\"nonce\": \"n-1\""), HasSubstr(" UTC\n"),
            HasSubstr("signature  valid\n")));
  EXPECT_THAT(shown.output,
              HasSubstr("thumbprint " + dpop::InspectProof(proof)->jkt + "\n"));
  // Standard input is a pipe, as in `proofmint sign | proofmint inspect -`.
  Result piped = RunProgram({PROOFMINT, "inspect", "-"}, signed_one.output);
  EXPECT_EQ(piped.exit_code, 0);
  EXPECT_EQ(piped.output, shown.output);
}

TEST_F(ProofmintTest, InspectDistinguishesAnInvalidSignatureFromOtherText) {
  Result signed_one = Command("sign", {kHtu});
  std::string proof = signed_one.output.substr(0, signed_one.output.size() - 1);
  char& byte = proof[proof.rfind('.') + 10];
  byte = byte == 'A' ? 'B' : 'A';
  Result bad = Command("inspect", {proof});
  EXPECT_EQ(bad.exit_code, 1);
  EXPECT_THAT(bad.output, HasSubstr("signature  INVALID\n"));
  for (const char* text : {"x", "a.b.c", "..", ""}) {
    Result none = Command("inspect", {text});
    EXPECT_EQ(none.exit_code, 1) << text;
    EXPECT_EQ(none.output, "");
    EXPECT_THAT(none.error, HasSubstr("not a DPoP proof"));
  }
}

TEST_F(ProofmintTest, ShowsCapabilities) {
  for (const std::string& target : {daemon_.target(), daemon_.tcp_target()}) {
    Result result =
        RunProgram({PROOFMINT, "capabilities", "--target=" + target});
    EXPECT_EQ(result.exit_code, 0) << result.error;
    EXPECT_THAT(result.output, MatchesRegex("version +[0-9.]+\n"
                                            "kernel +[a-z0-9]+\n"
                                            "algorithms +ES256 Ed25519 EdDSA\n"
                                            "max batch size +256\n"
                                            "max iat offset +300 s\n"));
  }
}

TEST_F(ProofmintTest, HealthExitsWithTheStatusForProbes) {
  Result up = Command("health", {});
  EXPECT_EQ(up.exit_code, 0);
  EXPECT_EQ(up.output, "SERVING\n");
  EXPECT_EQ(Command("health", {"--service=proofmint.v1.ProofSigner"}).exit_code,
            0);
  EXPECT_EQ(Command("health", {"--service=unknown"}).exit_code, 1);
}

TEST_F(ProofmintTest, FailsClearlyWithoutAServer) {
  for (const char* command : {"health", "capabilities", "sign"}) {
    std::vector<std::string> words = {
        PROOFMINT, command, "--target=unix:" + daemon_.path() + ".none"};
    if (std::string(command) == "sign") words.push_back(kHtu);
    Result down = RunProgram(words);
    EXPECT_EQ(down.exit_code, 1) << command;
    EXPECT_EQ(down.output, "");
    EXPECT_THAT(down.error, AllOf(HasSubstr("UNAVAILABLE"),
                                  HasSubstr("No such file or directory")));
  }
}

TEST_F(ProofmintTest, UsesNoProxyOfTheWeb) {
  for (const char* command : {"health", "capabilities"}) {
    const Result result = RunProgram(
        {"/bin/sh", "-c", "http_proxy=http://127.0.0.1:1 exec \"$0\" \"$@\"",
         PROOFMINT, command, "--target=" + daemon_.tcp_target()});
    EXPECT_EQ(result.exit_code, 0) << result.error;
  }
}

TEST_F(ProofmintTest, HelpNamesEveryFlagOfEveryCommand) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> kFlags = {
      {"sign",
       {"--algorithm", "--htm", "--htu", "--nonce", "--access_token_sha256",
        "--key_handle", "--return_key_handle", "--iat_offset", "--count",
        "--batch", "--json", "--target", "--timeout"}},
      {"inspect", {"PROOF"}},
      {"capabilities", {"--target", "--timeout"}},
      {"health", {"--service", "--target", "--timeout"}}};
  Result all = RunProgram({PROOFMINT, "--help"});
  EXPECT_EQ(all.exit_code, 0);
  for (const auto& [command, flags] : kFlags) {
    EXPECT_THAT(all.output, HasSubstr(command));
    Result help = RunProgram({PROOFMINT, command, "--help"});
    EXPECT_EQ(help.exit_code, 0);
    for (const std::string& flag : flags) {
      EXPECT_THAT(help.output, HasSubstr("  " + flag)) << command;
    }
  }
  EXPECT_THAT(RunProgram({PROOFMINT, "--version"}).output,
              MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+\n"
                           "kernel     [a-z0-9]+\n"
                           "BoringSSL  [0-9a-f]+\n"));
  EXPECT_NE(RunProgram({PROOFMINT}).exit_code, 0);
  EXPECT_NE(RunProgram({PROOFMINT, "unknown"}).exit_code, 0);
}

}  // namespace
}  // namespace proofmint::tools
