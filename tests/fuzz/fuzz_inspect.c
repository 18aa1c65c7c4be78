// SPDX-License-Identifier: Apache-2.0
/*
 * The inspector on hostile traces, without a terminal: a changed trace is opened, and keys, clicks and new sizes go
 * through its views; each screen is drawn.
 *
 * The first two bytes: flags, how many bytes of input follow. Then these bytes (see press), then the file. With FIT
 * the file's hashes are made to fit first, so that what is behind them is reached; with VALUES it is written anew with
 * some of its values changed for odd ones, by chance that the input decides: most changes of compressed bytes end in
 * the reader, these do not.
 */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "format/base/alloc.h"
#include "format/base/log.h"
#include "format/file/trace_writer.h"
#include "inspect/ui/ui.h"
#include "tests/format/refit.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FIT = 1, RULES = 2, ASCII = 4, ALL_WORK = 8, VALUES = 16 };

#define MOST_KEYS 64u
#define WORK 2000000u		/* ns of work after an input */

/* What is typed at prompts; %s: a folder of this process's own. */
static const char *const answers[] = {
	"proc.name=sh", "fd.name contains /", "evt.type in (execve, openat) and proc.name != x", "bad (", "+0s +1s",
	"14:03:08 +2s", "+1s", "#5", "#18446744073709551615", "a", "/", "TIME COMMAND", "", "x y z", "%s/o.spoor",
	"%s/o.jsonl", "%s/o.scap", "%s/o.md", "\\", "evt.rawres < 0", "container.id != host", "0.5 1.5",
};
#define N_ANSWERS (sizeof(answers) / sizeof(*answers))

static const char rule[] = "- rule: r\n  desc: d\n  condition: evt.type in (execve, open, openat, connect)\n"
			   "  output: \"%evt.args %proc.cmdline %fd.name %container.name\"\n  priority: ERROR\n";

static char folder[64], rule_path[96];

static void remove_folder(void)
{
	unlink(rule_path);
	rmdir(folder);
}

static void empty_folder(void)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	char path[400];

	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		if (e->d_name[0] != '.' && strcmp(path, rule_path))
			unlink(path);
	}
	if (d)
		closedir(d);
}

static void begin(void)
{
	FILE *f;

	if (folder[0])
		return;
	log__set_level(LOG_ERROR_);
	setenv("TZ", "UTC", 1);
	snprintf(folder, sizeof(folder), "/tmp/spoor-fuzz.XXXXXX");
	if (!mkdtemp(folder))
		abort();
	snprintf(rule_path, sizeof(rule_path), "%s/rules.yaml", folder);
	f = fopen(rule_path, "w");
	if (!f || fputs(rule, f) < 0 || fclose(f))
		abort();
	atexit(remove_folder);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	begin();
	return 0;
}

static void key(struct ins_ui *ui, uint32_t k)
{
	struct ins_input in = { .kind = IN_KEY, .key = k };

	if (!ui->quit)
		ins_ui__input(ui, &in);
}

/* Answer a prompt: the old text goes, the new one is typed. */
static void answer(struct ins_ui *ui, uint8_t n)
{
	char text[256];
	const char *a = answers[n % N_ANSWERS], *at = strstr(a, "%s");

	if (!ui->prompt.on)
		return;
	snprintf(text, sizeof(text), "%s%s", at ? folder : a, at ? at + 2 : "");
	key(ui, IK_CTRL('u'));
	for (const char *p = text; *p; p++)
		key(ui, (uint8_t)*p);
	key(ui, n & 0x80 ? IK_TAB : IK_ENTER);
	key(ui, IK_ENTER);
	if (ui->prompt.on)
		key(ui, IK_ESC);
}

static void mouse(struct ins_ui *ui, const struct ins_screen *s, uint8_t kind, uint8_t where)
{
	struct ins_input in = { .kind = IN_MOUSE, .mouse = kind % 5, .y = where % s->h,
				.x = (where * 7) % s->w };

	if (!ui->quit)
		ins_ui__input(ui, &in);
}

/*
 * Bytes of input: below 0x80 keys as they are, but for 1 to 4, which resize; from 0x80 on keys without a character;
 * from 0xa0 the mouse, with its place in the next byte; from 0xc0 an answer to a prompt. Returns the bytes used.
 */
static size_t press(struct ins_ui *ui, struct ins_screen *s, const uint8_t *p, size_t n)
{
	static const uint8_t sizes[][2] = { { 80, 24 }, { 10, 4 }, { 200, 60 }, { 33, 9 } };
	uint8_t c = *p;

	if (c >= 1 && c <= 4)
		ins_screen__resize(s, sizes[c - 1][0], sizes[c - 1][1]);
	else if (c == 'y' || c == 'q' || c == IK_CTRL('z'))
		;			/* the end of it; and playing takes as long as it took */
	else if (c < 0x80)
		key(ui, c == '\n' ? IK_ENTER : c);
	else if (c < 0xa0)
		key(ui, IK_UP + (uint32_t)(c & 0x1f) % (IK_F1 - IK_UP));
	else if (c < 0xc0)
		mouse(ui, s, c, n > 1 ? p[1] : 0);
	else
		answer(ui, c & 0x3f);
	return c >= 0xa0 && c < 0xc0 && n > 1 ? 2 : 1;
}

static void look(struct ins_ui *ui, struct ins_screen *s, bool all)
{
	struct buf out = { 0 };

	ins_ui__draw(ui, s);
	for (unsigned i = 0; ins_ui__work(ui, WORK) && (all || i < 2); i++)
		if (i > 100000)
			abort();	/* work comes to an end */
	ins_ui__draw(ui, s);
	ins_screen__dump(s, true, &out);
	/* nothing but our own colours */
	for (size_t i = 0; i < out.len; i++)
		if ((out.p[i] < 32 && out.p[i] != '\n' && out.p[i] != 27) || out.p[i] == 127 ||
		    (out.p[i] == 27 && (i + 1 >= out.len || out.p[i + 1] != '[')))
			abort();
	buf__done(&out);
}

/* --- odd values ------------------------------------------------------------------------------ */

static uint32_t chance;

static uint32_t draw(uint32_t n)
{
	chance ^= chance << 13;
	chance ^= chance >> 17;
	chance ^= chance << 5;
	return chance % n;
}

static uint64_t odd(uint64_t was)
{
	static const uint64_t odd[] = { 0, 1, 2, 3, 255, 4096, 65536, INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX,
					0x8000000000000000u, 0xfffffff2 };
	unsigned k = draw(24);

	return k < sizeof(odd) / sizeof(*odd) ? odd[k] : k < 18 ? was + 1 - 2 * (k & 1) : draw(64);
}

static void change_column(struct fmt_col *c, uint32_t n, uint32_t n_strs)
{
	for (uint32_t i = 0; c->present && i < n; i++) {
		if (draw(24))
			continue;
		if (c->store == STORE_INT)
			c->i[i] = odd(c->i[i]);
		else if (c->store == STORE_STR && n_strs)
			c->s[i] = draw(n_strs + 1);
		else if (c->store == STORE_BYTES && c->off[i] != UINT32_MAX)
			c->len[i] = draw(c->len[i] + 1);
	}
}

static void change(struct fmt_batch *b)
{
	for (unsigned k = 0; k < b->n_types; k++) {
		struct fmt_type_cols *t = b->by_type[b->types[k]];

		for (unsigned p = 0; p < fmt_events[t->type].n_params; p++)
			change_column(&t->col[p], t->n, b->dict.n);
	}
	for (uint32_t i = 0; i < b->n_threads; i++) {
		if (draw(8))
			continue;
		b->threads[i].pid = draw(2) ? b->threads[draw(b->n_threads)].pid : (uint32_t)odd(b->threads[i].pid);
		b->threads[i].tid = draw(2) ? b->threads[i].pid : (uint32_t)odd(b->threads[i].tid);
		b->threads[i].context = !draw(4);
		b->threads[i].origin = draw(4) ? 0 : (uint8_t)draw(3);
	}
	for (uint32_t i = 0; i < b->n; i++) {
		if (!draw(64))
			b->ts[i] = draw(2) ? odd(b->ts[i]) : b->ts[draw(b->n)];
		if (!draw(32))
			b->res[i] = (int64_t)odd((uint64_t)b->res[i]);
		if (!draw(32))
			b->dur[i] = odd(b->dur[i]);
	}
}

/* Write the trace at a path to fd, with other values. False: it is no trace. */
static bool write_changed(const char *path, int fd)
{
	struct fmt_meta other = { .hostname = "b" }, meta = { .hostname = "a", .reason = "r" };
	struct fmt_writer_opts opts = { .sz = sizeof(opts), .raw = true, .context = true, .more = &other, .n_more = 1,
					.created_ns = 1 };
	struct fmt_reader *r;
	struct fmt_writer *w;
	struct fmt_batch *b;

	if (fmt_reader__open(&r, path, NULL))
		return false;
	fmt_batch__new(&b);
	if (fmt_writer__open_fd(&w, fd, "changed", &meta, &opts, NULL))
		abort();
	for (uint32_t k = 0, n = 0; k < fmt_reader__n_chunks(r) && k < 64; k++) {
		struct fmt_summary sum;

		if (fmt_reader__read(r, k, b, NULL) || fmt_reader__summary(r, k, &sum, NULL))
			continue;
		change(b);
		/* what the writer refuses is nothing that a file can hold */
		if (fmt_writer__batch(w, b, sum.kind == CHUNK_KEYFRAME || !n, NULL))
			break;
		n++;
	}
	fmt_writer__close(w, NULL);
	fmt_batch__free(b);
	fmt_reader__close(r);
	return true;
}

static void inspect(const char *path, const uint8_t *keys, size_t n, uint8_t flags)
{
	const char *rules = rule_path;
	struct ins_ui_opts o = { .rules = &rules, .n_rules = flags & RULES ? 1 : 0 };
	struct ins_trace *t;
	struct ins_screen s;
	struct ins_ui *ui;

	if (ins_trace__open(&t, path, NULL) < 0)
		return;
	if (ins_ui__new(&ui, t, &o, NULL) < 0) {
		ins_trace__close(t);
		return;
	}
	ins_screen__init(&s, 80, 24, !(flags & ASCII));
	look(ui, &s, flags & ALL_WORK);
	for (size_t at = 0; at < n && !ui->quit;) {
		at += press(ui, &s, keys + at, n - at);
		look(ui, &s, flags & ALL_WORK);
	}
	ins_screen__done(&s);
	ins_ui__free(ui);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	size_t keys, n;
	uint8_t *p;
	int fd, to = -1;

	begin();
	if (size < 2)
		return 0;
	keys = data[1] % MOST_KEYS;
	if (keys > size - 2)
		keys = size - 2;
	n = size - 2 - keys;
	p = xmalloc(n + 1);
	memcpy(p, data + 2 + keys, n);
	if (data[0] & FIT)
		refit(p, n);
	fd = memfd_create("trace", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (write(fd, p, n) != (ssize_t)n)
		abort();
	if (data[0] & VALUES) {
		chance = 2463534242u;
		for (size_t i = 0; i < keys; i++)
			chance = (chance ^ data[2 + i]) * 16777619u;
		chance |= 1;
		to = memfd_create("changed", MFD_CLOEXEC);
		if (write_changed(path, dup(to)))
			snprintf(path, sizeof(path), "/proc/self/fd/%d", to);
	}
	inspect(path, data + 2, keys, data[0]);
	if (data[0] & VALUES)
		close(to);
	close(fd);
	free(p);
	empty_folder();
	return 0;
}
