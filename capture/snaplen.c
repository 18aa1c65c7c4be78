// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "capture/snaplen.h"
#include "format/base/text.h"

#define MAX_PORT 65535u
#define MAX_FD 0x7fffffffu
#define MAX_ITEM 256u

static int size_of(const char *v, uint32_t *ret, struct err *err)
{
	uint64_t n;
	int r;

	if (!strcmp(v, "whole")) {
		*ret = CAP_SNAP_MAX;
		return 0;
	}
	r = text__parse_size(v, &n, err);
	if (!r && n > CAP_SNAP_MAX)
		return err__set(err, -FMT_E_VALUE, "%s: at most %u bytes of a call are kept", v,
				CAP_SNAP_MAX);
	if (!r)
		*ret = (uint32_t)n;
	return r;
}

static int number_of(const char *text, const char *v, uint64_t max, uint32_t *ret, struct err *err)
{
	uint64_t n;
	int r = text__parse_u64(v, max, &n, err);

	if (r)
		return err__set(err, -FMT_E_VALUE, "'%s': a number of at most %llu is missing", text,
				(unsigned long long)max);
	*ret = (uint32_t)n;
	return 0;
}

/* The names from last to first, each with its NUL, at the end of the rule; the NUL before them counts too. */
static int set_path(struct cap_snap *s, const char *path, struct err *err)
{
	uint8_t *word = (uint8_t *)s->word, *mask = (uint8_t *)s->mask;
	const char *at = path, *end = path + strlen(path);
	size_t left = sizeof(s->word);

	if (end - at >= 2 && !strcmp(end - 2, "/*"))
		end -= 2;
	while (end > at && end[-1] == '/')
		end--;
	if (*path != '/' || end == at)
		return err__set(err, -FMT_E_VALUE, "path:%s: write a path from / on, with a name in it",
				path);
	if (memchr(at, '*', (size_t)(end - at)) || memchr(at, '?', (size_t)(end - at)))
		return err__set(err, -FMT_E_VALUE,
				"path:%s: write a file, or a directory for all that is below it; "
				"other patterns are not understood", path);
	if ((size_t)(end - at) > CAP_SNAP_PATH)
		return err__set(err, -FMT_E_VALUE, "path:%s: at most %u characters", path, CAP_SNAP_PATH);
	while (at < end) {
		const char *name = at + 1, *stop = memchr(name, '/', (size_t)(end - name));
		size_t n = (size_t)((stop ? stop : end) - name);

		if (!n || (n <= 2 && !strncmp(name, "..", n)))
			return err__set(err, -FMT_E_VALUE, "path:%s: write it without //, . and ..", path);
		left -= n + 1;
		memcpy(word + left, name, n);
		at = name + n;
	}
	memset(mask + left - 1, 0xff, sizeof(s->mask) - left + 1);
	s->kind = SNAP_PATH;
	return 0;
}

int cap_snaplen__except(struct cap_snaplen *s, const char *text, struct err *err)
{
	char what[MAX_ITEM], *eq;
	struct cap_snap e = { 0 };
	int r;

	if (strlen(text) >= sizeof(what))
		return err__set(err, -FMT_E_VALUE, "'%s' is too long", text);
	strcpy(what, text);
	eq = strrchr(what, '=');
	if (!eq)
		return err__set(err, -FMT_E_VALUE,
				"'%s': write WHAT=SIZE, as in port:53=4096, path:/etc=64KiB, tty=whole, "
				"fd:0=1KiB", text);
	*eq = 0;
	r = size_of(eq + 1, &e.keep, err);
	if (r)
		return r;
	if (!strncmp(what, "port:", 5)) {
		e.kind = SNAP_PORT;
		r = number_of(what, what + 5, MAX_PORT, &e.value, err);
		if (!r && !e.value)
			r = err__set(err, -FMT_E_VALUE, "port:0: ports are 1 to %u", MAX_PORT);
	} else if (!strncmp(what, "fd:", 3)) {
		e.kind = SNAP_FD;
		r = number_of(what, what + 3, MAX_FD, &e.value, err);
	} else if (!strncmp(what, "path:", 5)) {
		r = set_path(&e, what + 5, err);
	} else if (!strcmp(what, "tty")) {
		e.kind = SNAP_TTY;
	} else {
		r = err__set(err, -FMT_E_VALUE, "'%s': exceptions are for port:N, path:/NAMES, tty and fd:N",
			     what);
	}
	if (!r && s->n == CAP_SNAPS)
		r = err__set(err, -FMT_E_LIMIT, "at most %u exceptions", CAP_SNAPS);
	if (!r)
		s->snaps[s->n++] = e;
	return r;
}

int cap_snaplen__add(struct cap_snaplen *s, const char *list, struct err *err)
{
	char item[MAX_ITEM];
	const char *at = list;
	int r = 0;

	for (bool first = true; !r; first = false) {
		size_t n = strcspn(at, ",");

		if (!n)
			return err__set(err, -FMT_E_VALUE, "'%s': something is missing %s", list,
					at[n] ? "before a comma" : "at the end");
		if (n >= sizeof(item))
			return err__set(err, -FMT_E_VALUE, "'%s' is too long", at);
		memcpy(item, at, n);
		item[n] = 0;
		if (first && !strchr(item, '=') && !strchr(item, ':'))
			r = size_of(item, &s->bytes, err);
		else
			r = cap_snaplen__except(s, item, err);
		if (!at[n])
			break;
		at += n + 1;
	}
	return r;
}

/* --- as text ---------------------------------------------------------------------------------- */

/* Where the rule's names begin: behind the NUL that only ends the name before. */
static const char *first_name(const struct cap_snap *s)
{
	const uint8_t *mask = (const uint8_t *)s->mask;
	size_t at = 0;

	while (!mask[at])
		at++;
	return (const char *)s->word + at + 1;
}

/* From the last name, which is the first of the path, on. */
static size_t put_path(const struct cap_snap *s, char *to)
{
	const char *names = first_name(s), *end = (const char *)(s->word + CAP_SNAP_WORDS);
	size_t len = 0;

	while (end > names) {
		const char *name = end - 1;

		while (name > names && name[-1])
			name--;
		len += (size_t)sprintf(to + len, "/%s", name);
		end = name;
	}
	return len;
}

void cap_snaplen__text(const struct cap_snap *snaps, unsigned n, char ret[CAP_SNAPLEN_TEXT])
{
	char *at = ret;

	*at = 0;
	for (unsigned i = 0; i < n; i++) {
		const struct cap_snap *s = &snaps[i];

		at += sprintf(at, "%s", i ? "," : "");
		if (s->kind == SNAP_PATH) {
			at += sprintf(at, "path:");
			at += put_path(s, at);
		} else if (s->kind == SNAP_TTY) {
			at += sprintf(at, "tty");
		} else {
			at += sprintf(at, "%s:%u", s->kind == SNAP_PORT ? "port" : "fd", s->value);
		}
		at += sprintf(at, "=%u", s->keep);
	}
}

/* --- deciding --------------------------------------------------------------------------------- */

/* Is the path the rule's, or below it? The rule has its names from last to first. */
static bool fits_path(const struct cap_snap *s, const char *path)
{
	const char *end = (const char *)(s->word + CAP_SNAP_WORDS), *names = first_name(s);

	while (end > names) {
		const char *name = end - 1;
		size_t n;

		while (name > names && name[-1])
			name--;
		n = strlen(name);
		if (*path++ != '/' || strncmp(path, name, n) || (path[n] && path[n] != '/'))
			return false;
		path += n;
		end = name;
	}
	return true;
}

static bool fits(const struct cap_snap *s, const struct cap_snap_object *o)
{
	switch (s->kind) {
	case SNAP_PORT:
		return s->value == o->ports[0] || s->value == o->ports[1] || s->value == o->ports[2];
	case SNAP_TTY:
		return o->tty;
	case SNAP_FD:
		return o->fd >= 0 && s->value == (uint32_t)o->fd;
	case SNAP_PATH:
		return o->path && fits_path(s, o->path);
	}
	return false;
}

uint32_t cap_snaplen__keep(uint32_t bytes, const struct cap_snap *snaps, unsigned n,
			   const struct cap_snap_object *o)
{
	for (unsigned i = 0; i < n; i++)
		if (fits(&snaps[i], o))
			return snaps[i].keep;
	return bytes;
}
