// SPDX-License-Identifier: Apache-2.0
/* One file: how it begins, what is added to it, how it ends. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/keep/keep_internal.h"
#include "format/base/alloc.h"
#include "format/base/log.h"
#include "format/base/text.h"

#define FLUSH_NS 1000000000u

void cap_job__free(struct cap_job *j)
{
	cap_ring_reader__free(j->reader);
	if (j->w)
		fmt_writer__close(j->w, NULL);
	cut__free(j->cut);
	if (j->out)
		output__abort(j->out);
	selection__free(j->selection);
	fmt_batch__free(j->rows);
	while (j->causes) {
		struct cap_cause *c = j->causes;

		j->causes = c->next;
		cap_cause__free(c);
	}
	free(j->container);
	free(j->rule);
	free(j->reason);
	free(j->part);
	free(j);
}

uint64_t cap_job__to(struct cap_keep *k, struct cap_job *j, bool *ret_stop)
{
	uint64_t to;

	pthread_mutex_lock(&k->lock);
	to = j->to;
	*ret_stop = k->stop;
	pthread_mutex_unlock(&k->lock);
	if (j->cut)
		cut__extend(j->cut, to);
	return to;
}

/* The recorder ends, and has waited long enough? */
static bool is_late(struct cap_keep *k)
{
	bool late;

	pthread_mutex_lock(&k->lock);
	late = k->stop && cap_keep__mono() >= k->end_at;
	pthread_mutex_unlock(&k->lock);
	return late;
}

/* --- what the file says of itself -------------------------------------------------------------------------- */

static void describe(struct cap_job *j, uint64_t until)
{
	struct fmt_meta *m = &j->meta;
	char from[48], to[48];

	m->uuid[0] = '\0';
	m->part = 0;
	snprintf(m->reason, sizeof(m->reason), "%s", j->reason);
	snprintf(m->made_from, sizeof(m->made_from), "flight recorder, from %s, to %s%s%.256s", text__iso(j->from, "Z", from),
		 text__iso(until, "Z", to), *j->container ? ", container " : "", j->container);
	if (j->from > m->start_ns)
		m->start_ns = j->from;
}

/* --- beginning ------------------------------------------------------------------------------------------------ */

static int open_part(struct cap_keep *k, struct cap_job *j, struct err *err)
{
	char *path = xasprintf("%s/%s.part", k->dir, j->name);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);

	if (fd < 0) {
		fd = err__set(err, -errno, "%s", err__text(-errno));
		free(path);
		return fd;
	}
	j->part = path;
	return fd;
}

static int open_cut(struct cap_keep *k, struct cap_job *j, int fd, struct err *err)
{
	struct sink_opts so = { .meta = &j->meta, .context = true, .told = true,
				.encoders = k->encoders };
	struct cut_opts co = { .from = j->from, .to = UINT64_MAX, .tell = true };
	int code = output__open_fd(&j->out, &sink_spoor, fd, j->part, &so, err);

	if (!code)
		code = selection__of_container(&j->selection, j->container, err);
	if (code)
		return code;
	co.out = j->out;
	co.selection = j->selection;
	cut__new(&j->cut, &co);
	return 0;
}

int cap_job__begin(struct cap_keep *k, struct cap_job *j, struct err *err)
{
	bool stop;
	uint64_t to = cap_job__to(k, j, &stop);
	int fd, code;

	if (is_late(k))
		return err__set(err, -ETIMEDOUT, "the recorder ended before it was this file's turn");
	code = cap_folder__make_room(k, err);
	if (code)
		return code;
	cap_ring__meta(k->o.ring, &j->meta);
	describe(j, to);
	fd = open_part(k, j, err);
	if (fd < 0)
		return fd;
	fmt_batch__new(&j->rows);
	j->flushed = cap_keep__mono();
	return *j->container ? open_cut(k, j, fd, err) : cap_copy__open(k, j, fd, err);
}

/* --- rows of alerts ------------------------------------------------------------------------------------------- */

static struct cap_cause *next_cause(struct cap_keep *k, struct cap_job *j, uint64_t upto)
{
	struct cap_cause *c;

	pthread_mutex_lock(&k->lock);
	c = j->causes && j->causes->time <= upto ? j->causes : NULL;
	if (c)
		j->causes = c->next;
	pthread_mutex_unlock(&k->lock);
	return c;
}

static int put_row(struct cap_job *j, struct err *err)
{
	if (!j->rows->n)
		return 0;
	return j->w ? fmt_writer__batch(j->w, j->rows, false, err) : cut__rows(j->cut, j->rows, err);
}

int cap_job__causes(struct cap_keep *k, struct cap_job *j, uint64_t upto, struct err *err)
{
	struct cap_cause *c;
	int code = 0;

	while (code >= 0 && (c = next_cause(k, j, upto))) {
		fmt_batch__reset(j->rows, j->next_num);
		cap_cause__row(c, j->container, j->rows);
		code = put_row(j, err);
		cap_cause__free(c);
	}
	return code < 0 ? code : 0;
}

/* --- ending --------------------------------------------------------------------------------------------------------- */

static uint64_t size_of(const struct cap_job *j)
{
	struct stat st;

	return j->part && !stat(j->part, &st) ? (uint64_t)st.st_size : 0;
}

bool cap_job__close_for(struct cap_keep *k, struct cap_job *j, uint64_t to, bool anyway)
{
	bool closing;

	pthread_mutex_lock(&k->lock);
	j->closing = closing = anyway || j->to <= to;
	pthread_mutex_unlock(&k->lock);
	return closing;
}

static int finish(struct cap_keep *k, struct cap_job *j, struct err *err)
{
	struct fmt_writer *w = j->w;
	struct output *out = j->out;
	int code = w ? cap_job__causes(k, j, UINT64_MAX, err) : 0;

	if (code)
		return code;
	j->w = NULL;
	j->out = NULL;
	code = w ? fmt_writer__close(w, err) : output__close(out, NULL, err);
	j->bytes = size_of(j);
	return code ? code : cap_folder__commit(k, j->part, j->name, err);
}

static void say_failed(struct cap_keep *k, struct cap_job *j, int code, const struct err *why)
{
	struct stat st;

	log_warn("%s: %s%s", j->name, *why->msg ? why->msg : err__text(code),
		 size_of(j) ? "; what is in its .part file can be read, and is finished at the next start" : "");
	if (j->part && !stat(j->part, &st) && !st.st_size)
		unlink(j->part);
	pthread_mutex_lock(&k->lock);
	j->closing = true;
	if (code == -ENOSPC && !j->part)
		k->st.refused_space++;
	else
		k->st.failed++;
	pthread_mutex_unlock(&k->lock);
}

static void say_complete(struct cap_keep *k, struct cap_job *j)
{
	uint64_t now = cap_ring__now(k->o.ring), since = j->to > j->asked ? j->to : j->asked;
	char size[32];

	log_info("%s: complete, %s%s", j->name, text__size(j->bytes, size), j->short_ended ? ", ended before its time" : "");
	pthread_mutex_lock(&k->lock);
	k->st.complete++;
	k->st.short_ended += j->short_ended;
	k->st.bytes_written += j->bytes;
	k->st.last_ns = now > since ? now - since : 0;
	if (k->st.last_ns > k->st.slowest_ns)
		k->st.slowest_ns = k->st.last_ns;
	pthread_mutex_unlock(&k->lock);
}

/* --- a step ------------------------------------------------------------------------------------------------------------ */

/* What it takes of the disk more than when this was asked last. */
static uint64_t growth(struct cap_job *j)
{
	uint64_t was = j->counted;
	struct stat st;

	if (j->part && !stat(j->part, &st))
		j->counted = (uint64_t)st.st_blocks * 512u;
	return j->counted > was ? j->counted - was : 0;
}

int cap_job__look_after(struct cap_keep *k, struct cap_job *j, struct err *err)
{
	uint64_t now = cap_keep__mono(), max_bytes = cap_keep__limit(&k->o.max_file_bytes);
	int code = 0;

	if ((max_bytes && size_of(j) >= max_bytes) || cap_folder__is_full(k, growth(j)) || is_late(k))
		j->short_ended = true;
	if (now - j->flushed < FLUSH_NS)
		return 0;
	j->flushed = now;
	if (j->cut)
		code = cut__flush(j->cut, err);
	return code;
}

enum cap_step cap_job__step(struct cap_keep *k, struct cap_job *j)
{
	struct err err = j->why;
	bool over = j->over;
	int code = j->code;

	if (!over && !j->rows)
		code = cap_job__begin(k, j, &err);
	if (!over && !code)
		code = cap_copy__step(k, j, &over, &err);
	if (!code && !over)
		return CAP_STEP_WAIT;
	if (!code)
		code = finish(k, j, &err);
	if (code)
		say_failed(k, j, code, &err);
	else
		say_complete(k, j);
	return CAP_STEP_DONE;
}
