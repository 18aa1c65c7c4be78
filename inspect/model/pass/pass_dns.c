// SPDX-License-Identifier: Apache-2.0
/* Names that were asked for, and the names that connections have by the answers. */
#include <string.h>
#include <sys/socket.h>

#include "inspect/model/pass/pass_internal.h"

/* The name asked for, in this process's container; INS_NONE when the table is full. */
static uint32_t name_of(struct ins_pass *p, const struct fmt_str *text)
{
	struct ins_model *m = p->m;
	uint32_t container = m->procs[p->proc].container, str = ins_model__intern(m, text->p, text->len), i;
	uint64_t key = (uint64_t)(container + 1) << 32 | str;

	if (!str)
		return INS_NONE;
	i = ins_map__get(&m->by_name, key);
	if (i != INS_NONE)
		return i;
	if (m->n_names >= INS_MAX_NAMES) {
		m->left_out++;
		return INS_NONE;
	}
	m->names = xgrow(m->names, &m->cap_names, m->n_names + 1, sizeof(*m->names));
	m->names[m->n_names] = (struct ins_name){ .name = str, .container = container, .proc = p->proc };
	ins_map__put(&m->by_name, key, m->n_names);
	return m->n_names++;
}

/* The list has a NUL behind each address: blanks read better. */
static uint32_t addresses_of(struct ins_pass *p, const struct fmt_str *list)
{
	p->text.len = 0;
	for (uint32_t i = 0; i < list->len && i < INS_MAX_TEXT; i++)
		buf__u8(&p->text, list->p[i] ? (uint8_t)list->p[i] : ' ');
	while (p->text.len && p->text.p[p->text.len - 1] == ' ')
		p->text.len--;
	return ins_model__intern(p->m, (char *)p->text.p, p->text.len);
}

void pass__dns_event(struct ins_pass *p, const struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	const struct fmt_str *text = fmt_ev__str(ev, P_dns_name), *list = fmt_ev__str(ev, P_dns_addresses);
	const struct fmt_str *type = fmt_ev__str(ev, P_dns_qtype);
	uint64_t answer = 0, rcode = 0, latency = 0;
	uint32_t i = text && text->len ? name_of(p, text) : INS_NONE;
	struct ins_name *n;

	if (i == INS_NONE || !p->counts)
		return;
	n = &p->m->names[i];
	fmt_ev__int(ev, P_dns_answer, &answer);
	fmt_ev__int(ev, P_dns_rcode, &rcode);
	if (!n->first_num) {
		n->first_num = fmt_ev__num(ev);
		n->first_ts = fmt_ev__ts(ev);
		n->proc = p->proc;
	}
	n->last_ts = fmt_ev__ts(ev);
	if (type)
		n->type = ins_model__intern(p->m, type->p, type->len);
	if (!answer) {
		n->asked++;
		pass__count_own(p, MET_NAMES, OWN_NAMES);
		return;
	}
	n->answered++;
	n->failed += rcode != 0;
	n->rcode = (uint8_t)rcode;
	if (list && list->len)
		n->addresses = addresses_of(p, list);
	if (fmt_ev__int(ev, P_dns_latency, &latency) && latency > n->slowest)
		n->slowest = latency;
}

uint32_t pass__peer_name(struct ins_pass *p, const struct eng_tuple *t, bool server)
{
	const struct eng_str *s = t->family == AF_INET || t->family == AF_INET6 ?
		eng_state__address_name(p->here, t->family, server ? t->sip : t->cip) : NULL;

	return s && s->len ? ins_model__intern(p->m, s->s, s->len) : 0;
}
