// SPDX-License-Identifier: Apache-2.0
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/container_info.h"
#include "capture/containers.h"
#include "capture/snapshot.h"

/*
 * Often at first, since a container may be gone soon and its runtime's files with it; then ever
 * more rarely.
 */
#define SOON_NS 3000000u
#define SOON_TRIES 50u
#define TRIES 61u			/* six seconds in all */

struct cap_met {
	char id[16], full_id[65];
	uint32_t pid;			/* a process in it */
	unsigned tries;
	uint64_t next_try, delay;
	bool known, ended, used;	/* used: in this chunk */
	bool accounts;			/* its users have been read */
	/* a process that surely has the container's root; 0: none yet */
	uint32_t inside;
	int32_t exit_code;		/* of its first process; -1: not seen */
	bool oom;
};

static struct cap_met *find(struct cap_containers *c, const char *id)
{
	for (size_t i = c->n; i-- > 0;)
		if (!strcmp(c->met[i].id, id))
			return &c->met[i];
	return NULL;
}

static struct cap_met *meet(struct cap_containers *c, const struct eng_container *ec, uint32_t pid,
			    uint64_t now)
{
	struct cap_met *m = find(c, ec->id);

	if (m)
		return m;
	c->met = xgrow(c->met, &c->cap, c->n + 1, sizeof(*c->met));
	m = &c->met[c->n++];
	*m = (struct cap_met){ .pid = pid, .next_try = now, .delay = SOON_NS, .exit_code = -1 };
	memcpy(m->id, ec->id, sizeof(m->id));
	snprintf(m->full_id, sizeof(m->full_id), "%s", ec->full_id ? ec->full_id->s : ec->id);
	if (!c->next_try || m->next_try < c->next_try)
		c->next_try = m->next_try;
	return m;
}

void cap_containers__see_proc(struct cap_containers *c, const struct eng_proc *p, uint64_t now)
{
	if (p->container)
		meet(c, p->container, (uint32_t)p->pid, now);
}

void cap_containers__see(struct cap_containers *c, const struct eng_ctx *ctx, uint64_t now)
{
	uint64_t code, oom = 0;
	struct cap_met *m;

	if (!ctx->proc->container)
		return;
	m = meet(c, ctx->proc->container, (uint32_t)ctx->proc->pid, now);
	m->used = true;
	/* A runtime's own processes enter the cgroup before they change the root. */
	if (!m->inside && ctx->ev->type == EV_execve && !fmt_ev__res(ctx->ev)) {
		m->inside = (uint32_t)ctx->proc->pid;
		m->next_try = c->next_try = now;
	}
	if (ctx->ev->type != EV_procexit || ctx->proc->vpid != 1 ||
	    ctx->thread->tid != ctx->proc->pid || !fmt_ev__int(ctx->ev, P_procexit_status, &code))
		return;
	fmt_ev__int(ctx->ev, P_procexit_oom, &oom);
	m->exit_code = code & 0x7f ? 128 + (int32_t)(code & 0x7f) : (int32_t)(code >> 8 & 0xff);
	m->oom = oom;
}

static void add(struct fmt_batch *b, unsigned param, const char *s, size_t n)
{
	if (n)
		fmt_batch__str(b, param, s, (uint32_t)n, (uint32_t)n);
}

/* An event, or a row of a keyframe: they differ in the order of their parameters. */
static void container_row(struct cap_met *m, const struct cap_container_info *i,
			  struct fmt_batch *b, uint64_t ts, bool keyframe)
{
#define P(name) (keyframe ? (unsigned)P_state_container_##name : (unsigned)P_container_##name)
	uint32_t pid = m->inside ? m->inside : m->pid;

	if (fmt_batch__begin(b, keyframe ? EV_state_container : EV_container, ts, 0, pid, pid, 0,
			     0) < 0)
		return;
	add(b, P(id), m->id, strlen(m->id));
	add(b, P(full_id), m->full_id, strlen(m->full_id));
	add(b, P(runtime), i->runtime, strlen(i->runtime));
	add(b, P(name), i->name, strlen(i->name));
	add(b, P(image), i->image, strlen(i->image));
	add(b, P(json), (const char *)i->json.p, i->json.len);
	fmt_batch__end(b);
#undef P
}

static void accounts(struct cap_met *m, uint32_t pid, struct fmt_batch *b, uint64_t ts,
		     bool keyframe)
{
	if (m->accounts || !pid)
		return;
	m->accounts = true;
	cap_host__container_accounts(b, ts, pid, m->id, keyframe);
}

static void try(struct cap_met *m, struct fmt_batch *b, uint64_t ts, bool keyframe)
{
	struct cap_container_info i = { 0 };

	m->tries++;
	if (cap_container__look_up(&i, m->full_id, m->inside ? m->inside : m->pid)) {
		m->known = true;
		container_row(m, &i, b, ts, keyframe);
	}
	buf__done(&i.json);
}

static bool open_question(const struct cap_met *m)
{
	return !m->known && !m->ended && m->tries < TRIES;
}

void cap_containers__rows(struct cap_containers *c, struct fmt_batch *b, uint64_t now)
{
	if (!c->next_try || now < c->next_try)
		return;
	c->next_try = 0;
	for (size_t i = 0; i < c->n; i++) {
		struct cap_met *m = &c->met[i];

		accounts(m, m->inside, b, now, false);
		if (open_question(m) && m->next_try <= now && !fmt_batch__full(b)) {
			try(m, b, now, false);
			m->next_try = now + m->delay;
			if (m->tries > SOON_TRIES)
				m->delay *= 2;
		}
		if (open_question(m) && (!c->next_try || m->next_try < c->next_try))
			c->next_try = m->next_try;
	}
}

int cap_containers__wait_ms(const struct cap_containers *c, uint64_t now)
{
	if (!c->next_try)
		return INT_MAX;
	return c->next_try <= now ? 0 : (int)((c->next_try - now) / 1000000u) + 1;
}

void cap_containers__first_rows(struct cap_containers *c, struct fmt_batch *b, uint64_t ts)
{
	for (size_t i = 0; i < c->n && !fmt_batch__full(b); i++) {
		try(&c->met[i], b, ts, true);
		accounts(&c->met[i], c->met[i].pid, b, ts, true);
	}
}

void cap_containers__cgroup_gone(struct cap_containers *c, struct fmt_batch *b, uint64_t ts,
				 const char *path)
{
	const char *name = strrchr(path, '/'), *runtime;
	struct cap_met *m = NULL;
	char id[16], full[65];

	if (eng_container_from_cgroup(path, id, full, &runtime))
		m = find(c, id);
	else if (name && name[1])
		m = find(c, name + 1);	/* bare runc: the last component */
	if (!m || m->ended ||
	    fmt_batch__begin(b, EV_container_end, ts, 0, m->pid, m->pid, 0, 0) < 0)
		return;
	add(b, P_container_end_id, m->id, strlen(m->id));
	fmt_batch__int(b, P_container_end_exit_code, (uint64_t)(int64_t)m->exit_code);
	fmt_batch__int(b, P_container_end_oom, m->oom);
	fmt_batch__end(b);
	m->ended = true;
}

void cap_containers__each_new(struct cap_containers *c, void (*fn)(void *arg, const char *id),
			      void *arg)
{
	for (size_t i = c->n; i-- > 0;) {
		if (c->met[i].used)
			fn(arg, c->met[i].id);
		c->met[i].used = false;
		if (c->met[i].ended)
			c->met[i] = c->met[--c->n];
	}
}

void cap_containers__done(struct cap_containers *c)
{
	free(c->met);
}
