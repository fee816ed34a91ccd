/* SPDX-License-Identifier: MIT */
/*
 * A daemon that sandboxes itself: it starts its threads, gives up root, and applies
 * its policy to all of them, before it reads the first byte from anybody.
 *
 *   daemon CACHE POLICIES
 */
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <secbake/load.h>

#define NOBODY 65534

static pthread_barrier_t sandboxed;

static void *serve(void *denied)
{
	pthread_barrier_wait(&sandboxed);
	/* Here requests would be answered; this one tries what the policy denies. */
	*(int *)denied = syscall(SYS_getppid) == -1 && errno == EPERM;
	return NULL;
}

static int drop_root(void)
{
	if (geteuid())
		return 0;
	return setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY);
}

/* All that can fail is known before anything is applied, but for the last call. */
static enum secbake_status sandbox(const char *cache, const char *policies,
				   struct secbake_error *error)
{
	const struct secbake_load_places places = {
		.cache_dir = &cache, .cache_count = 1, .policy_dir = &policies, .policy_count = 1};
	struct secbake_load_options options = {.all_threads = true};
	struct secbake_features features;
	struct secbake_blob blob;
	enum secbake_status status = secbake_features_probe(&features, error);

	if (!status)
		status = secbake_load_open("daemon", &places, &features, &blob, error);
	if (status)
		return status;
	if (drop_root()) {
		secbake_load_close(&blob);
		return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno, "cannot give up root");
	}
	options.mode = secbake_load_mode(&blob);
	status = secbake_load_apply(&blob, &features, &options, NULL, error);
	secbake_load_close(&blob); /* the kernel has a copy */
	return status;
}

int main(int argc, char **argv)
{
	struct secbake_error error = {0};
	pthread_t thread;
	int denied = 0;

	if (argc != 3)
		return 2;
	pthread_barrier_init(&sandboxed, NULL, 2);
	if (pthread_create(&thread, NULL, serve, &denied))
		return 2;
	if (sandbox(argv[1], argv[2], &error) != SECBAKE_OK) {
		fprintf(stderr, "daemon: %s: %s\n", error.file, error.text);
		return 1; /* never on without it */
	}
	pthread_barrier_wait(&sandboxed);
	pthread_join(thread, NULL);
	printf("denied in the other thread: %s\n", denied ? "yes" : "no");
	return !denied;
}
