/* SPDX-License-Identifier: MIT */
/* The list of passes, in the order in which they run. docs/codegen.md tells of each. */
#include "passes.h"

#include <string.h>

#include <secbake/compile.h>

const struct sb_pass_text sb_pass_text[SB_PASSES] = {
	[SB_PASS_PEEL] = {"peel", "single values leave a range by JEQ, not only by JGE splits"},
	[SB_PASS_BITS] = {"bits", "one JSET tells what leads to one target from its neighbours"},
	[SB_PASS_COVER] = {"cover", "a set of values of an argument as one test of a mask"},
	[SB_PASS_DIAGRAM] = {"diagram", "cases over several arguments look at each only once"},
	[SB_PASS_FOLD_X32] = {"fold-x32", "x32 joins x86_64 behind what it decides otherwise"},
	[SB_PASS_REDIRECT] = {"redirect",
			      "a node gives way to one that decides right for what reaches it"},
	[SB_PASS_REBUILD] = {"rebuild", "an architecture's tree anew, ending in others' nodes"},
	[SB_PASS_BYPASS] = {"bypass", "many numbers pass in front of tests that are not for them"},
	[SB_PASS_ANNEAL] = {"anneal", "effort best: a long search by random moves"},
	[SB_PASS_LAYOUT] = {"layout",
			    "the order of instructions that lets most tests fall through"},
};

static bool find(const char *word, size_t size, uint32_t *pass)
{
	for (*pass = 0; *pass < SB_PASSES; ++*pass)
		if (strlen(sb_pass_text[*pass].name) == size &&
		    !memcmp(sb_pass_text[*pass].name, word, size))
			return true;
	return false;
}

const char *secbake_pass(size_t index, const char **what)
{
	if (index >= SB_PASSES)
		return NULL;
	if (what)
		*what = sb_pass_text[index].what;
	return sb_pass_text[index].name;
}

bool sb_passes_parse(const char *list, uint32_t *off, const char **bad, size_t *size)
{
	uint32_t without = 0, pass;

	while (*list) {
		bool leave_out = *list == '-';
		const char *word = list + leave_out;

		*size = strcspn(word, ",");
		*bad = word;
		if (!leave_out && *size == 4 && !memcmp(word, "none", 4))
			without = (1u << SB_PASSES) - 1;
		else if (!find(word, *size, &pass))
			return false;
		else if (leave_out)
			without |= 1u << pass;
		else
			without &= ~(1u << pass);
		list = word + *size + (word[*size] == ',');
	}
	*off = without;
	return true;
}
