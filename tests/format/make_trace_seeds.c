// SPDX-License-Identifier: Apache-2.0
/*
 * make_trace_seeds FOLDER - writes the seeds of fuzz_trace_reader: small traces, compressed and not, each behind
 * the byte that says what the fuzzer does with it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "format/base/alloc.h"
#include "format/codec/events_codec.h"
#include "tests/format/refit.h"
#include "tests/format/rows.h"
#include "tests/format/tracefile.h"

static const char *folder;

static void put(const char *name, uint8_t mode, const uint8_t *p, size_t n)
{
	char *path = xasprintf("%s/%s", folder, name);
	FILE *f = fopen(path, "we");

	if (!f || fputc(mode, f) == EOF || fwrite(p, 1, n, f) != n || fclose(f)) {
		perror(path);
		exit(1);
	}
	free(path);
}

/* The same chunk with its sections as they are before compression. */
static void unpack_chunk(struct events_decoder *d, const uint8_t *c, struct buf *out)
{
	size_t hs = CHUNK_HEADER_SIZE, sum = (size_t)refit__le(c + 88, 4), n = (size_t)refit__le(c + 92, 4);
	size_t table = out->len + hs + sum, at = hs + sum + n * SECTION_ENTRY_SIZE, start = out->len;
	uint64_t length;

	buf__add(out, c, at);
	for (size_t k = 0; k < n; k++) {
		struct stored_section s = { .p = c + at };
		const uint8_t *raw;

		section_entry__unpack(&s.entry, c + hs + sum + k * SECTION_ENTRY_SIZE);
		if (events_decoder__section(d, &s, &raw, NULL))
			exit(1);
		buf__add(out, raw, s.entry.raw_size);
		at += s.entry.stored_size;
		s.entry.codec = CODEC_RAW;
		s.entry.stored_size = s.entry.raw_size;
		section_entry__pack(&s.entry, out->p + table + k * SECTION_ENTRY_SIZE);
	}
	length = out->len - start;
	memcpy(out->p + start + 32, &length, sizeof(length));
}

/* The trace without SCHEMA, whose list is long, and without compression. */
static void unpack(const uint8_t *p, size_t n, struct buf *out)
{
	struct events_decoder *d;

	events_decoder__new(&d);
	out->len = 0;
	buf__add(out, p, PREAMBLE_SIZE);
	for (size_t at = PREAMBLE_SIZE; at < n; at += (size_t)refit__le(p + at + 32, 8))
		if (refit__le(p + at + 24, 2) != CHUNK_SCHEMA)
			unpack_chunk(d, p + at, out);
	refit(out->p, out->len);
	events_decoder__free(d);
}

static void random_trace(const char *path, uint64_t seed, uint32_t n, unsigned types)
{
	struct fmt_writer *w = tracefile__writer(path);
	struct fmt_batch *b;

	fmt_batch__new(&b);
	fmt_writer__batch(w, b, true, NULL);
	for (unsigned k = 0; k < 2; k++) {
		fmt_batch__reset(b, 1 + k * n);
		rows__random(b, seed + k, n, types);
		fmt_writer__batch(w, b, false, NULL);
	}
	fmt_writer__close(w, NULL);
	fmt_batch__free(b);
}

/* So many rows with times of all magnitudes that they get classes. */
static void noisy_trace(const char *path)
{
	struct fmt_writer *w = tracefile__writer(path);
	struct rng r = { 3 };
	struct fmt_batch *b;
	uint64_t ts = TRACE_CREATED;

	fmt_batch__new(&b);
	fmt_writer__batch(w, b, true, NULL);
	for (unsigned k = 0; k < 4200; k++) {
		ts += rng__next(&r) >> (44 + rng__below(&r, 12));
		fmt_batch__begin(b, EV_getppid, ts, rng__next(&r) >> (50 + rng__below(&r, 8)), 7, 7, 0, 1);
		fmt_batch__end(b);
	}
	fmt_writer__batch(w, b, false, NULL);
	fmt_writer__close(w, NULL);
	fmt_batch__free(b);
}

int main(int argc, char **argv)
{
	static const uint8_t modes[] = { 1, 1 | 4, 1 | 8 | 16, 1 | 2 | 32, 1 | 64, 1 | 128, 0 };
	const char *path;
	struct buf raw = { 0 };
	uint8_t *p;
	size_t n;

	if (argc != 2 || tracefile__setup(NULL))
		return 1;
	folder = argv[1];
	path = tracefile__path("seed.spoor");
	tracefile__make(path, 2, 2, 12);
	p = tracefile__bytes(path, &n);
	put("whole", 1 | 16 | 32, p, n);
	put("whole_cut", 128, p, n - 300);
	unpack(p, n, &raw);
	for (unsigned k = 0; k < sizeof(modes); k++) {
		char name[32];

		snprintf(name, sizeof(name), "plain_%u", modes[k]);
		put(name, modes[k], raw.p, raw.len);
	}
	free(p);
	for (unsigned k = 0; k < 6; k++) {
		char name[32];

		random_trace(path, 100 + k, 4 + 9 * k, 1 + 4 * k);
		p = tracefile__bytes(path, &n);
		unpack(p, n, &raw);
		snprintf(name, sizeof(name), "random_%u", k);
		put(name, modes[k], raw.p, raw.len);
		free(p);
	}
	noisy_trace(path);
	p = tracefile__bytes(path, &n);
	unpack(p, n, &raw);
	put("classes", 1, raw.p, raw.len);
	free(p);
	buf__done(&raw);
	return tracefile__teardown(NULL);
}
