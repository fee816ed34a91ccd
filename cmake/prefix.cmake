# SPDX-License-Identifier: MIT
#
# Where secbake is installed. Policies, units and hooks have places that do not depend on us:
# secbake looks for /usr/lib/secbake/policies, a kernel's package for /etc/kernel/postinst.d. So
# the prefix is /usr unless another was asked for, not CMake's /usr/local, below which nobody looks.
if(CMAKE_INSTALL_PREFIX_INITIALIZED_TO_DEFAULT AND PROJECT_IS_TOP_LEVEL)
	set(CMAKE_INSTALL_PREFIX /usr CACHE PATH "where secbake is installed" FORCE)
endif()
include(GNUInstallDirs)
if(SECBAKE_LOADER_ONLY) # nothing of that comes with it
	return()
endif()

# What belongs into /etc goes there with the system's own prefix only, else below the prefix.
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
	set(SECBAKE_ETC ${CMAKE_INSTALL_FULL_SYSCONFDIR})
else()
	set(SECBAKE_ETC ${CMAKE_INSTALL_SYSCONFDIR})
	message(STATUS "policies, units and hooks go below ${CMAKE_INSTALL_PREFIX}: only with "
		"-DCMAKE_INSTALL_PREFIX=/usr are they where they are looked for")
endif()

# Units and hooks name the programs by their paths, each in a language with its own quoting.
if(NOT CMAKE_INSTALL_FULL_BINDIR MATCHES "^[A-Za-z0-9_./@:+,=-]+$")
	message(FATAL_ERROR "'${CMAKE_INSTALL_FULL_BINDIR}' cannot be written into units and hooks as it is: "
		"configure with a -DCMAKE_INSTALL_PREFIX=... of letters, digits and _ . / @ : + , = -")
endif()

# Elsewhere than below the prefix that they were made for, they would name programs that are not
# there. This is the first rule, so that nothing has been installed when it stops.
string(REGEX REPLACE "/$" "" prefix "${CMAKE_INSTALL_PREFIX}")
install(CODE "
	if(NOT CMAKE_INSTALL_PREFIX STREQUAL \"${prefix}\")
		message(FATAL_ERROR \"units and hooks were made for the prefix ${CMAKE_INSTALL_PREFIX}: configure with \"
			\"-DCMAKE_INSTALL_PREFIX=\${CMAKE_INSTALL_PREFIX}, or set DESTDIR to install into an image\")
	endif()" ALL_COMPONENTS)
