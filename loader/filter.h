/* SPDX-License-Identifier: MIT */
/* Running a filter as the kernel would, to know what it will say. */
#ifndef SB_FILTER_H
#define SB_FILTER_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>

/*
 * The verdict (SECCOMP_RET_* with data) of a program in host order on a call.
 * Checked at each step: a program that leaves its bounds kills the process.
 */
uint32_t sb_filter_run(const struct sock_filter *insn, uint32_t count,
		       const struct seccomp_data *data);

#endif
