// SPDX-License-Identifier: Apache-2.0
/*
 * int80: getpid and open by the 32-bit entry, from a 64-bit program. Exits with 1 where the kernel
 * has none.
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static long int80(long nr, long a, long b, long c)
{
	long r;

	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(nr), "b"(a), "c"(b), "d"(c)
			 : "memory", "r8", "r9", "r10", "r11");
	return r;
}

static void none(int sig)
{
	(void)sig;
	_exit(1);
}

int main(void)
{
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	signal(SIGSEGV, none);
	if (low == MAP_FAILED)
		return 1;
	strcpy(low, "/etc/hostname");
	if (int80(20, 0, 0, 0) != getpid())
		return 1;
	return int80(5, (long)low, 0, 0) < 0;
}
