/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field - the vocabulary of conditions and outputs: evt.*, proc.*, fd.*, user.*, container.*.
 *
 * fields.def is the one table: it feeds the compiler, --list fields, the inspector's completion and
 * the compatibility document.
 */
#ifndef ENG_FIELD_H
#define ENG_FIELD_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/state/state.h"

enum eng_type {			/* value types of fields; text names are Falco's */
	T_STR,			/* text; also paths */
	T_BYTES,		/* byte buffer */
	T_S64, T_U64,		/* numbers of any width; width and sign in eng_field.ptype */
	T_BOOL, T_DOUBLE,
	T_RELTIME, T_ABSTIME,	/* ns */
	T_PORT, T_IP, T_NET,	/* T_NET: value is the address, literals are networks */
	T_DYNAMIC,		/* evt.rawarg: type of the parameter in the event at hand */
};

struct eng_val {
	uint8_t type;		/* enum eng_type, never T_DYNAMIC */
	union {
		int64_t s;
		uint64_t u;
		double d;
		bool b;
		struct { const char *p; uint32_t len; } str;	/* T_STR, T_BYTES */
		struct { uint8_t family; uint8_t a[16]; } ip;
	};
};

/*
 * On what a field's value depends: how long a test of it stays true (engine memos).
 * A predicate is evaluated once per process epoch, once per fd epoch, once per dictionary string,
 * or per event.
 */
enum eng_scope {
	SCOPE_TYPE,		/* only the event's type: evt.type, evt.category, evt.is_io, ... */
	SCOPE_CALL,		/* besides, its parameters `flags` and `mode`, and how it failed: evt.res */
	SCOPE_PROC,		/* process, ancestors, thread, user or container (epochs of both) */
	SCOPE_FD,		/* the descriptor at hand (epoch) */
	SCOPE_STRING,		/* one string parameter of the event: str_param says which */
	SCOPE_EVENT,		/* anything else */
};

struct eng_fref;
struct eng_vals;

/* What may follow the name: [n], [text], or .text; OPT: or nothing. */
enum eng_arg {
	ARG_NONE, ARG_INDEX_OPT, ARG_INDEX_REQ, ARG_KEY_OPT, ARG_KEY_REQ,
	ARG_INDEX_OR_KEY,		/* required; digits are an index */
	ARG_SUFFIX_REQ, ARG_SUFFIX_OPT,
	ARG_INDEX_OR_KEY_OPT,
	ARG_INDEX_OR_SUFFIX,		/* required: evt.arg[n], evt.arg.NAME */
};

enum eng_field_flag {
	FF_LIST = 1,		/* list-valued */
	FF_FILTER_ONLY = 2, FF_NO_RHS = 4, FF_NO_TRANSFORMER = 8,
	FF_DEPRECATED = 16, FF_HIDDEN = 32,
	FF_ANY_ANCESTOR = 64,	/* without index, in a filter: true if any ancestor satisfies it */
	FF_TWO_SIDED = 128,	/* fd.ip, fd.port, fd.net, fd.proto */
	FF_SUGGESTED = 256,	/* suggested_output */
	FF_MISSING = 512,	/* loads, but nothing in a trace answers it: always missing */
	FF_HEX = 1024,		/* printed as hexadecimal */
	FF_PAD9 = 2048,		/* printed as %09d */
};

struct eng_field {
	const char *name;
	uint8_t type;		/* enum eng_type */
	uint8_t ptype;		/* enum fmt_ptype: exact type for listing and literal checks */
	uint8_t arg;		/* enum eng_arg */
	uint8_t scope;		/* enum eng_scope */
	uint32_t flags;
	const char *source;	/* "syscall", "k8s_audit", or "" for all */
	const char *doc;
	/*
	 * private to engine/field: extraction routine (false = missing), and what tells it which
	 * field is asked for
	 */
	bool (*get)(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out);
	uint16_t id;
};

/* Values of one extraction. n == 0 means missing, unless is_list (an empty list is present). */
struct eng_vals {
	uint32_t n;
	bool is_list;
	bool missing;
	bool for_filter;	/* as asked of eng_field__get */
	uint64_t ns;		/* evt.time and its like: the moment that the text means */
	struct eng_val v[1];	/* v[0] for single values */
	const struct eng_val *list;	/* list values, in scratch or the state's */
	struct arena *scratch;	/* set by the caller; text made up on the fly lives here */
};

/* A field as used: with its argument, resolved once at compile time. */
struct eng_fref {
	const struct eng_field *field;
	bool has_arg;
	uint64_t index;		/* ARG_INDEX: number */
	char *key;		/* ARG_KEY, ARG_SUFFIX: owned by whoever called resolve (arena) */
	uint8_t type;		/* enum eng_type after resolution */
	uint8_t ptype;
	uint8_t scope;		/* enum eng_scope after resolution */
	/*
	 * evt.arg.X, evt.rawarg.X: index of the parameter in each of FMT_MAX_EVENTS events, -1
	 * none; mem's
	 */
	const int8_t *param_of;
};

/*
 * Resolve text as written, "proc.aname[2]", "evt.arg.flags": longest field name that fits, the
 * whole text must be used. Returns 0; -FMT_E_UNKNOWN with the nearest name in err; -FMT_E_VALUE for
 * a wrong argument. mem owns the key.
 *
 * Scopes: SCOPE_TYPE needs nothing of the context but ev->info and ev->type. SCOPE_PROC stands
 * still with both thread->epoch and proc->epoch. SCOPE_CALL is the same for events of one type that
 * agree in flags, mode and, if they failed, in their result. SCOPE_FD stands still with fd->epoch; without fd
 * it is the same for all events that open nothing and have the same has_fd_num. Fields of the
 * others are evaluated for each event.
 */
int eng_field__resolve(const char *text, size_t len, struct arena *mem, struct eng_fref *ret,
		       struct err *err);
/* Longest prefix of text that resolves; its length or 0. For output formats. */
size_t eng_field__longest(const char *text, size_t len, struct arena *mem, struct eng_fref *ret);

/*
 * Extract. out->scratch must be set. True if present.
 * Ancestor fields without index (FF_ANY_ANCESTOR) yield all ancestors as a list in is_list form
 * when `for_filter`, else joined text.
 */
bool eng_field__get(const struct eng_fref *ref, const struct eng_ctx *ctx, bool for_filter,
		    struct eng_vals *out);

/* The value as an output prints it (as Falco prints values in outputs): appended to out. */
void eng_val__text(const struct eng_fref *ref, const struct eng_vals *v, struct buf *out);
/* The value as JSON: numbers as numbers, lists as arrays, null if missing. */
void eng_val__json(const struct eng_fref *ref, const struct eng_vals *v, struct buf *out);

const struct eng_field *eng_field__all(size_t *ret_n);	/* in listing order */
/* The field with the longest name that text begins with, or NULL; arguments are not looked at. */
const struct eng_field *eng_field__find(const char *text, size_t len);
/* The words that the field can have as its value; false: any text. A word is borrowed for the call. */
bool eng_field__words(const struct eng_field *f, void (*fn)(void *arg, const char *word),
		      void *arg);
/* May rules of this source ("syscall", "k8s_audit") ask for the field? */
bool eng_field__is_of(const struct eng_field *f, const char *source);
const char *eng_type__name(const struct eng_field *f);	/* Falco's type word */

/*
 * Text of event parameters (as Falco does): `name=raw(resolved) ...` as evt.args prints it, and
 * one parameter as evt.arg does. max_bytes limits payload text (0 = 80).
 */
void eng_event__args(const struct eng_ctx *ctx, uint32_t max_bytes, struct buf *out);
/* "create pods/exec shop/web-0 = 101": an entry of a Kubernetes audit log, without who asked; not safe for a terminal. */
void eng_event__audit_line(const struct eng_ctx *ctx, struct buf *out);
bool eng_event__arg(const struct eng_ctx *ctx, unsigned param, uint32_t max_bytes, struct buf *out);
/* Is the text of a number of this type made of nothing but the number? Ids, for one, become names. */
bool eng_ptype__stands_alone(enum fmt_ptype t);

/* Append the names of the capabilities in a set, with blanks between; true if these are all that there are. */
bool eng_caps__names(uint64_t set, struct buf *out);

#endif
