/* SPDX-License-Identifier: MIT */
/* What a blob is made of, and blobs written of it. */
#include "blob_input_world.h"

const struct sock_filter enforce[] = {
	INSN(BPF_LD | BPF_W | BPF_ABS, 0, 0, 0),
	INSN(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0x12345678),
	RET(SECCOMP_RET_ALLOW),
	RET(SECCOMP_RET_ERRNO | 1),
};
const struct sock_filter quiet[] = {RET(SECCOMP_RET_ALLOW)};

const struct sb_blob_rule_in rules[] = {
	{.action = SECCOMP_RET_ALLOW, .source = 0, .line = 3, .pointer = "/syscalls/0"},
	{.action = SECCOMP_RET_ERRNO | 1, .source = 2, .line = 9, .pointer = ""},
	{.action = SECCOMP_RET_ALLOW, .source = 0, .line = 3, .pointer = "/syscalls/0"},
};

const struct sb_blob_layer_in two_layers[] = {
	{.filter_flags = SECBAKE_FLAG_LOG,
	 .insn = enforce,
	 .insn_count = COUNT(enforce),
	 .rule = rules,
	 .rule_count = COUNT(rules)},
	{.insn = quiet, .insn_count = COUNT(quiet)},
};
const struct sb_blob_layer_in one_layer[] = {
	{.insn = enforce, .insn_count = COUNT(enforce), .rule = rules, .rule_count = COUNT(rules)},
};

const char *const notes[] = {"LOG became ALLOW", "flag log was dropped"};

const struct sb_blob_variant_in variants[] = {
	{.mode = SECBAKE_MODE_ENFORCE,
	 .kernel_to = SECBAKE_KERNEL(4, 8),
	 .consulted_actions = SECBAKE_ACTION_LOG | SECBAKE_ACTION_ERRNO,
	 .answered_actions = SECBAKE_ACTION_ERRNO,
	 .consulted_flags = SECBAKE_FLAG_LOG,
	 .answered_flags = SECBAKE_FLAG_LOG,
	 .layer = two_layers,
	 .layer_count = COUNT(two_layers),
	 .note = notes,
	 .note_count = COUNT(notes)},
	{.mode = SECBAKE_MODE_ENFORCE,
	 .kernel_from = SECBAKE_KERNEL(4, 8),
	 .kernel_to = SECBAKE_KERNEL_ANY,
	 .layer = one_layer,
	 .layer_count = COUNT(one_layer)},
	{.mode = SECBAKE_MODE_COMPLAIN,
	 .kernel_to = SECBAKE_KERNEL_ANY,
	 .layer = one_layer,
	 .layer_count = COUNT(one_layer),
	 .note = notes,
	 .note_count = 1},
};

const struct sb_blob_source_in sources[] = {
	{.kind = SECBAKE_SOURCE_POLICY,
	 .present = true,
	 .name = "web",
	 .content = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}}},
	{.kind = SECBAKE_SOURCE_OPTIONS, .present = false, .parent = 0, .name = "web"},
	{.kind = SECBAKE_SOURCE_FILE,
	 .present = true,
	 .parent = 0,
	 .name = "groups/net.json",
	 .content = {{0xff}}},
};

struct sb_blob_in input(const char *arch)
{
	return (struct sb_blob_in){
		.name = "web",
		.arch = secbake_arch_find(arch),
		.feature_hash = {{0xaa, 0xbb}},
		.policy_hash = {{0xcc, 0xdd}},
		.listener_path = "/run/agent.sock",
		.listener_metadata = "some metadata",
		.variant = variants,
		.variant_count = COUNT(variants),
		.source = sources,
		.source_count = COUNT(sources),
	};
}

struct written write_ok(const struct sb_blob_in *in)
{
	struct secbake_error error = {0};
	struct written w = {0};

	if (sb_blob_write(in, &w.bytes, &w.size, &error))
		fail_msg("%s", error.text);
	assert_int_equal(secbake_blob_open(w.bytes, w.size, &w.blob, &error), SECBAKE_OK);
	return w;
}

void assert_same_program(const struct secbake_blob *blob, uint32_t layer,
			 const struct sock_filter *insn, uint32_t count, bool big_endian)
{
	const uint8_t *bytes = secbake_blob_program(blob, layer);

	assert_int_equal(secbake_blob_layer(blob, layer).insn_count, count);
	for (uint32_t i = 0; i < count; i++, bytes += 8) {
		uint16_t code;
		uint32_t k;

		if (big_endian) {
			code = (uint16_t)(bytes[0] << 8 | bytes[1]);
			k = (uint32_t)bytes[4] << 24 | (uint32_t)bytes[5] << 16 |
			    (uint32_t)bytes[6] << 8 | bytes[7];
		} else {
			code = (uint16_t)(bytes[1] << 8 | bytes[0]);
			k = (uint32_t)bytes[7] << 24 | (uint32_t)bytes[6] << 16 |
			    (uint32_t)bytes[5] << 8 | bytes[4];
		}
		assert_int_equal(code, insn[i].code);
		assert_int_equal(bytes[2], insn[i].jt);
		assert_int_equal(bytes[3], insn[i].jf);
		assert_int_equal(k, insn[i].k);
	}
}
