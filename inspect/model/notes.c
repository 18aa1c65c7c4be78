// SPDX-License-Identifier: Apache-2.0
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/base/text.h"
#include "inspect/model/notes.h"

#define MAX_FILE (64u << 20)
#define MAX_LINE 65536u

static uint32_t insert(struct ins_notes *notes, const struct ins_note *note)
{
	uint32_t i = notes->n;

	notes->v = xgrow(notes->v, &notes->cap, notes->n + 1, sizeof(*notes->v));
	for (; i > 0 && notes->v[i - 1].ts > note->ts; i--)
		notes->v[i] = notes->v[i - 1];
	notes->v[i] = *note;
	notes->n++;
	notes->gen++;
	return i;
}

/* --- reading --------------------------------------------------------------------------------- */

/* Times are over 2^53 and so no numbers of JSON's: they are strings of digits. */
static bool take_u64(const cJSON *o, const char *name, uint64_t *ret)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);

	return cJSON_IsString(v) && text__parse_u64(v->valuestring, UINT64_MAX, ret, NULL) >= 0;
}

static const char *take_str(const cJSON *o, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);

	return cJSON_IsString(v) ? v->valuestring : "";
}

static bool take_line(struct ins_notes *notes, const char *line, size_t n)
{
	cJSON *o = n <= MAX_LINE ? cJSON_ParseWithLength(line, n) : NULL;
	struct ins_note note = { 0 };
	bool ok = cJSON_IsObject(o) && take_u64(o, "time", &note.ts);

	if (ok) {
		take_u64(o, "event", &note.num);
		note.about = xstrdup(take_str(o, "about"));
		note.text = xstrdup(take_str(o, "note"));
		insert(notes, &note);
	}
	cJSON_Delete(o);
	return ok;
}

static void take_lines(struct ins_notes *notes, const char *p, size_t n)
{
	uint32_t bad = 0;

	for (size_t at = 0; at < n;) {
		const char *nl = memchr(p + at, '\n', n - at);
		size_t len = nl ? (size_t)(nl - (p + at)) : n - at;

		if (len && (notes->n >= INS_MAX_NOTES || !take_line(notes, p + at, len)))
			bad++;
		at += len + 1;
	}
	if (bad)
		snprintf(notes->trouble, sizeof(notes->trouble),
			 "%u lines of the notes cannot be read: nothing is written to that file", bad);
}

void ins_notes__open(struct ins_notes *notes, const char *trace_path)
{
	struct buf b = { 0 };
	char block[8192];
	size_t n;
	FILE *f;

	*notes = (struct ins_notes){ .gen = 1 };
	if (!strcmp(trace_path, "-") ||
	    snprintf(notes->path, sizeof(notes->path), "%s.notes", trace_path) >= (int)sizeof(notes->path)) {
		notes->path[0] = 0;
		return;
	}
	f = fopen(notes->path, "re");
	if (!f) {
		if (errno != ENOENT)
			snprintf(notes->trouble, sizeof(notes->trouble), "the notes cannot be read: %s",
				 strerror(errno));
		return;
	}
	while (b.len <= MAX_FILE && (n = fread(block, 1, sizeof(block), f)) > 0)
		buf__add(&b, block, n);
	if (ferror(f) || b.len > MAX_FILE)
		snprintf(notes->trouble, sizeof(notes->trouble), "the notes cannot be read: %s",
			 b.len > MAX_FILE ? "over 64 MiB" : strerror(errno));
	else
		take_lines(notes, (char *)b.p, b.len);
	fclose(f);
	buf__done(&b);
}

void ins_notes__done(struct ins_notes *notes)
{
	for (uint32_t i = 0; i < notes->n; i++) {
		free(notes->v[i].about);
		free(notes->v[i].text);
	}
	free(notes->v);
	*notes = (struct ins_notes){ 0 };
}

/* --- writing --------------------------------------------------------------------------------- */

static void put_note(struct buf *b, const struct ins_note *note)
{
	char when[48];

	buf__printf(b, "{\"time\":\"%llu\",\"at\":\"%s\"", (unsigned long long)note->ts,
		    text__iso(note->ts, "Z", when));
	if (note->num)
		buf__printf(b, ",\"event\":\"%llu\"", (unsigned long long)note->num);
	buf__puts(b, ",\"about\":\"");
	text__json(b, note->about, strlen(note->about));
	buf__puts(b, "\",\"note\":\"");
	text__json(b, note->text, strlen(note->text));
	buf__puts(b, "\"}\n");
}

/* To a file beside it, which then takes its name: a full disk costs nothing that was there. */
static int write_file(const struct ins_notes *notes, const struct buf *b)
{
	char tmp[640];
	ssize_t n;
	int fd, r;

	snprintf(tmp, sizeof(tmp), "%s.new", notes->path);
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	n = write(fd, b->p, b->len);
	r = n == (ssize_t)b->len ? 0 : n < 0 ? -errno : -ENOSPC;
	if (!r && fsync(fd) < 0)
		r = -errno;
	close(fd);
	if (!r && rename(tmp, notes->path) < 0)
		r = -errno;
	if (r < 0)
		unlink(tmp);
	return r;
}

static int save(struct ins_notes *notes, struct err *err)
{
	struct buf b = { 0 };
	int r;

	notes->gen++;
	if (!notes->path[0])
		return err__set(err, -FMT_E_UNSUPPORTED, "kept until you leave: a trace from a pipe has no place for notes");
	if (notes->trouble[0])
		return err__set(err, -FMT_E_UNSUPPORTED, "%s", notes->trouble);
	for (uint32_t i = 0; i < notes->n; i++)
		put_note(&b, &notes->v[i]);
	r = write_file(notes, &b);
	buf__done(&b);
	return r < 0 ? err__set(err, r, "%s: %s; the note is kept until you leave", notes->path, strerror(-r)) : 0;
}

int ins_notes__add(struct ins_notes *notes, uint64_t ts, uint64_t num, const char *about, const char *text,
		   struct err *err)
{
	struct ins_note note = { .ts = ts, .num = num };
	uint32_t i;
	int r;

	if (notes->n >= INS_MAX_NOTES)
		return err__set(err, -FMT_E_LIMIT, "there are too many notes");
	note.about = xstrdup(about);
	note.text = xstrdup(text);
	i = insert(notes, &note);
	r = save(notes, err);
	return r < 0 ? r : (int)i;
}

int ins_notes__set(struct ins_notes *notes, uint32_t i, const char *text, struct err *err)
{
	free(notes->v[i].text);
	notes->v[i].text = xstrdup(text);
	return save(notes, err);
}

int ins_notes__remove(struct ins_notes *notes, uint32_t i, struct err *err)
{
	free(notes->v[i].about);
	free(notes->v[i].text);
	memmove(&notes->v[i], &notes->v[i + 1], (notes->n - i - 1) * sizeof(*notes->v));
	notes->n--;
	return save(notes, err);
}
