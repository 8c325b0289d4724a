// Tests that compressed messages are refused before they are unpacked.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <zlib.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "signer/base/unique_fd.h"
#include "signer/service/observe/log.h"
#include "signer/service/server/library_logs.h"
#include "tests/service/testing/log_lines.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/connect_as.h"
#include "tests/testing/raw_socket.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::ConnectUnix;
using ::proofmint::testing::ConnectUnixAs;
using ::proofmint::testing::kRpcLimit;
using ::proofmint::testing::LinesOf;
using ::proofmint::testing::Send;
using ::proofmint::testing::Serves;
using ::proofmint::testing::TestServer;
using ::proofmint::testing::TestTime;
using ::proofmint::testing::WaitReadable;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr size_t kZeros = 60 << 20;  // packs into less than a stream's window
constexpr int kCalls = 5;

// Returns kZeros bytes of zero, packed by "gzip" or "deflate".
std::string Packed(const std::string& encoding) {
  const int bits = encoding == "gzip" ? MAX_WBITS + 16 : MAX_WBITS;
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, bits, 8,
                         Z_DEFAULT_STRATEGY),
            Z_OK);
  std::string zeros(1 << 20, '\0');
  std::string packed(1 << 17, '\0');
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  for (size_t done = 0; done < kZeros; done += zeros.size()) {
    stream.next_in = reinterpret_cast<Bytef*>(zeros.data());
    stream.avail_in = static_cast<uInt>(zeros.size());
    const bool last = done + zeros.size() >= kZeros;
    EXPECT_EQ(deflate(&stream, last ? Z_FINISH : Z_NO_FLUSH),
              last ? Z_STREAM_END : Z_OK);
  }
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  EXPECT_LT(packed.size(), 65'000u);
  return packed;
}

std::string BigEndian(size_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) {
    text.push_back(static_cast<char>(value >> (8 * i)));
  }
  return text;
}

std::string Frame(char type, char flags, const std::string& payload,
                  size_t stream = 1) {
  return absl::StrCat(BigEndian(payload.size(), 3), std::string{type, flags},
                      BigEndian(stream, 4), payload);
}

// Returns the HTTP/2 bytes of a call of SignProof whose message is `packed`.
std::string CallWith(const std::string& encoding, const std::string& packed) {
  std::string headers = "\x83\x86";  // :method POST, :scheme http
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{
           {":path", "/proofmint.v1.ProofSigner/SignProof"},
           {":authority", "localhost"},
           {"content-type", "application/grpc"},
           {"te", "trailers"},
           {"grpc-encoding", encoding}}) {
    absl::StrAppend(&headers, BigEndian(0, 1), BigEndian(name.size(), 1), name,
                    BigEndian(value.size(), 1), value);
  }
  std::string call = absl::StrCat("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                                  Frame(/*SETTINGS*/ 4, 0, "", 0),
                                  Frame(/*HEADERS*/ 1, 4, headers));
  const std::string message =
      absl::StrCat(BigEndian(encoding == "identity" ? 0 : 1, 1),
                   BigEndian(packed.size(), 4), packed);
  for (size_t sent = 0; sent < message.size(); sent += 16'384) {
    call += Frame(/*DATA*/ 0, sent + 16'384 >= message.size() ? 1 : 0,
                  message.substr(sent, 16'384));
  }
  return call;
}

// Sends `call` and returns what the server answers, up to `end`.
std::string AnswerTo(const base::UniqueFd& client, const std::string& call,
                     const char* end) {
  Send(client, call);
  std::string received;
  while (received.find(end) == std::string::npos &&
         WaitReadable(client, kRpcLimit)) {
    char buffer[4096];
    const ssize_t size = recv(client.get(), buffer, sizeof(buffer), 0);
    if (size <= 0) break;
    received.append(buffer, static_cast<size_t>(size));
  }
  return received;
}

// Makes PeakMemory count from now on.
void ResetPeakMemory() {
  std::FILE* file = std::fopen("/proc/self/clear_refs", "w");
  ASSERT_NE(file, nullptr);
  std::fputs("5", file);
  std::fclose(file);
}

// Returns the most memory that this process had resident, in bytes.
size_t PeakMemory() {
  char line[256];
  size_t kib = 0;
  std::FILE* file = std::fopen("/proc/self/status", "r");
  while (std::fgets(line, sizeof(line), file) != nullptr &&
         std::sscanf(line, "VmHWM: %zu kB", &kib) == 0) {
  }
  std::fclose(file);
  return kib << 10;
}

// Sends calls with `encoding` over connections that `connect` makes, and
// expects the server to refuse them without unpacking and without a line in the
// log.
template <typename Connect>
void ExpectRefuses(const std::string& encoding, Connect connect) {
  const std::string call = CallWith(encoding, Packed(encoding));
  CaptureLibraryLogs();
  const uint64_t dropped = LogDropped();
  ResetPeakMemory();
  const size_t before = PeakMemory();
  EXPECT_THAT(LinesOf([&] {
                for (int i = 0; i < kCalls; ++i) {
                  base::UniqueFd client = connect();
                  ASSERT_TRUE(client.valid());
                  EXPECT_THAT(
                      AnswerTo(client, call, "disabled."),
                      HasSubstr(absl::StrCat("Compression algorithm '",
                                             encoding, "' is disabled.")));
                }
              }),
              IsEmpty());
  EXPECT_EQ(LogDropped() - dropped, uint64_t{kCalls});
  EXPECT_LT(PeakMemory(), before + (16 << 20));
}

TEST(CompressionTest, IsRefusedBeforeAnythingIsUnpacked) {
  TestServer server;
  for (const char* encoding : {"gzip", "deflate"}) {
    ExpectRefuses(encoding, [&] { return ConnectUnix(server.unix_path()); });
  }
  EXPECT_TRUE(Serves(server.unix_target()));
}

TEST(CompressionTest, TheServerSaysThatItUnpacksNothing) {
  TestServer server;
  const std::string call =
      CallWith("identity", testing::ValidRequest().SerializeAsString());
  // An HPACK literal with the size of the value before it.
  constexpr char kAccepted[] = "grpc-accept-encoding\x08identity";
  EXPECT_THAT(AnswerTo(ConnectUnix(server.unix_path()), call, kAccepted),
              HasSubstr(kAccepted));
}

TEST(CompressionTest, IsRefusedToPeersThatMayNotCall) {
  if (geteuid() != 0) GTEST_SKIP() << "becoming another user wants root";
  ServerOptions options;
  options.callers.allowed_uids = {1234};
  TestServer server(TestTime, options);
  ASSERT_EQ(
      chmod(server.unix_path().substr(0, server.unix_path().rfind('/')).c_str(),
            0755),
      0);
  ASSERT_EQ(chmod(server.unix_path().c_str(), 0666), 0);
  ExpectRefuses("gzip", [&] {
    return ConnectUnixAs({.uid = 4321, .gid = 1}, server.unix_path());
  });
  EXPECT_TRUE(Serves(server.unix_target()));
}

}  // namespace
}  // namespace proofmint::service
