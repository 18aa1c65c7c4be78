// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/model/events/stream.h"

int ins_stream__new(struct ins_stream **ret, struct ins_trace *t, const struct ins_model *m,
		    const struct ins_lens *lens, struct ins_scope scope)
{
	struct ins_stream *s = xcalloc(1, sizeof(*s));
	int r = ins_evlist__new(&s->list, t, m, lens, scope, false);

	if (r < 0) {
		free(s);
		return r;
	}
	ins_evlist__only(s->list, (struct ins_only){ .kind = ONLY_BYTES });
	s->at = INS_EV_FIRST;
	*ret = s;
	return 0;
}

void ins_stream__free(struct ins_stream *s)
{
	if (!s)
		return;
	ins_evlist__free(s->list);
	buf__done(&s->bytes);
	strtab__done(&s->str);
	free(s->pieces);
	free(s);
}

bool ins_stream__again(struct ins_stream *s)
{
	s->done = false;
	if (ins_evlist__rescope(s->list, s->at))
		return true;
	s->bytes.len = 0;
	s->n = 0;
	s->full[0] = s->full[1] = s->left_out = 0;
	s->at = INS_EV_FIRST;
	return false;
}

const char *ins_stream__str(const struct ins_stream *s, uint32_t id)
{
	const struct fmt_str *str = strtab__get(&s->str, id);

	return str ? str->p : "";
}

static uint32_t keep(struct ins_stream *s, const struct eng_str *str)
{
	uint32_t n = str && str->len < INS_MAX_TEXT ? str->len : str ? INS_MAX_TEXT : 0;

	return n ? strtab__add(&s->str, str->s, n, n) : 0;
}

/* What the descriptor is called: its name, else its number and kind. */
static uint32_t name_of(struct ins_stream *s, const struct eng_ctx *ctx)
{
	char kind[32], text[64];

	if (ctx->fd && ctx->fd->name && ctx->fd->name->len)
		return keep(s, ctx->fd->name);
	fmt_group__text(GROUP_fd_type, ctx->fd ? ctx->fd->type : FDT_UNKNOWN, kind, sizeof(kind));
	snprintf(text, sizeof(text), "%s %lld", ctx->fd && ctx->fd->type ? kind : "descriptor",
		 ctx->has_fd_num ? (long long)ctx->fd_num : -1);
	return strtab__add(&s->str, text, (uint32_t)strlen(text), (uint32_t)strlen(text));
}

static void add_piece(void *arg, const struct eng_ctx *ctx)
{
	struct ins_stream *s = arg;
	const struct fmt_ev *ev = ctx->ev;
	int64_t res = fmt_ev__res(ev);
	struct fmt_str bytes = { "", 0, 0 };
	struct ins_piece *p;
	bool out = ev->info->flags & EF_WRITES;

	if (res <= 0 && res != FMT_NO_RES)
		return;
	if (!fmt_ev__bytes(ev, (unsigned)ev->info->data_param, &bytes) && res == FMT_NO_RES)
		return;
	if (res > 0 && bytes.full_len < (uint64_t)res)
		bytes.full_len = (uint32_t)res;
	s->full[out] += bytes.full_len;
	if (s->bytes.len + bytes.len > INS_MAX_STREAM || s->n >= INS_MAX_PIECES) {
		s->left_out += bytes.full_len;
		return;
	}
	s->pieces = xgrow(s->pieces, &s->cap, s->n + 1, sizeof(*s->pieces));
	p = &s->pieces[s->n++];
	*p = (struct ins_piece){
		.num = fmt_ev__num(ev), .ts = fmt_ev__ts(ev), .off = (uint32_t)s->bytes.len,
		.len = bytes.len, .full = bytes.full_len, .pid = (int32_t)ctx->proc->pid,
		.origin = (uint8_t)fmt_ev__origin(ctx->ev),
		.who = keep(s, ctx->thread->comm), .name = name_of(s, ctx),
		.out = out,
	};
	buf__add(&s->bytes, bytes.p, bytes.len);
}

bool ins_stream__step(struct ins_stream *s, uint64_t ns)
{
	uint64_t until = ins_now() + ns;
	struct ins_evpos to;

	while (!s->done) {
		enum ins_answer a = ins_evlist__next(s->list, s->at, 1, ns, &to);

		if (a == INS_FOUND) {
			a = ins_evlist__visit(s->list, to, ns, add_piece, s);
			if (a != INS_PENDING)
				s->at = to;
		} else if (a == INS_END) {
			s->done = true;
		}
		if (a == INS_PENDING || ins_now() > until)
			break;
	}
	return !s->done;
}
