# The Debian package, which scripts/package makes of a release build. deploy/debian has the scripts that dpkg runs.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "signer of DPoP proofs (RFC 9449) for OpenID Connect brokers")
set(CPACK_PACKAGE_DESCRIPTION
  "proofmintd runs beside a broker and answers gRPC calls on a Unix socket with
DPoP proofs, each made with a key pair of its own. The package holds the
daemon as a hardened systemd service, its CLI, the wire contract and the
retry policy for clients, and the operator's documentation.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "The Proofmint maintainers")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
# dpkg-shlibdeps finds the libraries. postinst makes the daemon's user with systemd-sysusers.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers | systemd-sysusers")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA)
foreach(file conffiles postinst prerm postrm)
  list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/deploy/debian/${file})
endforeach()

include(CPack)
