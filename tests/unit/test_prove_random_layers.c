/* SPDX-License-Identifier: MIT */
/* The prover's diagrams of random layers, against a lookup that shares no code with it. */
#include "tests/lib/prove_random_world.h"

static void layers_against_lookup(void **state)
{
	static struct sample s;
	uint64_t random = test_seed();

	(void)state;
	for (uint32_t i = 0; i < TRIED(1500); i++) {
		uint32_t root = 0;
		struct sb_dd dd;

		random_layer(&random, &s);
		assert_int_equal(sb_dd_init(&dd, &limits), SECBAKE_OK);
		assert_int_equal(sb_prove_layer(&dd, &s.layer, &root, NULL), SECBAKE_OK);
		for (uint32_t j = 0; j < 300; j++) {
			struct seccomp_data data = random_call(&random, &s);
			uint32_t verdict = expected(&s, &data);

			if (sb_prove_lookup(&dd, root, &data) != verdict)
				fail_msg("diagram of layer %u, call %u", i, j);
			if (sb_prove_layer_eval(&s.layer, &data) != verdict)
				fail_msg("evaluator on layer %u, call %u", i, j);
		}
		sb_dd_free(&dd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layers_against_lookup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
