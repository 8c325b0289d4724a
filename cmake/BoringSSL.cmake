# BoringSSL's libcrypto: static, with the assembly, every symbol hidden and under a name of its own. It is built from source
# because Debian's own library is OPENSSL_SMALL (P-256 key generation five times slower) and exports names that collide with
# the OpenSSL which libgrpc loads. scripts/setup unpacks the source tree.

if(DEFINED ENV{XDG_CACHE_HOME})
  set(default_source_dir $ENV{XDG_CACHE_HOME}/proofmint/boringssl)
else()
  set(default_source_dir $ENV{HOME}/.cache/proofmint/boringssl)
endif()
set(BORINGSSL_SOURCE_DIR ${default_source_dir} CACHE PATH
  "A BoringSSL tree with android-sources.cmake, as Debian's source package has it")
if(NOT EXISTS ${BORINGSSL_SOURCE_DIR}/android-sources.cmake)
  message(FATAL_ERROR
    "BoringSSL: no android-sources.cmake in ${BORINGSSL_SOURCE_DIR}: run scripts/setup, or give -DBORINGSSL_SOURCE_DIR=")
endif()

# The revision, for --version.
set(BORINGSSL_REVISION unknown)
if(EXISTS ${BORINGSSL_SOURCE_DIR}/BORINGSSL_REVISION)
  file(STRINGS ${BORINGSSL_SOURCE_DIR}/BORINGSSL_REVISION BORINGSSL_REVISION LIMIT_COUNT 1)
endif()

set(BORINGSSL_ROOT ${BORINGSSL_SOURCE_DIR}/)
include(${BORINGSSL_SOURCE_DIR}/android-sources.cmake)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  set(boringssl_assembly ${crypto_sources_linux_x86_64})
elseif(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
  set(boringssl_assembly ${crypto_sources_linux_aarch64})
else()
  message(FATAL_ERROR "BoringSSL: got processor ${CMAKE_SYSTEM_PROCESSOR}, want x86_64 or aarch64")
endif()

add_library(boringssl_crypto STATIC ${crypto_sources} ${boringssl_assembly})
set_target_properties(boringssl_crypto PROPERTIES C_VISIBILITY_PRESET hidden)
target_include_directories(boringssl_crypto PRIVATE ${BORINGSSL_SOURCE_DIR}/src/include)
target_compile_definitions(boringssl_crypto PRIVATE BORINGSSL_IMPLEMENTATION _XOPEN_SOURCE=700)
target_compile_options(boringssl_crypto PRIVATE -w -ffunction-sections -fdata-sections)
target_link_libraries(boringssl_crypto PRIVATE proofmint_sanitizer)

# boringssl: what our code links. OpenSSL, which libgrpc, the TLS files and a broker's libraries use, has functions of the same
# names. So every global name of the archive gets a prefix, and BoringSSL's headers use it where BORINGSSL_PREFIX is defined:
# SHA256 becomes boringssl_SHA256. Both libraries can then be in one program, in any order. BoringSSL's own way to rename
# compiles it with the list of its names, which only a first compilation has.
set(prefix_dir ${PROJECT_BINARY_DIR}/boringssl)
set(prefixed_archive ${prefix_dir}/libboringssl_prefixed.a)
file(MAKE_DIRECTORY ${prefix_dir})  # CMake wants the folder of an imported library to exist.
add_custom_command(
  OUTPUT ${prefixed_archive} ${prefix_dir}/boringssl_prefix_symbols.h
  COMMAND ${PROJECT_SOURCE_DIR}/cmake/prefix_symbols.sh boringssl $<TARGET_FILE:boringssl_crypto> ${prefixed_archive}
    ${prefix_dir}/boringssl_prefix_symbols.h
  DEPENDS boringssl_crypto ${PROJECT_SOURCE_DIR}/cmake/prefix_symbols.sh
  COMMENT "Prefixing BoringSSL's names"
  VERBATIM)
add_custom_target(boringssl_prefixed DEPENDS ${prefixed_archive} ${prefix_dir}/boringssl_prefix_symbols.h)
add_library(boringssl STATIC IMPORTED GLOBAL)
add_dependencies(boringssl boringssl_prefixed)
set_target_properties(boringssl PROPERTIES IMPORTED_LOCATION ${prefixed_archive})
target_include_directories(boringssl SYSTEM INTERFACE ${BORINGSSL_SOURCE_DIR}/src/include ${prefix_dir})
target_compile_definitions(boringssl INTERFACE BORINGSSL_PREFIX=boringssl)
target_link_libraries(boringssl INTERFACE Threads::Threads)
target_link_options(boringssl INTERFACE $<$<CONFIG:Release>:LINKER:--gc-sections>)
