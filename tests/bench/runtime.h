/* SPDX-License-Identifier: MIT */
#ifndef BENCH_RUNTIME_H
#define BENCH_RUNTIME_H

#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>

/* The filter of the OCI profile in a file, ready to be loaded. NULL: libseccomp refused. */
scmp_filter_ctx bench_runtime_build(const char *path, unsigned int level);

#endif
