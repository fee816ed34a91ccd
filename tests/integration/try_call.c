/* SPDX-License-Identifier: MIT */
/* try_call: says by its exit status which errno getsid(2) gives, 0 for none. */
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	long r = syscall(SYS_getsid, 0);

	printf("%d\n", r < 0 ? errno : 0);
	return 0;
}
