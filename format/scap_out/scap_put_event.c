// SPDX-License-Identifier: Apache-2.0
/*
 * The parameters of an event as a capture has them.
 */
#include <assert.h>
#include <string.h>

#include "format/base/cursor.h"
#include "format/scap_out/scap_writer_internal.h"

static bool get_num(struct scap_writer *w, const struct fmt_ev *ev, unsigned param, uint64_t *ret)
{
	if (fmt_ev__int(ev, param, ret))
		return true;
	return w->o.fill && ev->info->flags & EF_STATE && w->o.fill(w->o.fill_arg, ev, param, ret, NULL);
}

static bool get_str(struct scap_writer *w, const struct fmt_ev *ev, unsigned param, struct fmt_str *ret)
{
	const struct fmt_str *s = fmt_ev__str(ev, param);

	if (s) {
		*ret = *s;
		return true;
	}
	return w->o.fill && ev->info->flags & EF_STATE && w->o.fill(w->o.fill_arg, ev, param, NULL, ret);
}

/* --- what must have a shape ------------------------------------------------------------------- */

enum { AF_UNIX_ = 1, AF_INET_ = 2, AF_INET6_ = 10 };	/* as written, on any machine */

#define MAX_UNIX_PATH 109u	/* sockaddr_un's, and a NUL */
#define MAX_OTHER_ADDR 128u	/* sockaddr_storage's */

static bool is_path(const uint8_t *p, uint32_t n)
{
	return n && n <= MAX_UNIX_PATH && memchr(p, 0, n) == p + n - 1;
}

static bool good_addr(const uint8_t *p, uint32_t n)
{
	switch (p[0]) {
	case AF_UNIX_: return is_path(p + 1, n - 1);
	case AF_INET_: return n == 7;
	case AF_INET6_: return n == 19;
	default: return n <= MAX_OTHER_ADDR;
	}
}

static bool good_tuple(const uint8_t *p, uint32_t n)
{
	switch (p[0]) {
	case AF_UNIX_: return n > 17 && is_path(p + 17, n - 17);
	case AF_INET_: return n == 13;
	case AF_INET6_: return n == 37;
	default: return n <= MAX_OTHER_ADDR;
	}
}

static bool good_fdlist(const uint8_t *p, uint32_t n)
{
	struct cursor c = cursor__of(p, n);
	uint32_t count = cursor__le16(&c);

	return !c.bad && cursor__left(&c) == count * 10u;
}

static bool well_formed(uint8_t put, const void *p, uint32_t n)
{
	switch (put) {
	case SPUT_ADDR: return !n || good_addr(p, n);
	case SPUT_TUPLE: return !n || good_tuple(p, n);
	case SPUT_FDLIST: return !n || good_fdlist(p, n);
	}
	return true;
}

/* --- values that say what they are ------------------------------------------------------------ */

/* Selectors; from driver/dynamic_params_table.c and ppm_events_public.h of the Falco libraries. */
enum { SOCKOPT_BYTES, SOCKOPT_ERRNO, SOCKOPT_U32, SOCKOPT_U64, SOCKOPT_TIME };
enum { PTRACE_DYN_U64, PTRACE_DYN_SIGNAL };
enum { KEYCTL_DYN_S64, KEYCTL_DYN_STR };

/* Stored values of symbols (flags.def). */
enum {
	LEVEL_SOCKET = 1,
	OPT_ERROR = 4, OPT_RCVTIMEO = 20, OPT_SNDTIMEO = 21, OPT_COOKIE = 53, OPT_RCVTIMEO_NEW = 210, OPT_SNDTIMEO_NEW = 211,
	REQ_CONT = 8, REQ_SINGLESTEP = 10, REQ_DETACH = 12, REQ_SYSCALL = 13,
};

static_assert((int)P_setsockopt_val == P_getsockopt_val && (int)P_setsockopt_optval == P_getsockopt_optval &&
	      (int)P_setsockopt_level == P_getsockopt_level && (int)P_setsockopt_optname == P_getsockopt_optname &&
	      (int)P_setsockopt_optlen == P_getsockopt_optlen, "both have the same parameters");

static void dyn(struct scap_value *v, uint8_t selector, uint64_t num, unsigned width)
{
	scap_value__num(v, num, width);
	v->sel = true;
	v->selector = selector;
}

static void sockopt_number(struct scap_value *v, uint64_t optname, uint64_t val)
{
	switch (optname) {
	case OPT_ERROR:
		dyn(v, SOCKOPT_ERRNO, val, 8);
		break;
	case OPT_RCVTIMEO: case OPT_SNDTIMEO: case OPT_RCVTIMEO_NEW: case OPT_SNDTIMEO_NEW:
		dyn(v, SOCKOPT_TIME, val, 8);
		break;
	case OPT_COOKIE:
		dyn(v, SOCKOPT_U64, val, 8);
		break;
	default:
		dyn(v, val > UINT32_MAX ? SOCKOPT_U64 : SOCKOPT_U32, val, val > UINT32_MAX ? 8 : 4);
	}
}

/* A number for the options of the socket level, else the option's bytes. */
static void sockopt(struct scap_value *v, const struct fmt_ev *ev)
{
	uint64_t val = 0, level = 0, optname = 0, optlen = 4;
	bool number = fmt_ev__int(ev, P_setsockopt_val, &val);
	struct fmt_str bytes;

	fmt_ev__int(ev, P_setsockopt_level, &level);
	fmt_ev__int(ev, P_setsockopt_optname, &optname);
	if (number && level == LEVEL_SOCKET) {
		sockopt_number(v, optname, val);
	} else if (fmt_ev__bytes(ev, P_setsockopt_optval, &bytes)) {
		scap_value__raw(v, bytes.p, bytes.len);
		v->sel = true;
		v->selector = SOCKOPT_BYTES;
	} else if (number) {
		fmt_ev__int(ev, P_setsockopt_optlen, &optlen);
		dyn(v, SOCKOPT_BYTES, val, val > UINT32_MAX || optlen == 8 ? 8 : 4);
	} else {
		scap_value__raw(v, NULL, 0);
	}
}

static void ptrace_arg(struct scap_value *v, const struct fmt_ev *ev, unsigned param)
{
	uint64_t val, request = 0;

	if (!fmt_ev__int(ev, param, &val)) {
		scap_value__raw(v, NULL, 0);
		return;
	}
	fmt_ev__int(ev, P_ptrace_request, &request);
	if (param == P_ptrace_data && val < 128 && (request == REQ_CONT || request == REQ_SINGLESTEP ||
						     request == REQ_DETACH || request == REQ_SYSCALL))
		dyn(v, PTRACE_DYN_SIGNAL, val, 1);
	else
		dyn(v, PTRACE_DYN_U64, val, 8);
}

static void dynamic(struct scap_value *v, const struct fmt_ev *ev, unsigned param)
{
	uint64_t val;

	if (ev->type == EV_setsockopt || ev->type == EV_getsockopt)
		sockopt(v, ev);
	else if (ev->type == EV_ptrace)
		ptrace_arg(v, ev, param);
	else if (fmt_ev__int(ev, param, &val))
		dyn(v, KEYCTL_DYN_S64, val, 8);
	else
		scap_value__raw(v, NULL, 0);
}

/* --- parameters ------------------------------------------------------------------------------- */

static void unknown_number(const struct scap_plan_param *p, struct scap_value *v)
{
	scap_value__num(v, p->ones ? UINT64_MAX : 0, p->width);
}

static void number(struct scap_writer *w, const struct fmt_ev *ev, const struct scap_plan_param *p, struct scap_value *v)
{
	uint64_t val;

	if (p->param >= 0 && p->store == STORE_INT && get_num(w, ev, (unsigned)p->param, &val))
		scap_value__num(v, val, p->width);
	else if (p->since)
		scap_value__num(v, 0, 0);
	else
		unknown_number(p, v);
}

/* An event that has what came late has what came before. */
static void complete(struct scap_block *b, const struct scap_plan *plan)
{
	uint32_t latest = 0;

	for (unsigned i = 0; i < plan->n; i++)
		if (plan->p[i].since > latest && !(plan->p[i].since & 1) && (b->v[i].len || b->v[i].nul))
			latest = plan->p[i].since;
	for (unsigned i = 0; i < plan->n && latest; i++)
		if (plan->p[i].put == SPUT_NUM && !b->v[i].len && plan->p[i].since <= latest)
			unknown_number(&plan->p[i], &b->v[i]);
}

static void string(struct scap_writer *w, const struct fmt_ev *ev, const struct scap_plan_param *p, struct scap_value *v)
{
	struct fmt_str s;

	scap_value__raw(v, NULL, 0);
	if (p->param < 0)
		return;
	if (p->store == STORE_BYTES ? !fmt_ev__bytes(ev, (unsigned)p->param, &s) :
				      !get_str(w, ev, (unsigned)p->param, &s))
		return;
	if (p->put == SPUT_STR) {
		scap_value__str(v, s.p, s.len);
		w->st.cut += v->len < s.len;
	} else if (well_formed(p->put, s.p, s.len)) {
		scap_value__raw(v, s.p, s.len);
		v->put = p->put;
	} else {
		w->st.malformed++;
	}
}

/* A process that inherits its own children: upstream's readers take that for a fault of theirs, and give up. */
static void no_own_heir(struct scap_writer *w, const struct fmt_ev *ev)
{
	struct scap_value *heir = &w->block.v[P_procexit_reaper_tid];

	if (ev->type == EV_procexit && heir->num == w->block.tid && heir->num) {
		heir->num = 0;
		w->st.malformed++;
	}
}

void scap_put__params(struct scap_writer *w, const struct fmt_ev *ev, const struct scap_plan *plan)
{
	struct scap_block *b = &w->block;

	b->ts = fmt_ev__ts(ev);
	b->tid = scap_put__tid(ev);
	b->cpu = (uint16_t)fmt_ev__cpu(ev);
	b->code = plan->code;
	b->n = plan->n;
	b->large = plan->large;
	for (unsigned i = 0; i < plan->n; i++) {
		const struct scap_plan_param *p = &plan->p[i];

		if (p->put == SPUT_NUM)
			number(w, ev, p, &b->v[i]);
		else if (p->put == SPUT_DYN)
			dynamic(&b->v[i], ev, (unsigned)p->param);
		else
			string(w, ev, p, &b->v[i]);
	}
	complete(b, plan);
	no_own_heir(w, ev);
}

void scap_put__block(struct scap_writer *w)
{
	w->st.cut += scap_block__put(&w->block, &w->out);
	w->st.events += !w->block.flags;
}
