/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pt - what the files of the ptrace driver share: traced threads, records in the making, facts from
 * /proc.
 */
#ifndef CAP_PT_H
#define CAP_PT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/bpf/record.h"
#include "engine/state/idmap.h"

#define PT_COMPAT 0x80000000u		/* a call's number: made by the 32-bit entry */
#define PT_X32 0x40000000u

struct stat;

struct pt_tables {			/* as for the programs in the kernel: cap_calls__descs */
	struct cap_desc descs[CAP_MAX_EVENTS];
	uint16_t compat[CAP_MAX_COMPAT], native[CAP_MAX_COMPAT];
	struct cap_follow follows[CAP_MAX_EVENTS][2];
	uint8_t deref_arg[CAP_MAX_EVENTS][3], deref_len[CAP_MAX_EVENTS][3];
};

struct pt_thread {
	uint32_t tid, pid;
	bool stopped_early;		/* its first stop came before its creator told of it */
	bool told;			/* its creator has */
	bool bore;			/* in the call at hand, and has told of it */
	uint32_t ppid;
	bool in_call;
	bool was_missing;		/* the file that it may create */
	uint32_t nr;			/* of the call at hand */
	uint64_t args[6];
	/* of a child that has not returned yet: what its creator asked for; or 0 */
	uint64_t birth_flags;
	uint64_t enter;			/* ns, CLOCK_MONOTONIC */
	const struct cap_desc *d;
	int pidfd;			/* -1: not opened, -2: cannot be */
	char *root;			/* NULL: the recorder's own */
};

/* A record in the making: in the ring, or in memory of its own. */
struct pt_out {
	struct cap_ring *ring;		/* NULL: rec is the caller's */
	uint64_t mask, room;
	uint8_t *rec;
	uint32_t off, n;
};

/* Waits for room; *stop ends the wait, then false. */
bool pt_out__open(struct pt_out *o, const bool *stop);
void pt_out__begin(struct pt_out *o, void *rec);
void pt_out__num(struct pt_out *o, uint64_t v);
void pt_out__blob(struct pt_out *o, enum cap_tag tag, const void *p, size_t n, size_t full);
void pt_out__str(struct pt_out *o, enum cap_tag tag, const char *s);
/* A path as text becomes struct cap_path; root is taken off its beginning. */
void pt_out__path(struct pt_out *o, enum cap_tag tag, const char *path, const char *root);
void pt_take_off(const char **path, const char *root);
/* The same, and which file it is; st may be NULL. */
void pt_out__object(struct pt_out *o, enum cap_tag tag, const char *path, const char *root,
		    const struct stat *st);
void pt_out__user_mem(struct pt_out *o, enum cap_tag tag, uint32_t tid, uint64_t addr, uint64_t n,
		      uint64_t full, size_t max);
void pt_out__user_str(struct pt_out *o, enum cap_tag tag, uint32_t tid, uint64_t addr);
void pt_out__close(struct pt_out *o, uint16_t event, uint64_t ts, uint64_t dur, int64_t res,
		   const struct pt_thread *t, unsigned abi);

/* Memory of a traced thread: how many bytes could be read from the beginning. */
size_t pt_read(uint32_t tid, uint64_t addr, void *to, size_t n);
uint64_t pt_now(void);

/* --- facts from /proc (pt_proc.c) ------------------------------------------------------------- */

struct pt_status {
	uint32_t pid, ppid, vtid, vpid, vpgid, pgid, tty;
	uint32_t uid, euid, gid, egid;
	uint64_t cap_inheritable, cap_permitted, cap_effective;
	uint64_t start;			/* ns since boot */
	uint32_t cpu;			/* where it ran last */
	char comm[16];
};
bool pt_status__read(struct pt_status *s, uint32_t tid);
/* A link below /proc/TID; false if it cannot be read. */
bool pt_link(uint32_t tid, const char *name, char *to, size_t size);
/* The root of a thread may have changed. */
void pt_thread__look_at_root(struct pt_thread *t);
int pt_thread__pidfd(struct pt_thread *t);

/* --- records (pt_call.c, pt_life.c, pt_sock.c) -------------------------------------------------- */

struct pt {
	struct pt_tables tables;
	struct pt_out out;
	uint32_t snaplen, env_len;
	const struct cap_snap *snaps;	/* exceptions to it, see capture/snaplen.h */
	unsigned n_snaps;
	bool stop;			/* set from outside: atomic */
};

/* A call begins: what cannot be found out afterwards. */
void pt_call__enter(struct pt_thread *t);
/* A call has returned. */
void pt_call__record(struct pt *p, struct pt_thread *t, int64_t ret, uint64_t now);
/* exit and exit_group, which do not. */
void pt_call__exit(struct pt *p, struct pt_thread *t);
const struct cap_desc *pt_desc(const struct pt *p, uint32_t nr);

void pt_life__birth(struct pt *p, struct pt_thread *parent, struct pt_thread *child,
		    const struct pt_status *s);
void pt_life__exec_thread(struct pt *p, struct pt_thread *t, uint32_t old_tid);
/* reaper: who takes its children, 0 if it had none. */
void pt_life__end(struct pt *p, struct pt_thread *t, uint32_t status, uint32_t reaper);
void pt_life__signal(struct pt *p, struct pt_thread *t, unsigned sig, uint32_t sender);
/* What stands in the record of an exec and of a clone behind the argument registers. */
void pt_life__exec(const struct pt *p, struct pt_thread *t, struct pt_out *o, int64_t ret);
void pt_life__clone(struct pt_thread *t, struct pt_out *o);

/*
 * A path of the thread, opened once more: its text as we see it, and the file. False if it cannot
 * be found; follow: also a link at its end.
 */
bool pt_path__resolve(const struct pt_thread *t, int dir, const char *path, bool follow, char *to,
		      size_t size, struct stat *st);
/* Where the paths of a call that succeeded have led: cap_calls__follows. */
void pt_path__follow(const struct pt *p, struct pt_thread *t, struct pt_out *o);

/* The socket behind a descriptor, from the kernel, if it can be had. */
void pt_sock(struct pt_thread *t, struct pt_out *o, int fd);
/* Its ports and its peer's, 0 where it has none. */
void pt_sock__ports(struct pt_thread *t, int fd, uint16_t ret[2]);
/* Of a listening one: how many wait, and how many may. */
bool pt_sock__queue(struct pt_thread *t, int fd, uint32_t *ret_n, uint32_t *ret_max);

/* A record, EV_state_fd, of each descriptor of a process; what fn returns other than 0 ends it. */
int pt_files(uint32_t pid, int (*fn)(void *arg, const struct cap_record *r), void *arg);

#endif
