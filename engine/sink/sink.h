/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink - where events go to: one interface for a spoor trace, .jsonl, .scap; what source.h is for reading.
 *
 * A new format is a file of its own that defines a struct sink_format, and a line in the table of sink.c. The file is
 * there whole or not at all (out_file.h): a format need not care for it, nor for names, --force or stdout.
 */
#ifndef ENG_SINK_H
#define ENG_SINK_H

#include <stdbool.h>

#include "format/file/source.h"

/* What is asked of a sink, and what the events are of. */
struct sink_opts {
	const struct fmt_meta *meta;	/* "" in uuid: a new one. Borrowed until close, like more */
	const struct fmt_meta *more;	/* other machines, of the origins from 1 on */
	unsigned n_more;
	bool context;			/* rows may be context */
	bool keyframes;			/* .jsonl: write the rows of keyframes too */
	int level;			/* .spoor: of zstd; 0: what somebody who writes at leisure takes */
	/*
	 * .spoor: whoever makes the batches brings keyframes, and says which containers occur (output__note). Else the sink
	 * keeps a state of its own for that. Of one machine only.
	 */
	bool told;
	struct fmt_encoders *encoders;	/* .spoor: shared with other outputs, and then of their level; borrowed. NULL: its own */
};

struct sink_stats {
	uint64_t events, bytes;		/* written; events that are context not counted */
	uint64_t left_out;		/* events that the format cannot express */
};

struct sink;

struct sink_ops {
	/*
	 * A batch, in order; the first one is a keyframe (it may be empty). info: keyframe, new_section (what was
	 * known is void); chunk and offset mean nothing. The batch is not changed.
	 */
	int (*batch)(struct sink *s, const struct fmt_batch *b, const struct fmt_batch_info *info, struct err *err);
	/* A container, by what is shown of its id, occurs in the next batch. NULL: nobody wants to know. */
	void (*note)(struct sink *s, const char *id);
	/*
	 * The end: write what is left, close the descriptor, free. finish is false if the output is given up: free only.
	 * stats (may be NULL) are filled in.
	 */
	int (*close)(struct sink *s, bool finish, struct sink_stats *stats, struct err *err);
};

/* What a format's own structure begins with. */
struct sink {
	const struct sink_ops *ops;
};

struct sink_format {
	const char *name;		/* for --to; with a dot in front it is the extension */
	/* Begin. fd is a file at its beginning or a pipe; the sink owns it, also on error. name is for messages. */
	int (*open)(struct sink **ret, int fd, const char *name, const struct sink_opts *o, struct err *err);
	bool one_machine;		/* it has no place for origins */
};

extern const struct sink_format sink_spoor, sink_jsonl, sink_scap, sink_scap_gz;

/*
 * The format of an output: --to if it is given (NULL: not), else by the extension of the path, else (for "-", a
 * device, another extension) an error that names what there is.
 */
int sink__format(const struct sink_format **ret, const char *path, const char *to, struct err *err);

/* What a source's events are of; meta (borrowed) is the description of its first machine as it is to be written. */
void sink_opts__of_source(struct sink_opts *o, const struct fmt_source *s, const struct fmt_meta *meta);

/* An output that is being written. */
struct output;

/* inputs: see out_file__open. */
int output__open(struct output **ret, const struct sink_format *f, const char *path, bool force,
		 const char *const *inputs, const struct sink_opts *o, struct err *err);
/*
 * The same to a descriptor of the caller's choice, which is owned, also on error: what is written stays, and the caller
 * cares for names.
 */
int output__open_fd(struct output **ret, const struct sink_format *f, int fd, const char *name,
		    const struct sink_opts *o, struct err *err);
int output__batch(struct output *out, const struct fmt_batch *b, const struct fmt_batch_info *info, struct err *err);
/* Before a batch: this container occurs in it. For who has said that the sink is told. */
void output__note(struct output *out, const char *container);
/* Finish, and give the file its name. Frees out in any case; on failure nothing is left of the file. */
int output__close(struct output *out, struct sink_stats *stats, struct err *err);
/* Print one line: what there is in OUT now. On stdout, unless that is the output. */
void output__say(const char *path, const struct sink_stats *stats);
/* Give it up: nothing is left of the file. NULL does nothing. */
void output__abort(struct output *out);

#endif
