// Tests that the daemon leaves no key in memory that is not locked, from where
// it could get into swap.

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proofmint/v1/proof_signer.grpc.pb.h"
#include "signer/crypto/aes_gcm_siv.h"
#include "signer/crypto/entropy.h"
#include "signer/crypto/sha2.h"
#include "signer/keys/key_encryption_keys.h"
#include "signer/keys/key_handle.h"
#include "signer/service/contract/conversions.h"
#include "tests/crypto/stack_search.h"
#include "tests/keys/kek_files.h"
#include "tests/keys/key_pool_peer.h"
#include "tests/testing/certificates.h"
#include "tests/testing/sanitizers.h"
#include "tests/testing/status_matchers.h"
#include "tests/tools/process.h"
#include "tests/tools/process_memory.h"

namespace proofmint::tools {
namespace {

using ::proofmint::testing::Certificates;
using ::proofmint::testing::FoundInUnlockedMemory;
using ::proofmint::testing::IsOk;
using ::proofmint::testing::kHasSanitizer;
using ::proofmint::testing::kProcessLimit;
using ::proofmint::testing::Process;
using ::proofmint::testing::TempDir;

constexpr v1::Algorithm kAlgorithms[] = {
    v1::ALGORITHM_ES256, v1::ALGORITHM_ED25519, v1::ALGORITHM_EDDSA};

keys::Kek NewKek() {
  return keys::GenerateKek(*crypto::NewSystemEntropy().value()).value();
}

// Adds `kek` in all forms: its bytes, its text in the file and in hexadecimal,
// and its key schedule.
void AddKek(const std::string& name, const keys::Kek& kek,
            crypto::Secrets& secrets) {
  std::span<const uint8_t> bytes = kek.ExposeSecret();
  secrets.Add(name, bytes);
  const std::string text =
      keys::LineOf(kek).substr(keys::kKekLinePrefix.size());
  secrets.Add(name + "'s text", crypto::AsBytes(text));
  const std::string hex = absl::BytesToHexString(
      {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  secrets.Add(name + "'s hex digits", crypto::AsBytes(hex));
  const crypto::AesGcmSiv cipher(kek.ExposeSecret());
  // The schedule follows the pointer to the algorithm.
  secrets.Add(
      name + "'s key schedule",
      std::span(reinterpret_cast<const uint8_t*>(&cipher), sizeof(cipher))
          .subspan(sizeof(void*)));
}

class ProofmintdMemoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (kHasSanitizer) GTEST_SKIP() << "frames are not those of a release";
  }

  // Returns the flags of the unit and of its template for /etc/default, and
  // those of the drop-ins if they are installed.
  std::vector<std::string> Flags(bool drop_ins) const {
    std::vector<std::string> flags = {PROOFMINTD, "--listen=" + target(),
                                      "--kek_file=" + kek_file(),
                                      "--require_memory_lock", "--audit_log=-"};
    if (drop_ins) {
      flags[1] += ",127.0.0.1:0";
      for (std::string flag :
           {std::string("--metrics_listen=127.0.0.1:0"),
            "--tls_certificate=" + certificates_.Path("server.crt"),
            "--tls_key=" + certificates_.Path("server.key"),
            "--tls_client_ca=" + certificates_.Path("ca.crt"),
            std::string("--allowed_sans=spiffe://prod.example/broker/*"),
            std::string("--lame_duck=0s")}) {
        flags.push_back(std::move(flag));
      }
    }
    // Only root may read the memory of a process that cannot be dumped.
    if (geteuid() != 0) flags.push_back("--allow_debugging");
    return flags;
  }

  std::string target() const { return "unix:" + (directory_ / "s"); }
  std::string kek_file() const { return directory_ / "kek"; }

  void WriteKeks(std::span<const keys::Kek> keks) const {
    std::string lines;
    for (const keys::Kek& kek : keks) lines += keys::LineOf(kek) + "\n";
    keys::WriteKekFile(kek_file(), lines);
  }

  // Has `requests` signed, each alone and all in a batch, and adds the handles
  // of the keys to `handles`.
  void Sign(const std::vector<v1::SignProofRequest>& requests,
            std::vector<std::pair<v1::Algorithm, std::string>>& handles) const {
    auto stub = v1::ProofSigner::NewStub(
        grpc::CreateChannel(target(), grpc::InsecureChannelCredentials()));
    auto deadline = [] {
      return absl::ToChronoTime(absl::Now() + kProcessLimit);
    };
    v1::BatchSignProofsRequest batch;
    for (const v1::SignProofRequest& request : requests) {
      grpc::ClientContext context;
      context.set_deadline(deadline());
      v1::SignProofResponse response;
      const grpc::Status status = stub->SignProof(&context, request, &response);
      ASSERT_TRUE(status.ok()) << status.error_message();
      handles.emplace_back(request.algorithm(), response.key_handle());
      *batch.add_requests() = request;
    }
    grpc::ClientContext context;
    context.set_deadline(deadline());
    v1::BatchSignProofsResponse response;
    const grpc::Status status =
        stub->BatchSignProofs(&context, batch, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    for (int i = 0; i < response.results_size(); ++i) {
      handles.emplace_back(batch.requests(i).algorithm(),
                           response.results(i).proof().key_handle());
    }
  }

  // Has proofs made, of new keys and again of some of the same keys, and adds
  // all those keys to `secrets`. `kek` seals.
  void SignAndAddKeys(const keys::Kek& kek, crypto::Secrets& secrets) const {
    std::vector<v1::SignProofRequest> requests;
    for (int i = 0; i < 70; ++i) {
      v1::SignProofRequest& request = requests.emplace_back();
      request.set_algorithm(kAlgorithms[i % 3]);
      request.set_htm("POST");
      request.set_htu("https://idp.example/token");
      request.set_return_key_handle(true);
    }
    std::vector<std::pair<v1::Algorithm, std::string>> handles;
    ASSERT_NO_FATAL_FAILURE(Sign(requests, handles));
    requests.resize(7);
    for (size_t i = 0; i < requests.size(); ++i) {
      requests[i].set_key_handle(handles[i].second);
    }
    ASSERT_NO_FATAL_FAILURE(Sign(requests, handles));
    const auto keks = keys::KeyEncryptionKeys::New({&kek, 1}).value();
    for (const auto& [algorithm, handle] : handles) {
      absl::StatusOr<dpop::ProofKey> key =
          keys::OpenKeyHandle(*keks, handle, *service::ToAlgorithm(algorithm),
                              absl::StrCat("uid:", geteuid()), absl::Now());
      ASSERT_THAT(key, IsOk());
      const std::string secret = keys::SecretOf(*key);
      secrets.Add("a proof's private key", crypto::AsBytes(secret));
      if (algorithm == v1::ALGORITHM_ES256) continue;
      secrets.Add("a proof's expanded key",
                  crypto::Sha512(crypto::AsBytes(secret)));
    }
  }

  TempDir directory_;
  Certificates certificates_;
};

TEST_F(ProofmintdMemoryTest, HoldsKeysInLockedPagesAlone) {
  for (bool drop_ins : {false, true}) {
    SCOPED_TRACE(drop_ins);
    std::vector<keys::Kek> keks;
    for (int i = 0; i < 2; ++i) keks.push_back(NewKek());
    crypto::Secrets secrets;
    AddKek("the first KEK", keks[0], secrets);
    AddKek("the second KEK", keks[1], secrets);
    WriteKeks(std::span(keks).first(1));
    Process daemon(Flags(drop_ins));
    ASSERT_TRUE(daemon.WaitForError(R"("message":"serving")"))
        << daemon.Error();
    size_t searched = 0;
    EXPECT_EQ(FoundInUnlockedMemory(daemon.pid(), secrets, searched), "");
    ASSERT_NO_FATAL_FAILURE(SignAndAddKeys(keks[0], secrets));
    EXPECT_EQ(FoundInUnlockedMemory(daemon.pid(), secrets, searched), "");
    WriteKeks(std::span(keks).last(1));
    ASSERT_TRUE(daemon.WaitForError(R"("message":"reloaded")"));
    ASSERT_NO_FATAL_FAILURE(SignAndAddKeys(keks[1], secrets));
    EXPECT_EQ(FoundInUnlockedMemory(daemon.pid(), secrets, searched), "");
    EXPECT_GT(searched, size_t{1} << 20);
  }
}

// What the test above relies on: it sees the memory of another process, and
// tells locked pages.
TEST_F(ProofmintdMemoryTest, IsSearched) {
  const keys::Kek kek = NewKek();
  WriteKeks({&kek, 1});
  Process daemon(Flags(/*drop_ins=*/false));
  ASSERT_TRUE(daemon.WaitForError(R"("message":"serving")")) << daemon.Error();
  // The path of the socket is no secret.
  const std::string path = directory_ / "s";
  crypto::Secrets words;
  words.Add("the path", crypto::AsBytes(path));
  size_t searched = 0;
  EXPECT_NE(FoundInUnlockedMemory(daemon.pid(), words, searched), "");
}

}  // namespace
}  // namespace proofmint::tools
