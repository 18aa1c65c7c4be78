// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/state/idmap.h"
#include "inspect/model/kinds.h"
#include "inspect/model/model.h"

/* Several machines: see ins_model__host. */
static void add_hosts(struct ins_model *m)
{
	for (unsigned k = 0; m->trace->n_machines > 1 && k < m->trace->n_machines; k++) {
		const char *name = ins_trace__machine(m->trace, k)->hostname;
		uint32_t i = ins_model__container(m, k, "host");
		char number[32];

		snprintf(number, sizeof(number), "machine %u", k + 1);
		name = *name ? name : number;
		m->containers[i].is_host = true;
		m->containers[i].name = ins_model__intern(m, name, strlen(name));
	}
}

int ins_model__new(struct ins_model **ret, const struct ins_trace *trace, bool lens)
{
	struct ins_model *m = xcalloc(1, sizeof(*m));

	m->trace = trace;
	m->lens = lens;
	m->gen = 1;
	add_hosts(m);
	*ret = m;
	return 0;
}

void ins_model__free(struct ins_model *m)
{
	if (!m)
		return;
	strtab__done(&m->str);
	ins_map__done(&m->by_pid);
	ins_map__done(&m->by_file);
	ins_map__done(&m->by_use);
	ins_map__done(&m->by_conn);
	ins_map__done(&m->by_name);
	ins_map__done(&m->by_asker);
	ins_map__done(&m->users);
	free(m->procs);
	free(m->containers);
	free(m->files);
	free(m->uses);
	free(m->conns);
	free(m->cmds);
	free(m->alerts);
	free(m->losses);
	free(m->names);
	free(m->triggers);
	free(m->deeds);
	free(m->askers);
	free(m);
}

/* --- time ------------------------------------------------------------------------------------ */

void ins_model__span(const struct ins_model *m, uint64_t *ret_from, uint64_t *ret_to)
{
	*ret_from = m->t_to ? m->t_from : m->trace->t_first;
	*ret_to = m->t_to ? m->t_to : m->grown_to ? m->grown_to : m->trace->t_last;
}

static void halve_slots(struct ins_model *m)
{
	for (unsigned k = 0; k < MET__N; k++) {
		for (unsigned i = 0; i < INS_SLOTS / 2; i++)
			m->slots[k][i] = m->slots[k][2 * i] + m->slots[k][2 * i + 1];
		memset(m->slots[k] + INS_SLOTS / 2, 0, sizeof(m->slots[k]) / 2);
	}
}

void ins_model__grow(struct ins_model *m, uint64_t was)
{
	uint64_t first = m->trace->t_first;

	if (m->t_to)
		return;
	if (!m->grown_to)
		m->grown_to = was > first ? was : first + 1;
	while (m->grown_to < m->trace->t_last) {
		uint64_t span = m->grown_to - first;

		m->grown_to = span > UINT64_MAX - m->grown_to ? UINT64_MAX : m->grown_to + span;
		halve_slots(m);
	}
}

unsigned ins_model__n_slots(const struct ins_model *m)
{
	return m->t_to ? INS_SLOTS : ins_model__slot(m, m->trace->t_last) + 1;
}

unsigned ins_model__slot(const struct ins_model *m, uint64_t ts)
{
	uint64_t from, to, span;

	ins_model__span(m, &from, &to);
	span = to - from;
	if (ts <= from || !span)
		return 0;
	if (ts - from >= span)
		return INS_SLOTS - 1;
	return (unsigned)((__uint128_t)(ts - from) * INS_SLOTS / ((__uint128_t)span + 1));
}

uint64_t ins_model__slot_time(const struct ins_model *m, unsigned slot)
{
	uint64_t from, to;

	ins_model__span(m, &from, &to);
	return from + (uint64_t)((__uint128_t)slot * (to - from) / INS_SLOTS);
}

void ins_model__take_ends(struct ins_model *m, const struct ins_model *whole)
{
	for (uint32_t i = 0; i < m->n_procs && i < whole->n_procs; i++) {
		struct ins_proc *p = &m->procs[i];
		const struct ins_proc *w = &whole->procs[i];

		p->end = w->end;
		p->status = w->status;
		p->adopter = w->adopter;
		p->flags |= w->flags & (PROC_ENDED | PROC_VANISHED | PROC_OOM);
	}
	for (uint32_t i = 0; i < m->n_containers && i < whole->n_containers; i++) {
		m->containers[i].ended = whole->containers[i].ended;
		m->containers[i].end = whole->containers[i].end;
	}
	m->has_ends = true;
	m->gen++;
}

/* --- maps ------------------------------------------------------------------------------------ */

static uint32_t map_slot(const struct ins_map *map, uint64_t key)
{
	uint64_t h = key * idmap_factor;	/* the keys are a file's to choose */
	uint32_t i = (uint32_t)(h >> 32) & map->mask;

	while (map->keys[i] && map->keys[i] != key)
		i = (i + 1) & map->mask;
	return i;
}

uint32_t ins_map__get(const struct ins_map *map, uint64_t key)
{
	uint32_t i;

	if (!map->keys)
		return INS_NONE;
	i = map_slot(map, key);
	return map->keys[i] ? map->vals[i] : INS_NONE;
}

static void map_grow(struct ins_map *map)
{
	struct ins_map old = *map;
	uint32_t n = old.keys ? (old.mask + 1) * 2 : 64;

	map->keys = xcalloc(n, sizeof(*map->keys));
	map->vals = xmalloc(n * sizeof(*map->vals));
	map->mask = n - 1;
	for (uint32_t i = 0; old.keys && i <= old.mask; i++) {
		if (old.keys[i]) {
			uint32_t to = map_slot(map, old.keys[i]);

			map->keys[to] = old.keys[i];
			map->vals[to] = old.vals[i];
		}
	}
	free(old.keys);
	free(old.vals);
}

void ins_map__put(struct ins_map *map, uint64_t key, uint32_t val)
{
	uint32_t i;

	if (!map->keys || map->n * 2 > map->mask)
		map_grow(map);
	i = map_slot(map, key);
	if (!map->keys[i])
		map->n++;
	map->keys[i] = key;
	map->vals[i] = val;
}

void ins_map__done(struct ins_map *map)
{
	free(map->keys);
	free(map->vals);
	*map = (struct ins_map){ 0 };
}

/* --- objects --------------------------------------------------------------------------------- */

uint32_t ins_model__intern(struct ins_model *m, const char *p, size_t n)
{
	uint32_t len = n > INS_MAX_TEXT ? INS_MAX_TEXT : (uint32_t)n;

	if (!n)
		return 0;
	if (m->str.bytes > INS_MAX_STR_BYTES)
		return strtab__find(&m->str, p, len, len);
	return strtab__add(&m->str, p, len, len);
}

uint32_t ins_model__container(struct ins_model *m, unsigned origin, const char *id)
{
	struct ins_container *c;

	/* few: a search is as good as a map */
	for (uint32_t i = 0; i < m->n_containers; i++)
		if (m->containers[i].origin == origin && !strncmp(m->containers[i].id, id, sizeof(c->id)))
			return i;
	if (m->n_containers >= INS_MAX_CONTAINERS) {
		m->left_out++;
		return INS_NONE;
	}
	m->containers = xgrow(m->containers, &m->cap_containers, m->n_containers + 1, sizeof(*c));
	c = &m->containers[m->n_containers];
	*c = (struct ins_container){ .origin = (uint8_t)origin };
	snprintf(c->id, sizeof(c->id), "%s", id);
	return m->n_containers++;
}

uint32_t ins_model__file(struct ins_model *m, uint32_t container, const char *path, size_t n)
{
	uint32_t str = ins_model__intern(m, path, n), i;
	uint64_t key = (uint64_t)(container + 1) << 32 | str;

	if (!str)
		return INS_NONE;
	i = ins_map__get(&m->by_file, key);
	if (i != INS_NONE)
		return i;
	if (m->n_files >= INS_MAX_FILES) {
		m->left_out++;
		return INS_NONE;
	}
	m->files = xgrow(m->files, &m->cap_files, m->n_files + 1, sizeof(*m->files));
	m->files[m->n_files] = (struct ins_file){ .path = str, .container = container,
						  .uses = INS_NONE,
						  .is = ins_kind__of_path(path, n) };
	ins_map__put(&m->by_file, key, m->n_files);
	return m->n_files++;
}

uint32_t ins_model__use(struct ins_model *m, uint32_t proc, uint32_t file)
{
	uint64_t key = (uint64_t)(proc + 1) << 32 | file;
	struct ins_use *u;
	uint32_t i;

	if (proc == INS_NONE || file == INS_NONE)
		return INS_NONE;
	i = ins_map__get(&m->by_use, key);
	if (i != INS_NONE)
		return i;
	if (m->n_uses >= INS_MAX_USES) {
		m->left_out++;
		return INS_NONE;
	}
	m->uses = xgrow(m->uses, &m->cap_uses, m->n_uses + 1, sizeof(*u));
	u = &m->uses[m->n_uses];
	*u = (struct ins_use){ .proc = proc, .file = file, .next_of_proc = m->procs[proc].uses,
			       .next_of_file = m->files[file].uses };
	m->procs[proc].uses = m->files[file].uses = m->n_uses;
	ins_map__put(&m->by_use, key, m->n_uses);
	return m->n_uses++;
}


uint32_t ins_model__proc(const struct ins_model *m, unsigned origin, int32_t pid, uint64_t ts)
{
	uint32_t i = ins_map__get(&m->by_pid, ins_pid__key(origin, pid));

	if (i == INS_NONE || !ts || !m->procs[i].start || m->procs[i].start <= ts)
		return i;
	/* an earlier one: rare, and only asked for by people */
	while (i-- > 0)
		if (m->procs[i].pid == pid && m->procs[i].origin == origin &&
		    (!m->procs[i].start || m->procs[i].start <= ts))
			return i;
	return INS_NONE;
}

/* --- questions ------------------------------------------------------------------------------- */

const char *ins_model__user(const struct ins_model *m, uint32_t container, uint32_t uid,
			    char buf[16])
{
	uint32_t str;

	if (uid == UINT32_MAX)
		return "";
	str = ins_map__get(&m->users, ins_user__key(container, uid));
	if (str != INS_NONE && str)
		return ins_model__str(m, str);
	if (!uid)
		return "root";	/* whatever a container's accounts call it */
	snprintf(buf, 16, "%u", uid);
	return buf;
}

const char *ins_model__container_name(const struct ins_model *m, uint32_t container)
{
	const struct ins_container *c;

	if (container >= m->n_containers)
		return "";
	c = &m->containers[container];
	return c->name ? ins_model__str(m, c->name) : c->id;
}

bool ins_model__is_below(const struct ins_model *m, uint32_t p, uint32_t root)
{
	/* a damaged trace may make a ring of parents */
	for (unsigned depth = 0; p < m->n_procs && depth < 10000; depth++) {
		if (p == root)
			return true;
		p = m->procs[p].parent;
	}
	return false;
}

bool ins_proc__alive_at(const struct ins_model *m, const struct ins_proc *p, uint64_t ts)
{
	uint64_t start = p->start ? p->start : p->first_ts;

	(void)m;
	if (start > ts && !(p->flags & PROC_BEFORE && p->first_ts <= ts))
		return false;
	return !p->end || p->end >= ts;
}
