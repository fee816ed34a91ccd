/* SPDX-License-Identifier: MIT */
/*
 * What the generator minimises, in picoseconds: the price of attaching, and of
 * calls that the kernel's bitmap does not answer. `secbake-bench fit` measures it
 * (tests/bench/fit.c); docs/codegen.md has the figures.
 */
#ifndef SB_COST_H
#define SB_COST_H

#define SB_COST_INSN 110000u /* an instruction */
#define SB_COST_JUMP                                                                             \
	37000u		    /* the second one that the kernel makes of a test that falls through \
			       into neither successor, and of a constant from 2^31 on */
#define SB_COST_STEP 2200u  /* a test of order that the kernel emulates for one number */
#define SB_COST_EQUAL 1900u /* any other instruction that it does */
#define SB_COST_HOT 100000u /* one on the path of the hottest call, over a program's life */

/* The numbers that the kernel emulates on each architecture: its tables end near here. */
#define SB_TABLE_END 470u

#endif
