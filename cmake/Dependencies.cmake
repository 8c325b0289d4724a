# Debian 12's packages, installed by scripts/setup.

find_package(Threads REQUIRED)
find_package(absl REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(spdlog REQUIRED)
find_package(GTest REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(nlohmann_json REQUIRED)
# libcrypto for proofmint_exchange, which a broker's process has, and libssl to check TLS files, which libgrpc loads. The
# service itself uses BoringSSL (BoringSSL.cmake).
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto SSL)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
find_package(benchmark REQUIRED)
# Highway's headers. What its library has beside them is in signer/crypto/highway_runtime.cc.
pkg_check_modules(HIGHWAY REQUIRED libhwy)
add_library(highway_headers INTERFACE)
target_include_directories(highway_headers SYSTEM INTERFACE ${HIGHWAY_INCLUDE_DIRS})
