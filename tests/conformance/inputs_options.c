/* SPDX-License-Identifier: MIT */
/* Options, features and releases: what each changes of a blob; see inputs.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/conformance/inputs.h"

/* ---- options and kernels ---- */

enum effect {
	NOTHING,  /* the bytes are the same */
	BYTES,	  /* the meaning is, the bytes are not */
	ANOTHER,  /* hash, and with it meaning or tuning */
	REJECTED, /* it does not compile */
};

static const enum secbake_mode complaining = SECBAKE_MODE_COMPLAIN;
static const char *const more_caps[] = {"CAP_SYS_ADMIN", "CAP_PERFMON"};

/* NAME.options, or what the command line would set: what it does to a policy. */
static const struct option {
	const char *policy;
	const char *text;
	struct secbake_compile_options given;
	enum effect effect;
} option[] = {
	{.policy = "oci.json", .text = "# nothing\n", .effect = BYTES},
	{.policy = "oci.json", .text = "cap=CAP_PERFMON\n", .effect = ANOTHER},
	{.policy = "oci.json", .text = "cap=CAP_CHOWN\n", .effect = BYTES},
	{.policy = "oci.json", .text = "dialect=auto\n", .effect = BYTES},
	{.policy = "oci.json", .text = "dialect=oci\n", .effect = BYTES},
	{.policy = "oci.json", .text = "dialect=native\n", .effect = REJECTED},
	{.policy = "oci.json", .text = "enosys=none\n", .effect = ANOTHER},
	{.policy = "oci.json", .text = "enosys=runc\n", .effect = BYTES},
	{.policy = "oci.json", .text = "complain=no\n", .effect = ANOTHER},
	{.policy = "oci.json", .text = "complain=yes\n", .effect = BYTES},
	{.policy = "layers.json", .text = "strict=yes\n", .effect = BYTES},
	{.policy = "layers.json", .text = "effort=best\n", .effect = ANOTHER},
	{.policy = "layers.json", .text = "effort=default\n", .effect = BYTES},
	{.policy = "native.json", .text = "enosys=none\n", .effect = ANOTHER}, /* its baseline */
	{.policy = "native.json", .text = "enosys=runc\n", .effect = ANOTHER},
	{.policy = "native.json", .text = "cap=CAP_SYS_CHROOT\n", .effect = ANOTHER},
	{.policy = "oci.json", .given.name = "other", .effect = BYTES},
	{.policy = "oci.json", .given.sealed = true, .effect = BYTES},
	{.policy = "oci.json", .given.dialect = SECBAKE_DIALECT_OCI, .effect = NOTHING},
	{.policy = "oci.json", .given.dialect = SECBAKE_DIALECT_NATIVE, .effect = REJECTED},
	{.policy = "oci.json", .given.enosys = SECBAKE_ENOSYS_NONE, .effect = ANOTHER},
	{.policy = "oci.json", .given.enosys = SECBAKE_ENOSYS_RUNC, .effect = NOTHING},
	{.policy = "oci.json", .given.caps = more_caps, .given.cap_count = 2, .effect = ANOTHER},
	{.policy = "oci.json", .given.no_complain = true, .effect = ANOTHER},
	{.policy = "oci.json", .given.mode = &complaining, .effect = ANOTHER},
	{.policy = "oci.json", .given.passes = "none", .effect = ANOTHER},
	{.policy = "layers.json", .given.strict = true, .effect = NOTHING},
	{.policy = "layers.json", .given.effort = SECBAKE_EFFORT_BEST, .effect = ANOTHER},
};

static bool same_bytes(const struct trial *a, const struct trial *b)
{
	size_t one, other;
	const uint8_t *bytes = secbake_compiled_blob(a->compiled, &one),
		      *others = secbake_compiled_blob(b->compiled, &other);

	return one == other && !memcmp(bytes, others, one);
}

static enum effect effect_of(const struct secbake_compile_options *options)
{
	struct trial after;
	struct meaning meaning, first = meaning_of(&before.blob);
	enum effect effect;

	if (!trial_compile(&after, options, NULL))
		return REJECTED;
	meaning = meaning_of(&after.blob);
	check_unique(&meaning, "options", options->options.bytes ? options->options.bytes : "");
	check_takeover(*options, &after, "options",
		       options->options.bytes ? options->options.bytes : "");
	effect = !same(&meaning.hash, &first.hash) ? ANOTHER
		 : same_bytes(&before, &after)	   ? NOTHING
						   : BYTES;
	trial_free(&after);
	return effect;
}

static void try_option(size_t number)
{
	static const char *const effects[] = {"nothing", "the bytes", "the hash", "an error"};
	const struct option *o = &option[number];
	struct secbake_compile_options options = options_for(&base_texts);
	enum effect effect;

	if (o->text)
		options.options = (struct secbake_text){o->text, strlen(o->text), "web.options"};
	if (o->given.name)
		options.name = o->given.name;
	if (o->given.caps) {
		options.caps = o->given.caps;
		options.cap_count = o->given.cap_count;
	}
	options.sealed = o->given.sealed;
	options.dialect = o->given.dialect;
	options.enosys = o->given.enosys;
	options.no_complain = o->given.no_complain;
	options.mode = o->given.mode;
	options.passes = o->given.passes;
	options.strict = o->given.strict;
	options.effort = o->given.effort;
	effect = effect_of(&options);
	if (effect == o->effect)
		return;
	failures++;
	printf("%s: option %zu, \"%s\": it changes %s, not %s\n", file[policy], number,
	       o->text ? o->text : "", effects[effect], effects[o->effect]);
}

/* Without one action or flag: what was not asked about changes nothing but the feature hash. */
static void try_lacking(uint32_t action, uint32_t flag)
{
	struct secbake_compile_options options = options_for(&base_texts);
	uint32_t asked = 0, count = secbake_blob_count(&before.blob, SECBAKE_SECTION_VARIANTS);
	struct meaning meaning, first = meaning_of(&before.blob);
	struct trial after;
	bool kept;

	for (uint32_t i = 0; i < count; i++) {
		struct secbake_blob_variant v = secbake_blob_variant(&before.blob, i);

		asked |= (v.consulted_actions & action) | (v.consulted_flags & flag);
	}
	options.target.actions &= ~action;
	options.target.flags &= ~flag;
	if (!trial_compile(&after, &options, NULL)) {
		if (!asked)
			complain("what was not asked about is needed", "features", "");
		return;
	}
	meaning = meaning_of(&after.blob);
	kept = same(&meaning.hash, &first.hash) && same(&meaning.payload, &first.payload);
	if (kept == !!asked) {
		failures++;
		printf("%s: without action 0x%x, flag 0x%x, %s asked about: hash and programs are "
		       "%s\n",
		       file[policy], action, flag, asked ? "which was" : "which nobody",
		       kept ? "the same" : "others");
	}
	trial_free(&after);
}

/* Of one feature set, every release gives the same bytes. */
static void try_releases(void)
{
	static const uint32_t releases[] = {0,
					    SECBAKE_KERNEL(3, 5),
					    SECBAKE_KERNEL(4, 7),
					    SECBAKE_KERNEL(4, 8),
					    SECBAKE_KERNEL(5, 8),
					    SECBAKE_KERNEL(5, 10),
					    SECBAKE_KERNEL(6, 13),
					    SECBAKE_KERNEL(65535, 65535)};

	for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++) {
		struct secbake_compile_options options = options_for(&base_texts);

		options.target.kernel = releases[i];
		if (effect_of(&options) != NOTHING) {
			failures++;
			printf("%s: release 0x%x changes the blob\n", file[policy], releases[i]);
		}
	}
}

void try_inputs(void)
{
	for (size_t i = 0; i < sizeof(option) / sizeof(option[0]); i++)
		if (!strcmp(option[i].policy, file[policy]))
			try_option(i);
	for (uint32_t bit = 1; bit & (SECBAKE_ACTIONS_ALL | SECBAKE_FLAGS_ALL); bit <<= 1) {
		if (bit & SECBAKE_ACTIONS_ALL)
			try_lacking(bit, 0);
		if (bit & SECBAKE_FLAGS_ALL)
			try_lacking(0, bit);
	}
	try_releases();
}
