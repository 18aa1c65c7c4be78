// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "tests/capture/keep_bed.h"

struct cap_keep *bed__keep(struct bed *b, struct cap_keep_opts o)
{
	struct err err = { 0 };

	o.sz = sizeof(o);
	o.ring = b->r;
	o.dir = b->dir;
	if (cap_keep__new(&b->k, &o, &err))
		fail_msg("%s", err.msg);
	return b->k;
}

void bed__begin(struct bed *b, const char *name, struct cap_keep_opts o)
{
	struct cap_ring_opts ro = { .sz = sizeof(ro), .bytes = 32 * MIB };

	*b = (struct bed){ .dir = feed__folder(name) };
	assert_int_equal(cap_ring__new(&b->r, &ro, NULL), 0);
	feed__begin(&b->f, b->r);
	bed__keep(b, o);
}

void bed__end(struct bed *b)
{
	cap_keep__free(b->k);
	if (b->f.b)
		feed__done(&b->f);
	cap_ring__free(b->r);
}

struct cap_keep_stats bed__stats(const struct bed *b)
{
	struct cap_keep_stats st;

	cap_keep__stats(b->k, &st);
	return st;
}

/* Until nothing is open or waits; a test that waits in vain fails. */
void bed__settle(const struct bed *b)
{
	for (unsigned k = 0; k < 3000; k++) {
		struct cap_keep_stats st = bed__stats(b);

		if (!st.open && !st.waiting)
			return;
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
	fail_msg("files are still open after half a minute");
}

const char *bed__path(const struct bed *b, const char *name)
{
	static char path[4][1024];
	static unsigned k;

	snprintf(path[++k % 4], sizeof(path[0]), "%s/%s", b->dir, name);
	return path[k % 4];
}

/* A second of events for each keyframe. */
void bed__seconds(struct bed *b, unsigned n)
{
	for (unsigned k = 0; k < n; k++) {
		feed__keyframe(&b->f);
		feed__events(&b->f, 500, 10);
		feed__events(&b->f, 500, 10);
	}
	feed__upto(&b->f);
}

char *bed__fire(const struct bed *b, struct cap_trigger t)
{
	char *name = NULL;
	struct err err = { 0 };

	if (cap_keep__trigger(b->k, &t, &name, NULL, &err))
		fail_msg("%s", err.msg);
	return name;
}
