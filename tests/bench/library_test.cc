#include "bench/library.h"

#include <gmock/gmock.h>

#include <string>

#include "bench/results.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::bench {
namespace {

using ::proofmint::testing::IsOk;
using ::testing::StartsWith;

// One key in 128 has a coordinate that begins with a zero byte, and one
// signature in 128 an r or s that does.
constexpr int kEnoughForLeadingZeros = 1500;

class LibraryTest : public ::testing::TestWithParam<std::string> {
 protected:
  dpop::Algorithm algorithm() const {
    return *dpop::AlgorithmFromName(GetParam());
  }

  // Has the library make keys and signatures, and verifies them.
  void ExpectRightResults(Library& library) {
    Results keys(algorithm());
    Results signatures(algorithm());
    KeyType type = KeyTypeOf(algorithm());
    for (int i = 0; i < kEnoughForLeadingZeros; ++i) {
      LibraryKey key;
      std::array<uint8_t, kPrivateKeySize> private_key;
      std::array<uint8_t, 32> input = {static_cast<uint8_t>(i)};
      std::array<uint8_t, kSignatureSize> signature;
      ASSERT_TRUE(library.Generate(type, key));
      ASSERT_TRUE(library.ExportPrivateKey(key, private_key));
      ASSERT_TRUE(library.Sign(key, input, signature));
      std::span<const uint8_t> public_key =
          std::span(key.public_key).first(type == KeyType::kP256 ? 64 : 32);
      keys.AddKey(private_key, public_key);
      signatures.AddSignature(public_key, input, signature);
      library.Free(key);
    }
    EXPECT_THAT(keys.Verify(), IsOk());
    EXPECT_THAT(signatures.Verify(), IsOk());
  }
};

TEST(LibraryVersionTest, IsThatOfTheLibraryMeant) {
  EXPECT_THAT(NewBoringSslLibrary()->Version(), StartsWith("BoringSSL"));
  EXPECT_THAT(NewOpenSslLibrary()->Version(), StartsWith("OpenSSL 3"));
}

TEST_P(LibraryTest, BoringSslMakesRightKeysAndSignatures) {
  ExpectRightResults(*NewBoringSslLibrary());
}

TEST_P(LibraryTest, OpenSslMakesRightKeysAndSignatures) {
  ExpectRightResults(*NewOpenSslLibrary());
}

INSTANTIATE_TEST_SUITE_P(Algorithms, LibraryTest,
                         ::testing::Values("ES256", "Ed25519"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace proofmint::bench
