/* SPDX-License-Identifier: MIT */
/* Looking things up in the generated table, libseccomp's names behind it. */
#include "syscalls.h"

#include <stdlib.h>
#include <string.h>

#include <secbake/features.h>

#include "nearest.h"
#include "syscalls_libseccomp.h"
#include "syscalls_table.h"

static int compare_row(const void *key, const void *row)
{
	return strcmp(key, ((const struct sb_syscall_row *)row)->name);
}

static const struct sb_syscall_row *find_row(const char *name)
{
	return bsearch(name, sb_syscall_rows, sb_syscall_row_count, sizeof(sb_syscall_rows[0]),
		       compare_row);
}

static size_t column_of(const struct secbake_arch *arch)
{
	size_t i = 0;

	while (i < SB_SYSCALL_COLUMNS && strcmp(sb_syscall_columns[i], arch->table) != 0)
		i++;
	return i; /* each arch's table is a column: tests/unit/test_syscalls.c */
}

bool sb_syscall_known(const char *name)
{
	const struct secbake_arch *arch;
	uint32_t nr;

	if (find_row(name))
		return true;
	for (size_t i = 0; (arch = secbake_arch_at(i)); i++)
		if (sb_libseccomp_number(arch, name, &nr))
			return true;
	return false;
}

const char *sb_syscall_at(size_t index)
{
	return index < sb_syscall_row_count ? sb_syscall_rows[index].name : NULL;
}

static bool number_of(const struct sb_syscall_row *row, const struct secbake_arch *arch,
		      const char *name, uint32_t *nr)
{
	size_t column;

	if (!row)
		return sb_libseccomp_number(arch, name, nr);
	column = column_of(arch);
	if (column == SB_SYSCALL_COLUMNS || row->nr[column] < 0)
		return false;
	*nr = (uint32_t)row->nr[column];
	return true;
}

bool sb_syscall_number(const struct secbake_arch *arch, const char *name, uint32_t *nr)
{
	return number_of(find_row(name), arch, name, nr);
}

void sb_syscall_numbers(const struct secbake_arch *const *arch, uint32_t count, const char *name,
			uint32_t *nr)
{
	const struct sb_syscall_row *row = find_row(name);

	for (uint32_t i = 0; i < count; i++)
		if (!number_of(row, arch[i], name, &nr[i]))
			nr[i] = SB_SYSCALL_NONE;
}

const char *sb_syscall_name(const struct secbake_arch *arch, uint32_t nr)
{
	size_t column = column_of(arch);

	if (column == SB_SYSCALL_COLUMNS || nr > INT32_MAX)
		return NULL;
	for (size_t i = 0; i < sb_syscall_row_count; i++)
		if (sb_syscall_rows[i].nr[column] == (int32_t)nr)
			return sb_syscall_rows[i].name;
	return NULL;
}

bool sb_syscall_since(const struct secbake_arch *arch, const char *name, uint32_t *kernel)
{
	const struct sb_syscall_row *row = find_row(name);
	size_t column = column_of(arch);

	if (!row || column == SB_SYSCALL_COLUMNS || !row->since[column])
		return false;
	*kernel = SECBAKE_KERNEL(row->since[column] >> 8, row->since[column] & 0xff);
	return true;
}

/* Is arch's table one of "x86,arm,s390"? */
static bool names_table(const char *list, const char *table)
{
	size_t size = strlen(table);

	for (const char *at = list; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, table, size) && (at[size] == ',' || !at[size]))
			return true;
	}
	return false;
}

static int compare_args_row(const void *key, const void *row)
{
	return strcmp(key, ((const struct sb_syscall_args_row *)row)->name);
}

int sb_syscall_args(const struct secbake_arch *arch, const char *name, struct sb_arg args[6])
{
	const struct sb_syscall_args_row *end = sb_syscall_args_rows + sb_syscall_args_row_count;
	const struct sb_syscall_args_row *row =
		bsearch(name, sb_syscall_args_rows, sb_syscall_args_row_count,
			sizeof(sb_syscall_args_rows[0]), compare_args_row);

	if (!row)
		return -1;
	while (row > sb_syscall_args_rows && !strcmp(row[-1].name, name))
		row--;
	for (; row < end && !strcmp(row->name, name); row++) {
		if (*row->only && !names_table(row->only, arch->table))
			continue;
		for (int8_t i = 0; i < 6; i++) {
			const struct sb_syscall_arg *arg = &row->arg[i];

			args[i] = i < row->count ? (struct sb_arg){arg->class, arg->type, arg->name}
						 : (struct sb_arg){.class = SB_ARG_NONE};
		}
		return row->count;
	}
	return -1;
}

const char *sb_syscall_nearest(const char *name)
{
	struct sb_nearest nearest = {.word = name};

	for (size_t i = 0; i < sb_syscall_row_count; i++)
		sb_nearest_try(&nearest, sb_syscall_rows[i].name);
	return nearest.best;
}

uint32_t sb_syscall_last(const struct secbake_arch *arch)
{
	size_t column = column_of(arch);
	int32_t last = 0;

	if (column == SB_SYSCALL_COLUMNS)
		return 0;
	for (size_t i = 0; i < sb_syscall_row_count; i++)
		if (sb_syscall_rows[i].nr[column] > last)
			last = sb_syscall_rows[i].nr[column];
	return (uint32_t)last;
}
