// SPDX-License-Identifier: Apache-2.0
/*
 * What a trace of an attacked machine may say on purpose: rings of parents, births that contradict each
 * other, numbers that cannot be, texts and lists without end. Nothing is read that was freed (the sanitizers
 * see to that), and what an event costs and what is kept stays within bounds: counts, not seconds.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/field/field.h"
#include "engine/state/path.h"
#include "engine/state/state_internal.h"
#include "tests/engine/world.h"

#define MIB (1u << 20)
#define GENERATIONS 100000

static int setup(void **state)
{
	*state = world__new();
	return 0;
}

static int teardown(void **state)
{
	world__free(*state);
	return 0;
}

static void text(struct world *w, unsigned param, const char *p, size_t n)
{
	fmt_batch__str(w->b, param, p, (uint32_t)n, (uint32_t)n);
}

static char *filled(size_t n, char c)
{
	char *p = xmalloc(n);

	memset(p, c, n);
	return p;
}

/* Something that changes nothing: the thread is there afterwards. */
static struct eng_thread *thread(struct world *w, int64_t tid, int64_t pid)
{
	ev(w, EV_getuid, tid, pid, 0);
	go(w);
	return w->ctx.thread;
}

static struct eng_proc *proc(struct world *w, int64_t pid)
{
	return eng_state__proc(w->st, pid);
}

static unsigned depth(const struct eng_proc *p)
{
	unsigned n = 0;

	for (; p; p = p->parent)
		assert_true(n++ <= GENERATIONS);
	return n;
}

static void one_proc(struct eng_proc *p, void *arg)
{
	uint32_t n = 0;

	depth(p);
	for (const struct eng_thread *t = p->threads; t; t = t->next, n++) {
		assert_ptr_equal(t->proc, p);
		assert_ptr_equal(eng_state__thread(arg, t->tid), t);
	}
	assert_int_equal(n, p->n_threads);
	for (const struct eng_proc *c = p->child; c; c = c->sibling)
		assert_ptr_equal(c->parent, p);
}

/* Nobody is its own ancestor, every list agrees with the tables, and a keyframe makes the same state. */
static void check(struct world *w)
{
	struct eng_state *copy;
	char *a, *b;

	leave(w);
	eng_state__each_proc(w->st, one_proc, w->st);
	copy = copy_of(w->st, w->ts);
	a = dump(w->st);
	b = dump(copy);
	assert_string_equal(a, b);
	free(a);
	free(b);
	eng_state__free(copy);
}

/* --- parents ------------------------------------------------------------------------------------- */

static void row(struct world *w, int64_t pid, int64_t ptid)
{
	ev(w, EV_state_thread, pid, pid, 0);
	i(w, P_state_thread_ptid, ptid);
	go(w);
}

static void rings_of_parents(void **state)
{
	struct world *w = *state;

	row(w, 10, 10);
	row(w, 11, 12);
	row(w, 12, 13);
	row(w, 13, 11);
	task_new(w, 13, 13, 14, 14, 0, "x");
	row(w, 11, 14);
	row(w, 13, 14);
	assert_null(proc(w, 10)->parent);
	check(w);
}

static void deep_chain(void **state)
{
	struct world *w = *state;
	uint64_t epoch;

	thread(w, 1, 1);
	for (int k = 1; k < GENERATIONS; k++)
		task_new(w, k, k, k + 1, k + 1, 0, "x");
	assert_int_equal(depth(proc(w, GENERATIONS)), GENERATIONS);
	/* What the oldest changes is not told to all at once, yet all find out. */
	thread(w, GENERATIONS, GENERATIONS);
	epoch = w->ctx.proc->epoch;
	for (int k = 0; k < 100; k++) {
		uint64_t before = w->st->shared->epoch;

		ev(w, EV_setpgid, 1, 1, 0);
		go(w);
		assert_true(w->st->shared->epoch - before < 5000);
	}
	thread(w, GENERATIONS, GENERATIONS);
	assert_true(w->ctx.proc->epoch != epoch);
	/* The youngest one's ring is refused without looking at all of them. */
	row(w, 1, GENERATIONS);
	assert_null(proc(w, 1)->parent);
	for (int k = 1; k <= GENERATIONS; k++)
		exit_thread(w, k, k, 0);
	leave(w);
	assert_int_equal(w->st->procs.n, 0);
}

static void many_threads(void **state)
{
	struct world *w = *state;

	for (int k = 0; k < 200000; k++)
		thread(w, 10 + k, 10);
	assert_int_equal(proc(w, 10)->n_threads, 200000);
	for (int k = 0; k < 200000; k++)	/* the oldest first */
		exit_thread(w, 10 + k, 10, 0);
	leave(w);
	assert_null(proc(w, 10));
}

static void threads_without_end(void **state)
{
	struct world *w = *state;

	const struct slots *slots = &w->st->shared->thread_slots;

	for (uint32_t k = 1; k < MAX_THREADS + 100000; k++) {
		w->b->origin = k % 4;	/* a machine more is not room for more */
		thread(w, k, k);
		assert_true(slots->next - slots->n_free <= MAX_THREADS + 4);
	}
	leave(w);
	w->b->origin = 0;
}

/* How far the entries of a map are from where they are looked for: the most. */
static uint32_t farthest(const struct idmap *m)
{
	uint32_t most = 0, d;
	void *p;

	idmap__each(m, k, p) {
		d = (k - idmap__home(m, m->slots[k].key)) & m->mask;
		most = d > most ? d : most;
	}
	return most;
}

static void tables_filled_from_tables(void **state)
{
	struct world *w = *state;

	for (int k = 0; k < 100000; k++)
		open_file(w, 4, 4, "/a", k, 0);
	assert_true(farthest(&proc(w, 4)->fds->fds) < 500);
	task_new(w, 4, 4, 5, 5, 0, "x");
	assert_int_equal(eng_fdtable__count(proc(w, 5)->fds), 100000);
	assert_true(farthest(&proc(w, 5)->fds->fds) < 500);
	ev(w, EV_close_range, 5, 5, 0);
	i(w, P_close_range_first, 0);
	i(w, P_close_range_last, 90000);
	go(w);
	assert_true(farthest(&proc(w, 5)->fds->fds) < 500);
}

/* --- births and deaths that contradict each other -------------------------------------------------- */

static void birth_takes_the_witness(void **state)
{
	struct world *w = *state;

	/* Thread 5 of process 3 tells of a thread of process 5. */
	thread(w, 5, 3);
	task_new(w, 5, 3, 7, 5, 0, "x");
	assert_int_equal(w->ctx.thread->tid, 5);
	check(w);
	/* ... of a thread that has its own process's number. */
	task_new(w, 5, 3, 3, 9, 0, "x");
	assert_int_equal(w->ctx.proc->pid, 3);
	/* ... of itself. */
	task_new(w, 5, 3, 5, 5, 0, "x");
	check(w);
}

static void clone(struct world *w, int64_t tid, int64_t pid, int64_t child_pid, int64_t ptid, int64_t flags,
		  int64_t res)
{
	ev(w, EV_clone, tid, pid, res);
	s(w, P_clone_exe, "x");
	i(w, P_clone_pid, child_pid);
	i(w, P_clone_ptid, ptid);
	i(w, P_clone_flags, flags);
	go(w);
}

static void clones_that_lie(void **state)
{
	struct world *w = *state;
	static const int64_t numbers[] = { 1, 3, 5, 7, -1, 0, 1ll << 40, INT64_MAX, INT64_MIN };
	const size_t n = sizeof(numbers) / sizeof(*numbers);

	for (size_t a = 0; a < n; a++) {
		for (size_t b = 0; b < n; b++) {
			for (int flags = 0; flags < 4; flags++) {
				clone(w, 5, 3, numbers[a], numbers[b], flags & 1 ? 0x2000 : 0, 0);
				clone(w, 7, 7, numbers[b], numbers[a], flags & 2 ? 0x2000 : 0, 0);
				clone(w, 3, 3, numbers[a], numbers[b], flags & 1 ? 0x2000 : 0, numbers[a]);
				check(w);
			}
		}
	}
}

static void ends_that_lie(void **state)
{
	struct world *w = *state;

	thread(w, 6, 5);
	thread(w, 7, 5);
	thread(w, 5, 5);
	task_new(w, 7, 5, 9, 9, 0, "x");
	exit_thread(w, 5, 5, 5);	/* the main thread first, and it takes its own children */
	exit_thread(w, 7, 5, 7);
	check(w);
	exit_thread(w, 6, 5, 9);	/* its child takes its children */
	check(w);
	exit_thread(w, 6, 5, 6);	/* once more */
	ev(w, EV_exec, 9, 9, 0);
	i(w, P_exec_old_tid, 9);
	go(w);
	exec_as(w, 77, "x", "/x", "a\0", 2);	/* by whom nobody has heard of */
	check(w);
}

/* --- numbers ---------------------------------------------------------------------------------------- */

static void numbers_that_cannot_be(void **state)
{
	static const int64_t numbers[] = { 0, -1, INT64_MIN, INT64_MAX, 1ll << 32, UINT32_MAX };
	struct world *w = *state;

	for (size_t k = 0; k < sizeof(numbers) / sizeof(*numbers); k++) {
		task_new(w, 4, 4, numbers[k], 4, 0, "x");
		task_new(w, 4, 4, 8, numbers[k], 0, "x");
		task_new(w, 4, 4, numbers[k], numbers[k], 0, "x");
	}
	leave(w);
	assert_int_equal(w->st->threads.n, 1);
	check(w);
}

static void descriptors_at_the_edge(void **state)
{
	struct world *w = *state;
	struct eng_fdtable *fds = thread(w, 4, 4)->proc->fds;

	open_file(w, 4, 4, "/a", INT64_MAX, 0);
	ev(w, EV_dup, 4, 4, INT64_MAX - 1);
	i(w, P_dup_oldfd, INT64_MAX);
	go(w);
	ev(w, EV_pipe, 4, 4, 0);
	i(w, P_pipe_fd1, -5);
	i(w, P_pipe_fd2, INT64_MIN);
	go(w);
	assert_int_equal(eng_fdtable__count(fds), 2);
	check(w);
	ev(w, EV_close_range, 4, 4, 0);
	i(w, P_close_range_first, 0);
	i(w, P_close_range_last, -1);
	go(w);
	assert_int_equal(eng_fdtable__count(fds), 0);
}

static void times_run_back(void **state)
{
	struct world *w = *state;
	static const uint64_t times[] = { UINT64_MAX, 0, T0, 1, UINT64_MAX - 1 };

	for (size_t k = 0; k < sizeof(times) / sizeof(*times); k++) {
		w->ts = times[k];
		clone(w, 5, 5, 5, 1, 0, 0);
		exit_thread(w, 5, 5, 0);
	}
	w->ts = T0;
	check(w);
}

/* --- texts ------------------------------------------------------------------------------------------- */

static void paths_of_paths(void **state)
{
	struct world *w = *state;
	char *name = filled(MIB, 'a');

	for (int k = 0; k < 50; k++) {
		ev(w, EV_chdir, 4, 4, 0);
		text(w, P_chdir_path, name, k & 1 ? 5000 : MIB);
		go(w);
		ev(w, EV_openat, 4, 4, 3);
		i(w, P_openat_dirfd, 3);
		text(w, P_openat_name, name, k & 1 ? 5000 : MIB);
		go(w);
		assert_true(w->ctx.proc->cwd->len <= PATH_JOIN_MAX + 1);
		assert_true(w->ctx.fd->name->len <= PATH_JOIN_MAX);
	}
	free(name);
	check(w);
}

static void cgroups_without_end(void **state)
{
	struct world *w = *state;
	char *list_ = filled(MIB, 'a'), *path = filled(MIB, 'b');

	for (unsigned k = 1; k < MIB; k += 4)
		memcpy(list_ + k, "=/\0", 3);
	path[0] = '/';
	ev(w, EV_state_thread, 4, 4, 0);
	text(w, P_state_thread_cgroups, list_, MIB);
	go(w);
	for (int k = 0; k < 3; k++) {
		ev(w, EV_cgroup_attach, 4, 4, 0);
		i(w, P_cgroup_attach_tid, 4);
		text(w, P_cgroup_attach_path, path, k ? MIB : 100);
		if (k == 2)
			text(w, P_cgroup_attach_subsys, list_, MIB);
		go(w);
		assert_true(proc(w, 4)->cgroups->len <= 3 * MIB);
	}
	free(list_);
	free(path);
}

static void sum_of_args(struct eng_proc *p, void *arg)
{
	*(size_t *)arg += p->image->args->len + eng_proc__cmdline(p)->len;
}

static void arguments_of_many(void **state)
{
	struct world *w = *state;
	char *args = filled(MIB, 'a');
	size_t sum = 0;

	/* One string of the trace, and each process has it for its own. */
	for (int k = 1; k <= 1000; k++)
		exec_as(w, k, "x", "/x", args, MIB);
	eng_state__each_proc(w->st, sum_of_args, &sum);
	assert_true(sum < (size_t)MAX_LONG_BYTES + 1000 * 1024);
	free(args);
	eng_state__reset(w->st);
	/* All has been given back. */
	exec_as(w, 1, "x", "/x", "abc\0", 4);
	assert_string_equal(eng_proc__cmdline(proc(w, 1))->s, "x abc");
}

static void announce(struct world *w, const char *id, const char *json, size_t n)
{
	ev(w, EV_container, 0, 0, 0);
	s(w, P_container_id, id);
	text(w, P_container_json, json, n);
	go(w);
}

static void documents(void **state)
{
	struct world *w = *state;
	size_t n = 200000;
	char *json = filled(MIB, '[');

	announce(w, "deep", json, MIB);
	assert_null(eng_container__json(eng_state__container(w->st, "deep")));
	memset(json, '1', n);
	memcpy(json, "{\"container\":{\"a\":[", 19);
	for (size_t k = 20; k < n - 3; k += 2)
		json[k] = ',';
	memcpy(json + n - 4, "1]}}", 4);
	for (int k = 0; k < 60; k++) {
		char id[16];

		snprintf(id, sizeof(id), "c%d", k);
		announce(w, id, json, n);
		assert_true(w->st->json_bytes <= 8 * MIB);
	}
	assert_non_null(eng_container__json(eng_state__container(w->st, "c0")));
	eng_state__reset(w->st);
	assert_int_equal(w->st->json_bytes, 0);
	free(json);
}

static const char *const shapes[] = {
	"{\"container\":{\"labels\":[\"x\",1],\"Mounts\":{\"a\":\"b\"},\"pod_sandbox_labels\":[\"y\"],\"ip\":{}}}",
	"{\"container\":{\"labels\":\"x\",\"Mounts\":[1,\"y\",[]],\"pod_sandbox_id\":1,\"type\":1e300}}",
	"{\"container\":{\"id\":[],\"labels\":{\"a\":{}},\"imagerepo\":\"\",\"type\":-1,\"privileged\":\"yes\"}}",
	"{\"container\":1}", "[]", "{", "",
};

static void every_field(struct world *w)
{
	static const char *const args[] = { "", "[0]", "[a]", ".a", ".path" };
	struct arena mem = { 0 };
	struct buf out = { 0 };
	size_t n;
	const struct eng_field *all = eng_field__all(&n);

	for (size_t k = 0; k < n * 5; k++) {
		char *name = xasprintf("%s%s", all[k / 5].name, args[k % 5]);
		struct eng_vals v = { .scratch = &mem };
		struct eng_fref ref;

		if (!eng_field__resolve(name, strlen(name), &mem, &ref, NULL)) {
			eng_field__get(&ref, &w->ctx, k & 1, &v);
			eng_val__text(&ref, &v, &out);
			eng_val__json(&ref, &v, &out);
		}
		free(name);
		arena__reset(&mem);
	}
	eng_event__args(&w->ctx, 0, &out);
	arena__done(&mem);
	buf__done(&out);
}

static void documents_of_other_shapes(void **state)
{
	struct world *w = *state;

	ev(w, EV_state_thread, 4, 4, 0);
	list(w, P_state_thread_cgroups, "cpu=/docker/"
	     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\0");
	go(w);
	for (size_t k = 0; k < sizeof(shapes) / sizeof(*shapes); k++) {
		announce(w, "0123456789ab", shapes[k], strlen(shapes[k]));
		every_field(w);
		thread(w, 4, 4);
		assert_non_null(w->ctx.proc->container);
		every_field(w);
	}
}

static void ids_with_nuls(void **state)
{
	struct world *w = *state;
	static const char id[] = "ab\0cd\0efghijkl";

	for (size_t n = 0; n < sizeof(id); n++) {
		for (size_t from = 0; from < 4; from++) {
			if (from > n)
				continue;
			ev(w, EV_container, 0, 0, 0);
			text(w, P_container_id, id + from, n - from);
			go(w);
			ev(w, EV_useradded, 0, 0, 0);
			i(w, P_useradded_uid, 1);
			text(w, P_useradded_container_id, id + from, n - from);
			go(w);
			ev(w, EV_container_end, 0, 0, 0);
			text(w, P_container_end_id, id + from, n - from);
			go(w);
		}
	}
	check(w);
}

/* --- parameters that are not what their kind says ------------------------------------------------------ */

static const struct fmt_str odd[] = {
	{ "", 0, 0 }, { "\1", 1, 1 }, { "\2", 1, 1 }, { "\2\1\2\3", 4, 4 }, { "\x0a", 1, 1 },
	{ "\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x35", 18, 18 }, { "\1\0\0\0\0", 5, 5 },
	{ "\2\x7f\0\0\1\x35\0\x7f\0\0\1\x35", 12, 12 }, { "\xff\xff", 2, 2 },
	{ "\3\0\1\0\0\0\0\0\0\0\1\0", 12, 12 }, { "\xff\xff\1\0\0\0", 6, 6 }, { "abc", 3, 1000 },
	{ "a\0b", 3, 3 }, { "\0", 1, 1 }, { "\033[2J\xff\xc2\x9b", 7, 7 },
};

static void every_event_with_odd_parameters(void **state)
{
	struct world *w = *state;

	for (unsigned type = 0; type < FMT_MAX_EVENTS; type++) {
		const struct fmt_event_info *info = fmt_event(type);

		for (size_t k = 0; info && k < sizeof(odd) / sizeof(*odd); k++) {
			ev(w, (uint16_t)type, 4, 4, k & 1 ? FMT_NO_RES : (int64_t)k);
			for (unsigned p = 0; p < info->n_params; p++) {
				enum fmt_store store = fmt_ptype_store(info->params[p].type);

				if (store == STORE_INT)
					fmt_batch__int(w->b, p, k & 2 ? (uint64_t)k : (uint64_t)0 - k);
				else if (store == STORE_STR)
					fmt_batch__str(w->b, p, odd[k].p, odd[k].len, odd[k].full_len);
				else
					fmt_batch__bytes(w->b, p, odd[k].p, odd[k].len, odd[k].full_len);
			}
			go(w);
			if (k == type % 64)
				every_field(w);
		}
	}
	check(w);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(rings_of_parents),
		T(deep_chain),
		T(many_threads),
		T(threads_without_end),
		T(tables_filled_from_tables),
		T(birth_takes_the_witness),
		T(clones_that_lie),
		T(ends_that_lie),
		T(numbers_that_cannot_be),
		T(descriptors_at_the_edge),
		T(times_run_back),
		T(paths_of_paths),
		T(cgroups_without_end),
		T(arguments_of_many),
		T(documents),
		T(documents_of_other_shapes),
		T(ids_with_nuls),
		T(every_event_with_odd_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
