/* SPDX-License-Identifier: MIT */
/* Handing messages on, with the place they are about. */
#include "report.h"

static void send(const struct sb_report *report, const struct sb_place *place,
		 enum secbake_level level, struct secbake_error *message)
{
	if (!report->reporter)
		return;
	secbake_error_file(message, report->file, place->line, place->column, place->pointer);
	report->reporter->report(report->reporter, level, message);
}

static void count_fault(const struct sb_report *report, const struct secbake_error *message)
{
	struct sb_faults *faults = report->faults;

	if (!faults->count++)
		faults->status = message->status;
	if (faults->count < SB_FAULTS_MAX)
		return;
	if (!faults->over && report->reporter) {
		struct secbake_error last = {0};

		secbake_error_set(&last, message->status, 0,
				  "these are %u errors; what follows is not looked at",
				  SB_FAULTS_MAX);
		send(report, &(struct sb_place){0}, SECBAKE_ERROR, &last);
	}
	faults->over = true;
}

enum secbake_status sb_report_error(const struct sb_report *report, const struct sb_place *place,
				    struct secbake_error *message)
{
	if (report->faults && report->faults->over)
		return message->status;
	secbake_error_file(message, report->file, place->line, place->column, place->pointer);
	if (report->error && report->error->status == SECBAKE_OK)
		*report->error = *message;
	if (report->faults) {
		send(report, place, SECBAKE_ERROR, message);
		count_fault(report, message);
	}
	return message->status;
}

enum secbake_status sb_report_warning(const struct sb_report *report, const struct sb_place *place,
				      struct secbake_error *message)
{
	if (report->strict) {
		message->status = SECBAKE_ERR_INPUT;
		return sb_report_error(report, place, message);
	}
	send(report, place, SECBAKE_WARNING, message);
	return SECBAKE_OK;
}

void sb_report_note(const struct sb_report *report, const struct sb_place *place,
		    struct secbake_error *message)
{
	send(report, place, SECBAKE_NOTE, message);
}
