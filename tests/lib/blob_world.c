/* SPDX-License-Identifier: MIT */
/* A blob with something in every section, and copies of it to be damaged. */
#include "blob_world.h"

#include <stdlib.h>

const struct sock_filter program[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 59, 1, 0),
	RET(SECCOMP_RET_ERRNO | 1),
	RET(SECCOMP_RET_ALLOW),
};
static const struct sock_filter allow[] = {RET(SECCOMP_RET_ALLOW)};

static const struct sb_blob_rule_in rules[] = {
	{.action = SECCOMP_RET_ERRNO | 1, .source = 1, .line = 7, .pointer = "/syscalls/0"},
};
const struct sb_blob_layer_in layers[] = {
	{.filter_flags = SECBAKE_FLAG_LOG,
	 .insn = program,
	 .insn_count = 4,
	 .rule = rules,
	 .rule_count = 1},
	{.filter_flags = SECBAKE_FLAG_NEW_LISTENER, .insn = allow, .insn_count = 1},
};
const char *const notes[] = {"the flag spec-allow was dropped"};

static const struct sb_blob_variant_in variants[] = {
	VARIANT(SECBAKE_MODE_ENFORCE, 0, SECBAKE_KERNEL(4, 8)),
	VARIANT(SECBAKE_MODE_ENFORCE, SECBAKE_KERNEL(4, 8), SECBAKE_KERNEL_ANY),
	VARIANT(SECBAKE_MODE_COMPLAIN, 0, SECBAKE_KERNEL_ANY),
};
static const struct sb_blob_source_in sources[] = {
	{.kind = SECBAKE_SOURCE_POLICY, .present = true, .name = "web", .content = {{1}}},
	{.kind = SECBAKE_SOURCE_OPTIONS, .present = false, .name = "web"},
	{.kind = SECBAKE_SOURCE_FILE, .present = true, .name = "parts/net.json", .content = {{2}}},
	{.kind = SECBAKE_SOURCE_FILE, .present = false, .parent = 2, .name = "local.json"},
	{.kind = SECBAKE_SOURCE_ACCOUNT, .present = true, .name = "user:www", .content = {{33}}},
};

struct sb_blob_in rich(void)
{
	return (struct sb_blob_in){
		.name = "web",
		.arch = secbake_arch_find("x86_64"),
		.feature_hash = {{3}},
		.policy_hash = {{4}},
		.listener_path = "/run/agent",
		.listener_metadata = "{}",
		.variant = variants,
		.variant_count = COUNT(variants),
		.source = sources,
		.source_count = COUNT(sources),
	};
}

uint8_t *bytes, *copy;
size_t size;

int set_up(void **state)
{
	struct sb_blob_in in = rich();

	(void)state;
	if (sb_blob_write(&in, &bytes, &size, NULL))
		return -1;
	copy = malloc(size + 64);
	return copy ? 0 : -1;
}

int tear_down(void **state)
{
	(void)state;
	free(bytes);
	free(copy);
	return 0;
}

uint8_t *fresh(void)
{
	memcpy(copy, bytes, size);
	return copy;
}

void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

void sign(uint8_t *at, size_t length)
{
	struct secbake_hash hash;
	size_t place = offsetof(struct secbake_blob_header, checksum);

	if (length < place + sizeof(hash))
		return;
	memset(at + place, 0, sizeof(hash));
	hash = sb_hash_bytes(at, length);
	memcpy(at + place, &hash, sizeof(hash));
}

size_t in_section(enum secbake_blob_section section, size_t offset)
{
	return get32(bytes + HEADER(section) + (size_t)section * 8) + offset;
}
