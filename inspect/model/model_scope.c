// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "inspect/model/model_scope.h"

void ins_set__done(struct ins_set *s)
{
	free(s->bits);
	*s = (struct ins_set){ 0 };
}

static void set_reset(struct ins_set *s, uint32_t n)
{
	free(s->bits);
	s->bits = xcalloc(n / 64 + 1, sizeof(*s->bits));
	s->n = n;
}

static void set_add(struct ins_set *s, uint32_t i)
{
	if (i < s->n)
		s->bits[i >> 6] |= 1ull << (i & 63);
}

/*
 * Descendants: parents mostly come before their children in the table; repeat for those that do
 * not.
 */
static void add_tree(const struct ins_model *m, uint32_t root, struct ins_set *s)
{
	bool more = true;

	set_add(s, root);
	for (int round = 0; more && round < 64; round++) {
		more = false;
		for (uint32_t i = 0; i < m->n_procs; i++) {
			if (ins_set__has(s, i) || !ins_set__has(s, m->procs[i].parent))
				continue;
			set_add(s, i);
			more |= m->procs[i].parent > i;
		}
	}
}

bool ins_scope__has_container(const struct ins_model *m, struct ins_scope scope, uint32_t container)
{
	if (container == scope.idx)
		return true;
	return container < m->n_containers && scope.idx < m->n_containers && m->containers[scope.idx].is_host &&
	       m->containers[container].origin == m->containers[scope.idx].origin;
}

struct ins_container ins_scope__container(const struct ins_model *m, uint32_t container)
{
	struct ins_container sum = m->containers[container];

	for (uint32_t i = 0; sum.is_host && i < m->n_containers; i++) {
		const struct ins_container *c = &m->containers[i];

		if (i == container || c->origin != sum.origin)
			continue;
		sum.n_events += c->n_events;
		sum.n_procs += c->n_procs;
		sum.n_cmds += c->n_cmds;
		sum.n_conns += c->n_conns;
		sum.n_files += c->n_files;
		sum.n_alerts += c->n_alerts;
		if (c->first_ts && (!sum.first_ts || c->first_ts < sum.first_ts))
			sum.first_ts = c->first_ts;
		sum.last_ts = c->last_ts > sum.last_ts ? c->last_ts : sum.last_ts;
	}
	return sum;
}

void ins_scope__procs(const struct ins_model *m, struct ins_scope scope, struct ins_set *ret)
{
	set_reset(ret, m->n_procs);
	switch (scope.kind) {
	case OF_ALL:
		memset(ret->bits, 0xff, (m->n_procs / 64 + 1) * sizeof(*ret->bits));
		break;
	case OF_CONTAINER:
		for (uint32_t i = 0; i < m->n_procs; i++)
			if (ins_scope__has_container(m, scope, m->procs[i].container))
				set_add(ret, i);
		break;
	case OF_PROC:
		set_add(ret, scope.idx);
		break;
	case OF_TREE:
		add_tree(m, scope.idx, ret);
		break;
	case OF_FILE:
		for (uint32_t u = scope.idx < m->n_files ? m->files[scope.idx].uses : INS_NONE;
		     u != INS_NONE; u = m->uses[u].next_of_file)
			set_add(ret, m->uses[u].proc);
		break;
	case OF_CONN:
		if (scope.idx < m->n_conns)
			set_add(ret, m->conns[scope.idx].proc);
		break;
	}
}

void ins_scope__files(const struct ins_model *m, struct ins_scope scope, struct ins_set *ret)
{
	struct ins_set procs = { 0 };

	set_reset(ret, m->n_files);
	switch (scope.kind) {
	case OF_ALL:
		memset(ret->bits, 0xff, (m->n_files / 64 + 1) * sizeof(*ret->bits));
		break;
	case OF_CONTAINER:
		for (uint32_t i = 0; i < m->n_files; i++)
			if (ins_scope__has_container(m, scope, m->files[i].container))
				set_add(ret, i);
		break;
	case OF_PROC:
		for (uint32_t u = scope.idx < m->n_procs ? m->procs[scope.idx].uses : INS_NONE; u != INS_NONE;
		     u = m->uses[u].next_of_proc)
			set_add(ret, m->uses[u].file);
		break;
	case OF_TREE:		/* from end to end is quicker than from one to the next of each process */
		ins_scope__procs(m, scope, &procs);
		for (uint32_t u = 0; u < m->n_uses; u++)
			if (ins_set__has(&procs, m->uses[u].proc))
				set_add(ret, m->uses[u].file);
		ins_set__done(&procs);
		break;
	case OF_FILE:
		set_add(ret, scope.idx);
		break;
	case OF_CONN:
		break;
	}
}

bool ins_scope__has_conn(const struct ins_model *m, struct ins_scope scope,
			 const struct ins_set *procs, uint32_t conn)
{
	if (scope.kind == OF_CONN)
		return conn == scope.idx;
	return scope.kind != OF_FILE && ins_set__has(procs, m->conns[conn].proc);
}

bool ins_scope__has_cmd(const struct ins_model *m, struct ins_scope scope,
			const struct ins_set *procs, uint32_t cmd)
{
	const struct ins_cmd *c = &m->cmds[cmd];

	if (scope.kind == OF_FILE)
		return scope.idx < m->n_files && c->exe == m->files[scope.idx].path &&
		       m->procs[c->proc].container == m->files[scope.idx].container;
	return ins_set__has(procs, c->proc);
}

void ins_scope__name(const struct ins_model *m, struct ins_scope scope, struct buf *out)
{
	const struct ins_proc *p;

	switch (scope.kind) {
	case OF_CONTAINER:
		buf__puts(out, ins_model__container_name(m, scope.idx));
		break;
	case OF_PROC:
	case OF_TREE:
		if (scope.idx >= m->n_procs)
			break;
		p = &m->procs[scope.idx];
		buf__printf(out, "%s[%d]%s", ins_model__str(m, p->comm), p->pid,
			    scope.kind == OF_TREE ? "+" : "");
		break;
	case OF_FILE:
		if (scope.idx < m->n_files)
			buf__puts(out, ins_model__str(m, m->files[scope.idx].path));
		break;
	case OF_CONN:
		if (scope.idx < m->n_conns)
			buf__puts(out, ins_model__str(m, m->conns[scope.idx].name));
		break;
	}
}
