/* SPDX-License-Identifier: MIT */
/*
 * Policies that are made to be expensive: each ends in an error or in a blob within
 * a bound on processor time and memory, in a child of its own that the kernel ends
 * where it goes on. The bounds are far above what any of them takes, and far below
 * what anything quadratic or worse would.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <secbake/compile.h>

#include <tests/lib/support.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLOWED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(SLOWED)
#define CPU_SECONDS 40u
#define MEMORY_MIB 1024 /* with shadow memory, and nothing used again for a while */
#else
#define CPU_SECONDS 10u
#define MEMORY_MIB 256
#endif

#define ROOM (SECBAKE_POLICY_SIZE_MAX - 4096u) /* of a document that is to fit */
#define NATIVE "{\"secbake\": 1, \"default\": \"errno:1\", "
#define OCI "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": ["

enum end { ACCEPTED, REJECTED };

struct hostile {
	const char *name;
	enum end end;
	const char *text; /* in the message of one that is rejected; NULL: any */
	void (*write)(FILE *out);
	void (*base)(FILE *out, unsigned int number); /* of the files that it extends */
};

static bool fits(FILE *out)
{
	return ftell(out) < (long)ROOM;
}

/* ---- native ---- */

static void rules_until(FILE *out, unsigned int count)
{
	fputs(NATIVE "\"rules\": [", out);
	for (unsigned int i = 0; i < count && (count == 100000 || fits(out)); i++)
		fprintf(out, "%s{\"syscalls\":%u,\"action\":\"log\"}", i ? "," : "", i % 10);
	fputs("]}", out);
}

static void rules_100000(FILE *out)
{
	rules_until(out, 100000);
}

static void rules_that_fit(FILE *out)
{
	rules_until(out, UINT32_MAX);
}

static void rules_and_base(FILE *out)
{
	fputs("{\"extends\": [\"0\"], \"secbake\": 1, \"default\": \"errno:1\", \"rules\": [", out);
	for (unsigned int i = 0; fits(out); i++)
		fprintf(out, "%s{\"syscalls\":%u,\"action\":\"trap:%u\"}", i ? "," : "", i % 1000,
			i % 7);
	fputs("]}", out);
}

static void base_of_rules(FILE *out, unsigned int number)
{
	(void)number;
	rules_that_fit(out);
}

/* Each another value, and one of two actions: as many pieces as there are rules. */
static void conditions_of_one_call(FILE *out)
{
	fputs(NATIVE "\"rules\": [", out);
	for (unsigned int i = 0; fits(out); i++)
		fprintf(out, "%s{\"syscalls\":16,\"args\":{\"1\":%u},\"action\":\"%s\"}",
			i ? "," : "", i * 7 % 1000003, i % 2 ? "log" : "allow");
	fputs("]}", out);
}

/* Masks and arguments without order, so that no two comparisons have to do with each other. */
static void write_matcher(FILE *out, struct test_random *random)
{
	fprintf(out, "\"%u\":{\"mask\":%u,\"eq\":%u}", test_random_below(random, 3),
		(unsigned int)test_random(random) | 1, test_random_below(random, 2));
}

static void unordered(FILE *out, unsigned int count)
{
	struct test_random random = {count};

	fputs(NATIVE "\"rules\": [", out);
	for (unsigned int i = 0; i < count && fits(out); i++) {
		fprintf(out, "%s{\"syscalls\":\"ioctl\",\"args\":{", i ? "," : "");
		write_matcher(out, &random);
		fprintf(out, "},\"action\":\"trap:%u\"}", i);
	}
	fputs("]}", out);
}

static void unordered_few(FILE *out)
{
	unordered(out, 40);
}

static void unordered_many(FILE *out)
{
	unordered(out, UINT32_MAX);
}

/* Boxes in six dimensions, each with an action of its own. */
static void boxes(FILE *out, unsigned int count)
{
	struct test_random random = {3};

	fputs(NATIVE "\"rules\": [", out);
	for (unsigned int i = 0; i < count && fits(out); i++) {
		fprintf(out, "%s{\"syscalls\":\"futex\",\"args\":{", i ? "," : "");
		for (unsigned int arg = 0; arg < 6; arg++)
			fprintf(out, "%s\"%u\":{\"%s\":%u}", arg ? "," : "", arg,
				test_random_below(&random, 2) ? "lt" : "gt",
				test_random_below(&random, 0x7fffffff));
		fprintf(out, "},\"action\":\"trap:%u\"}", i % 65536);
	}
	fputs("]}", out);
}

static void boxes_20(FILE *out)
{
	boxes(out, 20);
}

static void boxes_100(FILE *out)
{
	boxes(out, 100);
}

static void boxes_that_fit(FILE *out)
{
	boxes(out, UINT32_MAX);
}

static void sets_of_one_rule(FILE *out)
{
	struct test_random random = {1};

	fputs(NATIVE "\"rules\": [{\"syscalls\": \"ioctl\", \"action\": \"allow\", \"args\": [",
	      out);
	for (unsigned int i = 0; fits(out); i++) {
		fputs(i ? ",{" : "{", out);
		write_matcher(out, &random);
		fputs("}", out);
	}
	fputs("]}]}", out);
}

static void values_of_one_matcher(FILE *out)
{
	fputs(NATIVE "\"rules\": [{\"syscalls\": \"ioctl\", \"action\": \"allow\","
		     "\"args\": {\"1\": {\"notIn\": [",
	      out);
	for (unsigned int i = 0; fits(out); i++)
		fprintf(out, "%s%u", i ? "," : "", i * 2);
	fputs("]}}}]}", out);
}

static void rules_for_all_calls(FILE *out)
{
	fputs(NATIVE "\"architectures\": [\"x86_64\",\"x86\",\"x32\",\"aarch64\",\"arm\","
		     "\"riscv64\",\"ppc64le\",\"loongarch64\",\"sh\",\"mipsel\",\"mipsel64\"],"
		     "\"rules\": [",
	      out);
	for (unsigned int i = 0; fits(out); i++)
		fprintf(out, "%s{\"syscalls\":\"@known\",\"action\":\"trap:%u\"}", i ? "," : "",
			i % 65536);
	fputs("]}", out);
}

static void numbers_that_fit(FILE *out)
{
	fputs(NATIVE "\"rules\": [{\"action\": \"allow\", \"syscalls\": [1", out);
	for (unsigned int i = 0; fits(out); i++)
		fprintf(out, ",%u", i % 10);
	fputs("]}]}", out);
}

static void names_1000000(FILE *out)
{
	fputs(NATIVE "\"groups\": {\"@a\": [1", out);
	for (unsigned int i = 0; i < 1000; i++)
		fprintf(out, ",%u", i);
	fputs("], \"@b\": [\"@a\"", out);
	for (unsigned int i = 1; i < 1000; i++)
		fputs(",\"@a\"", out);
	fputs("]}, \"rules\": [{\"syscalls\": \"@b\", \"action\": \"allow\"}]}", out);
}

static void groups_that_double(FILE *out)
{
	fputs(NATIVE "\"groups\": {\"@g0\": [\"read\", \"write\"]", out);
	for (unsigned int i = 1; i < 60; i++)
		fprintf(out, ", \"@g%u\": [\"@g%u\", \"@g%u\"]", i, i - 1, i - 1);
	fputs("}, \"rules\": [{\"syscalls\": \"@g59\", \"action\": \"allow\"}]}", out);
}

static void groups_used_often(FILE *out)
{
	fputs(NATIVE "\"groups\": {\"@g\": [0", out);
	for (unsigned int i = 1; i < 30000; i++)
		fprintf(out, ",%u", i);
	fputs("]}, \"rules\": [", out);
	for (unsigned int i = 0; fits(out); i++)
		fprintf(out, "%s{\"syscalls\":\"@g\",\"action\":\"trap:%u\"}", i ? "," : "",
			i % 1000);
	fputs("]}", out);
}

static void group_of_itself(FILE *out)
{
	fputs(NATIVE "\"groups\": {\"@a\": [\"@b\"], \"@b\": [\"@c\", \"@a\"], \"@c\": [\"read\"]},"
		     "\"rules\": [{\"syscalls\": \"@a\", \"action\": \"allow\"}]}",
	      out);
}

static void groups_in_a_row(FILE *out)
{
	fputs(NATIVE "\"groups\": {\"@g0\": [\"read\"]", out);
	for (unsigned int i = 1; fits(out); i++)
		fprintf(out, ", \"@g%u\": [\"@g%u\"]", i, i - 1);
	fputs("}, \"rules\": []}", out);
}

static void groups_that_nobody_uses(FILE *out)
{
	fputs(NATIVE "\"groups\": {\"@g\": []", out);
	for (unsigned int i = 0; fits(out); i++)
		fprintf(out, ", \"@g%u\": [%u]", i, i % 400);
	fputs("}, \"rules\": []}", out);
}

static void extends_0(FILE *out)
{
	fputs("{\"secbake\": 1, \"default\": \"allow\", \"extends\": [\"0\"]}", out);
}

static void base_of_the_next(FILE *out, unsigned int number)
{
	fprintf(out, "{\"secbake\": 1, \"extends\": [\"%u\"]}", number + 1);
}

static void base_of_itself(FILE *out, unsigned int number)
{
	fprintf(out, "{\"secbake\": 1, \"extends\": [\"%u\"]}", (number + 1) % 10);
}

/* 15 levels of four files, each of which extends all of the next level: 2^28 ways down. */
static void base_of_a_lattice(FILE *out, unsigned int number)
{
	unsigned int next = (number / 4 + 1) * 4;

	if (next < 60)
		fprintf(out, "{\"secbake\": 1, \"extends\": [\"%u\", \"%u\", \"%u\", \"%u\"]}",
			next, next + 1, next + 2, next + 3);
	else
		fputs("{\"secbake\": 1, \"rules\": []}", out);
}

static void extends_many(FILE *out)
{
	fputs("{\"secbake\": 1, \"default\": \"allow\", \"extends\": [\"0\"", out);
	for (unsigned int i = 1; fits(out); i++)
		fprintf(out, ",\"%u\"", i);
	fputs("]}", out);
}

static void base_without_more(FILE *out, unsigned int number)
{
	(void)number;
	fputs("{\"secbake\": 1}", out);
}

static void kernels(FILE *out)
{
	fputs(NATIVE "\"rules\": [", out);
	for (unsigned int i = 0; fits(out); i++)
		fprintf(out,
			"%s{\"syscalls\":%u,\"when\":{\"minKernel\":\"%u.%u\"},\"action\":\"log\"}",
			i ? "," : "", i % 300, 3 + i / 60000, i % 60000);
	fputs("]}", out);
}

static void layers(FILE *out)
{
	fputs(NATIVE "\"layers\": [{}", out);
	for (unsigned int i = 0; fits(out); i++)
		fputs(",{}", out);
	fputs("]}", out);
}

static void layers_of_rules(FILE *out)
{
	fputs(NATIVE "\"layers\": [", out);
	for (unsigned int l = 0; l < 16; l++) {
		fprintf(out, "%s{\"rules\": [", l ? "," : "");
		for (unsigned int i = 0; i < 1000; i++)
			fprintf(out, "%s{\"syscalls\":%u,\"args\":{\"0\":%u},\"action\":\"log\"}",
				i ? "," : "", i % 3, i + l);
		fputs("]}", out);
	}
	fputs("]}", out);
}

static void names_that_are_none(FILE *out)
{
	fputs(NATIVE "\"rules\": [{\"action\": \"allow\", \"syscalls\": [\"x\"", out);
	for (unsigned int i = 0; fits(out); i++)
		fprintf(out, ",\"%x\"", i);
	fputs("]}]}", out);
}

static void optional_names(FILE *out)
{
	fputs(NATIVE "\"rules\": [{\"action\": \"allow\", \"optional\": true, \"syscalls\": [\"x\"",
	      out);
	for (unsigned int i = 0; fits(out); i++)
		fprintf(out, ",\"%x\"", i);
	fputs("]}]}", out);
}

static void one_long_name(FILE *out)
{
	fputs(NATIVE "\"rules\": [{\"action\": \"allow\", \"syscalls\": \"", out);
	while (fits(out))
		fputs("openat", out);
	fputs("\"}]}", out);
}

static void one_long_value(FILE *out)
{
	fputs(NATIVE "\"rules\": [{\"action\": \"allow\", \"syscalls\": \"ioctl\","
		     "\"args\": {\"1\": \"1",
	      out);
	while (fits(out))
		fputs("|AF_UNIX", out);
	fputs("\"}}]}", out);
}

static void members(FILE *out)
{
	fputs(NATIVE "\"rules\": []", out);
	for (unsigned int i = 0; fits(out); i++)
		fprintf(out, ",\"x%x\":1", i);
	fputs("}", out);
}

static void brackets(FILE *out)
{
	while (fits(out))
		fputc('[', out);
}

/* ---- OCI ---- */

static void oci_rules(FILE *out)
{
	fputs(OCI, out);
	for (unsigned int i = 0; fits(out); i++)
		fprintf(out, "%s{\"names\":[\"read\"],\"action\":\"SCMP_ACT_LOG\"}", i ? "," : "");
	fputs("]}", out);
}

static void oci_conditions(FILE *out)
{
	fputs(OCI, out);
	for (unsigned int i = 0; fits(out); i++)
		fprintf(out,
			"%s{\"names\":[\"ioctl\"],\"action\":\"%s\",\"args\":[{\"index\":1,"
			"\"value\":%u,\"op\":\"SCMP_CMP_EQ\"}]}",
			i ? "," : "", i % 2 ? "SCMP_ACT_LOG" : "SCMP_ACT_ALLOW", i * 7 % 1000003);
	fputs("]}", out);
}

static void oci_unordered(FILE *out)
{
	struct test_random random = {2};

	fputs(OCI, out);
	for (unsigned int i = 0; fits(out); i++)
		fprintf(out,
			"%s{\"names\":[\"ioctl\"],\"action\":\"SCMP_ACT_TRACE\",\"errnoRet\":%u,"
			"\"args\":[{\"index\":%u,\"value\":%u,\"valueTwo\":1,"
			"\"op\":\"SCMP_CMP_MASKED_EQ\"}]}",
			i ? "," : "", i % 60000, test_random_below(&random, 3),
			(unsigned int)test_random(&random) | 1);
	fputs("]}", out);
}

static void oci_names(FILE *out)
{
	fputs(OCI "{\"action\":\"SCMP_ACT_ALLOW\",\"names\":[\"x\"", out);
	for (unsigned int i = 0; fits(out); i++)
		fprintf(out, ",\"%x\"", i);
	fputs("]}]}", out);
}

static void oci_kernels(FILE *out)
{
	fputs(OCI, out);
	for (unsigned int i = 0; fits(out); i++)
		fprintf(out,
			"%s{\"names\":[\"read\"],\"action\":\"SCMP_ACT_LOG\","
			"\"includes\":{\"minKernel\":\"%u.%u\"}}",
			i ? "," : "", 3 + i / 60000, i % 60000);
	fputs("]}", out);
}

#define CASE(function, end, text, base)              \
	{                                            \
#function, end, text, function, base \
	}

static const struct hostile all[] = {
	CASE(rules_100000, REJECTED, "1048576", NULL),
	CASE(rules_that_fit, ACCEPTED, NULL, NULL),
	CASE(rules_and_base, ACCEPTED, NULL, base_of_rules),
	CASE(conditions_of_one_call, REJECTED, NULL, NULL),
	CASE(unordered_few, ACCEPTED, NULL, NULL),
	CASE(unordered_many, REJECTED, NULL, NULL),
	CASE(boxes_20, ACCEPTED, NULL, NULL),
	CASE(boxes_100, REJECTED, "prove", NULL),
	CASE(boxes_that_fit, REJECTED, NULL, NULL),
	CASE(sets_of_one_rule, REJECTED, NULL, NULL),
	CASE(values_of_one_matcher, REJECTED, NULL, NULL),
	CASE(rules_for_all_calls, REJECTED, NULL, NULL),
	CASE(numbers_that_fit, ACCEPTED, NULL, NULL),
	CASE(names_1000000, ACCEPTED, NULL, NULL),
	CASE(groups_that_double, ACCEPTED, NULL, NULL),
	CASE(groups_used_often, REJECTED, NULL, NULL),
	CASE(group_of_itself, REJECTED, "@a", NULL),
	CASE(groups_in_a_row, REJECTED, "64", NULL),
	CASE(groups_that_nobody_uses, ACCEPTED, NULL, NULL),
	CASE(extends_0, REJECTED, "files lead to", base_of_the_next),
	CASE(extends_0, REJECTED, "a circle", base_of_itself),
	CASE(extends_0, ACCEPTED, NULL, base_of_a_lattice),
	CASE(extends_many, REJECTED, "256", base_without_more),
	CASE(kernels, REJECTED, NULL, NULL),
	CASE(layers, REJECTED, "16", NULL),
	CASE(layers_of_rules, ACCEPTED, NULL, NULL),
	CASE(names_that_are_none, REJECTED, "\"x\"", NULL),
	CASE(optional_names, ACCEPTED, NULL, NULL),
	CASE(one_long_name, REJECTED, NULL, NULL),
	CASE(one_long_value, ACCEPTED, NULL, NULL),
	CASE(members, REJECTED, NULL, NULL),
	CASE(brackets, REJECTED, NULL, NULL),
	CASE(oci_rules, ACCEPTED, NULL, NULL),
	CASE(oci_conditions, REJECTED, NULL, NULL),
	CASE(oci_unordered, REJECTED, NULL, NULL),
	CASE(oci_names, ACCEPTED, NULL, NULL),
	CASE(oci_kernels, REJECTED, NULL, NULL),
};

/* ---- one of them ---- */

struct base_reader {
	struct secbake_source_reader reader;
	const struct hostile *hostile;
};

static FILE *begin(char **text, size_t *size)
{
	FILE *out = open_memstream(text, size);

	if (!out)
		test_die("out of memory");
	return out;
}

static enum secbake_status read_base(struct secbake_source_reader *self, uint32_t index,
				     enum secbake_source_kind kind, uint32_t parent,
				     const char *name, struct secbake_text *text,
				     struct secbake_error *error)
{
	const struct hostile *hostile = ((const struct base_reader *)self)->hostile;
	char *bytes;
	size_t size;
	FILE *out;

	(void)index;
	(void)parent;
	if (kind != SECBAKE_SOURCE_FILE || !hostile->base)
		return secbake_error_set(error, SECBAKE_ERR_MISSING, 0, "there is no %s", name);
	out = begin(&bytes, &size);
	hostile->base(out, (unsigned int)strtoul(name, NULL, 10));
	fclose(out);
	*text = (struct secbake_text){bytes, size, "base"}; /* the child's end frees it */
	return SECBAKE_OK;
}

static enum secbake_status no_accounts(struct secbake_source_reader *self, bool groups,
				       struct secbake_text *text, struct secbake_error *error)
{
	(void)self;
	(void)groups;
	(void)text;
	return secbake_error_set(error, SECBAKE_ERR_MISSING, 0, "there are no accounts");
}

/* In the child: 0 as it should end, 1 otherwise. */
static int compile(const struct hostile *hostile)
{
	struct base_reader reader = {{read_base, no_accounts}, hostile};
	struct secbake_compile_options options = {.name = "hostile", .sources = &reader.reader};
	struct secbake_compiled *compiled = NULL;
	struct secbake_error error = {0};
	enum secbake_status status;
	char *text;
	FILE *out = begin(&text, &options.policy.size);

	hostile->write(out);
	fclose(out);
	options.policy.bytes = text;
	options.policy.file = "hostile.json";
	if (secbake_features_of_kernel(secbake_arch_find("x86_64"), SECBAKE_KERNEL(6, 12),
				       &options.target, &error) != SECBAKE_OK)
		test_die("no features: %s", error.text);
	status = secbake_compile(&options, &compiled, &error);
	printf("  %s\n", status == SECBAKE_OK ? "accepted" : error.text);
	if (status == SECBAKE_ERR_INTERNAL || status == SECBAKE_ERR_MEMORY)
		return 1;
	if ((status == SECBAKE_OK) != (hostile->end == ACCEPTED))
		return 1;
	if (status != SECBAKE_OK && hostile->text && !strstr(error.text, hostile->text))
		return 1;
	return 0;
}

static bool run(const struct hostile *hostile)
{
	const struct rlimit limit = {CPU_SECONDS, CPU_SECONDS};
	struct rusage usage;
	int status;
	pid_t child;

	printf("%s\n", hostile->name);
	fflush(stdout);
	child = fork();
	if (child < 0)
		test_die("fork: %s", strerror(errno));
	if (!child) {
		int result;

		if (setrlimit(RLIMIT_CPU, &limit))
			test_die("setrlimit: %s", strerror(errno));
		result = compile(hostile);
		fflush(stdout);
		_exit(result);
	}
	while (wait4(child, &status, 0, &usage) < 0)
		if (errno != EINTR)
			test_die("wait4: %s", strerror(errno));
	printf("  %ld ms, %ld MiB\n",
	       (long)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
		       (long)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000,
	       usage.ru_maxrss / 1024);
	if (WIFSIGNALED(status))
		printf("  FAILED: signal %d\n", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		printf("  FAILED: not the end that it should come to\n");
	else if (usage.ru_maxrss / 1024 >= MEMORY_MIB)
		printf("  FAILED: more than %d MiB\n", MEMORY_MIB);
	else
		return true;
	return false;
}

int main(int argc, char **argv)
{
	bool good = true;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (argc < 2 || !strcmp(argv[1], all[i].name))
			good &= run(&all[i]);
	return !good;
}
