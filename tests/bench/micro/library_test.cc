#include "bench/micro/library.h"

#include <gmock/gmock.h>

#include <string>

#include "bench/micro/results.h"
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
    Results results;
    KeyType type = KeyTypeOf(algorithm());
    for (int i = 0; i < kEnoughForLeadingZeros; ++i) {
      LibraryKey key;
      Signature made;
      made.input.assign(32, static_cast<uint8_t>(i));
      ASSERT_TRUE(library.Generate(type, key));
      ASSERT_TRUE(library.Sign(key, made.input, made.signature));
      made.key = PublicHalf(key);
      results.push_back(std::move(made));
      KeyPair pair = PublicHalf(key);
      ASSERT_TRUE(library.ExportPrivateKey(key, PrivateKeyOf(pair)));
      results.push_back(std::move(pair));
      library.Free(key);
    }
    EXPECT_THAT(ResultVerifier(algorithm()).Verify(results), IsOk());
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
