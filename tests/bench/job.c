/* SPDX-License-Identifier: MIT */
/* A policy, our program for it, and the resolved rules for others. */
#include "job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <compiler/front.h>

void bench_job_read(struct job *job)
{
	FILE *file = fopen(job->path, "re");
	size_t size;

	job->text = malloc(SECBAKE_POLICY_SIZE_MAX + 1);
	if (!file || !job->text)
		bench_die("%s cannot be read", job->path);
	size = fread(job->text, 1, SECBAKE_POLICY_SIZE_MAX + 1, file);
	fclose(file);
	job->options.policy = (struct secbake_text){job->text, size, job->label};
	job->options.name = "bench";
	job->options.enosys = SECBAKE_ENOSYS_NONE; /* libseccomp has no such stub */
}

bool bench_job_prepare(struct job *job, struct secbake_error *error)
{
	struct secbake_blob blob;
	struct secbake_blob_layer layer;
	struct sb_front front;
	const uint8_t *bytes;
	uint32_t variant;
	size_t size;

	if (secbake_compile(&job->options, &job->compiled, error) != SECBAKE_OK)
		return false;
	bytes = secbake_compiled_blob(job->compiled, &size);
	if (secbake_blob_open(bytes, size, &blob, error) != SECBAKE_OK ||
	    secbake_blob_select(&blob, &job->options.target, SECBAKE_MODE_ENFORCE, &variant,
				error) != SECBAKE_OK)
		return false;
	variant = secbake_blob_variant(&blob, variant).layer_first;
	layer = secbake_blob_layer(&blob, variant);
	job->filter[OURS].count = layer.insn_count;
	memcpy(job->filter[OURS].insn, secbake_blob_program(&blob, variant),
	       (size_t)layer.insn_count * sizeof(struct sock_filter));
	job->arena = sb_arena_new();
	return job->arena &&
	       sb_front_read(job->arena, &job->options, &front, error) == SECBAKE_OK &&
	       sb_front_resolve(job->arena, &front, SECBAKE_MODE_ENFORCE,
				job->options.target.kernel, NULL, &job->resolved,
				error) == SECBAKE_OK;
}

void bench_job_free(struct job *job)
{
	sb_arena_free(job->arena);
	secbake_compiled_free(job->compiled);
	free(job->text);
}
