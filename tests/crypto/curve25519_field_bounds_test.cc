// Runs Curve25519Field and Curve25519Point on intervals. This proves that for
// all inputs within the documented bounds nothing overflows, and outputs are
// within the documented bounds.

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>

#include "signer/crypto/curve25519_field-inl.h"
#include "signer/crypto/curve25519_point-inl.h"
#include "tests/crypto/interval_ops.h"

namespace proofmint::crypto {
namespace {

using Field = HWY_NAMESPACE::Curve25519Field<IntervalOps>;
template <bool kSplit>
using FieldVariant = HWY_NAMESPACE::Curve25519Field<IntervalOps, kSplit>;
using Word = IntervalOps::Word;
using Bound = uint32_t (*)(int limb);

static_assert(Field::kWords == 10);

uint32_t Any(int) { return 0xffffffff; }
uint32_t BelowP(int limb) { return Field::Mask(limb); }

struct Element {
  Word words[Field::kWords];
  operator Word*() { return words; }
};

void FillUpTo(Bound bound, Word* words) {
  for (int i = 0; i < Field::kLimbs; ++i) words[i] = {0, bound(i)};
}

Element UpTo(Bound bound) {
  Element element;
  FillUpTo(bound, element);
  return element;
}

void ExpectWithin(Bound bound, const Word* words) {
  for (int i = 0; i < Field::kLimbs; ++i) {
    EXPECT_LE(words[i].high, bound(i)) << "limb " << i;
  }
}

template <bool kSplit>
void ExpectProductTight() {
  using Variant = FieldVariant<kSplit>;
  Element a = UpTo(Field::MaxWide);
  Element b = UpTo(Field::MaxLoose);
  typename Variant::Factor factor;
  Element out;
  Variant::Copy(b, factor);
  Variant::Multiply(a, factor, out);
  ExpectWithin(Field::MaxTight, out);
}

TEST(Curve25519FieldBoundsTest, MultiplyOfWideAndLooseIsTight) {
  ExpectProductTight<false>();
  ExpectProductTight<true>();
}

TEST(Curve25519FieldBoundsTest, SumAndDifferenceOfTightAreLoose) {
  Element a = UpTo(Field::MaxTight);
  Element out;
  Field::Add(a, a, out.words);
  ExpectWithin(Field::MaxLoose, out);
  Field::Subtract(a, a, out.words);
  ExpectWithin(Field::MaxLoose, out);
}

TEST(Curve25519FieldBoundsTest, DoubledPlusTightIsLooseAndMinusTightWide) {
  Element a = UpTo(Field::MaxTight);
  Element doubled, out;
  Field::Add(a, a, doubled.words);
  Field::Add(doubled, a, out.words);
  ExpectWithin(Field::MaxLoose, out);
  Field::Subtract(doubled, a, out.words);
  ExpectWithin(Field::MaxWide, out);
}

TEST(Curve25519FieldBoundsTest, SubtractTakesAnythingBelow2To31) {
  Element a = UpTo([](int) { return 0x7fffffffu; });
  Element b = UpTo(Field::MaxTight);
  Element out;
  Field::Subtract(a, b, out.words);
}

TEST(Curve25519FieldBoundsTest, CarryOfAnythingIsTight) {
  Element a = UpTo(Any);
  Element out;
  Field::Carry(a, out);
  ExpectWithin(Field::MaxTight, out);
}

TEST(Curve25519FieldBoundsTest, CanonicalOfTightHasNoBitsTooMany) {
  Element a = UpTo(Field::MaxTight);
  Element out;
  Field::Canonical(a, out);
  ExpectWithin(BelowP, out);
}

// Canonical subtracts p at most once, so a tight value must be below 2p.
TEST(Curve25519FieldBoundsTest, TightIsBelow2P) {
  // The largest tight value, in units of 2^230, is its top limb plus what the
  // lower limbs can add, rounded up.
  static_assert(Field::MaxTight(9) + 2 < 2 * ((1u << 25) - 1));
}

template <class Variant>
class Curve25519PointBoundsTest : public ::testing::Test {
 protected:
  using Point = HWY_NAMESPACE::Curve25519Point<IntervalOps, Variant>;

  Curve25519PointBoundsTest() {
    Variant::Copy(UpTo(BelowP), niels_.y_plus_x);
    Variant::Copy(UpTo(BelowP), niels_.y_minus_x);
    Variant::Copy(UpTo(Field::MaxLoose), niels_.dxy2);
    for (Word* coordinate : {point_.x, point_.y, point_.z, point_.t}) {
      FillUpTo(Field::MaxTight, coordinate);
    }
  }

  void ExpectTight() {
    for (const Word* coordinate : {point_.x, point_.y, point_.z, point_.t}) {
      ExpectWithin(Field::MaxTight, coordinate);
    }
  }

  typename Point::Niels niels_;
  typename Point::Extended point_;
  typename Point::Scratch scratch_;
};

using Variants = ::testing::Types<FieldVariant<false>, FieldVariant<true>>;
TYPED_TEST_SUITE(Curve25519PointBoundsTest, Variants);

TYPED_TEST(Curve25519PointBoundsTest, FromNielsIsTight) {
  TestFixture::Point::FromNiels(this->niels_, this->scratch_, this->point_);
  this->ExpectTight();
}

TYPED_TEST(Curve25519PointBoundsTest, AddIsTight) {
  using Sum = typename TestFixture::Point;
  Sum::template Add<true>(this->niels_, this->scratch_, this->point_);
  this->ExpectTight();
  Sum::template Add<false>(this->niels_, this->scratch_, this->point_);
  this->ExpectTight();
}

}  // namespace
}  // namespace proofmint::crypto
