// SPDX-License-Identifier: Apache-2.0
/*
 * One event as one JSON object:
 *
 *   {"num":7,"time":"2026-11-27T14:03:07.123456789Z","type":"openat","category":"file","cpu":1,"duration":12034,
 *    "res":-13,"error":"EACCES","args":{"dirfd":-100,"name":"/etc/shadow","flags":"O_RDONLY"},
 *    "fd":{"num":3,"type":"file","name":"/etc/shadow"},
 *    "process":{"pid":12,"tid":12,"name":"cat","exe":"cat","exepath":"/usr/bin/cat","cmdline":"cat /etc/shadow",
 *               "cwd":"/root/","uid":0,"user":"root","ppid":9,"parent":"bash"},
 *    "container":{"id":"3f2a9c0d11ee","name":"web","image":"nginx"}}
 *
 * Keys are always in this order; a key whose value is not known is left out. Durations are ns. Flags and enumerations are
 * text, or a number where no symbol covers them; addresses and other hexadecimal numbers are "0x…" text, which no
 * reader rounds; lists are arrays; payload is {"size":BYTES THERE WERE,"base64":"BYTES KEPT"}. What the capture cut is
 * named in "cut" with its true length.
 */
#include <string.h>

#include "replay/replay.h"

#define MAX_ERRNO 4095

static void put_string(struct buf *out, const char *s, size_t n)
{
	buf__add(out, "\"", 1);
	text__json(out, s, n);
	buf__add(out, "\"", 1);
}

static void put_cstr(struct buf *out, const char *s)
{
	put_string(out, s, strlen(s));
}

/* The key, with the comma before it unless it is the first of its object. Keys are ours: nothing to escape. */
static void put_key(struct buf *out, const char *key)
{
	size_t n = strlen(key);
	bool first = out->len && out->p[out->len - 1] == '{';
	uint8_t *p;

	buf__reserve(out, n + 4);
	p = out->p + out->len;
	if (!first)
		*p++ = ',';
	*p++ = '"';
	memcpy(p, key, n);
	p += n;
	*p++ = '"';
	*p++ = ':';
	out->len = (size_t)(p - out->p);
}

static void put_estr(struct buf *out, const char *key, const struct eng_str *s)
{
	if (!s)
		return;
	put_key(out, key);
	put_string(out, s->s, s->len);
}

static void put_s64(struct buf *out, int64_t v)
{
	if (v < 0)
		buf__add(out, "-", 1);
	rpl_put_u64(out, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

static void put_num(struct buf *out, const char *key, int64_t v)
{
	put_key(out, key);
	put_s64(out, v);
}

static void put_base64(struct buf *out, const uint8_t *p, size_t n)
{
	static const char abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	buf__add(out, "\"", 1);
	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) |
			     (i + 2 < n ? p[i + 2] : 0);
		char four[4] = { abc[v >> 18], abc[v >> 12 & 63], i + 1 < n ? abc[v >> 6 & 63] : '=',
				 i + 2 < n ? abc[v & 63] : '=' };

		buf__add(out, four, 4);
	}
	buf__add(out, "\"", 1);
}

static void put_strlist(struct buf *out, const struct fmt_str *s)
{
	const char *p = s->p, *end = s->p + s->len;

	buf__add(out, "[", 1);
	while (p < end) {
		const char *nul = memchr(p, 0, (size_t)(end - p));
		size_t n = nul ? (size_t)(nul - p) : (size_t)(end - p);

		if (p != s->p)
			buf__add(out, ",", 1);
		put_string(out, p, n);
		p += n + 1;
	}
	buf__add(out, "]", 1);
}

static void put_int_value(struct buf *out, const struct fmt_param *p, uint64_t v)
{
	char text[1024];
	const char *name;

	if (p->type == PT_MODE || (p->base == BASE_OCT && p->group == GROUP_NONE)) {
		buf__printf(out, "\"%#llo\"", (unsigned long long)v);
		return;
	}
	if (p->group != GROUP_NONE) {
		size_t n = fmt_group__text(p->group, (uint32_t)v, text, sizeof(text));

		if (n && n < sizeof(text)) {
			put_string(out, text, n);
			return;
		}
	}
	switch (p->type) {
	case PT_BOOL:
		buf__puts(out, v ? "true" : "false");
		return;
	case PT_UID: case PT_GID:
		if ((uint32_t)v == UINT32_MAX) {	/* none */
			buf__puts(out, "-1");
			return;
		}
		break;
	case PT_ABSTIME:
		put_cstr(out, text__iso(v, "Z", text));
		return;
	case PT_SIGTYPE:
		name = fmt_signal_name((int)v);
		if (name) {
			put_cstr(out, name);
			return;
		}
		break;
	case PT_SYSCALLID:
		if (fmt_event((unsigned)v)) {
			put_cstr(out, fmt_event((unsigned)v)->name);
			return;
		}
		break;
	}
	if (p->base == BASE_HEX)
		buf__printf(out, "\"0x%llx\"", (unsigned long long)v);
	else if (p->type <= PT_S64 || p->type == PT_ERRNO || p->type == PT_FD || p->type == PT_PID)
		put_s64(out, (int64_t)v);
	else
		rpl_put_u64(out, v);
}

static void put_engine_text(const struct eng_ctx *ctx, unsigned i, struct buf *out)
{
	struct buf text = { 0 };

	eng_event__arg(ctx, i, 0, &text);
	put_string(out, (const char *)text.p, text.len);
	buf__done(&text);
}

/* One parameter, if the event carries it. Returns its true length if it was cut, else 0. */
static uint32_t put_param(const struct eng_ctx *ctx, unsigned i, struct buf *out)
{
	const struct fmt_param *p = &ctx->ev->info->params[i];
	const struct fmt_str *s = NULL;
	struct fmt_str bytes;
	uint64_t v;

	switch (fmt_ptype_store(p->type)) {
	case STORE_INT:
		if (!fmt_ev__int(ctx->ev, i, &v))
			return 0;
		put_key(out, p->name);
		put_int_value(out, p, v);
		return 0;
	case STORE_BYTES:
		if (!fmt_ev__bytes(ctx->ev, i, &bytes))
			return 0;
		put_key(out, p->name);
		buf__puts(out, "{\"size\":");
		rpl_put_u64(out, bytes.full_len);
		buf__puts(out, ",\"base64\":");
		put_base64(out, (const uint8_t *)bytes.p, bytes.len);
		buf__add(out, "}", 1);
		return 0;
	case STORE_STR:
		s = fmt_ev__str(ctx->ev, i);
		break;
	}
	if (!s)
		return 0;
	put_key(out, p->name);
	if (p->type == PT_SOCKADDR || p->type == PT_SOCKTUPLE || p->type == PT_FDLIST)
		put_engine_text(ctx, i, out);
	else if (p->type == PT_STRLIST)
		put_strlist(out, s);
	else
		put_string(out, s->p, s->len);
	return s->full_len > s->len ? s->full_len : 0;
}

static void put_args(const struct eng_ctx *ctx, struct buf *out)
{
	const struct fmt_event_info *info = ctx->ev->info;
	struct buf cut = { 0 };

	put_key(out, "args");
	buf__add(out, "{", 1);
	for (unsigned i = 0; i < info->n_params; i++) {
		uint32_t full = info->params[i].src == SRC_RET ? 0 : put_param(ctx, i, out);

		if (full)
			buf__printf(&cut, "%s\"%s\":%u", cut.len ? "," : "", info->params[i].name, full);
	}
	buf__add(out, "}", 1);
	if (cut.len) {
		put_key(out, "cut");
		buf__add(out, "{", 1);
		buf__add(out, cut.p, cut.len);
		buf__add(out, "}", 1);
	}
	buf__done(&cut);
}

static void put_fd(const struct eng_ctx *ctx, struct buf *out)
{
	char type[32];

	if (!ctx->has_fd_num || ctx->fd_num < 0)
		return;
	put_key(out, "fd");
	buf__add(out, "{", 1);
	put_num(out, "num", ctx->fd_num);
	if (ctx->fd) {
		if (fmt_group__text(GROUP_fd_type, ctx->fd->type, type, sizeof(type))) {
			put_key(out, "type");
			put_cstr(out, type);
		}
		put_estr(out, "name", ctx->fd->name);
	}
	buf__add(out, "}", 1);
}

static void put_process(const struct eng_ctx *ctx, struct buf *out)
{
	const struct eng_proc *p = ctx->proc;
	const struct eng_thread *t = ctx->thread;
	const struct eng_user *user = eng_state__user(ctx->state, t->uid);

	put_key(out, "process");
	buf__add(out, "{", 1);
	put_num(out, "pid", p->pid);
	put_num(out, "tid", t->tid);
	put_estr(out, "name", t->comm);
	put_estr(out, "exe", p->image->exe);
	put_estr(out, "exepath", p->image->exepath);
	put_estr(out, "cmdline", p->image->cmdline);
	put_estr(out, "cwd", p->cwd);
	put_num(out, "uid", t->uid);
	if (user)
		put_estr(out, "user", user->name);
	if (p->ptid > 0)
		put_num(out, "ppid", p->parent ? p->parent->pid : p->ptid);
	if (p->parent)
		put_estr(out, "parent", p->parent->comm);
	buf__add(out, "}", 1);
}

static void put_container(const struct eng_ctx *ctx, struct buf *out)
{
	const struct eng_container *c = eng_ctx__container(ctx);

	put_key(out, "container");
	buf__add(out, "{", 1);
	put_key(out, "id");
	put_cstr(out, c ? c->id : "host");
	if (c) {
		put_estr(out, "name", c->name);
		put_estr(out, "image", c->image);
	}
	buf__add(out, "}", 1);
}

/* As evt.category: for reads and writes it is that of what is read or written. */
static void put_category(const struct eng_ctx *ctx, struct buf *out)
{
	static __thread struct eng_fref ref;
	static __thread struct arena scratch;
	struct eng_vals v = { .scratch = &scratch };

	if (!ref.field && eng_field__resolve("evt.category", 12, &scratch, &ref, NULL))
		return;
	if (eng_field__get(&ref, ctx, false, &v)) {
		put_key(out, "category");
		put_string(out, v.v[0].str.p, v.v[0].str.len);
	}
}

void rpl_json(const struct eng_ctx *ctx, struct buf *out)
{
	const struct fmt_ev *e = ctx->ev;
	int64_t res = fmt_ev__res(e);
	char time[48];

	buf__add(out, "{", 1);
	put_num(out, "num", (int64_t)fmt_ev__num(e));
	put_key(out, "time");
	put_cstr(out, text__iso(fmt_ev__ts(e), "Z", time));
	put_key(out, "type");
	put_cstr(out, e->info->name);
	put_category(ctx, out);
	put_num(out, "cpu", fmt_ev__cpu(e));
	if (fmt_ev__dur(e))
		put_num(out, "duration", (int64_t)fmt_ev__dur(e));
	if (e->info->flags & (EF_SYSCALL | EF_URING) && res != FMT_NO_RES) {
		put_num(out, "res", res);
		if (res < 0 && res >= -MAX_ERRNO && fmt_errno_name((int)-res)) {
			put_key(out, "error");
			put_cstr(out, fmt_errno_name((int)-res));
		}
	}
	put_args(ctx, out);
	put_fd(ctx, out);
	if (rpl_has_process(e)) {
		put_process(ctx, out);
		put_container(ctx, out);
	}
	buf__add(out, "}", 1);
}
