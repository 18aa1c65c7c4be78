/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model - what a trace is about, as tables: processes, containers, files, connections, commands,
 * alerts.
 *
 * Made by one pass over the events (pass.h), which can be shown while it grows. Objects refer to
 * each other by index into the tables. The pass makes every object that the trace has, in the same
 * order whatever the lens (filter and time range) is; the lens decides only what is counted. So an
 * index means the same object in every model of a trace. Tables are capped; what does not fit is
 * counted in `left_out`.
 *
 * Ownership: a model owns everything; strings are ids in `str`, safe to print only through a
 * screen. Threads: one.
 */
#ifndef INS_MODEL_H
#define INS_MODEL_H

#include "engine/state/state.h"
#include "format/base/strtab.h"
#include "inspect/model/trace.h"

#define INS_SLOTS 1024		/* the time that a model counts over is divided into as many equal ones */
#define INS_MAX_PROCS 1000000u
#define INS_MAX_FILES 1000000u
#define INS_MAX_USES 2000000u
#define INS_MAX_CONNS 500000u
#define INS_MAX_CMDS 500000u
#define INS_MAX_ALERTS 200000u
#define INS_MAX_NAMES 200000u
#define INS_MAX_CONTAINERS 20000u
#define INS_MAX_ASKERS 20000u
#define INS_MAX_STR_BYTES (512u << 20)
#define INS_MAX_TEXT 4096u		/* longest string that is kept */

enum ins_proc_flag {
	PROC_BEFORE = 1,	/* was there when the recording began */
	PROC_ENDED = 2,		/* end and status are known */
	PROC_GUESSED = 4,	/* its beginning was not seen though it should have been */
	PROC_VANISHED = 8,	/* its pid was given to another one without its end being seen */
	PROC_OOM = 16,		/* killed for want of memory */
	PROC_KERNEL = 32,	/* has no executable: a thread of the kernel */
};

/* What is counted of a process beside the rest: for the tiles of a part of the trace. */
enum ins_own { OWN_RIGHTS, OWN_CHANGED, OWN_SLOW, OWN_SIGNALS, OWN_NAMES, OWN__N };

struct ins_proc {
	uint32_t parent;		/* who created it, INS_NONE if not known */
	uint32_t adopter;		/* who has it since its creator ended; INS_NONE */
	uint32_t container;		/* the host, if none: ins_model__host */
	uint8_t origin;			/* its machine */
	int32_t pid, vpid;
	uint32_t uid, loginuid, tty;
	uint64_t caps;			/* effective capabilities, as known last */
	uint32_t comm, exe, cmdline, cwd;	/* strings */
	uint32_t came;			/* string: who let it, or an ancestor, into its pod; 0: not known */
	uint32_t flags;			/* enum ins_proc_flag */
	int32_t status;			/* wait status if PROC_ENDED */
	uint64_t start;			/* ns since the epoch; 0 unknown */
	uint64_t end;			/* 0: still there at the end */
	uint64_t first_num, last_num;	/* its events lie between; 0: none */
	uint64_t first_ts, last_ts;
	/* counted under the lens */
	uint64_t n_events, n_errors;
	uint32_t own[OWN__N];
	uint64_t rd, wr, in, out;	/* bytes: files read, written; net received, sent */
	uint32_t n_cmds, n_conns, n_files, n_alerts;
	/* heads of lists, INS_NONE ends them */
	uint32_t cmds, conns, uses;
};

struct ins_container {
	char id[65];
	uint8_t origin;			/* its machine */
	bool is_host;			/* what runs on that machine in no container, where there are several */
	uint32_t name, image, runtime;	/* strings, 0 unknown */
	uint32_t pod;			/* string: "namespace/pod", 0: of none */
	uint64_t start, end;		/* 0 unknown */
	bool ended;
	uint64_t first_ts, last_ts;
	uint64_t n_events;
	uint32_t n_procs, n_cmds, n_conns, n_files, n_alerts;
};

enum ins_file_op {
	FOP_READ = 1, FOP_WRITE = 2, FOP_CREATE = 4, FOP_DELETE = 8, FOP_RENAME = 16,
	FOP_EXEC = 32, FOP_ATTR = 64, FOP_FAIL = 128, FOP_DIR = 256,
};

/* What a path says of a file, found out once. */
enum ins_file_is { FILE_OF_SYSTEM = 1, FILE_SECRET = 2 };

struct ins_file {
	uint32_t path;			/* string */
	uint32_t container;		/* the same path in two containers is two files */
	uint32_t ops;			/* enum ins_file_op, under the lens */
	uint32_t n_ops, n_errors, n_procs;
	uint8_t is;			/* enum ins_file_is: what its path says */
	uint64_t rd, wr;
	uint64_t first_ts, last_ts, first_num;
	uint32_t uses;			/* list by next_of_file */
};

struct ins_use {			/* what one process did with one file */
	uint32_t proc, file;
	uint32_t next_of_proc, next_of_file;
	uint32_t ops, n_ops;
	uint64_t rd, wr;
	uint64_t first_ts, last_ts, first_num;
};

enum ins_conn_dir { CONN_OUT, CONN_IN, CONN_LISTEN, CONN_OTHER };

struct ins_conn {
	uint32_t proc;
	uint32_t next_of_proc;
	uint32_t name;			/* string: as fd.name prints it */
	uint32_t peer;			/* string: the name of the other end, by a recorded answer; 0 none */
	uint8_t dir;			/* enum ins_conn_dir */
	uint8_t fd_type;		/* enum eng_fd_type */
	bool before;			/* was there when the recording began */
	bool failed;			/* the connection was refused or broke */
	int32_t error;			/* errno of the failure */
	struct eng_tuple tuple;
	uint64_t first_ts, last_ts, closed, first_num;
	uint64_t in, out;
	uint32_t n_events;
};

struct ins_cmd {			/* an exec */
	uint32_t proc;
	uint32_t next_of_proc;
	uint32_t parent, parent_name;	/* process that had started it, and its name then (string) */
	uint32_t cmdline, exe, cwd;	/* strings */
	uint32_t uid, tty, flags;	/* flags: group execve_flags */
	bool counted;			/* under the lens */
	uint64_t ts, num;
	uint64_t until;			/* when the next exec or the end came; 0: not seen */
};

struct ins_alert {
	uint32_t proc, container;
	uint32_t rule, text;		/* strings */
	uint8_t priority;		/* as enum eng_priority */
	bool live;			/* found when it was recorded, not by the rules run now */
	uint64_t ts, num;		/* of the event that matched */
};

struct ins_name {		/* that a name server was asked for, in one container */
	uint32_t name, type, addresses;	/* strings; addresses: of the last answer, 0 none */
	uint32_t container, proc;	/* proc: who asked first */
	uint32_t asked, answered, failed;	/* under the lens */
	uint8_t rcode;			/* of the last answer */
	uint64_t first_ts, last_ts, first_num;	/* first_num 0: nothing under the lens */
	uint64_t slowest;		/* ns from question to answer */
};

struct ins_trigger {		/* the flight recorder was asked to keep what happened */
	uint32_t by, who, reason, rule, id, file;	/* strings; id: of a container, 0: the host; file 0: refused */
	uint32_t container;		/* INS_NONE: the host, or one that is not known */
	uint64_t before, after;		/* ns */
	uint64_t ts, num;
};

struct ins_deed {			/* what a playbook did, or why it did not */
	uint32_t playbook, name, object, result, text;	/* strings */
	uint64_t ts, num;
};

struct ins_asker {			/* a user in the audit log of Kubernetes */
	uint32_t user;			/* string, 0: none is named */
	uint64_t n;			/* entries */
};

struct ins_loss {
	uint64_t from, to, n;
	int32_t cpu;
};

enum ins_metric {
	MET_EVENTS, MET_ERRORS, MET_COMMANDS, MET_READ, MET_WRITTEN, MET_CHANGED, MET_OUT, MET_IN,
	MET_CONNECTS, MET_ACCEPTS, MET_PRIVS, MET_SIGNALS, MET_SLOW, MET_NAMES, MET_ALERTS,
	MET_LOST, MET__N
};

/* An open-addressing map from a 64-bit key, never 0, to an index. */
struct ins_map {
	uint64_t *keys;
	uint32_t *vals;
	uint32_t n, mask;
};

struct ins_model {
	const struct ins_trace *trace;
	uint64_t t_from, t_to;		/* what the slots divide: a window; t_to 0: the whole trace */
	uint64_t grown_to;		/* of a trace that has grown: up to here, beyond its end; 0: it has not */
	bool lens;			/* counts are those of a lens: show only what was counted */
	bool done, has_ends;		/* has_ends: ins_model__take_ends was done */
	uint64_t upto_num, upto_ts;	/* everything before this is in */
	uint32_t upto_chunk;
	uint64_t gen;			/* changes when anything here does */
	struct strtab str;

	struct ins_proc *procs;
	struct ins_container *containers;
	struct ins_file *files;
	struct ins_use *uses;
	struct ins_conn *conns;
	struct ins_cmd *cmds;
	struct ins_alert *alerts;
	struct ins_loss *losses;
	struct ins_name *names;
	struct ins_trigger *triggers;
	struct ins_deed *deeds;
	struct ins_asker *askers;
	uint32_t n_procs, n_containers, n_files, n_uses, n_conns, n_cmds, n_alerts, n_losses,
		 n_names, n_triggers, n_deeds, n_askers;
	size_t cap_procs, cap_containers, cap_files, cap_uses, cap_conns, cap_cmds, cap_alerts,
	       cap_losses, cap_names, cap_triggers, cap_deeds, cap_askers;
	bool pods, caps;		/* there are containers of pods; capabilities are known */
	uint64_t n_audit;		/* entries of the audit log of Kubernetes, under the lens */
	uint64_t left_out;		/* objects over the caps */

	uint64_t total[MET__N];
	uint64_t slots[MET__N][INS_SLOTS];
	uint64_t type_counts[FMT_MAX_EVENTS];	/* under the lens */

	struct ins_map by_pid, by_file, by_use, by_conn, by_name, by_asker, users;
};

int ins_model__new(struct ins_model **ret, const struct ins_trace *trace, bool lens);
void ins_model__free(struct ins_model *m);

/* What the slots divide. */
void ins_model__span(const struct ins_model *m, uint64_t *ret_from, uint64_t *ret_to);
/*
 * The trace has grown, before it ended at `was`: the slots divide twice the time, and again, until it is in. Each then
 * holds what two held; those behind the end are empty.
 */
void ins_model__grow(struct ins_model *m, uint64_t was);
/* Slots that the trace or window reaches into: all but of one that has grown. */
unsigned ins_model__n_slots(const struct ins_model *m);
/* Slot of a moment: 0 .. INS_SLOTS - 1; what lies outside goes to the nearest. And where a slot begins. */
unsigned ins_model__slot(const struct ins_model *m, uint64_t ts);
uint64_t ins_model__slot_time(const struct ins_model *m, unsigned slot);

/*
 * How processes and containers ended, from the whole trace's model: the pass of a time range stops where the range
 * does, and what was alive then need not be so now.
 */
void ins_model__take_ends(struct ins_model *m, const struct ins_model *whole);

/* A string, "" for 0. Borrowed; followed by a NUL. */
static inline const struct fmt_str *ins_model__fstr(const struct ins_model *m, uint32_t id)
{
	static const struct fmt_str none = { "", 0, 0 };
	const struct fmt_str *s = strtab__get(&m->str, id);

	return s ? s : &none;
}
static inline const char *ins_model__str(const struct ins_model *m, uint32_t id)
{
	return ins_model__fstr(m, id)->p;
}
/* Keep a string, cut to INS_MAX_TEXT. 0 if it is empty or there is no room left. */
uint32_t ins_model__intern(struct ins_model *m, const char *p, size_t n);

/* Objects: found or made. INS_NONE when the table is full. */
uint32_t ins_model__file(struct ins_model *m, uint32_t container, const char *path, size_t n);
uint32_t ins_model__use(struct ins_model *m, uint32_t proc, uint32_t file);
uint32_t ins_model__container(struct ins_model *m, unsigned origin, const char *id);
/*
 * What stands for the container of what is in none: INS_NONE in a trace of one machine. In one of several each
 * machine's host is in the table of containers, at its origin, so that what is known by container (files, users,
 * names) is known by machine as well.
 */
static inline uint32_t ins_model__host(const struct ins_model *m, unsigned origin)
{
	return m->trace->n_machines > 1 && origin < m->trace->n_machines ? origin : INS_NONE;
}
static inline bool ins_model__is_host(const struct ins_model *m, uint32_t container)
{
	return container >= m->n_containers || m->containers[container].is_host;
}
/* The host of the machine that a container is on. */
static inline uint32_t ins_model__host_of(const struct ins_model *m, uint32_t container)
{
	return container < m->n_containers ? ins_model__host(m, m->containers[container].origin) : INS_NONE;
}
/* The process of a machine that had this pid at that time (0: the last one), or INS_NONE. */
uint32_t ins_model__proc(const struct ins_model *m, unsigned origin, int32_t pid, uint64_t ts);

/* Name of a user, as the container (INS_NONE: the host) knows it, or its number. */
const char *ins_model__user(const struct ins_model *m, uint32_t container, uint32_t uid,
			    char buf[16]);
/* "web-1" or its id; for the host "", or the name of the machine where there are several. */
const char *ins_model__container_name(const struct ins_model *m, uint32_t container);
/* Is `p` `root` or something that it started, directly or not? */
bool ins_model__is_below(const struct ins_model *m, uint32_t p, uint32_t root);
/* Was it alive at that moment? */
bool ins_proc__alive_at(const struct ins_model *m, const struct ins_proc *p, uint64_t ts);

static inline uint64_t ins_pid__key(unsigned origin, int32_t pid)
{
	return ((uint64_t)origin << 32 | (uint32_t)pid) + 1;
}

static inline uint64_t ins_user__key(uint32_t container, uint32_t uid)
{
	return ((uint64_t)(container + 1) << 32 | uid) + 1;
}

/* Maps. get: INS_NONE if there is none. */
uint32_t ins_map__get(const struct ins_map *map, uint64_t key);
void ins_map__put(struct ins_map *map, uint64_t key, uint32_t val);
void ins_map__done(struct ins_map *map);

#endif
