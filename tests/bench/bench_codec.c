// SPDX-License-Identifier: Apache-2.0
/*
 * The trace codec: bytes an event, and time an event to write and to read, against the same events as rows
 * through gzip. The events are made up: processes that start, load libraries, walk trees, read, write and end. With
 * SPOOR_BENCH_INPUT=FILE those of a trace or capture are taken instead.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "format/base/alloc.h"
#include "format/file/source.h"
#include "format/file/trace_writer.h"

#define EVENTS (8u * FMT_BATCH_MAX_EVENTS)
#define MAX_BATCHES 64u
#define PROCESSES 24u
#define PAYLOAD 80u
#define ROUNDS 5			/* of each measurement, the best counts */

static struct fmt_batch *batches[MAX_BATCHES];
static unsigned n_batches;
static uint64_t n_events;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- Events made up ----------------------------------------------------------------------------- */

static uint64_t rng_state = 88172645463325252u;

static uint64_t rng(uint64_t below)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return (rng_state * 0x2545f4914f6cdd1du >> 16) % below;
}

/* A time around `typical`: mostly within a factor of two, seldom much longer. */
static uint64_t around(uint64_t typical)
{
	uint64_t v = typical / 2 + rng(typical);

	if (!rng(20))
		v += rng(typical * 8);
	if (!rng(400))
		v += rng(typical * 500);
	return v;
}

struct process {
	uint32_t pid;
	unsigned cpu, step, file;
	uint64_t heap, libs, ts;
	uint32_t fd;
};

static struct process procs[PROCESSES];
static uint32_t next_pid = 3000;
static uint64_t clock_ns = 1700000000000000000u;

static struct fmt_batch *room(void)
{
	struct fmt_batch *b = n_batches ? batches[n_batches - 1] : NULL;

	if (b && !fmt_batch__full(b))
		return b;
	fmt_batch__new(&batches[n_batches]);
	fmt_batch__reset(batches[n_batches], n_events + 1);
	return batches[n_batches++];
}

static struct fmt_batch *begin(struct process *p, uint16_t type, uint64_t typical, int64_t res)
{
	struct fmt_batch *b = room();
	uint64_t dur = around(typical);

	clock_ns += dur + around(350);
	fmt_batch__begin(b, type, clock_ns, dur, p->pid, p->pid, (uint16_t)p->cpu, res);
	return b;
}

static void end(struct fmt_batch *b)
{
	fmt_batch__end(b);
	n_events++;
}

static void text(struct fmt_batch *b, unsigned param, const char *s)
{
	fmt_batch__str(b, param, s, (uint32_t)strlen(s), (uint32_t)strlen(s));
}

static const char *path_of(unsigned file, char *buf, size_t n)
{
	static const char *const dirs[] = { "/usr/lib/python3.11", "/usr/share/locale", "/srv/app/src", "/etc/ssl/certs",
					    "/var/lib/dpkg/info" };

	snprintf(buf, n, "%s/module_%03u/part%u.%s", dirs[file % 5], file / 7 % 200, file % 7, file % 3 ? "py" : "so");
	return buf;
}

/* What a file begins with: some are alike, most are not. */
static void payload(struct fmt_batch *b, unsigned param, unsigned file, uint64_t offset, uint32_t full)
{
	static const char *const heads[] = { "\x7f" "ELF\2\1\1", "#!/usr/bin/python3\nimport os\n", "# Copyright (c) the authors\n" };
	char p[PAYLOAD];
	uint32_t n = full < PAYLOAD ? full : PAYLOAD;
	uint64_t h = (file * 0x9e3779b97f4a7c15u) ^ offset;

	for (uint32_t k = 0; k < n; k++) {
		if (k % 4 == 0)
			h = h * 6364136223846793005u + 1442695040888963407u;
		p[k] = k % 8 < 3 ? ' ' + (char)(k % 8) : (char)('a' + (h >> (33 + k % 4 * 4)) % 20);
	}
	if (!offset)
		memcpy(p, heads[file % 3], strlen(heads[file % 3]) < n ? strlen(heads[file % 3]) : n);
	fmt_batch__bytes(b, param, p, n, full);
}

static void op_open(struct process *p, bool found)
{
	char path[128];
	struct fmt_batch *b;

	p->fd = 3 + (uint32_t)rng(4);
	b = begin(p, EV_openat, found ? 1500 : 700, found ? (int64_t)p->fd : -2);
	path_of(p->file, path, sizeof(path));
	fmt_batch__int(b, P_openat_dirfd, (uint64_t)-100);
	text(b, P_openat_name, path);
	fmt_batch__int(b, P_openat_flags, 4097);
	fmt_batch__int(b, P_openat_mode, 0);
	if (found) {
		fmt_batch__int(b, P_openat_dev, 0x800010);
		fmt_batch__int(b, P_openat_ino, 500000 + p->file * 37u % 90000);
		text(b, P_openat_path, path);
	}
	end(b);
}

static void op_stat(struct process *p)
{
	struct fmt_batch *b = begin(p, EV_newfstatat, 800, rng(4) ? 0 : -2);
	char path[128];

	fmt_batch__int(b, P_newfstatat_dirfd, (uint64_t)-100);
	text(b, P_newfstatat_path, path_of(p->file, path, sizeof(path)));
	fmt_batch__int(b, P_newfstatat_flags, 0);
	end(b);
}

static void op_read(struct process *p, uint64_t offset)
{
	uint32_t size = rng(5) ? 4096 : 65536;
	uint32_t got = rng(4) ? (uint32_t)rng(size) : offset ? 0 : size;
	struct fmt_batch *b = begin(p, EV_read, 400 + got / 16, got);

	fmt_batch__int(b, P_read_fd, p->fd);
	fmt_batch__int(b, P_read_size, size);
	payload(b, P_read_data, p->file, offset, got);
	end(b);
}

static void op_write(struct process *p)
{
	uint32_t n = 20 + (uint32_t)rng(100);
	struct fmt_batch *b = begin(p, EV_write, 900, n);

	fmt_batch__int(b, P_write_fd, 1);
	fmt_batch__int(b, P_write_size, n);
	payload(b, P_write_data, p->file, 7 + rng(50), n);
	end(b);
}

static void op_mmap(struct process *p)
{
	uint64_t length = (1 + rng(60)) << 12, addr = rng(2) ? p->libs - 4096 : 0;
	struct fmt_batch *b;

	p->libs -= length;
	b = begin(p, EV_mmap, 1400, (int64_t)(addr ? addr : p->libs));
	fmt_batch__int(b, P_mmap_addr, addr);
	fmt_batch__int(b, P_mmap_length, length);
	fmt_batch__int(b, P_mmap_prot, rng(3) ? 1 : 5);
	fmt_batch__int(b, P_mmap_flags, addr ? 0x812 : 2);
	fmt_batch__int(b, P_mmap_fd, rng(4) ? p->fd : (uint64_t)-1);
	fmt_batch__int(b, P_mmap_offset, rng(2) ? 0 : rng(30) << 12);
	end(b);
}

static void op_close(struct process *p)
{
	struct fmt_batch *b = begin(p, EV_close, 250, 0);

	fmt_batch__int(b, P_close_fd, p->fd);
	end(b);
}

static void op_brk(struct process *p)
{
	struct fmt_batch *b;

	p->heap += rng(3) ? 0x21000 : 0;
	b = begin(p, EV_brk, 600, (int64_t)p->heap);
	fmt_batch__int(b, P_brk_addr, p->heap);
	end(b);
}

static void op_sigprocmask(struct process *p)
{
	struct fmt_batch *b = begin(p, EV_rt_sigprocmask, 150, 0);

	end(b);
}

static void op_execve(struct process *p)
{
	static const char env[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin\0LANG=C.UTF-8\0HOME=/root\0PWD=/srv/app";
	struct fmt_batch *b;
	char args[64];
	int n = snprintf(args, sizeof(args), "-c%cimport part%u%c--quick", 0, (unsigned)rng(40), 0);

	*p = (struct process){ .pid = next_pid, .cpu = (unsigned)rng(4), .heap = 0x555500000000u + (rng(1 << 20) << 12),
			       .libs = 0x7f0000000000u + (rng(1 << 24) << 12), .step = 1, .file = (unsigned)rng(900) };
	next_pid += 1 + (uint32_t)rng(3);
	b = begin(p, EV_execve, 400000, 0);
	text(b, P_execve_exe, "python3");
	fmt_batch__str(b, P_execve_args, args, (uint32_t)n, (uint32_t)n);
	fmt_batch__str(b, P_execve_env, env, sizeof(env) - 1, sizeof(env) - 1);
	text(b, P_execve_trusted_exepath, "/usr/bin/python3.11");
	text(b, P_execve_cwd, "/srv/app");
	end(b);
}

static void op_exit(struct process *p)
{
	struct fmt_batch *b = begin(p, EV_procexit, 1, 0);

	end(b);
	p->step = 0;
}

/* One step of a process's life. */
static void step(struct process *p)
{
	unsigned s = p->step++;

	if (s == 0) {
		op_execve(p);
	} else if (s < 60) {		/* loads libraries */
		switch (s % 6) {
		case 0: op_open(p, true); break;
		case 1: op_read(p, 0); break;
		case 2: case 3: case 4: op_mmap(p); break;
		default: op_close(p); p->file += 3;
		}
	} else if (s < 400 + p->pid % 900) {
		switch (rng(16)) {
		case 0: case 1: case 2: case 3: op_stat(p); break;
		case 4: op_open(p, false); break;
		case 5: case 6: op_open(p, true); break;
		case 7: op_read(p, 0); break;
		case 8: case 9: op_read(p, 1 + rng(9)); break;
		case 10: op_write(p); break;
		case 11: case 12: op_close(p); break;
		case 13: op_brk(p); break;
		case 14: op_sigprocmask(p); break;
		default: p->file = (p->file + (unsigned)rng(5)) % 900; op_stat(p);
		}
	} else {
		op_exit(p);
	}
}

static void make_up(void)
{
	while (n_events < EVENTS) {
		struct process *p = &procs[rng(PROCESSES)];

		/* it runs for a while before another does */
		for (uint64_t k = 1 + rng(rng(4) ? 6 : 120); k && n_events < EVENTS; k--)
			step(p);
	}
}

static bool load(const char *path)
{
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct fmt_source *s;
	struct err err = { 0 };
	int r;

	if (fmt_source__open(&s, path, &err) < 0) {
		err__print("bench_codec", &err);
		return false;
	}
	while ((r = fmt_source__next(s, &b, &info, &err)) == 0 && n_batches < MAX_BATCHES) {
		for (uint32_t k = 0; !info.keyframe && k < b->n && n_batches < MAX_BATCHES; k++) {
			struct fmt_ev ev = fmt_batch__ev(b, k);

			fmt_batch__copy(room(), &ev);
			n_events++;
		}
	}
	if (r < 0)
		err__print("bench_codec", &err);
	fmt_source__close(s);
	return true;
}

/* --- The same as rows --------------------------------------------------------------------------- */

static unsigned int_size(uint8_t type)
{
	switch (type) {
	case PT_S8: case PT_U8: case PT_FLAGS8: case PT_ENUM8: case PT_SIGTYPE: case PT_BOOL:
		return 1;
	case PT_S16: case PT_U16: case PT_FLAGS16: case PT_ENUM16: case PT_PORT: case PT_SYSCALLID:
		return 2;
	case PT_S32: case PT_U32: case PT_FLAGS32: case PT_ENUM32: case PT_MODE: case PT_UID: case PT_GID:
		return 4;
	default:
		return 8;
	}
}

/* As captures of the kind have it: 26 bytes of header, a length for each parameter, the parameters. */
static void put_row(struct buf *out, const struct fmt_ev *ev, bool with_payload)
{
	uint16_t lens[FMT_MAX_PARAMS] = { 0 };
	size_t at = out->len + 26, total;
	struct fmt_str s;

	buf__le64(out, fmt_ev__ts(ev));
	buf__le64(out, fmt_ev__tid(ev));
	buf__le32(out, 0);
	buf__le16(out, ev->type);
	buf__le32(out, ev->info->n_params);
	buf__add(out, lens, ev->info->n_params * sizeof(*lens));
	for (unsigned p = 0; p < ev->info->n_params; p++) {
		size_t before = out->len;
		const struct fmt_str *str;
		uint64_t v;

		switch (fmt_ptype_store(ev->info->params[p].type)) {
		case STORE_INT:
			if (fmt_ev__int(ev, p, &v))
				buf__add(out, &v, int_size(ev->info->params[p].type));
			break;
		case STORE_STR:
			str = fmt_ev__str(ev, p);
			if (str)
				buf__add(out, str->p, str->len + 1);
			break;
		default:
			if (with_payload && fmt_ev__bytes(ev, p, &s))
				buf__add(out, s.p, s.len);
		}
		lens[p] = (uint16_t)(out->len - before);
	}
	memcpy(out->p + at, lens, ev->info->n_params * sizeof(*lens));
	/* the duration would be an event of its own there; here it is one number more */
	buf__le64(out, fmt_ev__dur(ev));
	total = out->len - (at - 26);
	memcpy(out->p + at - 10, &(uint32_t){ (uint32_t)total }, 4);
}

struct measure { double bytes, encode_ns, decode_ns; };

static struct measure as_rows(bool with_payload)
{
	struct measure m = { 0 };
	struct buf raw = { 0 }, packed = { 0 };
	uLongf size;
	double t = now();
	z_stream z = { 0 };

	for (unsigned k = 0; k < n_batches; k++)
		for (uint32_t row = 0; row < batches[k]->n; row++) {
			struct fmt_ev ev = fmt_batch__ev(batches[k], row);

			put_row(&raw, &ev, with_payload);
		}
	deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	buf__reserve(&packed, deflateBound(&z, raw.len));
	z.next_in = raw.p;
	z.avail_in = (uInt)raw.len;
	z.next_out = packed.p;
	z.avail_out = (uInt)packed.cap;
	deflate(&z, Z_FINISH);
	packed.len = z.total_out;
	deflateEnd(&z);
	m.encode_ns = (now() - t) * 1e9 / (double)n_events;
	m.bytes = (double)packed.len / (double)n_events;
	t = now();
	size = raw.len;
	inflateInit2(&z, 15 + 16);
	z.next_in = packed.p;
	z.avail_in = (uInt)packed.len;
	z.next_out = raw.p;
	z.avail_out = (uInt)size;
	inflate(&z, Z_FINISH);
	inflateEnd(&z);
	m.decode_ns = (now() - t) * 1e9 / (double)n_events;
	buf__done(&raw);
	buf__done(&packed);
	return m;
}

/* --- The trace ---------------------------------------------------------------------------------- */

static void die(const struct err *err)
{
	err__print("bench_codec", err);
	exit(1);
}

static struct measure write_trace(const char *path, bool no_payload)
{
	struct fmt_writer_opts o = { .sz = sizeof(o), .no_payload = no_payload };
	struct fmt_meta meta = { .tool = "bench" };
	struct fmt_writer_stats st;
	struct measure m = { 0 };
	struct err err = { 0 };
	struct fmt_writer *w;
	struct fmt_batch *b;
	double t;

	fmt_batch__new(&b);
	if (fmt_writer__open(&w, path, true, &meta, &o, &err) < 0 || fmt_writer__batch(w, b, true, &err) < 0)
		die(&err);
	t = now();
	for (unsigned k = 0; k < n_batches; k++)
		if (fmt_writer__batch(w, batches[k], false, &err) < 0)
			die(&err);
	m.encode_ns = (now() - t) * 1e9 / (double)n_events;
	fmt_writer__stats(w, &st);
	m.bytes = (double)st.bytes / (double)n_events;
	if (fmt_writer__close(w, &err) < 0)
		die(&err);
	fmt_batch__free(b);
	return m;
}

static double read_trace(const char *path, const struct fmt_want *want)
{
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct fmt_source *s;
	struct err err = { 0 };
	uint64_t n = 0;
	double t;
	int r;

	if (fmt_source__open(&s, path, &err) < 0)
		die(&err);
	fmt_source__want(s, want);
	t = now();
	while ((r = fmt_source__next(s, &b, &info, &err)) == 0)
		n += info.keyframe ? 0 : b->n;
	t = now() - t;
	if (r < 0 || n != n_events)
		die(&err);
	fmt_source__close(s);
	return t * 1e9 / (double)n;
}

static double least(double a, double b)
{
	return !a || b < a ? b : a;
}

static void row(const char *what, const char *unit, double measured, double against, const char *than)
{
	printf("%s | %.2f %s | %.2f %s %s | %.2f\n", what, measured, unit, against, unit, than, measured / against);
}

int main(void)
{
	const char *input = getenv("SPOOR_BENCH_INPUT");
	struct fmt_want all = { 0 }, rows = { .by_type = true, .no_payload = true }, some = rows;
	struct measure t[2] = { { 0 } }, g[2] = { { 0 } };
	double read_all = 0, read_some = 0, read_rows = 0;

	if (input && !load(input))
		return 1;
	if (!input)
		make_up();
	some.types[EV_openat / 8] |= 1 << EV_openat % 8;
	for (int k = 0; k < ROUNDS; k++) {
		struct measure m[2] = { write_trace("with.spoor", false), write_trace("without.spoor", true) };

		for (unsigned x = 0; x < 2; x++) {
			t[x].bytes = m[x].bytes;
			t[x].encode_ns = least(t[x].encode_ns, m[x].encode_ns);
		}
		if (k < 2)
			for (unsigned x = 0; x < 2; x++) {
				struct measure r = as_rows(!x);

				g[x].bytes = r.bytes;
				g[x].encode_ns = least(g[x].encode_ns, r.encode_ns);
				g[x].decode_ns = least(g[x].decode_ns, r.decode_ns);
			}
		read_all = least(read_all, read_trace("with.spoor", &all));
		read_some = least(read_some, read_trace("with.spoor", &some));
		read_rows = least(read_rows, read_trace("with.spoor", &rows));
	}
	row("trace: bytes an event, with payload", "B", t[0].bytes, g[0].bytes, "gzip'd rows");
	row("trace: bytes an event, without payload", "B", t[1].bytes, g[1].bytes, "gzip'd rows");
	row("trace: writing an event", "ns", t[0].encode_ns, g[0].encode_ns, "gzip'd rows");
	row("trace: reading an event, all columns", "ns", read_all, g[0].decode_ns, "gunzip alone");
	row("trace: reading an event, parameters of openat only", "ns", read_some, g[0].decode_ns, "gunzip alone");
	row("trace: reading an event, no parameters", "ns", read_rows, g[0].decode_ns, "gunzip alone");
	printf("%llu events; reading all columns: %.1f million events a second\n", (unsigned long long)n_events,
	       1e3 / read_all);
	unlink("with.spoor");
	unlink("without.spoor");
	for (unsigned k = 0; k < n_batches; k++)
		fmt_batch__free(batches[k]);
	return 0;
}
