// Curve25519Point adds points of Ed25519's curve, -x^2 + y^2 = 1 + d x^2 y^2,
// many at once.

// Highway needs an include guard for each target.
#if defined(PROOFMINT_SIGNER_CRYPTO_CURVE25519_POINT_INL_H_) == \
    defined(HWY_TARGET_TOGGLE)
#ifdef PROOFMINT_SIGNER_CRYPTO_CURVE25519_POINT_INL_H_
#undef PROOFMINT_SIGNER_CRYPTO_CURVE25519_POINT_INL_H_
#else
#define PROOFMINT_SIGNER_CRYPTO_CURVE25519_POINT_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>

#include "signer/crypto/curve25519_field-inl.h"

HWY_BEFORE_NAMESPACE();
namespace proofmint::crypto::HWY_NAMESPACE {

// Curve25519Point has the formulas of Hisil, Wong, Carter and Dawson, "Twisted
// Edwards Curves Revisited" (ASIACRYPT 2008), section 3.1. The addition is
// complete. For "tight", "loose" and "wide" see curve25519_field-inl.h.
template <class Ops, class FieldOfOps = Curve25519Field<Ops>>
struct Curve25519Point {
  using Field = FieldOfOps;
  using Word = typename Ops::Word;
  static constexpr size_t kAlignment = 64;

  // Extended is a point in extended coordinates: x = X/Z, y = Y/Z, xy = T/Z.
  // All four are tight.
  struct alignas(kAlignment) Extended {
    Word x[Field::kWords];
    Word y[Field::kWords];
    Word z[Field::kWords];
    Word t[Field::kWords];
  };

  // Niels is an affine point of the table, or the negative of one. y + x and y
  // - x are below p and tight; 2dxy is loose.
  struct alignas(kAlignment) Niels {
    typename Field::Factor y_plus_x;
    typename Field::Factor y_minus_x;
    typename Field::Factor dxy2;  // 2dxy
  };

  // Scratch holds intermediate values, which are secret if the points are.
  struct alignas(kAlignment) Scratch {
    Word a[Field::kWords];
    Word b[Field::kWords];
    Word c[Field::kWords];
    Word f[Field::kWords];
    Word h[Field::kWords];
    typename Field::Factor e;
    typename Field::Factor g;
  };

  // 1/d modulo p.
  static constexpr uint32_t kInverseOfD[Field::kLimbs] = {
      0x1c9f843, 0x03c9db3, 0x285c4bc, 0x0c213ca, 0x02d775a,
      0x1b9cf66, 0x3108a66, 0x1c86562, 0x1214d5c, 0x10241fb};

  // Writes `p` in extended coordinates, as (2x : 2y : 2 : 2xy).
  static HWY_INLINE void FromNiels(const Niels& p, Scratch& s, Extended& out) {
    Field::Subtract(p.y_plus_x.even, p.y_minus_x.even, s.a);
    Field::Carry(s.a, out.x);
    Field::Add(p.y_plus_x.even, p.y_minus_x.even, s.a);
    Field::Carry(s.a, out.y);
    for (int i = 0; i < Field::kLimbs; ++i) {
      Field::SetLimb(Ops::Set(i == 0 ? 2 : 0), i, out.z);
      Field::SetLimb(Ops::Set(kInverseOfD[i]), i, s.a);
    }
    Field::Multiply(s.a, p.dxy2, out.t);
  }

  // Adds q to p. Without kWithT, p.t is not updated, so that no further
  // addition may follow.
  template <bool kWithT>
  static HWY_INLINE void Add(const Niels& q, Scratch& s, Extended& p) {
    Field::Subtract(p.y, p.x, s.f);
    Field::Multiply(s.f, q.y_minus_x, s.a);
    Field::Add(p.y, p.x, s.h);
    Field::Multiply(s.h, q.y_plus_x, s.b);
    Field::Multiply(p.t, q.dxy2, s.c);
    Field::Subtract(s.b, s.a, s.e);  // loose
    Field::Add(s.b, s.a, s.h);       // loose
    Field::Add(p.z, p.z, s.a);
    Field::Subtract(s.a, s.c, s.f);  // wide
    Field::Add(s.a, s.c, s.g);       // loose
    Field::Multiply(s.f, s.e, p.x);
    Field::Multiply(s.h, s.g, p.y);
    Field::Multiply(s.f, s.g, p.z);
    if constexpr (kWithT) Field::Multiply(s.h, s.e, p.t);
  }
};

}  // namespace proofmint::crypto::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // PROOFMINT_SIGNER_CRYPTO_CURVE25519_POINT_INL_H_
