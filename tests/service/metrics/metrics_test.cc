// Tests that a scrape has the metrics of docs/metrics.md with the right values.

#include "signer/service/metrics/metrics.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "signer/base/clock.h"
#include "signer/base/unique_fd.h"
#include "tests/service/testing/metered_server.h"
#include "tests/service/testing/test_server.h"
#include "tests/testing/certificates.h"
#include "tests/testing/scrape.h"

namespace proofmint::service {
namespace {

using ::proofmint::testing::KeysTaken;
using ::proofmint::testing::MeteredServer;
using ::proofmint::testing::NewContext;
using ::proofmint::testing::ParseSamples;
using ::proofmint::testing::Samples;
using ::proofmint::testing::ValidRequest;
using ::testing::HasSubstr;
using ::testing::Not;

// Description holds the type and the label names of a metric.
struct Description {
  std::string type;
  std::set<std::string> labels;
  bool operator==(const Description&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Description& description) {
  out << description.type;
  for (const std::string& label : description.labels) out << " " << label;
  return out;
}

std::map<std::string, Description> DescriptionsOf(const std::string& scrape) {
  std::map<std::string, Description> found;
  std::string current;
  for (absl::string_view line :
       absl::StrSplit(scrape, '\n', absl::SkipEmpty())) {
    if (absl::ConsumePrefix(&line, "# TYPE ")) {
      std::vector<std::string> words = absl::StrSplit(line, ' ');
      current = words.at(0);
      found[current].type = words.at(1);
    } else if (!absl::StartsWith(line, "#") && absl::StrContains(line, '{')) {
      for (absl::string_view label :
           absl::StrSplit(line.substr(line.find('{') + 1), ',')) {
        found[current].labels.emplace(label.substr(0, label.find('=')));
      }
    }
  }
  return found;
}

// Returns the rows "| `name` | type | `label`, … | meaning |" of
// docs/metrics.md.
std::map<std::string, Description> DescriptionsOnThePage() {
  std::map<std::string, Description> found;
  std::ifstream page(PROOFMINT_METRICS_PAGE);
  std::string text(std::istreambuf_iterator<char>(page), {});
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::StartsWith(line, "| `")) continue;
    std::vector<std::string> cells = absl::StrSplit(line, " |");
    std::string name(absl::StripPrefix(cells.at(0), "| "));
    Description& description = found[name.substr(1, name.size() - 2)];
    description.type = std::string(absl::StripAsciiWhitespace(cells.at(1)));
    for (absl::string_view label :
         absl::StrSplit(cells.at(2), ',', absl::SkipWhitespace())) {
      label = absl::StripAsciiWhitespace(label);
      description.labels.emplace(label.substr(1, label.size() - 2));
    }
  }
  return found;
}

double CpuSeconds() { return absl::ToDoubleSeconds(base::ProcessCpuTime()); }

ServerOptions WithPoolOf(size_t capacity) {
  ServerOptions options;
  options.key_pool_capacity = capacity;
  return options;
}

TEST(MetricsTest, ThePageListsWhatIsServed) {
  proofmint::testing::Certificates certificates;
  ServerOptions options;
  options.tls =
      TlsPaths{certificates.Path("server.crt"), certificates.Path("server.key"),
               certificates.Path("ca.crt")};
  MeteredServer server(options);
  EXPECT_EQ(DescriptionsOnThePage(), DescriptionsOf(server.Scrape()));
}

TEST(MetricsTest, CpuTimeIsThatOfTheProcessToTheMicrosecond) {
  MeteredServer server;
  for (int round = 0; round < 3; ++round) {
    const double before = CpuSeconds();
    const double told = ParseSamples(server.Scrape())[kProcessCpuSeconds];
    const double after = CpuSeconds();
    EXPECT_GE(told, before - 1e-6);
    EXPECT_LE(told, after + 1e-6);
    while (CpuSeconds() < after + 0.02) {
    }
  }
}

TEST(MetricsTest, MemoryGrowsWithWhatIsTouched) {
  MeteredServer server;
  constexpr size_t kSize = 64 << 20;
  const double before = ParseSamples(server.Scrape())[kProcessResidentMemory];
  void* memory = mmap(nullptr, kSize, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  const double after = ParseSamples(server.Scrape())[kProcessResidentMemory];
  munmap(memory, kSize);
  EXPECT_GT(before, 1 << 20);
  EXPECT_NEAR(after - before, kSize, kSize / 4);
}

TEST(MetricsTest, DescriptorsAreCounted) {
  MeteredServer server;
  // Descriptors that earlier tests left to gRPC may be closed meanwhile.
  std::vector<base::UniqueFd> files(100);
  const double before = ParseSamples(server.Scrape())[kProcessOpenFds];
  for (base::UniqueFd& file : files) {
    file = base::UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC));
  }
  const double after = ParseSamples(server.Scrape())[kProcessOpenFds];
  EXPECT_NEAR(after - before, 100, 20);
  EXPECT_GT(before, 3);
}

TEST(MetricsTest, EachProofCountsOneKeyMadeOnDemandWithoutAPool) {
  MeteredServer server(WithPoolOf(0));
  auto stub = server.NewStub();
  v1::SignProofResponse response;
  Samples before = ParseSamples(server.Scrape());
  for (v1::Algorithm algorithm :
       {v1::ALGORITHM_UNSPECIFIED, v1::ALGORITHM_ES256, v1::ALGORITHM_ED25519,
        v1::ALGORITHM_EDDSA}) {
    ASSERT_TRUE(
        stub->SignProof(NewContext().get(), ValidRequest(algorithm), &response)
            .ok());
  }
  v1::BatchSignProofsRequest batch;
  for (int i = 0; i < 70; ++i) {
    *batch.add_requests() = ValidRequest(v1::ALGORITHM_EDDSA);
  }
  batch.add_requests()->set_htu("not a URI");  // takes no key
  v1::BatchSignProofsResponse results;
  ASSERT_TRUE(stub->BatchSignProofs(NewContext().get(), batch, &results).ok());
  Samples samples = ParseSamples(server.Scrape());
  auto on_demand = [&](const char* algorithm) {
    const std::string name = absl::StrCat(
        kKeysTaken, "{algorithm=\"", algorithm, "\",source=\"on_demand\"}");
    return samples[name] - before[name];
  };
  EXPECT_EQ(on_demand("ES256"), 2);
  EXPECT_EQ(on_demand("Ed25519"), 1);
  EXPECT_EQ(on_demand("EdDSA"), 71);
  EXPECT_EQ(KeysTaken(samples) - KeysTaken(before), 74);
  EXPECT_EQ(samples[R"(proofmint_key_pool_capacity{algorithm="ES256"})"], 0);
  EXPECT_EQ(samples[R"(proofmint_key_pool_keys{algorithm="ES256"})"], 0);
}

TEST(MetricsTest, KeysOfThePoolAreCountedApart) {
  constexpr char kEs256Keys[] = R"(proofmint_key_pool_keys{algorithm="ES256"})";
  MeteredServer server(WithPoolOf(128));
  // The first self-check takes one key of each algorithm, maybe of a full pool.
  server.WaitForKeys(127);
  auto stub = server.NewStub();
  v1::SignProofResponse response;
  Samples before = ParseSamples(server.Scrape());
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(
        stub->SignProof(NewContext().get(), ValidRequest(), &response).ok());
  }
  Samples samples = ParseSamples(server.Scrape());
  EXPECT_EQ(samples[R"(proofmint_key_pool_capacity{algorithm="ES256"})"], 128);
  EXPECT_EQ(before[kEs256Keys] - samples[kEs256Keys], 10);
  constexpr char kEs256Pooled[] = R"(algorithm="ES256",source="pool")";
  EXPECT_EQ(KeysTaken(samples, kEs256Pooled) - KeysTaken(before, kEs256Pooled),
            10);
  EXPECT_EQ(KeysTaken(samples) - KeysTaken(before), 10);
  EXPECT_EQ(samples[kKeyPoolMemoryLocked],
            server.server().key_pool().memory_locked() ? 1 : 0);
}

TEST(MetricsTest, BuildInfoHasTheVersionAndTheKernel) {
  ServerOptions options;
  options.kernel = crypto::Kernel::kBoringSsl;
  MeteredServer server(options);
  v1::GetCapabilitiesResponse capabilities;
  ASSERT_TRUE(server.NewStub()
                  ->GetCapabilities(NewContext().get(), {}, &capabilities)
                  .ok());
  Samples samples = ParseSamples(server.Scrape());
  EXPECT_EQ(
      samples[absl::StrCat("proofmint_build_info{version=\"",
                           capabilities.version(), "\",kernel=\"boringssl\"}")],
      1);
}

TEST(MetricsTest, NothingOfACallIsShown) {
  MeteredServer server;
  v1::SignProofRequest request = ValidRequest();
  request.set_htu("https://idp-of-one-customer.example/token");
  request.set_nonce("a-nonce-of-the-provider");
  request.set_access_token_sha256(std::string(32, 'h'));
  v1::SignProofResponse response;
  ASSERT_TRUE(
      server.NewStub()->SignProof(NewContext().get(), request, &response).ok());
  const std::string scrape = server.Scrape();
  ASSERT_GT(KeysTaken(ParseSamples(scrape)), 0);
  EXPECT_THAT(scrape, Not(HasSubstr("one-customer")));
  EXPECT_THAT(scrape, Not(HasSubstr(request.nonce())));
  EXPECT_THAT(scrape, Not(HasSubstr("hhhh")));
  EXPECT_THAT(scrape, Not(HasSubstr(response.jkt())));
  for (absl::string_view part : absl::StrSplit(response.proof(), '.')) {
    EXPECT_THAT(scrape, Not(HasSubstr(std::string(part.substr(0, 20)))));
  }
}

}  // namespace
}  // namespace proofmint::service
