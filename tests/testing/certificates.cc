#include "tests/testing/certificates.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <fstream>
#include <iterator>

#include "absl/strings/match.h"
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

void Certificates::NewKey(const std::string& name, const std::string& key) {
  const std::string path = Path(name) + ".key";
  if (key == "dsa") {
    const std::string parameters = Path("dsa.parameters");
    OpenSsl({"genpkey", "-genparam", "-algorithm", "DSA", "-pkeyopt",
             "dsa_paramgen_bits:2048", "-out", parameters});
    OpenSsl({"genpkey", "-paramfile", parameters, "-out", path});
  } else if (key == "ed25519") {
    OpenSsl({"genpkey", "-algorithm", key, "-out", path});
  } else if (absl::StartsWith(key, "rsa:")) {
    OpenSsl({"genpkey", "-algorithm", "RSA", "-pkeyopt",
             absl::StrCat("rsa_keygen_bits:", key.substr(4)), "-out", path});
  } else {
    OpenSsl({"genpkey", "-algorithm", "EC", "-pkeyopt",
             "ec_paramgen_curve:" + key, "-out", path});
  }
}

void Certificates::MakeAuthority(const std::string& name,
                                 const std::string& key,
                                 const std::string& subject) {
  const std::string path = Path(name);
  NewKey(name, key);
  OpenSsl(
      {"req", "-x509", "-key", path + ".key", "-days", "2", "-subj",
       subject.empty() ? absl::StrCat("/CN=test authority ", name) : subject,
       "-out", path + ".crt"});
}

void Certificates::Issue(const std::string& name, const Options& options) {
  const std::string path = Path(name);
  const std::string authority = Path(options.authority);
  NewKey(name, options.key);
  std::vector<std::string> request = {
      "req",     "-new",
      "-key",    path + ".key",
      "-subj",   absl::StrCat("/CN=", name),
      "-addext", absl::StrCat("subjectAltName=", options.alt_names),
      "-out",    path + ".csr"};
  for (const std::string& extension : options.extensions) {
    request.insert(request.end(), {"-addext", extension});
  }
  OpenSsl(request);
  if (options.not_before.empty()) {
    OpenSsl({"x509", "-req", "-in", path + ".csr", "-copy_extensions", "copy",
             "-CA", authority + ".crt", "-CAkey", authority + ".key",
             "-CAcreateserial", "-days", absl::StrCat(options.days),
             "-" + options.digest, "-out", path + ".crt"});
    return;
  }
  // Only the command `ca` sets the beginning. It wants a database.
  Write("database", "");
  Write("ca.conf", absl::StrCat("[ca]\ndefault_ca = any\n[any]\n"
                                "copy_extensions = copy\nrand_serial = yes\n"
                                "policy = name\ndatabase = ",
                                Path("database"), "\nnew_certs_dir = ",
                                Path(""), "\n[name]\ncommonName = supplied\n"));
  OpenSsl({"ca", "-batch", "-notext", "-config", Path("ca.conf"), "-in",
           path + ".csr", "-cert", authority + ".crt", "-keyfile",
           authority + ".key", "-md", options.digest, "-startdate",
           options.not_before, "-days", absl::StrCat(options.days), "-out",
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
