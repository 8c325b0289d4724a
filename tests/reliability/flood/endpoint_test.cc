#include "tests/reliability/flood/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proofmint::flood {
namespace {

TEST(EndpointTest, ThisMachineIsAccepted) {
  for (const char* text : {"unix:/run/a.sock", "127.0.0.1:8443", "127.0.0.2:0",
                           "127.255.255.255:65535"}) {
    EXPECT_TRUE(ParseEndpoint(text).ok()) << text;
  }
}

TEST(EndpointTest, EverythingElseIsRefused) {
  for (const char* text :
       {"", "unix:", "10.0.0.1:8443", "128.0.0.1:8443", "0.0.0.0:8443",
        "localhost:8443", "signer.example:8443", "127.0.0.1",
        "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "/run/a.sock"}) {
    EXPECT_EQ(ParseEndpoint(text).status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
  EXPECT_FALSE(ParseEndpoint("unix:" + std::string(108, 'p')).ok());
}

}  // namespace
}  // namespace proofmint::flood
