// Defines macros that return early on errors; Debian 12's Abseil has none.

#ifndef PROOFMINT_SIGNER_BASE_STATUS_MACROS_H_
#define PROOFMINT_SIGNER_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the enclosing function if `expr`, an absl::Status, is not OK.
#define PROOFMINT_RETURN_IF_ERROR(expr)                 \
  do {                                                  \
    if (absl::Status status_ = (expr); !status_.ok()) { \
      return status_;                                   \
    }                                                   \
  } while (false)

// Assigns the value of `expr`, an absl::StatusOr, to `lhs`, which may declare a
// variable; returns the error from the enclosing function otherwise.
//   PROOFMINT_ASSIGN_OR_RETURN(ProofKey key, ProofKey::Generate(...));
#define PROOFMINT_ASSIGN_OR_RETURN(lhs, expr)                               \
  PROOFMINT_ASSIGN_OR_RETURN_(PROOFMINT_CONCAT_(status_or_, __LINE__), lhs, \
                              expr)

#define PROOFMINT_ASSIGN_OR_RETURN_(status_or, lhs, expr) \
  auto status_or = (expr);                                \
  if (!status_or.ok()) return status_or.status();         \
  lhs = *std::move(status_or)

#define PROOFMINT_CONCAT_(a, b) PROOFMINT_CONCAT_INNER_(a, b)
#define PROOFMINT_CONCAT_INNER_(a, b) a##b

#endif  // PROOFMINT_SIGNER_BASE_STATUS_MACROS_H_
