// SPDX-License-Identifier: Apache-2.0
/* Events of several machines: the same numbers mean something else on each, and no memo takes one for the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "engine/state/state.h"
#include "format/base/alloc.h"
#include "format/file/source.h"

#define MACHINES 3u

static void put_str(struct fmt_batch *b, unsigned p, const char *s)
{
	fmt_batch__str(b, p, s, (uint32_t)strlen(s), (uint32_t)strlen(s));
}

/* Process 10, called after its machine. */
static void put_process(struct fmt_batch *b, unsigned origin, const char *comm)
{
	b->origin = (uint8_t)origin;
	fmt_batch__begin(b, EV_state_thread, 1, 0, 10, 10, 0, 0);
	put_str(b, P_state_thread_comm, comm);
	put_str(b, P_state_thread_exe, comm);
	fmt_batch__end(b);
	fmt_batch__begin(b, EV_state_fd, 1, 0, 10, 10, 0, 0);
	fmt_batch__int(b, P_state_fd_fd, 3);
	fmt_batch__int(b, P_state_fd_type, FDT_FILE);
	put_str(b, P_state_fd_name, comm);
	fmt_batch__end(b);
}

static void put_close(struct fmt_batch *b, unsigned origin)
{
	b->origin = (uint8_t)origin;
	fmt_batch__begin(b, EV_close, 2, 0, 10, 10, 0, 0);
	fmt_batch__int(b, P_close_fd, 3);
	fmt_batch__end(b);
}

static void count_proc(struct eng_proc *p, void *arg)
{
	(void)p;
	++*(unsigned *)arg;
}

static void apply_all(struct eng_state *st, const struct fmt_batch *b)
{
	struct eng_ctx ctx;

	for (uint32_t k = 0; k < b->n; k++) {
		struct fmt_ev ev = fmt_batch__ev(b, k);

		eng_state__enter(st, &ev, &ctx);
		eng_state__leave(st, &ctx);
	}
}

static void apart(void **state)
{
	static const char *const names[MACHINES] = { "first", "second", "third" };
	struct fmt_meta more[MACHINES - 1] = { { .hostname = "h1" }, { .hostname = "h2" } };
	struct fmt_source s = { .meta = { .hostname = "h0" }, .more = more, .n_more = MACHINES - 1 };
	uint32_t slots[MACHINES];
	uint64_t epochs[MACHINES];
	struct eng_state *st;
	struct fmt_batch *b;
	unsigned n = 0;

	(void)state;
	eng_state__new(&st);
	eng_state__name_origins(st, &s);
	fmt_batch__new(&b);
	for (unsigned k = 0; k < MACHINES; k++)
		put_process(b, k, names[k]);
	apply_all(st, b);
	fmt_batch__reset(b, 1);
	for (unsigned k = 0; k < MACHINES; k++)
		put_close(b, k);
	for (uint32_t k = 0; k < b->n; k++) {
		struct fmt_ev ev = fmt_batch__ev(b, k);
		char host[] = "h0";
		struct eng_ctx ctx;

		host[1] = (char)('0' + k);
		eng_state__enter(st, &ev, &ctx);
		assert_string_equal(ctx.proc->comm->s, names[k]);
		assert_string_equal(ctx.fd->name->s, names[k]);
		assert_string_equal(eng_state__hostname(ctx.state), host);
		slots[k] = ctx.proc->slot;
		epochs[k] = ctx.proc->epoch;
		eng_state__leave(st, &ctx);
		for (uint32_t i = 0; i < k; i++)
			assert_true(slots[i] != slots[k] && epochs[i] != epochs[k]);
	}
	eng_state__each_proc(st, count_proc, &n);
	assert_int_equal(n, MACHINES);
	eng_state__reset(st);
	n = 0;
	eng_state__each_proc(st, count_proc, &n);
	assert_int_equal(n, 0);
	fmt_batch__free(b);
	eng_state__free(st);
}

/* A keyframe holds all of them. */
static void saved(void **state)
{
	struct buf before = { 0 }, after = { 0 };
	struct eng_state *a, *b;
	struct fmt_batch *in, *out;

	(void)state;
	eng_state__new(&a);
	eng_state__new(&b);
	fmt_batch__new(&in);
	fmt_batch__new(&out);
	put_process(in, 0, "first");
	put_process(in, 2, "third");
	apply_all(a, in);
	assert_int_equal(eng_state__save(a, 5, out, NULL, NULL), 0);
	assert_int_equal(out->origin, 0);
	apply_all(b, out);
	eng_state__dump(a, &before);
	eng_state__dump(b, &after);
	assert_non_null(strstr((char *)before.p, "machine 2"));
	assert_string_equal((char *)before.p, (char *)after.p);
	buf__done(&before);
	buf__done(&after);
	fmt_batch__free(in);
	fmt_batch__free(out);
	eng_state__free(a);
	eng_state__free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(apart), cmocka_unit_test(saved) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
