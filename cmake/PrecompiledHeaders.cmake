# Precompiled headers, for clang: the headers of other projects, on which most files spend most of their compile time.
# clang reads from a precompiled header only what a file uses. No file may rely on one for an #include: scripts/tidy compiles
# without, and so does -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON. gcc, which reads them whole, gains little and does without.
if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
  set(CMAKE_DISABLE_PRECOMPILE_HEADERS ON)
endif()

# proofmint_precompiled_headers(NAME HEADERS... DEPS...): a target whose precompiled headers others use, by
# target_precompile_headers(TARGET REUSE_FROM NAME). Such a target must have the same optimization, -fPIC or -fPIE, -pthread
# and sanitizer, and all of NAME's definitions; it may have more. clang refuses what does not match.
function(proofmint_precompiled_headers name)
  cmake_parse_arguments(ARG "" "" "HEADERS;DEPS" ${ARGN})
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/${name}.cc CONTENT "")
  add_library(${name} OBJECT ${PROJECT_BINARY_DIR}/${name}.cc)
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} proofmint_flags)
  # A precompiled header names files of its build tree. One such file among the headers keeps ccache from copying it to
  # another tree.
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/${name}.h CONTENT "")
  target_precompile_headers(${name} PRIVATE ${ARG_HEADERS} ${PROJECT_BINARY_DIR}/${name}.h)
  # The same headers make the same bytes, for ccache.
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    target_compile_options(${name} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endfunction()

set(core_headers
  <algorithm> <array> <atomic> <chrono> <condition_variable> <cstddef> <cstdint> <cstring> <filesystem> <fstream>
  <functional> <iostream> <map> <memory> <mutex> <optional> <random> <set> <span> <sstream> <string> <thread> <utility>
  <variant> <vector>
  <absl/status/status.h> <absl/status/statusor.h> <absl/strings/escaping.h> <absl/strings/match.h> <absl/strings/str_cat.h>
  <absl/strings/str_split.h> <absl/time/clock.h> <absl/time/time.h>)
set(core_deps absl::status absl::statusor absl::strings absl::time)
set(service_headers
  ${core_headers} <absl/strings/str_format.h>
  <grpcpp/generic/async_generic_service.h> <grpcpp/grpcpp.h> <grpcpp/support/error_details.h>
  <google/rpc/error_details.pb.h> <proofmint/v1/proof_signer.grpc.pb.h>
  <nlohmann/json.hpp>)
set(service_deps ${core_deps} absl::str_format gRPC::grpc++ nlohmann_json::nlohmann_json proofmint_proto)

# For the layers below the service, for all other libraries, for tests, which are compiled without optimization, and for the
# tests that need it.
proofmint_precompiled_headers(proofmint_core_headers HEADERS ${core_headers} DEPS ${core_deps})
proofmint_precompiled_headers(proofmint_library_headers HEADERS ${service_headers} DEPS ${service_deps})
proofmint_precompiled_headers(proofmint_test_headers
  HEADERS ${service_headers} <gmock/gmock.h> <gtest/gtest.h>
  DEPS ${service_deps} GTest::gmock proofmint_test_flags)
proofmint_precompiled_headers(proofmint_optimized_test_headers
  HEADERS ${core_headers} <gmock/gmock.h> <gtest/gtest.h>
  DEPS ${core_deps} GTest::gmock)
set_target_properties(proofmint_test_headers proofmint_optimized_test_headers PROPERTIES POSITION_INDEPENDENT_CODE OFF)
