/* SPDX-License-Identifier: MIT */
/*
 * What goes into a blob: change any one input of a compile that it depends on and
 * the policy hash or the bytes change; change what it does not depend on and
 * neither does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <secbake/compile.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One compile's inputs; NULL and 0 where not given. */
struct input {
	const char *policy, *options, *groups, *name, *cap;
	const char *arch;
	uint32_t kernel, without_actions, without_flags;
	enum secbake_enosys enosys;
	bool sealed, no_complain, only_target;
	const enum secbake_mode *mode;
};

struct output {
	struct secbake_hash policy_hash;
	uint8_t *bytes;
	size_t size;
};

struct reader {
	struct secbake_source_reader base; /* first */
	const char *groups;
};

static enum secbake_status read_groups(struct secbake_source_reader *self, uint32_t index,
				       enum secbake_source_kind kind, uint32_t parent,
				       const char *name, struct secbake_text *text,
				       struct secbake_error *error)
{
	const char *groups = ((struct reader *)self)->groups;

	(void)index;
	(void)kind;
	(void)parent;
	if (!groups)
		return secbake_error_set(error, SECBAKE_ERR_MISSING, 0, "there is no %s", name);
	*text = (struct secbake_text){.bytes = groups, .size = strlen(groups), .file = name};
	return SECBAKE_OK;
}

static struct output compile(const struct input *in)
{
	struct reader reader = {.base = {.read = read_groups}, .groups = in->groups};
	struct secbake_compile_options options = {
		.name = in->name ? in->name : "web",
		.policy = {.bytes = in->policy, .size = strlen(in->policy), .file = "web.json"},
		.enosys = in->enosys,
		.caps = &in->cap,
		.cap_count = in->cap != NULL,
		.sealed = in->sealed,
		.no_complain = in->no_complain,
		.only_target = in->only_target,
		.mode = in->mode,
		.sources = &reader.base,
	};
	struct secbake_compiled *compiled;
	struct secbake_error error = {0};
	struct secbake_blob blob;
	struct output out;
	const uint8_t *bytes;

	assert_int_equal(
		secbake_features_of_kernel(secbake_arch_find(in->arch ? in->arch : "x86_64"),
					   in->kernel ? in->kernel : SECBAKE_KERNEL(6, 1),
					   &options.target, NULL),
		SECBAKE_OK);
	options.target.actions &= ~in->without_actions;
	options.target.flags &= ~in->without_flags;
	if (in->options)
		options.options = (struct secbake_text){
			.bytes = in->options, .size = strlen(in->options), .file = "web.options"};
	if (secbake_compile(&options, &compiled, &error))
		fail_msg("%s: %s: %s", in->policy, error.pointer, error.text);
	bytes = secbake_compiled_blob(compiled, &out.size);
	out.bytes = malloc(out.size);
	assert_non_null(out.bytes);
	memcpy(out.bytes, bytes, out.size);
	secbake_compiled_free(compiled);
	assert_int_equal(secbake_blob_open(out.bytes, out.size, &blob, &error), SECBAKE_OK);
	out.policy_hash = secbake_blob_header(&blob).policy_hash;
	return out;
}

static bool same_hash(const struct output *a, const struct output *b)
{
	return !memcmp(&a->policy_hash, &b->policy_hash, sizeof(a->policy_hash));
}

static bool same_bytes(const struct output *a, const struct output *b)
{
	return a->size == b->size && !memcmp(a->bytes, b->bytes, a->size);
}

/* ---- what a policy says ---- */

#define OCI(flags, default_, rules) \
	"{\"defaultAction\": \"" default_ "\", \"flags\": [" flags "], \"syscalls\": [" rules "]}"
#define ARG(index, value, op)                                                      \
	"{\"index\": " index ", \"value\": " value ", \"valueTwo\": 7, \"op\": \"" \
	"SCMP_CMP_" op "\"}"
#define RULE(name, action, errno_, args)                                                         \
	"{\"names\": [\"" name "\"], \"action\": \"SCMP_ACT_" action "\", \"errnoRet\": " errno_ \
	", \"args\": [" args "]}"
#define FIRST RULE("ioctl", "ERRNO", "5", ARG("1", "9", "EQ"))
#define SECOND RULE("ioctl", "ERRNO", "6", ARG("1", "9", "LE"))

/* The first is the one that each other differs from in one thing. */
static const char *const meanings[] = {
	OCI("\"SECCOMP_FILTER_FLAG_LOG\"", "SCMP_ACT_ALLOW", FIRST "," SECOND),
	OCI("", "SCMP_ACT_ALLOW", FIRST "," SECOND),
	OCI("\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\"", "SCMP_ACT_ALLOW", FIRST "," SECOND),
	OCI("\"SECCOMP_FILTER_FLAG_LOG\"", "SCMP_ACT_KILL_PROCESS", FIRST "," SECOND),
	OCI("\"SECCOMP_FILTER_FLAG_LOG\"", "SCMP_ACT_ALLOW", SECOND "," FIRST),
	OCI("\"SECCOMP_FILTER_FLAG_LOG\"", "SCMP_ACT_ALLOW", FIRST),
	OCI("\"SECCOMP_FILTER_FLAG_LOG\"", "SCMP_ACT_ALLOW",
	    RULE("fcntl", "ERRNO", "5", ARG("1", "9", "EQ")) "," SECOND),
	OCI("\"SECCOMP_FILTER_FLAG_LOG\"", "SCMP_ACT_ALLOW",
	    RULE("ioctl", "TRACE", "5", ARG("1", "9", "EQ")) "," SECOND),
	OCI("\"SECCOMP_FILTER_FLAG_LOG\"", "SCMP_ACT_ALLOW",
	    RULE("ioctl", "ERRNO", "4", ARG("1", "9", "EQ")) "," SECOND),
	OCI("\"SECCOMP_FILTER_FLAG_LOG\"", "SCMP_ACT_ALLOW",
	    RULE("ioctl", "ERRNO", "5", ARG("2", "9", "EQ")) "," SECOND),
	OCI("\"SECCOMP_FILTER_FLAG_LOG\"", "SCMP_ACT_ALLOW",
	    RULE("ioctl", "ERRNO", "5", ARG("1", "4294967305", "EQ")) "," SECOND),
	OCI("\"SECCOMP_FILTER_FLAG_LOG\"", "SCMP_ACT_ALLOW",
	    RULE("ioctl", "ERRNO", "5", ARG("1", "9", "NE")) "," SECOND),
	OCI("\"SECCOMP_FILTER_FLAG_LOG\"", "SCMP_ACT_ALLOW",
	    RULE("ioctl", "ERRNO", "5", ARG("1", "9", "GE")) "," SECOND),
	OCI("\"SECCOMP_FILTER_FLAG_LOG\"", "SCMP_ACT_ALLOW",
	    RULE("ioctl", "ERRNO", "5", ARG("1", "9", "MASKED_EQ")) "," SECOND),
};

static void test_policy(void **state)
{
	struct output out[COUNT(meanings)];

	(void)state;
	for (size_t i = 0; i < COUNT(meanings); i++) {
		struct input in = {.policy = meanings[i]};

		out[i] = compile(&in);
		for (size_t j = 0; j < i; j++)
			if (same_hash(&out[i], &out[j]) || same_bytes(&out[i], &out[j]))
				fail_msg("alike:\n%s\n%s", meanings[j], meanings[i]);
	}
	for (size_t i = 0; i < COUNT(meanings); i++)
		free(out[i].bytes);
}

/* ---- groups, options, kernels ---- */

static const enum secbake_mode complain = SECBAKE_MODE_COMPLAIN;

/* Each differs from the first in one input. */
static const struct {
	struct input in;
	bool hash_too; /* the policy means something else; or only the blob is another */
} changes[] = {
	{{.policy = OCI("", "SCMP_ACT_ERRNO", RULE("read", "LOG", "null", ""))}, false},
	{{.policy = OCI("", "SCMP_ACT_ERRNO", RULE("read", "LOG", "null", "")), .name = "other"},
	 false},
	{{.policy = OCI("", "SCMP_ACT_ERRNO", RULE("read", "LOG", "null", "")), .sealed = true},
	 false},
	{{.policy = OCI("", "SCMP_ACT_ERRNO", RULE("read", "LOG", "null", "")),
	  .options = "# nothing\n"},
	 false},
	{{.policy = OCI("", "SCMP_ACT_ERRNO", RULE("read", "LOG", "null", "")),
	  .no_complain = true},
	 true},
	{{.policy = OCI("", "SCMP_ACT_ERRNO", RULE("read", "LOG", "null", "")),
	  .options = "complain=no\n"},
	 true},
	{{.policy = OCI("", "SCMP_ACT_ERRNO", RULE("read", "LOG", "null", "")), .mode = &complain},
	 true},
	{{.policy = OCI("", "SCMP_ACT_ERRNO", RULE("read", "LOG", "null", "")), .arch = "aarch64"},
	 true},
	{{.policy = OCI("", "SCMP_ACT_ERRNO", RULE("read", "LOG", "null", "")),
	  .without_actions = SECBAKE_ACTION_LOG},
	 true},
};

static void test_inputs(void **state)
{
	struct output first = compile(&changes[0].in), out;

	(void)state;
	for (size_t i = 1; i < COUNT(changes); i++) {
		out = compile(&changes[i].in);
		if (same_bytes(&first, &out))
			fail_msg("change %zu changes nothing", i);
		if (same_hash(&first, &out) == changes[i].hash_too)
			fail_msg("change %zu: the policy hash is %s", i,
				 changes[i].hash_too ? "the same" : "another");
		free(out.bytes);
	}
	free(first.bytes);
}

static void test_consulted_flag(void **state)
{
	struct input in = {.policy = meanings[0]};
	struct output with = compile(&in), without;

	(void)state;
	in.without_flags = SECBAKE_FLAG_LOG;
	without = compile(&in);
	assert_false(same_hash(&with, &without));
	free(with.bytes);
	free(without.bytes);
}

static void test_enosys_and_caps(void **state)
{
	struct input in = {
		.policy = OCI("", "SCMP_ACT_ERRNO",
			      RULE("read", "ALLOW", "null",
				   "") ","
				       "{\"names\": [\"bpf\"], \"action\": \"SCMP_ACT_ALLOW\","
				       "\"includes\": {\"caps\": [\"CAP_BPF\"]}}")};
	struct output plain = compile(&in), caps, none;

	(void)state;
	in.cap = "CAP_BPF";
	caps = compile(&in);
	assert_false(same_hash(&plain, &caps));
	in.enosys = SECBAKE_ENOSYS_NONE;
	in.policy = OCI("", "SCMP_ACT_KILL_PROCESS", RULE("read", "ALLOW", "null", ""));
	in.cap = NULL;
	none = compile(&in);
	in.enosys = SECBAKE_ENOSYS_RUNC;
	free(plain.bytes);
	plain = compile(&in);
	assert_false(same_hash(&plain, &none));
	free(plain.bytes);
	free(caps.bytes);
	free(none.bytes);
}

static void test_groups(void **state)
{
	struct input in = {.policy = "{\"secbake\": 1, \"extends\": [\"base.json\"]}",
			   .groups = "{\"secbake\": 1, \"default\": \"errno:EPERM\", \"rules\":"
				     "[{\"syscalls\": [\"read\"], \"action\": \"allow\"}]}"};
	struct output read = compile(&in), write;

	(void)state;
	in.groups = "{\"secbake\": 1, \"default\": \"errno:EPERM\", \"rules\":"
		    "[{\"syscalls\": [\"write\"], \"action\": \"allow\"}]}";
	write = compile(&in);
	assert_false(same_hash(&read, &write));
	free(read.bytes);
	free(write.bytes);
}

/* ---- what nothing depends on ---- */

static void test_not_consulted(void **state)
{
	struct input in = {.policy = OCI("", "SCMP_ACT_ERRNO", RULE("read", "ALLOW", "null", "")),
			   .no_complain = true};
	struct output plain = compile(&in), other;

	(void)state;
	/* The kernel's release within one feature set: nothing at all. */
	in.kernel = SECBAKE_KERNEL(6, 2);
	other = compile(&in);
	assert_true(same_bytes(&plain, &other));
	free(other.bytes);
	/* What was not asked: the meaning is the same; the hash of features says which they were.
	 */
	in.kernel = 0;
	in.without_actions = SECBAKE_ACTION_LOG | SECBAKE_ACTION_NOTIFY;
	in.without_flags = SECBAKE_FLAGS_ALL;
	other = compile(&in);
	assert_true(same_hash(&plain, &other));
	free(other.bytes);
	in.without_actions = in.without_flags = 0;
	/* White space: the meaning is the same; the source's content is another. */
	in.policy =
		"\n\n " OCI(" ", "SCMP_ACT_ERRNO", "\t" RULE("read", "ALLOW", "null", " ")) "\n";
	other = compile(&in);
	assert_true(same_hash(&plain, &other));
	free(other.bytes);
	free(plain.bytes);
	in.policy = "{\"secbake\": 1, \"comment\": \"one\", \"default\": \"allow\", \"rules\": []}";
	plain = compile(&in);
	in.policy = "{\"secbake\": 1, \"comment\": \"two\", \"rules\": [], \"default\": \"allow\"}";
	other = compile(&in);
	assert_true(same_hash(&plain, &other));
	free(other.bytes);
	free(plain.bytes);
}

/* What no enumeration has: refused, and not taken for one of its values. */
static void test_no_such_choice(void **state)
{
	const enum secbake_mode mode = (enum secbake_mode)9;
	struct secbake_compile_options good = {
		.name = "web",
		.policy = {.bytes = "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}",
			   .size = 35,
			   .file = "p"},
	};
	struct secbake_compile_options wrong[4];
	struct secbake_compiled *compiled;

	(void)state;
	secbake_features_of_kernel(secbake_arch_find("x86_64"), SECBAKE_KERNEL(6, 1), &good.target,
				   NULL);
	assert_int_equal(secbake_compile(&good, &compiled, NULL), SECBAKE_OK);
	secbake_compiled_free(compiled);
	for (size_t i = 0; i < COUNT(wrong); i++)
		wrong[i] = good;
	wrong[0].effort = 9;
	wrong[1].dialect = (enum secbake_dialect)9;
	wrong[2].enosys = (enum secbake_enosys)9;
	wrong[3].mode = &mode;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct secbake_error error = {0};

		assert_int_equal(secbake_compile(&wrong[i], &compiled, &error), SECBAKE_ERR_INPUT);
		assert_non_null(strstr(error.text, " 9"));
	}
}

/* The one variant that a target would load, and the program that it has among others. */
static void test_only_target(void **state)
{
	static const enum secbake_mode modes[] = {SECBAKE_MODE_ENFORCE, SECBAKE_MODE_COMPLAIN};
	static const uint32_t kernels[] = {SECBAKE_KERNEL(4, 4), SECBAKE_KERNEL(6, 1)};
	struct input in = {
		.policy = "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"names\": "
			  "[\"ptrace\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": "
			  "{\"minKernel\": \"4.8\"}}, {\"names\": [\"read\"], \"action\": "
			  "\"SCMP_ACT_ALLOW\"}]}"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct secbake_blob all, one;
		struct secbake_blob_layer layer;
		struct output whole, part;
		struct secbake_features features;
		uint32_t chosen, only;

		in.mode = &modes[i % 2];
		in.kernel = kernels[i / 2];
		in.only_target = false;
		whole = compile(&in);
		in.only_target = true;
		part = compile(&in);
		assert_int_equal(secbake_blob_open(whole.bytes, whole.size, &all, NULL), 0);
		assert_int_equal(secbake_blob_open(part.bytes, part.size, &one, NULL), 0);
		assert_int_equal(secbake_blob_count(&all, SECBAKE_SECTION_VARIANTS), 4);
		assert_int_equal(secbake_blob_count(&one, SECBAKE_SECTION_VARIANTS), 1);
		secbake_features_of_kernel(secbake_arch_find("x86_64"), in.kernel, &features, NULL);
		assert_int_equal(secbake_blob_select(&all, &features, *in.mode, &chosen, NULL), 0);
		assert_int_equal(secbake_blob_select(&one, &features, *in.mode, &only, NULL), 0);
		chosen = secbake_blob_variant(&all, chosen).layer_first;
		layer = secbake_blob_layer(&all, chosen);
		assert_int_equal(secbake_blob_layer(&one, 0).insn_count, layer.insn_count);
		assert_memory_equal(secbake_blob_program(&one, 0),
				    secbake_blob_program(&all, chosen),
				    layer.insn_count * sizeof(uint64_t));
		free(whole.bytes);
		free(part.bytes);
	}
}

/* The features' text, in whatever order its lines are, is one feature set. */
static void test_order_of_features(void **state)
{
	struct secbake_features features, shuffled;
	struct secbake_hash a, b;
	char text[SECBAKE_FEATURES_TEXT_MAX], other[SECBAKE_FEATURES_TEXT_MAX];
	size_t size, used = 0;

	(void)state;
	assert_int_equal(secbake_features_of_kernel(secbake_arch_find("x86_64"),
						    SECBAKE_KERNEL(6, 1), &features, NULL),
			 SECBAKE_OK);
	size = secbake_features_format(&features, text);
	for (size_t end = size; end > 0;) {
		size_t start = end - 1;

		while (start && text[start - 1] != '\n')
			start--;
		memcpy(other + used, text + start, end - start);
		used += end - start;
		end = start;
	}
	assert_int_equal(secbake_features_parse(other, used, &shuffled, NULL), SECBAKE_OK);
	secbake_features_hash(&features, &a);
	secbake_features_hash(&shuffled, &b);
	assert_memory_equal(&a, &b, sizeof(a));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_inputs),
		cmocka_unit_test(test_consulted_flag),
		cmocka_unit_test(test_enosys_and_caps),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_not_consulted),
		cmocka_unit_test(test_only_target),
		cmocka_unit_test(test_no_such_choice),
		cmocka_unit_test(test_order_of_features),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
