# BoringSSL's libcrypto: static, with the assembly, every symbol hidden. It is built from source because Debian's own
# library is OPENSSL_SMALL (P-256 key generation five times slower) and exports names that collide with the OpenSSL
# which libgrpc loads. scripts/setup unpacks the source tree.

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

# boringssl: what our code links. The whole archive, and before anything else: a linker that meets libgrpc's libcrypto.so
# first takes names that are in both from there, and half of BoringSSL on half of OpenSSL crashes. An option comes before
# all libraries, whatever order CMake gives those. What is not used is dropped again from what is shipped.
add_library(boringssl INTERFACE)
target_include_directories(boringssl SYSTEM INTERFACE ${BORINGSSL_SOURCE_DIR}/src/include)
target_link_libraries(boringssl INTERFACE Threads::Threads)
target_link_options(boringssl INTERFACE
  LINKER:--whole-archive,$<TARGET_FILE:boringssl_crypto>,--no-whole-archive
  $<$<CONFIG:Release>:LINKER:--gc-sections>)
set_target_properties(boringssl PROPERTIES INTERFACE_LINK_DEPENDS $<TARGET_FILE:boringssl_crypto>)
