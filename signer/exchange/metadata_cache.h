// MetadataCache says when the metadata of an issuer has to be fetched again.

#ifndef PROOFMINT_SIGNER_EXCHANGE_METADATA_CACHE_H_
#define PROOFMINT_SIGNER_EXCHANGE_METADATA_CACHE_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "signer/exchange/server_metadata.h"

namespace proofmint {

inline constexpr absl::Duration kMinFreshness = absl::Minutes(5);
inline constexpr absl::Duration kDefaultFreshness = absl::Hours(1);
inline constexpr absl::Duration kMaxFreshness = absl::Hours(24);

// FreshFor returns how long an answer with the header Cache-Control:
// `cache_control` (RFC 9111 section 5.2) may be used: its max-age, but at least
// kMinFreshness and at most kMaxFreshness; kMinFreshness for no-store and
// no-cache; kDefaultFreshness without any of them, or if max-age is no number.
// Several headers of that name are to be joined with ", ". Thread-safe.
absl::Duration FreshFor(absl::string_view cache_control);

// MetadataCache holds the metadata of one issuer. It neither fetches nor reads
// a clock: the caller does both. Stale metadata stays in use until a fetch
// succeeds, so a login does not fail because discovery does.
//
//   if (cache.ShouldFetch(absl::Now())) {
//     ... cache.Store(*metadata, cache_control, absl::Now());
//   }
//
// Not thread-safe.
class MetadataCache {
 public:
  // Returns the metadata of the last Store, or null before the first.
  const ServerMetadata* metadata() const {
    return metadata_.has_value() ? &*metadata_ : nullptr;
  }

  // Tells whether to fetch: there is no metadata; or it is no longer fresh, or
  // in doubt, and the last attempt was at least kMinFreshness ago.
  bool ShouldFetch(absl::Time now) const;

  // Puts the metadata in doubt: the identity provider refused a proof
  // (Verdict::kProofRejected), or TLS to it failed. It may have changed what it
  // accepts, or where it is. The next attempt to fetch ends the doubt.
  void Doubt() { in_doubt_ = true; }

  // Keeps what was fetched. Returns a text for the log if the algorithms for
  // DPoP are others than before, and "" otherwise.
  std::string Store(ServerMetadata metadata, absl::string_view cache_control,
                    absl::Time now);

  // Notes an attempt to fetch that failed.
  void OnFetchFailed(absl::Time now);

 private:
  std::optional<ServerMetadata> metadata_;
  absl::Time fresh_until_ = absl::InfinitePast();
  absl::Time last_attempt_ = absl::InfinitePast();
  bool in_doubt_ = false;
};

}  // namespace proofmint

#endif  // PROOFMINT_SIGNER_EXCHANGE_METADATA_CACHE_H_
