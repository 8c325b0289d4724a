// A cryptographic library that is used as its users use it: one key and one
// signature at a time.

#ifndef PROOFMINT_BENCH_MICRO_LIBRARY_H_
#define PROOFMINT_BENCH_MICRO_LIBRARY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace proofmint::bench {

enum class KeyType { kP256, kEd25519 };

inline constexpr size_t kPrivateKeySize = 32;  // bytes: scalar or seed
inline constexpr size_t kPublicKeySize = 64;   // bytes: x and y, or 32 of A
inline constexpr size_t kSignatureSize = 64;   // bytes: r and s, or R and S

// LibraryKey is a key pair as its library holds it.
struct LibraryKey {
  KeyType type;
  void* object = nullptr;            // the library's own object, if it has one
  std::array<uint8_t, 64> expanded;  // BoringSSL's form of an Ed25519 key
  std::array<uint8_t, kPublicKeySize> public_key;
};

// Library is implemented for BoringSSL and OpenSSL. This header knows neither,
// so that a program can have both: they share names and headers. The cost of
// the virtual call, 2 ns, is nothing beside what is called.
//
// Every function returns false on failure. Not thread-safe.
class Library {
 public:
  virtual ~Library() = default;

  // What the library that really runs says of itself.
  virtual std::string Version() const = 0;

  // Makes a key pair and its public key's bytes.
  virtual bool Generate(KeyType type, LibraryKey& key) = 0;

  // Signs `input`: a SHA-256 digest for P-256, the message for Ed25519.
  virtual bool Sign(const LibraryKey& key, std::span<const uint8_t> input,
                    std::span<uint8_t, kSignatureSize> signature) = 0;

  // Wipes and frees the key.
  virtual void Free(LibraryKey& key) = 0;

  // Copies the private key, for checking. Never timed.
  virtual bool ExportPrivateKey(const LibraryKey& key,
                                std::span<uint8_t, kPrivateKeySize> out) = 0;
};

std::unique_ptr<Library> NewBoringSslLibrary();
std::unique_ptr<Library> NewOpenSslLibrary();

}  // namespace proofmint::bench

#endif  // PROOFMINT_BENCH_MICRO_LIBRARY_H_
