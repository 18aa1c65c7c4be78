/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folders - the files of a model as trees of folders, one tree for each container and one for the host.
 *
 * A file keeps its place in the model's table whatever the lens is, so nodes are made once, in that order, and only what
 * is counted in them is made anew. Ownership: everything is copied. Input: paths are untrusted; a tree has at most
 * INS_FOLDER_DEPTH levels, the rest of a longer path is one name.
 */
#ifndef INS_FOLDERS_H
#define INS_FOLDERS_H

#include "inspect/model/model_scope.h"
#include "inspect/model/only.h"

#define INS_FOLDER_DEPTH 64u
#define INS_FOLDER_WHO 3u

struct ins_folder {
	uint32_t parent, first, next;	/* nodes; INS_NONE: none */
	uint32_t name;			/* string of `names`; 0: the root of a container */
	uint32_t file;			/* of the model; INS_NONE: a folder */
	uint32_t container;
	/* of what is below, or of the file */
	uint32_t n_files, n_procs;
	uint32_t ops;			/* enum ins_file_op */
	uint64_t rd, wr, first_ts;
	uint32_t who[INS_FOLDER_WHO];	/* names of the first processes, each once: strings of the model */
	uint32_t stamp;
	uint32_t above;			/* the view's: below which node it is shown */
	bool met;			/* the view's: it has been shown */
};

struct ins_folders {
	struct ins_folder *nodes;
	uint32_t n;
	size_t cap, cap_nodes_of;
	uint32_t *node_of;		/* of each file taken */
	uint32_t n_taken;
	struct strtab names;
	struct ins_map map;
	/* while it counts */
	const struct ins_model *m;
	struct ins_set in;
	struct ins_only only;
	uint32_t n_counted, n_procs;	/* files, then processes, that are counted */
};

void ins_folders__done(struct ins_folders *fs);
/*
 * Begin to count anew, of files in the set that are of the kind; files that have no node yet get one. The model is
 * borrowed until step has returned false, and may grow; the set is taken over. Until then the counts are a part.
 */
void ins_folders__begin(struct ins_folders *fs, const struct ins_model *m, struct ins_set *in, struct ins_only only);
/* Count for about ns nanoseconds. True: there is more. */
bool ins_folders__step(struct ins_folders *fs, uint64_t ns);
/* Append a node's path from below `above` (INS_NONE: from the root of its container). */
void ins_folders__path(const struct ins_folders *fs, uint32_t node, uint32_t above, struct buf *out);

#endif
