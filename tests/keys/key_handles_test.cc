#include "signer/keys/key_handles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "signer/keys/key_handle.h"
#include "tests/dpop/test_keys.h"
#include "tests/keys/kek_files.h"
#include "tests/keys/key_pool_peer.h"
#include "tests/testing/fake_entropy.h"
#include "tests/testing/sanitizers.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temp_dir.h"

namespace proofmint::keys {
namespace {

using dpop::Algorithm;
using dpop::ProofKey;
using proofmint::testing::FakeEntropy;
using proofmint::testing::IsOk;
using proofmint::testing::kHasSanitizer;
using proofmint::testing::StatusIs;
using proofmint::testing::TempDir;
using ::testing::HasSubstr;

constexpr Algorithm kAlgorithm = Algorithm::kEd25519;
constexpr char kCaller[] = "spiffe://example.org/broker";
const absl::Time kNow = absl::FromUnixSeconds(1'767'225'600);

class KeyHandlesTest : public ::testing::Test {
 protected:
  std::unique_ptr<KeyHandles> New(const KeyHandlesOptions& options) {
    return KeyHandles::New(options, entropy_).value();
  }
  std::unique_ptr<KeyHandles> NewOfFile() { return New({.kek_file = path_}); }

  std::string Seal(const KeyHandles& handles) {
    std::string handle;
    EXPECT_THAT(handles.Seal(key_, kAlgorithm, kCaller, kNow, handle), IsOk());
    return handle;
  }

  bool Opens(const KeyHandles& handles, absl::string_view handle,
             absl::Time now = kNow) {
    absl::StatusOr<ProofKey> key =
        handles.Open(handle, kAlgorithm, kCaller, now);
    if (!key.ok()) {
      EXPECT_EQ(key.status(),
                handles.Open("", kAlgorithm, kCaller, now).status());
      return false;
    }
    EXPECT_EQ(SecretOf(*key), SecretOf(key_));
    return true;
  }

  bool Reloads(KeyHandles& handles) {
    absl::StatusOr<bool> reloaded = handles.Reload();
    EXPECT_THAT(reloaded, IsOk());
    return reloaded.ok() && *reloaded;
  }

  FakeEntropy entropy_;
  TempDir directory_;
  const std::string path_ = directory_ / "kek";
  const ProofKey key_ = dpop::PublishedKey(kAlgorithm);
};

TEST_F(KeyHandlesTest, LastForTheTtl) {
  std::unique_ptr<KeyHandles> day = New({});
  const std::string for_a_day = Seal(*day);
  EXPECT_TRUE(Opens(*day, for_a_day, kNow + absl::Seconds(86'399)));
  EXPECT_FALSE(Opens(*day, for_a_day, kNow + absl::Hours(24)));
  std::unique_ptr<KeyHandles> second = New({.ttl = absl::Seconds(1)});
  const std::string for_a_second = Seal(*second);
  EXPECT_TRUE(Opens(*second, for_a_second, kNow + absl::Milliseconds(999)));
  EXPECT_FALSE(Opens(*second, for_a_second, kNow + absl::Seconds(1)));
}

TEST_F(KeyHandlesTest, RefuseATtlOutsideItsLimits) {
  for (absl::Duration ttl :
       {-absl::Hours(1), absl::ZeroDuration(), absl::Milliseconds(999),
        kMaxKeyHandleTtl + absl::Nanoseconds(1), absl::InfiniteDuration(),
        -absl::InfiniteDuration()}) {
    EXPECT_THAT(KeyHandles::New({.ttl = ttl}, entropy_),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("key_handle_ttl: got ")));
  }
  EXPECT_THAT(KeyHandles::New({.ttl = kMaxKeyHandleTtl}, entropy_), IsOk());
}

TEST_F(KeyHandlesTest, HaveARandomKeyOfTheirOwnWithoutAFile) {
  std::unique_ptr<KeyHandles> one = New({});
  std::unique_ptr<KeyHandles> other = New({});
  const std::string handle = Seal(*one);
  EXPECT_TRUE(Opens(*one, handle));
  EXPECT_FALSE(Opens(*other, handle));
  EXPECT_FALSE(Reloads(*one));
  EXPECT_TRUE(Opens(*one, handle));
  EXPECT_TRUE(one->memory_locked());
}

TEST_F(KeyHandlesTest, FailAsTheirEntropyDoes) {
  std::unique_ptr<KeyHandles> handles = New({});
  entropy_.FailAfter(0, 2);
  EXPECT_THAT(
      KeyHandles::New({}, entropy_),
      StatusIs(absl::StatusCode::kUnavailable, "entropy: injected failure"));
  std::string handle;
  EXPECT_THAT(
      handles->Seal(key_, kAlgorithm, kCaller, kNow, handle),
      StatusIs(absl::StatusCode::kUnavailable, "entropy: injected failure"));
  EXPECT_EQ(handle, "");
  EXPECT_TRUE(Opens(*handles, Seal(*handles)));
}

TEST_F(KeyHandlesTest, FailWithoutAGoodFile) {
  EXPECT_THAT(
      KeyHandles::New({.kek_file = path_}, entropy_),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("kek_file: ")));
  WriteKekFile(path_, "nonsense\n");
  EXPECT_THAT(KeyHandles::New({.kek_file = path_}, entropy_),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("kek_file: line 1: ")));
}

TEST_F(KeyHandlesTest, ServeThoseOfEveryOtherProcessWithTheFile) {
  WriteKekFile(path_, LinesOf({1}));
  std::unique_ptr<KeyHandles> one = NewOfFile();
  std::unique_ptr<KeyHandles> other = NewOfFile();
  EXPECT_TRUE(Opens(*other, Seal(*one)));
  EXPECT_TRUE(Opens(*one, Seal(*other)));
}

// As docs/key-handles.md says: at no moment is a good handle refused, in
// whatever order two replicas see the file change.
TEST_F(KeyHandlesTest, RotateWithoutRefusingAGoodHandle) {
  WriteKekFile(path_, LinesOf({1}));
  std::unique_ptr<KeyHandles> early = NewOfFile();
  std::unique_ptr<KeyHandles> late = NewOfFile();
  const std::string first = Seal(*early);
  std::vector<std::string> good = {first};
  auto all_open = [&] {
    for (const KeyHandles* handles : {early.get(), late.get()}) {
      good.push_back(Seal(*handles));
    }
    for (const std::string& handle : good) {
      EXPECT_TRUE(Opens(*early, handle));
      EXPECT_TRUE(Opens(*late, handle));
    }
  };
  for (const std::string& text : {LinesOf({1, 2}), LinesOf({2, 1})}) {
    WriteKekFile(path_, text);
    all_open();
    EXPECT_TRUE(Reloads(*early));
    all_open();
    EXPECT_TRUE(Reloads(*late));
    all_open();
  }
  // The new key seals now: what it has sealed outlives the old one.
  const std::string last = Seal(*late);
  WriteKekFile(path_, LinesOf({2}));
  EXPECT_TRUE(Reloads(*early));
  EXPECT_TRUE(Opens(*early, last));
  EXPECT_FALSE(Opens(*early, first));
  EXPECT_TRUE(Opens(*late, first));
}

TEST_F(KeyHandlesTest, ReloadOnlyOtherKeys) {
  WriteKekFile(path_, LinesOf({1, 2}));
  std::unique_ptr<KeyHandles> handles = NewOfFile();
  EXPECT_FALSE(Reloads(*handles));
  WriteKekFile(path_, "# a comment\n\n" + LinesOf({1, 2}), 0440);
  EXPECT_FALSE(Reloads(*handles));
  WriteKekFile(path_, LinesOf({2, 1}));
  EXPECT_TRUE(Reloads(*handles));
  EXPECT_FALSE(Reloads(*handles));
}

TEST_F(KeyHandlesTest, ReloadWhatIsWrittenInPlaceWithoutANewTime) {
  WriteKekFile(path_, LinesOf({1}));
  std::unique_ptr<KeyHandles> handles = NewOfFile();
  auto time = std::filesystem::last_write_time(path_);
  std::ofstream(path_) << LinesOf({2});
  std::filesystem::last_write_time(path_, time);
  EXPECT_TRUE(Reloads(*handles));
}

// Kubernetes swaps the link to a directory that holds all files of a secret.
TEST_F(KeyHandlesTest, ReloadAfterASymbolicLinkIsSwapped) {
  for (const char* directory : {"..1", "..2"}) {
    std::filesystem::create_directory(directory_ / directory);
  }
  WriteKekFile(directory_ / "..1/kek", LinesOf({1}));
  WriteKekFile(directory_ / "..2/kek", LinesOf({2, 1}));
  std::filesystem::create_symlink("..1", directory_ / "..data");
  std::filesystem::create_symlink("..data/kek", path_);
  std::unique_ptr<KeyHandles> handles = NewOfFile();
  const std::string first = Seal(*handles);
  EXPECT_FALSE(Reloads(*handles));

  std::filesystem::create_symlink("..2", directory_ / "..data_tmp");
  std::filesystem::rename(directory_ / "..data_tmp", directory_ / "..data");
  std::filesystem::remove_all(directory_ / "..1");
  EXPECT_TRUE(Reloads(*handles));
  EXPECT_TRUE(Opens(*handles, first));
  const std::string second = Seal(*handles);
  WriteKekFile(directory_ / "..2/kek", LinesOf({2}));
  EXPECT_TRUE(Reloads(*handles));
  EXPECT_TRUE(Opens(*handles, second));
  EXPECT_FALSE(Opens(*handles, first));
}

TEST_F(KeyHandlesTest, KeepTheirKeysWhenTheFileGoesBad) {
  WriteKekFile(path_, LinesOf({1}));
  std::unique_ptr<KeyHandles> handles = NewOfFile();
  const std::string handle = Seal(*handles);
  auto expect_kept = [&](absl::StatusCode code) {
    for (int i = 0; i < 2; ++i) {
      EXPECT_THAT(handles->Reload(), StatusIs(code, HasSubstr("kek_file: ")));
      EXPECT_TRUE(Opens(*handles, handle));
      EXPECT_TRUE(Opens(*handles, Seal(*handles)));
    }
  };
  for (const std::string& text :
       {std::string(), LinesOf({2}) + "nonsense", LinesOf({2, 2}),
        LinesOf({2}).substr(0, 30)}) {
    WriteKekFile(path_, text);
    expect_kept(absl::StatusCode::kInvalidArgument);
  }
  WriteKekFile(path_, LinesOf({2}), 0644);
  expect_kept(absl::StatusCode::kFailedPrecondition);
  std::filesystem::remove(path_);
  expect_kept(absl::StatusCode::kFailedPrecondition);
  WriteKekFile(path_, LinesOf({2}));
  EXPECT_TRUE(Reloads(*handles));
  EXPECT_FALSE(Opens(*handles, handle));
}

TEST_F(KeyHandlesTest, SealAndOpenWhileTheyReload) {
  const int rounds = kHasSanitizer ? 50 : 300;
  WriteKekFile(path_, LinesOf({1, 2}));
  std::unique_ptr<KeyHandles> handles = NewOfFile();
  std::atomic<bool> done = false;
  std::atomic<int> refused = 0;
  std::atomic<int> reloads = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        std::string handle;
        do {
          handle.clear();
          if (!handles->Seal(key_, kAlgorithm, kCaller, kNow, handle).ok() ||
              !handles->Open(handle, kAlgorithm, kCaller, kNow).ok()) {
            ++refused;
          }
        } while (!done);
      });
    }
    for (int i = 0; i < rounds; ++i) {
      WriteKekFile(path_, i % 2 == 0 ? LinesOf({2, 1}) : LinesOf({1, 2}));
      reloads += handles->Reload().value();
    }
    done = true;
  }
  EXPECT_EQ(refused, 0);
  EXPECT_EQ(reloads, rounds);
  EXPECT_FALSE(Reloads(*handles));
}

}  // namespace
}  // namespace proofmint::keys
