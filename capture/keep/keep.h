/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep - the files that triggers make out of the flight recorder's ring.
 *
 * A file holds `before` of the past and `after` of the future: of one container, with its ancestors and the host's
 * events that concern it (selection__of_container), or of the whole machine. When the same container and rule fire
 * again while it is open, it goes on for longer. It is written as NAME.spoor.part, a trace that can be read up to its
 * last chunk at any time, at least once a second; when complete it is renamed to NAME.spoor. What a crash has left
 * of it is finished at the next start as NAME.recovered.spoor.
 *
 * Limits: how many files of one container and rule in a time; files, bytes, age, free disk. The oldest are deleted
 * first, never one that is being written or for which a file NAME.spoor.keep is there (touch makes one). What is
 * refused or deleted is logged and counted.
 *
 * Threads: everything may be called from any thread, the recording one too: nothing here waits for a disk but new and
 * free. Files are made by a few threads, whose priority is below the recording's, at most max_open at once; further triggers wait in a queue.
 * Files of containers are cut in one pass over the ring as far as they are at the same place in it.
 */
#ifndef CAP_KEEP_H
#define CAP_KEEP_H

#include "capture/ring/ring.h"

struct cap_keep_opts {
	size_t sz;			/* sizeof(struct cap_keep_opts) */
	struct cap_ring *ring;		/* borrowed; outlives the keep */
	const char *dir;		/* exists; another than the ring's; one recorder at a time */
	unsigned workers;		/* threads; 0: 2 */
	uint64_t end_ns;		/* so long the end may take: then files end early; 0: 30 seconds */
	unsigned max_open;		/* files that are written at once; 0: 16 */
	unsigned max_waiting;		/* triggers that wait for one of those; 0: 256 */
	/* 0: no limit, for all that follow; these and max_open can be changed (cap_keep__set_limits) */
	uint64_t rate_files, rate_ns;	/* at most so many of one container and rule in that time */
	uint64_t max_files, max_bytes;	/* in the directory, complete and unfinished ones together */
	uint64_t max_file_bytes;	/* one that would be larger ends there */
	uint64_t min_free;		/* bytes that stay free on the disk */
	uint64_t max_age_ns;
	int level;			/* zstd; 0: the writer's default */
};

struct cap_keep;

/* What makes a file. Strings are copied; "" or NULL where there is nothing to say. */
struct cap_trigger {
	uint64_t time;			/* in the recording's time (of a row, or cap_ring__now); 0: now */
	const char *container;		/* full id; "": the whole machine */
	const char *rule;		/* or what else made it */
	const char *reason;		/* for the file's META: in words */
	int priority;			/* group priority; of the alert's row */
	const char *alert;		/* Falco's JSON */
	bool recorded;			/* the alert is a row of the recording: none is added */
	uint64_t before_ns, after_ns;
	uint32_t tid, pid;		/* who it is about, for the alert's row; 0: nobody */
};

/* The directory is locked; what a crash has left is finished by the workers. Errors name the directory. */
int cap_keep__new(struct cap_keep **ret, const struct cap_keep_opts *o, struct err *err);
/*
 * No more triggers. Files that are being written end with what there is, which is complete if the recording has ended;
 * those that wait are made as far as the past is still there.
 */
void cap_keep__free(struct cap_keep *k);

/*
 * Have a file made. *ret_name (may be NULL): its final name without the directory, to be freed; *ret_id (may be NULL):
 * the same for all triggers that go into one file. Refused, with the reason in err: -EDQUOT (rate), -EBUSY (too many
 * wait), -EAGAIN (nothing is recorded yet), -FMT_E_VALUE (a container that is no id).
 */
int cap_keep__trigger(struct cap_keep *k, const struct cap_trigger *t, char **ret_name, uint64_t *ret_id, struct err *err);
/* Is any file still to come, or being written? */
bool cap_keep__has_work(struct cap_keep *k);
/* Is the file of this id still to come, or being written? */
bool cap_keep__is_open(struct cap_keep *k, uint64_t id);

/* From now on others: of o what can be changed. What is over them already is deleted when the directory is next looked at. */
void cap_keep__set_limits(struct cap_keep *k, const struct cap_keep_opts *o);

struct cap_keep_stats {
	uint64_t triggers;		/* all that were asked for */
	uint64_t extended;		/* of them, went into a file that was open */
	uint64_t refused_rate, refused_busy, refused_space;	/* space: no disk, or too many marked kept */
	uint64_t complete, short_ended;	/* files; short_ended of them: at max_file_bytes, or for want of disk */
	uint64_t failed;		/* could not be written, or not to their end: .part stays if there is one */
	uint64_t recovered;		/* of a crash */
	uint64_t deleted_files, deleted_bytes;
	uint64_t bytes_written;
	uint64_t lost_events;		/* the ring gave them up before they were copied */
	uint64_t open, waiting;		/* now */
	uint64_t passes;		/* now: times that the ring is read for files of containers, which share what they can */
	uint64_t files, file_bytes;	/* in the directory, when it was last looked at */
	uint64_t last_ns, slowest_ns;	/* from the end of what is asked for to the complete file */
};
void cap_keep__stats(struct cap_keep *k, struct cap_keep_stats *ret);

/*
 * HOST--CONTAINER--RULE--TIME-ID.spoor, of at most 200 bytes: letters, digits, '.', '_' and '-' only, never two '-' within a
 * part, none at its ends. Whatever else a container or rule is called becomes '-'. Written to ret.
 */
#define CAP_KEEP_NAME 256u
void cap_keep__name(const char *host, const char *container, const char *rule, uint64_t time, uint64_t id,
		    char ret[CAP_KEEP_NAME]);

#endif
