/* SPDX-License-Identifier: MIT */
/*
 * On the running kernel: filters installed by the loader's own code, real calls,
 * and the interpreter's verdict as what must come of them.
 */
#include <stdio.h>

#ifdef __x86_64__
#include "live.h"

int main(void)
{
	live_test_calls();
	live_test_sweep();
	live_test_tracer();
	live_test_threads();
	live_test_tsync();
	printf("%u checks, %u failures\n", live_checks, live_failures);
	return live_failures != 0;
}
#else
int main(void)
{
	puts("SKIPPED: the calls are written for x86_64");
	return 77;
}
#endif
