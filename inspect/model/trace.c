// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "format/file/trace_writer.h"
#include "inspect/model/trace.h"

uint64_t ins_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void note_damage(struct ins_trace *t, const struct err *e)
{
	t->damaged++;
	if (!t->damage[0])
		snprintf(t->damage, sizeof(t->damage), "%s", e->msg);
}

/* A file without a name in TMPDIR; returns its descriptor. */
static int temp_file(struct err *err)
{
	const char *dir = getenv("TMPDIR");
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/spoor-inspect.XXXXXX", dir && *dir ? dir : "/tmp");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return err__set(err, -errno, "cannot make a temporary file in %s: %s; set TMPDIR "
					     "to a directory with room", dir && *dir ? dir : "/tmp",
					strerror(errno));
	unlink(path);
	return fd;
}

/*
 * Copy a source into a trace on fd. Damage on the way ends up in t; what is behind it is still
 * copied.
 */
static int copy_source(struct ins_trace *t, struct fmt_source *src, int fd, struct err *err)
{
	struct fmt_writer_opts opts = { .sz = sizeof(opts), .level = 1, .more = src->more, .n_more = src->n_more,
					.context = src->has_context };
	struct fmt_writer *w = NULL;
	const struct fmt_batch *b;
	struct fmt_batch_info info;
	bool any = false;
	int r;

	for (;;) {
		struct err e = { 0 };

		r = fmt_source__next(src, &b, &info, &e);
		if (r == -FMT_E_CORRUPT || r == -FMT_E_TRUNCATED) {
			note_damage(t, &e);
			continue;
		}
		if (r) {
			if (r < 0 && !any && err)
				*err = e;
			else if (r < 0)
				note_damage(t, &e);
			break;
		}
		if (!w && (r = fmt_writer__open_fd(&w, fd, "the temporary copy", &src->meta, &opts,
						   err)) < 0)
			return r;
		if (info.new_section)
			fmt_writer__anew(w);
		r = fmt_writer__batch(w, b, info.keyframe, err);
		if (r < 0) {
			fmt_writer__close(w, NULL);
			return r;
		}
		any = true;
	}
	if (!w) {
		close(fd);
		return r < 0 ? r : err__set(err, -FMT_E_FORMAT, "holds no events");
	}
	return fmt_writer__close(w, err);
}

/* Open what cannot be read at random: through a copy. */
static int open_copy(struct ins_trace *t, const char *path, struct err *err)
{
	struct fmt_source *src;
	char proc[32];
	int fd, keep, r;

	r = fmt_source__open(&src, path, err);
	if (r < 0)
		return r;
	fd = temp_file(err);
	keep = fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	r = keep;
	if (keep >= 0)
		r = copy_source(t, src, fd, err);
	else if (fd >= 0)
		close(fd);
	fmt_source__close(src);
	if (r >= 0) {
		snprintf(proc, sizeof(proc), "/proc/self/fd/%d", keep);
		r = fmt_reader__open(&t->r, proc, err);
	}
	if (keep >= 0)
		close(keep);
	return r;
}

/* Is it a regular file that the reader may open itself? */
static int is_regular(const char *path, uint64_t *ret_size, struct err *err)
{
	struct stat st;
	int r;

	if (!strcmp(path, "-"))
		return 0;
	if (stat(path, &st) < 0) {
		r = err__set(err, -errno, "%s", strerror(errno));
		err__file(err, path);
		return r;
	}
	*ret_size = (uint64_t)st.st_size;
	return S_ISREG(st.st_mode);
}

int ins_trace__open(struct ins_trace **ret, const char *path, struct err *err)
{
	struct ins_trace *t = xcalloc(1, sizeof(*t));
	const char *base = strrchr(path, '/');
	struct err first = { 0 };
	struct fmt_source as;
	int r;

	snprintf(t->path, sizeof(t->path), "%s", path);
	snprintf(t->name, sizeof(t->name), "%s", !strcmp(path, "-") ? "(stdin)" :
		 base && base[1] ? base + 1 : path);
	r = is_regular(path, &t->bytes, err);
	if (r > 0) {
		r = fmt_reader__open(&t->r, path, &first);
		/* another format, or an error to be told; the source knows which */
		if (r == -FMT_E_FORMAT)
			r = open_copy(t, path, err);
		else if (r < 0 && err)
			*err = first;
	} else if (r == 0) {
		r = open_copy(t, path, err);
	}
	if (r < 0) {
		err__file(err, path);
		ins_trace__close(t);
		return r;
	}
	fmt_reader__as_source(t->r, &as);
	t->meta = as.meta;
	t->n_machines = 1 + as.n_more;
	t->complete = fmt_reader__complete(t->r);
	t->n_chunks = fmt_reader__n_chunks(t->r);
	t->t_first = t->t_last = t->meta.start_ns;
	*ret = t;
	return 0;
}

void ins_trace__close(struct ins_trace *t)
{
	if (!t)
		return;
	fmt_reader__close(t->r);
	free(t->chunks);
	free(t);
}

const struct fmt_meta *ins_trace__machine(const struct ins_trace *t, unsigned origin)
{
	struct fmt_source as;

	if (!origin)
		return &t->meta;
	fmt_reader__as_source(t->r, &as);
	return fmt_source__origin(&as, origin);
}

/* The file's beginning and end in time, which the first screen needs before all else. */
static void take_span(struct ins_trace *t)
{
	struct fmt_summary s;
	bool any = false;

	for (uint32_t i = 0; i < t->n_chunks && !any; i++) {
		if (!fmt_reader__summary(t->r, i, &s, NULL) && s.kind == CHUNK_EVENTS &&
		    s.n_events) {
			t->t_first = s.t_first;
			any = true;
		}
	}
	t->t_last = t->t_first;
	for (uint32_t i = t->n_chunks; i-- > 0;) {
		if (!fmt_reader__summary(t->r, i, &s, NULL) && s.kind == CHUNK_EVENTS &&
		    s.n_events) {
			t->t_last = s.t_last > t->t_first ? s.t_last : t->t_first;
			break;
		}
	}
}

static void take_chunk(struct ins_trace *t, uint32_t i)
{
	struct ins_chunk *c = &t->chunks[i];
	struct fmt_summary s;
	struct err e = { 0 };

	*c = (struct ins_chunk){ .kind = CHUNK_EVENTS, .bad = true };
	if (i)
		c->first_num = t->chunks[i - 1].first_num + t->chunks[i - 1].n_events;
	c->t_first = c->t_last = i ? t->chunks[i - 1].t_last : t->t_first;
	if (fmt_reader__summary(t->r, i, &s, &e) < 0) {
		note_damage(t, &e);
		return;
	}
	c->bad = false;
	c->kind = s.kind;
	c->anew = s.anew;
	if (s.kind != CHUNK_EVENTS)
		return;
	c->n_events = s.n_events;
	c->first_num = s.first_num;
	c->t_first = s.t_first;
	c->t_last = s.t_last;
	c->n_alerts = s.n_alerts > UINT32_MAX ? UINT32_MAX : (uint32_t)s.n_alerts;
	c->n_lost = s.n_lost;
	t->n_events += s.n_events;
	t->n_alerts += s.n_alerts;
	t->n_lost += s.n_lost;
	for (uint32_t k = 0; k < s.n_types; k++)
		if (s.types[k].type < FMT_MAX_EVENTS) {
			t->type_counts[s.types[k].type] += s.types[k].n;
			if (!(fmt_events[s.types[k].type].flags & EF_INTERNAL))
				t->n_listed += s.types[k].n;
		}
}

bool ins_trace__step(struct ins_trace *t, uint64_t ns)
{
	uint64_t until = ins_now() + ns;

	if (!t->n_read)
		take_span(t);
	while (t->n_read < t->n_chunks) {
		t->chunks = xgrow(t->chunks, &t->cap, t->n_read + 1, sizeof(*t->chunks));
		take_chunk(t, t->n_read++);
		if (!(t->n_read & 15) && ins_now() > until)
			break;
	}
	return t->n_read < t->n_chunks;
}

int ins_trace__read(struct ins_trace *t, uint32_t chunk, const struct fmt_want *want,
		    struct fmt_batch *into)
{
	struct err e = { 0 };
	int r;

	fmt_reader__want(t->r, want);
	r = fmt_reader__read(t->r, chunk, into, &e);
	if (r < 0 && chunk < t->n_read && !t->chunks[chunk].bad) {
		t->chunks[chunk].bad = true;
		note_damage(t, &e);
	}
	return r;
}

uint32_t ins_trace__chunk_of(const struct ins_trace *t, uint64_t num)
{
	uint32_t found = INS_NONE;

	/* Damaged chunks make this no sorted array; it is short, and asked for seldom. */
	for (uint32_t i = 0; i < t->n_read; i++) {
		const struct ins_chunk *c = &t->chunks[i];

		if (c->kind != CHUNK_EVENTS || !c->n_events)
			continue;
		if (found != INS_NONE && c->first_num > num)
			break;
		found = i;
	}
	return found;
}

uint32_t ins_trace__chunk_at(const struct ins_trace *t, uint64_t ts)
{
	uint32_t last = INS_NONE;

	for (uint32_t i = 0; i < t->n_read; i++) {
		if (t->chunks[i].kind != CHUNK_EVENTS || !t->chunks[i].n_events)
			continue;
		last = i;
		if (t->chunks[i].t_last >= ts)
			break;
	}
	return last;
}

uint32_t ins_trace__keyframe(const struct ins_trace *t, uint32_t chunk)
{
	uint32_t k = fmt_reader__keyframe_before(t->r, chunk);

	if (k > chunk)
		return 0;
	/* a large state takes several chunks in a row */
	while (k && k - 1 < t->n_read && t->chunks[k - 1].kind == CHUNK_KEYFRAME)
		k--;
	return k;
}

int ins_trace__refresh(struct ins_trace *t, struct err *err)
{
	int r = fmt_reader__refresh(t->r, err);

	if (r > 0) {
		t->n_chunks = fmt_reader__n_chunks(t->r);
		take_span(t);
		is_regular(t->path, &t->bytes, NULL);
	}
	t->complete = fmt_reader__complete(t->r);
	return r;
}
