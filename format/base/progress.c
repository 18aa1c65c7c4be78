// SPDX-License-Identifier: Apache-2.0
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "format/base/progress.h"
#include "format/base/text.h"

#define AFTER 2.0
#define EVERY 0.1

static struct {
	double started, shown;		/* seconds; started 0: not yet */
	bool visible;
} line;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void put_rate(struct buf *b, double rate)
{
	if (rate >= 1e6)
		buf__printf(b, ", %.1f M events a second", rate / 1e6);
	else
		buf__printf(b, ", %.0f events a second", rate);
}

void progress__show(const char *what, uint64_t done, uint64_t total, uint64_t events)
{
	struct buf b = { 0 };
	char a[32], c[32];
	double t, took;

	if (!isatty(STDERR_FILENO))
		return;
	t = now();
	if (line.started == 0)
		line.started = t;
	took = t - line.started;
	if (took < AFTER || t - line.shown < EVERY)
		return;
	line.shown = t;
	line.visible = true;
	buf__puts(&b, "\r\033[K");
	text__safe(&b, what, strlen(what));
	if (total)
		buf__printf(&b, ": %.0f %%, %s of %s", 100.0 * (double)done / (double)total, text__size(done, a),
			    text__size(total, c));
	else
		buf__printf(&b, ": %s", text__size(done, a));
	if (events)
		put_rate(&b, (double)events / took);
	if (total && done && done <= total)
		buf__printf(&b, ", %.0f s left", took * (double)(total - done) / (double)done);
	fwrite(b.p, 1, b.len, stderr);
	fflush(stderr);
	buf__done(&b);
}

void progress__clear(void)
{
	if (!line.visible)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	line.visible = false;
}

void progress__end(void)
{
	progress__clear();
	line.started = 0;
}
