#include "signer/crypto/sha2.h"

#include <openssl/sha.h>

#include <algorithm>

namespace proofmint::crypto {

Sha256Digest Sha256(std::span<const uint8_t> message) {
  Sha256Digest digest;
  SHA256(message.data(), message.size(), digest.data());
  return digest;
}

Sha512Digest Sha512(std::span<const uint8_t> message) {
  Sha512Digest digest;
  SHA512(message.data(), message.size(), digest.data());
  return digest;
}

Sha256Prefix::Sha256Prefix() {
  SHA256_CTX context;
  SHA256_Init(&context);
  std::copy(std::begin(context.h), std::end(context.h), state_.begin());
}

Sha256Prefix::Sha256Prefix(std::span<const uint8_t> prefix) : Sha256Prefix() {
  SHA256_TransformBlocks(state_.data(), prefix.data(),
                         prefix.size() / kBlockSize);
  size_ = static_cast<uint32_t>(prefix.size());
}

Sha256Digest Sha256Prefix::Finish(std::span<const uint8_t> rest) const {
  SHA256_CTX context;
  SHA256_Init(&context);
  std::copy(state_.begin(), state_.end(), context.h);
  context.Nl = size_ * 8;  // counted in bits
  SHA256_Update(&context, rest.data(), rest.size());
  Sha256Digest digest;
  SHA256_Final(digest.data(), &context);
  return digest;
}

}  // namespace proofmint::crypto
