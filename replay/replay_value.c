// SPDX-License-Identifier: Apache-2.0
/*
 * The values in a line: quoted text, descriptors with what they are, processes with their names.
 */
#include <string.h>
#include <time.h>

#include "replay/replay.h"

#define AT_CWD (-100)		/* AT_FDCWD: the working directory stands for the descriptor */

void rpl_put_u64(struct buf *out, uint64_t v)
{
	char digits[20], *p = digits + sizeof(digits);

	do {
		*--p = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	buf__add(out, p, (size_t)(digits + sizeof(digits) - p));
}

static void put_s64(struct buf *out, int64_t v)
{
	if (v < 0) {
		buf__add(out, "-", 1);
		rpl_put_u64(out, -(uint64_t)v);
	} else {
		rpl_put_u64(out, (uint64_t)v);
	}
}

static void put_base(struct buf *out, uint64_t v, unsigned shift, const char *prefix)
{
	char digits[24], *p = digits + sizeof(digits);

	do {
		*--p = "0123456789abcdef"[v & ((1u << shift) - 1)];
		v >>= shift;
	} while (v);
	buf__puts(out, prefix);
	buf__add(out, p, (size_t)(digits + sizeof(digits) - p));
}

void rpl_put_clock(struct buf *out, uint64_t ns)
{
	static __thread uint64_t second = UINT64_MAX;
	static __thread char text[18];
	uint64_t s = ns / 1000000000, frac = ns % 1000000000;

	if (s != second) {
		time_t t = (time_t)s;
		struct tm tm = { 0 };

		localtime_r(&t, &tm);
		strftime(text, sizeof(text), "%H:%M:%S.", &tm);
		second = s;
	}
	for (int i = 17; i > 8; i--) {
		text[i] = (char)('0' + frac % 10);
		frac /= 10;
	}
	buf__add(out, text, sizeof(text));
}

/* Safe text inside double quotes: quotes and backslashes are escaped too, so that the end can be told. */
static void put_quoted(struct buf *out, const char *s, size_t n, bool cut)
{
	buf__add(out, "\"", 1);
	while (n) {
		size_t plain = 0;

		while (plain < n && s[plain] != '"' && s[plain] != '\\')
			plain++;
		text__safe(out, s, plain);
		if (plain < n) {
			buf__add(out, "\\", 1);
			buf__add(out, s + plain, 1);
			plain++;
		}
		s += plain;
		n -= plain;
	}
	buf__puts(out, cut ? "\"..." : "\"");
}

static void put_strlist(struct buf *out, const struct fmt_str *s)
{
	const char *p = s->p, *end = s->p + s->len;

	buf__add(out, "[", 1);
	while (p < end) {
		const char *nul = memchr(p, 0, (size_t)(end - p));
		size_t n = nul ? (size_t)(nul - p) : (size_t)(end - p);

		if (p != s->p)
			buf__add(out, ", ", 2);
		put_quoted(out, p, n, false);
		p += n + 1;
	}
	buf__puts(out, s->full_len > s->len ? ", ...]" : "]");
}

static const struct eng_str *fd_name(const struct eng_ctx *ctx, int64_t num)
{
	const struct eng_fd *fd;

	if (num < 0)
		return NULL;
	if (ctx->fd && ctx->has_fd_num && ctx->fd_num == num)
		return ctx->fd->name;
	fd = ctx->proc->fds ? eng_fdtable__get(ctx->proc->fds, num) : NULL;
	return fd ? fd->name : NULL;
}

static void put_fd(const struct eng_ctx *ctx, int64_t num, struct buf *out)
{
	const struct eng_str *name = fd_name(ctx, num);

	if (num == AT_CWD) {
		buf__puts(out, "AT_FDCWD");
		return;
	}
	put_s64(out, num);
	if (name && name->len) {
		buf__add(out, "<", 1);
		text__safe(out, name->s, name->len);
		buf__add(out, ">", 1);
	}
}

/* A thread by number; own: as numbered in the caller's pid namespace, which the call's arguments and result are. */
static void put_pid(const struct eng_ctx *ctx, int64_t pid, bool own, struct buf *out)
{
	const struct eng_thread *t = NULL;

	if (pid > 0)
		t = own ? eng_state__seen_by(ctx->state, ctx->proc, pid) : eng_state__thread(ctx->state, pid);
	if (t && t->comm && t->comm->len) {
		text__safe(out, t->comm->s, t->comm->len);
		buf__add(out, "(", 1);
		rpl_put_u64(out, (uint64_t)t->tid);
		buf__add(out, ")", 1);
	} else {
		put_s64(out, pid);
	}
}

static void put_group(const struct fmt_param *p, uint64_t v, struct buf *out)
{
	char text[1024];
	size_t n = fmt_group__text(p->group, (uint32_t)v, text, sizeof(text));

	if (n && n < sizeof(text))
		buf__add(out, text, n);
	else if (p->type == PT_MODE || p->base == BASE_OCT)
		put_base(out, v, 3, v ? "0" : "");
	else if (p->base == BASE_HEX && v)
		put_base(out, v, 4, "0x");
	else
		rpl_put_u64(out, v);
}

static void put_int(const struct eng_ctx *ctx, const struct fmt_param *p, uint64_t v, struct buf *out)
{
	char tmp[48];
	const char *name;

	switch (p->type) {
	case PT_FD:
		put_fd(ctx, (int64_t)v, out);
		return;
	case PT_PID:
		if (p->name[0] == 'v')	/* vtid, vpid, vpgid: ids of another namespace name nobody here */
			put_s64(out, (int64_t)v);
		else
			put_pid(ctx, (int64_t)v, p->src <= SRC_A5, out);
		return;
	case PT_BOOL:
		buf__puts(out, v ? "true" : "false");
		return;
	case PT_SIGTYPE:
		name = fmt_signal_name((int)v);
		if (name)
			buf__puts(out, name);
		else
			rpl_put_u64(out, v);
		return;
	case PT_SYSCALLID:
		if (fmt_event((unsigned)v)) {
			buf__puts(out, fmt_event((unsigned)v)->name);
			return;
		}
		break;
	case PT_RELTIME:
		buf__puts(out, v == UINT64_MAX ? "none" : text__duration(v, tmp));
		return;
	case PT_ABSTIME:
		buf__puts(out, text__iso(v, "Z", tmp));
		return;
	case PT_MODE:		/* as people write modes; the names would fill the line */
		put_base(out, v, 3, v ? "0" : "");
		return;
	case PT_UID: case PT_GID:
		if ((uint32_t)v == UINT32_MAX) {
			buf__puts(out, "-1");
			return;
		}
		break;
	}
	if (p->group != GROUP_NONE)
		put_group(p, v, out);
	else if (p->base == BASE_HEX && v)
		put_base(out, v, 4, "0x");
	else if (p->base == BASE_OCT && v)
		put_base(out, v, 3, "0");
	else if (p->type <= PT_S64 || p->type == PT_ERRNO)
		put_s64(out, (int64_t)v);
	else
		rpl_put_u64(out, v);
}

static void put_text(const struct fmt_param *p, const struct fmt_str *s, uint32_t payload, struct buf *out)
{
	uint32_t n = s->len;

	if (p->type == PT_STRLIST) {
		put_strlist(out, s);
		return;
	}
	if (p->type == PT_BYTES && n > payload)
		n = payload;
	put_quoted(out, s->p, n, n < s->full_len);
}

/* What only the engine can spell: addresses and lists of descriptors. */
static bool put_by_engine(const struct eng_ctx *ctx, unsigned param, struct buf *out)
{
	struct buf raw = { 0 };
	bool ok = eng_event__arg(ctx, param, 0, &raw);

	if (ok)
		text__safe(out, (const char *)raw.p, raw.len);
	buf__done(&raw);
	return ok;
}

bool rpl_value(const struct eng_ctx *ctx, unsigned param, uint32_t payload, struct buf *out)
{
	const struct fmt_param *p = &ctx->ev->info->params[param];
	const struct fmt_str *s;
	struct fmt_str bytes;
	uint64_t v;

	switch (fmt_ptype_store(p->type)) {
	case STORE_INT:
		if (!fmt_ev__int(ctx->ev, param, &v))
			return false;
		put_int(ctx, p, v, out);
		return true;
	case STORE_BYTES:
		if (!fmt_ev__bytes(ctx->ev, param, &bytes))
			return false;
		put_text(p, &bytes, payload, out);
		return true;
	case STORE_STR:
		s = fmt_ev__str(ctx->ev, param);
		if (!s)
			return false;
		if (p->type == PT_SOCKADDR || p->type == PT_SOCKTUPLE || p->type == PT_FDLIST)
			return put_by_engine(ctx, param, out);
		put_text(p, s, payload, out);
		return true;
	}
	return false;
}
