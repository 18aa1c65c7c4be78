// SPDX-License-Identifier: Apache-2.0
/* pause - what holds a pod's namespaces: waits until it is told to end. */
#include <signal.h>
#include <unistd.h>

static void end(int sig)
{
	(void)sig;
	_exit(0);
}

int main(void)
{
	signal(SIGINT, end);
	signal(SIGTERM, end);
	for (;;)
		pause();
}
