/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state_internal - what the files of engine/state share.
 */
#ifndef ENG_STATE_INTERNAL_H
#define ENG_STATE_INTERNAL_H

#include "engine/state/idmap.h"
#include "engine/state/state.h"
#include "format/base/alloc.h"
#include "format/json/json_doc.h"

struct cJSON;

/* Numbers that are handed out small and used again. */
struct slots {
	uint32_t *free;
	size_t cap;
	uint32_t n_free, next;
};
uint32_t slots__take(struct slots *s);
void slots__give(struct slots *s, uint32_t slot);
void slots__done(struct slots *s);

/* A thread as found for a thread index of the batch at hand. Valid while gen is the same as that of the states. */
struct thread_hit {
	struct eng_thread *t;
	uint64_t gen;
};

/* Users or groups by id. */
struct accounts {
	struct idmap users, groups;
};

/* A container, and what only this folder and the fields need of it. */
struct container {
	struct eng_container c;
	uint32_t json_bytes;		/* length of what root was made from */
	struct container *next;		/* of the same hash */
	struct container *next_place;	/* of the same hash in by_cgroup */
	struct accounts accounts;	/* its own /etc/passwd, as far as known */
	struct cJSON *root;		/* c.json parsed; NULL if none */
};

struct iface {
	uint8_t family, prefix;		/* SA_INET, SA_INET6; bits */
	uint8_t ip[16];
	struct eng_str *name;
};

/* The audit entry at hand, parsed when it is first asked for: of the event (0), or of the request with this id. */
struct audit_look {
	struct json_doc doc;
	bool tried, ok;
	uint64_t id;
};

/* Requests and entries of the last seconds, which may belong together: state_cause.c. */
#define RECENT_CAUSES 64u
#define RECENT_ENTRIES 1024u	/* an API server's webhook may be half a minute late, and probes come in, too */
struct causes {
	struct eng_cause *requests[RECENT_CAUSES];
	struct eng_entry *entries[RECENT_ENTRIES];
	unsigned next_request, next_entry;
	uint64_t last_id;
};
void causes__clear(struct causes *c);
void entry__unref(struct eng_entry *e);
bool entry__is_recent(const struct causes *c, const struct eng_entry *e);
/* The process has begun to run something else. */
void cause__on_exec(struct eng_state *st, struct eng_ctx *ctx);
/* More is known of a container: perhaps the pod that it is in. */
void cause__on_container(struct eng_state *st, const struct eng_container *c);
/* The event is an entry of a request that may let a process in. */
void cause__on_audit(struct eng_state *st, const struct eng_ctx *ctx);

struct mount {
	uint32_t id, dev;
	struct eng_str *path, *fstype, *source, *root;
};

#define STR_CACHE 1024u
#define RECENT_EXITS 64u
#define SPARE_FDS 256u
#define MAX_THREADS (1u << 20)
#define MAX_FDS (1u << 23)

/* What the states of all machines of a trace share: so slots and epochs are each used once among them. */
struct shared {
	struct slots thread_slots, proc_slots, fd_slots;
	uint64_t epoch;				/* last one handed out */
	/* look-ups by thread index of the batch with this serial */
	struct thread_hit *hits;
	size_t n_hits;
	uint64_t batch;
	uint64_t gen;				/* changes with the batch, and when a thread goes away; never 0 */
	struct eng_state *all[FMT_MAX_ORIGINS];	/* by origin; NULL: nothing has been met of it */
	unsigned n;				/* all from here on are NULL */
	uint32_t n_made_names;			/* how many have been numbered */
	struct causes causes;
};

/* A name that is no string of a dictionary, and the number that events give it (see eng_ctx.fd_name_id). */
#define MADE_NAMES 256u
#define MADE_NAME_ID 0x80000000u	/* no dictionary has so many strings */
struct made_name {
	struct eng_str *s;
	uint32_t id;
};

struct eng_state {
	struct shared *shared;
	struct idmap threads;			/* alive, by tid */
	struct idmap procs;			/* by pid; also dead ones that children refer to */
	struct idmap orphans;			/* by ptid: processes whose parent is not known */
	struct idmap containers;		/* by hash of the id: chains of struct container */
	bool keeps_idle;			/* see find_again ... */
	bool kept_idle;				/* ... and there was one */
	struct idmap by_cgroup;			/* the same by hash of their cgroup, if known */
	struct idmap outside;			/* how many processes are in no pid namespace of their own: by hash of all their cgroups */
	struct accounts accounts;		/* the machine's */
	struct idmap mounts;
	struct iface *ifaces;
	size_t n_ifaces, cap_ifaces;
	struct eng_fd *spare_fds[SPARE_FDS];	/* most calls open what the next ones close */
	unsigned n_spare_fds;
	size_t json_bytes;			/* of containers' documents, as far as parsed */
	uint64_t stale;				/* processes' epochs below this have ended */
	struct seen_str {			/* short strings seen lately, by dictionary id */
		uint64_t batch;			/* where it was last seen */
		uint32_t id;
		struct eng_str *s;
	} strs[STR_CACHE];
	struct made_name made[MADE_NAMES];	/* seen lately, by hash */
	struct eng_str *empty, *unknown;	/* "", "<NA>" */
	struct eng_image *no_image;
	struct eng_thread *nobody;		/* of events that are no thread's */
	struct dns_names *dns;			/* NULL: no answer yet */
	struct audit_look audit;
	struct buf scratch;
	char *hostname;				/* see eng_state__describe */
	uint64_t first_ts;
	/* descriptor tables of the keyframe being read, by its numbers */
	struct idmap tables;
	uint64_t tables_ts;
	/* likewise who entered a pod */
	struct idmap entries;
	uint64_t entries_ts;
	/* threads that ended lately */
	struct ended {
		int64_t tid, vtid, ptid;
		uint64_t ts, pidns_start;
		struct eng_str *comm;	/* owned; NULL: none */
		char container[65];	/* its id as it is shown; "": none */
	} exits[RECENT_EXITS];
	unsigned next_exit;
};

static inline uint64_t next_epoch(struct eng_state *st)
{
	return ++st->shared->epoch;
}

/* --- numbers of the trace --------------------------------------------------------------------- */

enum {					/* group clone_flags */
	CL_FILES = 1, CL_NEWPID = 0x40, CL_PARENT = 0x100, CL_THREAD = 0x2000,
	CL_INVERTED = 0x10000, CL_VFORK = 0x8000000, CL_CHILD_IN_PIDNS = 0x20000000,
};
enum { PRCTL_SET_NAME = 15 };		/* group prctl_options */
enum { TASK_COMM_LEN = 15 };
enum { LIMIT_NOFILE = 7 };		/* group rlimit_resources */

/* --- parameters of events --------------------------------------------------------------------- */

static inline uint64_t ev_u64(const struct fmt_ev *ev, unsigned p, uint64_t otherwise)
{
	uint64_t v;

	return fmt_ev__int(ev, p, &v) ? v : otherwise;
}

static inline int64_t ev_s64(const struct fmt_ev *ev, unsigned p, int64_t otherwise)
{
	return (int64_t)ev_u64(ev, p, (uint64_t)otherwise);
}

/* Of clone and its like: what the state knows is not recorded by our own driver. */
static inline bool is_imported_clone(const struct fmt_ev *ev)
{
	return fmt_ev__str_id(ev, P_clone_exe);
}

/* Set *at if the event carries the parameter and it is another value; true if it changed. */
#define EV_SET(at, ev, p) __extension__ ({				\
	uint64_t v_;							\
	bool changed_ = fmt_ev__int(ev, p, &v_) && (__typeof__(*(at)))v_ != *(at); \
	if (changed_)							\
		*(at) = (__typeof__(*(at)))v_;				\
	changed_; })

/* --- state_str.c: strings --------------------------------------------------------------------- */

struct eng_str *eng_str__new(const char *p, size_t len, size_t full_len);
#define MAX_LONG_BYTES (512u << 20)	/* of strings that are not short, in all states */
/* One to be filled in. May be shorter than asked for: so long strings have a limit together. */
struct eng_str *eng_str__alloc(size_t len, size_t full_len);
static inline struct eng_str *eng_str__ref(struct eng_str *s)
{
	if (s)
		s->refs++;
	return s;
}
void eng_str__free(struct eng_str *s);
static inline void eng_str__unref(struct eng_str *s)
{
	if (s && !--s->refs)
		eng_str__free(s);
}
/* path__is_normal, found out once. */
bool eng_str__is_normal(struct eng_str *s);
bool eng_str__same(const struct eng_str *a, const struct eng_str *b);
/* Let *at hold s (a reference that is taken over, may be NULL); true if the text changed. */
bool eng_str__set(struct eng_str **at, struct eng_str *s);
/* A string parameter as a new reference, NULL if the event does not carry it. */
struct eng_str *ev_str(struct eng_state *st, const struct fmt_ev *ev, unsigned p);
/* Let *at hold a string parameter if the event carries it; true if the text changed. */
bool ev_str_set(struct eng_state *st, struct eng_str **at, const struct fmt_ev *ev, unsigned p);

/* --- state_proc.c: births and deaths ---------------------------------------------------------- */

struct eng_image *image__new(struct eng_state *st);
void image__unref(struct eng_image *im);
void image__make_cmdline(struct eng_image *im);

struct eng_proc *proc__new(struct eng_state *st, int64_t pid);
void proc__free(struct eng_state *st, struct eng_proc *p);
/* p's own fields, or those that it shows of its ancestors, have changed. */
void proc__changed(struct eng_state *st, struct eng_proc *p);
void proc__change_all(struct eng_state *st);
/* Thread ptid is the parent; 0 or -1: nobody known. */
void proc__set_ptid(struct eng_state *st, struct eng_proc *p, int64_t ptid);
void proc__set_comm(struct eng_state *st, struct eng_thread *t, struct eng_str *comm);
/*
 * All of its threads have gone: give its children away (reaper 0: not known) and forget it, or keep
 * it for them.
 */
void proc__ended(struct eng_state *st, struct eng_proc *p, int64_t reaper);

struct eng_thread *thread__new(struct eng_state *st, struct eng_proc *p, int64_t tid);
/* Take a thread out; its process ends with the last one. */
void thread__remove(struct eng_state *st, struct eng_thread *t, int64_t reaper);
static inline void thread__changed(struct eng_state *st, struct eng_thread *t)
{
	t->epoch = next_epoch(st);
}
/* The thread, made up if it is not known. pid 0: not known. */
struct eng_thread *thread__get(struct eng_state *st, int64_t tid, int64_t pid);

/* --- state_fd.c: descriptors ------------------------------------------------------------------ */

struct eng_fdtable {
	uint32_t refs;
	uint64_t mark;			/* see eng_fdtable__mark */
	struct idmap fds;
};
struct eng_fdtable *fdtable__new(void);
struct eng_fdtable *fdtable__copy(struct eng_state *st, const struct eng_fdtable *t);
void fdtable__unref(struct eng_state *st, struct eng_fdtable *t);
/* Descriptor num, empty, whatever it was before. */
struct eng_fd *fdtable__open(struct eng_state *st, struct eng_fdtable *t, int64_t num,
			     uint8_t type);
/* Descriptor num as another name for what `from` is. */
struct eng_fd *fdtable__dup(struct eng_state *st, struct eng_fdtable *t, int64_t num,
			    const struct eng_fd *from, bool cloexec);
void fdtable__del(struct eng_state *st, struct eng_fdtable *t, int64_t num);
void fdtable__del_range(struct eng_state *st, struct eng_fdtable *t, uint64_t first, uint64_t last,
			bool only_mark_cloexec);
void fdtable__exec(struct eng_state *st, struct eng_fdtable *t);
/* Give p a table of its own. */
void proc__unshare_fds(struct eng_state *st, struct eng_proc *p);
static inline void fd__changed(struct eng_state *st, struct eng_fd *fd)
{
	fd->epoch = next_epoch(st);
}

/* --- state_container.c ------------------------------------------------------------------------ */

struct container *container__get(struct eng_state *st, const char *id, size_t len, bool make);
void container__forget_idle(struct eng_state *st, struct container *c);
void containers__clear(struct eng_state *st);
/* The container that was announced with this cgroup or the nearest above; never for the root. */
struct container *container__announced(struct eng_state *st, const char *path);
/* Those that were kept. */
void containers__forget_idle(struct eng_state *st);
void proc__set_container(struct eng_state *st, struct eng_proc *p, struct container *c);

/* --- container_find.c ------------------------------------------------------------------------- */

/* Settle which container p is in, after its cgroups, namespace or parent are known. */
void proc__find_container(struct eng_state *st, struct eng_proc *p);
/* Keep st->outside, after p's cgroups or namespace are known, or it has ended. */
void proc__count_outside(struct eng_state *st, struct eng_proc *p);
void containers__find_again(struct eng_state *st, const struct container *c);

/* --- state_account.c: users, groups, addresses, mounts ---------------------------------------- */

void accounts__clear(struct accounts *a);
void tables__clear(struct eng_state *st);
/*
 * Fill in the end of a datagram socket that the kernel did not bind, from the machine's addresses.
 */
void iface__complete(struct eng_state *st, struct eng_tuple *t);

/* --- state_save.c ----------------------------------------------------------------------------- */

/* In a fixed order; free() the arrays. */
struct container **containers__sorted(struct eng_state *st, size_t *ret_n);
struct eng_thread **threads__sorted(const struct eng_proc *p);

/* --- what events do: at their beginning (births, changes) and at their end (deaths) ----------- */

typedef void state_fn(struct eng_state *st, struct eng_ctx *ctx);

state_fn on_open, on_anon_fd, on_pipe, on_memfd, on_pidfd_open, on_pidfd_getfd, on_bpf, on_dup,
	 on_fcntl, on_close_range, on_other_fd, on_close_leave, on_recv_fds;
state_fn on_socket, on_socketpair, on_connect, on_accept, on_bind, on_read_socket, on_write_socket;
state_fn on_task_new, on_clone, on_exec, on_exec_leader, on_procexit, on_procexit_leave;
state_fn on_chdir, on_fchdir, on_getcwd, on_chroot, on_setuid, on_setreuid, on_setresuid, on_setgid,
	 on_setregid, on_setresgid, on_capset, on_setsid, on_setpgid, on_prctl, on_rlimit,
	 on_prlimit, on_unshare;
state_fn on_setns_leave, on_cgroup_attach, on_container, on_container_end, on_container_end_leave, on_asyncevent;
state_fn on_user, on_user_gone, on_group, on_group_gone, on_iface, on_mount_row;
state_fn on_state_thread, on_state_fd;
state_fn on_dns, on_state_dns, on_audit, on_state_cause;

/* Each address whose name is known, in an order that depends on the addresses alone. */
void dns_names__each(struct eng_state *st,
		     void (*fn)(void *arg, uint8_t family, const uint8_t *ip, uint64_t ts,
				const struct eng_str *name),
		     void *arg);
void dns_names__free(struct eng_state *st);

/* The descriptor that the event has made, for ctx. */
void ctx__set_fd(struct eng_ctx *ctx, struct eng_fd *fd);

#endif
