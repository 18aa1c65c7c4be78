// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "capture/snapshot/fd_row.h"
#include "capture/snapshot/inside.h"
#include "capture/snapshot/proc_row.h"
#include "capture/snapshot/snapshot.h"

struct task {
	const struct cap_record *rec;	/* in the arena */
	struct cap_proc_text text;	/* of main threads */
};

struct walk {
	struct task *tasks;
	size_t n_tasks, cap_tasks;
	const struct cap_record **files;
	size_t n_files, cap_files;
	struct arena *mem;
	uint32_t env_len;
	bool no_texts;
	const struct walk *before;	/* texts of processes that it saw are taken over */
	uint32_t *by_tid;		/* index + 1 by tid: open addressing */
	size_t n_slots;
};

struct cap_snapshot {
	struct cap_decoder *dec;
	struct arena mem;
	struct walk first, second;
	uint64_t ts;
	bool again;
	struct cap_fd_rows fds;
	struct cap_inside inside;
};

/* Numbers of walk_task's record, bpf/iter.bpf.h. */
enum {
	N_KTHREAD, N_PTID, N_PGID, N_VPGID, N_SID, N_VTID, N_VPID, N_CGROUP_ID, N_UID, N_EUID,
	N_GID, N_EGID,
	N_LOGINUID, N_CAP_INHERITABLE, N_CAP_PERMITTED, N_CAP_EFFECTIVE, N_TTY, N_FDLIMIT,
	N_PIDNS_START, N_START,
	N_PGFT_MAJ, N_PGFT_MIN, N_FILES, N_MNT_NS, N_PID_NS, N_EXE_FLAGS, N_EXE_INO, N_EXE_CTIME, N_EXE_MTIME,
	N_EXE_DEV, N__N
};

static const uint64_t *nums(const struct cap_record *r)
{
	return (const uint64_t *)(r + 1);
}

static uint32_t tid_of(const struct cap_record *r)
{
	return (uint32_t)r->pid_tid;
}

static bool is_leader(const struct cap_record *r)
{
	return (uint32_t)r->pid_tid == r->pid_tid >> 32;
}

/* --- walking ---------------------------------------------------------------------------------- */

static const struct cap_record *keep(struct walk *w, const struct cap_record *r)
{
	struct cap_record *c = arena__alloc(w->mem, r->len);

	memcpy(c, r, r->len);
	return c;
}

static void index_tasks(struct walk *w)
{
	w->n_slots = 64;
	while (w->n_slots < 2 * w->n_tasks)
		w->n_slots *= 2;
	w->by_tid = xcalloc(w->n_slots, sizeof(*w->by_tid));
	for (size_t i = 0; i < w->n_tasks; i++) {
		size_t k = tid_of(w->tasks[i].rec) & (w->n_slots - 1);

		while (w->by_tid[k])
			k = (k + 1) & (w->n_slots - 1);
		w->by_tid[k] = (uint32_t)i + 1;
	}
}

/* The same thread, not another of the same number. */
static struct task *find(const struct walk *w, const struct cap_record *r)
{
	size_t k = tid_of(r) & (w->n_slots - 1);

	for (; w->by_tid[k]; k = (k + 1) & (w->n_slots - 1)) {
		struct task *t = &w->tasks[w->by_tid[k] - 1];

		if (tid_of(t->rec) == tid_of(r) && nums(t->rec)[N_START] == nums(r)[N_START])
			return t;
	}
	return NULL;
}

/* Any thread of this number. */
static const struct task *numbered(const struct walk *w, uint32_t tid)
{
	size_t k = tid & (w->n_slots - 1);

	for (; w->by_tid[k]; k = (k + 1) & (w->n_slots - 1))
		if (tid_of(w->tasks[w->by_tid[k] - 1].rec) == tid)
			return &w->tasks[w->by_tid[k] - 1];
	return NULL;
}

static int on_task(void *arg, const struct cap_record *r)
{
	struct walk *w = arg;
	const struct task *seen;
	struct task *t;

	if (r->type != EV_state_thread || r->n_nums <= N_PID_NS)
		return 0;
	w->tasks = xgrow(w->tasks, &w->cap_tasks, w->n_tasks + 1, sizeof(*w->tasks));
	t = &w->tasks[w->n_tasks++];
	memset(t, 0, sizeof(*t));
	t->rec = keep(w, r);
	if (!is_leader(r) || w->no_texts)
		return 0;
	seen = w->before ? find(w->before, r) : NULL;
	if (seen)
		t->text = seen->text;
	else
		cap_proc_text__read(&t->text, tid_of(r), w->env_len, w->mem);
	return 0;
}

static int on_file(void *arg, const struct cap_record *r)
{
	struct walk *w = arg;

	if (r->type != EV_state_fd || r->n_nums < CAP_FD__N)
		return 0;
	w->files = xgrow(w->files, &w->cap_files, w->n_files + 1, sizeof(*w->files));
	w->files[w->n_files++] = keep(w, r);
	return 0;
}

static int walk(struct walk *w, struct cap_driver *d, struct err *err)
{
	int r = cap_driver__walk(d, "task", on_task, w, err);

	if (!r)
		r = cap_driver__walk(d, "task_file", on_file, w, err);
	if (!r)
		index_tasks(w);
	return r;
}

static int on_root(void *arg, const struct cap_record *r)
{
	struct cap_decoder *dec = arg;
	struct cap_parts p;

	if (!cap_parts__split(&p, r) || !p.n_nums || !p.blob[TAG_PATH])
		return 0;
	dec->text.len = 0;
	cap_path__text(p.blob[TAG_PATH], &dec->text);
	buf__u8(&dec->text, 0);
	cap_hierarchies__root(&dec->hierarchies, (int)p.nums[0], (const char *)dec->text.p);
	return 0;
}

int cap_snapshot__take(struct cap_snapshot **ret, struct cap_driver *d, struct cap_decoder *dec,
		       struct err *err)
{
	struct cap_snapshot *s = xcalloc(1, sizeof(*s));
	struct timespec now;
	int r;

	s->dec = dec;
	s->first.mem = s->second.mem = &s->mem;
	s->first.env_len = s->second.env_len = dec->env_len;
	s->second.before = &s->first;
	clock_gettime(CLOCK_MONOTONIC, &now);
	s->ts = (uint64_t)(now.tv_sec * 1000000000ll + now.tv_nsec + dec->mono_offset);
	r = cap_driver__attach(d, err);
	if (!r && cap_hierarchies__are_private())
		r = cap_driver__walk(d, "cgroups", on_root, dec, err);
	if (!r)
		r = walk(&s->first, d, err);
	if (!r) {
		cap_driver__record(d);
		r = walk(&s->second, d, err);
	}
	if (r) {
		cap_snapshot__free(s);
		return r;
	}
	*ret = s;
	return 0;
}

int cap_snapshot__again(struct cap_snapshot **ret, struct cap_driver *d, struct cap_decoder *dec,
			bool texts, struct err *err)
{
	struct cap_snapshot *s = xcalloc(1, sizeof(*s));
	struct timespec now;
	int r;

	s->dec = dec;
	s->again = true;
	s->second.mem = &s->mem;
	s->second.env_len = dec->env_len;
	s->second.no_texts = !texts;
	clock_gettime(CLOCK_MONOTONIC, &now);
	s->ts = (uint64_t)(now.tv_sec * 1000000000ll + now.tv_nsec + dec->mono_offset);
	r = walk(&s->second, d, err);
	if (r) {
		cap_snapshot__free(s);
		return r;
	}
	*ret = s;
	return 0;
}

static void walk__done(struct walk *w)
{
	free(w->tasks);
	free(w->files);
	free(w->by_tid);
}

void cap_snapshot__free(struct cap_snapshot *s)
{
	if (!s)
		return;
	walk__done(&s->first);
	walk__done(&s->second);
	cap_fd_rows__done(&s->fds);
	cap_inside__done(&s->inside);
	arena__done(&s->mem);
	free(s);
}

uint64_t cap_snapshot__ts(const struct cap_snapshot *s)
{
	return s->ts;
}

/* --- rows ------------------------------------------------------------------------------------- */

static void add_text(struct fmt_batch *b, unsigned param, const char *s, size_t n, size_t full)
{
	fmt_batch__str(b, param, s, (uint32_t)n, (uint32_t)full);
}

static void add_path(struct cap_snapshot *s, struct fmt_batch *b, unsigned param,
		     const struct cap_blob *blob)
{
	struct buf *t = &s->dec->text;

	if (!blob)
		return;
	t->len = 0;
	cap_path__text(blob, t);
	add_text(b, param, (const char *)t->p, t->len, t->len);
}

static void add_nums(struct cap_snapshot *s, struct fmt_batch *b, const struct cap_record *r)
{
	static const struct { uint8_t num, param; bool is_time; } map[] = {
		{ N_PTID, P_state_thread_ptid, false }, { N_PTID, P_state_thread_real_ptid, false },
		{ N_PGID, P_state_thread_pgid, false }, { N_VPGID, P_state_thread_vpgid, false },
		{ N_SID, P_state_thread_sid, false }, { N_VTID, P_state_thread_vtid, false },
		{ N_VPID, P_state_thread_vpid, false },
		{ N_CGROUP_ID, P_state_thread_cgroup_id, false },
		{ N_UID, P_state_thread_uid, false }, { N_EUID, P_state_thread_euid, false },
		{ N_GID, P_state_thread_gid, false }, { N_EGID, P_state_thread_egid, false },
		{ N_LOGINUID, P_state_thread_loginuid, false },
		{ N_CAP_INHERITABLE, P_state_thread_cap_inheritable, false },
		{ N_CAP_PERMITTED, P_state_thread_cap_permitted, false },
		{ N_CAP_EFFECTIVE, P_state_thread_cap_effective, false },
		{ N_TTY, P_state_thread_tty, false }, { N_FDLIMIT, P_state_thread_fdlimit, false },
		{ N_PIDNS_START, P_state_thread_pidns_start, true },
		{ N_START, P_state_thread_start, true },
		{ N_PGFT_MAJ, P_state_thread_pgft_maj, false },
		{ N_PGFT_MIN, P_state_thread_pgft_min, false },
		{ N_EXE_INO, P_state_thread_exe_ino, false },
		{ N_EXE_DEV, P_state_thread_exe_dev, false },
		{ N_EXE_CTIME, P_state_thread_exe_ino_ctime, false },
		{ N_EXE_MTIME, P_state_thread_exe_ino_mtime, false },
	};

	for (unsigned i = 0; i < sizeof(map) / sizeof(*map); i++)
		if (map[i].num < r->n_nums)
			fmt_batch__int(b, map[i].param, nums(r)[map[i].num] +
				       (map[i].is_time ? (uint64_t)s->dec->boot_offset : 0));
	if (r->n_nums > N_EXE_FLAGS)
		fmt_batch__int(b, P_state_thread_exe_flags,
			       fmt_group__from_native(GROUP_execve_flags, nums(r)[N_EXE_FLAGS]));
}

/* The namespaces of containers. Inits first: whoever else is in a container's may have come from another. */
static void find_insides(struct cap_snapshot *s)
{
	const struct walk *w = &s->second;

	for (unsigned others = 0; others < 2; others++)
		for (size_t i = 0; i < w->n_tasks; i++) {
			const struct task *t = &w->tasks[i];
			const uint64_t *n = nums(t->rec);
			char id[65];

			if ((n[N_VPID] == 1 ? others : !others) || !n[N_MNT_NS] || !cap_inside__container(t->text.cgroup, id))
				continue;
			cap_inside__add(&s->inside, n[N_MNT_NS], id);
			if (n[N_VPID] == 1)
				cap_inside__add(&s->inside, n[N_PID_NS], id);
		}
}

#define CLONE_NEWNS_NATIVE 0x20000	/* include/uapi/linux/sched.h */
#define CLONE_NEWPID_NATIVE 0x20000000

/* A thread that is in namespaces of a container which its process does not belong to. */
static void add_entered(struct cap_snapshot *s, struct fmt_batch *b, const struct task *t)
{
	const uint64_t *n = nums(t->rec);
	const char *by_mnt = cap_inside__of(&s->inside, n[N_MNT_NS]), *by_pid = cap_inside__of(&s->inside, n[N_PID_NS]);
	const struct task *leader = by_mnt || by_pid ? numbered(&s->second, (uint32_t)(t->rec->pid_tid >> 32)) : NULL;
	const char *id = by_mnt ? by_mnt : by_pid;
	uint64_t by = 0;
	char own[65];

	if (!leader || !leader->text.cgroup || (cap_inside__container(leader->text.cgroup, own) && !strcmp(own, id)))
		return;
	by |= by_mnt ? CLONE_NEWNS_NATIVE : 0;
	by |= by_pid && !strcmp(by_pid, id) ? CLONE_NEWPID_NATIVE : 0;
	add_text(b, P_state_thread_entered, id, strlen(id), strlen(id));
	fmt_batch__int(b, P_state_thread_entered_by, fmt_group__from_native(GROUP_clone_flags, by));
}

/* what threads of one process share, include/uapi/linux/sched.h */
#define CLONE_THREAD_NATIVE 0x10f00

static void thread_row(struct cap_snapshot *s, struct fmt_batch *b, const struct task *t)
{
	const struct cap_record *r = t->rec;
	struct cap_parts p;

	if (!cap_parts__split(&p, r) || fmt_batch__begin(b, EV_state_thread, s->ts, 0, tid_of(r),
							 (uint32_t)(r->pid_tid >> 32), 0, 0) < 0)
		return;
	add_nums(s, b, r);
	fmt_batch__int(b, P_state_thread_flags, is_leader(r) ? 0 :
		       fmt_group__from_native(GROUP_clone_flags, CLONE_THREAD_NATIVE));
	fmt_batch__int(b, P_state_thread_fdtable, cap_fd_rows__table(&s->fds, nums(r)[N_FILES]));
	if (p.blob[TAG_COMM])
		add_text(b, P_state_thread_comm, (const char *)cap_blob__bytes(p.blob[TAG_COMM]),
			 p.blob[TAG_COMM]->len, p.blob[TAG_COMM]->len);
	add_entered(s, b, t);
	if (s->again)
		fmt_batch__int(b, P_state_thread_reread, 1);
	if (is_leader(r)) {
		if (t->text.cmdline)
			cap_proc_row__text(b, &t->text, &s->dec->hierarchies, &s->dec->text);
		add_path(s, b, P_state_thread_cwd, p.blob[TAG_CWD]);
		add_path(s, b, P_state_thread_root, p.blob[TAG_ROOT]);
		add_path(s, b, P_state_thread_exepath, p.blob[TAG_EXE]);
	}
	fmt_batch__end(b);
}

/* Rows of the first walk that the second did not see again, then the second one's. */
static bool wanted(const struct cap_snapshot *s, const struct walk *w, const struct cap_record *r)
{
	return w == &s->second || !find(&s->second, r);
}

static int rows_of(struct cap_snapshot *s, const struct walk *w, struct fmt_batch *b,
		   int (*full)(void *arg, struct fmt_batch *b), void *arg)
{
	int r = 0;

	for (size_t i = 0; i < w->n_tasks && !r; i++) {
		if (!wanted(s, w, w->tasks[i].rec))
			continue;
		thread_row(s, b, &w->tasks[i]);
		r = fmt_batch__full(b) ? full(arg, b) : 0;
	}
	return r;
}

static bool seen_by(const struct walk *w, uint32_t pid)
{
	return numbered(w, pid);
}

/* A descriptor of a process that is only known from the first walk, or of the second walk. */
static bool file_wanted(const struct cap_snapshot *s, const struct walk *w,
			const struct cap_record *r)
{
	return w == &s->second || !seen_by(&s->second, tid_of(r));
}

static int file_rows_of(struct cap_snapshot *s, const struct walk *w, struct fmt_batch *b,
			int (*full)(void *arg, struct fmt_batch *b), void *arg)
{
	int r = 0;

	for (size_t i = 0; i < w->n_files && !r; i++) {
		if (!file_wanted(s, w, w->files[i]))
			continue;
		cap_fd_rows__add(&s->fds, b, s->ts, w->files[i], &s->dec->text);
		r = fmt_batch__full(b) ? full(arg, b) : 0;
	}
	return r;
}

/* A process that neither walk has shown, although it is there: some kernels hide some. */
struct hidden {
	struct cap_snapshot *s;
	struct fmt_batch *b;
};

static void hidden_row(void *arg, uint32_t pid)
{
	struct hidden *h = arg;

	if (seen_by(&h->s->first, pid) || seen_by(&h->s->second, pid) || fmt_batch__full(h->b))
		return;
	cap_proc_row__add(h->b, h->s->ts, pid, (uint64_t)h->s->dec->boot_offset,
			  &h->s->dec->hierarchies, &h->s->dec->text, &h->s->mem);
}

int cap_snapshot__rows(struct cap_snapshot *s, struct fmt_batch *b,
		       int (*full)(void *arg, struct fmt_batch *b), void *arg)
{
	int r;

	for (size_t i = 0; i < s->second.n_files; i++)
		cap_fd_rows__note(&s->fds, s->second.files[i]);
	find_insides(s);
	cap_host__rows(b, s->ts);
	cap_proc_row__each(hidden_row, &(struct hidden){ s, b });
	r = rows_of(s, &s->first, b, full, arg);
	r = r ? r : rows_of(s, &s->second, b, full, arg);
	r = r ? r : file_rows_of(s, &s->first, b, full, arg);
	return r ? r : file_rows_of(s, &s->second, b, full, arg);
}

int cap_snapshot__rows_again(struct cap_snapshot *s, struct fmt_batch *b,
			     int (*full)(void *arg, struct fmt_batch *b), void *arg)
{
	int r;

	for (size_t i = 0; i < s->second.n_files; i++)
		cap_fd_rows__note(&s->fds, s->second.files[i]);
	find_insides(s);
	r = rows_of(s, &s->second, b, full, arg);
	return r ? r : file_rows_of(s, &s->second, b, full, arg);
}

bool cap_snapshot__has(const struct cap_snapshot *s, uint32_t tid)
{
	return seen_by(&s->second, tid);
}
