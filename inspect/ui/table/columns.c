// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inspect/ui/table/columns.h"
#include "inspect/ui/table/ui_table.h"

#define MAX_LINE 1024

/* A title as it is typed: what is left of it ends at the first character that is no letter, digit or blank. */
static void name_of(const struct ins_table_ops *t, unsigned col, char name[32])
{
	const char *title = t->cols[col].title;
	unsigned n = 0;

	for (; title[n] && n < 31; n++)
		name[n] = title[n] == ' ' ? '-' : (char)tolower((unsigned char)title[n]);
	name[n] = 0;
	if (!n || !isalpha((unsigned char)name[0]))
		snprintf(name, 32, "column-%u", col + 1);
}

static bool is_offered(const struct ins_columns *c, const struct ins_table_ops *t, unsigned col)
{
	return c->machines || !(t->cols[col].look & COL_OF_MACHINE);
}

static void list(const struct ins_columns *c, enum ins_view_id view, bool hidden, struct buf *out)
{
	const struct ins_table_ops *t = ins_views[view]->table;
	char name[32];

	for (unsigned i = 0; t && i < t->n_cols; i++) {
		if ((c->hidden[view] >> i & 1) != hidden || !is_offered(c, t, i))
			continue;
		name_of(t, i, name);
		buf__printf(out, "%s%s", out->len ? " " : "", name);
	}
	buf__u8(out, 0);
	out->len--;
}

void ins_columns__list(const struct ins_columns *c, enum ins_view_id view, struct buf *out)
{
	list(c, view, false, out);
}

void ins_columns__others(const struct ins_columns *c, enum ins_view_id view, struct buf *out)
{
	list(c, view, true, out);
}

static int no_such_column(const struct ins_columns *c, const struct ins_table_ops *t, const char *word,
			   struct err *err)
{
	struct buf all = { 0 };
	char name[32];

	for (unsigned i = 0; i < t->n_cols; i++) {
		if (!is_offered(c, t, i))
			continue;
		name_of(t, i, name);
		buf__printf(&all, " %s", name);
	}
	buf__u8(&all, 0);
	err__set(err, -FMT_E_VALUE, "there is no column '%.32s' here, but:%s", word, (char *)all.p);
	buf__done(&all);
	return -FMT_E_VALUE;
}

/* Those that are only there when they are chosen. */
static uint32_t usually_hidden(enum ins_view_id view)
{
	const struct ins_table_ops *t = ins_views[view]->table;
	uint32_t hidden = 0;

	for (unsigned i = 0; t && i < t->n_cols; i++)
		hidden |= t->cols[i].look & COL_CHOSEN ? 1u << i : 0;
	return hidden;
}

/* Which columns a text leaves out. */
static int parse(const struct ins_columns *c, enum ins_view_id view, const char *text, uint32_t *ret, struct err *err)
{
	const struct ins_table_ops *t = ins_views[view]->table;
	char copy[MAX_LINE], *save = NULL, name[32];
	uint32_t shown = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *w = strtok_r(copy, " ,\t\r\n", &save); w; w = strtok_r(NULL, " ,\t\r\n", &save)) {
		unsigned i = 0;

		for (; i < t->n_cols; i++) {
			name_of(t, i, name);
			if (!strcasecmp(name, w))
				break;
		}
		if (i == t->n_cols)
			return no_such_column(c, t, w, err);
		shown |= 1u << i;
	}
	*ret = shown ? ~shown & ((t->n_cols < 32 ? 1u << t->n_cols : 0) - 1u) :
		       usually_hidden(view);
	return 0;
}

void ins_columns__open(struct ins_columns *c, const char *folder)
{
	char line[MAX_LINE], *colon;
	FILE *f;

	*c = (struct ins_columns){ 0 };
	for (unsigned v = 0; v < VIEW__N; v++)
		c->hidden[v] = usually_hidden((enum ins_view_id)v);
	if (!folder || snprintf(c->path, sizeof(c->path), "%s/columns", folder) >= (int)sizeof(c->path)) {
		c->path[0] = 0;
		return;
	}
	f = fopen(c->path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		colon = strchr(line, ':');
		if (!colon)
			continue;
		*colon = 0;
		for (unsigned v = 0; v < VIEW__N; v++)
			if (ins_views[v]->table && !strcmp(ins_views[v]->name, line))
				parse(c, (enum ins_view_id)v, colon + 1, &c->hidden[v], NULL);
	}
	if (f)
		fclose(f);
}

static int keep(const struct ins_columns *c, struct err *err)
{
	struct buf b = { 0 };
	char tmp[600];
	int fd, r = 0;

	if (!c->path[0])
		return 0;
	for (unsigned v = 0; v < VIEW__N; v++) {
		struct buf list = { 0 };

		if (c->hidden[v] != usually_hidden((enum ins_view_id)v)) {
			ins_columns__list(c, (enum ins_view_id)v, &list);
			buf__printf(&b, "%s: %s\n", ins_views[v]->name, (char *)list.p);
		}
		buf__done(&list);
	}
	snprintf(tmp, sizeof(tmp), "%s.new", c->path);
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || (b.len && write(fd, b.p, b.len) != (ssize_t)b.len) || rename(tmp, c->path) < 0)
		r = err__set(err, -errno, "%s: %s; the columns are kept until you leave", c->path, strerror(errno));
	if (fd >= 0)
		close(fd);
	buf__done(&b);
	return r;
}

int ins_columns__choose(struct ins_columns *c, enum ins_view_id view, const char *text, struct err *err)
{
	const struct ins_table_ops *t = ins_views[view]->table;
	int r = t ? parse(c, view, text, &c->hidden[view], err) :
		    err__set(err, -FMT_E_VALUE, "this view has no columns to choose from");

	return r < 0 ? r : keep(c, err);
}
