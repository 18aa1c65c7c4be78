// SPDX-License-Identifier: Apache-2.0
/*
 * One event as one line:
 *
 *   14:03:07.123456789 3f2a9c0d11ee bash(4321) openat("/etc/shadow", O_RDONLY) = 3</etc/shadow> 12us
 *   14:03:07.123456789 k8s alice create pods/exec default/web-0 = 101
 *
 * Arguments stand in the order of the call itself. What a descriptor refers to follows it in angle brackets; what
 * the kernel adds beside the call (inode, memory use, credentials) is left to -o json and %evt.args.
 */
#include <string.h>

#include "replay/replay.h"

#define MAX_ERRNO 4095
#define AT_CWD (-100)		/* AT_FDCWD */
_Static_assert((unsigned)P_execve_exe == P_execveat_exe && (unsigned)P_execve_args == P_execveat_args &&
	       (unsigned)P_execve_flags == P_execveat_flags, "what both have is in the same place");

/* Colours: SGR codes of the parts of a line. */
#define C_TIME "\033[2m"
#define C_BOX "\033[36m"
#define C_PROC "\033[1m"
#define C_CALL "\033[33m"
#define C_ERR "\033[31m"
#define C_OFF "\033[0m"

/* How the lines of one event type are made; filled in once. */
struct layout {
	uint8_t order[FMT_MAX_PARAMS];	/* parameters shown, in this order */
	uint8_t n;
	int8_t ret;			/* the parameter that is the result, -1 none */
	int8_t target;			/* exec: the file that runs now; -1 */
	bool named;			/* not a call: parameters with their names */
	bool ready;
	/* bit by parameter: where the value 0, or the working directory, goes without saying */
	uint64_t hide_zero, hide_cwd;
};

struct line {
	const struct eng_ctx *ctx;
	const struct layout *lay;
	struct buf *out;
	uint32_t payload;
	bool color;
};

static void paint(struct line *l, const char *code)
{
	if (l->color)
		buf__puts(l->out, code);
}

static bool is_exec(const struct fmt_event_info *info)
{
	return info->id == EV_execve || info->id == EV_execveat;
}

static bool is_clone(const struct fmt_event_info *info)
{
	return info->id == EV_clone || info->id == EV_clone3 || info->id == EV_fork || info->id == EV_vfork;
}

static bool in_words(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

/* Is this parameter worth its place in the line? */
static bool is_shown(const struct fmt_event_info *info, unsigned i)
{
	static const char *const never[] = {
		"dev", "ino", "vm_size", "vm_rss", "vm_swap", "queuepct", "queuelen", "queuemax", "msgcontrol", NULL
	};
	static const char *const of_exec[] = {
		"filename", "dirfd", "pathname", "exe", "args", "at_flags", NULL
	};
	const struct fmt_param *p = &info->params[i];

	if (p->src == SRC_RET || p->src == SRC_DRV)
		return false;
	if (is_exec(info))
		return in_words(p->name, of_exec);
	if (is_clone(info))
		return !strcmp(p->name, "flags");
	if (info->id == EV_container || info->id == EV_state_container)
		return strcmp(p->name, "json") != 0;
	if (info->flags & EF_KEYFRAME)
		return true;
	if (in_words(p->name, never))
		return false;
	if (!strcmp(p->name, "path") && info->flags & EF_OPENS_FD)
		return fmt_event__param(info, "name") < 0;	/* else it is what the result shows */
	if (p->type == PT_SOCKTUPLE)			/* the descriptor's name has it */
		return info->flags & EF_USES_FD ? false : !(info->flags & EF_OPENS_FD);
	return true;
}

/* Place of a parameter in the call: its register, or behind the one before it. */
static unsigned rank(const struct fmt_param *p, unsigned before)
{
	if (p->src >= SRC_A0 && p->src <= SRC_A5)
		return (unsigned)(p->src - SRC_A0) * 64;
	if (p->src >= SRC_S0 && p->src <= SRC_S5)
		return (unsigned)(p->src - SRC_S0) * 64;
	return before + 1;
}

static void make_layout(struct layout *lay, const struct fmt_event_info *info)
{
	unsigned ranks[FMT_MAX_PARAMS], before = 32;

	lay->ret = lay->target = -1;
	lay->named = !(info->flags & (EF_SYSCALL | EF_URING));
	for (unsigned i = 0; i < info->n_params; i++) {
		unsigned at = lay->n, r = lay->named || is_exec(info) ? i : rank(&info->params[i], before);

		if (info->params[i].src == SRC_RET && lay->ret < 0)
			lay->ret = (int8_t)i;
		if (info->flags & EF_OPENS_FD && !strcmp(info->params[i].name, "mode"))
			lay->hide_zero |= (uint64_t)1 << i;
		if (!lay->named && info->params[i].type == PT_FD && !strstr(info->params[i].name, "out"))
			lay->hide_cwd |= (uint64_t)1 << i;
		if (!is_shown(info, i))
			continue;
		before = r;
		for (; at > 0 && ranks[at - 1] > r; at--) {
			ranks[at] = ranks[at - 1];
			lay->order[at] = lay->order[at - 1];
		}
		ranks[at] = r;
		lay->order[at] = (uint8_t)i;
		lay->n++;
	}
	if (is_exec(info)) {
		static const char *const order[] = {
			"dirfd", "filename", "pathname", "exe", "args", "at_flags"
		};

		lay->target = (int8_t)fmt_event__param(info, "trusted_exepath");
		lay->n = 0;
		for (unsigned i = 0; i < sizeof(order) / sizeof(*order); i++)
			if (fmt_event__param(info, order[i]) >= 0)
				lay->order[lay->n++] = (uint8_t)fmt_event__param(info, order[i]);
	}
	lay->ready = true;
}

static const struct layout *layout_of(const struct fmt_event_info *info)
{
	static __thread struct layout layouts[FMT_MAX_EVENTS];
	struct layout *lay = &layouts[info->id];

	if (!lay->ready)
		make_layout(lay, info);
	return lay;
}

/* "850ns", "12us", "1.25ms", "3.4s": three digits say enough. */
static void put_duration(struct buf *out, uint64_t ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	uint64_t unit = 1, whole, hundredths;
	unsigned u = 0;

	for (; u < 3 && ns / unit >= 1000; u++)
		unit *= 1000;
	whole = ns / unit;
	hundredths = unit > 1 ? ns % unit * 100 / unit : 0;
	rpl_put_u64(out, whole);
	if (whole < 100 && hundredths >= (whole < 10 ? 1 : 10)) {
		char digits[3] = { '.', (char)('0' + hundredths / 10), (char)('0' + hundredths % 10) };

		buf__add(out, digits, whole < 10 ? 3 : 2);
	}
	buf__puts(out, units[u]);
}

/* Who asked for what an audit log tells. */
static bool put_asker(struct line *l)
{
	const struct fmt_str *s = l->ctx->ev->type == EV_k8s_audit ? fmt_ev__str(l->ctx->ev, P_k8s_audit_user) : NULL;

	if (s)
		text__safe(l->out, s->p, s->len);
	return s && s->len;
}

static void put_head(struct line *l)
{
	const struct eng_ctx *ctx = l->ctx;
	const struct eng_thread *t = ctx->thread;
	const struct eng_container *c = eng_ctx__container(ctx);
	const char *box = c ? c->id : ctx->ev->type == EV_k8s_audit ? "k8s" : "host";

	paint(l, C_TIME);
	rpl_put_clock(l->out, fmt_ev__ts(ctx->ev));
	paint(l, C_OFF);
	buf__add(l->out, " ", 1);
	paint(l, C_BOX);
	text__safe(l->out, box, strlen(box));
	paint(l, C_OFF);
	buf__add(l->out, " ", 1);
	paint(l, C_PROC);
	if (!rpl_has_process(ctx->ev)) {
		if (!put_asker(l))
			buf__puts(l->out, "-");
		paint(l, C_OFF);
		buf__add(l->out, " ", 1);
		return;
	}
	if (t->comm)
		text__safe(l->out, t->comm->s, t->comm->len);
	buf__add(l->out, "(", 1);
	rpl_put_u64(l->out, fmt_ev__pid(ctx->ev));
	if (fmt_ev__tid(ctx->ev) != fmt_ev__pid(ctx->ev)) {
		buf__add(l->out, "/", 1);
		rpl_put_u64(l->out, fmt_ev__tid(ctx->ev));
	}
	buf__add(l->out, ")", 1);
	paint(l, C_OFF);
	buf__add(l->out, " ", 1);
}

/* argv of an exec: argv[0] and the rest are two parameters, one list in the line. */
static bool put_argv(struct line *l, unsigned exe, unsigned args)
{
	size_t start = l->out->len;
	struct buf rest = { 0 };
	bool has_args;

	buf__add(l->out, "[", 1);
	if (!rpl_value(l->ctx, exe, l->payload, l->out)) {
		l->out->len = start;
		return false;
	}
	has_args = rpl_value(l->ctx, args, l->payload, &rest);
	if (has_args && rest.len > 2) {
		buf__add(l->out, ", ", 2);
		buf__add(l->out, rest.p + 1, rest.len - 1);
	} else {
		buf__add(l->out, "]", 1);
	}
	buf__done(&rest);
	return true;
}

static bool put_arg(struct line *l, unsigned i)
{
	const struct fmt_ev *e = l->ctx->ev;
	uint64_t bit = (uint64_t)1 << i, v;

	if (is_exec(e->info) && i == (unsigned)P_execve_exe)
		return put_argv(l, P_execve_exe, P_execve_args);
	if (is_exec(e->info) && i == (unsigned)P_execve_args)
		return false;
	if (l->lay->hide_zero & bit && fmt_ev__int(e, i, &v) && !v)
		return false;
	if (l->lay->hide_cwd & bit && fmt_ev__int(e, i, &v) && (int64_t)v == AT_CWD)
		return false;
	return rpl_value(l->ctx, i, l->payload, l->out);
}

static void put_args(struct line *l)
{
	const struct layout *lay = l->lay;
	bool first = true;

	buf__add(l->out, "(", 1);
	for (unsigned k = 0; k < lay->n; k++) {
		size_t before = l->out->len;

		if (!first)
			buf__add(l->out, ", ", 2);
		if (lay->named)
			buf__printf(l->out, "%s=", l->ctx->ev->info->params[lay->order[k]].name);
		if (put_arg(l, lay->order[k]))
			first = false;
		else
			l->out->len = before;
	}
	buf__add(l->out, ")", 1);
}

static uint64_t int_or(const struct fmt_ev *e, unsigned p, uint64_t otherwise)
{
	uint64_t v = otherwise;

	fmt_ev__int(e, p, &v);
	return v;
}

/* What is odd about an executable: in memory only, in the writable layer, ... */
static void put_oddities(struct line *l)
{
	if (!int_or(l->ctx->ev, P_execve_flags, 0))
		return;
	buf__add(l->out, " ", 1);
	rpl_value(l->ctx, P_execve_flags, 0, l->out);
}

static void put_result(struct line *l)
{
	const struct eng_ctx *ctx = l->ctx;
	int64_t res = fmt_ev__res(ctx->ev);
	const char *name;

	if (ctx->ev->type == EV_exit || ctx->ev->type == EV_exit_group)
		return;
	buf__add(l->out, " = ", 3);
	if (res == FMT_NO_RES) {
		buf__add(l->out, "?", 1);
		return;
	}
	if (res < 0 && res >= -MAX_ERRNO) {
		name = fmt_errno_name((int)-res);
		paint(l, C_ERR);
		buf__puts(l->out, "-1 ");
		if (name)
			buf__puts(l->out, name);
		else
			rpl_put_u64(l->out, (uint64_t)-res);
		paint(l, C_OFF);
		return;
	}
	if (l->lay->ret < 0 || !rpl_value(ctx, (unsigned)l->lay->ret, l->payload, l->out))
		rpl_put_u64(l->out, (uint64_t)res);
	if (l->lay->target >= 0) {
		const struct fmt_str *path = fmt_ev__str(ctx->ev, (unsigned)l->lay->target);

		if (path && path->len) {
			buf__puts(l->out, " <");
			text__safe(l->out, path->p, path->len);
			buf__add(l->out, ">", 1);
		}
		put_oddities(l);
	}
}

static void put_end(struct line *l)
{
	const struct fmt_ev *e = l->ctx->ev;
	uint64_t sig = int_or(e, P_procexit_sig, 0);

	if (sig) {
		buf__puts(l->out, "+++ killed by ");
		rpl_value(l->ctx, P_procexit_sig, 0, l->out);
		buf__puts(l->out, int_or(e, P_procexit_core, 0) ? " (core dumped)" : "");
		buf__puts(l->out, int_or(e, P_procexit_oom, 0) ? " (out of memory)" : "");
	} else {
		buf__puts(l->out, "+++ exited with ");
		rpl_put_u64(l->out, int_or(e, P_procexit_ret, 0));
	}
	buf__puts(l->out, " +++");
}

static void put_signal(struct line *l)
{
	buf__puts(l->out, "--- ");
	rpl_value(l->ctx, P_signaldeliver_sig, 0, l->out);
	if (int_or(l->ctx->ev, P_signaldeliver_spid, 0)) {
		buf__puts(l->out, " from ");
		rpl_value(l->ctx, P_signaldeliver_spid, 0, l->out);
	}
	buf__puts(l->out, " ---");
}

static void put_drop(struct line *l)
{
	const struct fmt_ev *e = l->ctx->ev;
	uint64_t from = int_or(e, P_drop_from, 0), to = int_or(e, P_drop_to, 0);

	paint(l, C_ERR);
	buf__puts(l->out, "*** ");
	rpl_put_u64(l->out, int_or(e, P_drop_n, 0));
	buf__puts(l->out, " events lost");
	if ((int64_t)int_or(e, P_drop_cpu, UINT64_MAX) >= 0) {
		buf__puts(l->out, " on cpu ");
		rpl_put_u64(l->out, int_or(e, P_drop_cpu, 0));
	}
	if (from && to) {
		buf__puts(l->out, " between ");
		rpl_put_clock(l->out, from);
		buf__puts(l->out, " and ");
		rpl_put_clock(l->out, to);
	}
	buf__puts(l->out, ": ");
	if (!rpl_value(l->ctx, P_drop_reason, 0, l->out))
		buf__puts(l->out, "reason not known");
	buf__puts(l->out, " ***");
	paint(l, C_OFF);
}

/* Who is in the head. */
static void put_audit(struct line *l)
{
	struct buf text = { 0 };

	eng_event__audit_line(l->ctx, &text);
	text__safe(l->out, (char *)text.p, text.len);
	buf__done(&text);
}

void rpl_line(const struct eng_ctx *ctx, uint32_t payload, bool color, struct buf *out)
{
	const struct fmt_ev *e = ctx->ev;
	struct line l = { ctx, layout_of(e->info), out, payload, color };

	put_head(&l);
	switch (e->type) {
	case EV_procexit:
		put_end(&l);
		break;
	case EV_signaldeliver:
		put_signal(&l);
		break;
	case EV_drop:
		put_drop(&l);
		break;
	case EV_k8s_audit:
		put_audit(&l);
		break;
	default:
		paint(&l, C_CALL);
		buf__puts(out, e->info->name);
		paint(&l, C_OFF);
		put_args(&l);
		if (!l.lay->named)
			put_result(&l);
	}
	if (fmt_ev__dur(e)) {
		buf__add(out, " ", 1);
		paint(&l, C_TIME);
		put_duration(out, fmt_ev__dur(e));
		paint(&l, C_OFF);
	}
	buf__add(out, "\n", 1);
}
