#include "signer/keys/key_handle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "signer/crypto/secret.h"
#include "signer/crypto/sha2.h"
#include "tests/crypto/stack_search.h"
#include "tests/dpop/test_keys.h"
#include "tests/keys/kek_files.h"
#include "tests/keys/key_pool_peer.h"
#include "tests/testing/fake_entropy.h"
#include "tests/testing/sanitizers.h"
#include "tests/testing/status_matchers.h"

namespace proofmint::keys {
namespace {

using dpop::Algorithm;
using dpop::ProofKey;
using proofmint::testing::FakeEntropy;
using proofmint::testing::IsOk;
using proofmint::testing::kHasSanitizer;
using proofmint::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kCaller[] = "uid:1000";
const absl::Time kExpiry = absl::FromUnixSeconds(1'767'225'600);
const absl::Time kNow = kExpiry - absl::Hours(24);

class KeyHandleTest : public ::testing::TestWithParam<Algorithm> {
 protected:
  KeyHandleTest()
      : keks_(KeyEncryptionKeys::New(TestKeks({0, 1})).value()),
        key_(dpop::PublishedKey(GetParam())) {}

  std::string Seal(absl::string_view caller = kCaller) {
    std::string handle;
    EXPECT_THAT(SealKeyHandle(*keks_, key_, GetParam(), caller, kExpiry,
                              entropy_, handle),
                IsOk());
    return handle;
  }

  absl::StatusOr<ProofKey> Open(absl::string_view handle,
                                absl::string_view caller = kCaller,
                                absl::Time now = kNow) {
    return OpenKeyHandle(*keks_, handle, GetParam(), caller, now);
  }

  // Both make a handle with this header, of a private key of 32 bytes, as any
  // owner of the KEK can.
  std::string ForgeOf(const std::string& header, const std::string& key) {
    return ForgeHandle(keks_->sealing_key(), header, key, kCaller);
  }
  std::string Forge(const std::string& header, uint8_t byte) {
    return ForgeOf(header, std::string(32, static_cast<char>(byte)));
  }

  // The one error there is.
  absl::Status Refusal() { return Open("").status(); }

  FakeEntropy entropy_;
  std::unique_ptr<const KeyEncryptionKeys> keks_;
  ProofKey key_;
};

INSTANTIATE_TEST_SUITE_P(All, KeyHandleTest,
                         ::testing::ValuesIn(dpop::kAlgorithms),
                         [](const auto& test) {
                           return std::string(AlgorithmName(test.param));
                         });

//= rfc9449#5
//# As a result, such a client MUST present a DPoP proof for the same key that
//# was used to obtain the refresh token each time that refresh token is used to
//# obtain a new access token.
//# type=test
TEST_P(KeyHandleTest, GivesTheSameKeyBack) {
  for (int i = 0; i < 20; ++i) {
    key_ = dpop::NewKey(GetParam(), entropy_);
    absl::StatusOr<ProofKey> opened = Open(Seal());
    ASSERT_THAT(opened, IsOk());
    EXPECT_EQ(SecretOf(*opened), SecretOf(key_));
    EXPECT_EQ(opened->encoded_header(), key_.encoded_header());
    EXPECT_EQ(opened->jkt(), key_.jkt());
  }
}

// Computed by a program of its own, with POLYVAL as in RFC 8452 section 3 and
// AES of OpenSSL, from kek 00..1f, nonce 64..6f and the published keys.
TEST_P(KeyHandleTest, HasTheDocumentedLayout) {
  const std::string header = "6955b900583465db27c025a36465666768696a6b6c6d6e6f";
  const std::string want =
      GetParam() == Algorithm::kEs256
          ? "010100000000" + header +
                "c806028d1feda787c4ed7b158b51fa2ad2edb205e4b19f379eafd7fb432d18"
                "16c8a31021b899dc0ae5551ab256f415e0"
      : GetParam() == Algorithm::kEd25519
          ? "010200000000" + header +
                "4ae8096ca28ec0f7232d321b58bbef57cb81801e8d3e56fe9035c3bdde0b70"
                "c9190bd98695298531f9071079780516b7"
          : "010300000000" + header +
                "31bdd501ff16e6866ca1aae93fae80d9e4c5bc1e3540d15182d6e3caab05eb"
                "cc2dabbd3c985134ad60468902edf58e57";
  entropy_.GiveNext("defghijklmno");
  EXPECT_EQ(absl::BytesToHexString(Seal()), want);
  EXPECT_THAT(Open(absl::HexStringToBytes(want)), IsOk());
}

TEST_P(KeyHandleTest, IsAppended) {
  std::string handles = "before";
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(SealKeyHandle(*keks_, key_, GetParam(), kCaller, kExpiry,
                              entropy_, handles),
                IsOk());
  }
  ASSERT_EQ(handles.size(), 6 + 2 * kKeyHandleSize);
  EXPECT_EQ(handles.substr(0, 6), "before");
  EXPECT_THAT(Open(handles.substr(6, kKeyHandleSize)), IsOk());
  EXPECT_THAT(Open(handles.substr(6 + kKeyHandleSize)), IsOk());
}

TEST_P(KeyHandleTest, HasOneErrorThatQuotesNothing) {
  EXPECT_EQ(Refusal(),
            absl::InvalidArgumentError(
                "key_handle: got one that has expired or was not made here for "
                "this caller and algorithm, want one of an earlier answer"));
}

TEST_P(KeyHandleTest, IsRefusedWithAnyBitFlipped) {
  const std::string handle = Seal();
  for (size_t bit = 0; bit < 8 * handle.size(); ++bit) {
    std::string flipped = handle;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    EXPECT_EQ(Open(flipped).status(), Refusal()) << bit;
  }
  EXPECT_THAT(Open(handle), IsOk());
}

TEST_P(KeyHandleTest, IsRefusedTruncatedOrExtended) {
  const std::string handle = Seal();
  for (size_t size = 0; size < handle.size(); ++size) {
    EXPECT_EQ(Open(handle.substr(0, size)).status(), Refusal()) << size;
    EXPECT_EQ(Open(handle.substr(handle.size() - size)).status(), Refusal());
  }
  EXPECT_EQ(Open(handle + std::string(1, '\0')).status(), Refusal());
  EXPECT_EQ(Open("\x01" + handle).status(), Refusal());
  EXPECT_EQ(Open(handle + handle).status(), Refusal());
  EXPECT_EQ(Open(std::string(1 << 20, '\x01')).status(), Refusal());
}

TEST_P(KeyHandleTest, IsForOneCaller) {
  const std::vector<std::string> callers = {"",
                                            std::string(1, '\0'),
                                            "uid:1000",
                                            "uid:100",
                                            "uid:10000",
                                            " uid:1000",
                                            "UID:1000",
                                            std::string("uid:1000\0", 9),
                                            std::string(16, 'a'),
                                            std::string(32, 'a'),
                                            std::string(5000, 'a')};
  for (const std::string& sealed_for : callers) {
    const std::string handle = Seal(sealed_for);
    for (const std::string& caller : callers) {
      absl::StatusOr<ProofKey> opened = Open(handle, caller);
      if (caller == sealed_for) {
        EXPECT_THAT(opened, IsOk());
      } else {
        EXPECT_EQ(opened.status(), Refusal());
      }
    }
  }
}

TEST_P(KeyHandleTest, IsForOneAlgorithm) {
  for (Algorithm other : dpop::kAlgorithms) {
    if (other == GetParam()) continue;
    std::string handle = Seal();
    EXPECT_EQ(OpenKeyHandle(*keks_, handle, other, kCaller, kNow).status(),
              Refusal());
    // Nor with the algorithm rewritten.
    std::string other_handle;
    ASSERT_THAT(SealKeyHandle(*keks_, dpop::PublishedKey(other), other, kCaller,
                              kExpiry, entropy_, other_handle),
                IsOk());
    handle[1] = other_handle[1];
    EXPECT_EQ(OpenKeyHandle(*keks_, handle, other, kCaller, kNow).status(),
              Refusal());
  }
}

TEST_P(KeyHandleTest, ExpiresAtASecond) {
  const std::string handle = Seal();
  EXPECT_THAT(Open(handle, kCaller, kExpiry - absl::Nanoseconds(1)), IsOk());
  EXPECT_THAT(Open(handle, kCaller, absl::InfinitePast()), IsOk());
  EXPECT_EQ(Open(handle, kCaller, kExpiry).status(), Refusal());
  EXPECT_EQ(Open(handle, kCaller, absl::InfiniteFuture()).status(), Refusal());

  // A fraction of a second is rounded up: a handle never ends too early.
  for (absl::Duration fraction : {absl::Nanoseconds(1), absl::Milliseconds(200),
                                  absl::Milliseconds(999), absl::Seconds(1)}) {
    std::string rounded;
    ASSERT_THAT(SealKeyHandle(*keks_, key_, GetParam(), kCaller,
                              kExpiry + fraction, entropy_, rounded),
                IsOk());
    const absl::Time end = kExpiry + absl::Seconds(1);
    EXPECT_THAT(Open(rounded, kCaller, end - absl::Nanoseconds(1)), IsOk());
    EXPECT_EQ(Open(rounded, kCaller, end).status(), Refusal());
  }
}

TEST_P(KeyHandleTest, CannotBeProlonged) {
  std::string handle = Seal();
  handle[9] = '\xff';
  EXPECT_EQ(Open(handle, kCaller, kExpiry).status(), Refusal());
}

TEST_P(KeyHandleTest, IsForItsKek) {
  const std::string handle = Seal();
  auto with = [&](std::initializer_list<uint8_t> firsts) {
    return OpenKeyHandle(*KeyEncryptionKeys::New(TestKeks(firsts)).value(),
                         handle, GetParam(), kCaller, kNow)
        .status();
  };
  EXPECT_THAT(with({0}), IsOk());
  EXPECT_THAT(with({7, 0}), IsOk());
  EXPECT_THAT(with({7, 8, 9, 0}), IsOk());
  EXPECT_EQ(with({1}), Refusal());
  EXPECT_EQ(with({1, 2, 3}), Refusal());
  // Nor does it follow its id to another one.
  std::string moved = handle;
  const KekId id = IdOf(TestKek(1));
  std::copy(id.begin(), id.end(), moved.begin() + 10);
  EXPECT_EQ(Open(moved).status(), Refusal());
}

TEST_P(KeyHandleTest, IsOfAKnownVersion) {
  const std::string header = Seal().substr(0, 18);
  EXPECT_THAT(Open(Forge(header, 1)), IsOk());
  for (int version = 0; version < 256; ++version) {
    if (version == 1) continue;
    std::string other = header;
    other[0] = static_cast<char>(version);
    EXPECT_EQ(Open(Forge(other, 1)).status(), Refusal()) << version;
  }
}

TEST_P(KeyHandleTest, HoldsAKeyOfItsCurve) {
  const std::string header = Seal().substr(0, 18);
  EXPECT_THAT(Open(Forge(header, 1)), IsOk());
  // Zeros are no scalar, and as a seed they stand for one that was wiped.
  EXPECT_EQ(Open(Forge(header, 0)).status(), Refusal());
  if (GetParam() != Algorithm::kEs256) {
    EXPECT_THAT(Open(Forge(header, 0xff)), IsOk());
    return;
  }
  EXPECT_EQ(Open(Forge(header, 0xff)).status(), Refusal());
  const std::string order = absl::HexStringToBytes(
      "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
  EXPECT_EQ(Open(ForgeOf(header, order)).status(), Refusal());
  std::string below = order;
  --below.back();
  EXPECT_THAT(Open(ForgeOf(header, below)), IsOk());
  std::string above = order;
  ++above.back();
  EXPECT_EQ(Open(ForgeOf(header, above)).status(), Refusal());
}

TEST_P(KeyHandleTest, AppendsNothingOnFailure) {
  std::string handle = "before";
  auto seal = [&](const ProofKey& key, Algorithm algorithm) {
    return SealKeyHandle(*keks_, key, algorithm, kCaller, kExpiry, entropy_,
                         handle);
  };
  entropy_.FailAfter(0, 1);
  EXPECT_THAT(seal(key_, GetParam()), StatusIs(absl::StatusCode::kUnavailable,
                                               "entropy: injected failure"));
  EXPECT_THAT(
      seal(key_, GetParam() == Algorithm::kEs256 ? Algorithm::kEdDsa
                                                 : Algorithm::kEs256),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("key: got")));
  ProofKey taken = std::move(key_);
  EXPECT_EQ(seal(key_, GetParam()), crypto::WipedKeyError());
  EXPECT_EQ(seal(ProofKey(), Algorithm::kEs256), crypto::WipedKeyError());
  EXPECT_EQ(handle, "before");
}

// 10,000 nonces of 96 bits: each bit is set about half the time (a deviation of
// 6 sigma is 300), and two alike have probability 2^-70.
TEST(KeyHandleNonceTest, IsFreshEachTime) {
  constexpr int kHandles = 10'000;
  std::unique_ptr<const KeyEncryptionKeys> keks =
      KeyEncryptionKeys::New(TestKeks({0})).value();
  std::unique_ptr<crypto::Entropy> entropy = crypto::NewSystemEntropy().value();
  ProofKey key = dpop::PublishedKey(Algorithm::kEs256);
  std::set<std::string> nonces;
  std::set<std::string> sealed;
  std::array<int, 96> ones = {};
  for (int i = 0; i < kHandles; ++i) {
    std::string handle;
    ASSERT_THAT(SealKeyHandle(*keks, key, Algorithm::kEs256, kCaller, kExpiry,
                              *entropy, handle),
                IsOk());
    const std::string nonce = handle.substr(18, 12);
    for (size_t bit = 0; bit < 96; ++bit) {
      ones[bit] += nonce[bit / 8] >> bit % 8 & 1;
    }
    nonces.insert(nonce);
    sealed.insert(handle.substr(30));
  }
  EXPECT_EQ(nonces.size(), static_cast<size_t>(kHandles));
  EXPECT_EQ(sealed.size(), static_cast<size_t>(kHandles));
  for (int count : ones) EXPECT_NEAR(count, kHandles / 2, 300);
}

TEST_P(KeyHandleTest, LeavesNoSecretOnTheStack) {
  if (kHasSanitizer) GTEST_SKIP() << "frames are not those of a release";
  crypto::Secrets secrets;
  secrets.Add("KEK", TestKek(0).ExposeSecret());
  const std::string secret = SecretOf(key_);
  secrets.Add("private key", crypto::AsBytes(secret));
  entropy_.GiveNext("defghijklmno");
  std::string handle;
  crypto::Stack sealing_stack;
  sealing_stack.Run([&] {
    ASSERT_TRUE(SealKeyHandle(*keks_, key_, GetParam(), kCaller, kExpiry,
                              entropy_, handle)
                    .ok());
  });
  EXPECT_EQ(secrets.FoundIn(sealing_stack.memory()), "");
  ProofKey opened;
  crypto::Stack opening_stack;
  opening_stack.Run([&] {
    opened = OpenKeyHandle(*keks_, handle, GetParam(), kCaller, kNow).value();
  });
  EXPECT_EQ(SecretOf(opened), secret);
  EXPECT_EQ(secrets.FoundIn(opening_stack.memory()), "");
}

}  // namespace
}  // namespace proofmint::keys
