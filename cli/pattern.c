/* SPDX-License-Identifier: MIT */
/* Patterns of names, for the verbs that list them. */
#include <fnmatch.h>
#include <string.h>

#include "cli.h"

bool cli_matches(const char *pattern, const char *name)
{
	if (!pattern)
		return true;
	if (strpbrk(pattern, "*?["))
		return !fnmatch(pattern, name, FNM_CASEFOLD);
	return strcasestr(name, pattern);
}
