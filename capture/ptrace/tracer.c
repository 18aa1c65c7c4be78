// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/decode/call_table.h"
#include "capture/ptrace/pt.h"
#include "capture/ptrace/tracer.h"
#include "capture/thread.h"
#include "format/base/alloc.h"
#include "format/schema/schema.h"

#define STOPS_BETWEEN_MOVES 256u
#define WAKE SIGURG			/* ignored by default, and used by nobody here */
#define SYSCALL_STOP (SIGTRAP | 0x80)
#define EVENT_OF(status) ((status) >> 16)
#ifndef PTRACE_EVENT_STOP
#define PTRACE_EVENT_STOP 128
#endif

struct cap_tracer {
	struct pt pt;
	struct cap_tracer_opts o;
	pthread_t thread;
	bool running;
	sem_t started;
	struct err err;			/* why it could not begin */
	int code;
	struct idmap threads;
	int status;			/* of the first process */
	bool ended;			/* atomic: nothing is left */
	bool letting_go;
	bool births_lost;		/* somebody was killed while giving birth */
	uint64_t n_stops;
	uint32_t cpu;			/* where we stay */
};

/* --- threads ----------------------------------------------------------------------------------- */

static struct pt_thread *get(struct cap_tracer *tr, uint32_t tid)
{
	return idmap__get(&tr->threads, tid);
}

static struct pt_thread *add(struct cap_tracer *tr, uint32_t tid)
{
	struct pt_thread *t = xcalloc(1, sizeof(*t));

	t->tid = t->pid = tid;
	t->pidfd = -1;
	idmap__put(&tr->threads, tid, t);
	return t;
}

static void drop(struct cap_tracer *tr, struct pt_thread *t)
{
	idmap__del(&tr->threads, t->tid);
	if (t->pidfd >= 0)
		close(t->pidfd);
	free(t->root);
	free(t);
}

/* A filtered thread runs to the next call that is recorded; others to the next call. */
static void go_on(struct cap_tracer *tr, struct pt_thread *t, int sig)
{
	bool to_return = tr->o.filtered && t->in_call;

	if (tr->letting_go && !tr->o.filtered)
		ptrace(PTRACE_DETACH, (pid_t)t->tid, 0, sig);
	else
		ptrace(to_return || !tr->o.filtered ? PTRACE_SYSCALL : PTRACE_CONT, (pid_t)t->tid, 0,
		       sig);
}

/* --- calls ---------------------------------------------------------------------------------------- */

static uint32_t number_of(const struct __ptrace_syscall_info *i)
{
#if defined(__x86_64__)
	if (i->arch == 0x40000003)	/* AUDIT_ARCH_I386 */
		return (uint32_t)i->entry.nr | PT_COMPAT;
#endif
	return (uint32_t)i->entry.nr;
}

static void enter(struct cap_tracer *tr, struct pt_thread *t, const struct __ptrace_syscall_info *i)
{
	t->nr = number_of(i);
	memcpy(t->args, i->entry.args, sizeof(t->args));
	t->enter = pt_now();
	t->d = pt_desc(&tr->pt, t->nr);
	t->in_call = true;
	t->bore = false;
	if (t->d->event == EV_exit || t->d->event == EV_exit_group) {
		pt_call__exit(&tr->pt, t);
		t->in_call = false;
	} else {
		pt_call__enter(t);
	}
}

static void leave(struct cap_tracer *tr, struct pt_thread *t, const struct __ptrace_syscall_info *i)
{
	if (!t->in_call)
		return;			/* it was in it before we came */
	if (t->d->kind != KIND_NOISE)
		pt_call__record(&tr->pt, t, i->exit.rval, pt_now());
	t->in_call = false;
}

/* At the entry or the return of a call, or where the filter has stopped it. */
static void on_call(struct cap_tracer *tr, struct pt_thread *t)
{
	struct __ptrace_syscall_info i;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, (pid_t)t->tid, (void *)sizeof(i), &i) <= 0)
		return;
	if (i.op == PTRACE_SYSCALL_INFO_EXIT)
		leave(tr, t, &i);
	else if (i.op != PTRACE_SYSCALL_INFO_NONE)
		enter(tr, t, &i);
}

/* --- births and deaths ------------------------------------------------------------------------------ */

static void told(struct cap_tracer *tr, struct pt_thread *parent, struct pt_thread *child)
{
	struct pt_status s;

	child->told = true;
	if (pt_status__read(&s, child->tid)) {
		child->pid = s.pid;
		child->ppid = s.ppid;
	}
	if (parent->root)
		child->root = xstrdup(parent->root);
	pt_life__birth(&tr->pt, parent, child, &s);
}

/* Its creator says so, before or after its own first stop. */
static void on_birth(struct cap_tracer *tr, struct pt_thread *parent)
{
	struct pt_thread *child;
	unsigned long tid;

	if (ptrace(PTRACE_GETEVENTMSG, (pid_t)parent->tid, 0, &tid))
		return;
	parent->bore = true;
	child = get(tr, (uint32_t)tid);
	if (!child)
		child = add(tr, (uint32_t)tid);
	if (!child->told)
		told(tr, parent, child);
	if (child->stopped_early)
		go_on(tr, child, 0);
	child->stopped_early = false;
}

static bool gives_birth(const struct pt_thread *t)
{
	unsigned e = t->in_call && !t->bore ? t->d->event : 0;

	return e == EV_clone || e == EV_clone3 || e == EV_fork || e == EV_vfork;
}

/* Who is killed while giving birth does not tell of it; nor does anybody else, if nobody else gives birth. */
static void tell_of_orphans(struct cap_tracer *tr)
{
	struct pt_thread *t, *by;

	idmap__each(&tr->threads, i, t)
		if (gives_birth(t))
			return;
	idmap__each(&tr->threads, i, t) {
		struct pt_status s = { .pid = t->tid };
		struct pt_thread unknown = { .pidfd = -1 };

		if (!t->stopped_early)
			continue;
		pt_status__read(&s, t->tid);
		unknown.tid = unknown.pid = s.ppid;
		by = get(tr, s.pid != t->tid ? s.pid : s.ppid);
		told(tr, by ? by : &unknown, t);
		t->stopped_early = false;
		go_on(tr, t, 0);
	}
}

/* The other threads are gone; one that was not the leader has become it. */
static struct pt_thread *on_exec(struct cap_tracer *tr, struct pt_thread *t)
{
	struct pt_thread *old;
	unsigned long tid;

	if (ptrace(PTRACE_GETEVENTMSG, (pid_t)t->tid, 0, &tid) || (uint32_t)tid == t->tid)
		return t;
	old = get(tr, (uint32_t)tid);
	if (!old)
		return t;
	t->in_call = old->in_call;
	t->nr = old->nr;
	t->d = old->d;
	t->enter = old->enter;
	memcpy(t->args, old->args, sizeof(t->args));
	drop(tr, old);
	pt_life__exec_thread(&tr->pt, t, (uint32_t)tid);
	return t;
}

/* By now the kernel has given its children to somebody else: any of them knows to whom. */
static uint32_t reaper_of(struct cap_tracer *tr, const struct pt_thread *dead)
{
	struct pt_thread *t;
	struct pt_status s;
	uint32_t reaper = 0;

	if (dead->tid != dead->pid)
		return 0;
	idmap__each(&tr->threads, i, t)
		if (t->ppid == dead->pid && pt_status__read(&s, t->tid))
			reaper = t->ppid = s.ppid;
	return reaper;
}

static void on_end(struct cap_tracer *tr, struct pt_thread *t, int status)
{
	pt_life__end(&tr->pt, t, (uint32_t)status & 0xffff, reaper_of(tr, t));
	if (t->tid == tr->o.pid)
		tr->status = status;
	tr->births_lost |= gives_birth(t);
	drop(tr, t);
	if (tr->births_lost)
		tell_of_orphans(tr);
}

/* --- stops ---------------------------------------------------------------------------------------------- */

static void on_signal(struct cap_tracer *tr, struct pt_thread *t, int sig)
{
	siginfo_t info;
	uint32_t sender = 0;

	/* no information: a stop of the whole group that has no event of its own */
	if (!ptrace(PTRACE_GETSIGINFO, (pid_t)t->tid, 0, &info) &&
	    (info.si_code <= 0 || sig == SIGCHLD) && info.si_code != SI_KERNEL)
		sender = (uint32_t)info.si_pid;
	pt_life__signal(&tr->pt, t, (unsigned)sig, sender);
	go_on(tr, t, sig);
}

/* SIGSTOP and its like have stopped the group: it must stay so until SIGCONT. */
static bool is_group_stop(int sig)
{
	return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

static void on_event(struct cap_tracer *tr, struct pt_thread *t, int status)
{
	switch (EVENT_OF(status)) {
	case PTRACE_EVENT_SECCOMP:
		on_call(tr, t);
		break;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		on_birth(tr, t);
		break;
	case PTRACE_EVENT_EXEC:
		t = on_exec(tr, t);
		break;
	case PTRACE_EVENT_STOP:
		if (is_group_stop(WSTOPSIG(status)) && !tr->letting_go) {
			ptrace(PTRACE_LISTEN, (pid_t)t->tid, 0, 0);
			return;
		}
	}
	go_on(tr, t, 0);
}

/*
 * Tracer and traced take turns. On one processor that is a switch, on two each turn wakes the other
 * one up, which costs three times as much. So from time to time we go to where the others run.
 */
static void stay_near(struct cap_tracer *tr, uint32_t tid)
{
	struct pt_status s;
	cpu_set_t one;

	if (tr->n_stops++ % STOPS_BETWEEN_MOVES || !pt_status__read(&s, tid) || s.cpu == tr->cpu)
		return;
	tr->cpu = s.cpu;
	CPU_ZERO(&one);
	CPU_SET(s.cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static void on_stop(struct cap_tracer *tr, uint32_t tid, int status)
{
	struct pt_thread *t = get(tr, tid);

	stay_near(tr, tid);
	if (!t)
		t = add(tr, tid);
	if (!t->told) {			/* not before its creator has told of it */
		t->stopped_early = true;
		if (tr->letting_go && tr->o.filtered)	/* born while the others were killed */
			kill((pid_t)tid, SIGKILL);
		else if (tr->letting_go)
			go_on(tr, t, 0);
		else if (tr->births_lost)
			tell_of_orphans(tr);
		return;
	}
	if (WSTOPSIG(status) == SYSCALL_STOP) {
		on_call(tr, t);
		go_on(tr, t, 0);
	} else if (EVENT_OF(status)) {
		on_event(tr, t, status);
	} else {
		on_signal(tr, t, WSTOPSIG(status));
	}
}

/* --- the thread ------------------------------------------------------------------------------------------ */

static void nothing(int sig)
{
	(void)sig;
}

static int seize_error(const struct cap_tracer *tr, struct err *err)
{
	int e = errno;

	if (e == EPERM)
		return err__set(err, -e,
				"process %u may not be traced: it belongs to another user, another "
				"program traces it, or kernel.yama.ptrace_scope forbids it (it takes "
				"CAP_SYS_PTRACE, or a process that this tool starts)",
				tr->o.pid);
	if (e == ESRCH)
		return err__set(err, -e, "there is no process %u", tr->o.pid);
	return err__set(err, -e, "cannot trace process %u: %s", tr->o.pid, strerror(e));
}

static bool seize_thread(struct cap_tracer *tr, uint32_t tid)
{
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
		       PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
	struct pt_thread *t;
	struct pt_status s;

	if (tr->o.filtered)
		options |= PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL;
	if (ptrace(PTRACE_SEIZE, (pid_t)tid, 0, options))
		return false;
	t = add(tr, tid);
	t->told = true;
	if (pt_status__read(&s, tid)) {
		t->pid = s.pid;
		t->ppid = s.ppid;
	}
	pt_thread__look_at_root(t);
	/* To be told of calls it must have stopped once. */
	if (!tr->o.filtered)
		ptrace(PTRACE_INTERRUPT, (pid_t)tid, 0, 0);
	return true;
}

/* Threads may begin others meanwhile: until there are no new ones. */
static void seize_others(struct cap_tracer *tr)
{
	char path[40];
	bool more = true;

	snprintf(path, sizeof(path), "/proc/%u/task", tr->o.pid);
	while (more) {
		DIR *d = opendir(path);
		struct dirent *e;

		more = false;
		while (d && (e = readdir(d))) {
			uint32_t tid = (uint32_t)strtoul(e->d_name, NULL, 10);

			if (tid && !get(tr, tid))
				more |= seize_thread(tr, tid);
		}
		if (d)
			closedir(d);
	}
}

/* A thread that runs must stop before it can be let go. */
static void let_go(struct cap_tracer *tr)
{
	struct pt_thread *t;

	if (tr->letting_go)
		return;
	tr->letting_go = true;
	idmap__each(&tr->threads, i, t) {
		if (tr->o.filtered)
			kill((pid_t)t->pid, SIGKILL);
		else if (t->stopped_early)
			go_on(tr, t, 0);
		else
			ptrace(PTRACE_INTERRUPT, (pid_t)t->tid, 0, 0);
	}
}

static void trace(struct cap_tracer *tr)
{
	int status;
	pid_t tid;

	while (tr->threads.n) {
		if (__atomic_load_n(&tr->pt.stop, __ATOMIC_ACQUIRE))
			let_go(tr);
		tid = waitpid(-1, &status, __WALL | __WNOTHREAD);
		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0)
			break;
		if (WIFSTOPPED(status)) {
			on_stop(tr, (uint32_t)tid, status);
			if (tr->letting_go && !tr->o.filtered && get(tr, (uint32_t)tid))
				drop(tr, get(tr, (uint32_t)tid));
		} else if (get(tr, (uint32_t)tid)) {
			on_end(tr, get(tr, (uint32_t)tid), status);
		}
	}
}

static void *run(void *arg)
{
	struct cap_tracer *tr = arg;
	sigset_t wake;

	sigemptyset(&wake);
	sigaddset(&wake, WAKE);
	pthread_sigmask(SIG_UNBLOCK, &wake, NULL);
	if (!seize_thread(tr, tr->o.pid))
		tr->code = seize_error(tr, &tr->err);
	else if (!tr->o.is_command)
		seize_others(tr);
	sem_post(&tr->started);
	if (!tr->code)
		trace(tr);
	__atomic_store_n(&tr->ended, true, __ATOMIC_RELEASE);
	return NULL;
}

/* --- the caller's ------------------------------------------------------------------------------------------ */

int cap_tracer__new(struct cap_tracer **ret, const struct cap_tracer_opts *o)
{
	struct cap_tracer *tr = xcalloc(1, sizeof(*tr));

	tr->o = *o;
	tr->cpu = UINT32_MAX;
	sem_init(&tr->started, 0, 0);
	cap_calls__descs(tr->pt.tables.descs, tr->pt.tables.compat, o->noise);
	cap_calls__native(tr->pt.tables.native);
	cap_calls__derefs(tr->pt.tables.deref_arg, tr->pt.tables.deref_len);
	cap_calls__follows(tr->pt.tables.follows);
	tr->pt.env_len = o->env_len < CAP_ENV_MAX ? o->env_len : CAP_ENV_MAX;
	tr->pt.snaplen = o->snaplen < CAP_SNAP_MAX ? o->snaplen : CAP_SNAP_MAX;
	tr->pt.snaps = o->snaps;
	tr->pt.n_snaps = o->n_snaps;
	tr->pt.out.ring = o->ring;
	tr->pt.out.mask = o->ring_bytes - 1;
	tr->pt.out.room = o->ring_bytes - CAP_RECORD_MAX;
	*ret = tr;
	return 0;
}

int cap_tracer__start(struct cap_tracer *tr, struct err *err)
{
	struct sigaction quiet = { .sa_handler = nothing };	/* without SA_RESTART */
	int r;

	sigaction(WAKE, &quiet, NULL);
	r = cap_thread__start(&tr->thread, run, tr);
	if (r)
		return err__set(err, r, "cannot begin a thread: %s", strerror(-r));
	tr->running = true;
	while (sem_wait(&tr->started) && errno == EINTR)
		;
	if (tr->code && err)
		*err = tr->err;
	return tr->code;
}

bool cap_tracer__ended(struct cap_tracer *tr, int *ret_status)
{
	if (!__atomic_load_n(&tr->ended, __ATOMIC_ACQUIRE))
		return false;
	*ret_status = tr->status;
	return true;
}

/* The signal may come just before the thread begins to wait: it is sent until it was heard. */
void cap_tracer__stop(struct cap_tracer *tr)
{
	if (!tr->running)
		return;
	__atomic_store_n(&tr->pt.stop, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&tr->ended, __ATOMIC_ACQUIRE)) {
		pthread_kill(tr->thread, WAKE);
		usleep(2000);
	}
	pthread_join(tr->thread, NULL);
	tr->running = false;
}

void cap_tracer__free(struct cap_tracer *tr)
{
	struct pt_thread *t;

	if (!tr)
		return;
	cap_tracer__stop(tr);
	while (tr->threads.n)
		idmap__each(&tr->threads, i, t) {
			drop(tr, t);
			break;
		}
	idmap__done(&tr->threads);
	sem_destroy(&tr->started);
	free(tr);
}

int cap_tracer__files(struct cap_tracer *tr, int (*fn)(void *arg, const struct cap_record *r),
		      void *arg)
{
	return pt_files(tr->o.pid, fn, arg);
}
