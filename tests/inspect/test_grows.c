// SPDX-License-Identifier: Apache-2.0
/* A trace that is still being written: what was worked out of it so far is gone on with, and comes to the same as of the whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "inspect/model/call_counts.h"
#include "inspect/ui/table/ui_table.h"
#include "tests/inspect/opened.h"

static char whole_file[64];

static int make_whole(void **state)
{
	const char *build = getenv("SPOOR_BUILD");
	char cmd[512];

	(void)state;
	snprintf(whole_file, sizeof(whole_file), "/tmp/spoor-test-grows-%d", (int)getpid());
	snprintf(cmd, sizeof(cmd), "%s/tests/inspect/make_busy 200000 %s", build ? build : "build", whole_file);
	return system(cmd);
}

static int remove_whole(void **state)
{
	(void)state;
	unlink(whole_file);
	return 0;
}

static void write_part(const char *from, long begin, long n, const char *to, const char *mode)
{
	FILE *in = fopen(from, "rb"), *out = fopen(to, mode);
	char *bytes = malloc((size_t)n);

	assert_non_null(in);
	assert_non_null(out);
	assert_int_equal(fseek(in, begin, SEEK_SET), 0);
	assert_int_equal(fread(bytes, 1, (size_t)n, in), n);
	assert_int_equal(fwrite(bytes, 1, (size_t)n, out), n);
	fclose(in);
	fclose(out);
	free(bytes);
}

static uint64_t count_list(struct ins_evlist *l)
{
	double done;
	bool all;

	while (ins_evlist__step(l, OPENED_WHOLE))
		;
	return ins_evlist__count(l, &all, &done);
}

static struct ins_evlist *make_list(struct ins_trace *t, const struct ins_model *m, const struct ins_lens *lens,
				    struct ins_scope scope)
{
	struct ins_evlist *l;

	assert_int_equal(ins_evlist__new(&l, t, m, lens, scope, false), 0);
	return l;
}

/* Lists of a trace that has grown go on, and have then what they have of the whole. */
static void goes_on(void **state)
{
	const struct ins_lens none = { 0 };
	const struct ins_scope scopes[] = { { OF_ALL, 0 }, { OF_CONTAINER, 0 }, { OF_TREE, 1 }, { OF_ALL, 0 } };
	struct ins_lens lenses[4] = { { 0 } };
	struct ins_trace *whole = opened__trace(whole_file), *t;
	struct ins_evlist *lists[4], *l;
	struct ins_model *m, *of_whole = opened__model(whole, &none, OPENED_WHOLE);
	struct ins_calls *calls, *again;
	struct ins_cond *cond;
	struct ins_pass *p;
	uint64_t was, before[4];
	char path[80];
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "%s.grows", whole_file);
	assert_int_equal(stat(whole_file, &st), 0);
	write_part(whole_file, 0, st.st_size / 2, path, "wb");
	assert_int_equal(ins_cond__new(&cond, "evt.type = execve or proc.name = nginx", NULL), 0);
	lenses[3].cond = cond;
	t = opened__trace(path);
	assert_int_equal(ins_model__new(&m, t, false), 0);
	assert_int_equal(ins_pass__new(&p, t, m, &none, NULL), 0);
	while (ins_pass__step(p, OPENED_WHOLE))
		;
	for (unsigned i = 0; i < 4; i++) {
		lists[i] = make_list(t, m, &lenses[i], scopes[i]);
		before[i] = count_list(lists[i]);
		assert_true(before[i] > 0);
	}
	assert_int_equal(ins_calls__new(&calls, t, m, &none, scopes[1]), 0);
	while (ins_calls__step(calls, OPENED_WHOLE))
		;
	was = t->t_last;
	write_part(whole_file, st.st_size / 2, st.st_size - st.st_size / 2, path, "ab");
	assert_true(ins_trace__refresh(t, NULL) > 0);
	while (ins_trace__step(t, OPENED_WHOLE))
		;
	ins_pass__go_on(p, was);
	while (ins_pass__step(p, OPENED_WHOLE))
		;
	for (unsigned i = 0; i < 4; i++) {
		struct ins_evpos end;

		/* the last that there was: nothing before it has changed */
		assert_int_equal(ins_evlist__next(lists[i], ins_evlist__before_num(lists[i], whole->n_events / 4), -1, OPENED_WHOLE, &end),
				 INS_FOUND);
		assert_true(ins_evlist__rescope(lists[i], end));
		l = make_list(whole, of_whole, &lenses[i], scopes[i]);
		assert_int_equal(count_list(lists[i]), count_list(l));
		assert_true(count_list(l) > before[i]);
		ins_evlist__free(l);
		ins_evlist__free(lists[i]);
	}
	ins_calls__again(calls);
	assert_true(calls->at.chunk > 0);	/* it has not begun anew */
	while (ins_calls__step(calls, OPENED_WHOLE))
		;
	assert_int_equal(ins_calls__new(&again, whole, of_whole, &none, scopes[1]), 0);
	while (ins_calls__step(again, OPENED_WHOLE))
		;
	for (unsigned i = 0; i < FMT_MAX_EVENTS; i++)
		assert_memory_equal(&calls->by_type[i], &again->by_type[i], sizeof(calls->by_type[i]));
	ins_calls__free(calls);
	ins_calls__free(again);
	ins_pass__free(p);
	ins_model__free(m);
	ins_model__free(of_whole);
	ins_trace__close(t);
	ins_trace__close(whole);
	ins_cond__free(cond);
	unlink(path);
}

static void work(struct ins_ui *ui)
{
	while (ins_ui__work(ui, OPENED_WHOLE))
		;
}

static uint32_t folder_at_cursor(struct ins_ui *ui)
{
	struct ins_frame *f = ins_ui__top(ui);
	struct ins_table *t = ins_ui__state(ui, f);

	ins_table__refresh(ui, f, t);
	return t->n ? t->rows[t->cur] : INS_NONE;
}

/* When all is read and counted; looking at the rows is what begins to count. */
static uint32_t settled_folder(struct ins_ui *ui)
{
	work(ui);
	folder_at_cursor(ui);
	work(ui);
	return folder_at_cursor(ui);
}

/* The cursor stays where it is while folders are counted anew; a trace that has become shorter is no longer followed. */
static void followed(void **state)
{
	const struct ins_ui_opts opts = { 0 };
	struct err err = { 0 };
	struct ins_ui *ui;
	uint32_t folder;
	char path[80];
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "%s.followed", whole_file);
	assert_int_equal(stat(whole_file, &st), 0);
	write_part(whole_file, 0, st.st_size / 2, path, "wb");
	assert_int_equal(ins_ui__new(&ui, opened__trace(path), &opts, &err), 0);
	work(ui);
	ins_ui__push(ui, (struct ins_scope){ OF_ALL, 0 }, VIEW_FOLDERS, 0);
	folder = settled_folder(ui);
	assert_int_not_equal(folder, INS_NONE);
	ins_ui__act(ui, ACT_DOWN);
	ins_ui__act(ui, ACT_DOWN);
	assert_int_not_equal(folder_at_cursor(ui), folder);
	folder = folder_at_cursor(ui);
	write_part(whole_file, st.st_size / 2, st.st_size / 4, path, "ab");
	assert_true(ins_ui__look_again(ui, &err) > 0);
	while (ins_ui__work(ui, 1000000))
		folder_at_cursor(ui);
	assert_int_equal(settled_folder(ui), folder);
	ui->following = true;
	assert_int_equal(truncate(path, st.st_size / 4), 0);
	ins_ui__follow(ui);
	assert_false(ui->following);
	assert_non_null(strstr(ui->message, "shorter"));
	ins_ui__free(ui);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(goes_on), cmocka_unit_test(followed) };

	return cmocka_run_group_tests(tests, make_whole, remove_whole);
}
