/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state - what events mean over time: threads, processes, open files, containers, users.
 *
 * Live capture, replay and the inspector apply the same events to the same code, so they cannot
 * disagree. The state is built from keyframe rows (state_*), changed by events flagged EF_STATE,
 * and saved as keyframe rows again. Memory is bounded by what is alive, not by the length of the
 * trace.
 *
 * Several machines: where a trace holds events of several (fmt_ev__origin), each has a state of its own within this
 * one, and ctx->state is that. What takes a state below means the first machine's, but for reset, save, dump and each_*,
 * which are about all.
 *
 * Ownership: everything handed out is borrowed until the next apply (or reset, free). Strings are
 *            NUL-terminated and may be compared by pointer where "interned" is said.
 * Threads:   one thread at a time per state.
 *
 * Slots and epochs: every process, thread and descriptor has a slot, a small number that is its own
 * while it lives and is used again afterwards: each kind counts from 0, so whoever remembers
 * something about an object (memos) keeps an array indexed by slot. Epochs are numbers from one
 * counter of the state, never 0 and never used twice: what was remembered holds as long as the
 * epoch is the same, whoever has the slot now.
 */
#ifndef ENG_STATE_H
#define ENG_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "format/base/alloc.h"
#include "format/base/err.h"
#include "format/batch/batch.h"

/* A counted string owned by the state. len excludes the final NUL; full_len > len if it was cut. */
struct eng_str {
	uint32_t refs;
	uint32_t len, full_len;
	uint8_t as_path;		/* the state's own: see eng_str__is_normal */
	char s[];
};

/* What an exec made. Shared by the threads of a process and by its children until they exec. */
struct eng_image {
	uint32_t refs;
	struct eng_str *exe;		/* argv[0] */
	struct eng_str *exepath;	/* the file that really runs */
	struct eng_str *args;		/* argv[1..], each followed by NUL */
	struct eng_str *env;		/* NAME=value, each followed by NUL */
	struct eng_str *comm;		/* name that the exec gave */
	struct eng_str *cmdline;	/* comm and args joined by blanks; see eng_proc__cmdline */
	uint64_t exe_ino, exe_ino_ctime, exe_ino_mtime;
	uint32_t exe_dev, exe_flags;	/* exe_flags: group execve_flags */
};

enum eng_fd_type {		/* numbers of the trace (group fd_type) */
	FDT_UNKNOWN = 0, FDT_FILE = 1, FDT_DIRECTORY = 2, FDT_IPV4 = 3, FDT_IPV6 = 4,
	FDT_IPV4_LISTEN = 5, FDT_IPV6_LISTEN = 6, FDT_FIFO = 7, FDT_UNIX = 8, FDT_EVENT = 9,
	FDT_UNSUPPORTED = 10, FDT_SIGNALFD = 11, FDT_EVENTPOLL = 12, FDT_INOTIFY = 13,
	FDT_TIMERFD = 14, FDT_NETLINK = 15, FDT_BPF = 17, FDT_USERFAULTFD = 18, FDT_IO_URING = 19,
	FDT_MEMFD = 20, FDT_PIDFD = 21, FDT_PACKET = 22, FDT_VSOCK = 23,
};
enum eng_fd_role { FDR_UNKNOWN, FDR_CLIENT, FDR_SERVER };
enum eng_l4 { L4_UNKNOWN, L4_NA, L4_TCP, L4_UDP, L4_ICMP, L4_RAW };	/* group l4 */

/* Symbols of flag groups by their stored values (flags.def) that more than one place needs. */
enum {
	FDF_RDONLY = 1, FDF_WRONLY = 2, FDF_CREAT = 4, FDF_DIRECTORY = 0x400, FDF_CLOEXEC = 0x1000,
	FDF_TMPFILE = 0x2000, FDF_CREATED = 0x4000, FDF_UPPER_LAYER = 0x8000,
	FDF_LOWER_LAYER = 0x10000,
	EXE_WRITABLE = 1, EXE_UPPER_LAYER = 2, EXE_FROM_MEMFD = 4, EXE_LOWER_LAYER = 8,
};

/* Socket addresses. The "server" side is the destination of connect, the local side of accept. */
struct eng_tuple {
	uint8_t family;			/* AF_INET, AF_INET6, AF_UNIX; 0 = none */
	uint8_t l4;			/* group l4: tcp, udp, icmp, raw */
	uint16_t cport, sport;
	uint8_t cip[16], sip[16];	/* IPv4 in the first 4 bytes, network order */
};

/* An open descriptor of a table. */
struct eng_fd {
	int64_t num;
	uint8_t type;			/* enum eng_fd_type */
	uint8_t role;			/* enum eng_fd_role */
	bool connected;
	uint32_t flags;			/* group file_flags */
	uint32_t dev;
	uint64_t ino;
	uint64_t epoch;			/* changes when anything here changes: key of memos */
	struct eng_str *name;		/* absolute path, or a socket's text; never NULL, "" none */
	struct eng_str *nameraw;	/* as the caller gave it; NULL: same */
	struct eng_tuple tuple;
	uint32_t slot;			/* see "Slots and epochs" */
};

struct eng_fdtable;		/* shared by processes with CLONE_FILES; see eng_fdtable__* */

struct eng_container {
	char id[65];			/* as Falco shows it: see eng_container__id_len */
	/* NULL: not known */
	struct eng_str *full_id, *runtime, *name, *image, *cgroup, *json;
	uint64_t start;			/* ns since the epoch, 0 unknown */
	uint32_t n_procs;		/* alive */
	bool ended;
};

/* A request to run a command in a pod (kubectl exec), out of the audit log. */
struct eng_cause {
	uint32_t refs;
	uint64_t id;			/* never used twice */
	uint64_t ts;			/* when the API server got it, ns since the epoch */
	bool used;			/* the process that it started is known */
	struct eng_str *json;		/* the entry */
	struct eng_str *audit_id, *ns, *pod, *container, *args;	/* container: NULL if it names none; args: each followed by NUL */
};

/*
 * How a process came into its pod: from outside, not as a child of what runs there. Shared with all that it starts. at holds the
 * requests that can have let it in: n is 0 if none is known, more than 1 if it may have been any of them. args are what it has run, one
 * program after the other: what starts it for the runtime, what was asked for, and what that may have become before the request is told of.
 */
#define ENG_MAX_CAUSES 4u
#define ENG_ENTRY_COMMANDS 4u
struct eng_entry {
	uint32_t refs;
	uint64_t id;
	uint64_t ts;			/* when it began to run */
	bool settled;			/* the one is known */
	struct eng_str *box;		/* the container's id; NULL: from a keyframe */
	struct eng_str *ns, *pod, *container;	/* NULL: not known (yet) */
	struct eng_str *args[ENG_ENTRY_COMMANDS];
	unsigned n_args, n;
	struct eng_cause *at[ENG_MAX_CAUSES];
};

struct eng_proc {
	int64_t pid, vpid;
	int64_t ptid;			/* current parent (thread id), follows re-parenting */
	int64_t real_ptid;		/* who created it */
	int64_t pgid, vpgid, sid;
	struct eng_proc *parent;	/* process of ptid, NULL if not known */
	struct eng_proc *child, *sibling;
	struct eng_proc **back;		/* the state's own: what points at it */
	struct eng_thread *threads;	/* list; the main thread may be gone */
	uint32_t n_threads;
	struct eng_image *image;	/* never NULL */
	struct eng_str *comm;		/* of the main thread */
	struct eng_str *cmdline;	/* if comm is not the image's: use eng_proc__cmdline */
	struct eng_str *cwd;		/* ends with '/' */
	struct eng_str *root;
	struct eng_str *cgroups;	/* "subsys=path", each followed by NUL */
	uint64_t cgroup_id;
	uint64_t outside;		/* the state's own: where it is counted by its cgroups; 0: not */
	struct eng_container *container;	/* NULL: the host */
	struct eng_fdtable *fds;
	struct eng_entry *entry;	/* it, or an ancestor, came into its pod so; NULL: not */
	uint32_t loginuid, tty;
	int64_t fdlimit;
	uint64_t pidns_start, start, exec_time;	/* ns since the epoch; 0 unknown */
	uint32_t vm_size, vm_rss, vm_swap;	/* KiB */
	uint64_t epoch;			/* changes with what its or its ancestors' fields read */
	bool dead;			/* exited; kept while children refer to it */
	int32_t exit_status;
	uint32_t slot;			/* see "Slots and epochs" */
};

struct eng_thread {
	int64_t tid, vtid;
	struct eng_proc *proc;		/* never NULL */
	struct eng_thread *next;	/* of the process */
	struct eng_thread **back;	/* the state's own: what points at it */
	struct eng_str *comm;
	struct eng_str *cmdline;	/* if comm is not the process's: use eng_thread__cmdline */
	uint64_t start;			/* ns since the epoch; 0 unknown */
	uint32_t uid, euid, gid, egid;
	uint64_t cap_inheritable, cap_permitted, cap_effective;
	uint64_t pgft_maj, pgft_min;
	uint32_t clone_flags;
	/*
	 * It acts inside of a container whose processes it does not belong to: see eng_thread__inside. The id as it is
	 * shown (NULL: none), and which of its namespaces are entered (NEWNS, NEWPID of group clone_flags).
	 */
	struct eng_str *entered;
	uint32_t entered_by;
	bool guessed;			/* its birth was not seen: made up from an event */
	uint64_t epoch;			/* changes with its own fields (uid, comm, caps) */
	uint32_t slot;			/* see "Slots and epochs" */
};

struct eng_user { uint32_t uid, gid; struct eng_str *name, *home, *shell; };
struct eng_group { uint32_t gid; struct eng_str *name; };

struct eng_state;

/* One event in its surroundings: what fields are read from. */
struct eng_ctx {
	const struct fmt_ev *ev;
	struct eng_state *state;
	struct eng_thread *thread;	/* never NULL; tid 0: nobody's, see eng_ctx__nobody */
	struct eng_proc *proc;		/* its process, never NULL */
	struct eng_fd *fd;		/* that it works on or opened; NULL: none or not known */
	int64_t fd_num;			/* valid if has_fd_num; -1 if the call failed to open one */
	bool has_fd_num;		/* about a descriptor: else fd.* fields are missing */
	bool fd_name_changed;
	/*
	 * The event has just opened fd, or failed to: all events of its batch with the same number here have the
	 * same name, and the same name as given where that is another (0: nothing is known of them). What a test
	 * of names and type says of one event holds for the next that opens the same.
	 */
	uint32_t fd_name_id, fd_nameraw_id;
};

/* The event is about no thread (a container, a user): proc.* and its like are missing. */
static inline bool eng_ctx__nobody(const struct eng_ctx *ctx)
{
	return ctx->thread->tid == 0;
}

int eng_state__new(struct eng_state **ret);
void eng_state__free(struct eng_state *st);
void eng_state__reset(struct eng_state *st);	/* forget all: before applying another keyframe */
/* The state of one machine within this one. Lasts as long as this one. */
struct eng_state *eng_state__origin(struct eng_state *st, unsigned origin);
void eng_state__reset_origin(struct eng_state *st, unsigned origin);	/* of one machine only */

/*
 * What the recording is, for evt.hostname and evt.reltime; kept over a reset. hostname is copied;
 * first_ts is the time of its first event, ns since the epoch. Without this the machine has no
 * name, and relative times are missing.
 */
void eng_state__describe(struct eng_state *st, const char *hostname, uint64_t first_ts);
/* The names of all machines that a source's events are of. */
struct fmt_source;
void eng_state__name_origins(struct eng_state *st, const struct fmt_source *s);
const char *eng_state__hostname(const struct eng_state *st);	/* NULL: not known */
uint64_t eng_state__first_ts(const struct eng_state *st);	/* 0: not known */

/*
 * Apply an event. enter: births, openings, changes; fills ctx; then rules and printers look at ctx;
 * leave: deaths and closings, which ctx must still see. Every event needs both, in order. Rows of a
 * keyframe may be applied to a state that already holds them: they change nothing then.
 * A state of more than a million threads or eight million descriptors is forgotten: no machine has
 * that many, but a file may say so.
 */
void eng_state__enter(struct eng_state *st, const struct fmt_ev *ev, struct eng_ctx *ctx);
void eng_state__leave(struct eng_state *st, struct eng_ctx *ctx);

/*
 * Most events change nothing here, and most readers have no use for most of those. What needs entering and leaving
 * whoever looks on; of other types an event only makes its thread known.
 */
bool eng_state__needs(uint16_t type);
/* Of such a type: does it change nothing but descriptors? Who is whose process, and of which container, stays as it is then. */
bool eng_state__is_about_fds(uint16_t type);
/*
 * Of such a type, before it is entered: may this event change more than that its thread is known? false: surely not. Births are told by
 * several events, many names and limits are only asked for. st is the state of its machine.
 */
bool eng_state__changes(struct eng_state *st, const struct fmt_ev *ev);
/* What may be done with events of a type on which nobody looks, instead of entering and leaving them. */
enum eng_pass { PASS_NOT, PASS_OVER, PASS_CLOSE };
enum eng_pass eng_state__can_pass(uint16_t type);
/*
 * Go over the rows from `from`, as how (FMT_MAX_EVENTS of enum eng_pass) says of their types. Returns the first row
 * that is not passed, or to.
 */
uint32_t eng_state__pass(struct eng_state *st, const struct fmt_batch *b, uint32_t from, uint32_t to,
			 const uint8_t *how);

/*
 * Append the whole state as state_* rows at time ts to batches. next is called when one is full and
 * gives the one to go on with (it may be the same, written out and reset); a negative return of it
 * ends the saving and is returned. Order: users, groups, addresses, mounts, containers, then
 * processes by id with their descriptors.
 */
typedef int (*eng_next_batch_fn)(void *arg, struct fmt_batch **b);
int eng_state__save(struct eng_state *st, uint64_t ts, struct fmt_batch *into,
		    eng_next_batch_fn next, void *arg);

/*
 * Append the rows of one process, its threads and descriptors, in the same way. st is the state that it is of
 * (ctx->state); the rows get the origin and are context as `into` says.
 */
int eng_proc__save(struct eng_state *st, const struct eng_proc *p, uint64_t ts, struct fmt_batch *into,
		   eng_next_batch_fn next, void *arg);

/* The thread of a row that was passed over last, or entered: never NULL, tid 0 is nobody's. */
struct eng_thread *eng_state__thread_at(struct eng_state *st, const struct fmt_batch *b, uint32_t row);

/* Look-ups. NULL if not known. Iteration order of each: unspecified but stable between changes. */
struct eng_thread *eng_state__thread(struct eng_state *st, int64_t tid);
struct eng_proc *eng_state__proc(struct eng_state *st, int64_t pid);
struct eng_container *eng_state__container(struct eng_state *st, const char *id);
/*
 * The id of the container that an event says something of, whoever's it is: that it is there, has ended, has this user, or that
 * something was done in it. NULL: it is no such event; empty: of the host.
 */
const struct fmt_str *eng_ev__container_told(const struct fmt_ev *ev);
/* The container that an event is about: its process's; if it is nobody's, the one that it says something of. */
struct eng_container *eng_ctx__container(const struct eng_ctx *ctx);
/*
 * The container's document parsed (its "container" object, as in .scap files); NULL if
 * there is none.
 */
struct cJSON;
const struct cJSON *eng_container__json(const struct eng_container *c);
const struct eng_user *eng_state__user(struct eng_state *st, uint32_t uid);
const struct eng_group *eng_state__group(struct eng_state *st, uint32_t gid);
/*
 * The thread that a process calls by this number, which counts in its own pid namespace: arguments
 * and results of calls are such numbers. In a container this looks through all threads.
 */
struct eng_thread *eng_state__seen_by(struct eng_state *st, const struct eng_proc *by, int64_t tid);
/*
 * The name of a thread that has ended in the last two seconds before ts: whoever is killed may be gone
 * before the call that did it returns. by as above, or NULL: tid is the kernel's own number. Borrowed
 * until the next event is applied.
 */
const struct eng_str *eng_state__ended_name(const struct eng_state *st, const struct eng_proc *by,
					    int64_t tid, uint64_t ts);
/* The same: the id of the container that it was in, as it is shown; NULL: none. */
const char *eng_state__ended_container(const struct eng_state *st, const struct eng_proc *by,
				       int64_t tid, uint64_t ts);
/*
 * Whose namespaces a setns has been asked for, by what the call was given: a descriptor of a process, or of a file that was
 * opened as /proc/PID/ns/KIND. The id, as it is shown, of the container that the process is or lately was in; NULL: in none, or
 * it is not known. *ret_kinds: which namespaces (group clone_flags), 0: not known. Borrowed until the next event is applied.
 */
const char *eng_ctx__entered(const struct eng_ctx *ctx, uint32_t *ret_kinds);
/*
 * The container that a thread acts inside of though its control group says otherwise: it, or who created it, has by setns
 * entered the mount namespace of a process of the container, or coming from no container the pid namespace, and not left it.
 * NULL: none. Its own container (proc->container, container.id) stays what it is.
 */
const char *eng_thread__inside(const struct eng_thread *t);
void eng_state__each_proc(struct eng_state *st, void (*fn)(struct eng_proc *p, void *arg),
			  void *arg);
void eng_state__each_container(struct eng_state *st,
			       void (*fn)(struct eng_container *c, void *arg), void *arg);
/*
 * Name and arguments joined by blanks, never NULL: made when first asked for, kept until they
 * change.
 */
const struct eng_str *eng_proc__cmdline(struct eng_proc *p);
const struct eng_str *eng_thread__cmdline(struct eng_thread *t);
/*
 * Users and groups as the container of p knows them (the machine's own for the host); NULL if not
 * known.
 */
const struct eng_user *eng_proc__user(struct eng_state *st, const struct eng_proc *p, uint32_t uid);
const struct eng_group *eng_proc__group(struct eng_state *st, const struct eng_proc *p,
					uint32_t gid);
struct eng_fd *eng_fdtable__get(struct eng_fdtable *t, int64_t num);
void eng_fdtable__each(struct eng_fdtable *t, void (*fn)(struct eng_fd *fd, void *arg), void *arg);
/*
 * A number that whoever runs over events keeps with a table: 0 when the table is made, copied with it at a fork, gone
 * with it.
 */
uint64_t eng_fdtable__mark(const struct eng_fdtable *t);
void eng_fdtable__set_mark(struct eng_fdtable *t, uint64_t mark);
uint32_t eng_fdtable__count(const struct eng_fdtable *t);

/*
 * How much of a container's id is shown: 12 characters of a long hexadecimal number, all of a name
 * that somebody chose, up to 64.
 */
size_t eng_container__id_len(const char *id, size_t len);
/*
 * The id of a container in a cgroup path, or false: docker, containerd and CRI, CRI-O, podman, bare
 * runc, containerd's namespaces, LXC, systemd-nspawn, in cgroupfs and systemd layouts. id is what is
 * shown of it, full (may be NULL) all of it; runtime (may be NULL): constant text or NULL.
 */
bool eng_container_from_cgroup(const char *path, char id[65], char full[65], const char **runtime);
/* How much of that path is the container's own cgroup, without what it has made below; 0: none. */
size_t eng_container__cgroup_len(const char *path);

/*
 * A Kubernetes audit entry, parsed: that which the event is, or number i of those that may have let the event's process into its pod.
 * Until the next call, or event. NULL: there is none, or it cannot be read.
 */
struct json_doc;
const struct json_doc *eng_ctx__audit(const struct eng_ctx *ctx, unsigned i);
/* How many there are. */
static inline unsigned eng_ctx__n_audit(const struct eng_ctx *ctx)
{
	return ctx->ev->type == EV_k8s_audit ? 1 : ctx->proc->entry ? ctx->proc->entry->n : 0;
}
/* Is the event a Kubernetes audit entry about the pod that the container is of, as its labels say? */
bool eng_ctx__is_about_pod(const struct eng_ctx *ctx, const struct eng_container *c);
/* "alice@10.0.0.9 (kubectl/v1.30), or bob@...": who came in, appended to out; nothing if nobody is known. For a terminal to be made safe. */
void eng_entry__who(const struct eng_entry *e, struct buf *out);

/* Is this IP address (4 or 16 bytes) one of the machine where the trace was recorded? */
bool eng_state__is_local_ip(struct eng_state *st, uint8_t family, const uint8_t *ip);

/*
 * The name that this address (4 or 16 bytes) was last an answer to, as recorded; NULL: none. Nothing
 * is asked for.
 */
const struct eng_str *eng_state__address_name(struct eng_state *st, uint8_t family,
					      const uint8_t *ip);

/*
 * The event types and parameters that the state needs decoded, added to w (see fmt_want). Where
 * w->params is not NULL it must point at memory that may be written: masks for all FMT_MAX_EVENTS
 * types.
 */
struct fmt_want;
void eng_state__want(struct fmt_want *w);
/*
 * Only those of events that change the state: for who passes over all others (eng_state__pass) but those that he wants
 * whole. Of these the descriptor at hand is known too.
 */
void eng_state__want_changes(struct fmt_want *w);

/* A canonical text of the whole state, sorted, for tests and debugging. */
void eng_state__dump(struct eng_state *st, struct buf *out);

#endif
