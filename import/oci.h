/* SPDX-License-Identifier: MIT */
/* What the files of the oci importer share. */
#ifndef SB_IMPORT_OCI_H
#define SB_IMPORT_OCI_H

#include "import.h"

#include "compiler/read_oci.h"

#define OCI_ARCHES_MAX 64

struct oci_import {
	struct sb_import *import;
	const struct sb_oci *oci;
	const struct sb_json *profile;
	const struct sb_json **rule;			 /* the JSON of each rule */
	const struct secbake_arch *arch[OCI_ARCHES_MAX]; /* the target's own first */
	uint32_t arch_count;
	const char **action; /* of each rule; NULL: it decides nothing on the target */
};

/* oci_args.c: the conditions of rule number index; false: reported. */
bool sb_oci_write_args(struct oci_import *o, struct sb_out_rule *rule, uint32_t index);

#endif
