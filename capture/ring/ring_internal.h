/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring_internal - the ring's list of segments, shared by its writer, its readers and its directory.
 */
#ifndef CAP_RING_INTERNAL_H
#define CAP_RING_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "capture/ring/ring.h"

/* What changes after a segment is in the list is changed under the ring's lock. */
struct cap_segment {
	struct cap_segment *next;	/* younger */
	unsigned refs;			/* the list's, and one for each reader */
	uint64_t id;			/* of its file; counts up */
	int fd;				/* -1: old, not open */
	char *path;			/* NULL: in memory */
	uint64_t size, counted;		/* bytes written or about to be; and what counts: whole pages */
	uint64_t t_first, t_last;
	uint64_t first_num;		/* number of the first event in it */
	bool old;			/* of an earlier run */
	bool ready;			/* its first chunk of rows is there: it can be opened */
	bool sealed;			/* nothing more is written to it */
	bool synced;			/* and all of it is on the disk */
	bool evicted;			/* its bytes are gone */
};

struct cap_ring {
	struct cap_target t;		/* first: the recorder's view */
	struct cap_ring_opts o;
	char *dir;
	int dir_fd;			/* locked; -1: in memory */
	/* of the recording thread alone */
	struct fmt_writer *w;		/* of the segment in work; NULL: there is none */
	struct fmt_encoders *encoders;	/* of all segments' writers */
	bool in_keyframe;
	uint64_t retry_at;		/* after a failure; CLOCK_MONOTONIC */
	uint64_t told_at;		/* when a failure was logged */
	uint64_t total_bytes, total_events;
	/* under the lock */
	pthread_mutex_t lock;
	pthread_cond_t more;		/* something was written, or the recording has ended */
	struct fmt_meta meta;
	bool begun, ended;
	struct cap_segment *oldest, *newest;
	struct cap_segment *work;	/* the newest, while it is written to */
	uint64_t bytes;			/* counted, all of the list */
	uint64_t next_id, next_num, t_last, upto;
	uint64_t generation;		/* counts what `more` tells of */
	struct cap_ring_stats st;
	atomic_bool hurry;
	/* with a directory */
	pthread_t syncer;
	bool has_syncer, stop;
	pthread_cond_t stopping;
	uint64_t dirty;			/* generation that was synced last */
};

/* --- segments: with the lock held ------------------------------------------------------------------ */

struct cap_segment *cap_ring__append(struct cap_ring *r, uint64_t id, int fd, char *path);
/* Drop a reference; frees what nobody refers to. */
void cap_segment__unref(struct cap_segment *s);
/* Take the oldest out of the list; its bytes are freed by cap_segment__wipe, without the lock. It has a reference. */
struct cap_segment *cap_ring__take_oldest(struct cap_ring *r);
void cap_segment__wipe(struct cap_segment *s);
uint64_t cap_segment__pages(uint64_t bytes);

/* The recorder's view: ring_target.c. */
void cap_ring_target__init(struct cap_ring *r);

/* --- a directory: ring_dir.c ------------------------------------------------------------------------ */

int cap_ring_dir__open(struct cap_ring *r, struct err *err);
void cap_ring_dir__close(struct cap_ring *r);
/* A file for a new segment: its descriptor, or negative. */
int cap_ring_dir__create(struct cap_ring *r, uint64_t id, char **ret_path);
int cap_ring_dir__start_syncing(struct cap_ring *r);

#endif
