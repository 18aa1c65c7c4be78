// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "format/base/alloc.h"
#include "format/base/cli.h"
#include "format/base/nearest.h"
#include "format/base/log.h"

#ifndef SPOOR_VERSION
#define SPOOR_VERSION "unknown"
#endif
const char spoor_version[] = SPOOR_VERSION;

static enum { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER } color_mode;

static int set_color(void *user, const char *v, struct err *err)
{
	(void)user;
	if (!strcmp(v, "auto"))
		color_mode = COLOR_AUTO;
	else if (!strcmp(v, "always"))
		color_mode = COLOR_ALWAYS;
	else if (!strcmp(v, "never"))
		color_mode = COLOR_NEVER;
	else
		return err__set(err, FMT_E_VALUE, "'%s': write auto, always or never", v);
	return 0;
}

static const struct cli_opt common[] = {
	{ 0, "color", "WHEN", "Colour: auto (on a terminal, the default), always or never.", set_color },
	{ 'h', "help", NULL, "Show this help.", NULL },
	{ 0, "version", NULL, "Show the version.", NULL },
	{ 0, NULL, NULL, NULL, NULL },
};

static unsigned n_opts(const struct cli_opt *o)
{
	unsigned n = 0;

	while (o && o[n].name)
		n++;
	return n;
}

/* Option i of the tool's table followed by the common one. */
static const struct cli_opt *opt_at(const struct cli *c, unsigned i)
{
	unsigned own = n_opts(c->opts);

	return i < own ? &c->opts[i] : &common[i - own];
}

static unsigned width(void)
{
	struct winsize ws;

	if (isatty(1) && !ioctl(1, TIOCGWINSZ, &ws) && ws.ws_col >= 40)
		return ws.ws_col < 110 ? ws.ws_col : 110;
	return 80;
}

/* Print words wrapped to the width; every line starts at column `indent`, the first is already there. */
static void wrap(const char *s, unsigned indent, unsigned cols)
{
	unsigned at = indent;

	while (*s) {
		size_t n = strcspn(s, " \n");

		if (at > indent && at + 1 + n > cols) {
			printf("\n%*s", (int)indent, "");
			at = indent;
		}
		if (at > indent) {
			putchar(' ');
			at++;
		}
		fwrite(s, 1, n, stdout);
		at += (unsigned)n;
		s += n;
		if (*s == '\n') {
			printf("\n%*s", (int)indent, "");
			at = indent;
		}
		if (*s)
			s++;
	}
	putchar('\n');
}

static void print_help(const struct cli *c)
{
	unsigned cols = width(), total = n_opts(c->opts) + n_opts(common);
	const char *line = c->usage, *end;
	bool first = true;

	for (; *line; line = *end ? end + 1 : end, first = false) {
		end = strchrnul(line, '\n');
		printf("%s %s %.*s\n", first ? "Usage:" : "      ", c->tool, (int)(end - line), line);
	}
	putchar('\n');
	wrap(c->about, 0, cols);
	printf("\nOptions:\n");
	for (unsigned i = 0; i < total; i++) {
		const struct cli_opt *o = opt_at(c, i);
		char head[80];
		int n = o->letter ? snprintf(head, sizeof(head), "  -%c, --%s", o->letter, o->name)
				  : snprintf(head, sizeof(head), "      --%s", o->name);

		if (o->arg)
			n += snprintf(head + n, sizeof(head) - (size_t)n, " %s", o->arg);
		if (n < 28)
			printf("%-28s", head);
		else
			printf("%s\n%28s", head, "");
		wrap(o->help, 28, cols);
	}
	if (c->examples) {
		printf("\nExamples:\n");
		for (line = c->examples; *line; line = *end ? end + 1 : end) {
			const char *tab;

			end = strchrnul(line, '\n');
			tab = memchr(line, '\t', (size_t)(end - line));
			if (!tab)
				tab = end;
			printf("  %.*s\n", (int)(tab - line), line);
			if (tab < end)
				printf("      %.*s\n", (int)(end - tab - 1), tab + 1);
		}
	}
}

static void wrong_option(const struct cli *c, const char *what, const char *arg)
{
	const char *name = arg + strspn(arg, "-");
	struct nearest near = nearest__begin(name, strcspn(name, "="));

	for (unsigned i = 0; near.len > 1 && i < n_opts(c->opts) + n_opts(common); i++)
		nearest__try(&near, opt_at(c, i)->name);
	if (near.name)
		fprintf(stderr, "%s: %s '%s', did you mean '--%s'? (try '%s --help')\n", c->tool, what,
			arg, near.name, c->tool);
	else
		fprintf(stderr, "%s: %s '%s' (try '%s --help')\n", c->tool, what, arg, c->tool);
	exit(EXIT_ASKED);
}

static void apply(const struct cli *c, const struct cli_opt *o, const char *value, void *user)
{
	struct err err = { 0 };

	if (o->set == NULL && !strcmp(o->name, "help")) {
		print_help(c);
		exit(cli__finish_stdout());
	}
	if (o->set == NULL && !strcmp(o->name, "version")) {
		printf("%s %s\n", c->tool, spoor_version);
		exit(cli__finish_stdout());
	}
	if (!o->set(user, value, &err)) {
		if (c->given)
			c->given(user, o);
		return;
	}
	fprintf(stderr, "%s: --%s%s%s: %s (try '%s --help')\n", c->tool, o->name, err.file[0] ? " " : "",
		err.file, err.msg[0] ? err.msg : err__text(err.code), c->tool);
	if (err.snippet[0])
		fprintf(stderr, "%s\n", err.snippet);
	exit(EXIT_ASKED);
}

int cli__parse(const struct cli *c, int argc, char **argv, void *user)
{
	unsigned total = n_opts(c->opts) + n_opts(common);
	struct option *longs = xcalloc(total + 1, sizeof(*longs));
	char *shorts = xcalloc(total * 2 + 3, 1), *s = shorts;
	int ch, idx;

	log__tool(c->tool);
	/* A write to a closed pipe is an error like others, told apart by EPIPE, not the end of the process. */
	signal(SIGPIPE, SIG_IGN);
	if (c->stop_at_first)
		*s++ = '+';
	*s++ = ':';
	for (unsigned i = 0; i < total; i++) {
		const struct cli_opt *o = opt_at(c, i);

		longs[i] = (struct option){ o->name, o->arg ? required_argument : no_argument, NULL,
					    (int)(1000 + i) };
		if (o->letter) {
			*s++ = o->letter;
			if (o->arg)
				*s++ = ':';
		}
	}
	opterr = 0;
	for (optind = 0;;) {		/* 0: from the beginning, whatever has been parsed before */
		int at = optind ? optind : 1;
		const struct cli_opt *o = NULL;

		ch = getopt_long(argc, argv, shorts, longs, &idx);
		if (ch == -1)
			break;
		if (ch == '?' || ch == ':') {
			char shown[3] = { '-', (char)optopt, 0 };
			bool is_short = optopt > 0 && optopt < 256;

			if (ch == ':')
				wrong_option(c, "missing argument of", is_short ? shown : argv[optind - 1]);
			wrong_option(c, "unknown option", is_short && argv[at][1] != '-' ? shown : argv[optind - 1]);
		}
		for (unsigned i = 0; i < total && !o; i++)
			if (ch == (int)(1000 + i) || (opt_at(c, i)->letter && ch == opt_at(c, i)->letter))
				o = opt_at(c, i);
		apply(c, o, optarg, user);
	}
	free(longs);
	free(shorts);
	return optind;
}

bool cli__color(int fd)
{
	if (color_mode != COLOR_AUTO)
		return color_mode == COLOR_ALWAYS;
	return !getenv("NO_COLOR") && isatty(fd) && strcmp(getenv("TERM") ?: "dumb", "dumb");
}

int cli__finish_stdout(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_OK;
	if (errno == EPIPE)
		return EXIT_OK;
	fprintf(stderr, "%s: writing the output: %s\n", log__tool_name(), strerror(errno));
	return EXIT_ASKED;
}
