# Installs what a C++ broker builds with, the component development:
#
#   lib/                   static libraries
#   lib/cmake/proofmint/   find_package(proofmint): the targets proofmint::exchange, proofmint::client,
#                          proofmint::exchange_testing, proofmint::proto, and what these link
#   lib/pkgconfig/         the same as proofmint-exchange, proofmint-client, proofmint-exchange-testing, proofmint-proto
#   include/proofmint/     headers, by the same paths as in this project: #include "signer/exchange/exchange.h"
#
# None of the libraries has BoringSSL, and none passes our compiler flags on.
include(CMakePackageConfigHelpers)

set(include_dir ${CMAKE_INSTALL_INCLUDEDIR}/proofmint)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/proofmint)

# proofmint_install_library(TARGET) installs the archive of TARGET and the headers among its sources, as
# proofmint::NAME for proofmint_NAME.
function(proofmint_install_library target)
  string(REGEX REPLACE "^proofmint_" "" name ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(${target} INTERFACE cxx_std_20)
  target_include_directories(${target} INTERFACE $<INSTALL_INTERFACE:${include_dir}>)
  install(TARGETS ${target} EXPORT proofmint DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)

  get_target_property(source_dir ${target} SOURCE_DIR)
  get_target_property(headers ${target} SOURCES)
  list(FILTER headers INCLUDE REGEX "\\.h$")
  list(TRANSFORM headers PREPEND ${source_dir}/ REGEX "^[^/]")
  foreach(header ${headers})
    cmake_path(GET header PARENT_PATH folder)
    # A generated header may be below both folders; the second one counts.
    foreach(root ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/proto)
      cmake_path(IS_PREFIX root ${folder} is_prefix)
      if(is_prefix)
        cmake_path(RELATIVE_PATH folder BASE_DIRECTORY ${root} OUTPUT_VARIABLE relative)
      endif()
    endforeach()
    install(FILES ${header} DESTINATION ${include_dir}/${relative} COMPONENT development)
  endforeach()
endfunction()

# A host program with code of its own for google.rpc builds us as a part of itself.
if(PROOFMINT_GOOGLEAPIS_TARGET)
  return()
endif()
set(libraries base dpop_text googleapis error_details proto contract exchange exchange_testing client)
list(TRANSFORM libraries PREPEND proofmint_)
foreach(library ${libraries})
  proofmint_install_library(${library})
endforeach()
# What has to be built before this component is installed.
add_custom_target(proofmint_libraries DEPENDS ${libraries})

install(EXPORT proofmint FILE proofmintTargets.cmake NAMESPACE proofmint:: DESTINATION ${package_dir}
  COMPONENT development)
set(generated_dir ${PROJECT_BINARY_DIR}/package)
configure_package_config_file(cmake/proofmintConfig.cmake.in ${generated_dir}/proofmintConfig.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${generated_dir}/proofmintConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${generated_dir}/proofmintConfig.cmake ${generated_dir}/proofmintConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT development)

# From lib/pkgconfig back to the prefix, so that an installed tree can be moved.
file(RELATIVE_PATH pcfile_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" pcfile_to_prefix ${pcfile_to_prefix})
foreach(name exchange exchange-testing client proto)
  configure_file(cmake/pkgconfig/proofmint-${name}.pc.in ${generated_dir}/proofmint-${name}.pc @ONLY)
  install(FILES ${generated_dir}/proofmint-${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
    COMPONENT development)
endforeach()
