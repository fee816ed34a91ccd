/* SPDX-License-Identifier: MIT */
/* See takeover.h. */
#include "takeover.h"

#include <string.h>

#include "program_bytes.h"

bool sb_takeover_possible(const struct secbake_blob *earlier, const struct sb_blob_in *in)
{
	struct secbake_blob_header header;

	if (!earlier || earlier->arch->audit_arch != in->arch->audit_arch)
		return false;
	header = secbake_blob_header(earlier);
	return !strcmp(header.compiler, SECBAKE_VERSION) && !strcmp(header.name, in->name) &&
	       !memcmp(&header.policy_hash, &in->policy_hash, sizeof(in->policy_hash)) &&
	       secbake_blob_count(earlier, SECBAKE_SECTION_VARIANTS) == in->variant_count;
}

bool sb_takeover_program(struct sb_arena *arena, const struct secbake_blob *earlier, uint32_t index,
			 const struct sb_blob_variant_in *variant, uint32_t layer,
			 uint32_t filter_flags, struct sb_blob_layer_in *out)
{
	struct secbake_blob_variant v = secbake_blob_variant(earlier, index);
	struct sock_filter insn[SECBAKE_PROGRAM_MAX], *kept;
	struct secbake_program bytes = {.big_endian = earlier->arch->big_endian};
	struct secbake_blob_layer l;
	struct sb_program program;

	if (v.mode != (uint32_t)variant->mode || v.kernel_from != variant->kernel_from ||
	    v.kernel_to != variant->kernel_to || layer >= v.layer_count)
		return false;
	l = secbake_blob_layer(earlier, v.layer_first + layer);
	if (l.filter_flags != filter_flags)
		return false;
	bytes.bytes = secbake_blob_program(earlier, v.layer_first + layer);
	bytes.count = l.insn_count;
	if (sb_program_decode(&bytes, insn, &program, NULL))
		return false;
	kept = sb_alloc(arena, program.count, sizeof(*kept));
	if (!kept)
		return false;
	memcpy(kept, program.insn, program.count * sizeof(*kept));
	*out = (struct sb_blob_layer_in){
		.filter_flags = filter_flags, .insn = kept, .insn_count = program.count};
	return true;
}
