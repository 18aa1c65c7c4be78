/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema - the table of events, made from events.def and flags.def.
 *
 * One table serves the BPF program, the codec, the filter fields, the printers and the inspector.
 * Everything here is constant data: no allocation, safe from any thread.
 *
 * An event's id never changes and is never reused. The ids of system calls are their x86-64
 * numbers, so no map stands between the kernel and the table on that machine; other
 * architectures and 32-bit calls go through a number-to-id array.
 */
#ifndef FMT_SCHEMA_H
#define FMT_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

#define FMT_MAX_PARAMS 48	/* parameters of one event; execve and state_thread are the largest */
#define FMT_MAX_EVENTS 1024	/* event ids are below this */
#define FMT_URING_BASE 512	/* id of an io_uring operation: this plus its opcode */

/* Event ids: EV_openat == 257. */
enum fmt_event_id {
#define EVENT(id, name, cat, flags, coll, doc) EV_##name = id,
#define FIELD(ev, name, type, fmt, group, src, doc)
#define END(ev)
#include "events.def"
#undef EVENT
#undef FIELD
#undef END
};

/* Parameter indices: P_openat_flags is the index of `flags` in the parameters of openat. */
#define EVENT(id, name, cat, flags, coll, doc) enum fmt_params_of_##name {
#define FIELD(ev, name, type, fmt, group, src, doc) P_##ev##_##name,
#define END(ev) P_##ev##__n };
#include "events.def"
#undef EVENT
#undef FIELD
#undef END

/* Category words are Falco's (evt.category). */
enum fmt_category {
	CAT_OTHER, CAT_FILE, CAT_NET, CAT_IPC, CAT_MEMORY, CAT_PROCESS, CAT_SLEEP, CAT_SYSTEM,
	CAT_SIGNAL, CAT_USER, CAT_TIME, CAT_IO_READ, CAT_IO_WRITE, CAT_IO_OTHER, CAT_WAIT,
	CAT_SCHEDULER, CAT_INTERNAL, CAT__N
};

enum fmt_event_flag {
	EF_NOISE	= 1 << 0,	/* frequent and says little: recorded only if asked for */
	EF_STATE	= 1 << 1,	/* changes what is known of processes, files, containers */
	EF_OPENS_FD	= 1 << 2,	/* its result is a new descriptor */
	EF_CLOSES_FD	= 1 << 3,
	EF_USES_FD	= 1 << 4,	/* works on the descriptor in its first FD parameter that is not RET */
	EF_READS	= 1 << 5,	/* reads bytes from a descriptor */
	EF_WRITES	= 1 << 6,	/* writes bytes to a descriptor */
	EF_PAYLOAD	= 1 << 7,	/* carries bytes in a BYTES parameter */
	EF_WAITS	= 1 << 8,	/* may block by design: poll, nanosleep */
	EF_SYSCALL	= 1 << 9,	/* a system call; its result is a return value */
	EF_URING	= 1 << 10,	/* an io_uring operation */
	EF_INTERNAL	= 1 << 11,	/* about the record, or only for state; not listed unless asked for */
	EF_KEYFRAME	= 1 << 12,	/* a row of a keyframe */
	EF_RAW		= 1 << 13,	/* no named parameters: a0..a5 as passed */
};

/* Kinds of parameter. How each is stored follows from the kind: fmt_ptype_store(). */
enum fmt_ptype {
	/* numbers: stored as a 64-bit value, sign-extended for the signed kinds */
	PT_S8, PT_S16, PT_S32, PT_S64, PT_U8, PT_U16, PT_U32, PT_U64, PT_BOOL,
	PT_ERRNO, PT_FD, PT_PID, PT_UID, PT_GID, PT_SYSCALLID, PT_SIGTYPE,
	PT_RELTIME, PT_ABSTIME, PT_PORT, PT_SIGSET,
	PT_FLAGS8, PT_FLAGS16, PT_FLAGS32, PT_ENUM8, PT_ENUM16, PT_ENUM32, PT_MODE,
	/* byte strings kept in the batch's dictionary */
	PT_STR,			/* text without NUL */
	PT_PATH,		/* a path */
	PT_RELPATH,		/* a path relative to the FD parameter named in `group` */
	PT_STRLIST,		/* strings, each followed by NUL (argv, environment, cgroups) */
	/*
	 * Socket addresses: u8 family (1 unix, 2 inet, 10 inet6), then, ports little-endian,
	 * addresses in network order:
	 * SOCKADDR  inet: ip[4] port u16; inet6: ip[16] port u16;
	 *           unix: path and NUL (an abstract name starts with '@').
	 * SOCKTUPLE source then destination: inet: ip[4] u16 ip[4] u16;
	 *           inet6: ip[16] u16 ip[16] u16;
	 *           unix: u64 source, u64 peer (kernel addresses, or 0), path and NUL.
	 * Other families: the family byte and the rest of the kernel's sockaddr.
	 */
	PT_SOCKADDR,
	PT_SOCKTUPLE,
	PT_FDLIST,		/* u16 count, then count x (s64 fd, s16 events), little-endian */
	/* bytes kept in the payload section */
	PT_BYTES,
	PT__N
};

enum fmt_store { STORE_INT, STORE_STR, STORE_BYTES };
enum fmt_base { BASE_DEC, BASE_HEX, BASE_OCT };

/*
 * Where the capture driver takes a parameter from.
 * RET: the result itself, kept in the base column, never stored again.
 * A0..A5: an argument register. S0..S5: the NUL-terminated user string an argument points at.
 * FN: the collector function that the event names fills it. DRV: never stored by capture; the
 * engine derives it from the state (a source that has it, such as an imported file, may store it).
 */
enum fmt_src {
	SRC_RET, SRC_A0, SRC_A1, SRC_A2, SRC_A3, SRC_A4, SRC_A5,
	SRC_S0, SRC_S1, SRC_S2, SRC_S3, SRC_S4, SRC_S5, SRC_FN, SRC_DRV
};

/* Flag and enumeration groups; GROUP_NONE is 0. Made from flags.def. */
enum fmt_group {
	GROUP_NONE,
#define GROUP(name, kind, doc) GROUP_##name,
#define SYM(group, name, value, mask, native)
#include "flags.def"
#undef GROUP
#undef SYM
	GROUP__N
};

struct fmt_param {
	const char *name;
	uint8_t type;		/* enum fmt_ptype */
	uint8_t base;		/* enum fmt_base */
	uint8_t src;		/* enum fmt_src */
	uint8_t group;		/* enum fmt_group */
	bool extra;		/* not in Falco's table */
	int8_t dirfd;		/* PT_RELPATH: index of the directory's FD parameter, else -1 */
	const char *doc;
};

struct fmt_event_info {
	const char *name;	/* evt.type; NULL: no event has this id */
	uint16_t id;
	uint8_t category;	/* enum fmt_category */
	uint8_t n_params;
	uint32_t flags;		/* enum fmt_event_flag */
	int8_t fd_param;	/* the descriptor it works on: see EF_USES_FD; -1 none */
	int8_t data_param;	/* the BYTES parameter, -1 none */
	const struct fmt_param *params;
	const char *doc;
};

struct fmt_sym {
	const char *name;
	uint32_t value;		/* as stored: Falco's number where Falco has the symbol */
	uint64_t mask, native;	/* the kernel's: (word & mask) == native; see flags.def */
};

struct fmt_group_info {
	const char *name;
	bool is_enum;
	uint16_t n;
	const struct fmt_sym *syms;
};

extern const struct fmt_event_info fmt_events[FMT_MAX_EVENTS];
extern const struct fmt_group_info fmt_groups[GROUP__N];
extern const char *const fmt_category_names[CAT__N];	/* "file", "net", ... */
extern const char *const fmt_ptype_names[PT__N];	/* Falco's: "charbuf", "fd", ... */

/* Event by id, or NULL if the id is unknown or out of range. */
static inline const struct fmt_event_info *fmt_event(unsigned id)
{
	return id < FMT_MAX_EVENTS && fmt_events[id].name ? &fmt_events[id] : NULL;
}

/* Event by evt.type name or kernel name (pread64 finds pread). Returns the id, or -1. */
int fmt_event__by_name(const char *name);

/* Parameter index by name, or -1. */
int fmt_event__param(const struct fmt_event_info *ev, const char *name);

/* Where a parameter of this name is, in order of events; NULL: no event has one. Constant. */
struct fmt_param_use {
	const struct fmt_param_use *next;
	uint16_t event;
	uint8_t param;
};
const struct fmt_param_use *fmt_schema__param_uses(const char *name);

enum fmt_store fmt_ptype_store(enum fmt_ptype t);

/* The event id of the system call that has this number on this machine, or -1 if none has. */
int fmt_syscall__event(unsigned nr);

/*
 * Turn a kernel flag word into the stored one. native: as the caller passed it, cut to the type
 * that the call takes; the bits above 2^32 are the collector's to set (see flags.def).
 * Bits that no symbol covers are dropped; an enum keeps a word that it does not know, unless it
 * has a symbol for those. GROUP_NONE keeps everything.
 */
uint32_t fmt_group__from_native(enum fmt_group g, uint64_t native);

/*
 * Text of a stored value, "O_RDWR|O_CREAT" ('' when nothing matches), into buf of n bytes, always
 * terminated. Returns the length that the full text has. Order and rules are Falco's.
 */
size_t fmt_group__text(enum fmt_group g, uint32_t value, char *buf, size_t n);

/* "ENOENT" for 2; NULL if unknown. "SIGKILL" for 9; NULL if unknown. */
const char *fmt_errno_name(int err);
const char *fmt_signal_name(int sig);

#endif
