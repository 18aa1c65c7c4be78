// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/containers/runtime.h"
#include "capture/containers/sqlite.h"

#define MAX_ROW (4u << 20)
#define MAX_READS 8192u
#define MAX_CELLS (1u << 18)
#define FILE_HEAD 100u			/* in front of the first page's */

enum { INTERIOR = 5, LEAF = 13 };	/* of tables; others are indexes' */

static uint32_t be(const uint8_t *p, unsigned n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

/* Up to nine bytes of seven bits each, the last of eight. Its length; 0: it is cut off. */
static unsigned varint(const uint8_t *p, const uint8_t *end, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < 9 && p + i < end; i++) {
		if (i == 8) {
			*ret = v << 8 | p[i];
			return 9;
		}
		v = v << 7 | (p[i] & 0x7f);
		if (!(p[i] & 0x80)) {
			*ret = v;
			return i + 1;
		}
	}
	return 0;
}

/* --- records ------------------------------------------------------------------------------------ */

struct value {
	bool is_text;			/* or bytes */
	uint64_t number;		/* of those that are one */
	const uint8_t *p;
	size_t n;
};

/* Bytes that a value of this type takes: record format, serial type codes. */
static uint64_t size_of(uint64_t type)
{
	static const uint8_t sizes[] = { 0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0 };

	return type < sizeof(sizes) ? sizes[type] : (type - 12) / 2;
}

/* A column of a record, if it lies in the n bytes that are there of it. */
static bool column_of(const uint8_t *p, size_t n, unsigned column, struct value *v)
{
	uint64_t head, type = 0, at;
	const uint8_t *types;
	unsigned k = varint(p, p + n, &head);

	if (!k || head > n || head < k)
		return false;
	types = p + k;
	at = head;
	for (unsigned i = 0; i <= column; i++, types += k) {
		if (i && (at += size_of(type)) > n)
			return false;
		k = varint(types, p + head, &type);
		if (!k)
			return false;
	}
	*v = (struct value){ .is_text = type >= 12, .p = p + at, .n = size_of(type) };
	if (size_of(type) > n - at)
		return false;
	if (type >= 1 && type <= 4)
		v->number = be(v->p, (unsigned)type);
	else if (type == 9)
		v->number = 1;
	return true;
}

static bool is_text(const struct value *v, const char *s)
{
	return v->is_text && v->n == strlen(s) && !memcmp(v->p, s, v->n);
}

/* --- pages -------------------------------------------------------------------------------------- */

static const uint8_t *read_page(struct cap_sqlite *s, uint32_t page, struct buf *into)
{
	if (!page || !s->budget || !s->cells)
		return NULL;
	s->budget--;
	into->len = 0;
	buf__reserve(into, s->page_size);
	if (pread(s->fd, into->p, s->page_size, (off_t)(page - 1) * s->page_size) !=
	    (ssize_t)s->page_size)
		return NULL;
	into->len = s->page_size;
	return into->p;
}

/* How much of a row's bytes is on its own page. */
static uint32_t local_part(const struct cap_sqlite *s, uint64_t n)
{
	uint32_t most = s->usable - 35, least = (s->usable - 12) * 32 / 255 - 23;
	uint64_t part;

	if (n <= most)
		return (uint32_t)n;
	part = least + (n - least) % (s->usable - 4);
	return part <= most ? (uint32_t)part : least;
}

struct cell {
	const uint8_t *p;
	uint64_t n;			/* of the whole row */
	uint32_t local;			/* those at p; if fewer, the number of a page follows */
};

static bool whole_row(struct cap_sqlite *s, const struct cell *c)
{
	struct buf *page = &s->page[CAP_SQLITE_DEPTH - 1];
	uint32_t next = c->local < c->n ? be(c->p + c->local, 4) : 0;

	if (c->n > MAX_ROW)
		return false;
	s->row.len = 0;
	buf__add(&s->row, c->p, c->local);
	while (s->row.len < c->n) {
		uint64_t n = c->n - s->row.len;
		const uint8_t *p = read_page(s, next, page);

		if (!p)
			return false;
		buf__add(&s->row, p + 4, n < s->usable - 4 ? n : s->usable - 4);
		next = be(p, 4);
	}
	return true;
}

/* --- tables ------------------------------------------------------------------------------------- */

struct search {
	unsigned key_column;
	const char *key;
	const char *type;		/* the first column's, too; NULL: any */
};

static bool is_row(const struct search *q, const struct cell *c)
{
	struct value v;

	return column_of(c->p, c->local, q->key_column, &v) && is_text(&v, q->key) &&
	       (!q->type || (column_of(c->p, c->local, 0, &v) && is_text(&v, q->type)));
}

static bool cell_at(const struct cap_sqlite *s, const uint8_t *page, uint32_t at, struct cell *c)
{
	const uint8_t *p = page + at, *end = page + s->usable;
	uint64_t rowid;
	unsigned k, m;

	if (at >= s->usable || !(k = varint(p, end, &c->n)) || !(m = varint(p + k, end, &rowid)))
		return false;
	c->p = p + k + m;
	c->local = local_part(s, c->n);
	return (size_t)(end - c->p) >= c->local + (c->local < c->n ? 4u : 0u);
}

/* At so many cells more? If not, it is over. */
static bool may_look(struct cap_sqlite *s, uint32_t n)
{
	bool may = n <= s->cells;

	s->cells -= may ? n : s->cells;
	return may;
}

/* The row that is looked for, below a page, into s->row. */
static bool find(struct cap_sqlite *s, uint32_t number, unsigned depth, const struct search *q)
{
	const uint8_t *page, *head;
	uint32_t n, first;
	struct cell c;

	if (depth + 1 >= CAP_SQLITE_DEPTH || !(page = read_page(s, number, &s->page[depth])))
		return false;
	head = page + (number == 1 ? FILE_HEAD : 0);
	n = be(head + 3, 2);
	first = (uint32_t)(head - page) + (*head == INTERIOR ? 12 : 8);
	if ((*head != INTERIOR && *head != LEAF) || first + n * 2 > s->usable || !may_look(s, n))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = be(page + first + i * 2, 2);

		if (*head == INTERIOR) {
			if (at + 4 <= s->usable && find(s, be(page + at, 4), depth + 1, q))
				return true;
		} else if (cell_at(s, page, at, &c) && is_row(q, &c)) {
			return whole_row(s, &c);
		}
	}
	return *head == INTERIOR && find(s, be(head + 8, 4), depth + 1, q);
}

static bool is_still(const struct cap_sqlite *s, uint32_t *counter)
{
	char journal[700];
	uint8_t b[4];
	struct stat st;
	bool busy;
	int fd;

	if ((size_t)snprintf(journal, sizeof(journal), "%s-journal", s->path) >= sizeof(journal))
		return false;
	fd = cap_root__open(s->root, journal);
	busy = fd >= 0 && (fstat(fd, &st) || st.st_size);
	if (fd >= 0)
		close(fd);
	if (busy || pread(s->fd, b, 4, 24) != 4)
		return false;
	*counter = be(b, 4);
	return true;
}

bool cap_sqlite__get(struct cap_sqlite *s, const char *table, const char *key, unsigned column,
		     struct buf *out)
{
	const struct search schema = { .key_column = 1, .key = table, .type = "table" },
			    row = { .key = key };
	struct value v;
	uint32_t counter;

	s->budget = MAX_READS;
	s->cells = MAX_CELLS;
	/* type, name, table, first page, text */
	if (!find(s, 1, 0, &schema) || !column_of(s->row.p, s->row.len, 3, &v) || v.is_text)
		return false;
	if (!find(s, (uint32_t)v.number, 0, &row) || !column_of(s->row.p, s->row.len, column, &v) ||
	    !v.is_text || !is_still(s, &counter) || counter != s->counter)
		return false;
	buf__add(out, v.p, v.n);
	return true;
}

/* --- opening ------------------------------------------------------------------------------------ */

bool cap_sqlite__open(struct cap_sqlite *s, int root, const char *path)
{
	static const char magic[16] = "SQLite format 3";
	uint8_t h[FILE_HEAD];

	*s = (struct cap_sqlite){ .fd = cap_root__open(root, path), .root = root, .path = path };
	if (s->fd < 0)
		return false;
	if (!is_still(s, &s->counter) || pread(s->fd, h, sizeof(h), 0) != (ssize_t)sizeof(h) ||
	    memcmp(h, magic, sizeof(magic)) || h[19] != 1 || be(h + 56, 4) != 1)
		goto bad;
	s->page_size = be(h + 16, 2) == 1 ? 65536 : be(h + 16, 2);
	s->usable = s->page_size - h[20];
	if (s->page_size < 512 || (s->page_size & (s->page_size - 1)) || s->usable < 480)
		goto bad;
	return true;
bad:
	cap_sqlite__close(s);
	return false;
}

void cap_sqlite__close(struct cap_sqlite *s)
{
	for (unsigned i = 0; i < CAP_SQLITE_DEPTH; i++)
		buf__done(&s->page[i]);
	buf__done(&s->row);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}
