/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit - entries of a Kubernetes audit log (audit.k8s.io, v1 and older) as events.
 *
 * Text in any of the shapes that are met: one entry a line, entries over several lines, an EventList or an array of
 * entries. Each becomes a row of k8s_audit at its stageTimestamp, else at its requestReceivedTimestamp. All of it is untrusted: what
 * cannot be read costs that entry.
 */
#ifndef FMT_AUDIT_H
#define FMT_AUDIT_H

#include "format/file/source.h"
#include "format/json/json_doc.h"

#define AUDIT_MAX_DOC (64u << 20)	/* one document: an EventList holds many entries */

/* An entry: where in its document it is, and what was looked up there. JSON_NONE: missing. */
struct audit_entry {
	const struct json_doc *doc;
	uint32_t node;
	uint64_t ts;
	uint32_t stage, verb, user, ref, status;
};

/* Is the node an entry? Else *ret_why says what it lacks. */
bool audit_entry__read(const struct json_doc *d, uint32_t node, struct audit_entry *ret, const char **ret_why);
/*
 * Append its row. An entry over FMT_MAX_STR is kept without its responseObject, if that is not enough without its
 * requestObject too; the parameter's full length tells. false: it is too long even so, and nothing was appended.
 */
struct audit_scratch { struct buf text; struct arena mem; };	/* zero-initialise */
bool audit_entry__add(const struct audit_entry *e, struct fmt_batch *b, struct audit_scratch *s);
void audit_scratch__done(struct audit_scratch *s);
/* "2026-11-27T22:29:12.438001Z", any offset, up to nine digits of a second. */
bool audit_time__get(const char *p, size_t n, uint64_t *ret);

/*
 * The entries of a document (an entry, an EventList, an array of them): call with *at 0 first. JSON_NONE at the end;
 * what is given need not be an entry.
 */
uint32_t audit_doc__next(const struct json_doc *d, uint32_t *at);

/* Do these first bytes look like an audit log? */
bool fmt_audit__probe(const void *head, size_t n);
/* Takes over fd, also on error; head: n bytes already read from it; regular: fd is a file, and n is 0. */
int fmt_audit__open(struct fmt_source **ret, int fd, bool regular, const char *name, const void *head, size_t n,
		    struct err *err);

#endif
