// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/bpf/record.h"
#include "capture/containers/container_info.h"
#include "capture/record/scope.h"
#include "engine/cut/about.h"

#define MAX_PID (4u << 20)		/* include/linux/threads.h: PID_MAX_LIMIT */
#define SHORT_ID 12u

static_assert(CAP_MAX_SCOPE == CAP_IDS && CAP_CGROUP_NAME == CAP_NAME_WORDS * 8 &&
	      CAP_MAX_CGROUPS == CAP_IDS * CAP_NAMES_PER_ID, "the driver has as much room");

int cap_scope__container(struct cap_scope *s, const char *name, struct err *err)
{
	if (!*name)
		return err__set(err, -FMT_E_VALUE, "the container's name is empty");
	if (strlen(name) > 64)
		return err__set(err, -FMT_E_VALUE, "'%s' is too long for a container's id or name",
				name);
	if (s->n_containers == CAP_MAX_SCOPE)
		return err__set(err, -FMT_E_LIMIT, "at most %u containers can be chosen",
				CAP_MAX_SCOPE);
	s->containers[s->n_containers++] = name;
	return 0;
}

int cap_scope__filter(struct cap_scope *s, const char *text, struct err *err)
{
	struct eng_ast *ast;
	int r = eng_filter__parse(text, strlen(text), 1000, &s->mem, &ast, err);

	/* Which number an event has, or how long after another it came: then all have to be there. */
	s->by_order = strstr(text, "evt.num") || strstr(text, "evt.delta");
	if (!r)
		r = eng_prog__new(&s->prog);
	if (!r)
		r = eng_prog__add(s->prog, ast, NULL, NULL, err);
	if (r >= 0)
		r = eng_prog__seal(s->prog, err);
	if (r >= 0)
		r = eng_run__new(&s->run, s->prog);
	if (r < 0 && err->line)
		err__caret(err, text, strlen(text), err->line, err->col);
	return r < 0 ? r : 0;
}

void cap_scope__command(struct cap_scope *s, uint32_t pid)
{
	s->command = pid;
	if (!s->only_command || pid >= MAX_PID)
		return;
	s->in_tree = xcalloc(MAX_PID / 8, 1);
	s->in_tree[pid >> 3] |= (uint8_t)(1 << (pid & 7));
}

void cap_scope__done(struct cap_scope *s)
{
	eng_run__free(s->run);
	eng_prog__free(s->prog);
	free(s->in_tree);
	about__free(s->about);
	arena__done(&s->mem);
}

static bool is_hex(const char *s)
{
	for (; *s; s++)
		if (!isxdigit((unsigned char)*s))
			return false;
	return true;
}

void cap_scope__resolve(struct cap_scope *s)
{
	for (unsigned i = 0; i < s->n_containers; i++) {
		const char *c = s->containers[i];

		if (!cap_container__id_of_name(c, s->ids[i], &s->runtimes[i]) && is_hex(c) &&
		    strlen(c) >= SHORT_ID)
			strcpy(s->ids[i], c);
	}
}

/*
 * In front of the id, in cgroupfs and with systemd. What only runc or crun knows may be podman's or
 * CRI-O's, which keep theirs elsewhere. Machines of systemd-nspawn are not here: their names are
 * escaped, or not in the cgroup's at all.
 */
static const struct { const char *runtime, *before[CAP_NAMES_PER_ID]; } cgroups[] = {
	{ "docker", { "", "docker-" } },
	{ "containerd", { "", "cri-containerd-", "nerdctl-" } },
	{ "storage", { "", "libpod-", "libpod-payload-", "crio-" } },
	{ "runc", { "", "runc-", "crun-", "libpod-", "crio-" } },
	{ "lxc", { "", "lxc.payload." } },
};

static const char *const *before(const char *runtime)
{
	for (unsigned i = 0; runtime && i < sizeof(cgroups) / sizeof(*cgroups); i++)
		if (!strcmp(cgroups[i].runtime, runtime))
			return cgroups[i].before;
	return NULL;
}

unsigned cap_scope__cgroups(const struct cap_scope *s, char (*names)[CAP_CGROUP_NAME])
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->n_containers; i++) {
		const char *const *prefix = before(s->runtimes[i]);

		if (!prefix)
			return 0;
		for (unsigned k = 0; k < CAP_NAMES_PER_ID && prefix[k]; k++)
			snprintf(names[n++], CAP_CGROUP_NAME, "%s%s", prefix[k], s->ids[i]);
	}
	return n;
}

const uint8_t *cap_scope__types(const struct cap_scope *s)
{
	return s->prog && !s->by_order ? eng_prog__types(s->prog, 0) : NULL;
}

bool cap_scope__active(const struct cap_scope *s)
{
	return s->n_containers || s->in_tree || s->run;
}

/* --- one row ---------------------------------------------------------------------------------- */

static bool is_life(uint16_t type)
{
	switch (type) {
	case EV_task_new:
	case EV_exec:
	case EV_procexit:
	case EV_cgroup_attach:
	case EV_cgroup_mkdir:
	case EV_cgroup_rmdir:
	case EV_container:
	case EV_container_end:
	case EV_useradded:
	case EV_groupadded:
	case EV_drop:
	case EV_execve:
	case EV_execveat:
		return true;
	}
	return false;
}

static bool has_prefix(const struct eng_str *s, const char *prefix)
{
	return s && !strncmp(s->s, prefix, strlen(prefix));
}

static bool container_wanted(void *arg, const struct eng_container *c)
{
	const struct cap_scope *s = arg;
	bool open = false;		/* a name that we do not know yet */

	for (unsigned i = 0; i < s->n_containers; i++) {
		const char *want = *s->ids[i] ? s->ids[i] : s->containers[i];

		if (has_prefix(c->full_id, want) || !strncmp(c->id, want, SHORT_ID) ||
		    (c->name && !strcmp(c->name->s, s->containers[i])))
			return true;
		open |= !*s->ids[i];
	}
	return open && !c->name;
}

static void begin_about(struct cap_scope *s)
{
	about__new(&s->about, container_wanted, s);
	for (unsigned i = 0; i < s->n_containers; i++)
		about__add_id(s->about, s->ids[i]);
}

void cap_scope__batch(struct cap_scope *s, const struct fmt_batch *b)
{
	if (s->n_containers && !s->about)
		begin_about(s);
	if (s->about)
		about__batch(s->about, b);
	if (s->run)
		eng_run__batch(s->run, b);
}

static bool in_tree(const struct cap_scope *s, int64_t pid)
{
	return pid >= 0 && pid < MAX_PID && s->in_tree[pid >> 3] >> (pid & 7) & 1;
}

static void put_in_tree(struct cap_scope *s, uint64_t pid, bool in)
{
	uint8_t bit = (uint8_t)(1 << (pid & 7));

	if (in)
		s->in_tree[pid >> 3] |= bit;
	else
		s->in_tree[pid >> 3] &= (uint8_t)~bit;
}

/* Follow births and deaths; true if the row's process belongs to the command. */
static bool tree_wants(struct cap_scope *s, const struct eng_ctx *ctx)
{
	int64_t pid = ctx->proc->pid;
	bool in = in_tree(s, pid);
	uint64_t child;

	/* A stranger's child may have the number of one that ended unseen. */
	if (ctx->ev->type == EV_task_new && fmt_ev__int(ctx->ev, P_task_new_pid, &child) &&
	    child < MAX_PID)
		put_in_tree(s, child, in);
	if (ctx->ev->type == EV_procexit && in && ctx->proc->n_threads <= 1)
		put_in_tree(s, (uint64_t)pid, false);
	return in;
}

/* Of no process: a loss is everybody's; that containers begin and end is said unless one is asked for. */
static bool nobodys_wanted(const struct cap_scope *s, uint16_t type)
{
	return type == EV_drop || (!s->in_tree && !s->n_containers && (type == EV_container || type == EV_container_end));
}

/* Rows that say something of a container, and are no calls: a condition is not asked of those that are about the right one. */
static bool is_row_of_container(uint16_t type)
{
	return type == EV_container || type == EV_container_end || type == EV_useradded || type == EV_groupadded ||
	       type == EV_k8s_audit;
}

static bool satisfies(struct cap_scope *s, const struct eng_ctx *ctx)
{
	uint32_t hit;

	return !s->run || (s->about && is_row_of_container(ctx->ev->type)) || eng_run__match(s->run, ctx, true, &hit, 1);
}

enum cap_wanted cap_scope__wants(struct cap_scope *s, const struct eng_ctx *ctx)
{
	bool tree = !s->in_tree || tree_wants(s, ctx);

	if (nobodys_wanted(s, ctx->ev->type) ||
	    (tree && (!s->about || about__has(s->about, ctx)) && satisfies(s, ctx)))
		return WANT_YES;
	return is_life(ctx->ev->type) ? WANT_CONTEXT : WANT_NO;
}
