#include "tests/testing/certificates.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"

extern char** environ;

namespace proofmint::testing {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

Certificates::Certificates() {
  MakeAuthority("ca");
  Issue("server", {});
  Issue("client", {});
}

void Certificates::MakeAuthority(const std::string& name) {
  const std::string path = Path(name);
  OpenSsl({"req", "-x509", "-newkey", "ec", "-pkeyopt",
           "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
           absl::StrCat("/CN=test authority ", name), "-keyout", path + ".key",
           "-out", path + ".crt"});
}

void Certificates::Issue(const std::string& name, const Options& options) {
  const std::string path = Path(name);
  const std::string authority = Path(options.authority);
  OpenSsl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
           "-nodes", "-subj", absl::StrCat("/CN=", name), "-addext",
           absl::StrCat("subjectAltName=", options.alt_names), "-keyout",
           path + ".key", "-out", path + ".csr"});
  OpenSsl({"x509", "-req", "-in", path + ".csr", "-copy_extensions", "copy",
           "-CA", authority + ".crt", "-CAkey", authority + ".key",
           "-CAcreateserial", "-days", absl::StrCat(options.days), "-out",
           path + ".crt"});
}

std::string Certificates::Read(const std::string& name) const {
  return ReadFile(directory_ / name);
}

void Certificates::Write(const std::string& name,
                         const std::string& text) const {
  std::ofstream file(Path(name));
  file << text;
}

void Certificates::OpenSsl(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), "openssl");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const std::string log = directory_ / "openssl.log";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 2, log.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t pid;
  int spawned =
      posix_spawnp(&pid, "openssl", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ASSERT_EQ(spawned, 0) << "openssl: not found";
  int status = -1;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  ASSERT_EQ(status, 0) << arguments[1] << ": " << ReadFile(log);
}

}  // namespace proofmint::testing
