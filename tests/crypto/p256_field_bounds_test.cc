// Proves the bounds that p256_field-inl.h documents: its code runs on intervals
// instead of numbers, so that each operation covers all values that a word can
// have.

#include <gtest/gtest.h>

#include <cstddef>

#include "signer/crypto/p256_field-inl.h"
#include "tests/crypto/interval_ops.h"

namespace proofmint::crypto {
namespace {

using Field = HWY_NAMESPACE::P256Field<IntervalOps>;

struct Element {
  IntervalOps::Word words[Field::kWords];
};

Element AllWithin(Field::Bound bound) {
  Element element;
  for (IntervalOps::Word& word : element.words) word = {0, bound.limb};
  element.words[Field::kLimbs - 1].high = bound.top_limb;
  return element;
}

void ExpectWithin(const Element& element, Field::Bound bound) {
  for (size_t i = 0; i < Field::kLimbs; ++i) {
    EXPECT_LE(element.words[i].high,
              i < Field::kLimbs - 1 ? bound.limb : bound.top_limb)
        << "limb " << i;
  }
}

void ExpectImplies(Field::Bound strong, Field::Bound weak) {
  EXPECT_LE(strong.limb, weak.limb);
  EXPECT_LE(strong.top_limb, weak.top_limb);
}

TEST(P256FieldBoundsTest, NamesFollowFromOneAnother) {
  ExpectImplies(Field::kReduced, Field::kTight);
  ExpectImplies(Field::kProduct, Field::kTight);
  ExpectImplies(Field::kTight, Field::kSigned);
  ExpectImplies(Field::kSigned, Field::kLoose);
}

// If limbs 0 to 7 are below 2^29, the value is below (limb 8 + 1) * 2^232. As
// 2p is 2^257 - 2^225 + ..., limb 8 of a number below 2p can be 2^25 - 1.
TEST(P256FieldBoundsTest, AProductIsBelowTwiceThePrime) {
  EXPECT_LT(Field::kProduct.limb, 1u << 29);
  EXPECT_LE(Field::kProduct.top_limb + 1, (1u << 25) - 1);
}

TEST(P256FieldBoundsTest, MultiplyKeepsItsBounds) {
  const Element a = AllWithin(Field::kLoose);
  const Element b = AllWithin(Field::kTight);
  Element out;
  Field::Multiply(a.words, b.words, out.words);
  ExpectWithin(out, Field::kProduct);
  Field::MultiplyEven(a.words, b.words, out.words);
  ExpectWithin(out, Field::kProduct);
}

TEST(P256FieldBoundsTest, MultiplyDifferenceKeepsItsBounds) {
  const Element a1 = AllWithin(Field::kSigned);
  const Element a2 = AllWithin(Field::kReduced);
  const Element b = AllWithin(Field::kTight);
  Element out;
  Field::MultiplyDifference(a1.words, a2.words, b.words, out.words);
  ExpectWithin(out, Field::kProduct);
}

TEST(P256FieldBoundsTest, SquareKeepsItsBounds) {
  const Element a = AllWithin(Field::kTight);
  Element out;
  Field::Square(a.words, out.words);
  ExpectWithin(out, Field::kProduct);
}

TEST(P256FieldBoundsTest, SubtractReducedKeepsItsBounds) {
  const Element a = AllWithin(Field::kSigned);
  const Element b = AllWithin(Field::kReduced);
  Element out;
  Field::SubtractReduced(a.words, b.words, out.words);
  ExpectWithin(out, Field::kReduced);
}

TEST(P256FieldBoundsTest, SubtractBothReducedKeepsItsBounds) {
  const Element a = AllWithin(Field::kTight);
  const Element b = AllWithin(Field::kReduced);
  Element out;
  Field::SubtractBothReduced(a.words, b.words, b.words, out.words);
  ExpectWithin(out, Field::kReduced);
}

TEST(P256FieldBoundsTest, ReduceKeepsItsBounds) {
  const Element a = AllWithin(Field::kSigned);
  Element out;
  Field::Reduce(a.words, out.words);
  ExpectWithin(out, Field::kReduced);
}

TEST(P256FieldBoundsTest, NegateIfKeepsItsBounds) {
  const Element a = AllWithin(Field::kReduced);
  Element out;
  Field::NegateIf(IntervalOps::Set(0), a.words, out.words);
  ExpectWithin(out, Field::kSigned);
}

}  // namespace
}  // namespace proofmint::crypto
