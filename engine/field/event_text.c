// SPDX-License-Identifier: Apache-2.0
/*
 * Text of event parameters: `name=raw(resolved)`, as evt.args and evt.arg print it. Forms are
 * Falco's.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "engine/field/field_internal.h"
#include "engine/state/path.h"
#include "engine/state/sockaddr.h"
#include "format/base/cursor.h"

#define NS 1000000000u
#define DATA_MAX 80		/* bytes of payload shown where nothing else is said */

/* --- numbers ---------------------------------------------------------------------------------- */

static unsigned bits_of(uint8_t ptype)
{
	switch (ptype) {
	case PT_S64: case PT_U64: case PT_SIGSET:
		return 64;
	case PT_S16: case PT_U16: case PT_PORT:
		return 16;
	case PT_S8: case PT_U8: case PT_BOOL:
		return 8;
	}
	return 32;
}

/* Falco prints unsigned numbers as signed ones of their width: 2^32-1 is -1. */
static void number(const struct fmt_param *p, uint64_t v, struct buf *out)
{
	unsigned bits = bits_of(p->type);
	bool narrow = bits < 32;

	if (p->base == BASE_DEC && (bits == 64 || narrow)) {
		buf__printf(out, "%" PRId64, (int64_t)v);
		return;
	}
	if (p->base == BASE_DEC) {
		buf__printf(out, "%" PRId32, (int32_t)v);
		return;
	}
	if (bits < 64)
		v = narrow ? v & ((1u << bits) - 1) : (uint32_t)v;
	buf__printf(out, p->base == BASE_HEX ? "%" PRIX64 : "%#" PRIo64, v);
}

static void symbols(uint8_t group, uint64_t v, struct buf *out)
{
	char text[512];
	size_t n;

	if (group == GROUP_NONE)
		return;
	n = fmt_group__text(group, (uint32_t)v, text, sizeof(text));
	buf__add(out, text, n < sizeof(text) ? n : sizeof(text) - 1);
}

static void error_symbol(int64_t v, struct buf *out)
{
	const char *name = v < 0 && v > -4096 ? fmt_errno_name((int)-v) : NULL;

	if (name)
		buf__puts(out, name);
}

static void signal_set(uint64_t set, struct buf *out)
{
	bool any = false;

	for (int sig = 1; sig <= 64; sig++) {
		const char *name = set >> (sig - 1) & 1 ? fmt_signal_name(sig) : NULL;

		if (!name)
			continue;
		if (any)
			buf__u8(out, ' ');
		buf__puts(out, name);
		any = true;
	}
}

static void date(uint64_t ns, struct buf *out)
{
	time_t s = (time_t)(ns / NS);
	char text[40];
	struct tm tm;

	if (localtime_r(&s, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
		buf__printf(out, "%s.%09u", text, (unsigned)(ns % NS));
}

/* --- what numbers refer to -------------------------------------------------------------------- */

static char l4_letter(const struct eng_fd *fd)
{
	if (!fd_type__is_inet(fd->type))
		return 0;
	switch (fd__l4(fd)) {
	case L4_TCP: return 't';
	case L4_UDP: return 'u';
	case L4_ICMP: return 'i';
	case L4_RAW: return 'r';
	}
	return 0;
}

static void descriptor(const struct eng_ctx *ctx, int64_t num, struct buf *out)
{
	const struct eng_fd *fd;
	char l4;

	if (num == PATH_AT_FDCWD) {
		buf__puts(out, "AT_FDCWD");
		return;
	}
	if (num < 0) {
		error_symbol(num, out);
		return;
	}
	fd = eng_fdtable__get(ctx->proc->fds, num);
	if (!fd)
		return;
	buf__u8(out, '<');
	buf__u8(out, (uint8_t)fd_type__letter(fd->type));
	l4 = l4_letter(fd);
	if (l4)
		buf__u8(out, (uint8_t)l4);
	buf__u8(out, '>');
	if (fd->name)
		buf__add(out, fd->name->s, fd->name->len);
}

/* What the caller passed or got is a number of its own pid namespace; the kernel's own is not. */
static void thread_name(const struct eng_ctx *ctx, const struct fmt_param *p, int64_t tid,
			struct buf *out)
{
	bool own = p->src <= SRC_A5;
	const struct eng_thread *t = own ? eng_state__seen_by(ctx->state, ctx->proc, tid)
					 : eng_state__thread(ctx->state, tid);
	const struct eng_str *comm = t ? t->comm ? t->comm : t->proc->comm : NULL;

	/* Who is killed may be gone before the call returns; the kernel's own events come while they are there. */
	if (!t && p->src >= SRC_A0 && p->src <= SRC_A5)
		comm = eng_state__ended_name(ctx->state, ctx->proc, tid, fmt_ev__ts(ctx->ev));
	if (comm)
		buf__add(out, comm->s, comm->len);
}

static void account(const struct eng_ctx *ctx, bool user, uint32_t id, struct buf *raw,
		    struct buf *resolved)
{
	const struct eng_str *name = NULL;

	if (id == UINT32_MAX) {
		buf__puts(raw, "-1");
		buf__puts(resolved, "<NONE>");
		return;
	}
	buf__printf(raw, "%d", (int)id);
	if (user) {
		const struct eng_user *u = eng_proc__user(ctx->state, ctx->proc, id);

		name = u ? u->name : NULL;
	} else {
		const struct eng_group *g = eng_proc__group(ctx->state, ctx->proc, id);

		name = g ? g->name : NULL;
	}
	buf__puts(resolved, name && name->len ? name->s : "<NA>");
}

static void integer(const struct eng_ctx *ctx, const struct fmt_param *p, uint64_t v,
		    struct buf *raw, struct buf *resolved)
{
	const struct fmt_event_info *call;
	const char *name;

	switch (p->type) {
	case PT_ERRNO:
		buf__printf(raw, "%" PRId64, (int64_t)v);
		error_symbol((int64_t)v, resolved);
		return;
	case PT_FD:
		buf__printf(raw, "%" PRId64, (int64_t)v);
		descriptor(ctx, (int64_t)v, resolved);
		return;
	case PT_PID:
		buf__printf(raw, "%" PRId64, (int64_t)v);
		thread_name(ctx, p, (int64_t)v, resolved);
		return;
	case PT_UID:
	case PT_GID:
		account(ctx, p->type == PT_UID, (uint32_t)v, raw, resolved);
		return;
	case PT_FLAGS8: case PT_FLAGS16: case PT_FLAGS32:
	case PT_ENUM8: case PT_ENUM16: case PT_ENUM32:
		buf__printf(raw, "%" PRIu32, (uint32_t)v);
		symbols(p->group, v, resolved);
		return;
	case PT_MODE:
		number(p, v, raw);
		symbols(p->group, v, resolved);
		return;
	case PT_SYSCALLID:
		buf__printf(raw, "%" PRIu64, v);
		call = fmt_event((unsigned)(v < FMT_MAX_EVENTS ? v : FMT_MAX_EVENTS));
		if (call)
			buf__puts(resolved, call->name);
		return;
	case PT_SIGTYPE:
		buf__printf(raw, "%u", (uint8_t)v);
		name = fmt_signal_name((uint8_t)v);
		if (name)
			buf__puts(resolved, name);
		return;
	case PT_SIGSET:
		signal_set(v, raw);
		return;
	case PT_RELTIME:
		if (v == UINT64_MAX) {
			buf__puts(raw, "none");
			return;
		}
		buf__printf(raw, "%" PRIu64, v);
		buf__printf(resolved, "%lgs", (double)v / NS);
		return;
	case PT_ABSTIME:
		date(v, raw);
		return;
	case PT_BOOL:
		buf__puts(raw, v ? "true" : "false");
		return;
	}
	number(p, v, raw);
}

/* --- strings ---------------------------------------------------------------------------------- */

static void add(struct buf *out, const struct fmt_str *s)
{
	buf__add(out, s->p, s->len);
}

/*
 * Relative paths resolve to absolute ones. Below a directory that is not known nothing is put in
 * front.
 */
static void path(const struct eng_ctx *ctx, const struct fmt_param *p, const struct fmt_str *s,
		 struct buf *raw, struct buf *resolved)
{
	uint64_t dirfd = (uint64_t)PATH_AT_FDCWD;

	add(raw, s);
	if (!s->len || s->p[0] == '/' || (s->len == 4 && !memcmp(s->p, "<NA>", 4)))
		return;
	if (p->type == PT_RELPATH && p->dirfd >= 0)
		fmt_ev__int(ctx->ev, (unsigned)p->dirfd, &dirfd);
	if ((int64_t)dirfd != PATH_AT_FDCWD &&
	    !eng_fdtable__get(ctx->proc->fds, (int64_t)dirfd))
		path__join("", 0, s->p, s->len, resolved);
	else
		path__at(ctx->proc, (long)dirfd, s->p, s->len, resolved);
}

static void address(const struct fmt_str *s, bool tuple, struct buf *out)
{
	struct sock_addrs a;

	if (!sock_addrs__read(&a, s->p, s->len, tuple)) {
		buf__puts(out, tuple ? "INVALID SOCKTUPLE" : "INVALID SOCKADDR");
		return;
	}
	if (tuple)
		sock_addrs__unmap(&a, true);
	sock_addrs__text(&a, tuple, out);
}

static void descriptors(const struct eng_ctx *ctx, const struct fmt_str *s, struct buf *out)
{
	struct cursor c = cursor__of(s->p, s->len);
	unsigned n = cursor__le16(&c);

	for (unsigned i = 0; i < n; i++) {
		int64_t num = (int64_t)cursor__le64(&c);
		int16_t events = (int16_t)cursor__le16(&c);
		const struct eng_fd *fd;

		if (c.bad)
			return;
		fd = eng_fdtable__get(ctx->proc->fds, num);
		buf__printf(out, "%s%" PRId64 ":%c%x", i ? " " : "", num,
			    fd ? fd_type__letter(fd->type) : '?', (unsigned)events);
	}
}

static bool is_list(uint8_t ptype)
{
	return ptype == PT_STRLIST || ptype == PT_SOCKTUPLE || ptype == PT_FDLIST ||
	       ptype == PT_BYTES;
}

static void string(const struct eng_ctx *ctx, const struct fmt_param *p, const struct fmt_str *s,
		   struct buf *raw, struct buf *resolved)
{
	if (!s->len && is_list(p->type)) {
		buf__puts(raw, "NULL");
		return;
	}
	switch (p->type) {
	case PT_PATH:
	case PT_RELPATH:
		path(ctx, p, s, raw, resolved);
		break;
	case PT_STRLIST:
		text__dots(raw, s->p, s->len);
		break;
	case PT_SOCKADDR:
	case PT_SOCKTUPLE:
		address(s, p->type == PT_SOCKTUPLE, raw);
		break;
	case PT_FDLIST:
		descriptors(ctx, s, raw);
		break;
	default:
		add(raw, s);
	}
}

static void bytes(const struct fmt_str *s, uint32_t max, struct buf *out)
{
	if (!s->len) {
		buf__puts(out, "NULL");
		return;
	}
	max = max ? max : DATA_MAX;
	text__dots(out, s->p, s->len < max ? s->len : max);
	if (s->len > max && max > 3)
		memcpy(out->p + out->len - 3, "...", 3);
}

/* --- what a trace leaves to the state --------------------------------------------------------- */

/* A number of a process by the parameter's name; false if there is none of that name. */
static bool number_of_proc(const struct eng_ctx *ctx, const char *name, uint64_t *ret)
{
	const struct eng_proc *p = ctx->proc;
	const struct eng_thread *t = ctx->thread;
	const struct { const char *name; uint64_t v; } all[] = {
		{ "fdlimit", (uint64_t)p->fdlimit },
		{ "pgft_maj", t->pgft_maj },
		{ "pgft_min", t->pgft_min },
		{ "vm_size", p->vm_size },
		{ "vm_rss", p->vm_rss },
		{ "vm_swap", p->vm_swap },
		{ "flags", 0 },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (!strcmp(all[i].name, name)) {
			*ret = all[i].v;
			return true;
		}
	}
	*ret = p->pidns_start;
	return p->pidns_start && !strcmp(name, "pidns_init_start_ts");
}

/* A string likewise. cgroups are the process's also where a driver might have filled them in. */
static const struct eng_str *string_of_proc(const struct eng_ctx *ctx, const struct fmt_param *p)
{
	if (!strcmp(p->name, "cgroups"))
		return ctx->proc->cgroups;
	if (p->src != SRC_DRV)
		return NULL;
	if (!strcmp(p->name, "exe"))
		return ctx->proc->image->exe;
	return strcmp(p->name, "args") ? NULL : ctx->proc->image->args;
}

static void missing(const struct eng_ctx *ctx, const struct fmt_param *p, struct buf *raw,
		    struct buf *resolved)
{
	const struct eng_str *s;
	uint64_t v;

	if (p->src == SRC_DRV && fmt_ptype_store(p->type) == STORE_INT &&
	    number_of_proc(ctx, p->name, &v)) {
		integer(ctx, p, v, raw, resolved);
		return;
	}
	s = fmt_ptype_store(p->type) == STORE_STR ? string_of_proc(ctx, p) : NULL;
	if (s) {
		struct fmt_str str = { .p = s->s, .len = s->len, .full_len = s->full_len };

		string(ctx, p, &str, raw, resolved);
		return;
	}
	buf__puts(raw, is_list(p->type) ? "NULL" : "<NA>");
}

void event__param_text(const struct eng_ctx *ctx, unsigned param, uint32_t max_bytes,
		       struct buf *raw, struct buf *resolved)
{
	const struct fmt_ev *ev = ctx->ev;
	const struct fmt_param *p = &ev->info->params[param];
	const struct fmt_str *s;
	struct fmt_str data;
	uint64_t v;

	switch (fmt_ptype_store(p->type)) {
	case STORE_INT:
		if (fmt_ev__int(ev, param, &v))
			integer(ctx, p, v, raw, resolved);
		else
			missing(ctx, p, raw, resolved);
		break;
	case STORE_STR:
		s = fmt_ev__str(ev, param);
		if (s)
			string(ctx, p, s, raw, resolved);
		else
			missing(ctx, p, raw, resolved);
		break;
	default:
		if (fmt_ev__bytes(ev, param, &data))
			bytes(&data, max_bytes, raw);
		else
			missing(ctx, p, raw, resolved);
	}
}

/* Does the event carry this parameter itself? */
static bool carries(const struct fmt_ev *ev, unsigned param)
{
	struct fmt_str data;
	uint64_t v;

	switch (fmt_ptype_store(ev->info->params[param].type)) {
	case STORE_INT: return fmt_ev__int(ev, param, &v);
	case STORE_STR: return fmt_ev__str_id(ev, param) != 0;
	case STORE_BYTES: return fmt_ev__bytes(ev, param, &data);
	}
	return false;
}

/* Old captures say of some calls only that they were made. */
static bool carries_anything(const struct fmt_ev *ev)
{
	for (unsigned i = 0; i < ev->info->n_params; i++)
		if (carries(ev, i))
			return true;
	return false;
}

void eng_event__args(const struct eng_ctx *ctx, uint32_t max_bytes, struct buf *out)
{
	const struct fmt_event_info *info = ctx->ev->info;
	struct buf resolved = { 0 };

	if (fmt_ev__res(ctx->ev) == FMT_NO_RES && !carries_anything(ctx->ev))
		return;
	for (unsigned i = 0; i < info->n_params; i++) {
		/* an imported event, or one that failed, has nothing to say here */
		if (info->params[i].extra && !carries(ctx->ev, i))
			continue;
		if (i)
			buf__u8(out, ' ');
		buf__puts(out, info->params[i].name);
		buf__u8(out, '=');
		resolved.len = 0;
		event__param_text(ctx, i, max_bytes, out, &resolved);
		if (!resolved.len)
			continue;
		buf__u8(out, '(');
		buf__add(out, resolved.p, resolved.len);
		buf__u8(out, ')');
	}
	buf__done(&resolved);
}

bool eng_event__arg(const struct eng_ctx *ctx, unsigned param, uint32_t max_bytes, struct buf *out)
{
	struct buf raw = { 0 }, resolved = { 0 };
	const struct buf *text;

	if (param >= ctx->ev->info->n_params)
		return false;
	event__param_text(ctx, param, max_bytes, &raw, &resolved);
	text = resolved.len ? &resolved : &raw;
	buf__add(out, text->p, text->len);
	buf__done(&raw);
	buf__done(&resolved);
	return true;
}
