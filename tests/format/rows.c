// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/format/rows.h"

uint64_t rng__next(struct rng *r)
{
	r->s ^= r->s << 13;
	r->s ^= r->s >> 7;
	r->s ^= r->s << 17;
	return r->s * 0x2545f4914f6cdd1du;
}

uint64_t rng__below(struct rng *r, uint64_t n)
{
	return (rng__next(r) >> 11) % n;
}

/* How the numbers of one parameter behave; picked by its place, so that it stays over a batch. */
static uint64_t number(struct rng *r, unsigned habit, uint64_t row, uint64_t res)
{
	switch (habit % 10) {
	case 0:
		return 0;
	case 1:
		return 0xffffffffffffff9cu;		/* AT_FDCWD */
	case 2:
		return rng__below(r, 7);
	case 3:
		return row * 16;
	case 4:
		return rng__next(r);
	case 5:
		return 0x7f0000000000u + (rng__below(r, 512) << 12);
	case 6:
		return (uint64_t)-(int64_t)rng__below(r, 40);
	case 7:
		return rng__below(r, 20) ? res : 0;
	case 8:
		return res + 4096;
	default:
		return (uint64_t)1 << rng__below(r, 64);
	}
}

static void string_of(struct rng *r, struct fmt_batch *b, unsigned param)
{
	char s[4096];
	uint32_t len, cut = 0;

	switch (rng__below(r, 8)) {
	case 0:
		len = 0;
		break;
	case 1:		/* a list with NULs */
		len = (uint32_t)snprintf(s, sizeof(s), "-c%cecho %u%cend", 0, (unsigned)rng__below(r, 9), 0);
		break;
	case 2:		/* long and of one kind */
		len = (uint32_t)rng__below(r, sizeof(s));
		memset(s, 'a' + (int)rng__below(r, 3), len);
		break;
	case 3:		/* any bytes */
		len = (uint32_t)rng__below(r, 40);
		for (uint32_t k = 0; k < len; k++)
			s[k] = (char)rng__next(r);
		break;
	default:
		len = (uint32_t)snprintf(s, sizeof(s), "/usr/lib/x86_64-linux-gnu/lib%u.so.%u",
					 (unsigned)rng__below(r, 50), (unsigned)rng__below(r, 3));
	}
	if (!rng__below(r, 10))
		cut = (uint32_t)rng__below(r, 100000);
	fmt_batch__str(b, param, s, len, len + cut);
}

static void bytes_of(struct rng *r, struct fmt_batch *b, unsigned param)
{
	uint8_t p[600];
	uint32_t len = (uint32_t)rng__below(r, 3) ? 80 : (uint32_t)rng__below(r, sizeof(p));

	for (uint32_t k = 0; k < len; k++)
		p[k] = (uint8_t)(rng__below(r, 4) ? k : rng__next(r));
	fmt_batch__bytes(b, param, p, len, rng__below(r, 2) ? len : len + (uint32_t)rng__below(r, 1u << 20));
}

static void params_of(struct rng *r, struct fmt_batch *b, uint16_t type, uint64_t row, uint64_t res)
{
	const struct fmt_event_info *info = &fmt_events[type];

	for (unsigned p = 0; p < info->n_params; p++) {
		/* some parameters are never given, some now and then, some always */
		unsigned habit = type * 7u + p * 13u;

		if (habit % 9 == 0 || (habit % 5 == 0 && rng__below(r, 3)))
			continue;
		switch (fmt_ptype_store(info->params[p].type)) {
		case STORE_INT:
			fmt_batch__int(b, p, number(r, habit / 3, row, res));
			break;
		case STORE_STR:
			string_of(r, b, p);
			break;
		case STORE_BYTES:
			bytes_of(r, b, p);
			break;
		}
	}
}

void rows__random(struct fmt_batch *b, uint64_t seed, uint32_t n, unsigned max_types)
{
	struct rng r = { seed * 2 + 1 };
	uint64_t ts = 1700000000000000000u + seed;
	uint16_t types[64];

	if (max_types > 64)
		max_types = 64;
	for (unsigned k = 0; k < max_types; k++)
		do
			types[k] = (uint16_t)rng__below(&r, FMT_MAX_EVENTS);
		while (!fmt_event(types[k]));
	for (uint32_t k = 0; k < n && !fmt_batch__full(b); k++) {
		uint16_t type = types[rng__below(&r, max_types)];
		uint32_t tid = 100 + (uint32_t)rng__below(&r, 30);
		uint64_t res = number(&r, type, k, 0);

		ts += rng__below(&r, 20) ? rng__below(&r, 5000) : (uint64_t)-(int64_t)rng__below(&r, 300);
		assert_true(fmt_batch__begin(b, type, ts, rng__below(&r, 3) ? rng__below(&r, 100000) : 0, tid,
					     tid & ~3u, (uint16_t)rng__below(&r, 4), (int64_t)res) >= 0);
		params_of(&r, b, type, k, res);
		fmt_batch__end(b);
	}
}

static const char *const paths[] = {
	"/etc/ld.so.cache", "/lib/x86_64-linux-gnu/libc.so.6", "/etc/passwd", "/proc/self/status", "/tmp/out",
	"/usr/share/locale/locale.alias", "/dev/null", "/var/log/app.log",
};

void rows__plausible(struct fmt_batch *b, uint64_t seed, uint32_t n)
{
	static const char data[] = "\x7f" "ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0>\0\1\0\0\0 the first bytes of a file, repeated again";
	struct rng r = { seed * 2 + 1 };
	uint64_t ts = 1700000000000000000u + seed * 1000000;

	for (uint32_t k = 0; k < n && !fmt_batch__full(b); k++) {
		uint32_t tid = 1000 + (uint32_t)rng__below(&r, 4), fd = 3 + (uint32_t)rng__below(&r, 5);
		uint64_t dur = 300 + rng__below(&r, 900), what = rng__below(&r, 4);
		unsigned which = (unsigned)rng__below(&r, sizeof(paths) / sizeof(*paths));
		const char *path = paths[which];

		ts += dur + rng__below(&r, 2000);
		switch (what) {
		case 0:
			fmt_batch__begin(b, EV_openat, ts, dur, tid, tid, (uint16_t)(tid & 1), (int64_t)fd);
			fmt_batch__int(b, P_openat_dirfd, (uint64_t)-100);
			fmt_batch__str(b, P_openat_name, path, (uint32_t)strlen(path), (uint32_t)strlen(path));
			fmt_batch__int(b, P_openat_flags, 1);
			fmt_batch__int(b, P_openat_ino, 1000 + which);
			break;
		case 1:
			fmt_batch__begin(b, EV_read, ts, dur, tid, tid, (uint16_t)(tid & 1), 4096);
			fmt_batch__int(b, P_read_fd, fd);
			fmt_batch__int(b, P_read_size, 4096);
			fmt_batch__bytes(b, P_read_data, data, sizeof(data) - 1, 4096);
			break;
		case 2:
			fmt_batch__begin(b, EV_mmap, ts, dur, tid, tid, (uint16_t)(tid & 1),
					 (int64_t)(0x7f1200000000 + (rng__below(&r, 4096) << 12)));
			fmt_batch__int(b, P_mmap_addr, 0);
			fmt_batch__int(b, P_mmap_length, rng__below(&r, 64) << 12);
			fmt_batch__int(b, P_mmap_fd, fd);
			break;
		default:
			fmt_batch__begin(b, EV_close, ts, dur, tid, tid, (uint16_t)(tid & 1), 0);
			fmt_batch__int(b, P_close_fd, fd);
		}
		fmt_batch__end(b);
	}
}

static void assert_same_string(const struct fmt_str *x, const struct fmt_str *y)
{
	assert_int_equal(x != NULL, y != NULL);
	if (!x)
		return;
	assert_int_equal(x->len, y->len);
	assert_int_equal(x->full_len, y->full_len);
	assert_memory_equal(x->p, y->p, x->len);
	assert_int_equal(y->p[y->len], 0);
}

static void assert_same_bytes(const struct fmt_ev *a, const struct fmt_ev *b, unsigned p)
{
	struct fmt_str x, y;
	bool there = fmt_ev__bytes(a, p, &x);

	assert_int_equal(there, fmt_ev__bytes(b, p, &y));
	if (!there)
		return;
	assert_int_equal(x.len, y.len);
	assert_int_equal(x.full_len, y.full_len);
	assert_memory_equal(x.p, y.p, x.len);
}

void rows__assert_equal(const struct fmt_batch *a, uint32_t i, const struct fmt_batch *b, uint32_t j)
{
	struct fmt_ev x = fmt_batch__ev(a, i), y = fmt_batch__ev(b, j);

	assert_int_equal(x.type, y.type);
	assert_int_equal(fmt_ev__ts(&x), fmt_ev__ts(&y));
	assert_int_equal(fmt_ev__dur(&x), fmt_ev__dur(&y));
	assert_int_equal(fmt_ev__res(&x), fmt_ev__res(&y));
	assert_int_equal(fmt_ev__cpu(&x), fmt_ev__cpu(&y));
	assert_int_equal(fmt_ev__tid(&x), fmt_ev__tid(&y));
	assert_int_equal(fmt_ev__pid(&x), fmt_ev__pid(&y));
	for (unsigned p = 0; p < x.info->n_params; p++) {
		uint64_t u = 0, v = 0;

		switch (fmt_ptype_store(x.info->params[p].type)) {
		case STORE_INT:
			assert_int_equal(fmt_ev__int(&x, p, &u), fmt_ev__int(&y, p, &v));
			assert_int_equal(u, v);
			break;
		case STORE_STR:
			assert_same_string(fmt_ev__str(&x, p), fmt_ev__str(&y, p));
			break;
		case STORE_BYTES:
			assert_same_bytes(&x, &y, p);
			break;
		}
	}
}

void rows__assert_all_equal(const struct fmt_batch *a, const struct fmt_batch *b)
{
	assert_int_equal(a->n, b->n);
	assert_int_equal(a->first_num, b->first_num);
	for (uint32_t k = 0; k < a->n; k++)
		rows__assert_equal(a, k, b, k);
}

uint64_t rows__walk(const struct fmt_batch *b)
{
	uint64_t sum = 0;

	for (uint32_t k = 0; k < b->n; k++) {
		struct fmt_ev ev = fmt_batch__ev(b, k);

		sum += fmt_ev__ts(&ev) + fmt_ev__dur(&ev) + (uint64_t)fmt_ev__res(&ev) + fmt_ev__cpu(&ev) +
		       fmt_ev__tid(&ev) + fmt_ev__pid(&ev);
		for (unsigned p = 0; p < ev.info->n_params; p++) {
			const struct fmt_str *s;
			struct fmt_str bytes;
			uint64_t v;

			switch (fmt_ptype_store(ev.info->params[p].type)) {
			case STORE_INT:
				sum += fmt_ev__int(&ev, p, &v) ? v : 1;
				break;
			case STORE_STR:
				s = fmt_ev__str(&ev, p);
				for (uint32_t c = 0; s && c <= s->len; c++)
					sum += (unsigned char)s->p[c];
				break;
			case STORE_BYTES:
				if (fmt_ev__bytes(&ev, p, &bytes))
					for (uint32_t c = 0; c < bytes.len; c++)
						sum += (unsigned char)bytes.p[c];
			}
		}
	}
	return sum;
}
