// SPDX-License-Identifier: Apache-2.0
/* The values that fields have in the trace at hand, for completing a filter. */
#include <string.h>

#include "inspect/ui/ui.h"

static void offer(struct ins_candidates *c, const struct ins_model *m, uint32_t str)
{
	const struct fmt_str *s = ins_model__fstr(m, str);

	ins_candidates__add(c, s->p, s->len);
}

/* Of those that many processes share, each once. */
static void offer_procs(struct ins_candidates *c, const struct ins_model *m, bool exe)
{
	struct ins_map seen = { 0 };

	for (uint32_t i = 0; i < m->n_procs; i++) {
		uint32_t str = exe ? m->procs[i].exe : m->procs[i].comm;

		if (!str || ins_map__get(&seen, str) != INS_NONE)
			continue;
		ins_map__put(&seen, str, 1);
		offer(c, m, str);
	}
	ins_map__done(&seen);
}

static void offer_users(struct ins_candidates *c, const struct ins_model *m)
{
	struct ins_map seen = { 0 };
	char buf[16];

	for (uint32_t i = 0; i < m->n_procs; i++) {
		const struct ins_proc *p = &m->procs[i];
		uint64_t key = ins_user__key(p->container, p->uid);
		const char *name;

		if (ins_map__get(&seen, key) != INS_NONE)
			continue;
		ins_map__put(&seen, key, 1);
		name = ins_model__user(m, p->container, p->uid, buf);
		ins_candidates__add(c, name, strlen(name));
	}
	ins_map__done(&seen);
}

static void offer_containers(struct ins_candidates *c, const struct ins_model *m, const char *field)
{
	for (uint32_t i = 0; i < m->n_containers; i++) {
		if (!strcmp(field, "container.id"))
			ins_candidates__add(c, m->containers[i].id, strlen(m->containers[i].id));
		else
			offer(c, m, strcmp(field, "container.image") ? m->containers[i].name :
								       m->containers[i].image);
	}
}

static void offer_types(struct ins_candidates *c, const struct ins_model *m)
{
	for (unsigned i = 0; i < FMT_MAX_EVENTS; i++)
		if (m->type_counts[i])
			ins_candidates__add(c, fmt_events[i].name, strlen(fmt_events[i].name));
}

void ins_ui__values(void *ui, const char *field, struct ins_candidates *c)
{
	const struct ins_model *m = ((struct ins_ui *)ui)->base;
	size_t n = strcspn(field, "[");

	if (!strcmp(field, "proc.name") || !strcmp(field, "proc.pname") || !strncmp(field, "proc.aname", n)) {
		offer_procs(c, m, false);
	} else if (!strcmp(field, "proc.exepath") || !strcmp(field, "proc.pexepath") ||
		   !strncmp(field, "proc.aexepath", n)) {
		offer_procs(c, m, true);
	} else if (!strcmp(field, "fd.name")) {
		for (uint32_t i = 0; i < m->n_files; i++)
			offer(c, m, m->files[i].path);
		for (uint32_t i = 0; i < m->n_conns; i++)
			offer(c, m, m->conns[i].name);
	} else if (!strcmp(field, "user.name") || !strcmp(field, "user.loginname")) {
		offer_users(c, m);
	} else if (!strncmp(field, "container.", 10)) {
		offer_containers(c, m, field);
	} else if (!strcmp(field, "evt.type")) {
		offer_types(c, m);
	}
}
