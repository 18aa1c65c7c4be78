// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/scap_out/scap_put_fds.h"

#define MAX_NAME 1023u		/* readers refuse a list with a longer one */
#define MAX_TABLE (16u << 20)	/* bytes of one table: many times what a kernel allows */

/* Types of descriptor by their numbers in both kinds of file; FILE_V2 is how captures write FILE. */
enum { FILE_ = 1, SOCK4 = 3, SOCK6 = 4, LISTEN4 = 5, LISTEN6 = 6, UNIX_ = 8, UNSUPPORTED = 10, FILE_V2 = 16, PIDFD = 21 };

struct table {
	struct buf entries;
	uint32_t n;
	bool taken;
};

struct scap_fd_tables {
	struct table *table;
	size_t n, cap;
	struct scap_ids by_id;
	uint64_t dropped;
};

/* --- numbers to places ------------------------------------------------------------------------ */

static uint32_t probe(const struct scap_ids *m, uint64_t id)
{
	uint32_t i = (uint32_t)(id * 0x9e3779b97f4a7c15u >> 32) & (m->n_slots - 1);

	while (m->slots[i].at && m->slots[i].id != id)
		i = (i + 1) & (m->n_slots - 1);
	return i;
}

static void grow(struct scap_ids *m)
{
	struct scap_ids old = *m;

	m->n_slots = old.n_slots ? old.n_slots * 2 : 256;
	m->slots = xcalloc(m->n_slots, sizeof(*m->slots));
	for (uint32_t i = 0; i < old.n_slots; i++)
		if (old.slots[i].at)
			m->slots[probe(m, old.slots[i].id)] = old.slots[i];
	free(old.slots);
}

uint32_t *scap_ids__at(struct scap_ids *m, uint64_t id)
{
	uint32_t i;

	if ((m->n + 1) * 2 > m->n_slots)
		grow(m);
	i = probe(m, id);
	if (!m->slots[i].at) {
		m->slots[i].id = id;
		m->n++;
	}
	return &m->slots[i].at;
}

void scap_ids__done(struct scap_ids *m)
{
	free(m->slots);
	*m = (struct scap_ids){ 0 };
}

/* --- tables ----------------------------------------------------------------------------------- */

struct scap_fd_tables *scap_fd_tables__new(void)
{
	return xcalloc(1, sizeof(struct scap_fd_tables));
}

void scap_fd_tables__free(struct scap_fd_tables *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		buf__done(&t->table[i].entries);
	free(t->table);
	scap_ids__done(&t->by_id);
	free(t);
}

static struct table *table_of(struct scap_fd_tables *t, uint64_t id)
{
	uint32_t *at = scap_ids__at(&t->by_id, id);

	if (!*at) {
		t->table = xgrow(t->table, &t->cap, t->n + 1, sizeof(*t->table));
		memset(&t->table[t->n], 0, sizeof(*t->table));
		*at = (uint32_t)++t->n;
	}
	return &t->table[*at - 1];
}

static uint64_t num(const struct fmt_ev *ev, unsigned param)
{
	uint64_t v = 0;

	fmt_ev__int(ev, param, &v);
	return v;
}

static void name(struct buf *b, const char *p, uint32_t len, uint64_t *cut)
{
	uint32_t n = len ? (uint32_t)strnlen(p, len) : 0;

	*cut += n < len || n > MAX_NAME;
	if (n > MAX_NAME)
		n = MAX_NAME;
	buf__le16(b, (uint16_t)n);
	buf__add(b, p, n);
}

/*
 * Both addresses, or the one that is listened on, which is the second of ours; then the transport. Unknown ones are
 * zeros.
 */
static void put_inet(struct buf *b, const struct fmt_ev *ev, unsigned type)
{
	const struct fmt_str *t = fmt_ev__str(ev, P_state_fd_tuple);
	unsigned n = type == SOCK6 || type == LISTEN6 ? 16 : 4;
	uint8_t tuple[37] = { 0 };

	if (t && t->len == 5 + 2 * n && t->p[0] == (n == 4 ? 2 : 10))
		memcpy(tuple, t->p, t->len);
	if (type == LISTEN4 || type == LISTEN6) {
		buf__add(b, tuple + 3 + n, n + 2);
	} else {
		buf__add(b, tuple + 1, n);
		buf__add(b, tuple + 3 + n, n);
		buf__add(b, tuple + 1 + n, 2);
		buf__add(b, tuple + 3 + 2 * n, 2);
	}
	buf__u8(b, (uint8_t)num(ev, P_state_fd_l4));
}

/*
 * The kernel's addresses of both ends, and the path. They are in the tuple, or in the name that the engine has given:
 * "source->peer path".
 */
static void put_unix(struct buf *b, const struct fmt_ev *ev, uint64_t *cut)
{
	const struct fmt_str *t = fmt_ev__str(ev, P_state_fd_tuple), *s = fmt_ev__str(ev, P_state_fd_name);
	uint64_t ends[2] = { 0, 0 };
	unsigned long long source, peer;
	int n = 0, end = 0;

	if (t && t->len >= 17 && t->p[0] == 1)
		memcpy(ends, t->p + 1, 16);
	else if (s && sscanf(s->p, "%16llx->%16llx%n", &source, &peer, &end) == 2 && (!s->p[end] || s->p[end] == ' ')) {
		ends[0] = source;
		ends[1] = peer;
		n = end + (s->p[end] == ' ');
	}
	buf__le64(b, ends[0]);
	buf__le64(b, ends[1]);
	name(b, s ? s->p + n : "", s ? s->len - (uint32_t)n : 0, cut);
}

static void put_entry(struct buf *b, const struct fmt_ev *ev, uint64_t *cut)
{
	const struct fmt_str *s = fmt_ev__str(ev, P_state_fd_name);
	uint64_t type = num(ev, P_state_fd_type);

	if (type == FILE_)
		type = FILE_V2;
	else if (!type || type == FILE_V2 || type > PIDFD)
		type = UNSUPPORTED;
	buf__le64(b, num(ev, P_state_fd_fd));
	buf__le64(b, num(ev, P_state_fd_ino));
	buf__u8(b, (uint8_t)type);
	if (type == SOCK4 || type == SOCK6 || type == LISTEN4 || type == LISTEN6) {
		put_inet(b, ev, (unsigned)type);
	} else if (type == UNIX_) {
		put_unix(b, ev, cut);
	} else {
		if (type == FILE_V2)
			buf__le32(b, (uint32_t)num(ev, P_state_fd_open_flags));
		name(b, s ? s->p : "", s ? s->len : 0, cut);
		if (type == FILE_V2)
			buf__le32(b, (uint32_t)num(ev, P_state_fd_dev));
	}
}

void scap_fd_tables__add(struct scap_fd_tables *t, const struct fmt_ev *ev, uint64_t *cut)
{
	struct table *table = table_of(t, scap_fd_table(ev, P_state_fd_fdtable));
	struct buf *b = &table->entries;
	size_t from = b->len;
	uint32_t len;

	if (b->len > MAX_TABLE) {
		t->dropped++;
		return;
	}
	buf__le32(b, 0);
	put_entry(b, ev, cut);
	len = (uint32_t)(b->len - from);
	memcpy(b->p + from, &len, 4);
	table->n++;
}

const struct buf *scap_fd_tables__take(struct scap_fd_tables *t, uint64_t id, bool *ret_again)
{
	struct table *table = table_of(t, id);

	*ret_again = table->taken;
	table->taken = true;
	return table->n ? &table->entries : NULL;
}

uint64_t scap_fd_tables__left(const struct scap_fd_tables *t)
{
	uint64_t left = t->dropped;

	for (size_t i = 0; i < t->n; i++)
		left += t->table[i].taken ? 0 : t->table[i].n;
	return left;
}
