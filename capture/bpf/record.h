/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
/*
 * record - what the BPF side hands to user space: rings, records, tables. Included by both sides.
 *
 * A ring for each processor: one element of an array map that user space maps. It has one producer,
 * the programs on that processor, which do not interrupt each other (`busy` tells if they ever do),
 * and one consumer. A record is written where head points and exists once head has moved past it:
 * no lock, no copy, no size known beforehand. There is room behind the ring for the longest record,
 * so that none is ever split.
 *
 *   record = header, numbers, blobs;  everything is a multiple of 8 bytes
 *   numbers: the first n_regs are argument registers, then those that the collector added
 *   blob   = tag, kept length, true length; then its bytes
 *
 * What is missing is left out at the end of the numbers, or is a blob that is not there.
 */
#ifndef CAP_RECORD_H
#define CAP_RECORD_H

#ifndef __bpf__
#include <stdint.h>
#include <linux/types.h>
#endif

#define CAP_RECORD_MAX 262144u		/* longest record; records stay well below */
#define CAP_RING_CTL 4096u		/* the control page in front of a ring's data */
#define CAP_STR_MAX 4096u		/* a string argument: more than any path has */
#define CAP_SNAP_MAX 65536u		/* most payload bytes of one event */
#define CAP_ARGS_MAX 131072u		/* command line */
#define CAP_ENV_MAX 65536u		/* environment: at most, and unless asked for otherwise */
#define CAP_ENV_DEFAULT 4096u
#define CAP_SMALL_MAX 4096u		/* control data, the arguments of an exec that failed */
#define CAP_MAX_EVENTS 1024u
#define CAP_MAX_COMPAT 512u
#define CAP_MAX_NUMS 32u		/* numbers of one record */
#define CAP_N_CATEGORIES 32u
/*
 * Lanes: what a full ring is kept free for. Bulk (reads, writes, what only asks) gives way first,
 * then what changes the state or is what rules look at, last births, executions and deaths. Within a
 * lane, a process that holds a large share of the ring gives way before others do.
 */
enum cap_lane { LANE_BULK, LANE_KEY, LANE_LIFE, CAP_N_LANES };
#define CAP_LANE_SHIFT 5		/* a category with its lane */
#define CAP_SHARES 64u
#define CAP_SLOTS 32768u		/* threads that are remembered during a call: a power of two */
#define CAP_IDS 8u			/* containers to filter by ... */
/* ... each under the names that runtimes give its cgroup ... */
#define CAP_NAMES_PER_ID 5u
#define CAP_NAME_WORDS 10u		/* ... of which the first 80 bytes count */

struct cap_ring {			/* the control page */
	__u64 head;			/* bytes ever written: the producer's */
	__u64 pad0[7];
	__u64 tail;			/* bytes ever consumed: the consumer's */
	/*
	 * With fewer bytes than these in use a record needs no thought: the consumer's. 0: it sleeps, and wants to be woken by
	 * the next record; then the producer sets it.
	 */
	__u64 calm;
	__u64 pad1[6];
	__u64 busy;			/* a record is being written: see out_open() */
	__u64 lost;			/* records that found no room */
	__u64 reentered;		/* records of a program that interrupted another */
	__u64 lost_last;		/* time of the last of them, CLOCK_MONOTONIC */
	__u64 scratch;			/* see forget() in out.bpf.h */
	__u64 open_off, open_n, open_now;	/* see out_keep() there */
	__u64 step;			/* which path is being followed: resolve.bpf.h */
	__u64 lost_by[CAP_N_CATEGORIES];	/* both, by category */
	__u64 str_off[4];		/* where the record's strings begin; 0: not there */
	__u64 lost_lane[CAP_N_LANES];	/* those that found no room, by lane */
	/* the process that lost most of late: a vote, see out_lost() */
	__u32 loser, pad3;
	__u64 loser_votes, loser_n;
	__u64 snap;			/* the exception that fits the call at hand: snap.bpf.h */
	__u64 share;			/* of the record at hand, + 1; 0: not counted */
	/* bytes that processes have written while much of the ring was in use */
	struct cap_share {
		__u32 tgid, pad;
		__u64 bytes;		/* since mark */
		__u64 before;		/* since the mark before it */
		__u64 mark;		/* moves on when all before it has been read */
	} shares[CAP_SHARES];
};

struct cap_record {
	__u64 ts;			/* CLOCK_MONOTONIC; of return, for a call */
	__u64 dur;
	__s64 res;
	__u64 pid_tid;			/* thread group << 32 | thread, initial namespace */
	__u16 type;			/* enum fmt_event_id */
	__u8 n_nums;
	__u8 abi;			/* enum cap_abi */
	__u32 len;			/* of the whole record */
};

/* the two highest bits of a slot's number */
enum cap_abi { ABI_NATIVE, ABI_X32, ABI_COMPAT };

struct cap_blob {
	__u32 tag : 8;			/* enum cap_tag */
	__u32 len : 24;			/* bytes that follow, before padding to 8 */
	__u32 full;			/* bytes there were */
};

enum cap_tag {
	TAG_S0, TAG_S1, TAG_S2, TAG_S3, TAG_S4, TAG_S5,	/* the string at an argument */
	TAG_DATA,			/* payload */
	TAG_DATA_MORE,			/* of port 53: more than is kept, for the decoder to read */
	TAG_PATH,			/* struct cap_path: the file that was opened */
	TAG_CWD, TAG_ROOT, TAG_EXE,	/* struct cap_path */
	TAG_ARGS, TAG_ENV,		/* NUL-terminated strings, as in the process */
	TAG_COMM, TAG_FILENAME,
	TAG_SOCK,			/* struct cap_sock */
	TAG_ADDR,			/* a struct sockaddr from the caller */
	TAG_CONTROL,			/* control data of a message */
	TAG_POLL,			/* array of struct pollfd */
	TAG_TEXT, TAG_TEXT2,		/* what the event's collector says */
	TAG_CGROUP,			/* a path below a cgroup root */
	/* struct cap_path: where the first and the second path argument have led */
	TAG_RES0, TAG_RES1,
	TAG__N
};

/* A path as it was walked: names from the file up to the root, each followed by NUL. */
struct cap_path {
	__u32 flags;
	__u32 magic;			/* of the file system */
	__u64 ino;			/* of TAG_RES0, and of what has no path; else 0 */
	__u32 dev;			/* of TAG_RES0; else 0 */
	__u32 pad;
};
enum {
	CAP_PATH_DELETED = 1,		/* the name does not exist any more */
	/* not below a mount that anybody sees: pipe, socket, memfd ... */
	CAP_PATH_PSEUDO = 2,
	CAP_PATH_CUT = 4,		/* deeper than we walk: the first names are missing */
	CAP_PATH_OUTSIDE = 8,		/* not below the root of the process */
};

struct cap_sock {
	__u16 family, type;		/* AF_, SOCK_ */
	__u16 protocol;
	__u16 state;			/* TCP_ESTABLISHED is 1, TCP_LISTEN 10 */
	__u16 lport, rport;		/* host order */
	__u16 lpath, rpath;		/* AF_UNIX: lengths of the names that follow */
	__u8 laddr[16], raddr[16];	/* IPv4 in the first four */
	__u64 sock, peer;		/* AF_UNIX: kernel addresses, hashed by the reader */
};

/*
 * What to do at the return of a call. Made by user space from events.def before the programs load.
 * Kinds are the collectors of events.def, as far as they need code; KIND_INTS and KIND_STRS are
 * generic, EXEC_* are what follows EXEC, RESOLVE is what follows where an event has paths, SNAP comes
 * before what has payload if there are exceptions to its length.
 */
#define CAP_KINDS(X) \
	X(INTS) X(NOISE) X(READ) X(WRITE) X(STRS) X(OPEN) X(EXEC) X(CLONE) X(IOV_READ) \
	X(IOV_WRITE) X(MSG_READ) X(MSG_WRITE) X(SOCK) X(SOCKOPT) X(POLL) X(OUT_STR) X(TEXT_ARG) \
	X(DEREF) X(CRED) X(CWD) X(UNKNOWN) X(EXEC_FILE) X(EXEC_ARGS) X(RESOLVE) X(SNAP)
enum cap_kind {
#define X(k) KIND_##k,
	CAP_KINDS(X)
#undef X
	KIND__N
};

struct cap_desc {
	__u8 kind;			/* enum cap_kind */
	__u8 n_regs;			/* argument registers to hand over */
	__u8 strs;			/* bit n: argument n is a string */
	__u8 skip;			/* enum cap_thread_flag: threads whose calls are left out */
	__u8 category;			/* and lane << CAP_LANE_SHIFT */
	__u8 noise;			/* noise calls: their tally */
	__u16 event;
};

enum cap_thread_flag {
	THREAD_OWN = 1,			/* the recorder itself */
	THREAD_OUT = 2,			/* not in a container that is asked for */
	THREAD_WAIT = 4,		/* recording has not begun: only births, execs and deaths */
	THREAD_UNSURE = 8,		/* cannot be told from its stack: looked up at each call */
	THREAD_SCRIPT = 16,		/* what it executes is a script */
	THREAD_ANY = 32,		/* every thread: nobody asked for such a call */
	THREAD_EXEC = 64,		/* its slot has the exec that it is in, the registers no longer do */
};

/* A path argument that is followed at the return of a call that succeeded: resolve.bpf.h. */
struct cap_follow {
	__u8 how;			/* enum cap_follow_how; 0: no path */
	__u8 str;			/* the argument that is the path */
	__u8 dir;			/* the argument that is its directory, or CAP_NO_ARG */
	__u8 flags;			/* the argument that has AT_ flags, or CAP_NO_ARG */
};
#define CAP_NO_ARG 0xff
enum cap_follow_how {
	FOLLOW_TO_END = 1,		/* what it leads to */
	FOLLOW_TO_LINK,			/* a link at its end is meant itself */
	FOLLOW_TO_PARENT,		/* the directory is followed; the name may be gone, or be new */
};

/*
 * Exceptions to how much payload is kept (capture/snaplen.h): the first that fits counts. A path is
 * written as a walk up finds it, each name with its NUL, and stands at the end of `word`; the bits of
 * `mask` count, among them the NUL of the name before, so that whole names are compared.
 */
#define CAP_SNAPS 16u
#define CAP_SNAP_WORDS 16u
#define CAP_SNAP_PATH (8 * CAP_SNAP_WORDS - 1)	/* longest path, its first / not counted */
enum cap_snap_kind {
	SNAP_PORT = 1,			/* an end of the socket, or the address named, has it */
	SNAP_TTY,
	SNAP_FD,			/* the descriptor's number */
	SNAP_PATH,			/* the file, or a directory that it is below */
};

struct cap_snap {
	__u32 kind;
	__u32 value;			/* port or descriptor */
	__u32 keep;			/* bytes */
	__u32 pad;
	__u64 word[CAP_SNAP_WORDS], mask[CAP_SNAP_WORDS];
};

/* Major numbers of terminals, Documentation/admin-guide/devices.txt: tty, ptmx, pts, serial lines. */
#define CAP_IS_TTY_MAJOR(m) \
	((m) == 4 || (m) == 5 || ((m) >= 136 && (m) <= 143) || (m) == 188 || (m) == 204 || (m) == 229)

#define CAP_DNS_PROCS 4096u
#define CAP_DNS_SNAP 4096u		/* bytes kept of what goes to or comes from port 53 */

#define CAP_TALLIES 5u

struct cap_tally {			/* calls of one kind by one thread that are not recorded */
	__u16 event;			/* 0 with n == 0: free */
	__u16 pad;
	__u32 n;
	__u32 errors;
	__u32 pad2;
	__u64 time;
};

#endif
