#include "signer/crypto/scalar_field.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/nid.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "tests/crypto/limbs_oracle.h"

namespace proofmint::crypto {
namespace {

using Limbs512 = std::array<uint64_t, 8>;

constexpr int kRandomValues = 50'000;
constexpr Limbs256 kAllOnes = {~uint64_t{0}, ~uint64_t{0}, ~uint64_t{0},
                               ~uint64_t{0}};
Limbs256 Minus(Limbs256 a, uint64_t small) {
  EXPECT_GE(a[0], small);
  a[0] -= small;
  return a;
}

Limbs512 Join(const Limbs256& low, const Limbs256& high) {
  Limbs512 joined;
  std::copy(low.begin(), low.end(), joined.begin());
  std::copy(high.begin(), high.end(), joined.begin() + 4);
  return joined;
}

template <typename Order>
class ScalarFieldTest : public testing::Test {
 protected:
  using Field = ScalarField<Order>;

  static constexpr Limbs256 kOrder = Order::kOrder;

  // Returns the number modulo the order, computed by BoringSSL.
  Limbs256 Residue(const BIGNUM& number) const {
    bssl::UniquePtr<BIGNUM> residue(BN_new());
    EXPECT_TRUE(BN_nnmod(residue.get(), &number, order_.get(), context_.get()));
    return ToLimbs(*residue);
  }
  Limbs256 Residue(std::span<const uint64_t> number) const {
    return Residue(*ToBignum(number));
  }

  // Return a * b + c and a * b / 2^256 modulo the order, computed by BoringSSL.
  Limbs256 MultiplyAdd(const Limbs256& a, const Limbs256& b,
                       const Limbs256& c) const {
    bssl::UniquePtr<BIGNUM> number(BN_new());
    EXPECT_TRUE(BN_mul(number.get(), ToBignum(a).get(), ToBignum(b).get(),
                       context_.get()));
    EXPECT_TRUE(BN_add(number.get(), number.get(), ToBignum(c).get()));
    return Residue(*number);
  }
  Limbs256 MontgomeryProduct(const Limbs256& a, const Limbs256& b) const {
    bssl::UniquePtr<BIGNUM> r(BN_new());
    EXPECT_TRUE(BN_lshift(r.get(), BN_value_one(), 256));
    EXPECT_TRUE(BN_mod_inverse(r.get(), r.get(), order_.get(), context_.get()));
    return MultiplyAdd(MultiplyAdd(a, b, {}), ToLimbs(*r), {});
  }

  // Compares all functions of one or two numbers with BoringSSL. `a` and `b`
  // may be any numbers.
  void ExpectAgreement(const Limbs256& a, const Limbs256& b) {
    ASSERT_EQ(Field::Reduce(a), Residue(a)) << LimbsToHex(a);
    const Limbs512 wide = Join(a, b);
    ASSERT_EQ(Field::Reduce(wide), Residue(wide))
        << LimbsToHex(b) << LimbsToHex(a);
    ASSERT_EQ(Field::ToMontgomery(a), Residue(Join({}, a))) << LimbsToHex(a);

    const Limbs256 x = Residue(a);
    const Limbs256 y = Residue(b);
    const std::string both = LimbsToHex(x) + " " + LimbsToHex(y);
    ASSERT_EQ(Field::Add(x, y), MultiplyAdd(x, {1}, y)) << both;
    ASSERT_EQ(Field::Multiply(x, y), MultiplyAdd(x, y, {})) << both;
    ASSERT_EQ(Field::MultiplyAdd(x, y, x), MultiplyAdd(x, y, x)) << both;
    ASSERT_EQ(Field::MontgomeryProduct(a, y), MontgomeryProduct(a, y))
        << LimbsToHex(a) << " " << LimbsToHex(y);
  }

  // Returns residues other than zero.
  std::vector<Limbs256> RandomResidues(size_t count) {
    std::vector<Limbs256> residues(count);
    for (Limbs256& residue : residues) {
      do {
        residue = Residue(RandomLimbs());
      } while (residue == Limbs256{});
    }
    return residues;
  }
  Limbs256 RandomLimbs() {
    return {random_(), random_(), random_(), random_()};
  }

  std::mt19937_64 random_{3};

 private:
  bssl::UniquePtr<BN_CTX> context_{BN_CTX_new()};
  bssl::UniquePtr<BIGNUM> order_ = ToBignum(kOrder);
};

using Orders = testing::Types<P256Order, Ed25519Order>;
class OrderName {
 public:
  template <typename Order>
  static std::string GetName(int) {
    return std::is_same_v<Order, P256Order> ? "P256Order" : "Ed25519Order";
  }
};
TYPED_TEST_SUITE(ScalarFieldTest, Orders, OrderName);

TYPED_TEST(ScalarFieldTest, AgreesWithBoringSslOnTheEdges) {
  Limbs256 twice;  // modulo 2^256
  for (size_t i = 0; i < 4; ++i) {
    twice[i] = this->kOrder[i] << 1 | (i > 0 ? this->kOrder[i - 1] >> 63 : 0);
  }
  Limbs256 plus_one = this->kOrder;
  plus_one[0] += 1;
  const std::vector<Limbs256> edges = {{},
                                       {1},
                                       {2},
                                       Minus(this->kOrder, 2),
                                       plus_one,
                                       twice,
                                       kAllOnes,
                                       Minus(this->kOrder, 1),
                                       {0, 1},
                                       {0, 0, 0, 1},
                                       {0, 0, 0, uint64_t{1} << 63},
                                       this->kOrder,
                                       Minus(kAllOnes, 1)};
  for (const Limbs256& a : edges) {
    for (const Limbs256& b : edges) this->ExpectAgreement(a, b);
  }
}

TYPED_TEST(ScalarFieldTest, AgreesWithBoringSslOnLongRunsOfZerosAndOnes) {
  for (int i = 0; i < 5'000; ++i) {
    this->ExpectAgreement(LimbsOfLongRuns(this->random_),
                          LimbsOfLongRuns(this->random_));
  }
}

TYPED_TEST(ScalarFieldTest, AgreesWithBoringSslOnRandomValues) {
  for (int i = 0; i < kRandomValues; ++i) {
    this->ExpectAgreement(this->RandomLimbs(), this->RandomLimbs());
  }
}

TYPED_TEST(ScalarFieldTest, WritesOverItsInputs) {
  using Scalars = ScalarField<TypeParam>;
  const std::vector<Limbs256> residues = this->RandomResidues(2);
  const Limbs256 a = residues[0];
  const Limbs256 b = residues[1];
  Limbs256 x = a;
  x = Scalars::Add(x, x);
  EXPECT_EQ(x, this->MultiplyAdd(a, {2}, {}));
  x = a;
  x = Scalars::Multiply(x, x);
  EXPECT_EQ(x, this->MultiplyAdd(a, a, {}));
  x = a;
  x = Scalars::MultiplyAdd(b, x, x);
  EXPECT_EQ(x, this->MultiplyAdd(b, a, a));
  x = a;
  x = Scalars::MontgomeryProduct(x, x);
  EXPECT_EQ(x, this->MontgomeryProduct(a, a));
}

using InvertAllTest = ScalarFieldTest<P256Order>;

TEST_F(InvertAllTest, GivesTheInverseOfEveryValue) {
  for (size_t count : {0, 1, 2, 3, 64, 257}) {
    const std::vector<Limbs256> values = RandomResidues(count);
    std::vector<Limbs256> inverses = values;
    std::vector<Limbs256> scratch(count);
    Field::InvertAll(inverses, scratch);
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ(inverses[i], InvertModulo(PrimeModulus::kP256Order, values[i]))
          << i << " of " << count;
    }
    std::vector<Limbs256> in_montgomery_form = values;
    Field::InvertAllToMontgomery(in_montgomery_form, scratch);
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ(in_montgomery_form[i], Residue(Join({}, inverses[i])))
          << i << " of " << count;
    }
  }
}

TEST_F(InvertAllTest, GivesZerosOnlyIfOneValueIsZero) {
  for (size_t zero : {0, 1, 4}) {
    std::vector<Limbs256> values = RandomResidues(5);
    std::vector<Limbs256> scratch(values.size());
    values[zero] = {};
    Field::InvertAll(values, scratch);
    EXPECT_THAT(values, testing::Each(Limbs256{}));
  }
}

TEST_F(InvertAllTest, MakesTheFormulaOfTheHeaderSolveTheEquationOfEcdsa) {
  const std::vector<Limbs256> residues = RandomResidues(4);
  const Limbs256 &k = residues[0], &e = residues[1], &r = residues[2],
                 &d = residues[3];
  std::vector<Limbs256> inverse = {k};
  std::vector<Limbs256> scratch(1);
  Field::InvertAllToMontgomery(inverse, scratch);
  const Limbs256 x =
      Field::Add(e, Field::MontgomeryProduct(r, Field::ToMontgomery(d)));
  const Limbs256 s = Field::MontgomeryProduct(inverse[0], x);
  EXPECT_EQ(MultiplyAdd(k, s, {}), MultiplyAdd(r, d, e));
}

TEST(OrderTest, IsTheCurvesOwn) {
  bssl::UniquePtr<EC_GROUP> p256(
      EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  EXPECT_EQ(P256Order::kOrder, ToLimbs(*EC_GROUP_get0_order(p256.get())));
  // RFC 8032 section 5.1: L is 2^252 plus this number.
  BIGNUM* number = nullptr;
  ASSERT_GT(BN_dec2bn(&number, "27742317777372353535851937790883648493"), 0);
  bssl::UniquePtr<BIGNUM> order(number);
  ASSERT_TRUE(BN_set_bit(order.get(), 252));
  EXPECT_EQ(Ed25519Order::kOrder, ToLimbs(*order));
}

TEST(OrderTest, IsWhatReducedValuesAreBelow) {
  auto expect_edge = []<typename Order>(ScalarField<Order>) {
    using Field = ScalarField<Order>;
    EXPECT_EQ(Field::IsReducedMask({}), ~uint64_t{0});
    EXPECT_EQ(Field::IsReducedMask(Minus(Order::kOrder, 1)), ~uint64_t{0});
    EXPECT_EQ(Field::IsReducedMask(Order::kOrder), 0u);
    Limbs256 above = Order::kOrder;
    above[0] += 1;
    EXPECT_EQ(Field::IsReducedMask(above), 0u);
    for (size_t i = 0; i < 4; ++i) {
      Limbs256 larger = Order::kOrder;
      if (larger[i] == ~uint64_t{0}) continue;
      larger[i] += 1;
      EXPECT_EQ(Field::IsReducedMask(larger), 0u);
      if (Order::kOrder[i] == 0) continue;
      Limbs256 smaller = Order::kOrder;
      smaller[i] -= 1;
      EXPECT_EQ(Field::IsReducedMask(smaller), ~uint64_t{0});
    }
    EXPECT_EQ(Field::IsReducedMask(kAllOnes), 0u);
  };
  expect_edge(ScalarField<P256Order>());
  expect_edge(ScalarField<Ed25519Order>());
}

TEST(LimbsTest, ConvertFromAndToBytes) {
  std::array<uint8_t, 32> bytes;
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<uint8_t>(i + 0xe1);
  }
  const Limbs256 little = LimbsFromLittleEndian(bytes);
  const Limbs256 big = LimbsFromBigEndian(bytes);
  EXPECT_EQ(little, (Limbs256{0xe8e7e6e5e4e3e2e1, 0xf0efeeedecebeae9,
                              0xf8f7f6f5f4f3f2f1, 0x00fffefdfcfbfaf9}));
  EXPECT_EQ(big, (Limbs256{0xf9fafbfcfdfeff00, 0xf1f2f3f4f5f6f7f8,
                           0xe9eaebecedeeeff0, 0xe1e2e3e4e5e6e7e8}));
  std::array<uint8_t, 32> copy{};
  LimbsToLittleEndian(little, copy);
  EXPECT_EQ(copy, bytes);
  LimbsToBigEndian(big, copy);
  EXPECT_EQ(copy, bytes);
}

TEST(IsZeroMaskTest, IsAllOnesForZeroAlone) {
  EXPECT_EQ(IsZeroMask({}), ~uint64_t{0});
  for (int bit = 0; bit < 256; ++bit) {
    Limbs256 value{};
    value[bit / 64] = uint64_t{1} << bit % 64;
    EXPECT_EQ(IsZeroMask(value), 0u) << bit;
  }
  EXPECT_EQ(IsZeroMask(kAllOnes), 0u);
}

}  // namespace
}  // namespace proofmint::crypto
