/* SPDX-License-Identifier: MIT */
/* Between the project's terms and libseccomp's. */
#ifndef TEST_SCMP_H
#define TEST_SCMP_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

/* SECCOMP_RET_* with data as SCMP_ACT_*. */
uint32_t scmp_action(uint32_t action);

/* Does some ABI take this call by socketcall or ipc? */
bool is_multiplexed(const char *name);

/* Is the call socketcall or ipc? */
bool is_carrier(const struct seccomp_data *data);

#endif
