// SPDX-License-Identifier: Apache-2.0
/*
 * proc.*, thread.*: the process and thread that the event is of.
 */
#include <stdio.h>

#include "engine/field/field_internal.h"

#define MAX_ANCESTORS 100000u
#define MAX_JOINED (1u << 20)	/* bytes of all ancestors' texts, made for one field */

/* --- lists of strings, each followed by NUL --------------------------------------------------- */

/* Append the elements joined by blanks. */
static void join(struct buf *b, const struct eng_str *list)
{
	uint32_t n = list->len && !list->s[list->len - 1] ? list->len - 1 : list->len;

	uint8_t *to, *nul;

	if (!n)
		return;
	buf__add(b, list->s, n);
	to = b->p + b->len - n;
	while (n && (nul = memchr(to, 0, n))) {
		*nul = ' ';
		n -= (uint32_t)(nul + 1 - to);
		to = nul + 1;
	}
}

static bool joined(struct eng_vals *out, const struct eng_str *list)
{
	struct buf b = { 0 };

	if (!list->len)
		return give_text(out, "");
	join(&b, list);
	return give_buf(out, &b);
}

/* The next element from *at on; NULL at the end. */
static const char *next_of(const struct eng_str *list, uint32_t *at, uint32_t *ret_len)
{
	const char *s = list->s + *at, *nul;

	if (*at >= list->len)
		return NULL;
	nul = memchr(s, 0, list->len - *at);
	*ret_len = nul ? (uint32_t)(nul - s) : list->len - *at;
	*at += *ret_len + 1;
	return s;
}

static bool element(struct eng_vals *out, const struct eng_str *list, uint64_t index)
{
	uint32_t at = 0, len;
	const char *s;

	while ((s = next_of(list, &at, &len)))
		if (!index--)
			return give_str(out, s, len);
	return give_text(out, "");
}

static uint64_t count(const struct eng_str *list, uint64_t *ret_chars)
{
	uint32_t at = 0, len;
	uint64_t n = 0;

	*ret_chars = 0;
	while (next_of(list, &at, &len)) {
		*ret_chars += len;
		n++;
	}
	return n;
}

/* The value of a variable, blanks around it taken off; false if it is not set or empty. */
static bool env_value(struct eng_vals *out, const struct eng_str *env, const char *name)
{
	size_t n = strlen(name), len;
	const char *s = env->s, *end = env->s + env->len;

	for (; s < end && (s = memchr(s, n ? name[0] : '=', (size_t)(end - s))); s++) {
		if ((s > env->s && s[-1]) || (size_t)(end - s) <= n + 1 || memcmp(s, name, n) || s[n] != '=' || !s[n + 1])
			continue;
		s += n + 1;
		len = strnlen(s, (size_t)(end - s));
		while (len && *s == ' ') {
			s++;
			len--;
		}
		while (len && s[len - 1] == ' ')
			len--;
		return give_str(out, s, len) && len;
	}
	return false;
}

/* Arguments: they stand behind the name in the command line that the image keeps. */
static bool args(struct eng_vals *out, const struct eng_image *im)
{
	if (!im->args->len || im->cmdline->len <= im->comm->len)
		return give_text(out, "");
	return give_str(out, im->cmdline->s + im->comm->len + 1,
			im->cmdline->len - im->comm->len - 1);
}

static bool exeline(struct eng_vals *out, const struct eng_image *im)
{
	struct buf b = { 0 };

	buf__add(&b, im->exe->s, im->exe->len);
	buf__u8(&b, ' ');
	join(&b, im->args);
	return give_buf(out, &b);
}

/* --- ancestors -------------------------------------------------------------------------------- */

static const struct eng_proc *ancestor(const struct eng_proc *p, uint64_t n)
{
	while (p && n--)
		p = p->parent;
	return p;
}

/* One ancestor's part of a field. */
static bool give_of(const struct eng_fref *ref, const struct eng_proc *p, struct eng_vals *out)
{
	switch (ref->field->id) {
	case F_proc_aname:
		return give_estr(out, p->comm);
	case F_proc_aexe:
		return give_estr(out, p->image->exe);
	case F_proc_aexepath:
		return give_estr(out, p->image->exepath);
	case F_proc_acmdline:
		return give_estr(out, eng_proc__cmdline((struct eng_proc *)p));
	case F_proc_aargs:
		return args(out, p->image);
	case F_proc_aenv:
		return joined(out, p->image->env);
	case F_proc_apid:
		return give_s64(out, p->pid);
	}
	return false;
}

static uint32_t depth(const struct eng_proc *p)
{
	uint32_t n = 0;

	for (p = p->parent; p && n < MAX_ANCESTORS; p = p->parent)
		n++;
	return n;
}

/* All of them, from the parent upwards, for a filter to try each. */
static bool all_ancestors(const struct eng_fref *ref, const struct eng_proc *p,
			  struct eng_vals *out)
{
	uint32_t n = depth(p), i = 0;
	struct eng_val *list = arena__alloc(out->scratch, (n + 1) * sizeof(*list));

	for (p = p->parent; i < n; p = p->parent) {
		/* an environment is put together for each: not without end */
		if (ref->field->id == F_proc_aenv && out->scratch->used > 16 * MAX_JOINED)
			give_text(out, "");
		else
			give_of(ref, p, out);
		list[i++] = out->v[0];
	}
	out->n = n;
	out->is_list = true;
	out->list = list;
	return true;
}

static bool joined_ancestors(const struct eng_fref *ref, const struct eng_proc *p,
			     struct eng_vals *out)
{
	struct buf b = { 0 };

	for (uint32_t n = depth(p); n; n--) {
		p = p->parent;
		give_of(ref, p, out);
		if (b.len > MAX_JOINED)
			break;
		if (b.len)
			buf__u8(&b, ' ');
		buf__add(&b, out->v[0].str.p, out->v[0].str.len);
	}
	if (b.len)
		return give_buf(out, &b);
	buf__done(&b);
	return false;
}

/* The nearest ancestor that has the variable, among the first twenty. */
static bool inherited_env(const struct eng_proc *p, const char *name, struct eng_vals *out)
{
	for (unsigned i = 0; i < 20 && (p = p->parent); i++)
		if (env_value(out, p->image->env, name))
			return true;
	return give_text(out, "");
}

bool get_ancestor(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	const struct eng_proc *p = ctx->proc;

	if (eng_ctx__nobody(ctx))
		return false;
	if (ref->field->id == F_proc_aenv && ref->key)
		return inherited_env(p, ref->key, out);
	if (ref->has_arg) {
		p = ancestor(p, ref->index);
		return p && give_of(ref, p, out);
	}
	if (out->for_filter && ref->field->flags & FF_ANY_ANCESTOR)
		return all_ancestors(ref, p, out);
	if (ref->field->id == F_proc_apid || ref->field->id == F_proc_aenv)
		return give_of(ref, p, out);
	return joined_ancestors(ref, p, out);
}

/* --- leaders of sessions and groups ----------------------------------------------------------- */

static bool in_pidns(const struct eng_proc *p)
{
	return p->vpid > 0 && p->vpid != p->pid;
}

static int64_t group_of(const struct eng_proc *p, uint16_t id)
{
	switch (id) {
	case F_proc_sname: case F_proc_sid_exe: case F_proc_sid_exepath:
		return p->sid;
	case F_proc_vpgid_name: case F_proc_vpgid_exe: case F_proc_vpgid_exepath:
		return p->vpgid;
	}
	return p->pgid;
}

/*
 * Whoever has the session's or group's number. Session ids and vpgid are numbers of the namespace,
 * so inside one it is the oldest ancestor that is in the same session or group.
 */
static const struct eng_proc *leader(const struct eng_ctx *ctx, uint16_t id)
{
	bool of_host = id == F_proc_pgid_name || id == F_proc_pgid_exe || id == F_proc_pgid_exepath;
	int64_t number = group_of(ctx->proc, id);
	const struct eng_proc *best = NULL, *p;
	const struct eng_thread *t;

	if (number == -1)
		return NULL;
	if (of_host || !in_pidns(ctx->proc)) {
		t = eng_state__thread(ctx->state, number);
		if (t)
			return t->proc;
	}
	for (p = ctx->proc->parent; p && group_of(p, id) == number; p = p->parent)
		best = p;
	return best;
}

bool get_leader(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	uint16_t id = ref->field->id;
	const struct eng_proc *p;

	if (eng_ctx__nobody(ctx))
		return false;
	p = leader(ctx, id);
	if (!p)
		return give_text(out, "");
	switch (id) {
	case F_proc_sname: case F_proc_vpgid_name: case F_proc_pgid_name:
		return give_estr(out, p->comm);
	case F_proc_sid_exe: case F_proc_vpgid_exe: case F_proc_pgid_exe:
		return give_estr(out, p->image->exe);
	}
	return give_estr(out, p->image->exepath);
}

/* --- cgroups ---------------------------------------------------------------------------------- */

struct text {
	const char *p;
	size_t n;
};

/* Falco's name for a subsystem, whatever the kernel calls it. */
static struct text subsystem(const char *s, size_t n)
{
	static const char *const other[][2] = {
		{ "perf", "perf_event" }, { "mem", "memory" }, { "io", "blkio" },
	};

	if (n > 7 && !memcmp(s + n - 7, "_cgroup", 7))
		n -= 7;
	for (unsigned i = 0; i < 3; i++)
		if (n == strlen(other[i][0]) && !memcmp(s, other[i][0], n))
			return (struct text){ other[i][1], strlen(other[i][1]) };
	return (struct text){ s, n };
}

static bool cgroups(const struct eng_str *list, const char *wanted, struct eng_vals *out)
{
	uint32_t at = 0, len;
	struct buf b = { 0 };
	const char *s, *eq;

	while ((s = next_of(list, &at, &len))) {
		struct text sub;

		eq = memchr(s, '=', len);
		if (!eq)
			continue;
		sub = subsystem(s, (size_t)(eq - s));
		if (wanted && strlen(wanted) == sub.n && !memcmp(wanted, sub.p, sub.n)) {
			buf__done(&b);
			return give_str(out, eq + 1, len - (size_t)(eq + 1 - s));
		}
		if (wanted)
			continue;
		if (b.len)
			buf__u8(&b, ' ');
		buf__add(&b, sub.p, sub.n);
		buf__add(&b, eq, len - (size_t)(eq - s));
	}
	if (b.len)
		return give_buf(out, &b);
	buf__done(&b);
	return false;
}

/* --- all else --------------------------------------------------------------------------------- */

static bool login_shell(const struct eng_proc *p, struct eng_vals *out)
{
	const struct eng_proc *shell = NULL;

	for (; p; p = p->parent)
		if (p->comm->len >= 2 && !memcmp(p->comm->s + p->comm->len - 2, "sh", 2))
			shell = p;
	return shell && give_s64(out, shell->pid);
}

static bool since(const struct eng_ctx *ctx, uint64_t start, struct eng_vals *out)
{
	return start && give_num(out, T_RELTIME, fmt_ev__ts(ctx->ev) - start);
}

static bool give_abs(struct eng_vals *out, uint64_t v)
{
	return v && give_num(out, T_ABSTIME, v);
}

static bool exe_age(const struct eng_ctx *ctx, uint16_t id, struct eng_vals *out)
{
	uint64_t ctime = ctx->proc->image->exe_ino_ctime, ns = ctx->proc->pidns_start;

	if (!ctime)
		return false;
	if (id == F_proc_exe_ino_ctime_duration_proc_start)
		return ctx->thread->start && give_abs(out, ctx->thread->start - ctime);
	return ns && ctime > ns && give_abs(out, ctime - ns);
}

static bool fd_usage(const struct eng_proc *p, struct eng_vals *out)
{
	double n = eng_fdtable__count(p->fds);

	out->n = 1;
	out->v[0].type = T_DOUBLE;
	out->v[0].d = p->fdlimit <= 0 ? 0 : n > (double)p->fdlimit ? 100 :
						n * 100 / (double)p->fdlimit;
	return true;
}

static bool name_tid(const struct eng_ctx *ctx, struct eng_vals *out)
{
	struct buf b = { 0 };

	buf__add(&b, ctx->thread->comm->s, ctx->thread->comm->len);
	buf__printf(&b, "%lld", (long long)ctx->thread->tid);
	return give_buf(out, &b);
}

static bool std_fd(const struct eng_proc *p, int64_t num, bool type, struct eng_vals *out)
{
	const struct eng_fd *fd = eng_fdtable__get(p->fds, num);

	if (!fd)
		return false;
	if (type)
		return give_text(out, fd_type__word(fd->type));
	return fd->name ? give_estr(out, fd->name) : give_text(out, "");
}

static uint64_t other_threads(const struct eng_ctx *ctx)
{
	for (const struct eng_thread *t = ctx->proc->threads; t; t = t->next)
		if (t->tid == ctx->proc->pid)
			return ctx->proc->n_threads - 1;
	return ctx->proc->n_threads;
}

bool get_parent(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	struct eng_proc *p = ctx->proc->parent;

	if (!p)
		return false;
	switch (ref->field->id) {
	case F_proc_pname:
		return give_estr(out, p->comm);
	case F_proc_pexe:
		return give_estr(out, p->image->exe);
	case F_proc_pexepath:
		return give_estr(out, p->image->exepath);
	case F_proc_pcmdline:
		return give_estr(out, eng_proc__cmdline(p));
	case F_proc_ppid:
		return give_s64(out, p->pid);
	case F_proc_pvpid:
		return give_s64(out, p->vpid);
	case F_proc_ppid_duration:
		return since(ctx, p->start, out);
	case F_proc_ppid_ts:
		return give_num(out, T_RELTIME, p->start);
	}
	return false;
}

/* What changes without an epoch. */
bool get_measure(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	const struct eng_thread *t = ctx->thread;
	const struct eng_proc *p = ctx->proc;
	bool main = t->tid == p->pid;
	uint16_t id = ref->field->id;

	if (eng_ctx__nobody(ctx))
		return false;
	switch (id) {
	case F_proc_duration:
		return since(ctx, t->start, out);
	case F_proc_fdopencount:
		return give_u64(out, eng_fdtable__count(p->fds));
	case F_proc_fdlimit:
		return give_s64(out, p->fdlimit);
	case F_proc_fdusage:
		return fd_usage(p, out);
	case F_proc_vmsize:
		return give_u64(out, p->vm_size);
	case F_proc_vmrss:
		return give_u64(out, p->vm_rss);
	case F_proc_vmswap:
		return give_u64(out, p->vm_swap);
	case F_thread_vmsize:
		return give_u64(out, main ? p->vm_size : 0);
	case F_thread_vmrss:
		return give_u64(out, main ? p->vm_rss : 0);
	case F_thread_vmsize_b:
		return give_u64(out, main ? (uint64_t)p->vm_size * 1024 : 0);
	case F_thread_vmrss_b:
		return give_u64(out, main ? (uint64_t)p->vm_rss * 1024 : 0);
	case F_thread_pfmajor:
		return give_u64(out, t->pgft_maj);
	case F_thread_pfminor:
		return give_u64(out, t->pgft_min);
	case F_proc_nthreads:
		return give_u64(out, p->n_threads);
	case F_proc_nchilds:
		return give_u64(out, other_threads(ctx));
	case F_proc_stdin_type:
	case F_proc_stdout_type:
	case F_proc_stderr_type:
		return std_fd(p, id - F_proc_stdin_type, true, out);
	case F_proc_stdin_name:
	case F_proc_stdout_name:
	case F_proc_stderr_name:
		return std_fd(p, id - F_proc_stdin_name, false, out);
	}
	return false;
}

bool get_image(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	const struct eng_image *im = ctx->proc->image;
	uint64_t chars;

	if (eng_ctx__nobody(ctx))
		return false;
	switch (ref->field->id) {
	case F_proc_exe:
		return give_estr(out, im->exe);
	case F_proc_exepath:
		return give_estr(out, im->exepath);
	case F_proc_args:
		return ref->has_arg ? element(out, im->args, ref->index) : args(out, im);
	case F_proc_cmdnargs:
		return give_u64(out, count(im->args, &chars));
	case F_proc_cmdlenargs:
		count(im->args, &chars);
		return give_u64(out, chars);
	case F_proc_exeline:
		return exeline(out, im);
	case F_proc_env:
		if (!ref->key)
			return joined(out, im->env);
		return env_value(out, im->env, ref->key) || give_text(out, "");
	case F_proc_is_exe_writable:
		return give_bool(out, im->exe_flags & EXE_WRITABLE);
	case F_proc_is_exe_upper_layer:
		return give_bool(out, im->exe_flags & EXE_UPPER_LAYER);
	case F_proc_is_exe_lower_layer:
		return give_bool(out, im->exe_flags & EXE_LOWER_LAYER);
	case F_proc_is_exe_from_memfd:
		return give_bool(out, im->exe_flags & EXE_FROM_MEMFD);
	case F_proc_exe_ino:
		return im->exe_ino && give_s64(out, (int64_t)im->exe_ino);
	case F_proc_exe_ino_ctime:
		return give_abs(out, im->exe_ino_ctime);
	case F_proc_exe_ino_mtime:
		return give_abs(out, im->exe_ino_mtime);
	case F_proc_exe_ino_ctime_duration_proc_start:
	case F_proc_exe_ino_ctime_duration_pidns_start:
		return exe_age(ctx, ref->field->id, out);
	}
	return false;
}

bool get_proc(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	const struct eng_thread *t = ctx->thread;
	const struct eng_proc *p = ctx->proc;
	uint16_t id = ref->field->id;

	if (eng_ctx__nobody(ctx))
		return id == F_thread_tid && give_s64(out, (int32_t)fmt_ev__tid(ctx->ev));
	switch (id) {
	case F_proc_name:
		return give_estr(out, t->comm);
	case F_proc_cmdline:
		return give_estr(out, eng_thread__cmdline(ctx->thread));
	case F_proc_pid:
		return give_s64(out, p->pid);
	case F_thread_tid:
		return give_s64(out, t->tid);
	case F_thread_ismain:
		return give_bool(out, t->tid == p->pid);
	case F_thread_vtid:
		return t->vtid != -1 && give_s64(out, t->vtid);
	case F_proc_vpid:
		return p->vpid != -1 && give_s64(out, p->vpid);
	case F_proc_sid:
		return give_s64(out, p->sid);
	case F_proc_vpgid:
		return give_s64(out, p->vpgid);
	case F_proc_pgid:
		return give_s64(out, p->pgid);
	case F_proc_is_sid_leader:
		return give_bool(out, p->sid == p->vpid);
	case F_proc_is_vpgid_leader:
		return give_bool(out, p->vpgid == p->vpid);
	case F_proc_is_pgid_leader:
		return give_bool(out, p->pgid == p->pid);
	case F_proc_tty:
		return give_u64(out, p->tty);
	case F_proc_cwd:
		return give_estr(out, p->cwd);
	case F_proc_loginshellid:
		return login_shell(p, out);
	case F_proc_pid_ts:
		return t->start && give_num(out, T_RELTIME, t->start);
	case F_proc_pidns_init_start_ts:
		return p->pidns_start && give_u64(out, p->pidns_start);
	case F_thread_cap_permitted:
		return give_caps(out, t->cap_permitted);
	case F_thread_cap_inheritable:
		return give_caps(out, t->cap_inheritable);
	case F_thread_cap_effective:
		return give_caps(out, t->cap_effective);
	case F_thread_nametid:
		return name_tid(ctx, out);
	case F_thread_cgroups:
		return cgroups(p->cgroups, NULL, out);
	case F_thread_cgroup:
		return cgroups(p->cgroups, ref->key, out);
	}
	return false;
}
