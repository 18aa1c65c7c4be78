/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scap_writer - writes events as a .scap capture, version 1.2, in the form in which Falco's libraries write theirs.
 *
 * Events are written at their return with the complete parameters of their current code (scap_codes.def). docs/SCAP.md says
 * what becomes of what, and what a capture has no place for: that is counted here, never written in disguise.
 *
 * What comes in is untrusted (it may be a trace from an attacked machine): whatever it says, the capture is well-formed.
 *
 * Errors:  writing fails once; every further call gives the same error.
 * Threads: one thread at a time per writer.
 */
#ifndef FMT_SCAP_WRITER_H
#define FMT_SCAP_WRITER_H

#include "format/base/err.h"
#include "format/file/source.h"

struct scap_writer;

/*
 * Asked for a parameter that an event does not carry: what the state knows of it at this moment (docs/SCAP.md lists
 * which). A number through ret_num, a string through ret_str (borrowed until the next call of the writer). False:
 * not known; the parameter is then empty, or a zero where readers demand a number.
 */
typedef bool (*scap_fill_fn)(void *arg, const struct fmt_ev *ev, unsigned param, uint64_t *ret_num,
			     struct fmt_str *ret_str);

struct scap_writer_opts {
	size_t sz;			/* sizeof(struct scap_writer_opts) */
	bool gzip;
	scap_fill_fn fill;		/* NULL: nobody knows */
	void *fill_arg;
};

struct scap_writer_stats {
	uint64_t events, bytes;		/* event blocks; bytes given to the descriptor */
	uint64_t made;			/* of the events: containers, users and groups of the lists */
	uint64_t generic;		/* of the events: more is known than the name, which is all that a capture keeps */
	uint64_t left_out;		/* events and keyframe rows without a counterpart; by_type: by kind */
	uint64_t cut;			/* parameters and list entries cut to what a capture can hold */
	uint64_t malformed;		/* values that cannot be: addresses and lists that are none, own heirs; left empty */
	uint64_t by_type[FMT_MAX_EVENTS];
};

/* Does not take over fd, which may be a pipe. name is for messages. */
int scap_writer__open(struct scap_writer **ret, int fd, const char *name, const struct scap_writer_opts *opts,
		      struct err *err);

/*
 * Begin a section: meta describes the machine (borrowed for the call). What follows is the keyframe's rows in any order that keeps a
 * process's main thread before its others, then events. The first section needs this too.
 */
int scap_writer__section(struct scap_writer *w, const struct fmt_meta *meta, struct err *err);
int scap_writer__keyframe_row(struct scap_writer *w, const struct fmt_ev *ev, struct err *err);
int scap_writer__event(struct scap_writer *w, const struct fmt_ev *ev, struct err *err);
/*
 * A birth told as the child's own return, which readers take into their state without showing it; not counted. creator: the
 * thread that made it, for our own reader.
 */
int scap_writer__birth(struct scap_writer *w, const struct fmt_ev *ev, uint32_t creator, struct err *err);

const struct scap_writer_stats *scap_writer__stats(const struct scap_writer *w);

/* Write what is left (if finish) and free. NULL does nothing. ret_stats may be NULL. */
int scap_writer__close(struct scap_writer *w, bool finish, struct scap_writer_stats *ret_stats, struct err *err);

#endif
