// Parses and serializes the messages of a call. Calls parse their
// requests themselves, because gRPC answers a request that does not parse with
// a bare UNIMPLEMENTED.

#ifndef PROOFMINT_SIGNER_SERVICE_RPC_MESSAGE_BYTES_H_
#define PROOFMINT_SIGNER_SERVICE_RPC_MESSAGE_BYTES_H_

#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/byte_buffer.h>

#include "absl/status/status.h"
#include "signer/service/contract/errors.h"

namespace proofmint::service {

// ParseMessage replaces `message` by the message in `bytes`, or fails with an
// InvalidRequestError. It frees the bytes, whose memory is part of gRPC's
// quota.
template <typename Message>
absl::Status ParseMessage(grpc::ByteBuffer& bytes, Message& message) {
  if (!grpc::SerializationTraits<Message>::Deserialize(&bytes, &message).ok()) {
    return InvalidRequestError(Message::descriptor()->name());
  }
  return absl::OkStatus();
}

// SerializeMessage replaces `bytes` by the serialized `message`. Fails with
// INTERNAL if the message is larger than protobuf can serialize.
template <typename Message>
absl::Status SerializeMessage(const Message& message, grpc::ByteBuffer& bytes) {
  bool own_buffer;
  grpc::Status serialized = grpc::SerializationTraits<Message>::Serialize(
      message, &bytes, &own_buffer);
  return serialized.ok() ? absl::OkStatus()
                         : absl::InternalError(serialized.error_message());
}

}  // namespace proofmint::service

#endif  // PROOFMINT_SIGNER_SERVICE_RPC_MESSAGE_BYTES_H_
