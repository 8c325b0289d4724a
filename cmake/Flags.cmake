# proofmint_flags: how our own code is compiled and linked. Other people's code (BoringSSL, generated protobuf) gets
# proofmint_sanitizer alone, without our warnings.

set(PROOFMINT_SANITIZER "" CACHE STRING "empty, address (with undefined behaviour) or thread")

add_library(proofmint_sanitizer INTERFACE)
add_library(proofmint_flags INTERFACE)
target_link_libraries(proofmint_flags INTERFACE proofmint_sanitizer)
# Some libraries ask for it, and files that share precompiled headers must agree.
target_compile_options(proofmint_flags INTERFACE -pthread)

target_compile_options(proofmint_flags INTERFACE
  -Wall -Wextra -Werror -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  target_compile_options(proofmint_flags INTERFACE -Wthread-safety -Wconversion -Wno-sign-conversion)
else()
  # gcc 12 sees overlapping copies in the standard library's own operator+ of strings (GCC bug 105651).
  target_compile_options(proofmint_flags INTERFACE -Wno-restrict)
endif()

# A process that holds keys: canaries, checked libc calls, read-only relocations.
target_compile_options(proofmint_flags INTERFACE -fstack-protector-strong)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_definitions(proofmint_flags INTERFACE _FORTIFY_SOURCE=2)
endif()
target_link_options(proofmint_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)

# Tests compile in half the time without optimization. Most spend their time in the libraries, which are compiled as they are
# shipped; a test that calculates itself is declared OPTIMIZED. _FORTIFY_SOURCE needs optimization, so it is off.
add_library(proofmint_test_flags INTERFACE)
target_compile_options(proofmint_test_flags INTERFACE -O0 -U_FORTIFY_SOURCE)

if(PROOFMINT_SANITIZER STREQUAL "address")
  target_compile_options(proofmint_sanitizer INTERFACE -fsanitize=address -fno-omit-frame-pointer)
  target_link_options(proofmint_sanitizer INTERFACE -fsanitize=address,undefined)
  # The vptr check opens a pipe to look at memory, and a test takes all descriptors away.
  target_compile_options(proofmint_flags INTERFACE
    -fsanitize=undefined -fno-sanitize=vptr -fno-sanitize-recover=all -fsanitize=fuzzer-no-link)
elseif(PROOFMINT_SANITIZER STREQUAL "thread")
  target_compile_options(proofmint_sanitizer INTERFACE -fsanitize=thread)
  target_link_options(proofmint_sanitizer INTERFACE -fsanitize=thread)
elseif(PROOFMINT_SANITIZER)
  message(FATAL_ERROR "PROOFMINT_SANITIZER: got ${PROOFMINT_SANITIZER}, want address or thread")
endif()

# proofmint_include_folder(TARGET VISIBILITY FOLDER): lets TARGET, or its users, include the files of FOLDER by their path
# from the root of the project, and no others: a library without a link to another one does not see its headers.
function(proofmint_include_folder target visibility folder)
  string(REPLACE "/" "." name ${folder})
  set(root ${PROJECT_BINARY_DIR}/include/${name})
  cmake_path(GET folder PARENT_PATH parent)
  file(MAKE_DIRECTORY ${root}/${parent})
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${folder} ${root}/${folder} SYMBOLIC)
  target_include_directories(${target} ${visibility} $<BUILD_INTERFACE:${root}>)
endfunction()

# proofmint_library(NAME SOURCES... DEPS...) and proofmint_program(NAME SOURCES... DEPS...): a target of our own code. A
# library exports the folder that it stands in.
function(proofmint_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE folder)
  proofmint_include_folder(${name} PUBLIC ${folder})
  # Our flags are not for the projects that use an installed library.
  target_link_libraries(${name} PUBLIC ${ARG_DEPS} PRIVATE $<BUILD_INTERFACE:proofmint_flags>)
  # The layers below the service, and what a broker links, must not see gRPC's headers.
  if(folder MATCHES "^signer/(base|crypto|dpop|keys|exchange.*)$")
    target_precompile_headers(${name} REUSE_FROM proofmint_core_headers)
  else()
    target_precompile_headers(${name} REUSE_FROM proofmint_library_headers)
  endif()
endfunction()

function(proofmint_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE folder)
  proofmint_include_folder(${name} PRIVATE ${folder})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} proofmint_flags)
endfunction()
