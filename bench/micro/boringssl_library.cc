// BoringSSL by its plain C API, in the cheapest way measured: point2oct makes x
// and y without big numbers, and the group is found once.

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/curve25519.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/mem.h>
#include <openssl/nid.h>

#include <algorithm>

#include "bench/micro/library.h"

namespace proofmint::bench {
namespace {

constexpr size_t kPointSize = 1 + kPublicKeySize;  // bytes, uncompressed

class BoringSslLibrary : public Library {
 public:
  std::string Version() const override {
    return OpenSSL_version(OPENSSL_VERSION);
  }

  bool Generate(KeyType type, LibraryKey& key) override {
    key.type = type;
    if (type == KeyType::kEd25519) {
      ED25519_keypair(key.public_key.data(), key.expanded.data());
      return true;
    }
    EC_KEY* ec_key = EC_KEY_new();
    key.object = ec_key;
    std::array<uint8_t, kPointSize> point;
    if (ec_key == nullptr || !EC_KEY_set_group(ec_key, group_) ||
        !EC_KEY_generate_key(ec_key) ||
        EC_POINT_point2oct(group_, EC_KEY_get0_public_key(ec_key),
                           POINT_CONVERSION_UNCOMPRESSED, point.data(),
                           point.size(), nullptr) != point.size()) {
      return false;
    }
    std::copy(point.begin() + 1, point.end(), key.public_key.begin());
    return true;
  }

  bool Sign(const LibraryKey& key, std::span<const uint8_t> input,
            std::span<uint8_t, kSignatureSize> signature) override {
    if (key.type == KeyType::kEd25519) {
      return ED25519_sign(signature.data(), input.data(), input.size(),
                          key.expanded.data()) == 1;
    }
    bssl::UniquePtr<ECDSA_SIG> sig(ECDSA_do_sign(
        input.data(), input.size(), static_cast<const EC_KEY*>(key.object)));
    return sig &&
           BN_bn2bin_padded(signature.data(), 32,
                            ECDSA_SIG_get0_r(sig.get())) &&
           BN_bn2bin_padded(signature.data() + 32, 32,
                            ECDSA_SIG_get0_s(sig.get()));
  }

  void Free(LibraryKey& key) override {
    if (key.type == KeyType::kEd25519) {
      OPENSSL_cleanse(key.expanded.data(), key.expanded.size());
    }
    EC_KEY_free(static_cast<EC_KEY*>(key.object));
    key.object = nullptr;
  }

  bool ExportPrivateKey(const LibraryKey& key,
                        std::span<uint8_t, kPrivateKeySize> out) override {
    if (key.type == KeyType::kEd25519) {
      // The seed, followed by the public key.
      std::copy_n(key.expanded.begin(), out.size(), out.begin());
      return true;
    }
    return BN_bn2bin_padded(out.data(), out.size(),
                            EC_KEY_get0_private_key(
                                static_cast<const EC_KEY*>(key.object))) == 1;
  }

 private:
  const EC_GROUP* group_ = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
};

}  // namespace

std::unique_ptr<Library> NewBoringSslLibrary() {
  return std::make_unique<BoringSslLibrary>();
}

}  // namespace proofmint::bench
