// SPDX-License-Identifier: Apache-2.0
/*
 * make_scrubbed IN OUT CONTAINER - a trace that may be given away: only what the processes of one container did,
 * with nothing of the machine it was recorded on.
 *
 * Of the runtime, which starts them, what it executed is kept: parents with a path. Left out: all other processes, users
 * but root, mounts, interfaces but lo, environments from outside, cgroup paths other than the container's own, and what the
 * recording says of its host.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/state/state.h"
#include "format/file/trace_writer.h"

#define MAX_PID (1u << 22)		/* the kernel's own limit */

static uint8_t keep[MAX_PID / 8];	/* processes of the container */
static uint8_t starters[MAX_PID / 8];	/* processes of the runtime, which started them */
static const char *box;
static struct err err;

static void die(const char *what)
{
	fprintf(stderr, "make_scrubbed: %s: %s\n", what, err.msg);
	exit(1);
}

static bool has(const uint8_t *set, uint32_t pid)
{
	return pid < MAX_PID && set[pid / 8] >> (pid % 8) & 1;
}

static void put(uint8_t *set, uint32_t pid)
{
	if (pid < MAX_PID)
		set[pid / 8] |= (uint8_t)(1 << (pid % 8));
}

static bool kept(uint32_t pid)
{
	return has(keep, pid);
}

static bool in_box(const struct eng_proc *p)
{
	return p->container && !strcmp(p->container->id, box);
}

/* Calls fn for every row in its surroundings. */
static void each_row(const char *path, void (*fn)(const struct eng_ctx *ctx, bool keyframe),
		     void (*after)(bool keyframe))
{
	struct fmt_source *s;
	struct eng_state *st;
	const struct fmt_batch *b;
	struct fmt_batch_info info;
	int r;

	if (fmt_source__open(&s, path, &err) || eng_state__new(&st))
		die(path);
	while ((r = fmt_source__next(s, &b, &info, &err)) == 0) {
		for (uint32_t i = 0; i < b->n; i++) {
			struct fmt_ev ev = fmt_batch__ev(b, i);
			struct eng_ctx ctx;

			eng_state__enter(st, &ev, &ctx);
			fn(&ctx, info.keyframe);
			eng_state__leave(st, &ctx);
		}
		if (after)
			after(info.keyframe);
	}
	if (r < 0)
		die(path);
	eng_state__free(st);
	fmt_source__close(s);
}

static bool ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

static void note_process(const struct eng_ctx *ctx, bool keyframe)
{
	(void)keyframe;
	if (in_box(ctx->proc))
		put(keep, fmt_ev__pid(ctx->ev));
	else if (ctx->proc->image->exepath && ends_in(ctx->proc->image->exepath->s, "runc"))
		put(starters, fmt_ev__pid(ctx->ev));
}

static bool says(const struct fmt_ev *e, const char *param, const char *text)
{
	int p = fmt_event__param(e->info, param);
	const struct fmt_str *s = p >= 0 ? fmt_ev__str(e, (unsigned)p) : NULL;

	return s && s->len == strlen(text) && !memcmp(s->p, text, s->len);
}

static bool names_box(const struct fmt_ev *e, unsigned param)
{
	const struct fmt_str *s = fmt_ev__str(e, param);

	return s && memmem(s->p, s->len, box, strlen(box));
}

static bool is_wanted(const struct fmt_ev *e)
{
	uint64_t id = 1, pid = 0;

	switch (e->type) {
	case EV_task_new:		/* in its creator's context, which may be outside */
		return fmt_ev__int(e, P_task_new_pid, &pid) &&
		       (kept((uint32_t)pid) || has(starters, (uint32_t)pid));
	case EV_execve: case EV_execveat:
		return kept(fmt_ev__pid(e)) || has(starters, fmt_ev__pid(e));
	case EV_cgroup_attach:		/* likewise */
		return fmt_ev__int(e, P_cgroup_attach_pid, &pid) && kept((uint32_t)pid) &&
		       names_box(e, P_cgroup_attach_path);
	case EV_cgroup_mkdir:
		return names_box(e, P_cgroup_mkdir_path);
	case EV_cgroup_rmdir:
		return names_box(e, P_cgroup_rmdir_path);
	case EV_state_user:
		return fmt_ev__int(e, P_state_user_uid, &id) && !id;
	case EV_state_group:
		return fmt_ev__int(e, P_state_group_gid, &id) && !id;
	case EV_state_container: case EV_container: case EV_container_end:
		return says(e, "id", box);
	case EV_state_iface:
		return says(e, "name", "lo");
	case EV_state_mount:
		return false;
	}
	return kept(fmt_ev__pid(e));
}

static struct fmt_batch *out;
static struct fmt_writer *w;
static bool keyframe_done;		/* later ones say nothing new */

/* What the cases themselves set; everything else may come from outside. */
static const char *const env_kept[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LD_PRELOAD=/tmp/x.so",
	"LD_PRELOAD=/usr/lib/libx.so", "HISTFILE=/dev/null", "HISTFILE=/root/.sh_history", NULL
};

/* Only the entries of a list that hold one of the texts. */
static void put_entries(unsigned param, const struct fmt_str *s, const char *const *texts)
{
	struct buf list = { 0 };

	for (const char *p = s->p, *end = s->p + s->len; p < end; p += strnlen(p, (size_t)(end - p)) + 1)
		for (const char *const *t = texts; *t; t++)
			if (strstr(p, *t)) {
				buf__add(&list, p, strlen(p) + 1);
				break;
			}
	fmt_batch__str(out, param, (const char *)list.p, (uint32_t)list.len, (uint32_t)list.len);
	buf__done(&list);
}

static void put_param(const struct eng_ctx *ctx, unsigned i)
{
	const struct fmt_ev *e = ctx->ev;
	const struct fmt_param *p = &e->info->params[i];
	const struct fmt_str *s;
	struct fmt_str bytes;
	uint64_t v;

	switch (fmt_ptype_store(p->type)) {
	case STORE_INT:
		if (p->src != SRC_RET && fmt_ev__int(e, i, &v))
			fmt_batch__int(out, i, v);
		break;
	case STORE_BYTES:
		if (fmt_ev__bytes(e, i, &bytes))
			fmt_batch__bytes(out, i, bytes.p, bytes.len, bytes.full_len);
		break;
	case STORE_STR:
		s = fmt_ev__str(e, i);
		if (!s)
			break;
		if (!strcmp(p->name, "cgroups"))
			put_entries(i, s, (const char *const[]){ box, NULL });
		else if (!strcmp(p->name, "cwd") && !kept(fmt_ev__pid(e)))
			fmt_batch__str(out, i, "/", 1, 1);
		else if (!strcmp(p->name, "env"))
			put_entries(i, s, env_kept);
		else
			fmt_batch__str(out, i, s->p, s->len, s->full_len);
		break;
	}
}

static void copy_row(const struct eng_ctx *ctx, bool keyframe)
{
	const struct fmt_ev *e = ctx->ev;

	if (!is_wanted(e) || (keyframe && keyframe_done))
		return;
	fmt_batch__begin(out, e->type, fmt_ev__ts(e), fmt_ev__dur(e), fmt_ev__tid(e), fmt_ev__pid(e),
			 (uint16_t)fmt_ev__cpu(e), fmt_ev__res(e));
	for (unsigned i = 0; i < e->info->n_params; i++)
		put_param(ctx, i);
	fmt_batch__end(out);
}

/* One keyframe, and one chunk of events for all: small files stay small. */
static void write_keyframe(bool keyframe)
{
	if (!keyframe || keyframe_done)
		return;
	if (fmt_writer__batch(w, out, true, &err))
		die("writing");
	fmt_batch__reset(out, 1);
	keyframe_done = true;
}

int main(int argc, char **argv)
{
	struct fmt_meta meta = { .hostname = "case", .kernel = "6.x", .arch = "x86_64", .n_cpus = 2, .snaplen = 80 };
	struct fmt_writer_opts opts = { .sz = sizeof(opts), .level = 19 };
	struct fmt_source *s;

	if (argc != 4) {
		fprintf(stderr, "make_scrubbed IN OUT CONTAINER\n");
		return 1;
	}
	box = argv[3];
	if (fmt_source__open(&s, argv[1], &err))
		die(argv[1]);
	meta.start_ns = opts.created_ns = s->meta.start_ns;
	meta.boot_ns = s->meta.boot_ns;
	snprintf(meta.tool, sizeof(meta.tool), "%s", s->meta.tool);
	snprintf(meta.driver, sizeof(meta.driver), "%s", s->meta.driver);
	fmt_source__close(s);
	each_row(argv[1], note_process, NULL);
	if (fmt_batch__new(&out) || fmt_writer__open(&w, argv[2], true, &meta, &opts, &err))
		die(argv[2]);
	fmt_batch__reset(out, 1);
	each_row(argv[1], copy_row, write_keyframe);
	if (fmt_writer__batch(w, out, false, &err) || fmt_writer__close(w, &err))
		die(argv[2]);
	fmt_batch__free(out);
	return 0;
}
