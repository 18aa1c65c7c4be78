/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field_internal - what the files of engine/field share: extraction routines and ways to give a
 * value.
 */
#ifndef ENG_FIELD_INTERNAL_H
#define ENG_FIELD_INTERNAL_H

#include <string.h>

#include "engine/field/field.h"
#include "format/base/alloc.h"

/* Field ids: F_proc_name. */
enum eng_field_id {
#define FIELD(id, name, type, ptype, arg, scope, flags, source, get, doc) F_##id,
#include "engine/field/fields.def"
#undef FIELD
	F__N
};

/* Settle what depends on the argument: type, scope, which parameter (evt.arg.X). */
int field__refine(struct eng_fref *ref, struct arena *mem, struct err *err);

typedef bool eng_get_fn(const struct eng_fref *ref, const struct eng_ctx *ctx,
			struct eng_vals *out);

/* Routines of fields.def. False: missing. */
eng_get_fn get_none, get_audit, get_gen, get_evt, get_proc, get_image, get_parent, get_ancestor, get_leader,
	   get_measure, get_user, get_fd, get_path, get_fdlist, get_container, get_syslog;

/* --- giving a value --------------------------------------------------------------------------- */

static inline bool give_str(struct eng_vals *out, const char *p, size_t len)
{
	out->n = 1;
	out->v[0].type = T_STR;
	out->v[0].str.p = p;
	out->v[0].str.len = (uint32_t)len;
	return true;
}

static inline bool give_text(struct eng_vals *out, const char *p)
{
	return give_str(out, p, strlen(p));
}

/* A string of the state; missing if NULL. */
static inline bool give_estr(struct eng_vals *out, const struct eng_str *s)
{
	return s && give_str(out, s->s, s->len);
}

static inline bool give_s64(struct eng_vals *out, int64_t v)
{
	out->n = 1;
	out->v[0].type = T_S64;
	out->v[0].s = v;
	return true;
}

/* Unsigned kinds: type is T_U64, T_RELTIME, T_ABSTIME or T_PORT. */
static inline bool give_num(struct eng_vals *out, uint8_t type, uint64_t v)
{
	out->n = 1;
	out->v[0].type = type;
	out->v[0].u = v;
	return true;
}

static inline bool give_u64(struct eng_vals *out, uint64_t v)
{
	return give_num(out, T_U64, v);
}

static inline bool give_bool(struct eng_vals *out, bool v)
{
	out->n = 1;
	out->v[0].type = T_BOOL;
	out->v[0].b = v;
	return true;
}

/* What was written to b, moved to the scratch memory; b is freed. */
bool give_buf(struct eng_vals *out, struct buf *b);

/* Names of capabilities joined by blanks. */
bool give_caps(struct eng_vals *out, uint64_t set);

/* --- shared by the files ---------------------------------------------------------------------- */

/* The call has a result, and it says that it failed. */
static inline bool has_result(const struct fmt_ev *ev)
{
	return ev->info->flags & (EF_SYSCALL | EF_URING) && fmt_ev__res(ev) != FMT_NO_RES;
}

/* The event writes to the socket of the system's log. */
bool ctx__is_syslog(const struct eng_ctx *ctx);

/* Falco's words and letters for a kind of descriptor. */
const char *fd_type__word(uint8_t type);
char fd_type__letter(uint8_t type);
/* Kinds of descriptors: those that Falco counts to files, to IP sockets. */
bool fd_type__is_file(uint8_t type);
bool fd_type__is_inet(uint8_t type);
/* The transport as fd.l4proto has it: of a connection only once its role is known. */
uint8_t fd__l4(const struct eng_fd *fd);

/* What evt.args prints in brackets behind a parameter; the plain text goes to raw. */
void event__param_text(const struct eng_ctx *ctx, unsigned param, uint32_t max_bytes,
		       struct buf *raw, struct buf *resolved);

/* Printable ASCII stays, every other byte becomes '.'. */
void text__dots(struct buf *out, const char *p, size_t n);

#endif
