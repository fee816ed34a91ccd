/* SPDX-License-Identifier: MIT */
/* Calls that the kernel's bitmap does not answer run the filter each time. */
#include "hot.h"

#include "syscalls.h"

/*
 * What policies look at the arguments of, by how often programs call it. Of these
 * only those count that the layer does not simply allow: see net.c.
 */
static const char *const usual[] = {
	"mmap",	 "openat", "ioctl",  "fcntl",	"mprotect", "socket",
	"prctl", "clone",  "clone3", "fcntl64", "mmap2",    "personality",
};

bool sb_hot_calls(struct sb_arena *arena, const struct sb_document *document,
		  const struct sb_layer *layer, struct sb_tuning *tuning)
{
	const char *const *name = document->hot_count ? document->hot : usual;
	uint32_t count = document->hot_count ? document->hot_count
					     : (uint32_t)(sizeof(usual) / sizeof(usual[0]));
	struct sb_hot_call *hot =
		sb_alloc(arena, (size_t)count * layer->map_count + 1, sizeof(*hot));

	if (!hot)
		return false;
	tuning->hot = hot;
	tuning->hot_count = 0;
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t j = 0; j < layer->map_count; j++) {
			const struct secbake_arch *arch =
				secbake_arch_by_audit(layer->map[j].audit_arch);
			uint32_t nr;

			if (arch && sb_syscall_number(arch, name[i], &nr))
				hot[tuning->hot_count++] =
					(struct sb_hot_call){arch->audit_arch, nr};
		}
	return true;
}
