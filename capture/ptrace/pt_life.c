// SPDX-License-Identifier: Apache-2.0
/* Births, execs, ends, signals of traced threads. */
#include <elf.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/snapshot/proc_text.h"
#include "capture/ptrace/pt.h"
#include "format/schema/schema.h"

#define MAX_ARGV 64

/* What a clone was asked for: of clone3 it lies in memory. */
static uint64_t clone_flags(const struct pt_thread *t)
{
	uint64_t flags = 0;

	if (!t->in_call || !t->d)
		return 0;
	switch (t->d->event) {
	case EV_clone:
		return t->args[0] & 0xffffffff & ~(uint64_t)CSIGNAL;
	case EV_clone3:
		pt_read(t->tid, t->args[0], &flags, sizeof(flags));
		return flags & 0x3ffffffff;
	case EV_vfork:
		return CLONE_VFORK | CLONE_VM;
	}
	return 0;
}

void pt_life__birth(struct pt *p, struct pt_thread *parent, struct pt_thread *child,
		    const struct pt_status *s)
{
	uint64_t flags = clone_flags(parent);

	child->birth_flags = flags;
	if (!pt_out__open(&p->out, &p->stop))
		return;
	pt_out__num(&p->out, child->tid);
	pt_out__num(&p->out, child->pid);
	pt_out__num(&p->out, child->pid == parent->pid || s->ppid == parent->pid ? parent->tid
										 : s->ppid);
	pt_out__num(&p->out, (flags & ~(uint64_t)CLONE_THREAD) |
			     (child->pid == parent->pid ? CLONE_THREAD : 0));
	pt_out__num(&p->out, s->vtid);
	pt_out__num(&p->out, s->vpid);
	pt_out__num(&p->out, s->start);
	pt_out__num(&p->out, 0);	/* pidns_start: not known */
	pt_out__str(&p->out, TAG_COMM, s->comm);
	pt_out__close(&p->out, EV_task_new, pt_now(), 0, 0, parent, 0);
}

void pt_life__exec_thread(struct pt *p, struct pt_thread *t, uint32_t old_tid)
{
	if (old_tid == t->tid || !pt_out__open(&p->out, &p->stop))
		return;
	pt_out__num(&p->out, old_tid);
	pt_out__close(&p->out, EV_exec, pt_now(), 0, 0, t, 0);
}

void pt_life__end(struct pt *p, struct pt_thread *t, uint32_t status, uint32_t reaper)
{
	if (!pt_out__open(&p->out, &p->stop))
		return;
	pt_out__num(&p->out, status);
	pt_out__num(&p->out, reaper);
	pt_out__num(&p->out, 0);	/* whether memory was short: the kernel does not say */
	pt_out__close(&p->out, EV_procexit, pt_now(), 0, 0, t, 0);
}

void pt_life__signal(struct pt *p, struct pt_thread *t, unsigned sig, uint32_t sender)
{
	if (!pt_out__open(&p->out, &p->stop))
		return;
	pt_out__num(&p->out, sender);
	pt_out__num(&p->out, t->tid);
	pt_out__num(&p->out, sig);
	pt_out__close(&p->out, EV_signaldeliver, pt_now(), 0, 0, t, 0);
}

/* --- exec ----------------------------------------------------------------------------------------- */

/* The kernel's word for what was asked for: the new program finds it in its auxiliary vector. */
static uint64_t filename_at(const struct pt_thread *t)
{
	union {
		Elf64_auxv_t a64[64];
		Elf32_auxv_t a32[128];
		char bytes[64 * sizeof(Elf64_auxv_t) + 1];
	} v;
	char path[40];
	long n;

	snprintf(path, sizeof(path), "/proc/%u/auxv", t->tid);
	n = cap_proc__slurp(AT_FDCWD, path, v.bytes, sizeof(v.bytes) - 1);
	for (long i = 0; i < n / (long)sizeof(*v.a64); i++)
		if (v.a64[i].a_type == AT_EXECFN)
			return v.a64[i].a_un.a_val;
	for (long i = 0; i < n / (long)sizeof(*v.a32); i++)
		if (v.a32[i].a_type == AT_EXECFN)
			return v.a32[i].a_un.a_val;
	return 0;
}

/* A script: the kernel executes something else than what that name leads to. */
struct script {
	bool is;
	char path[4096];
	struct stat st;
};

static void find_script(const struct pt_thread *t, uint64_t at, struct script *s)
{
	char name[4097], exe[40];
	struct stat st;
	size_t n = at ? pt_read(t->tid, at, name, sizeof(name) - 1) : 0;

	name[n] = 0;
	snprintf(exe, sizeof(exe), "/proc/%u/exe", t->tid);
	s->is = *name && pt_path__resolve(t, AT_FDCWD, name, true, s->path, sizeof(s->path), &s->st) &&
		!stat(exe, &st) && (st.st_ino != s->st.st_ino || st.st_dev != s->st.st_dev);
}

/* Where the new program's arguments and environment lie: fields 48 to 51 of /proc/PID/stat. */
struct areas {
	uint64_t arg, arg_end, env, env_end;
};

static void find_areas(uint32_t tid, struct areas *a)
{
	char path[40], text[2048], *p;
	unsigned long long v[4];

	memset(a, 0, sizeof(*a));
	snprintf(path, sizeof(path), "/proc/%u/stat", tid);
	if (cap_proc__slurp(AT_FDCWD, path, text, sizeof(text) - 1) <= 0)
		return;
	p = strrchr(text, ')');
	for (unsigned i = 2; p && i < 48; i++)
		p = strchr(p + 1, ' ');
	if (p && sscanf(p, " %llu %llu %llu %llu", &v[0], &v[1], &v[2], &v[3]) == 4)
		*a = (struct areas){ v[0], v[1], v[2], v[3] };
}

static void out_area(struct pt_thread *t, struct pt_out *o, enum cap_tag tag, uint64_t from,
		     uint64_t to, size_t max)
{
	uint64_t full = to > from ? to - from : 0;

	if (from)
		pt_out__user_mem(o, tag, t->tid, from, full, full, max);
}

/* After a failure: what was asked for. */
static void out_argv(struct pt_thread *t, struct pt_out *o, uint64_t argv)
{
	size_t word = t->nr & PT_COMPAT ? 4 : 8, got = 0;
	char text[2 * CAP_SMALL_MAX];

	for (unsigned i = 0; argv && i < MAX_ARGV && got < CAP_SMALL_MAX; i++) {
		uint64_t at = 0;
		size_t n;

		if (pt_read(t->tid, argv + i * word, &at, word) != word || !at)
			break;
		n = pt_read(t->tid, at, text + got, sizeof(text) - got - 1);
		n = strnlen(text + got, n < CAP_SMALL_MAX ? n : CAP_SMALL_MAX);
		got += n;
		text[got++] = 0;
	}
	pt_out__blob(o, TAG_ARGS, text, got, got > CAP_SMALL_MAX ? got + 1 : got);
}

static uint64_t time_of(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec;
}

static bool writable(const struct stat *st, const struct pt_status *s)
{
	if (s->cap_effective >> 1 & 1)	/* CAP_DAC_OVERRIDE */
		return true;
	return st->st_mode & (st->st_uid == s->euid ? 0200u : st->st_gid == s->egid ? 0020u : 0002u);
}

#define EXE_WRITABLE (1ull << 32)	/* flags.def, execve_flags */
#define EXE_FROM_MEMFD (1ull << 34)

static void out_exe_nums(struct pt_thread *t, struct pt_out *o, const struct pt_status *s,
			 const char *exe)
{
	char path[40];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%u/exe", t->tid);
	if (stat(path, &st))
		return;
	pt_out__num(o, (writable(&st, s) ? EXE_WRITABLE : 0) |
		       (strncmp(exe, "/memfd:", 7) ? 0 : EXE_FROM_MEMFD));
	pt_out__num(o, st.st_ino);
	pt_out__num(o, time_of(&st.st_ctim));
	pt_out__num(o, time_of(&st.st_mtim));
	pt_out__num(o, st.st_dev);
}

static uint32_t login_uid(uint32_t tid)
{
	char path[40], text[32];

	snprintf(path, sizeof(path), "/proc/%u/loginuid", tid);
	return cap_proc__slurp(AT_FDCWD, path, text, sizeof(text) - 1) > 0
		       ? (uint32_t)strtoul(text, NULL, 10)
		       : UINT32_MAX;
}

void pt_life__exec(const struct pt *p, struct pt_thread *t, struct pt_out *o, int64_t ret)
{
	char exe[4096] = "", cwd[4096];
	bool at = t->d->event == EV_execveat;
	struct rlimit files = { 0 };
	struct script script = { 0 };
	struct areas areas;
	struct pt_status s;
	uint64_t name = 0;

	if (!ret) {
		pt_thread__look_at_root(t);
		name = filename_at(t);
		find_script(t, name, &script);
	}
	pt_status__read(&s, t->tid);
	prlimit((pid_t)t->tid, RLIMIT_NOFILE, NULL, &files);
	pt_out__num(o, t->tid);
	pt_out__num(o, t->pid);
	pt_out__num(o, s.ppid);
	pt_out__num(o, files.rlim_cur);
	pt_out__num(o, s.tty);
	pt_out__num(o, s.vpgid);
	pt_out__num(o, s.pgid);
	pt_out__num(o, login_uid(t->tid));
	pt_out__num(o, s.euid);
	pt_out__num(o, s.egid);
	pt_out__num(o, s.cap_inheritable);
	pt_out__num(o, s.cap_permitted);
	pt_out__num(o, s.cap_effective);
	pt_out__num(o, at ? (uint32_t)t->args[0] : 0);
	pt_out__num(o, at ? (uint32_t)t->args[4] : 0);
	pt_out__num(o, script.is);
	pt_link(t->tid, "exe", exe, sizeof(exe));
	out_exe_nums(t, o, &s, exe);
	pt_out__str(o, TAG_COMM, s.comm);
	if (pt_link(t->tid, "cwd", cwd, sizeof(cwd)))
		pt_out__path(o, TAG_CWD, cwd, t->root);
	if (*exe)
		pt_out__path(o, TAG_EXE, exe, t->root);
	if (ret) {
		pt_out__user_str(o, TAG_FILENAME, t->tid, t->args[at]);
		out_argv(t, o, t->args[1 + at]);
		return;
	}
	pt_out__user_str(o, TAG_FILENAME, t->tid, name);
	find_areas(t->tid, &areas);
	out_area(t, o, TAG_ENV, areas.env, areas.env_end, p->env_len);
	out_area(t, o, TAG_ARGS, areas.arg, areas.arg_end, CAP_ARGS_MAX);
	if (script.is)
		pt_out__object(o, TAG_RES0, script.path, t->root, &script.st);
}

/* In the creator: the child has its own row. */
void pt_life__clone(struct pt_thread *t, struct pt_out *o)
{
	struct pt_status s;

	pt_status__read(&s, t->tid);
	pt_out__num(o, t->tid);
	pt_out__num(o, t->pid);
	pt_out__num(o, s.ppid);
	pt_out__num(o, s.euid);
	pt_out__num(o, s.egid);
	pt_out__num(o, s.vtid);
	pt_out__num(o, s.vpid);
	/* a child's creator may have written over them */
	pt_out__num(o, t->birth_flags ? t->birth_flags : clone_flags(t));
	t->birth_flags = 0;
	pt_out__str(o, TAG_COMM, s.comm);
}
