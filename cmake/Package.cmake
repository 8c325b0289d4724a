# The Debian packages, which scripts/package makes of a release build: proofmint, the daemon, and libproofmint-dev, the
# libraries for brokers. deploy/debian has the scripts that dpkg runs.
set(CPACK_GENERATOR DEB)
set(CPACK_DEB_COMPONENT_INSTALL ON)
foreach(component programs systemd clients docs)
  string(TOUPPER ${component} upper)
  set(CPACK_COMPONENT_${upper}_GROUP daemon)
endforeach()
set(CPACK_COMPONENT_DEVELOPMENT_GROUP libraries)

set(CPACK_DEBIAN_DAEMON_PACKAGE_NAME proofmint)
set(CPACK_COMPONENT_DAEMON_DESCRIPTION
  "signer of DPoP proofs (RFC 9449) for OpenID Connect brokers
proofmintd runs beside a broker and answers gRPC calls on a Unix socket with
DPoP proofs, each made with a key pair of its own. The package holds the
daemon as a hardened systemd service, its CLI, the wire contract and the
retry policy for clients, and the operator's documentation.")
set(CPACK_DEBIAN_LIBRARIES_PACKAGE_NAME libproofmint-dev)
set(CPACK_COMPONENT_LIBRARIES_DESCRIPTION
  "client of the DPoP signer proofmintd, for brokers in C++
Static libraries and headers: the exchange with an identity provider by
RFC 9449, and the client of proofmintd, with their files for CMake and
pkg-config.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "The Proofmint maintainers")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_LIBRARIES_PACKAGE_SECTION libdevel)
# dpkg-shlibdeps finds the libraries. postinst makes the daemon's user with systemd-sysusers.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_DAEMON_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers | systemd-sysusers")
set(CPACK_DEBIAN_LIBRARIES_PACKAGE_DEPENDS
  "libabsl-dev, libgrpc++-dev, libprotobuf-dev, libssl-dev, nlohmann-json3-dev")
# `proofmint doctor` trusts the system's certificate authorities.
set(CPACK_DEBIAN_DAEMON_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
foreach(file conffiles postinst prerm postrm)
  list(APPEND CPACK_DEBIAN_DAEMON_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/deploy/debian/${file})
endforeach()

include(CPack)
