// SPDX-License-Identifier: Apache-2.0
#include "inspect/model/events/evtext.h"
#include "inspect/model/kinds.h"
#include "inspect/view/page/tiles.h"

#define TILE_W 39

/* How much a tile counts. */
enum tally {
	N_CMDS, N_TERMINAL, N_DROPPED, N_SECRETS, N_SYSTEM, N_OUT, N_IN, B_SENT, B_RECEIVED, N_LISTEN, N_WRITTEN,
	N_DELETED, B_WRITTEN, B_READ, N_FAILED, N_PROCS,
	N_RIGHTS, N_CHANGED, N_SLOW, N_SIGNALS, N_NAMES,
	N_TALLIES
};

static const struct tile {
	const char *label;
	uint8_t tally, style, view, only;	/* enums */
	int8_t metric;				/* whose course is drawn; -1: none */
} tiles[] = {
	{ "commands", N_CMDS, ST_STRONG, VIEW_COMMANDS, 0, MET_COMMANDS },
	{ "on terminals", N_TERMINAL, ST_WARN, VIEW_COMMANDS, ONLY_TERMINAL, -1 },
	{ "dropped, run", N_DROPPED, ST_BAD, VIEW_COMMANDS, ONLY_DROPPED, -1 },
	{ "secrets read", N_SECRETS, ST_BAD, VIEW_FILES, ONLY_SECRETS, -1 },
	{ "system files", N_SYSTEM, ST_WARN, VIEW_FILES, ONLY_SYSTEM, -1 },
	{ "rights changed", N_RIGHTS, ST_WARN, VIEW_EVENTS, ONLY_RIGHTS, MET_PRIVS },
	{ "connects out", N_OUT, ST_STRONG, VIEW_CONNECTIONS, ONLY_OUT, MET_CONNECTS },
	{ "connects in", N_IN, ST_STRONG, VIEW_CONNECTIONS, ONLY_IN, MET_ACCEPTS },
	{ "names asked", N_NAMES, ST_STRONG, VIEW_NAMES, 0, MET_NAMES },
	{ "bytes sent", B_SENT, ST_STRONG, VIEW_CONNECTIONS, 0, MET_OUT },
	{ "received", B_RECEIVED, ST_STRONG, VIEW_CONNECTIONS, 0, MET_IN },
	{ "new listeners", N_LISTEN, ST_WARN, VIEW_CONNECTIONS, ONLY_LISTEN, -1 },
	{ "files written", N_WRITTEN, ST_STRONG, VIEW_FILES, ONLY_WRITTEN, -1 },
	{ "files deleted", N_DELETED, ST_WARN, VIEW_FILES, ONLY_DELETED, -1 },
	{ "names changed", N_CHANGED, ST_STRONG, VIEW_FILES, 0, MET_CHANGED },
	{ "bytes written", B_WRITTEN, ST_STRONG, VIEW_FILES, 0, MET_WRITTEN },
	{ "bytes read", B_READ, ST_STRONG, VIEW_FILES, 0, MET_READ },
	{ "slow I/O", N_SLOW, ST_WARN, VIEW_EVENTS, ONLY_SLOW, MET_SLOW },
	{ "failed calls", N_FAILED, ST_STRONG, VIEW_FAILURES, 0, MET_ERRORS },
	{ "signals", N_SIGNALS, ST_STRONG, VIEW_EVENTS, ONLY_SIGNALS, MET_SIGNALS },
	{ "processes", N_PROCS, ST_STRONG, VIEW_PROCESSES, 0, -1 },
};

static struct ins_only kind(uint8_t k)
{
	return (struct ins_only){ .kind = k };
}

static void count_procs(const struct ins_model *m, const struct ins_set *in, bool all, uint64_t *n)
{
	for (uint32_t i = 0; i < m->n_procs; i++) {
		const struct ins_proc *p = &m->procs[i];

		if ((!all && !ins_set__has(in, i)) || (m->lens && !p->n_events))
			continue;
		n[N_PROCS]++;
		n[N_FAILED] += p->n_errors;
		n[B_SENT] += p->out;
		n[B_RECEIVED] += p->in;
		n[B_WRITTEN] += p->wr;
		n[B_READ] += p->rd;
		n[N_RIGHTS] += p->own[OWN_RIGHTS];
		n[N_CHANGED] += p->own[OWN_CHANGED];
		n[N_SLOW] += p->own[OWN_SLOW];
		n[N_SIGNALS] += p->own[OWN_SIGNALS];
		n[N_NAMES] += p->own[OWN_NAMES];
	}
	for (uint32_t i = 0; i < m->n_cmds; i++) {
		if (!m->cmds[i].counted || (!all && !ins_set__has(in, m->cmds[i].proc)))
			continue;
		n[N_CMDS]++;
		n[N_TERMINAL] += ins_kind__cmd(m, kind(ONLY_TERMINAL), i);
		n[N_DROPPED] += ins_kind__cmd(m, kind(ONLY_DROPPED), i);
	}
	for (uint32_t i = 0; i < m->n_conns; i++) {
		if ((m->lens && !m->conns[i].n_events) || (!all && !ins_set__has(in, m->conns[i].proc)))
			continue;
		n[N_OUT] += ins_kind__conn(m, kind(ONLY_OUT), i);
		n[N_IN] += ins_kind__conn(m, kind(ONLY_IN), i);
		n[N_LISTEN] += ins_kind__conn(m, kind(ONLY_LISTEN), i);
	}
}

static void count_files(const struct ins_model *m, const struct ins_set *in, uint64_t *n)
{
	for (uint32_t i = 0; i < m->n_files; i++) {
		if (!m->files[i].n_ops || !ins_set__has(in, i))
			continue;
		n[N_SECRETS] += ins_kind__file(m, kind(ONLY_SECRETS), i);
		n[N_SYSTEM] += ins_kind__file(m, kind(ONLY_SYSTEM), i);
		n[N_WRITTEN] += ins_kind__file(m, kind(ONLY_WRITTEN), i);
		n[N_DELETED] += ins_kind__file(m, kind(ONLY_DELETED), i);
	}
}

static void count_all(const struct ins_model *m, struct ins_scope scope, uint64_t *n)
{
	struct ins_set procs = { 0 }, files = { 0 };

	ins_scope__procs(m, scope, &procs);
	ins_scope__files(m, scope, &files);
	count_procs(m, &procs, scope.kind == OF_ALL, n);
	count_files(m, &files, n);
	if (scope.kind == OF_ALL) {
		/* what belongs to no process that is known is counted too */
		n[N_FAILED] = m->total[MET_ERRORS];
		n[N_RIGHTS] = m->total[MET_PRIVS];
		n[N_CHANGED] = m->total[MET_CHANGED];
		n[N_SLOW] = m->total[MET_SLOW];
		n[N_SIGNALS] = m->total[MET_SIGNALS];
		n[N_NAMES] = m->total[MET_NAMES];
	}
	ins_set__done(&procs);
	ins_set__done(&files);
}

static void put_tile(const struct ins_model *m, struct ins_page *p, const struct tile *t, uint64_t value,
		     struct ins_scope scope)
{
	struct ins_target to = ins_to((enum ins_scope_kind)scope.kind, scope.idx, t->view);
	char n[32];
	int x = p->x;

	ins_page__printf(p, ST_LABEL, "%-14s", t->label);
	ins_page__printf(p, value ? t->style : ST_DIM, "%7s ", ins_short__text(value, n));
	if (t->metric >= 0 && scope.kind == OF_ALL)
		ins_page__graph(p, TILE_W - 24, ST_BAR, m->slots[t->metric], ins_model__n_slots(m));
	to.only = kind(t->only);
	ins_page__link(p, x, to);
}

void ins_tiles__put(struct ins_ui *ui, struct ins_page *p, struct ins_scope scope)
{
	const struct ins_model *m = ins_ui__model(ui);
	int w = scope.kind == OF_ALL ? TILE_W : TILE_W - 13;
	unsigned per = p->width / w ? (unsigned)(p->width / w) : 1;
	uint64_t n[N_TALLIES] = { 0 };

	count_all(m, scope, n);
	ins_page__title(p, "Activity");
	for (unsigned i = 0; i < sizeof(tiles) / sizeof(*tiles); i++) {
		if (i % per == 0)
			ins_page__line(p);
		ins_page__to(p, 2 + (int)(i % per) * w);
		put_tile(m, p, &tiles[i], n[tiles[i].tally], scope);
	}
}
