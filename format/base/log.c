// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/base/log.h"

static const char *tool = "spoor";
static int level = -1;
static void (*sink)(enum log_level, const char *, void *);
static void *sink_arg;

static const char *const names[] = { "error", "warn", "info", "debug" };

void log__tool(const char *name)
{
	tool = name;
}

const char *log__tool_name(void)
{
	return tool;
}

void log__set_level(enum log_level l)
{
	level = (int)l;
}

void log__sink(void (*fn)(enum log_level, const char *, void *), void *arg)
{
	sink = fn;
	sink_arg = arg;
}

static int wanted(void)
{
	const char *env;

	if (level >= 0)
		return level;
	level = LOG_WARN_;
	env = getenv("SPOOR_LOG");
	for (int i = 0; env && i < 4; i++)
		if (!strcmp(env, names[i]))
			level = i;
	return level;
}

bool log__is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 && !fstat(fd, &st) && st.st_dev == dev && st.st_ino == ino;
}

const char *log__mark(enum log_level l)
{
	static const char *const marks[] = { "<3>", "<4>", "<6>", "<7>" };
	static atomic_int journal = -1;

	if (journal < 0)
		journal = log__is_journal(STDERR_FILENO);
	return journal ? marks[l] : "";
}

void log__lines(enum log_level l, const char *text, size_t n)
{
	const char *end = text + n, *next;

	for (; text < end; text = next) {
		next = memchr(text, '\n', (size_t)(end - text));
		next = next ? next + 1 : end;
		fprintf(stderr, "%s%.*s", log__mark(l), (int)(next - text), text);
	}
}

void log__msg(enum log_level l, const char *fmt, ...)
{
	char msg[1024];
	va_list ap;

	if ((int)l > wanted())
		return;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (sink)
		sink(l, msg, sink_arg);
	else
		fprintf(stderr, "%s%s: %s%s\n", log__mark(l), tool, l == LOG_WARN_ ? "warning: " : "", msg);
}
