// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "inspect/model/folders.h"
#include "inspect/model/kinds.h"

void ins_folders__done(struct ins_folders *fs)
{
	free(fs->nodes);
	free(fs->node_of);
	strtab__done(&fs->names);
	ins_map__done(&fs->map);
	ins_set__done(&fs->in);
	*fs = (struct ins_folders){ 0 };
}

static uint32_t new_node(struct ins_folders *fs, uint32_t parent, uint32_t name, uint32_t container, uint32_t file)
{
	uint32_t i = fs->n++;

	fs->nodes = xgrow(fs->nodes, &fs->cap, fs->n, sizeof(*fs->nodes));
	fs->nodes[i] = (struct ins_folder){ .parent = parent, .first = INS_NONE, .next = INS_NONE, .name = name,
					    .file = file, .container = container, .above = INS_NONE };
	if (parent != INS_NONE) {
		fs->nodes[i].next = fs->nodes[parent].first;
		fs->nodes[parent].first = i;
	}
	return i;
}

/* A folder below another, or the root of a container (parent INS_NONE). */
static uint32_t folder(struct ins_folders *fs, uint32_t parent, uint32_t name, uint32_t container)
{
	uint64_t key = parent == INS_NONE ? (uint64_t)(uint32_t)(container + 1) + 1 :
					    (uint64_t)(parent + 1) << 32 | name;
	uint32_t i = ins_map__get(&fs->map, key);

	if (i == INS_NONE) {
		i = new_node(fs, parent, name, container, INS_NONE);
		ins_map__put(&fs->map, key, i);
	}
	return i;
}

static uint32_t intern(struct ins_folders *fs, const char *p, size_t n)
{
	return strtab__add(&fs->names, p, (uint32_t)n, (uint32_t)n);
}

static uint32_t take_file(struct ins_folders *fs, const struct ins_model *m, uint32_t file)
{
	uint32_t container = m->files[file].container, at = folder(fs, INS_NONE, 0, container);
	const struct fmt_str *path = ins_model__fstr(m, m->files[file].path);
	const char *p = path->p, *end = p + path->len;

	for (unsigned depth = 0; *path->p == '/' && depth < INS_FOLDER_DEPTH; depth++) {
		const char *slash;

		while (p < end && *p == '/')
			p++;
		slash = memchr(p, '/', (size_t)(end - p));
		if (!slash || slash + 1 == end)
			break;
		at = folder(fs, at, intern(fs, p, (size_t)(slash - p)), container);
		p = slash;
	}
	/* "/" itself */
	if (p == end)
		p = path->p;
	return new_node(fs, at, intern(fs, p, (size_t)(end - p)), container, file);
}

static void count_file(struct ins_folders *fs, const struct ins_file *f, uint32_t node)
{
	for (; node != INS_NONE; node = fs->nodes[node].parent) {
		struct ins_folder *n = &fs->nodes[node];

		n->n_files++;
		n->ops |= f->ops;
		n->rd += f->rd;
		n->wr += f->wr;
		if (!n->first_ts || (f->first_ts && f->first_ts < n->first_ts))
			n->first_ts = f->first_ts;
	}
}

static void add_who(struct ins_folder *n, uint32_t comm)
{
	for (unsigned k = 0; k < INS_FOLDER_WHO; k++) {
		if (n->who[k] == comm)
			return;
		if (!n->who[k]) {
			n->who[k] = comm;
			return;
		}
	}
}

/* A process once, on the way up as far as it has not been counted. */
static void count_proc(struct ins_folders *fs, const struct ins_model *m, uint32_t p)
{
	for (uint32_t u = m->procs[p].uses; u != INS_NONE; u = m->uses[u].next_of_proc) {
		const struct ins_use *use = &m->uses[u];
		/* the model may have grown since the files were taken */
		uint32_t node = use->n_ops && use->file < fs->n_taken ? fs->node_of[use->file] : INS_NONE;

		if (node == INS_NONE || !fs->nodes[node].n_files)
			continue;
		for (; node != INS_NONE && fs->nodes[node].stamp != p + 1; node = fs->nodes[node].parent) {
			fs->nodes[node].stamp = p + 1;
			fs->nodes[node].n_procs++;
			add_who(&fs->nodes[node], m->procs[p].comm);
		}
	}
}

void ins_folders__begin(struct ins_folders *fs, const struct ins_model *m, struct ins_set *in, struct ins_only only)
{
	ins_set__done(&fs->in);
	fs->in = *in;
	*in = (struct ins_set){ 0 };
	fs->m = m;
	fs->only = only;
	fs->n_counted = fs->n_procs = 0;
	for (uint32_t i = 0; i < fs->n; i++) {
		struct ins_folder *n = &fs->nodes[i];

		n->n_files = n->n_procs = n->ops = n->stamp = 0;
		n->rd = n->wr = n->first_ts = 0;
		memset(n->who, 0, sizeof(n->who));
	}
}

/* One more file has its node, and is counted there. */
static void step_file(struct ins_folders *fs, const struct ins_model *m)
{
	uint32_t i = fs->n_counted++;

	if (i == fs->n_taken) {
		fs->node_of = xgrow(fs->node_of, &fs->cap_nodes_of, fs->n_taken + 1, sizeof(*fs->node_of));
		fs->node_of[i] = take_file(fs, m, i);
		fs->n_taken++;
	}
	if (ins_set__has(&fs->in, i) && m->files[i].n_ops && ins_kind__file(m, fs->only, i))
		count_file(fs, &m->files[i], fs->node_of[i]);
}

bool ins_folders__step(struct ins_folders *fs, uint64_t ns)
{
	const struct ins_model *m = fs->m;
	uint64_t until = ins_now() + ns;

	while (m && (fs->n_counted < m->n_files || fs->n_procs < m->n_procs)) {
		for (unsigned k = 0; k < 256 && fs->n_counted < m->n_files; k++)
			step_file(fs, m);
		for (unsigned k = 0; k < 256 && fs->n_counted == m->n_files && fs->n_procs < m->n_procs; k++)
			count_proc(fs, m, fs->n_procs++);
		if (ins_now() > until)
			return true;
	}
	fs->m = NULL;
	return false;
}

void ins_folders__path(const struct ins_folders *fs, uint32_t node, uint32_t above, struct buf *out)
{
	uint32_t chain[INS_FOLDER_DEPTH + 2] = { 0 };
	unsigned n = 0;

	for (; node != above && node != INS_NONE && fs->nodes[node].name && n < INS_FOLDER_DEPTH + 2;
	     node = fs->nodes[node].parent)
		chain[n++] = node;
	while (n--) {
		const struct ins_folder *f = &fs->nodes[chain[n]];
		const struct fmt_str *s = strtab__get(&fs->names, f->name);

		if (above == INS_NONE && *s->p != '/')
			buf__u8(out, '/');
		buf__add(out, s->p, s->len);
		if (f->file == INS_NONE && above != INS_NONE)
			buf__u8(out, '/');
	}
}
