// Compares the field arithmetic of every vector target with BoringSSL's big
// numbers, on limbs at their bounds.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/crypto/p256_field_test.cc"
#include <hwy/foreach_target.h>
// foreach_target.h must come before highway.h.
#include <gtest/gtest.h>
#include <hwy/highway.h>
#include <openssl/bn.h>
#include <openssl/mem.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "signer/crypto/p256_field-inl.h"
#include "signer/crypto/simd_ops-inl.h"
#include "tests/crypto/simd_targets.h"

#ifndef PROOFMINT_TESTS_CRYPTO_P256_FIELD_TEST_ONCE_
#define PROOFMINT_TESTS_CRYPTO_P256_FIELD_TEST_ONCE_
namespace proofmint::crypto {
namespace {

constexpr size_t kLimbs = 9;
constexpr size_t kMaxLanes = 16;

struct Words {
  alignas(64) uint32_t words[kLimbs * kMaxLanes];
};

// Operations lists the field functions of one target.
struct Operations {
  int64_t target;
  size_t lanes;
  void (*multiply)(const uint32_t* a, const uint32_t* b, uint32_t* out);
  void (*multiply_even)(const uint32_t* a, const uint32_t* b, uint32_t* out);
  void (*multiply_difference)(const uint32_t* a1, const uint32_t* a2,
                              const uint32_t* b, uint32_t* out);
  void (*square)(const uint32_t* a, uint32_t* out);
  void (*subtract_reduced)(const uint32_t* a, const uint32_t* b, uint32_t* out);
  void (*subtract_both_reduced)(const uint32_t* a, const uint32_t* b,
                                const uint32_t* c, uint32_t* out);
  void (*reduce)(const uint32_t* a, uint32_t* out);
  void (*negate_if)(const uint32_t* mask, const uint32_t* a, uint32_t* out);
};

}  // namespace
}  // namespace proofmint::crypto
#endif  // PROOFMINT_TESTS_CRYPTO_P256_FIELD_TEST_ONCE_

HWY_BEFORE_NAMESPACE();
namespace proofmint::crypto::HWY_NAMESPACE {
namespace {

using VectorField = P256Field<SimdOps>;

void NegateIf(const uint32_t* mask, const uint32_t* a, uint32_t* out) {
  VectorField::NegateIf(SimdOps::Load(mask), a, out);
}

void GetOperations(Operations& operations) {
  operations = {.target = HWY_TARGET,
                .lanes = VectorField::kLanes,
                .multiply = VectorField::Multiply,
                .multiply_even = VectorField::MultiplyEven,
                .multiply_difference = VectorField::MultiplyDifference,
                .square = VectorField::Square,
                .subtract_reduced = VectorField::SubtractReduced,
                .subtract_both_reduced = VectorField::SubtractBothReduced,
                .reduce = VectorField::Reduce,
                .negate_if = NegateIf};
}

}  // namespace
}  // namespace proofmint::crypto::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace proofmint::crypto {
namespace {

HWY_EXPORT(GetOperations);

// The bounds are the same on every target.
using Field = HWY_NAMESPACE::VectorField;
using Bound = Field::Bound;
using Bignum = bssl::UniquePtr<BIGNUM>;

constexpr int kRounds = 400;
constexpr char kPrime[] =
    "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";

class P256FieldTest : public ::testing::Test {
 protected:
  void SetUp() override {
    BIGNUM* prime = nullptr;
    ASSERT_TRUE(BN_hex2bn(&prime, kPrime));
    prime_.reset(prime);
    Bignum r(BN_new());
    ASSERT_TRUE(BN_set_word(r.get(), 1));
    ASSERT_TRUE(BN_lshift(r.get(), r.get(), 261));
    r_inverse_.reset(
        BN_mod_inverse(nullptr, r.get(), prime_.get(), context_.get()));
    ASSERT_TRUE(r_inverse_);
  }

  // Calls `test` for each target, with the target's functions in field_.
  template <typename Test>
  void ForEachTarget(Test test) {
    ForEachSimdTarget([&](int64_t target) {
      HWY_DYNAMIC_DISPATCH(GetOperations)(field_);
      ASSERT_EQ(field_.target, target);
      test();
    });
  }

  // Calls `test` kRounds times for each target, until an expectation fails.
  template <typename Test>
  void ForManyRounds(Test test) {
    ForEachTarget([&] {
      for (int round = 0; round < kRounds && !HasFailure(); ++round) test();
    });
  }

  // Returns an element whose lanes have limbs at the bound, zeros, 0 or p, or
  // random limbs.
  Words Draw(Bound bound) {
    Words element;
    for (size_t lane = 0; lane < field_.lanes; ++lane) {
      const uint64_t kind = random_() % 8;
      const uint32_t multiple = static_cast<uint32_t>(random_() % 2);
      const uint32_t prime_limbs[kLimbs] = {(1u << 29) - 1,
                                            (1u << 29) - 1,
                                            (1u << 29) - 1,
                                            (1u << 9) - 1,
                                            0,
                                            0,
                                            1u << 18,
                                            (1u << 29) - (1u << 21),
                                            (1u << 24) - 1};
      for (size_t i = 0; i < kLimbs; ++i) {
        const uint64_t max = i < kLimbs - 1 ? bound.limb : bound.top_limb;
        uint64_t limb = 0;
        switch (kind) {
          case 0:
            limb = max;
            break;
          case 1:  // p or 0
            limb = multiple * uint64_t{prime_limbs[i]};
            break;
          case 2:
            limb = random_() % 2 != 0 ? max : 0;
            break;
          case 3:
            limb = random_() % 4 == 0 ? max - random_() % 3 : random_() % 3;
            break;
          case 4:
            limb = max - random_() % 9;
            break;
          default:
            limb = random_() % (max + 1);
        }
        element.words[i * field_.lanes + lane] = static_cast<uint32_t>(limb);
      }
    }
    return element;
  }

  Bignum Value(const Words& element, size_t lane) const {
    Bignum value(BN_new());
    BN_zero(value.get());
    for (size_t i = kLimbs; i-- > 0;) {
      EXPECT_TRUE(BN_lshift(value.get(), value.get(), 29));
      EXPECT_TRUE(
          BN_add_word(value.get(), element.words[i * field_.lanes + lane]));
    }
    return value;
  }

  Bignum Difference(const Bignum& a, const Bignum& b) const {
    Bignum result(BN_new());
    EXPECT_TRUE(BN_mod_sub(result.get(), a.get(), b.get(), prime_.get(),
                           context_.get()));
    return result;
  }

  // Returns a * b / R.
  Bignum Product(const Bignum& a, const Bignum& b) const {
    Bignum result(BN_new());
    EXPECT_TRUE(BN_mod_mul(result.get(), a.get(), b.get(), prime_.get(),
                           context_.get()));
    EXPECT_TRUE(BN_mod_mul(result.get(), result.get(), r_inverse_.get(),
                           prime_.get(), context_.get()));
    return result;
  }

  void ExpectLane(const Words& element, size_t lane, const Bignum& want,
                  Bound bound) const {
    for (size_t i = 0; i < kLimbs; ++i) {
      EXPECT_LE(element.words[i * field_.lanes + lane],
                i < kLimbs - 1 ? bound.limb : bound.top_limb)
          << "limb " << i;
    }
    EXPECT_TRUE(BN_is_zero(Difference(Value(element, lane), want).get()))
        << "lane " << lane;
  }

  std::vector<uint32_t> Used(const Words& element) const {
    return {element.words, element.words + kLimbs * field_.lanes};
  }

  Operations field_;
  std::mt19937_64 random_{1};
  bssl::UniquePtr<BN_CTX> context_{BN_CTX_new()};
  Bignum prime_, r_inverse_;
};

TEST_F(P256FieldTest, MultipliesLimbsAtTheirBounds) {
  ForManyRounds([&] {
    const Words a = Draw(Field::kLoose), b = Draw(Field::kTight);
    Words out;
    field_.multiply(a.words, b.words, out.words);
    for (size_t lane = 0; lane < field_.lanes; ++lane) {
      ExpectLane(out, lane, Product(Value(a, lane), Value(b, lane)),
                 Field::kProduct);
    }
  });
}

TEST_F(P256FieldTest, MultipliesTheEvenLanesAlone) {
  const Bignum zero(BN_new());
  ForManyRounds([&] {
    const Words a = Draw(Field::kLoose), b = Draw(Field::kTight);
    Words out;
    field_.multiply_even(a.words, b.words, out.words);
    for (size_t lane = 0; lane < field_.lanes; lane += 2) {
      ExpectLane(out, lane, Product(Value(a, lane), Value(b, lane)),
                 Field::kProduct);
      EXPECT_TRUE(BN_is_zero(Value(out, lane + 1).get()));
    }
  });
}

TEST_F(P256FieldTest, MultipliesDifferencesAtTheirBounds) {
  ForManyRounds([&] {
    const Words a1 = Draw(Field::kSigned), a2 = Draw(Field::kReduced);
    const Words b = Draw(Field::kTight);
    Words out;
    field_.multiply_difference(a1.words, a2.words, b.words, out.words);
    for (size_t lane = 0; lane < field_.lanes; ++lane) {
      ExpectLane(
          out, lane,
          Product(Difference(Value(a1, lane), Value(a2, lane)), Value(b, lane)),
          Field::kProduct);
    }
  });
}

TEST_F(P256FieldTest, SquaresLimbsAtTheirBounds) {
  ForManyRounds([&] {
    const Words a = Draw(Field::kTight);
    Words out;
    field_.square(a.words, out.words);
    for (size_t lane = 0; lane < field_.lanes; ++lane) {
      ExpectLane(out, lane, Product(Value(a, lane), Value(a, lane)),
                 Field::kProduct);
    }
  });
}

TEST_F(P256FieldTest, SubtractsAndReduces) {
  ForManyRounds([&] {
    const Words a = Draw(Field::kSigned), tight = Draw(Field::kTight);
    const Words b = Draw(Field::kReduced), c = Draw(Field::kReduced);
    Words minus_b, minus_both, reduced;
    field_.subtract_reduced(a.words, b.words, minus_b.words);
    field_.subtract_both_reduced(tight.words, b.words, c.words,
                                 minus_both.words);
    field_.reduce(a.words, reduced.words);
    for (size_t lane = 0; lane < field_.lanes; ++lane) {
      ExpectLane(minus_b, lane, Difference(Value(a, lane), Value(b, lane)),
                 Field::kReduced);
      ExpectLane(minus_both, lane,
                 Difference(Difference(Value(tight, lane), Value(b, lane)),
                            Value(c, lane)),
                 Field::kReduced);
      ExpectLane(reduced, lane, Value(a, lane), Field::kReduced);
    }
  });
}

TEST_F(P256FieldTest, NegatesTheMaskedLanesOnly) {
  const Bignum zero(BN_new());
  ForManyRounds([&] {
    const Words a = Draw(Field::kReduced);
    Words mask, out;
    for (uint32_t& word : mask.words) word = random_() % 2 != 0 ? ~0u : 0;
    field_.negate_if(mask.words, a.words, out.words);
    for (size_t lane = 0; lane < field_.lanes; ++lane) {
      const Bignum value = Value(a, lane);
      ExpectLane(out, lane,
                 mask.words[lane] != 0 ? Difference(zero, value)
                                       : Difference(value, zero),
                 Field::kSigned);
    }
  });
}

TEST_F(P256FieldTest, WritesOverItsOperands) {
  ForEachTarget([&] {
    const Words a = Draw(Field::kTight), b = Draw(Field::kReduced);
    Words want, out = a;
    field_.multiply(a.words, b.words, want.words);
    field_.multiply(out.words, b.words, out.words);
    EXPECT_EQ(Used(out), Used(want));
    out = b;
    field_.multiply(a.words, out.words, out.words);
    EXPECT_EQ(Used(out), Used(want));

    field_.multiply_difference(a.words, b.words, b.words, want.words);
    out = b;
    field_.multiply_difference(a.words, out.words, out.words, out.words);
    EXPECT_EQ(Used(out), Used(want));

    field_.square(a.words, want.words);
    out = a;
    field_.square(out.words, out.words);
    EXPECT_EQ(Used(out), Used(want));

    field_.subtract_both_reduced(a.words, b.words, b.words, want.words);
    out = b;
    field_.subtract_both_reduced(a.words, out.words, out.words, out.words);
    EXPECT_EQ(Used(out), Used(want));
  });
}

}  // namespace
}  // namespace proofmint::crypto
#endif  // HWY_ONCE
