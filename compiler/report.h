/* SPDX-License-Identifier: MIT */
/*
 * Saying what is wrong with a policy, and where. One place decides what
 * strictness does: it makes every warning an error.
 */
#ifndef SB_REPORT_H
#define SB_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <secbake/error.h>

#include "resolved.h"

/* Errors after which the work went on to find more; over: no more are wanted. */
struct sb_faults {
	uint32_t count;
	enum secbake_status status; /* of the first */
	bool over;
};
#define SB_FAULTS_MAX 50u

/*
 * Where messages of one policy go; reporter and error may be NULL. With faults,
 * errors go to the reporter, too, each one, and the first to error as always.
 */
struct sb_report {
	const char *file;
	bool strict;
	struct sb_faults *faults; /* NULL: the first error ends the work */
	struct secbake_reporter *reporter;
	struct secbake_error *error;
};

/*
 * message holds the text and no place yet. A warning returns SECBAKE_OK, or
 * SECBAKE_ERR_INPUT when strict: then it went to report->error instead.
 */
enum secbake_status sb_report_warning(const struct sb_report *report, const struct sb_place *place,
				      struct secbake_error *message);
void sb_report_note(const struct sb_report *report, const struct sb_place *place,
		    struct secbake_error *message);
/* message holds status and text; returns its status. */
enum secbake_status sb_report_error(const struct sb_report *report, const struct sb_place *place,
				    struct secbake_error *message);

/* An error at a place, printf-like behind it; evaluates to its status. */
#define sb_fail(report, place, status, ...)                             \
	({                                                              \
		struct secbake_error message_ = {0};                    \
		secbake_error_set(&message_, (status), 0, __VA_ARGS__); \
		sb_report_error((report), (place), &message_);          \
	})

#define sb_fail_as(report, place, code_, ...)                                    \
	({                                                                       \
		struct secbake_error message_ = {0};                             \
		secbake_error_set(&message_, SECBAKE_ERR_INPUT, 0, __VA_ARGS__); \
		message_.code = (code_);                                         \
		sb_report_error((report), (place), &message_);                   \
	})

#define sb_warn(report, place, ...)                                       \
	({                                                                \
		struct secbake_error message_ = {0};                      \
		secbake_error_set(&message_, SECBAKE_OK, 0, __VA_ARGS__); \
		sb_report_warning((report), (place), &message_);          \
	})

/* A warning that has a name among the checks (docs/checks.md). */
#define sb_warn_as(report, place, code_, ...)                             \
	({                                                                \
		struct secbake_error message_ = {0};                      \
		secbake_error_set(&message_, SECBAKE_OK, 0, __VA_ARGS__); \
		message_.code = (code_);                                  \
		sb_report_warning((report), (place), &message_);          \
	})

#define sb_note(report, place, ...)                                       \
	({                                                                \
		struct secbake_error message_ = {0};                      \
		secbake_error_set(&message_, SECBAKE_OK, 0, __VA_ARGS__); \
		sb_report_note((report), (place), &message_);             \
	})

#endif
