/* SPDX-License-Identifier: MIT */
/*
 * witness: says what holds for this process, by its own /proc/self/status and by a
 * call that policies of these tests deny:
 *   Seccomp:MODE Seccomp_filters:COUNT NoNewPrivs:YES getsid:ERRNO
 * with "-" for a line that the kernel does not have.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	static const char *const key[] = {"Seccomp:", "Seccomp_filters:", "NoNewPrivs:"};
	char said[3][16] = {"-", "-", "-"}, line[512];
	FILE *status = fopen("/proc/self/status", "re");
	long r = syscall(SYS_getsid, 0);
	int denied = r < 0 ? errno : 0;

	while (status && fgets(line, sizeof(line), status)) {
		for (int i = 0; i < 3; i++) {
			size_t length = strlen(key[i]);

			if (!strncmp(line, key[i], length))
				sscanf(line + length, "%15s", said[i]);
		}
	}
	if (!status)
		return 1;
	fclose(status);
	for (int i = 0; i < 3; i++)
		printf("%s%s ", key[i], said[i]);
	printf("getsid:%d\n", denied);
	return 0;
}
