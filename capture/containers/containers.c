// SPDX-License-Identifier: Apache-2.0
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/containers/container_info.h"
#include "capture/containers/containers.h"
#include "capture/containers/namer.h"
#include "capture/containers/patience.h"
#include "capture/snapshot/snapshot.h"

#define LAST_MS 300u
#define LOOK_MS 3
#define READ_MS 1000u			/* a container's users, which may never answer: waited for at the start, */
#define USERS_MS 15000u			/* and looked for while recording, by a thread that may get no processor for long */

struct cap_met {
	char id[65], full_id[65];
	const char *runtime;		/* as the cgroup tells; NULL: it does not */
	char *cgroup;			/* NULL: not known */
	/* a process in it, of those that were there at the beginning the oldest; or the one that
	 * has made its cgroup */
	uint32_t pid;
	uint64_t start;			/* when that began; 0: it was not there at the beginning */
	bool from_start;		/* met while recording */
	bool born;			/* a row has said that it is there */
	bool asked, closed;		/* its name; closed: the last answer has come */
	/*
	 * It has ended; a row has said so; and nobody can come to it any more: its cgroup, if it has one of its own, has gone
	 * too. A runtime may still let somebody in while it does not know of the end.
	 */
	bool over, ended, gone;
	bool used;			/* in this chunk */
	bool accounts;			/* its users have been asked for */
	struct cap_patience *reading;	/* they are read meanwhile, into: */
	struct cap_accounts *texts;
	uint64_t read_by;		/* when to give that up */
	/* the first process that executed something in it: has the container's root; 0: none yet */
	uint32_t inside;
	int32_t exit_code;		/* of its first process; -1: not seen */
	bool oom;			/* a process of it was killed for want of memory */
};

/* --- meeting --------------------------------------------------------------------------------------- */

static bool is(const struct cap_met *m, const char *id)
{
	return !m->gone && !strcmp(m->id, id);
}

/* Rows come in runs: mostly it is the one that was asked for last. */
static struct cap_met *find(struct cap_containers *c, const char *id)
{
	if (c->last < c->n && is(&c->met[c->last], id))
		return &c->met[c->last];
	for (size_t i = c->n; i-- > 0;)
		if (is(&c->met[i], id)) {
			c->last = i;
			return &c->met[i];
		}
	return NULL;
}

/* One of the same id has ended: it is restarted, and nothing more will be found out of the old one. */
static void close_old(struct cap_containers *c, const char *full_id)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->met[i].full_id, full_id))
			c->met[i].closed = true;
}

static struct cap_met *add(struct cap_containers *c, const char *id, const char *full_id,
			   uint32_t pid)
{
	struct cap_met *m;

	close_old(c, full_id);
	c->met = xgrow(c->met, &c->cap, c->n + 1, sizeof(*c->met));
	m = &c->met[c->n++];
	*m = (struct cap_met){ .pid = pid, .exit_code = -1, .from_start = c->recording };
	snprintf(m->id, sizeof(m->id), "%s", id);
	snprintf(m->full_id, sizeof(m->full_id), "%s", full_id);
	return m;
}

static void ask(struct cap_containers *c, struct cap_met *m)
{
	m->asked = true;
	if (m->closed || m->over)
		return;
	/* of one that was there already what executes next may be gone in a moment */
	cap_namer__ask(c->namer, m->full_id, m->from_start && m->inside ? m->inside : m->pid,
		       m->inside || !m->from_start);
}

/* The component of a path that names the container, and what is before it. NULL: there is none. */
static char *cgroup_in(const char *path, const char *full_id)
{
	char id[65], full[65];
	const char *at = path;
	size_t n = strlen(full_id);

	if (eng_container_from_cgroup(path, id, full, NULL) && !strcmp(full, full_id))
		return xmemdup0(path, eng_container__cgroup_len(path));
	while ((at = strstr(at, full_id))) {	/* bare runc: a name of the caller's choice */
		if (at > path && at[-1] == '/' && (!at[n] || at[n] == '/'))
			return xmemdup0(path, (size_t)(at - path) + n);
		at += n;
	}
	return NULL;
}

static char *cgroup_of(const struct eng_proc *p, const char *full_id)
{
	const struct eng_str *list = p->cgroups;
	char *found = NULL;

	for (uint32_t at = 0; !found && at < list->len; at += (uint32_t)strlen(list->s + at) + 1) {
		const char *eq = strchr(list->s + at, '=');

		found = eq ? cgroup_in(eq + 1, full_id) : NULL;
	}
	return found;
}

static struct cap_met *meet(struct cap_containers *c, const struct eng_proc *p)
{
	const struct eng_container *ec = p->container;
	struct cap_met *m = find(c, ec->id);

	if (!m) {
		m = add(c, ec->id, ec->full_id ? ec->full_id->s : ec->id, (uint32_t)p->pid);
		m->cgroup = cgroup_of(p, m->full_id);
	}
	return m;
}

void cap_containers__see_proc(struct cap_containers *c, const struct eng_proc *p)
{
	struct cap_met *m = p->container ? meet(c, p) : NULL;

	if (m && (!m->start || p->start < m->start)) {
		m->pid = (uint32_t)p->pid;
		m->start = p->start;
	}
}

static void end_met(struct cap_containers *c, struct cap_met *m)
{
	if (m->over)
		return;
	m->over = c->news = true;
	if (m->asked && !m->closed)
		cap_namer__hurry(c->namer, m->full_id);
	else
		m->closed = true;
}

/* How the container's first process ends is how the container ends. */
static void see_exit(struct cap_met *m, const struct eng_ctx *ctx)
{
	uint64_t code, oom = 0;

	m->oom |= fmt_ev__int(ctx->ev, P_procexit_oom, &oom) && oom;
	if (ctx->thread->tid != ctx->proc->pid ||
	    (m->from_start && m->inside ? (uint32_t)ctx->proc->pid != m->inside
					: ctx->proc->vpid != 1) ||
	    !fmt_ev__int(ctx->ev, P_procexit_status, &code))
		return;
	m->exit_code = code & 0x7f ? 128 + (int32_t)(code & 0x7f) : (int32_t)(code >> 8 & 0xff);
}

static struct cap_met *use(struct cap_containers *c, const struct eng_proc *p)
{
	struct cap_met *m = meet(c, p);

	if (!m->asked) {
		ask(c, m);
		c->news = true;
	}
	m->used = true;
	return m;
}

void cap_containers__see_any(struct cap_containers *c, const struct eng_proc *p)
{
	if (p->container)
		use(c, p);
}

/*
 * A runtime's own processes enter the cgroup before they change the root; LXC's hooks run in there, each with an
 * end of its own, before the first process becomes the container's program.
 */
static bool is_program(const struct eng_ctx *ctx)
{
	const struct eng_str *runtime = ctx->proc->container->runtime;

	return ctx->ev->type == EV_execve && !fmt_ev__res(ctx->ev) &&
	       (!runtime || strcmp(runtime->s, "lxc") || ctx->proc->vpid == 1);
}

void cap_containers__see(struct cap_containers *c, const struct eng_ctx *ctx)
{
	struct cap_met *m;

	if (!ctx->proc->container)
		return;
	m = use(c, ctx->proc);
	if (m->over && is_program(ctx)) {	/* it is started again in the cgroup that it had */
		m->gone = true;
		m = use(c, ctx->proc);
	}
	if (!m->inside && is_program(ctx)) {
		m->inside = (uint32_t)ctx->proc->pid;
		ask(c, m);
		c->news = true;
	}
	if (ctx->ev->type == EV_procexit) {
		see_exit(m, ctx);
		/*
		 * No cgroup of its own will go, or it may stay until somebody tidies up (CRI-O's, bare runc's): its
		 * last process goes. Before its first one has gone there may be none for a moment: others come.
		 */
		if ((!m->cgroup || m->exit_code >= 0) && ctx->proc->n_threads == 1 &&
		    ctx->proc->container->n_procs == 1) {
			end_met(c, m);
			m->gone = !m->cgroup;
		}
	}
}

/* --- cgroups ---------------------------------------------------------------------------------------- */

void cap_containers__cgroup_made(struct cap_containers *c, const char *path, uint32_t pid)
{
	char id[65], full[65];
	const char *runtime;
	struct cap_met *m;

	if (!eng_container_from_cgroup(path, id, full, &runtime) ||
	    eng_container__cgroup_len(path) != strlen(path) || find(c, id))
		return;
	m = add(c, id, full, pid);
	m->runtime = runtime;
	m->cgroup = xstrdup(path);
	ask(c, m);
	c->news = true;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* In one of the hierarchies; it may have another path in another one. */
void cap_containers__cgroup_gone(struct cap_containers *c, const char *path)
{
	for (size_t i = 0; i < c->n; i++) {
		struct cap_met *m = &c->met[i];

		if (m->gone || !m->cgroup || strcmp(last_part(m->cgroup), last_part(path)))
			continue;
		end_met(c, m);
		m->gone = true;
	}
}

/* --- rows --------------------------------------------------------------------------------------------- */

static void text(struct fmt_batch *b, unsigned param, const char *s, size_t n)
{
	if (n)
		fmt_batch__str(b, param, s, (uint32_t)n, (uint32_t)n);
}

/* Of runtimes that give no other name than the one that somebody chose as the id. */
static const char *name_of(const struct cap_met *m)
{
	return strcmp(m->id, m->full_id) || !m->runtime ||
			       (strcmp(m->runtime, "lxc") && strcmp(m->runtime, "libvirt-lxc") &&
				strcmp(m->runtime, "systemd-nspawn"))
		       ? ""
		       : m->full_id;
}

/*
 * An event, or a row of a keyframe: they differ in the order of their parameters. i NULL: no more
 * is known than that it is there.
 */
static void container_row(struct cap_met *m, const struct cap_container_info *i,
			  struct fmt_batch *b, uint64_t ts, bool keyframe)
{
#define P(name) (keyframe ? (unsigned)P_state_container_##name : (unsigned)P_container_##name)
	const char *runtime = i ? i->runtime : m->runtime ? m->runtime : "",
		   *name = i ? i->name : name_of(m);
	uint32_t pid = m->inside ? m->inside : m->pid;

	if (fmt_batch__begin(b, keyframe ? EV_state_container : EV_container, ts, 0, pid, pid, 0,
			     0) < 0)
		return;
	text(b, P(id), m->id, strlen(m->id));
	text(b, P(full_id), m->full_id, strlen(m->full_id));
	text(b, P(runtime), runtime, strlen(runtime));
	text(b, P(name), name, strlen(name));
	if (i) {
		text(b, P(image), i->image, strlen(i->image));
		text(b, P(json), (const char *)i->json.p, i->json.len);
	}
	if (m->cgroup)
		text(b, P(cgroup), m->cgroup, strlen(m->cgroup));
	fmt_batch__end(b);
	m->born = true;
#undef P
}

/*
 * What the kernel kills is a process, mostly not the first one. A container that ends well all the
 * same has got over it; of one that does not, that is told, as the runtimes that count do (oom_kill in
 * memory.events): the rows of the ends say the same without a race with the cgroup's own end.
 */
static void end_row(struct cap_met *m, struct fmt_batch *b, uint64_t ts)
{
	if (fmt_batch__begin(b, EV_container_end, ts, 0, m->pid, m->pid, 0, 0) < 0)
		return;
	text(b, P_container_end_id, m->id, strlen(m->id));
	fmt_batch__int(b, P_container_end_exit_code, (uint64_t)(int64_t)m->exit_code);
	fmt_batch__int(b, P_container_end_oom, m->oom && m->exit_code);
	fmt_batch__end(b);
	m->ended = true;
}

static void ask_accounts(struct cap_met *m, uint32_t pid, uint64_t now)
{
	char key[CAP_PATIENCE_KEY];

	if (m->accounts || !pid)
		return;
	m->accounts = true;
	m->read_by = now + USERS_MS * 1000000ull;
	m->texts = cap_accounts__new(pid);
	snprintf(key, sizeof(key), "container %s, its users", m->id);
	m->reading = cap_patience__begin(key, cap_accounts__read, cap_accounts__free, m->texts);
}

/* What has been read, after ms at most; b NULL: it is not wanted. False: it does not come. */
static bool take_accounts(struct cap_met *m, unsigned ms, struct fmt_batch *b, uint64_t ts, bool keyframe)
{
	bool none = !m->reading, read = !none && cap_patience__end(m->reading, ms);

	if (read) {
		if (b)
			cap_accounts__rows(m->texts, b, ts, m->id, keyframe);
		cap_accounts__free(m->texts);
	}
	m->reading = NULL;
	m->texts = NULL;
	return none || read;
}

/* Of all, which are being read at the same time: the first that does not answer has had the time of the others, too. */
static void take_all_accounts(struct cap_containers *c, unsigned ms, struct fmt_batch *b, uint64_t ts, bool keyframe)
{
	for (size_t i = 0; i < c->n; i++)
		if (!take_accounts(&c->met[i], ms, b, ts, keyframe))
			ms = 0;
}

/* Its users, as soon as they are read. */
static void accounts(struct cap_containers *c, struct cap_met *m, struct fmt_batch *b, uint64_t now)
{
	ask_accounts(m, m->inside, now);
	if (m->reading && (now >= m->read_by || cap_patience__has_ended(m->reading)))
		take_accounts(m, 0, b, now, false);
	c->news |= m->reading != NULL;
}

static void take_answers(struct cap_containers *c, struct fmt_batch *b, uint64_t now)
{
	struct cap_answer a;

	while (!fmt_batch__full(b) && cap_namer__answer(c->namer, &a)) {
		struct cap_met *m = NULL;

		for (size_t i = c->n; i-- > 0 && !m;)
			if (!strcmp(c->met[i].full_id, a.full_id))
				m = &c->met[i];
		if (m && a.found && !m->ended)
			container_row(m, &a.info, b, now, false);
		if (m)
			m->closed |= a.last;
		if (m && m->over)
			c->news = true;
		buf__done(&a.info.json);
	}
}

void cap_containers__rows(struct cap_containers *c, struct fmt_batch *b, uint64_t now)
{
	take_answers(c, b, now);
	if (!c->news)
		return;
	c->news = false;
	for (size_t i = 0; i < c->n; i++) {
		struct cap_met *m = &c->met[i];

		if (fmt_batch__full(b)) {
			c->news = true;
			return;
		}
		if (!m->born)
			container_row(m, NULL, b, now, false);
		accounts(c, m, b, now);
		if (m->over && m->closed && !m->ended && !m->reading)
			end_row(m, b, now);
	}
}

void cap_containers__last_rows(struct cap_containers *c, struct fmt_batch *b, uint64_t now)
{
	cap_namer__settle(c->namer, LAST_MS);
	cap_containers__rows(c, b, now);
	take_all_accounts(c, LAST_MS, b, now, false);
	for (size_t i = 0; i < c->n; i++)
		if (c->met[i].over && !c->met[i].ended && !fmt_batch__full(b))
			end_row(&c->met[i], b, now);
}

int cap_containers__wait_ms(struct cap_containers *c)
{
	return c->news || cap_namer__busy(c->namer) ? LOOK_MS : INT_MAX;
}

void cap_containers__first_rows(struct cap_containers *c, struct fmt_batch *b, uint64_t ts)
{
	for (size_t i = 0; i < c->n && !fmt_batch__full(b); i++) {
		struct cap_container_info info = { .with_env = c->with_env };
		struct cap_met *m = &c->met[i];
		bool found = cap_container__look_up(&info, m->full_id, m->pid, true);

		container_row(m, found ? &info : NULL, b, ts, true);
		m->asked = m->closed = found && !info.provisional;
		ask_accounts(m, m->pid, ts);
		buf__done(&info.json);
	}
	take_all_accounts(c, READ_MS, b, ts, true);
	c->recording = true;
}

/* --- the rest ---------------------------------------------------------------------------------------- */

void cap_containers__each_new(struct cap_containers *c, void (*fn)(void *arg, const char *id),
			      void *arg)
{
	for (size_t i = c->n; i-- > 0;) {
		if (c->met[i].used)
			fn(arg, c->met[i].id);
		c->met[i].used = false;
		if (c->met[i].ended && c->met[i].gone) {
			take_accounts(&c->met[i], 0, NULL, 0, false);
			free(c->met[i].cgroup);
			c->met[i] = c->met[--c->n];
		}
	}
}

void cap_containers__init(struct cap_containers *c, bool with_env)
{
	*c = (struct cap_containers){ .with_env = with_env };
	cap_namer__new(&c->namer, with_env);
}

void cap_containers__done(struct cap_containers *c)
{
	cap_namer__free(c->namer);
	for (size_t i = 0; i < c->n; i++) {
		take_accounts(&c->met[i], 0, NULL, 0, false);
		free(c->met[i].cgroup);
	}
	free(c->met);
}
