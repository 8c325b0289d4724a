// Lists scalars around 0 and around P-256's group order, big-endian in hex.

#ifndef PROOFMINT_TESTS_CRYPTO_P256_SCALARS_H_
#define PROOFMINT_TESTS_CRYPTO_P256_SCALARS_H_

namespace proofmint::crypto {

inline constexpr char kZero[] =
    "0000000000000000000000000000000000000000000000000000000000000000";
inline constexpr char kOne[] =
    "0000000000000000000000000000000000000000000000000000000000000001";
inline constexpr char kOrder[] =  // n, SEC 2 section 2.4.2
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
inline constexpr char kOrderPlusOne[] =
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552";
inline constexpr char kAllOnes[] =
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

}  // namespace proofmint::crypto

#endif  // PROOFMINT_TESTS_CRYPTO_P256_SCALARS_H_
