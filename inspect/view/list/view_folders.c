// SPDX-License-Identifier: Apache-2.0
/* Files by folder: a tree with sums, folded but for its roots. */
#include <stdlib.h>
#include <string.h>

#include "inspect/model/folders.h"
#include "inspect/view/common.h"

enum { COL_OPS, COL_READ, COL_WRITTEN, COL_FILES, COL_PROCS, COL_WHO, COL_FIRST, COL_PATH, N_COLS };

static const struct ins_column cols[N_COLS] = {
	[COL_OPS] = { "DONE", 8, 0, 1, SORT_TEXT, 0, "what was done with anything in it, as in the view of files" },
	[COL_READ] = { "READ", 5, 0, 0, SORT_NUMBER, COL_RIGHT, "bytes read" },
	[COL_WRITTEN] = { "WRITE", 5, 0, 0, SORT_NUMBER, COL_RIGHT, "bytes written" },
	[COL_FILES] = { "FILES", 5, 0, 0, SORT_NUMBER, COL_RIGHT, "files in it and below" },
	[COL_PROCS] = { "PROCS", 5, 0, 2, SORT_NUMBER, COL_RIGHT, "processes that did" },
	[COL_WHO] = { "WHO", 12, 20, 2, SORT_NONE, 0, "names of the first of them" },
	[COL_FIRST] = { "FIRST", 8, 12, 4, SORT_NUMBER, 0, "when first" },
	[COL_PATH] = { "FOLDER", 30, 50, 0, SORT_TEXT, COL_FLEX, "the folder, or a file in it" },
};

#define QUICK 20000000u		/* ns of counting that a key may wait for; the rest is done in work */

struct folders {
	struct ins_folders fs;
	const struct ins_model *of;	/* what was counted, or is being */
	uint64_t gen;
	bool counting;
	bool slow;			/* it took more than QUICK: not to be done again and again while the model grows */
};

static struct ins_folders *folders_of(struct ins_frame *f)
{
	struct ins_table *t = f->states[VIEW_FOLDERS];

	return &((struct folders *)t->data)->fs;
}

static void free_folders(struct ins_table *t)
{
	ins_folders__done(&((struct folders *)t->data)->fs);
	free(t->data);
}

static void *open_folders(struct ins_ui *ui, struct ins_frame *f)
{
	struct ins_table *t = ins_table__open(ui, f);

	t->data = xcalloc(1, sizeof(struct folders));
	t->done = free_folders;
	t->fold_all = true;
	return t;
}

/* --- rows ------------------------------------------------------------------------------------ */

/* qsort has no argument */
static const struct ins_folders *sorted;

static int by_name(const void *a, const void *b)
{
	const struct ins_folder *x = &sorted->nodes[*(const uint32_t *)a], *y = &sorted->nodes[*(const uint32_t *)b];
	const struct fmt_str *s = strtab__get(&sorted->names, x->name), *t = strtab__get(&sorted->names, y->name);
	uint32_t n = s->len < t->len ? s->len : t->len;
	int r;

	if ((x->file == INS_NONE) != (y->file == INS_NONE))
		return x->file == INS_NONE ? -1 : 1;
	r = memcmp(s->p, t->p, n);
	return r ? r : s->len < t->len ? -1 : s->len > t->len;
}

/* The only thing in a folder, if that is a folder too, else INS_NONE. */
static uint32_t only_folder(const struct ins_folders *fs, uint32_t node)
{
	uint32_t only = INS_NONE;

	for (uint32_t i = fs->nodes[node].first; i != INS_NONE; i = fs->nodes[i].next) {
		if (!fs->nodes[i].n_files)
			continue;
		if (only != INS_NONE || fs->nodes[i].file != INS_NONE)
			return INS_NONE;
		only = i;
	}
	return only;
}

static void add_branch(struct ins_folders *fs, struct ins_table *t, uint32_t node, uint32_t above, unsigned depth)
{
	uint32_t *below = NULL, n = 0, deeper;
	size_t cap = 0;

	while (depth && (deeper = only_folder(fs, node)) != INS_NONE)
		node = deeper;
	fs->nodes[node].above = above;
	/* a file has no branch; a root is open at first */
	if ((fs->nodes[node].file != INS_NONE || (!depth && !fs->nodes[node].met)) && table__is_folded(t, node))
		table__fold(t, node, false);
	fs->nodes[node].met = true;
	ins_table__add(t, node, depth);
	if (fs->nodes[node].file != INS_NONE || table__is_folded(t, node))
		return;
	for (uint32_t i = fs->nodes[node].first; i != INS_NONE; i = fs->nodes[i].next) {
		if (!fs->nodes[i].n_files)
			continue;
		below = xgrow(below, &cap, n + 1, sizeof(*below));
		below[n++] = i;
	}
	sorted = fs;
	if (n)
		qsort(below, n, sizeof(*below), by_name);
	for (uint32_t i = 0; i < n; i++)
		add_branch(fs, t, below[i], node, depth + 1);
	free(below);
}

/* Have counts of the model as it is now. False: they are still being made. */
static bool have_counts(struct ins_ui *ui, struct ins_frame *f, struct folders *fo)
{
	const struct ins_model *m = ins_ui__model(ui);
	bool fresh = fo->of == m && (fo->gen == m->gen || (fo->slow && !m->done));
	struct ins_set in = { 0 };

	if (fo->of == m && fo->counting)
		return false;
	if (fresh)
		return true;
	fo->of = m;
	fo->gen = m->gen;
	ins_scope__files(m, f->scope, &in);
	ins_folders__begin(&fo->fs, m, &in, f->only);
	fo->counting = fo->slow = ins_folders__step(&fo->fs, QUICK);
	return !fo->counting;
}

static bool work(struct ins_ui *ui, struct ins_frame *f, void *state, uint64_t ns)
{
	struct ins_table *t = state;
	struct folders *fo = t->data;

	if (ins_table__work(ui, f, t, ns))
		return true;
	if (!fo->counting || fo->of != ins_ui__model(ui))
		return false;
	fo->counting = ins_folders__step(&fo->fs, ns);
	if (!fo->counting)
		ins_table__renew(ui, f, t);
	return true;
}

static void renew(struct ins_ui *ui, struct ins_frame *f, void *state)
{
	struct ins_table *t = state;
	struct folders *fo = t->data;

	fo->of = NULL;		/* it may be gone */
	fo->counting = fo->slow = false;
	ins_table__renew(ui, f, t);
}

static void rows(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t)
{
	struct folders *fo = t->data;
	struct ins_folders *fs = &fo->fs;

	t->pending = !have_counts(ui, f, fo);
	if (t->pending)
		return;
	t->is_tree = t->sort < 0;
	for (uint32_t i = 0; i < fs->n; i++) {
		if (!fs->nodes[i].n_files || fs->nodes[i].file != INS_NONE)
			continue;
		if (!t->is_tree) {
			fs->nodes[i].above = INS_NONE;
			ins_table__add(t, i, 0);
		} else if (fs->nodes[i].parent == INS_NONE) {
			add_branch(fs, t, i, INS_NONE, 0);
		}
	}
}

static void put_who(const struct ins_model *m, const struct ins_folder *n, struct ins_out *out)
{
	for (unsigned k = 0; k < INS_FOLDER_WHO && n->who[k]; k++) {
		buf__puts(&out->text, k ? ", " : "");
		ins_cell__str(m, out, n->who[k]);
	}
}

static void put_path(struct ins_ui *ui, const struct ins_folders *fs, uint32_t id, struct ins_out *out)
{
	const struct ins_folder *n = &fs->nodes[id];
	const char *name = ins_model__container_name(ins_ui__model(ui), n->container);

	out->style = n->file != INS_NONE ? ST_FILE : ST_STRONG;
	if (n->above == INS_NONE && (*name || !n->name))
		buf__printf(&out->text, "%s%s", *name ? name : "host", n->name ? ":" : "");
	ins_folders__path(fs, id, n->above, &out->text);
}

static void cell(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col, struct ins_out *out)
{
	const struct ins_folders *fs = folders_of(f);
	const struct ins_folder *n = &fs->nodes[id];

	switch (col) {
	case COL_OPS:
		ins_cell__ops(out, n->ops);
		break;
	case COL_READ:
		ins_cell__size(out, n->rd);
		break;
	case COL_WRITTEN:
		ins_cell__size(out, n->wr);
		break;
	case COL_FILES:
		ins_cell__size(out, n->file == INS_NONE ? n->n_files : 0);
		break;
	case COL_PROCS:
		ins_cell__size(out, n->n_procs);
		break;
	case COL_WHO:
		put_who(ins_ui__model(ui), n, out);
		break;
	case COL_FIRST:
		ins_cell__time(ui, out, n->first_ts);
		break;
	case COL_PATH:
		put_path(ui, fs, id, out);
		break;
	}
}

static uint64_t key(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col)
{
	const struct ins_folder *n = &folders_of(f)->nodes[id];

	(void)ui;
	switch (col) {
	case COL_READ:
		return n->rd;
	case COL_WRITTEN:
		return n->wr;
	case COL_FILES:
		return n->n_files;
	case COL_PROCS:
		return n->n_procs;
	default:
		return n->first_ts;
	}
}

static void subject(struct ins_ui *ui, struct ins_frame *f, uint32_t id, struct ins_subject *ret)
{
	const struct ins_folder *n = &folders_of(f)->nodes[id];

	(void)ui;
	ret->file = n->file;
	ret->container = n->container;
	ret->ts = n->first_ts;
}

static void enter(struct ins_ui *ui, struct ins_frame *f, uint32_t id)
{
	struct ins_folders *fs = folders_of(f);
	struct ins_table *t = f->states[VIEW_FOLDERS];

	if (fs->nodes[id].file != INS_NONE) {
		ins_ui__push(ui, (struct ins_scope){ OF_FILE, fs->nodes[id].file }, VIEW_OBJECT, 0);
		return;
	}
	if (t->is_tree) {
		ins_table__act(ui, f, t, ACT_FOLD);
		return;
	}
	/* from the list to its place in the tree, which is opened up to there */
	for (uint32_t i = id; i != INS_NONE; i = fs->nodes[i].parent)
		table__fold(t, i, false);
	t->sort = -1;
	ins_table__renew(ui, f, t);
}

static const struct ins_table_ops ops = {
	.cols = cols, .n_cols = N_COLS, .sort = -1,
	.empty = "No file was touched.",
	.rows = rows, .cell = cell, .key = key, .subject = subject, .enter = enter,
};

const struct ins_view ins_view_folders = {
	.name = "folders", .tab = NULL, .shorttab = NULL,
	.about = "Files by folder, with what was done in each and by whom; a tree for each container. Enter unfolds a "
		 "folder, or shows who did something with a file. Sorted by a column it is a list of all folders.",
	.where = WHERE_TABLE | WHERE_TREE,
	.open = open_folders, .close = ins_table__close, .draw = ins_table__draw,
	.act = ins_table__act, .mouse = ins_table__mouse, .subject = ins_table__subject,
	.go = ins_table__go, .find = ins_table__find, .work = work, .stop = ins_table__stop,
	.renew = renew, .count = ins_table__count,
	.table = &ops,
};
