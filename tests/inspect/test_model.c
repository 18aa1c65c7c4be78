// SPDX-License-Identifier: Apache-2.0
/*
 * The model and the list of events against a plain run over the same trace: nothing counted twice
 * or left out, the same answers forwards, backwards, at random, and through filters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/field/field.h"
#include "inspect/model/events/evlist.h"
#include "inspect/model/kinds.h"
#include "tests/inspect/opened.h"

static char story[64], big[64], merged[64];

static int make_traces(void **state)
{
	const char *build = getenv("SPOOR_BUILD");
	char cmd[1024];

	(void)state;
	build = build ? build : "build";
	snprintf(merged, sizeof(merged), "/tmp/spoor-test-merged-%d.spoor", (int)getpid());
	snprintf(story, sizeof(story), "/tmp/spoor-test-story-%d", (int)getpid());
	snprintf(big, sizeof(big), "/tmp/spoor-test-big-%d", (int)getpid());
	snprintf(cmd, sizeof(cmd), "%s/tests/inspect/make_story story %s && "
				   "%s/tests/inspect/make_busy 200000 %s && "
				   "%s/tests/inspect/make_story twin %s.twin && "
				   "%s/spoor-trace merge %s %s.twin -w %s >/dev/null",
		 build, story, build, big, build, merged, build, story, merged, merged);
	return system(cmd);
}

static int remove_traces(void **state)
{
	(void)state;
	unlink(story);
	unlink(big);
	unlink(merged);
	strcat(merged, ".twin");
	unlink(merged);
	return 0;
}

/* --- a plain run ----------------------------------------------------------------------------- */

struct plain {
	uint64_t n;			/* listed events */
	uint64_t by_pid[100000];
	uint64_t *matches;		/* numbers of events that satisfy the condition */
	size_t cap, n_matches;
	struct eng_run *run;
	const struct ins_cond *cond;
};

static void run_plain(const char *path, struct plain *p)
{
	struct fmt_source *s;
	const struct fmt_batch *b;
	struct fmt_batch_info info;
	struct eng_state *st;

	assert_int_equal(fmt_source__open(&s, path, NULL), 0);
	eng_state__new(&st);
	if (p->cond)
		assert_int_equal(eng_run__new(&p->run, p->cond->prog), 0);
	while (!fmt_source__next(s, &b, &info, NULL)) {
		if (p->run)
			eng_run__batch(p->run, b);
		for (uint32_t i = 0; i < b->n; i++) {
			struct fmt_ev ev = fmt_batch__ev(b, i);
			struct eng_ctx ctx;
			uint32_t hit;

			eng_state__enter(st, &ev, &ctx);
			if (!info.keyframe && !(ev.info->flags & EF_INTERNAL)) {
				p->n++;
				assert_true(ctx.proc->pid < 100000);
				p->by_pid[ctx.proc->pid]++;
				if (p->run && eng_run__match(p->run, &ctx, true, &hit, 1)) {
					p->matches = xgrow(p->matches, &p->cap, p->n_matches + 1,
							   sizeof(*p->matches));
					p->matches[p->n_matches++] = fmt_ev__num(&ev);
				}
			}
			eng_state__leave(st, &ctx);
		}
	}
	fmt_source__close(s);
	eng_state__free(st);
	eng_run__free(p->run);
}

/* --- the model ------------------------------------------------------------------------------- */

static uint32_t find_proc(const struct ins_model *m, int32_t pid)
{
	uint32_t i = ins_model__proc(m, 0, pid, 0);

	assert_int_not_equal(i, INS_NONE);
	return i;
}

static uint32_t find_file(const struct ins_model *m, const char *path)
{
	for (uint32_t i = 0; i < m->n_files; i++)
		if (!strcmp(ins_model__str(m, m->files[i].path), path))
			return i;
	fail_msg("no file %s", path);
	return INS_NONE;
}

static unsigned count_cmds(const struct ins_model *m, uint8_t kind)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < m->n_cmds; i++)
		n += m->cmds[i].counted && ins_kind__cmd(m, (struct ins_only){ .kind = kind }, i);
	return n;
}

static void tells_the_story(void **state)
{
	struct ins_trace *t = opened__trace(story);
	const struct ins_lens none = { 0 };
	struct ins_model *m = opened__model(t, &none, OPENED_WHOLE);
	const struct ins_proc *x = &m->procs[find_proc(m, 4123)];
	const struct ins_file *f = &m->files[find_file(m, "/tmp/.x")];
	const struct ins_file *shadow = &m->files[find_file(m, "/etc/shadow")];
	unsigned failed = 0, listening = 0;

	(void)state;
	/* the dropped program: whose child, who has it, how it ended, what it did */
	assert_string_equal(ins_model__str(m, x->exe), "/tmp/.x");
	assert_int_equal(x->parent, find_proc(m, 4120));
	assert_int_equal(x->adopter, find_proc(m, 800));
	assert_true(x->flags & PROC_ENDED);
	assert_int_equal(x->status, 9);
	assert_string_equal(ins_model__container_name(m, x->container), "web-1");
	assert_int_equal(x->in, 9);
	assert_int_equal(x->out, 27);
	assert_int_equal(x->n_alerts, 1);
	assert_true(ins_model__is_below(m, find_proc(m, 4123), find_proc(m, 830)));
	assert_false(ins_model__is_below(m, find_proc(m, 4123), find_proc(m, 610)));
	/* its file */
	assert_int_equal(f->wr, 20 * 16384);
	assert_int_equal(f->ops & (FOP_WRITE | FOP_CREATE | FOP_EXEC | FOP_ATTR),
			 FOP_WRITE | FOP_CREATE | FOP_EXEC | FOP_ATTR);
	assert_int_equal(f->n_procs, 3);
	assert_int_equal(shadow->ops, FOP_FAIL);
	assert_int_equal(m->files[find_file(m, "/var/log/nginx/access.log")].ops & FOP_DELETE,
			 FOP_DELETE);
	/* commands: sudo became kill */
	assert_int_equal(m->n_cmds, 11);
	assert_int_equal(count_cmds(m, ONLY_TERMINAL), 4);
	assert_int_equal(count_cmds(m, ONLY_DROPPED), 1);
	assert_int_equal(m->procs[find_proc(m, 4203)].n_cmds, 2);
	for (uint32_t i = 0; i < m->n_conns; i++) {
		failed += m->conns[i].failed;
		listening += m->conns[i].dir == CONN_LISTEN && m->conns[i].before;
	}
	assert_int_equal(failed, 1);
	assert_int_equal(listening, 3);
	assert_int_equal(m->n_alerts, 3);
	assert_int_equal(m->total[MET_LOST], 1234);
	assert_int_equal(m->n_containers, 2);
	assert_true(m->containers[ins_model__container(m, 0, "3f2a9c41d07b")].ended);
	ins_model__free(m);
	ins_trace__close(t);
}

static void counts_all(void **state)
{
	struct plain *p = calloc(1, sizeof(*p));
	struct ins_trace *t = opened__trace(big);
	const struct ins_lens none = { 0 };
	struct ins_model *m = opened__model(t, &none, 1000);	/* in many slices */
	uint64_t sum = 0, slots = 0;

	(void)state;
	run_plain(big, p);
	assert_int_equal(m->total[MET_EVENTS], p->n);
	assert_int_equal(t->n_listed, p->n);
	for (uint32_t i = 0; i < m->n_procs; i++) {
		sum += m->procs[i].n_events;
		assert_int_equal(m->procs[i].n_events, p->by_pid[m->procs[i].pid]);
	}
	for (unsigned i = 0; i < INS_SLOTS; i++)
		slots += m->slots[MET_EVENTS][i];
	assert_int_equal(sum, p->n);
	assert_int_equal(slots, p->n);
	ins_model__free(m);
	ins_trace__close(t);
	free(p);
}

/* An index means the same object whatever the lens. */
static void same_objects(void **state)
{
	struct ins_trace *t = opened__trace(story);
	const struct ins_lens none = { 0 };
	struct ins_lens lens = { 0 };
	struct ins_cond *cond;
	struct ins_model *base = opened__model(t, &none, OPENED_WHOLE), *m;

	(void)state;
	assert_int_equal(ins_cond__new(&cond, "proc.name = curl", NULL), 0);
	lens.cond = cond;
	m = opened__model(t, &lens, OPENED_WHOLE);
	assert_int_equal(m->n_procs, base->n_procs);
	assert_int_equal(m->n_files, base->n_files);
	assert_int_equal(m->n_conns, base->n_conns);
	assert_int_equal(m->n_cmds, base->n_cmds);
	for (uint32_t i = 0; i < m->n_procs; i++)
		assert_int_equal(m->procs[i].pid, base->procs[i].pid);
	for (uint32_t i = 0; i < m->n_files; i++)
		assert_string_equal(ins_model__str(m, m->files[i].path),
				    ins_model__str(base, base->files[i].path));
	assert_int_equal(m->total[MET_EVENTS], m->procs[find_proc(m, 4121)].n_events);
	assert_true(m->total[MET_EVENTS] > 40);
	assert_int_equal(m->files[find_file(m, "/tmp/.x")].n_procs, 1);
	ins_model__free(m);
	ins_model__free(base);
	ins_cond__free(cond);
	ins_trace__close(t);
}

/* --- the list of events ---------------------------------------------------------------------- */

static enum ins_answer next(struct ins_evlist *l, struct ins_evpos from, int dir, uint64_t ns,
			    struct ins_evpos *ret)
{
	enum ins_answer a;

	while ((a = ins_evlist__next(l, from, dir, ns, ret)) == INS_PENDING)
		;
	return a;
}

static uint64_t num_at(const struct ins_trace *t, struct ins_evpos at)
{
	return t->chunks[at.chunk].first_num + at.row;
}

/* Walk the list both ways; numbers must be the wanted ones. */
static void expect_list(struct ins_trace *t, struct ins_evlist *l, const uint64_t *want, size_t n,
			uint64_t ns)
{
	struct ins_evpos at = INS_EV_LAST;
	double done;
	bool all;

	for (size_t i = n; i-- > 0;) {
		assert_int_equal(next(l, at, -1, ns, &at), INS_FOUND);
		assert_int_equal(num_at(t, at), want[i]);
	}
	assert_int_equal(next(l, at, -1, ns, &at), n ? INS_END : INS_END);
	at = INS_EV_FIRST;
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(next(l, at, 1, ns, &at), INS_FOUND);
		assert_int_equal(num_at(t, at), want[i]);
	}
	assert_int_equal(next(l, at, 1, ns, &at), INS_END);
	while (ins_evlist__step(l, ns))
		;
	assert_int_equal(ins_evlist__count(l, &all, &done), n);
	assert_true(all);
}

static void lists_matches(void **state)
{
	static const char *const conds[] = {
		"evt.type = execve", "fd.name = /srv/data/7/f7",
			"proc.name = php and evt.type in (openat, close)",
		"evt.type = nothere_at_all or proc.pid = 1", "fd.sport = 80 and evt.type = accept4",
	};

	(void)state;
	for (size_t c = 0; c < sizeof(conds) / sizeof(conds[0]); c++) {
		struct plain *p = calloc(1, sizeof(*p));
		struct ins_trace *t = opened__trace(big);
		const struct ins_lens none = { 0 };
		struct ins_model *m = opened__model(t, &none, OPENED_WHOLE);
		struct ins_lens lens = { 0 };
		struct ins_cond *cond;
		struct ins_evlist *l;
		struct err e = { 0 };

		if (ins_cond__new(&cond, conds[c], &e) < 0) {
			assert_int_equal(c, 3);	/* the name of no event */
			assert_true(e.col > 0);
			ins_model__free(m);
			ins_trace__close(t);
			free(p);
			continue;
		}
		p->cond = lens.cond = cond;
		run_plain(big, p);
		assert_true(p->n_matches > 0);
		assert_int_equal(ins_evlist__new(&l, t, m, &lens, (struct ins_scope){ OF_ALL, 0 },
						 false), 0);
		/* in slices as small as they get */
		expect_list(t, l, p->matches, p->n_matches, 1);
		ins_evlist__free(l);
		ins_cond__free(cond);
		ins_model__free(m);
		ins_trace__close(t);
		free(p->matches);
		free(p);
	}
}

/* The list of a scope is that of a condition that says the same. */
static void lists_scopes(void **state)
{
	struct ins_trace *t = opened__trace(story);
	const struct ins_lens none = { 0 };
	struct ins_model *m = opened__model(t, &none, OPENED_WHOLE);
	const struct { struct ins_scope scope; const char *cond; } same[] = {
		{ { OF_PROC, find_proc(m, 4121) }, "proc.pid = 4121" },
		{ { OF_TREE, find_proc(m, 4120) }, "proc.pid in (4120, 4121, 4122, 4123)" },
		{ { OF_CONTAINER, ins_model__container((struct ins_model *)m, 0, "3f2a9c41d07b") },
		  "container.id = 3f2a9c41d07b" },
		{ { OF_FILE, find_file(m, "/var/www/html/p3.html") },
		 "fd.name = /var/www/html/p3.html" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		struct plain *p = calloc(1, sizeof(*p));
		struct ins_cond *cond;
		struct ins_evlist *l;

		assert_int_equal(ins_cond__new(&cond, same[i].cond, NULL), 0);
		p->cond = cond;
		run_plain(story, p);
		assert_true(p->n_matches > 3);
		assert_int_equal(ins_evlist__new(&l, t, m, &none, same[i].scope, false), 0);
		expect_list(t, l, p->matches, p->n_matches, OPENED_WHOLE);
		ins_evlist__free(l);
		ins_cond__free(cond);
		free(p->matches);
		free(p);
	}
	ins_model__free(m);
	ins_trace__close(t);
}

static void lists_a_range(void **state)
{
	struct ins_trace *t = opened__trace(story);
	struct ins_lens lens = { .from = t->t_first + 4000000000u, .to = t->t_first + 4220000000u };
	struct ins_model *m = opened__model(t, &lens, OPENED_WHOLE);
	struct ins_evpos at = INS_EV_FIRST;
	struct ins_evlist *l;
	uint64_t n = 0;

	(void)state;
	assert_int_equal(ins_evlist__new(&l, t, m, &lens, (struct ins_scope){ OF_ALL, 0 }, false),
			 0);
	while (next(l, at, 1, OPENED_WHOLE, &at) == INS_FOUND) {
		assert_int_equal(ins_evlist__fill(l, &at, 1, OPENED_WHOLE), INS_FOUND);
		assert_in_range(ins_evlist__line(l, at)->ts, lens.from, lens.to);
		n++;
	}
	assert_int_equal(n, m->total[MET_EVENTS]);
	assert_in_range(n, 10, 500);
	ins_evlist__free(l);
	ins_model__free(m);
	ins_trace__close(t);
}

/* The text of an event does not depend on how one came to it. */
static void same_texts(void **state)
{
	struct ins_trace *t = opened__trace(story);
	const struct ins_lens none = { 0 };
	struct ins_model *m = opened__model(t, &none, OPENED_WHOLE);
	struct ins_evpos at = INS_EV_FIRST, all[2000];
	struct ins_evlist *l;
	char *texts[2000];
	unsigned n = 0;
	uint32_t x = 7;

	(void)state;
	assert_int_equal(ins_evlist__new(&l, t, m, &none, (struct ins_scope){ OF_ALL, 0 }, false),
			 0);
	while (next(l, at, 1, OPENED_WHOLE, &at) == INS_FOUND) {
		const struct ins_evline *line;

		assert_int_equal(ins_evlist__fill(l, &at, 1, OPENED_WHOLE), INS_FOUND);
		line = ins_evlist__line(l, at);
		all[n] = at;
		texts[n++] = xasprintf("%s|%s|%s", line->container.p, line->comm.p, line->args.p);
	}
	assert_in_range(n, 1000, 2000);
	ins_evlist__free(l);
	assert_int_equal(ins_evlist__new(&l, t, m, &none, (struct ins_scope){ OF_ALL, 0 }, false),
			 0);
	for (int i = 0; i < 400; i++) {
		const struct ins_evline *line;
		unsigned k;
		char *text;

		x = x * 1103515245u + 12345u;
		k = (x >> 8) % n;
		assert_int_equal(ins_evlist__fill(l, &all[k], 1, OPENED_WHOLE), INS_FOUND);
		line = ins_evlist__line(l, all[k]);
		text = xasprintf("%s|%s|%s", line->container.p, line->comm.p, line->args.p);
		assert_string_equal(text, texts[k]);
		free(text);
	}
	for (unsigned i = 0; i < n; i++)
		free(texts[i]);
	ins_evlist__free(l);
	ins_model__free(m);
	ins_trace__close(t);
}

static void goes_to_numbers_and_times(void **state)
{
	struct ins_trace *t = opened__trace(story);
	const struct ins_lens none = { 0 };
	struct ins_model *m = opened__model(t, &none, OPENED_WHOLE);
	struct ins_evlist *l;
	struct ins_evpos at;

	(void)state;
	assert_int_equal(ins_evlist__new(&l, t, m, &none, (struct ins_scope){ OF_ALL, 0 }, true),
			 0);
	for (uint64_t num = 1; num <= t->n_events; num += 37) {
		at = ins_evlist__before_num(l, num);
		assert_int_equal(next(l, at, 1, OPENED_WHOLE, &at), INS_FOUND);
		assert_int_equal(num_at(t, at), num);
	}
	at = ins_evlist__before_num(l, t->n_events + 1000);
	assert_int_equal(next(l, at, 1, OPENED_WHOLE, &at), INS_END);
	for (uint64_t ts = t->t_first; ts <= t->t_last; ts += 333000000u) {
		assert_int_equal(ins_evlist__before_time(l, ts, OPENED_WHOLE, &at), INS_FOUND);
		assert_int_equal(next(l, at, 1, OPENED_WHOLE, &at), INS_FOUND);
		assert_int_equal(ins_evlist__fill(l, &at, 1, OPENED_WHOLE), INS_FOUND);
		assert_true(ins_evlist__line(l, at)->ts >= ts);
	}
	ins_evlist__free(l);
	ins_model__free(m);
	ins_trace__close(t);
}

/* Equal pids, uids, paths and container ids of two machines are not taken for each other. */
static void tells_machines_apart(void **state)
{
	struct ins_trace *t = opened__trace(merged), *alone = opened__trace(story);
	const struct ins_lens none = { 0 };
	struct ins_model *m = opened__model(t, &none, OPENED_WHOLE), *one = opened__model(alone, &none, OPENED_WHOLE);
	uint32_t sh = ins_model__proc(m, 0, 4100, 0), rsync = ins_model__proc(m, 1, 4100, 0);
	uint32_t web = ins_model__container(m, 0, "3f2a9c41d07b"), twin = ins_model__container(m, 1, "3f2a9c41d07b");
	struct ins_set here = { 0 }, there = { 0 };
	uint64_t listed[2] = { 0 };
	struct ins_evlist *l;
	char buf[16];

	(void)state;
	assert_int_equal(t->n_machines, 2);
	assert_int_equal(m->n_procs, one->n_procs + 6);
	assert_int_equal(m->procs[sh].n_events, one->procs[find_proc(one, 4100)].n_events);
	assert_string_equal(ins_model__str(m, m->procs[sh].comm), "sh");
	assert_string_equal(ins_model__str(m, m->procs[rsync].comm), "rsync");
	assert_int_equal(m->procs[sh].status, 1 << 8);
	assert_int_equal(m->procs[rsync].status, 3 << 8);
	assert_int_equal(m->procs[m->procs[rsync].parent].pid, 815);
	assert_int_equal(m->procs[m->procs[rsync].parent].origin, 1);
	for (uint32_t i = 0; i < m->n_procs; i++)
		assert_false(m->procs[i].flags & (PROC_VANISHED | PROC_GUESSED));
	assert_string_equal(ins_model__user(m, m->procs[rsync].container, 33, buf), "backup");
	assert_string_equal(ins_model__user(m, ins_model__host(m, 0), 1000, buf), "alice");
	assert_string_equal(ins_model__user(m, ins_model__host(m, 1), 1000, buf), "1000");
	assert_int_not_equal(web, twin);
	assert_string_equal(ins_model__container_name(m, web), "web-1");
	assert_string_equal(ins_model__container_name(m, twin), "web-2");
	assert_string_equal(ins_model__container_name(m, ins_model__host_of(m, twin)), "db02");
	ins_scope__procs(m, (struct ins_scope){ OF_CONTAINER, ins_model__host(m, 0) }, &here);
	ins_scope__procs(m, (struct ins_scope){ OF_CONTAINER, ins_model__host(m, 1) }, &there);
	for (uint32_t i = 0; i < m->n_procs; i++) {
		assert_int_equal(ins_set__has(&here, i), m->procs[i].origin == 0);
		assert_int_equal(ins_set__has(&there, i), m->procs[i].origin == 1);
	}
	for (unsigned k = 0; k < 2; k++) {
		struct ins_evpos at = INS_EV_FIRST;

		assert_int_equal(ins_evlist__new(&l, t, m, &none,
						 (struct ins_scope){ OF_PROC, k ? rsync : sh }, false), 0);
		while (next(l, at, 1, OPENED_WHOLE, &at) == INS_FOUND) {
			assert_int_equal(ins_evlist__fill(l, &at, 1, OPENED_WHOLE), INS_FOUND);
			assert_int_equal(ins_evlist__line(l, at)->origin, k);
			listed[k]++;
		}
		ins_evlist__free(l);
		assert_int_equal(listed[k], m->procs[k ? rsync : sh].n_events);
		assert_true(listed[k] > 0);
	}
	ins_set__done(&here);
	ins_set__done(&there);
	ins_model__free(m);
	ins_model__free(one);
	ins_trace__close(t);
	ins_trace__close(alone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_the_story), cmocka_unit_test(counts_all),
			cmocka_unit_test(same_objects),
		cmocka_unit_test(lists_matches), cmocka_unit_test(lists_scopes),
			cmocka_unit_test(lists_a_range),
		cmocka_unit_test(tells_machines_apart),
		cmocka_unit_test(same_texts), cmocka_unit_test(goes_to_numbers_and_times),
	};

	return cmocka_run_group_tests(tests, make_traces, remove_traces);
}
