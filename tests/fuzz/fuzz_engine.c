// SPDX-License-Identifier: Apache-2.0
/*
 * Hostile events through all that stands behind the reader: the state, every field, a few conditions, the
 * lines and JSON of a replay. What the state saves must make the same state again.
 *
 * The input is a program: each event takes two bytes for its type, then a byte for each thing that is chosen
 * for it. Numbers come from small tables, so that threads, processes and descriptors collide; where the input
 * ends everything is 0, so nothing is read beyond it. corpus/engine/ has programs that fuzzing came upon.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "engine/filter/filter.h"
#include "replay/replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_EVENTS 160u		/* in one program */
#define MAX_FREFS 1024u

struct program {
	const uint8_t *p, *end;
};

static uint8_t u8(struct program *g)
{
	return g->p < g->end ? *g->p++ : 0;
}

/* --- what is chosen from ----------------------------------------------------------------------- */

static const uint32_t ids[] = {
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 100, 0, 4194304, 0x7fffffff, 0x80000000, UINT32_MAX,
	UINT32_MAX - 1,
};

static const int64_t numbers[] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 16, 17, 64, 100, 255, 256, 1000, 4096, 65535, 65536,
	-1, -2, -13, -100, -115, -4095, -4096, -4097, INT32_MAX, INT32_MIN, UINT32_MAX,
	(int64_t)UINT32_MAX + 1, (int64_t)UINT32_MAX + 6, INT64_MAX, INT64_MIN, INT64_MIN + 1,
	0x10000, 0x2000, 0x2040, 0x1000, 0x4000, 0x8000000, 0x20000000, 1700000000000000000,
};

#define S(text) { text, sizeof(text) - 1, sizeof(text) - 1 }
static const struct fmt_str texts[] = {
	S(""), S("a"), S("b"), S("sh"), S("/"), S("/a"), S("/etc/shadow"), S("../../x"), S("./a//b/"), S(".."),
	S("a\0b"), S("\0"), S("\0\0"), S("/a\0b"), S("a\0b\0c"), S("--x\0-y\0"), S("A=1\0PATH= x \0"), S("="),
	S("\033[31m\r\n\t\b"), S("\xff\xfe\xc3"), S("\xe2\x80\xae\xc2\x9b"), S("<NA>"), S("%s%n"),
	S("/usr/bin/x (deleted)"), S("container"), S("docker"), S("cpu,cpuacct"),
	S("cpu=/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\0"),
	S("cpu=/\0memory=/x\0"), S("cpu=/x/web\0"), S("/x/web"), S("/x"), S("memory"), S("cpu"),
	S("/docker/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
	S("0123456789ab"), S("web"), S("0123456789abcdef0123456789abcdef"), S("img:1@sha256:2"),
	S("\1"), S("\1\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0/s\0"), S("\1@x\0"),
	S("\2\x7f\0\0\1\x35\0\2"), S("\2\x7f\0\0\1\x35\0"), S("\2\x7f\0\0\1\x35\0\x0a\0\0\1\x50\0"),
	S("\2\0\0\0\0\0\0\x0a\0\0\1\x50\0"), S("\2\x0a\0\0\1\x50\0\x7f\0\0\1\x35\0"),
	S("\x0a\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1\x35\0\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\1\x50\0"),
	S("\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x35\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2\x50\0"),
	S("\x0a\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1\x35\0"), S("\x10\1\2\3"), S("\xff"),
	S("\1\0\5\0\0\0\0\0\0\0\1\0"), S("\2\0\5\0\0\0\0\0\0\0\1\0"), S("\xff\xff\5"),
	S("\2\0\xff\xff\xff\xff\xff\xff\xff\xff\1\0\6\0\0\0\0\0\0\0\1\0"),
	S("{\"container\":{\"id\":\"web\",\"type\":7,\"labels\":[\"x\",1],\"Mounts\":{\"a\":1},\"ip\":1}}"),
	S("{\"container\":{\"id\":\"web\",\"type\":1e99,\"labels\":{\"a\":\"b\",\"c\":1},"
	  "\"Mounts\":[1,{\"Source\":\"/\",\"RW\":true}],\"ip\":\"10.0.0.1\",\"pod_sandbox_id\":\"x\","
	  "\"pod_sandbox_labels\":[\"y\"],\"full_id\":\"z\",\"name\":\"\\u0000n\",\"privileged\":true}}"),
	S("{\"container\":[]}"), S("[[[[[[[["), S("{\"container\":{\"id\":{}}}"),
};
#define N(array) (sizeof(array) / sizeof(*(array)))

static uint32_t id(struct program *g)
{
	return ids[u8(g) % N(ids)];
}

static int64_t number(struct program *g)
{
	uint8_t c = u8(g);

	if (c < 240)
		return numbers[c % N(numbers)];
	return (int64_t)((uint64_t)u8(g) << 56 | (uint64_t)u8(g) << 24 | (uint64_t)u8(g) << 8 | u8(g));
}

static char big[70000];

static struct fmt_str text(struct program *g)
{
	uint8_t c = u8(g);
	struct fmt_str s;

	if (c < 200)
		return texts[c % N(texts)];
	if (c < 250) {
		s.p = (const char *)g->p;
		s.len = (uint32_t)(c - 200) < (size_t)(g->end - g->p) ? (uint32_t)(c - 200) : (uint32_t)(g->end - g->p);
		s.full_len = s.len + (c & 1);
		g->p += s.len;
		return s;
	}
	s.p = big + (c & 1);
	s.len = c == 255 ? 69000 : c == 254 ? 20000 : 600;
	s.full_len = s.len;
	return s;
}

/* --- types: those that change the state, then all ------------------------------------------------ */

static uint16_t types[FMT_MAX_EVENTS * 2];
static unsigned n_state_types, n_types;

static struct eng_fref frefs[MAX_FREFS];
static unsigned n_frefs;
static struct arena forever;

static void add_fref(const struct eng_field *f, const char *arg)
{
	char *name = xasprintf("%s%s", f->name, arg);

	if (n_frefs < MAX_FREFS && !eng_field__resolve(name, strlen(name), &forever, &frefs[n_frefs], NULL))
		n_frefs++;
	free(name);
}

static void make_frefs(void)
{
	static const char *const args[] = { "", "[0]", "[1]", "[70]", "[cpu]", "[a]", "[A]", ".a", ".src", ".dst",
					    ".open", ".name", ".fd", ".res", ".flags", ".path", "[/*]", "[18446744073709551614]" };
	size_t n;
	const struct eng_field *all = eng_field__all(&n);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < N(args); k++)
			add_fref(&all[i], args[k]);
}

static const char *const conditions[] = {
	"proc.name = sh", "proc.aname in (a, sh)", "proc.cmdline contains x", "fd.name startswith /etc",
	"fd.sip = 127.0.0.1 or fd.snet = 10.0.0.0/8", "container.id != host and user.name = root",
	"evt.arg.path glob /a* or evt.args contains a", "proc.pexe pmatch (/usr, /bin)", "fd.directory = /etc",
	"proc.env icontains path", "container.label[a] = b", "evt.type in (open, execve) and evt.res != SUCCESS",
	"proc.args regex '.*x.*'", "thread.cap_effective contains CAP_SYS_ADMIN", "proc.duration < 5",
	"tolower(proc.name) = a", "len(proc.args) > 3", "fd.types in (file)", "proc.acmdline contains x",
};
static struct eng_prog *prog;

static void compile(void)
{
	struct eng_ast *ast;
	struct err err = { 0 };

	if (eng_prog__new(&prog))
		abort();
	for (size_t i = 0; i < N(conditions); i++) {
		if (eng_filter__parse(conditions[i], strlen(conditions[i]), 100, &forever, &ast, &err) ||
		    eng_prog__add(prog, ast, NULL, NULL, &err) < 0) {
			fprintf(stderr, "%s: %s\n", conditions[i], err.msg);
			abort();
		}
	}
	if (eng_prog__seal(prog, NULL) < 0)
		abort();
}

static struct fmt_batch *batch, *saved[8];

static void init(void)
{
	const uint32_t changes = EF_STATE | EF_KEYFRAME | EF_OPENS_FD | EF_CLOSES_FD;

	memset(big, 'a', sizeof(big));
	for (size_t i = 9; i < sizeof(big); i += 10)
		big[i] = i % 100 == 9 ? 0 : '/';
	for (unsigned t = 0; t < FMT_MAX_EVENTS; t++)
		if (fmt_events[t].name && fmt_events[t].flags & changes)
			types[n_types++] = (uint16_t)t;
	n_state_types = n_types;
	for (unsigned t = 0; t < FMT_MAX_EVENTS; t++)
		if (fmt_events[t].name)
			types[n_types++] = (uint16_t)t;
	make_frefs();
	compile();
	fmt_batch__new(&batch);
	for (size_t i = 0; i < N(saved); i++)
		fmt_batch__new(&saved[i]);
}

/* --- events -------------------------------------------------------------------------------------- */

static void param(struct program *g, const struct fmt_param *p, unsigned i)
{
	struct fmt_str s;
	uint8_t c = u8(g);

	if (c < 64)
		return;
	switch (fmt_ptype_store(p->type)) {
	case STORE_INT:
		fmt_batch__int(batch, i, c < 128 ? ids[c % N(ids)] : (uint64_t)number(g));
		break;
	case STORE_STR:
		s = text(g);
		fmt_batch__str(batch, i, s.p, s.len, s.full_len);
		break;
	case STORE_BYTES:
		s = text(g);
		fmt_batch__bytes(batch, i, s.p, s.len, s.full_len);
	}
}

static void event(struct program *g)
{
	static uint64_t ts = 1700000000000000000u;
	uint8_t a = u8(g), b = u8(g), c = u8(g);
	uint16_t type = a < 224 ? types[(a * 256u + b) % n_state_types] :
				  types[n_state_types + (a * 256u + b) % (n_types - n_state_types)];
	const struct fmt_event_info *info = fmt_event(type);
	uint32_t tid = id(g), pid = c & 1 ? id(g) : tid;
	int64_t res = c & 2 ? number(g) : c & 4 ? ids[c >> 4] : 0;

	ts = c & 8 ? (uint64_t)number(g) : 1700000000000000000u;
	fmt_batch__begin(batch, type, ts, c & 64 ? (uint64_t)number(g) : 0, tid, pid, c, res);
	for (unsigned i = 0; i < info->n_params; i++)
		param(g, &info->params[i], i);
	fmt_batch__end(batch);
}

static void check_text(const struct buf *b, size_t from)
{
	for (size_t i = from; i < b->len; i++)
		if (b->p[i] < 0x20 || b->p[i] == 0x7f)
			abort();
}

static struct buf out;
static struct arena scratch;

static void read_fields(const struct eng_ctx *ctx, unsigned seed)
{
	struct eng_vals v = { .scratch = &scratch };

	for (unsigned i = seed % 31; i < n_frefs; i += 31) {
		arena__reset(&scratch);
		out.len = 0;
		if (eng_field__get(&frefs[i], ctx, seed & 16, &v))
			eng_val__text(&frefs[i], &v, &out);
		out.len = 0;
		eng_val__json(&frefs[i], &v, &out);
		check_text(&out, 0);
	}
}

static void print(const struct eng_ctx *ctx, unsigned seed)
{
	cJSON *json;

	out.len = 0;
	rpl_line(ctx, 80, false, &out);
	if (!out.len || out.p[--out.len] != '\n')
		abort();
	check_text(&out, 0);
	out.len = 0;
	eng_event__args(ctx, seed, &out);
	for (unsigned i = 0; i <= ctx->ev->info->n_params; i++)
		eng_event__arg(ctx, i, 0, &out);
	if (seed & 3)
		return;
	out.len = 0;
	rpl_json(ctx, &out);
	check_text(&out, 0);
	json = cJSON_ParseWithLength((char *)out.p, out.len);
	if (!json)
		abort();
	cJSON_Delete(json);
}

/* --- saving and loading ---------------------------------------------------------------------------- */

static int next_batch(void *arg, struct fmt_batch **b)
{
	unsigned *n = arg;

	if (*n == N(saved))
		return -FMT_E_LIMIT;
	*b = saved[(*n)++];
	fmt_batch__reset(*b, 1);
	return 0;
}

static void check_save(struct eng_state *st)
{
	struct buf a = { 0 }, b = { 0 };
	struct fmt_batch *first;
	struct eng_state *copy;
	struct eng_ctx ctx;
	unsigned n = 0;

	next_batch(&n, &first);
	if (eng_state__save(st, 1700000000000000000u, first, next_batch, &n) < 0)
		return;
	if (eng_state__new(&copy))
		abort();
	for (unsigned i = 0; i < n; i++) {
		for (uint32_t row = 0; row < saved[i]->n; row++) {
			struct fmt_ev ev = fmt_batch__ev(saved[i], row);

			eng_state__enter(copy, &ev, &ctx);
			eng_state__leave(copy, &ctx);
		}
	}
	eng_state__dump(st, &a);
	eng_state__dump(copy, &b);
	if (a.len != b.len || memcmp(a.p, b.p, a.len)) {
		if (getenv("FUZZ_SHOW"))
			fprintf(stderr, "--- state\n%s--- saved and loaded\n%s", (char *)a.p, (char *)b.p);
		abort();
	}
	buf__done(&a);
	buf__done(&b);
	eng_state__free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct program g = { data, data + size };
	uint32_t hits[N(conditions)];
	struct eng_state *st;
	struct eng_run *run;
	unsigned n = 0;

	if (!batch)
		init();
	if (eng_state__new(&st) || eng_run__new(&run, prog))
		abort();
	eng_state__describe(st, "host", 1700000000000000000u);
	while (g.p < g.end && n < MAX_EVENTS) {
		unsigned in_batch = 1u + u8(&g) % 32;

		fmt_batch__reset(batch, n + 1);
		for (unsigned i = 0; i < in_batch && g.p < g.end; i++)
			event(&g);
		eng_run__batch(run, batch);
		for (uint32_t row = 0; row < batch->n; row++) {
			struct fmt_ev ev = fmt_batch__ev(batch, row);
			struct eng_ctx ctx;

			n++;
			eng_state__enter(st, &ev, &ctx);
			eng_run__match(run, &ctx, false, hits, N(hits));
			read_fields(&ctx, n + in_batch);
			print(&ctx, n);
			eng_state__leave(st, &ctx);
		}
		if (in_batch == 32 && size & 1)
			eng_state__reset(st);
	}
	check_save(st);
	eng_run__free(run);
	eng_state__free(st);
	return 0;
}
