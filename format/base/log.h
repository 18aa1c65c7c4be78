/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log - what tools tell the person at the terminal, on stderr.
 *
 * Libraries return errors; they log only through here and only warnings that concern the input as a
 * whole. Level from SPOOR_LOG (error, warn, info, debug), default warn.
 *
 * Where that is systemd's journal each line begins with its severity, "<4>", which the journal takes off (sd-daemon(3)).
 */
#ifndef FMT_LOG_H
#define FMT_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_ERROR_, LOG_WARN_, LOG_INFO_, LOG_DEBUG_ };

void log__tool(const char *name);	/* prefix of every line; borrowed for the life of the process */
const char *log__tool_name(void);
void log__set_level(enum log_level l);
void log__sink(void (*fn)(enum log_level l, const char *msg, void *arg), void *arg);	/* NULL: stderr */
void log__msg(enum log_level l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Text of one or more lines, as it is, to stderr; for what is too long for a message, and is not for the sink. */
void log__lines(enum log_level l, const char *text, size_t n);
/* Does this descriptor lead to the journal? Says so from $JOURNAL_STREAM (systemd.exec(5)). */
bool log__is_journal(int fd);
/* What a line on stderr begins with: "<4>", or "". May be called in a signal handler once it has been called outside of one. */
const char *log__mark(enum log_level l);

#define log_error(...) log__msg(LOG_ERROR_, __VA_ARGS__)
#define log_warn(...)  log__msg(LOG_WARN_, __VA_ARGS__)
#define log_info(...)  log__msg(LOG_INFO_, __VA_ARGS__)
#define log_debug(...) log__msg(LOG_DEBUG_, __VA_ARGS__)

#endif
