# SPDX-License-Identifier: MIT
#
# secbake_add_policies(TARGET POLICIES FILE... [FEATURES FILE...] [DIRECTORY DIR]
#                      [POLICY_PATH DIR...] [OPTIONS OPTION...] [SEALED] [INSTALL DIR])
#
# Compiles and proves policies with the build (target TARGET, part of ALL) into a
# cache root, DIRECTORY (default: TARGET.cache in the current binary folder), which no
# other target may have. What is read on the way, bases and options too, is depended on.
#   FEATURES      kernels, as saved by "secbake features"; default: this one's
#   POLICY_PATH   where "@name" and shipped groups are found, as -P; a new file that comes before
#                 the one that was found is not noticed until the policy is touched
#   OPTIONS       more options of "secbake compile"
#   SEALED        the blobs are for an image that has no policies
#   INSTALL       where the cache root is installed, usually lib/secbake/cache
# secbake itself is the installed one (SECBAKE_COMPILER); the blobs do not depend on where
# the build is, who builds, or when.

# As a script, with TREE: takes away what a build put there, folders named by feature hashes, and
# leaves all else.
if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
	string(REPEAT "[0-9a-f]" 32 hash)
	file(GLOB made "${TREE}/${hash}" "${TREE}/.lock")
	if(made)
		file(REMOVE_RECURSE ${made})
	endif()
	return()
endif()

function(secbake_add_policies target)
	cmake_parse_arguments(PARSE_ARGV 1 arg "SEALED" "DIRECTORY;INSTALL"
		"POLICIES;FEATURES;POLICY_PATH;OPTIONS")
	if(arg_UNPARSED_ARGUMENTS)
		message(FATAL_ERROR "secbake_add_policies: what is '${arg_UNPARSED_ARGUMENTS}'?")
	endif()
	if(NOT arg_POLICIES)
		message(FATAL_ERROR "secbake_add_policies: name POLICIES")
	endif()
	set(tree "${CMAKE_CURRENT_BINARY_DIR}/${target}.cache")
	if(arg_DIRECTORY)
		get_filename_component(tree "${arg_DIRECTORY}" ABSOLUTE BASE_DIR "${CMAKE_CURRENT_BINARY_DIR}")
	endif()
	get_property(taken GLOBAL PROPERTY SECBAKE_CACHES)
	if(tree IN_LIST taken)
		message(FATAL_ERROR "secbake_add_policies: ${target} and another target have the same DIRECTORY, "
			"${tree}: each would take away what the other made; name both's POLICIES in one")
	endif()
	set_property(GLOBAL APPEND PROPERTY SECBAKE_CACHES "${tree}")
	set(stamp "${CMAKE_CURRENT_BINARY_DIR}/${target}.stamp")
	set(options ${arg_OPTIONS})
	if(arg_SEALED)
		list(APPEND options --sealed)
	endif()
	set(inputs "")
	foreach(kind POLICIES FEATURES POLICY_PATH)
		set(${kind} "")
		foreach(path ${arg_${kind}})
			get_filename_component(path "${path}" ABSOLUTE)
			list(APPEND ${kind} "${path}")
		endforeach()
	endforeach()
	# What was read is in the depfile; options that come are noticed here.
	foreach(path ${POLICIES})
		string(REGEX REPLACE "\\.json$" ".options" path "${path}")
		file(GLOB found CONFIGURE_DEPENDS "${path}")
		list(APPEND inputs ${found})
	endforeach()
	foreach(path ${FEATURES})
		list(APPEND options --features "${path}")
	endforeach()
	foreach(path ${POLICY_PATH})
		list(APPEND options -P "${path}")
	endforeach()
	add_custom_command(OUTPUT "${stamp}"
		# First the stamp, so that what fails is done again. A policy that is no longer named leaves
		# nothing behind.
		COMMAND "${CMAKE_COMMAND}" -E rm -f "${stamp}"
		COMMAND "${CMAKE_COMMAND}" "-DTREE=${tree}" -P "${CMAKE_CURRENT_FUNCTION_LIST_FILE}"
		COMMAND "${SECBAKE_COMPILER}" compile -d "${tree}" -MD -MF "${stamp}.d" -MT "${stamp}"
			${options} ${POLICIES}
		COMMAND "${CMAKE_COMMAND}" -E touch "${stamp}"
		DEPENDS ${POLICIES} ${FEATURES} ${inputs} "${SECBAKE_COMPILER}"
		DEPFILE "${stamp}.d"
		COMMENT "Compiling policies: ${target}"
		VERBATIM)
	add_custom_target(${target} ALL DEPENDS "${stamp}")
	set_target_properties(${target} PROPERTIES SECBAKE_CACHE "${tree}")
	if(arg_INSTALL)
		# What else lies in there, by names that are no hashes, is not ours.
		string(REGEX REPLACE "[][+.*()^$?|\\\\]" "\\\\\\0" quoted "${tree}")
		install(DIRECTORY "${tree}/" DESTINATION "${arg_INSTALL}"
			REGEX "^${quoted}/[^/]*[^/0-9a-f][^/]*$" EXCLUDE)
	endif()
endfunction()
