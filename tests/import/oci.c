/* SPDX-License-Identifier: MIT */
/*
 * Imported OCI profiles against the oci dialect itself. The profile is compiled as it
 * is, and each of its programs is proved against the imported policy, by the project's own
 * prover: that leaves no call out. Since the prover resolves the native text anew, nothing
 * of the importer is on both sides. Then verdicts are compared once more, call by
 * call, with the programs of the imported policy.
 *
 * With runc's stub, for which the native dialect has --enosys runc, the proof would fail
 * for numbers from 0x80000000 up, which no call has and the native stub leaves alone; there the
 * others are compared. Left out are profiles with rules that repeat the default: those name
 * calls, and are not imported; and number 0 on s390, which runc's stub takes.
 * usage: oci CORPUS CASES
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <secbake/import.h>
#include <secbake/inspect.h>

#include <tests/lib/compiled.h>

#define KERNEL SECBAKE_KERNEL(6, 12)

static size_t failures, profiles, proofs, calls, inexpressible;

static const char *const some_caps[] = {"CAP_SYS_ADMIN", "CAP_SYS_CHROOT", "CAP_NET_ADMIN",
					"CAP_PERFMON"};

static void fail(const char *what, const char *why, const struct secbake_error *error)
{
	failures++;
	fprintf(stderr, "%s: %s: %u: %s: %s\n", what, why, error->line, error->pointer,
		error->text);
}

struct against {
	struct test_visitor visitor;
	const char *what;
	const struct test_program *oci, *native;
	bool stub;
	size_t differences;
};

static void compare_call(struct test_visitor *self, const struct seccomp_data *data)
{
	struct against *a = (struct against *)self; /* visitor is its first member */
	uint32_t wanted, got;

	if (a->stub && (data->nr < 0 || (!data->nr && a->oci->program.big_endian)))
		return;
	wanted = test_interpret(a->oci, data);
	got = test_interpret(a->native, data);
	calls++;
	if (wanted != got && a->differences++ < 5)
		fprintf(stderr, "%s: %s: oci %s, native %s\n", a->what, test_call_text(data),
			test_verdict_text(wanted), test_verdict_text(got));
}

/* The first variants of both blobs, which are for kernels that lack what either names. */
static void compare(const char *what, const struct test_compiled *oci,
		    const struct test_compiled *native, bool stub)
{
	static struct test_program programs[2];
	struct test_random random = {test_env("SECBAKE_SEED", 1)};
	struct against against = {.visitor = {compare_call},
				  .what = what,
				  .oci = &programs[0],
				  .native = &programs[1],
				  .stub = stub};
	struct sb_resolved resolved;

	test_program_of_layer(oci, 0, &programs[0]);
	test_program_of_layer(native, 0, &programs[1]);
	test_resolve(oci, 0, &resolved);
	test_calls_of_layer(resolved.layer, &random, &against.visitor);
	failures += against.differences;
}

/* Each program of the profile's blob against the policy, as the kernel it is for would have it. */
static void prove(const char *what, const struct test_compiled *oci,
		  const struct secbake_compile_options *native)
{
	uint32_t count = secbake_blob_count(&oci->blob, SECBAKE_SECTION_VARIANTS);

	for (uint32_t v = 0; v < count; v++) {
		struct secbake_blob_variant variant = secbake_blob_variant(&oci->blob, v);
		struct secbake_blob_layer layer =
			secbake_blob_layer(&oci->blob, variant.layer_first);
		struct secbake_program program = {
			.bytes = secbake_blob_program(&oci->blob, variant.layer_first),
			.count = layer.insn_count,
			.big_endian = oci->blob.flags & SECBAKE_BLOB_BIG_ENDIAN,
		};
		struct secbake_compile_options options = *native;
		enum secbake_mode mode = (enum secbake_mode)variant.mode;
		struct secbake_error error = {0};

		/* Below every release that a policy names, where there is no lower end. */
		options.target.kernel = variant.kernel_from ? variant.kernel_from : 1;
		if (secbake_prove(&program, &options, mode, 0, NULL, &error) != SECBAKE_OK)
			fail(what, "not proved", &error);
		proofs++;
	}
}

/* Is some architecture's largest number that is named 0? runc's stub takes that for none. */
static bool names_only_zero(const struct test_compiled *oci)
{
	struct sb_resolved resolved;

	test_resolve(oci, 0, &resolved);
	for (uint32_t i = 0; i < resolved.layer->map_count; i++) {
		const struct sb_map *map = &resolved.layer->map[i];

		if (map->entry_count && !(map->entry[map->entry_count - 1].nr & ~SECBAKE_X32_BIT))
			return true;
	}
	return false;
}

/* A rule that repeats the default's action names calls that only the stub sees. */
static bool repeats_default(const char *json)
{
	return strstr(json, "They say what the default says");
}

struct profile {
	const char *file, *text;
	size_t size;
};

static void try_options(const struct profile *profile, const char *target, const char *json,
			enum secbake_enosys enosys, size_t cap_count)
{
	struct secbake_compile_options oci =
		test_options(target, KERNEL, profile->text, profile->size, profile->file);
	struct secbake_compile_options native =
		test_options(target, KERNEL, json, strlen(json), profile->file);
	char *what = test_sprintf("%s for %s, %zu capabilities%s", profile->file, target, cap_count,
				  enosys == SECBAKE_ENOSYS_RUNC ? ", stub" : "");
	struct test_compiled first, second;
	struct secbake_error error = {0};

	oci.enosys = native.enosys = enosys;
	oci.caps = native.caps = some_caps;
	oci.cap_count = native.cap_count = cap_count;
	if (test_compile(&first, &oci, &error) != SECBAKE_OK)
		test_die("%s: %s", what, error.text); /* it did without capabilities */
	if (enosys == SECBAKE_ENOSYS_NONE)
		prove(what, &first, &native);
	if (secbake_compile(&native, &second.compiled, &error) != SECBAKE_OK) {
		fail(what, "imported", &error);
		fprintf(stderr, "%s\n", json);
	} else {
		size_t size;
		const uint8_t *bytes = secbake_compiled_blob(second.compiled, &size);

		if (secbake_blob_open(bytes, size, &second.blob, &error) != SECBAKE_OK)
			test_die("%s: %s", what, error.text);
		if (enosys == SECBAKE_ENOSYS_NONE || !names_only_zero(&first))
			compare(what, &first, &second, enosys == SECBAKE_ENOSYS_RUNC);
		secbake_compiled_free(second.compiled);
	}
	test_compiled_free(&first);
	free(what);
}

static void try_profile(const struct profile *profile, const char *target)
{
	struct secbake_compile_options options =
		test_options(target, KERNEL, profile->text, profile->size, profile->file);
	struct secbake_import_options import = {
		.format = "oci", .policy = options.policy, .arch = options.target.arch};
	struct secbake_compiled *compiled;
	struct secbake_error error = {0};
	char *json;

	options.dialect = SECBAKE_DIALECT_OCI;
	if (secbake_compile(&options, &compiled, NULL) != SECBAKE_OK)
		return; /* a case of what is rejected, or of another target */
	secbake_compiled_free(compiled);
	if (secbake_import(&import, &json, NULL, &error) != SECBAKE_OK) {
		/* On the architectures that profiles are written for, each can be said. */
		if (strstr(error.text, "compares only arguments that there are") &&
		    strcmp(target, "x86_64") != 0 && strcmp(target, "aarch64") != 0)
			inexpressible++;
		else
			fail(profile->file, target, &error);
		return;
	}
	profiles++;
	for (size_t caps = 0; caps <= 4; caps += 4) {
		try_options(profile, target, json, SECBAKE_ENOSYS_NONE, caps);
		if (!repeats_default(json))
			try_options(profile, target, json, SECBAKE_ENOSYS_RUNC, caps);
	}
	free(json);
}

static void try_file(const char *path)
{
	static const char *const targets[] = {"x86_64", "x86",	   "aarch64", "arm",
					      "s390x",	"ppc64le", "mips",    "riscv64"};
	struct profile profile = {.file = path};
	FILE *file = fopen(path, "r");

	if (!file)
		return;
	fclose(file);
	profile.text = test_read_file(path, &profile.size);
	if (!strstr(profile.text, "\"secbake\""))
		for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
			try_profile(&profile, targets[i]);
	free((char *)profile.text);
}

static size_t try_folder(const char *folder, const char *format)
{
	struct dirent **entry;
	int count = scandir(folder, &entry, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		char *path = test_sprintf(format, folder, entry[i]->d_name);

		if (entry[i]->d_name[0] != '.' && strstr(path, ".json"))
			try_file(path);
		free(path);
		free(entry[i]);
	}
	if (count >= 0)
		free(entry);
	return count < 0 ? 0 : (size_t)count;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		test_die("usage: oci CORPUS CASES");
	if (!try_folder(argv[1], "%s/%s"))
		printf("%s is not there: only the cases are tried\n", argv[1]);
	try_folder(argv[2], "%s/%s/policy.json");
	printf("%zu imports of profiles, %zu proofs, %zu calls; %zu have conditions on arguments "
	       "that there are not; %zu failures\n",
	       profiles, proofs, calls, inexpressible, failures);
	return failures || !profiles;
}
