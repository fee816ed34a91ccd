# SPDX-License-Identifier: MIT
#
# What cmake --install puts where. Policies have their place in
# profiles/CMakeLists.txt.
#
# The CMake package is written by hand rather than exported: an export would
# carry this project's own warnings and hardening into its users' builds. Both
# it and the pkg-config files find the prefix from where they lie, so that what
# DESTDIR was set for may be moved.
include(CMakePackageConfigHelpers)

# From the folder of the .pc files back to the prefix.
set(SECBAKE_PKGCONFIG_DIR ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH SECBAKE_PC_TO_PREFIX /prefix/${SECBAKE_PKGCONFIG_DIR} /prefix)
string(REGEX REPLACE "/$" "" SECBAKE_PC_TO_PREFIX "${SECBAKE_PC_TO_PREFIX}")
function(secbake_install_pc package)
	configure_file(cmake/${package}.pc.in ${PROJECT_BINARY_DIR}/${package}.pc @ONLY)
	install(FILES ${PROJECT_BINARY_DIR}/${package}.pc DESTINATION ${SECBAKE_PKGCONFIG_DIR})
endfunction()

# The loader and its library; of the headers, load.h and what it includes.
install(PROGRAMS ${SECBAKE_EXEC_PATH} DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS secbake_load_static secbake_load_shared
	ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
	LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(header load blob features arch error)
	install(FILES include/secbake/${header}.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/secbake)
endforeach()
secbake_install_pc(secbake-load)
if(SECBAKE_LOADER_ONLY)
	return()
endif()

install(TARGETS secbake RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS secbake_static secbake_shared
	ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
	LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/secbake DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
secbake_install_pc(secbake)
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md" PATTERN policy.md EXCLUDE)
# The schema that it links to is somewhere else than in the sources.
file(RELATIVE_PATH SECBAKE_DOC_TO_SCHEMA
	${CMAKE_INSTALL_FULL_DOCDIR} ${CMAKE_INSTALL_FULL_DATADIR}/secbake/policy-v1.schema.json)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS docs/policy.md)
file(READ docs/policy.md SECBAKE_POLICY_MD)
string(REPLACE "../profiles/schema/policy-v1.schema.json" "${SECBAKE_DOC_TO_SCHEMA}"
	SECBAKE_POLICY_MD "${SECBAKE_POLICY_MD}")
file(WRITE ${PROJECT_BINARY_DIR}/docs/policy.md "${SECBAKE_POLICY_MD}")
install(FILES ${PROJECT_BINARY_DIR}/docs/policy.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# Not below a folder for one architecture (Debian's lib/x86_64-linux-gnu): a project that compiles
# policies only, and has no LANGUAGES, does not look there.
set(SECBAKE_CMAKE_DIR lib/cmake/secbake)
configure_package_config_file(cmake/secbakeConfig.cmake.in ${PROJECT_BINARY_DIR}/secbakeConfig.cmake
	INSTALL_DESTINATION ${SECBAKE_CMAKE_DIR}
	PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_BINDIR
	NO_CHECK_REQUIRED_COMPONENTS_MACRO)
# Before 1.0 a minor version may break its users.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/secbakeConfigVersion.cmake
	COMPATIBILITY SameMinorVersion)
install(FILES
	${PROJECT_BINARY_DIR}/secbakeConfig.cmake
	${PROJECT_BINARY_DIR}/secbakeConfigVersion.cmake
	cmake/secbake_add_policies.cmake
	DESTINATION ${SECBAKE_CMAKE_DIR})
