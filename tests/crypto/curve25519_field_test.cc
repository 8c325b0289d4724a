// Compares Curve25519Field on every vector target with BoringSSL's big numbers.

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/mem.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/crypto/curve25519_field_test.cc"
#include <hwy/foreach_target.h>
// foreach_target.h must come before highway.h.
#include <hwy/highway.h>

#include "signer/crypto/curve25519_field-inl.h"
#include "signer/crypto/simd_ops-inl.h"
#include "tests/crypto/simd_targets.h"

#ifndef PROOFMINT_TESTS_CRYPTO_CURVE25519_FIELD_TEST_ONCE_
#define PROOFMINT_TESTS_CRYPTO_CURVE25519_FIELD_TEST_ONCE_

namespace proofmint::crypto {

enum class Operation { kAdd, kSubtract, kCarry, kMultiply, kCanonical };
using Limbs = std::array<uint32_t, 10>;
constexpr size_t kBatch = 16;  // a multiple of every target's lanes
using Batch = std::array<Limbs, kBatch>;

}  // namespace proofmint::crypto

#endif  // PROOFMINT_TESTS_CRYPTO_CURVE25519_FIELD_TEST_ONCE_

HWY_BEFORE_NAMESPACE();
namespace proofmint::crypto::HWY_NAMESPACE {
namespace {

using Field = Curve25519Field<SimdOps>;

struct alignas(64) Element {
  uint32_t words[Field::kWords];
};

Element ToElement(const Limbs* lanes) {
  Element element;
  for (size_t i = 0; i < 10; ++i) {
    for (size_t lane = 0; lane < Field::kLanes; ++lane) {
      element.words[i * Field::kLanes + lane] = lanes[lane][i];
    }
  }
  return element;
}

void FromElement(const Element& element, Limbs* lanes) {
  for (size_t i = 0; i < 10; ++i) {
    for (size_t lane = 0; lane < Field::kLanes; ++lane) {
      lanes[lane][i] = element.words[i * Field::kLanes + lane];
    }
  }
}

// Runs an operation on a batch and returns the target that ran.
int64_t Run(Operation operation, const Batch& a, const Batch& b, Batch& out) {
  for (size_t i = 0; i < kBatch; i += Field::kLanes) {
    Element x = ToElement(&a[i]);
    Element y = ToElement(&b[i]);
    Element z;
    Field::Factor factor;
    switch (operation) {
      case Operation::kAdd:
        Field::Add(x.words, y.words, z.words);
        break;
      case Operation::kSubtract:
        Field::Subtract(x.words, y.words, z.words);
        break;
      case Operation::kCarry:
        Field::Carry(x.words, z.words);
        break;
      case Operation::kMultiply:
        Field::Copy(y.words, factor);
        Field::Multiply(x.words, factor, z.words);
        break;
      case Operation::kCanonical:
        Field::Canonical(x.words, z.words);
        break;
    }
    FromElement(z, &out[i]);
  }
  return HWY_TARGET;
}

}  // namespace
}  // namespace proofmint::crypto::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace proofmint::crypto {
namespace {

HWY_EXPORT(Run);

using Field = HWY_NAMESPACE::Curve25519Field<HWY_NAMESPACE::SimdOps>;
using Bound = uint32_t (*)(int limb);
using Number = bssl::UniquePtr<BIGNUM>;

constexpr char kPrime[] =
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed";

Number FromHexNumber(const char* hex) {
  BIGNUM* number = nullptr;
  EXPECT_GT(BN_hex2bn(&number, hex), 0);
  return Number(number);
}

Number ToNumber(const Limbs& limbs) {
  Number number(BN_new());
  for (int i = 9; i >= 0; --i) {
    EXPECT_TRUE(BN_lshift(number.get(), number.get(), Field::Bits(i)));
    EXPECT_TRUE(BN_add_word(number.get(), limbs[i]));
  }
  return number;
}

std::string ToHexText(const Number& number) {
  bssl::UniquePtr<char> hex(BN_bn2hex(number.get()));
  return hex.get();
}

class Curve25519FieldTest : public ::testing::Test {
 protected:
  using Reference = std::function<void(BIGNUM* out, const Number& a,
                                       const Number& b, BN_CTX* context)>;

  uint32_t RandomLimb(uint32_t max, uint32_t mask) {
    const uint32_t edges[] = {0, 1, max, max - 1, max / 2, mask, mask - 1};
    uint64_t choice = random_() % 12;
    if (choice < 7) return edges[choice];
    uint32_t bits = static_cast<uint32_t>(random_());
    return static_cast<uint32_t>(uint64_t{bits} * max >> 32);
  }

  // Returns the bounds in round 0, zeros in round 1, and then random limbs.
  Limbs RandomLimbs(Bound bound, size_t round) {
    Limbs limbs;
    for (int i = 0; i < 10; ++i) {
      limbs[i] = round == 0   ? bound(i)
                 : round == 1 ? 0
                              : RandomLimb(bound(i), Field::Mask(i));
    }
    return limbs;
  }

  // Compares results modulo p, on every target.
  void ExpectEqualsReference(Operation operation, Bound bound_a, Bound bound_b,
                             Bound bound_out, const Reference& reference) {
    ForEachSimdTarget([&](int64_t target) {
      for (size_t round = 0; round < 300; ++round) {
        Batch a, b, out;
        for (size_t i = 0; i < kBatch; ++i) {
          a[i] = RandomLimbs(bound_a, round == 0 ? i / 4 : 2);
          b[i] = RandomLimbs(bound_b, round == 0 ? i % 4 : 2);
        }
        ASSERT_EQ(HWY_DYNAMIC_DISPATCH(Run)(operation, a, b, out), target);
        for (size_t i = 0; i < kBatch; ++i) {
          for (int limb = 0; limb < 10; ++limb) {
            ASSERT_LE(out[i][limb], bound_out(limb)) << limb;
          }
          Number x = ToNumber(a[i]), y = ToNumber(b[i]);
          Number want(BN_new()), got(BN_new());
          reference(want.get(), x, y, context_.get());
          ASSERT_TRUE(
              BN_nnmod(want.get(), want.get(), prime_.get(), context_.get()));
          ASSERT_TRUE(BN_nnmod(got.get(), ToNumber(out[i]).get(), prime_.get(),
                               context_.get()));
          ASSERT_EQ(ToHexText(got), ToHexText(want))
              << "of " << ToHexText(x) << " and " << ToHexText(y);
        }
      }
    });
  }

  Number prime_ = FromHexNumber(kPrime);
  bssl::UniquePtr<BN_CTX> context_{BN_CTX_new()};
  std::mt19937_64 random_;
};

uint32_t Any(int) { return 0xffffffff; }
uint32_t Below2To31(int) { return 0x7fffffff; }
uint32_t NotTooWide(int limb) { return Field::Mask(limb); }

void TakeFirst(BIGNUM* out, const Number& a, const Number&, BN_CTX*) {
  EXPECT_TRUE(BN_copy(out, a.get()));
}

TEST_F(Curve25519FieldTest, MultipliesWideByLoose) {
  ExpectEqualsReference(
      Operation::kMultiply, Field::MaxWide, Field::MaxLoose, Field::MaxTight,
      [](BIGNUM* out, const Number& a, const Number& b, BN_CTX* context) {
        EXPECT_TRUE(BN_mul(out, a.get(), b.get(), context));
      });
}

TEST_F(Curve25519FieldTest, AddsLimbs) {
  ExpectEqualsReference(
      Operation::kAdd, Below2To31, Below2To31, Any,
      [](BIGNUM* out, const Number& a, const Number& b, BN_CTX*) {
        EXPECT_TRUE(BN_add(out, a.get(), b.get()));
      });
}

TEST_F(Curve25519FieldTest, SubtractsTight) {
  ExpectEqualsReference(
      Operation::kSubtract, Below2To31, Field::MaxTight, Any,
      [](BIGNUM* out, const Number& a, const Number& b, BN_CTX*) {
        EXPECT_TRUE(BN_sub(out, a.get(), b.get()));
      });
}

TEST_F(Curve25519FieldTest, CarriesAnything) {
  ExpectEqualsReference(Operation::kCarry, Any, Any, Field::MaxTight,
                        TakeFirst);
}

TEST_F(Curve25519FieldTest, CanonicalKeepsTheResidue) {
  ExpectEqualsReference(Operation::kCanonical, Field::MaxTight, Field::MaxTight,
                        NotTooWide, TakeFirst);
}

TEST_F(Curve25519FieldTest, CanonicalIsBelowP) {
  // The values are p + i for small i of either sign, small i themselves, and
  // random tight values, the largest one included.
  std::vector<Limbs> values;
  for (uint32_t i = 0; i < 40; ++i) {
    Limbs limbs;
    for (int limb = 0; limb < 10; ++limb) limbs[limb] = Field::Mask(limb);
    limbs[0] = limbs[0] - 38 + i;
    values.push_back(limbs);
    values.push_back({i});
  }
  for (size_t round = 0; round < 80; ++round) {
    values.push_back(RandomLimbs(Field::MaxTight, round));
  }
  ForEachSimdTarget([&](int64_t target) {
    for (size_t first = 0; first < values.size(); first += kBatch) {
      Batch in, out;
      for (size_t i = 0; i < kBatch; ++i) {
        in[i] = values[(first + i) % values.size()];
      }
      ASSERT_EQ(HWY_DYNAMIC_DISPATCH(Run)(Operation::kCanonical, in, in, out),
                target);
      for (const Limbs& limbs : out) {
        EXPECT_LT(BN_cmp(ToNumber(limbs).get(), prime_.get()), 0);
      }
    }
  });
}

}  // namespace
}  // namespace proofmint::crypto
#endif  // HWY_ONCE
