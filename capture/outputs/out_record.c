// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/outputs/out_record.h"
#include "format/base/cursor.h"

struct piece {
	const char *p;
	uint32_t n;
};

enum { RULE, SOURCE, CONTAINER, JSON, TEXT, N_PIECES };

static struct out_record *make(const struct piece *pieces)
{
	size_t bytes = sizeof(struct out_record);
	struct out_record *r;
	char *at, *start[N_PIECES];

	for (int i = 0; i < N_PIECES; i++)
		bytes += pieces[i].n + 1;
	r = xmalloc(bytes);
	memset(r, 0, sizeof(*r));
	at = (char *)(r + 1);
	for (int i = 0; i < N_PIECES; i++) {
		start[i] = at;
		memcpy(at, pieces[i].p, pieces[i].n);
		at += pieces[i].n;
		*at++ = 0;
	}
	atomic_init(&r->refs, 1);
	r->rule = start[RULE];
	r->source = start[SOURCE];
	r->container = start[CONTAINER];
	r->json = start[JSON];
	r->json_len = pieces[JSON].n;
	r->text = start[TEXT];
	r->text_len = pieces[TEXT].n;
	r->bytes = bytes;
	return r;
}

static struct piece piece_of(const char *s)
{
	return (struct piece){ s ? s : "", s ? (uint32_t)strlen(s) : 0 };
}

struct out_record *out_record__new(const struct cap_out_alert *a, const char *id, uint64_t now_ns)
{
	struct piece pieces[N_PIECES] = {
		[RULE] = piece_of(a->rule),
		[SOURCE] = piece_of(a->source),
		[CONTAINER] = piece_of(a->container),
		[JSON] = { a->json ? a->json : "", (uint32_t)a->json_len },
		[TEXT] = { a->text ? a->text : "", (uint32_t)a->text_len },
	};
	struct out_record *r = make(pieces);

	r->time_ns = a->time_ns;
	r->priority = a->priority;
	r->born_ns = now_ns;
	strncpy(r->id, id, sizeof(r->id) - 1);
	return r;
}

struct out_record *out_record__ref(struct out_record *r)
{
	atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
	return r;
}

void out_record__unref(struct out_record *r)
{
	if (r && atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) == 1)
		free(r);
}

static void save_piece(struct buf *out, const char *p, size_t n)
{
	buf__varint(out, n);
	buf__add(out, p, n);
}

/* --- age ------------------------------------------------------------------------------------------ */

static uint64_t read_boot(void)
{
	char id[40] = "";
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	size_t n = f ? fread(id, 1, sizeof(id) - 1, f) : 0;

	if (f)
		fclose(f);
	return n ? strtab__hash(id, n) | 1 : 0;
}

static uint64_t read_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static pthread_once_t boot_once = PTHREAD_ONCE_INIT;
static uint64_t boot;

static void find_boot(void)
{
	boot = read_boot();
}

struct out_clock out_clock__now(void)
{
	pthread_once(&boot_once, find_boot);
	return (struct out_clock){ read_clock(CLOCK_MONOTONIC), read_clock(CLOCK_REALTIME), boot };
}

/* The birth of a record that was saved, by today's monotonic clock. */
static uint64_t born_at(const struct out_clock *saved, const struct out_clock *now)
{
	if (now->boot && saved->boot == now->boot && saved->mono_ns <= now->mono_ns)
		return saved->mono_ns;
	return now->mono_ns - (saved->wall_ns < now->wall_ns ? now->wall_ns - saved->wall_ns : 0);
}

/* --- on disk -------------------------------------------------------------------------------------- */

void out_record__save(const struct out_record *r, const struct out_clock *now, struct buf *out)
{
	buf__le64(out, r->time_ns);
	buf__u8(out, (uint8_t)r->priority);
	save_piece(out, r->id, strlen(r->id));
	save_piece(out, r->rule, strlen(r->rule));
	save_piece(out, r->source, strlen(r->source));
	save_piece(out, r->container, strlen(r->container));
	save_piece(out, r->json, r->json_len);
	save_piece(out, r->text, r->text_len);
	buf__le64(out, r->born_ns);
	buf__le64(out, now->wall_ns - (now->mono_ns - r->born_ns));
	buf__le64(out, now->boot);
}

static struct piece load_piece(struct cursor *c)
{
	uint64_t n = cursor__varint(c);
	const uint8_t *p = n <= cursor__left(c) ? cursor__take(c, (size_t)n) : NULL;

	if (!p) {
		c->bad = true;
		return (struct piece){ "", 0 };
	}
	return (struct piece){ (const char *)p, (uint32_t)n };
}

struct out_record *out_record__load(const uint8_t *p, size_t n, const struct out_clock *now)
{
	struct out_clock saved = *now;
	struct cursor c = cursor__of(p, n);
	struct piece pieces[N_PIECES], id;
	struct out_record *r;
	uint64_t time_ns = cursor__le64(&c);
	uint8_t priority = cursor__u8(&c);

	id = load_piece(&c);
	for (int i = 0; i < N_PIECES; i++)
		pieces[i] = load_piece(&c);
	if (cursor__left(&c)) {		/* earlier versions did not save when it was */
		saved.mono_ns = cursor__le64(&c);
		saved.wall_ns = cursor__le64(&c);
		saved.boot = cursor__le64(&c);
	}
	if (c.bad || cursor__left(&c) || id.n >= OUT_ID_MAX || priority > PRIO_DEBUG)
		return NULL;
	r = make(pieces);
	r->time_ns = time_ns;
	r->priority = (enum eng_priority)priority;
	r->born_ns = born_at(&saved, now);
	memcpy(r->id, id.p, id.n);
	return r;
}
