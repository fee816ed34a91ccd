/* SPDX-License-Identifier: MIT */
/*
 * One policy both ways: compiled to a blob by the library, and resolved for the
 * plain evaluator; and the comparison of the two.
 */
#ifndef TEST_COMPILED_H
#define TEST_COMPILED_H

#include <secbake/compile.h>

#include <compiler/program.h>
#include <compiler/read.h>

#include "calls.h"

struct test_compiled {
	struct secbake_compiled *compiled;
	struct secbake_blob blob;
	struct sb_arena *arena;
	struct sb_document document;
	struct sb_options options;
	struct sb_sources sources;
	const struct secbake_compile_options *given;
};

/* Compiles, opens the blob, reads the policy once more. On failure nothing is left to free. */
enum secbake_status test_compile(struct test_compiled *compiled,
				 const struct secbake_compile_options *options,
				 struct secbake_error *error);
void test_compiled_free(struct test_compiled *compiled);

/* The program of a layer of the blob, decoded here, in memory of the caller's. */
struct test_program {
	struct sock_filter insn[SECBAKE_PROGRAM_MAX];
	struct sb_program program;
};
void test_program_of_layer(const struct test_compiled *compiled, uint32_t layer,
			   struct test_program *program);
void test_program_decode(const uint8_t *bytes, uint32_t count, bool big_endian,
			 struct test_program *program);

/* What the program returns; ends the test where the interpreter refuses. */
uint32_t test_interpret(const struct test_program *program, const struct seccomp_data *data);

/* The policy, resolved for a variant of the blob; lives as long as compiled. */
void test_resolve(const struct test_compiled *compiled, uint32_t variant,
		  struct sb_resolved *resolved);

/* Options for a kernel of mainline X.Y on an architecture; no stub, a policy in text. */
struct secbake_compile_options test_options(const char *arch, uint32_t kernel, const char *text,
					    size_t size, const char *file);

/*
 * Compares program and evaluator over test_calls_of_layer() for every variant
 * and layer. Prints the first few differences. Return: their number; calls
 * receives how many calls were tried.
 */
size_t test_compare(const struct test_compiled *compiled, const char *what,
		    struct test_random *random, size_t *calls);

#endif
