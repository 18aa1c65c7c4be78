// SPDX-License-Identifier: Apache-2.0
/* Parts of a trace and their turns: what each has printed and counted becomes the run's, in order. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/base/log.h"
#include "format/base/progress.h"
#include "replay/replay_eval.h"

static void write_out(struct rpl_out *o, const uint8_t *p, size_t n)
{
	while (!o->error && n) {
		ssize_t got = write(STDOUT_FILENO, p, n);

		if (got >= 0) {
			p += got;
			n -= (size_t)got;
		} else if (errno != EINTR) {
			o->error = errno;
		}
	}
}

int rpl_out__flush(struct rpl_out *o)
{
	write_out(o, o->buf.p, o->buf.len);
	o->buf.len = 0;
	return -o->error;
}

void rpl_print_damage(const struct err *err)
{
	progress__clear();
	err__print(log__tool_name(), err);
}

void rpl_stats__reset(struct rpl_stats *s, unsigned n_rules)
{
	uint64_t *counts = s->per_rule ? s->per_rule : xmalloc((2 * n_rules + 1) * sizeof(*counts));

	memset(counts, 0, (2 * n_rules + 1) * sizeof(*counts));
	*s = (struct rpl_stats){ .per_rule = counts, .gave_up = counts + n_rules };
}

void rpl_part__reset(struct rpl_part *p, const struct rpl_run *r)
{
	rpl_stats__reset(&p->stats, r->n_rules);
	p->out.buf.len = 0;
	p->out.error = 0;
	p->out.color = r->out_color;
	p->n_marks = p->n_counted = 0;
	p->keys.len = 0;
	p->printed = 0;
	p->limit = UINT64_MAX;
	p->direct = p->too_much = p->damaged = p->failed_on = p->explained = false;
	p->code = 0;
}

void rpl_part__done(struct rpl_part *p)
{
	buf__done(&p->out.buf);
	buf__done(&p->keys);
	free(p->marks);
	free(p->counted);
	free(p->stats.per_rule);
}

void rpl_part__count_alert(struct rpl_part *p, const struct rpl_run *r, const struct eng_rule *rule)
{
	p->stats.matched++;
	p->stats.per_rule[rule - r->rules]++;
	if (r->o->has_fail_on && rule->priority <= r->o->fail_on)
		p->failed_on = true;
}

static void write_until(struct rpl_part *p, size_t *done, size_t at)
{
	write_out(&p->out, p->out.buf.p + *done, at - *done);
	*done = at;
}

/* It is counted, and left out of the output if that has not made it enough. */
static void put_counted(struct rpl_part *p, struct rpl_run *r, const struct rpl_counted *c, size_t *done)
{
	struct buf key = { .p = p->keys.p + c->key_at, .len = c->key_len };

	write_until(p, done, c->at);
	if (!eng_tally__add(r->tally, c->rule, c->ts, &key)) {
		*done += c->len;
	} else if (c->len) {
		rpl_part__count_alert(p, r, c->rule);
		p->printed++;
		write_until(p, done, c->at + c->len);
	}
}

bool rpl_part__begin_turn(struct rpl_part *p, struct rpl_run *r)
{
	uint64_t most = p->printed + p->n_counted;	/* lines, if all that is counted were enough */
	size_t done = 0, k = 0;

	p->limit = r->o->count - r->printed;
	if (most >= p->limit && most)
		return false;
	p->direct = true;
	for (size_t i = 0; i <= p->n_marks; i++) {
		for (; k < p->n_counted && (i == p->n_marks || p->counted[k].at < p->marks[i].at); k++)
			put_counted(p, r, &p->counted[k], &done);
		if (i == p->n_marks)
			break;
		write_until(p, &done, p->marks[i].at);
		rpl_print_damage(&p->marks[i].err);
	}
	write_until(p, &done, p->out.buf.len);
	p->out.buf.len = p->keys.len = 0;
	p->n_counted = p->n_marks = 0;
	return true;
}

static void add_stats(struct rpl_stats *to, const struct rpl_stats *s, unsigned n_rules)
{
	to->events += s->events;
	to->matched += s->matched;
	to->lost += s->lost;
	to->skipped_unknown += s->skipped_unknown;
	for (unsigned i = 0; i < FMT_MAX_EVENTS; i++)
		to->per_type[i] += s->per_type[i];
	for (unsigned i = 0; i < n_rules; i++)
		to->per_rule[i] += s->per_rule[i];
	for (unsigned i = 0; i <= n_rules; i++)
		to->gave_up[i] += s->gave_up[i];
	if (s->t_first && (!to->t_first || s->t_first < to->t_first))
		to->t_first = s->t_first;
	if (s->t_last > to->t_last)
		to->t_last = s->t_last;
}

int rpl_part__end_turn(struct rpl_part *p, struct rpl_run *r)
{
	rpl_out__flush(&p->out);
	add_stats(&r->stats, &p->stats, r->n_rules);
	r->printed += p->printed;
	r->damaged |= p->damaged;
	r->failed_on |= p->failed_on;
	r->explained |= p->explained;
	r->error = r->error ? r->error : p->out.error;
	return p->code == 1 && !r->error && r->printed < r->o->count ? 0 : RPL_STOP;
}
