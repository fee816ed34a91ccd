/* SPDX-License-Identifier: MIT */
/* What the start-up measurement starts: a program that does nothing. */
int main(void)
{
	return 0;
}
