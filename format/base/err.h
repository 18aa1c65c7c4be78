/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err - what went wrong, where, and what to do about it.
 *
 * Every fallible function returns 0 or a negative code and, where it takes a struct err, fills it
 * once, at the place that knows most. A NULL struct err is allowed everywhere.
 */
#ifndef FMT_ERR_H
#define FMT_ERR_H

#include <stdbool.h>
#include <stdint.h>

/* Codes: negative errno, or one of these. Values are stable. */
#define FMT_ERRORS(X) \
	X(FMT_E_FORMAT,    4000, "not a trace") \
	X(FMT_E_VERSION,   4001, "made by a newer version") \
	X(FMT_E_CORRUPT,   4002, "damaged") \
	X(FMT_E_TRUNCATED, 4003, "ends too early") \
	X(FMT_E_LIMIT,     4004, "over a limit") \
	X(FMT_E_SYNTAX,    4005, "syntax error") \
	X(FMT_E_VALUE,     4006, "bad value") \
	X(FMT_E_UNKNOWN,   4007, "unknown name") \
	X(FMT_E_UNSUPPORTED, 4008, "not supported here")

enum fmt_error {
#define X(name, num, text) name = num,
	FMT_ERRORS(X)
#undef X
};

struct err {
	int code;		/* 0, or as returned (negative) */
	char file[256];		/* the input it is about, "" if none */
	bool has_offset;
	uint64_t offset;	/* byte offset in a binary input */
	unsigned line, col;	/* 1-based place in a text input, 0 if none */
	char msg[512];		/* one sentence: what, and the remedy. Already safe to print. */
	char snippet[512];	/* text inputs: the line, then the caret line below it; "" if none */
};

/* Fill e (unless it already holds an error) and return code. fmt as printf; the text is made safe. */
int err__set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int err__set_at(struct err *e, int code, uint64_t offset, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Name the file that an error is about, if it is not named yet. */
void err__file(struct err *e, const char *file);
/* Fill snippet from a whole text and a 1-based line and column. */
void err__caret(struct err *e, const char *text, uint64_t len, unsigned line, unsigned col);
/* Fallback text for a code: its list entry, or strerror. */
const char *err__text(int code);
/* Print "tool: file:line:col: msg" (or "file: msg (at byte N)") and the snippet to stderr. */
void err__print(const char *tool, const struct err *e);

#endif
