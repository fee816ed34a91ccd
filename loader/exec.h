/* SPDX-License-Identifier: MIT */
/*
 * secbake-exec: what its files share. A process that runs once and then is
 * another program: nothing is freed, descriptors are close-on-exec, messages go
 * to standard error by write(2).
 */
#ifndef SB_EXEC_H
#define SB_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <secbake/blob.h>
#include <secbake/load.h>

#include "cache/lookup.h"
#include "load_plan.h"

/* Exit status: nothing was run; as env(1); as env(1). */
enum { SB_EXIT_FAILED = 125, SB_EXIT_CANNOT_RUN = 126, SB_EXIT_NOT_FOUND = 127 };

/* Seconds that the compiler may take; tests build a loader with less patience. */
#ifndef SB_COMPILE_SECONDS
#define SB_COMPILE_SECONDS 60
#endif

/* Bytes of a blob that is not mapped, and of sources that are read at a time. */
#define SB_BLOB_USUAL 16384u
#define SB_READ_MAX 16384u

#define SB_LISTENER_STATE_MAX 16384u
struct sb_listener {
	int socket; /* -1: the policy has none */
	size_t size;
	char *state; /* OCI containerProcessState */
};

/* What is large, on the stack of main(); not zeros. */
struct sb_rooms {
	/* A blob; a larger one is mapped. Behind it what sources are read to. */
	_Alignas(SECBAKE_BLOB_ALIGN) uint8_t blob[SB_BLOB_USUAL + SB_READ_MAX];
	struct secbake_error why;	   /* why a place after the first has no usable blob */
	char path[SB_PATH_MAX];		   /* of the command */
	char user_cache[SB_PATH_MAX];	   /* of the lookup */
	char state[SB_LISTENER_STATE_MAX]; /* for the listener; before, lists of folders */
};

/*
 * All that the loader has, but for rooms: it fits into the page of data that the kernel fills
 * anyway. A page that is touched first costs a start as much as five system calls, and a mapping
 * more about the same.
 */
struct sb_exec {
	struct sb_lookup lookup;
	/* the command line */
	const char *cache_dir[SB_ROOTS_MAX];
	size_t cache_count;
	const char *policy_dir[SB_ROOTS_MAX];
	size_t policy_count;
	const char *blob_file; /* --blob, or NULL */
	const char *name;
	char **command; /* with NULL at its end; the element before it may be overwritten */
	bool complain, no_compile, allow_new_privs, verbose;
	/* the process */
	char **environment;
	bool secure;	 /* AT_SECURE */
	bool privileged; /* effective user is root */
	/* found out on the way */
	struct secbake_features features;
	struct secbake_hash hash;
	struct sb_listener listener;
	struct secbake_error error; /* why nothing can be run */
	struct sb_rooms *rooms;
};

/* A usable blob. */
struct sb_found {
	struct secbake_blob blob;
	struct secbake_load_options options;
	struct sb_load_plan plan;
};

/* arguments.c: -1, or the status to exit with at once. */
int sb_arguments(struct sb_exec *x, int argc, char **argv);

/*
 * main.c: a file opened as number 2 would receive messages: occupies what was free of the first
 * three at the start. To be called before anything is opened that can be written to, or that others
 * get, when none of the descriptors that were opened so far is needed any more: those can be read
 * at most, so that a message to them goes nowhere, as it would without.
 */
void sb_standard_descriptors(void);

/* say.c: "secbake-exec: NAME: what: how to mend" */
void sb_say(const struct sb_exec *x, const struct secbake_error *message);
void sb_write(int fd, const char *text);
/* Of a function that each start calls, only by one that is not inlined: it is a large frame. */
#define sb_tell(x, ...)                                                   \
	do {                                                              \
		struct secbake_error message_ = {0};                      \
		secbake_error_set(&message_, SECBAKE_OK, 0, __VA_ARGS__); \
		sb_say(x, &message_);                                     \
	} while (0)

/*
 * find.c: the first usable blob of the roots, of this kernel's feature set or, without one,
 * of another; or the file given with --blob. error holds none yet.
 */
enum secbake_status sb_find(struct sb_exec *x, struct sb_found *found, struct secbake_error *error);

/* refresh.c: runs the compiler for this policy and waits for it. */
enum secbake_status sb_refresh(const struct sb_exec *x, struct secbake_error *error);

/* command.c: 0 and the file to execute (borrowed), or SB_EXIT_*, reported. */
int sb_command_resolve(struct sb_exec *x, const char **path);
/* Does not return on success; SB_EXIT_*, reported. */
int sb_command_run(const struct sb_exec *x, const char *path);

/* listener.c: connect before, hand the descriptor over after the programs are in force. */
enum secbake_status sb_listener_connect(const struct sb_exec *x, const struct sb_found *found,
					struct sb_listener *listener, struct secbake_error *error);
enum secbake_status sb_listener_send(const struct sb_listener *listener, int fd,
				     struct secbake_error *error);

/* forecast.c: do the programs let the loader do what it still has to? */
enum secbake_status sb_forecast(const struct sb_exec *x, const struct sb_found *found,
				const char *path, struct secbake_error *error);
/* Once they are in force: what they do not let be closed is left to execve. */
void sb_close_if_allowed(const struct sb_found *found, int fd);

#endif
