// SPDX-License-Identifier: Apache-2.0
/* Who was at work: users, in each container for itself, with what they did. */
#include <stdio.h>
#include <stdlib.h>

#include "inspect/view/common.h"

enum { COL_USER, COL_UID, COL_MACHINE, COL_CONTAINER, COL_LOGIN, COL_PROCS, COL_CMDS, COL_CONNS, COL_ALERTS,
      COL_EVENTS, COL_LAST, N_COLS };

static const struct ins_column cols[N_COLS] = {
	[COL_USER] = { "USER", 14, 20, 0, SORT_TEXT, 0, "effective user" },
	[COL_UID] = { "UID", 6, 0, 1, SORT_NUMBER, COL_RIGHT, "its number" },
	[COL_MACHINE] = { "MACHINE", 8, 16, 2, SORT_TEXT, COL_OF_MACHINE, "on which machine" },
	[COL_CONTAINER] = { "CONTAINER", 12, 20, 1, SORT_TEXT, 0, "in which container; nothing: the host" },
	[COL_LOGIN] = { "LOGGED IN AS", 12, 16, 2, SORT_TEXT, COL_FLEX,
		       "who that was when they logged in, if they did" },
	[COL_PROCS] = { "PROCS", 5, 0, 2, SORT_NUMBER, COL_RIGHT, "processes" },
	[COL_CMDS] = { "CMDS", 5, 0, 2, SORT_NUMBER, COL_RIGHT, "commands executed" },
	[COL_CONNS] = { "CONNS", 5, 0, 4, SORT_NUMBER, COL_RIGHT, "connections" },
	[COL_ALERTS] = { "ALERTS", 6, 0, 2, SORT_NUMBER, COL_RIGHT, "alerts" },
	[COL_EVENTS] = { "EVENTS", 6, 0, 3, SORT_NUMBER, COL_RIGHT, "recorded events" },
	[COL_LAST] = { "LAST", 12, 0, 4, SORT_NUMBER, 0, "when something was last seen of them" },
};

struct user {
	uint32_t container, uid, login;
	uint32_t n_procs, n_cmds, n_conns, n_alerts;
	uint64_t n_events, last_ts;
	uint32_t proc;			/* one of theirs: the last */
};

struct users {
	struct user *v;
	uint32_t n;
	size_t cap;
};

static void done(struct ins_table *t)
{
	struct users *u = t->data;

	free(u->v);
	free(u);
}

static void *open_users(struct ins_ui *ui, struct ins_frame *f)
{
	struct ins_table *t = ins_table__open(ui, f);

	t->data = xcalloc(1, sizeof(struct users));
	t->done = done;
	return t;
}

static const struct user *user_of(const struct ins_frame *f, uint32_t id)
{
	const struct ins_table *t = f->states[f->view];

	return &((const struct users *)t->data)->v[id];
}

static void add_proc(struct users *us, struct ins_map *by, const struct ins_model *m, uint32_t i)
{
	const struct ins_proc *p = &m->procs[i];
	/* logins are told apart: an administrator who became root is not root who was always there */
	uint64_t key = (ins_user__key(p->container, p->uid) * 0x9e3779b97f4a7c15u ^ (p->loginuid + 1ull)) | 1;
	uint32_t at = ins_map__get(by, key);
	struct user *u;

	if (at == INS_NONE) {
		us->v = xgrow(us->v, &us->cap, us->n + 1, sizeof(*us->v));
		at = us->n++;
		us->v[at] = (struct user){ .container = p->container, .uid = p->uid,
					   .login = p->loginuid };
		ins_map__put(by, key, at);
	}
	u = &us->v[at];
	u->n_procs++;
	u->n_cmds += p->n_cmds;
	u->n_conns += p->n_conns;
	u->n_alerts += p->n_alerts;
	u->n_events += p->n_events;
	if (p->last_ts >= u->last_ts) {
		u->last_ts = p->last_ts;
		u->proc = i;
	}
}

static void rows(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t)
{
	const struct ins_model *m = ins_ui__model(ui);
	struct users *us = t->data;
	struct ins_map by = { 0 };
	struct ins_set in = { 0 };

	us->n = 0;
	ins_scope__procs(m, f->scope, &in);
	for (uint32_t i = 0; i < m->n_procs; i++)
		if ((f->scope.kind == OF_ALL || ins_set__has(&in, i)) &&
		    !(m->procs[i].flags & PROC_KERNEL) && (!m->lens || m->procs[i].n_events))
			add_proc(us, &by, m, i);
	for (uint32_t i = 0; i < us->n; i++)
		ins_table__add(t, i, 0);
	ins_set__done(&in);
	ins_map__done(&by);
}

static void cell(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col,
		 struct ins_out *out)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct user *u = user_of(f, id);

	switch (col) {
	case COL_USER:
		ins_cell__user(m, out, u->container, u->uid);
		break;
	case COL_UID:
		buf__printf(&out->text, "%u", u->uid);
		break;
	case COL_MACHINE:
		ins_cell__machine(m, out, u->container);
		break;
	case COL_CONTAINER:
		ins_cell__container(m, out, u->container);
		break;
	case COL_LOGIN:
		if (u->login != UINT32_MAX)
			ins_cell__user(m, out, ins_model__host_of(m, u->container), u->login);
		break;
	case COL_PROCS:
		ins_cell__size(out, u->n_procs);
		break;
	case COL_CMDS:
		ins_cell__size(out, u->n_cmds);
		break;
	case COL_CONNS:
		ins_cell__size(out, u->n_conns);
		break;
	case COL_ALERTS:
		ins_cell__size(out, u->n_alerts);
		out->style = ST_BAD;
		break;
	case COL_EVENTS:
		ins_cell__size(out, u->n_events);
		break;
	case COL_LAST:
		ins_cell__time(ui, out, u->last_ts);
		break;
	}
}

static uint64_t key(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col)
{
	const struct user *u = user_of(f, id);

	(void)ui;
	switch (col) {
	case COL_UID: return u->uid;
	case COL_PROCS: return u->n_procs;
	case COL_CMDS: return u->n_cmds;
	case COL_CONNS: return u->n_conns;
	case COL_ALERTS: return u->n_alerts;
	case COL_LAST: return u->last_ts;
	default: return u->n_events;
	}
}

static void subject(struct ins_ui *ui, struct ins_frame *f, uint32_t id, struct ins_subject *ret)
{
	const struct user *u = user_of(f, id);

	(void)ui;
	ret->container = u->container;
	ret->proc = u->proc;
	ret->ts = u->last_ts;
}

/* Their processes: by a filter, which says what it is. */
static void enter(struct ins_ui *ui, struct ins_frame *f, uint32_t id)
{
	const struct user *u = user_of(f, id);
	struct ins_scope scope = f->scope;
	struct err err = { 0 };
	char text[128];
	int n = snprintf(text, sizeof(text), "user.uid=%u", u->uid);

	if (u->login != UINT32_MAX)
		n += snprintf(text + n, sizeof(text) - (size_t)n, " and user.loginuid=%u", u->login);
	if (ins_model__is_host(ins_ui__model(ui), u->container))
		snprintf(text + n, sizeof(text) - (size_t)n, " and container.id=host");
	if (u->container != INS_NONE)
		scope = (struct ins_scope){ OF_CONTAINER, u->container };
	if (ins_ui__push_under(ui, scope, VIEW_PROCESSES, 0, (struct ins_only){ 0 }, text, &err) < 0)
		ins_ui__message(ui, ST_BAD, "%s", err.msg);
}

static const struct ins_table_ops ops = {
	.cols = cols, .n_cols = N_COLS, .sort = COL_EVENTS, .reverse = true,
	.empty = "Nobody.",
	.rows = rows, .cell = cell, .key = key, .subject = subject, .enter = enter,
};

const struct ins_view ins_view_users = {
	.name = "users", .tab = NULL, .shorttab = NULL,
	.about = "Who was at work: the users that processes ran as, with what they did. Enter shows "
		 "the processes of one by a filter.",
	.where = WHERE_TABLE,
	.open = open_users, .close = ins_table__close, .draw = ins_table__draw,
	.act = ins_table__act, .mouse = ins_table__mouse, .subject = ins_table__subject,
	.go = ins_table__go, .find = ins_table__find, .work = ins_table__work, .stop = ins_table__stop,
	.renew = ins_table__renew, .count = ins_table__count,
	.table = &ops,
};
