/* SPDX-License-Identifier: MIT */
/* SANITIZED: built with AddressSanitizer. All takes its time then, and the loader is dynamic. */
#ifndef SANITIZED_H
#define SANITIZED_H

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif

#endif
