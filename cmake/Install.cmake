# What `cmake --install build/release` and the Debian package (Package.cmake) put on a machine, in five components:
#
#   programs      bin/: the daemon and its CLI, which has libcurl for `proofmint doctor`. proofmint-load stays in the build
#                 tree: it measures from where a broker is.
#   systemd       lib/systemd/system/, lib/sysusers.d/: units and user; /etc/default/proofmintd: flags, never overwritten
#   clients       share/proofmint/: the wire contract and the retry policy
#   development   what a C++ broker builds with: see InstallLibraries.cmake
#   docs          share/doc/proofmint/: docs/ and deploy/, side by side as in the repository, so that links and paths work
include(GNUInstallDirs)
include(InstallLibraries)

install(TARGETS proofmintd proofmint COMPONENT programs)

# The prefix is known only when things are installed: a package has another one than the build tree.
install(CODE "
  set(prefix \"\${CMAKE_INSTALL_PREFIX}\")
  set(bindir \"\${prefix}/${CMAKE_INSTALL_BINDIR}\")
  set(docdir \"\${prefix}/${CMAKE_INSTALL_DATAROOTDIR}/doc/proofmint\")
  foreach(unit proofmintd.service proofmintd.socket)
    set(filled_in \"${PROJECT_BINARY_DIR}/deploy/\${unit}\")
    configure_file(\"${PROJECT_SOURCE_DIR}/deploy/systemd/\${unit}.in\" \"\${filled_in}\" @ONLY)
    file(INSTALL \"\${filled_in}\" DESTINATION \"\${prefix}/lib/systemd/system\")
  endforeach()
  if(NOT EXISTS \"\$ENV{DESTDIR}/etc/default/proofmintd\")
    file(INSTALL \"${PROJECT_SOURCE_DIR}/deploy/systemd/proofmintd.default\" DESTINATION /etc/default RENAME proofmintd)
  endif()
  " COMPONENT systemd)
install(FILES deploy/systemd/proofmint.sysusers DESTINATION lib/sysusers.d RENAME proofmint.conf COMPONENT systemd)

install(DIRECTORY proto DESTINATION ${CMAKE_INSTALL_DATADIR}/proofmint COMPONENT clients FILES_MATCHING PATTERN "*.proto")
install(FILES deploy/service_config.json DESTINATION ${CMAKE_INSTALL_DATADIR}/proofmint COMPONENT clients)

set(docdir ${CMAKE_INSTALL_DATAROOTDIR}/doc/proofmint)
install(DIRECTORY docs DESTINATION ${docdir} COMPONENT docs)
install(DIRECTORY deploy DESTINATION ${docdir} COMPONENT docs PATTERN debian EXCLUDE)
install(FILES CHANGELOG.md SECURITY.md DESTINATION ${docdir} COMPONENT docs)
# BoringSSL is linked in, and its licences ask for this.
install(FILES ${BORINGSSL_SOURCE_DIR}/src/LICENSE DESTINATION ${docdir} RENAME BoringSSL.LICENSE COMPONENT docs)
