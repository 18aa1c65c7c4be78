// SPDX-License-Identifier: Apache-2.0
/*
 * make_hostile SEED FILE [N] - a trace of N events that nothing holds together: types, numbers, texts and times
 * are drawn from small sets, so that they collide and contradict each other; keyframes come in between. The
 * same seed makes the same trace.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/file/trace_writer.h"

#define N(array) (sizeof(array) / sizeof(*(array)))
#define S(text) { text, sizeof(text) - 1, sizeof(text) - 1 }

static const int64_t numbers[] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 64, 100, 255, 0x1000, 0x2000, 65535, -1, -2, -13, -100, -115, -4096,
	INT32_MAX, INT32_MIN, UINT32_MAX, INT64_MAX, INT64_MIN, 1700000000000000000,
};

static const struct fmt_str texts[] = {
	S(""), S("sh"), S("/"), S("/etc/shadow"), S("../../x"), S("a\0b\0c"), S("--x\0-y\0"), S("A=1\0PATH=/bin\0"),
	S("\033[31m\033]0;x\a\r\n\t\b\x7f"), S("\xff\xfe\xc3"), S("\xe2\x80\xae\xc2\x9b""31m"), S("%s%n"), S("web"),
	S("container"), S("0123456789ab"), S("cpu=/x/web\0"), S("/docker/0123456789abcdef\0\033"),
	S("cpu=/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\0"),
	S("\2\x7f\0\0\1\x35\0\x0a\0\0\1\x50\0"), S("\2\x7f\0\0\1\x35\0"), S("\1\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0/s\033[2J\0"),
	S("\x0a\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1\x35\0\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1\x50\0"), S("\x0a\1"),
	S("\2\0\5\0\0\0\0\0\0\0\1\0"), S("\xff\xff\5"),
	S("{\"container\":{\"id\":\"web\",\"name\":\"\\u001b[31m\",\"labels\":[\"x\"],\"Mounts\":{\"a\":1},\"type\":7}}"),
};

static uint64_t seed;
static struct fmt_batch *b;
static struct fmt_writer *w;
static char *big;

static unsigned draw(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((seed >> 33) % n);
}

static struct fmt_str text(void)
{
	unsigned k = draw(400);
	uint32_t len = k == 399 ? 100000 : 5000;

	return k < 398 ? texts[k % N(texts)] : (struct fmt_str){ big, len, len };
}

static void params(const struct fmt_event_info *info)
{
	for (unsigned p = 0; p < info->n_params; p++) {
		struct fmt_str s;

		if (!draw(3))
			continue;
		switch (fmt_ptype_store(info->params[p].type)) {
		case STORE_INT:
			fmt_batch__int(b, p, (uint64_t)numbers[draw(draw(2) ? 12 : N(numbers))]);
			break;
		case STORE_STR:
			s = text();
			fmt_batch__str(b, p, s.p, s.len, s.full_len + draw(2));
			break;
		case STORE_BYTES:
			s = text();
			fmt_batch__bytes(b, p, s.p, s.len, s.full_len + draw(2));
		}
	}
}

static bool fits(unsigned type, bool keyframe, bool changes)
{
	const struct fmt_event_info *info = fmt_event(type);
	const uint32_t of_state = EF_STATE | EF_OPENS_FD | EF_CLOSES_FD;

	return info && !(info->flags & EF_KEYFRAME) == !keyframe && (keyframe || !changes || info->flags & of_state);
}

static void event(bool keyframe)
{
	static uint64_t now = 1700000000000000000u;
	unsigned type, tid = 1 + draw(12);
	bool changes = draw(3);

	do
		type = draw(FMT_MAX_EVENTS);
	while (!fits(type, keyframe, changes));
	now += draw(50) ? draw(1000000) : (uint64_t)-5000000;
	fmt_batch__begin(b, (uint16_t)type, draw(200) ? now : (uint64_t)numbers[draw(N(numbers))], draw(2) ? draw(9999) : 0,
			 tid, draw(4) ? tid : draw(14), (uint16_t)draw(4),
			 draw(2) ? (int64_t)draw(10) : numbers[draw(N(numbers))]);
	params(fmt_event(type));
	fmt_batch__end(b);
}

static void chunk(unsigned n, bool keyframe, uint64_t first)
{
	struct err err = { 0 };

	fmt_batch__reset(b, first);
	while (n-- && !fmt_batch__full(b))
		event(keyframe);
	if (fmt_writer__batch(w, b, keyframe, &err) < 0) {
		fprintf(stderr, "make_hostile: %s\n", err.msg);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	struct fmt_writer_opts opts = { .sz = sizeof(opts), .created_ns = 1 };
	struct fmt_meta meta = { 0 };
	struct err err = { 0 };
	unsigned n = argc > 3 ? (unsigned)atoi(argv[3]) : 2000;
	uint64_t first = 1;

	if (argc < 3)
		return 1;
	seed = (uint64_t)atoi(argv[1]);
	big = xmalloc(100000);
	for (unsigned i = 0; i < 100000; i++)
		big[i] = i % 50 == 49 ? '\0' : i % 10 == 9 ? '/' : 'a';
	snprintf(meta.hostname, sizeof(meta.hostname), "%s", "h\033[31m\r\nx");
	meta.start_ns = 1700000000000000000u;
	fmt_batch__new(&b);
	if (fmt_writer__open(&w, argv[2], true, &meta, &opts, &err) < 0) {
		fprintf(stderr, "make_hostile: %s\n", err.msg);
		return 1;
	}
	for (unsigned done = 0; done < n; done += 300) {
		chunk(100, true, 1);
		chunk(300, false, first);
		first += b->n;
	}
	if (fmt_writer__close(w, &err) < 0)
		return 1;
	fmt_batch__free(b);
	free(big);
	return 0;
}
