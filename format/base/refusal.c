// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "format/base/log.h"
#include "format/base/refusal.h"

#define CALLS 512u			/* told once each; those of higher numbers as one */

static const char *_Atomic names[REFUSAL_MAX_WHO];
static atomic_ulong said[REFUSAL_MAX_WHO][CALLS / 64];
static _Atomic uint64_t n_refused;

static void put(char *line, size_t *n, size_t size, const char *s)
{
	while (*s && *n < size)
		line[(*n)++] = *s++;
}

static void put_number(char *line, size_t *n, size_t size, unsigned v)
{
	char digits[12], *d = digits + sizeof(digits);

	*--d = 0;
	do
		*--d = (char)('0' + v % 10);
	while (v /= 10);
	put(line, n, size, d);
}

/* In a handler: nothing that takes a lock or allocates. */
static void say(unsigned who, unsigned call, int error)
{
	const char *name = atomic_load(&names[who]);
	char line[256];
	size_t n = 0;

	put(line, &n, sizeof(line), log__mark(LOG_WARN_));
	put(line, &n, sizeof(line), log__tool_name());
	put(line, &n, sizeof(line), ": warning: system call ");
	put_number(line, &n, sizeof(line), call);
	put(line, &n, sizeof(line), " was refused to ");
	put(line, &n, sizeof(line), name ? name : "a thread");
	put(line, &n, sizeof(line), error == EPERM ? " (EPERM)" : " (ENOSYS)");
	put(line, &n, sizeof(line), ": its seccomp filter does not allow it; please report this line\n");
	if (write(STDERR_FILENO, line, n) < 0)
		return;			/* nobody can be told */
}

static void answer(ucontext_t *uc, int error)
{
#if defined(__x86_64__)
	uc->uc_mcontext.gregs[REG_RAX] = -error;
#elif defined(__aarch64__)
	uc->uc_mcontext.regs[0] = (unsigned long long)-error;
#endif
}

static void on_refusal(int sig, siginfo_t *si, void *context)
{
	unsigned who = (unsigned)si->si_errno >> 8 & (REFUSAL_MAX_WHO - 1), call = (unsigned)si->si_syscall,
		 k = call < CALLS ? call : CALLS - 1;
	int error = si->si_errno & 0xff, before = errno;
	unsigned long bit = 1ul << k % 64;

	if (si->si_code != 1) {		/* SYS_SECCOMP; sent by somebody, it is what it was */
		signal(sig, SIG_DFL);
		raise(sig);
		return;
	}
	atomic_fetch_add(&n_refused, 1);
	if (!(atomic_fetch_or(&said[who][k / 64], bit) & bit))
		say(who, call, error);
	errno = before;
	answer(context, error);
}

static int number_of(const char *who)
{
	for (unsigned i = 0; i < REFUSAL_MAX_WHO - 1; i++) {
		const char *none = NULL;

		if (atomic_load(&names[i]) == who || atomic_compare_exchange_strong(&names[i], &none, who) || none == who)
			return (int)i;
	}
	return REFUSAL_MAX_WHO - 1;
}

int refusal__watch(const char *who)
{
	struct sigaction sa = { .sa_sigaction = on_refusal, .sa_flags = SA_SIGINFO | SA_RESTART };
	sigset_t set;

#if !defined(__x86_64__) && !defined(__aarch64__)
	return -ENOSYS;
#endif
	log__mark(LOG_WARN_);		/* finds out now what it says in the handler */
	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	if (sigaction(SIGSYS, &sa, NULL) || pthread_sigmask(SIG_UNBLOCK, &set, NULL))
		return -EINVAL;
	return number_of(who);
}

uint32_t refusal__data(int who, int error)
{
	return (uint32_t)who << 8 | (uint32_t)error;
}

uint64_t refusal__n(void)
{
	return atomic_load(&n_refused);
}
