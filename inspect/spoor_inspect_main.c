// SPDX-License-Identifier: Apache-2.0
/* spoor-inspect - look into a trace in a terminal. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/base/cli.h"
#include "format/base/log.h"
#include "format/base/sandbox.h"
#include "inspect/term/script.h"
#include "inspect/ui/ui.h"

#define MAX_RULES 64
#define SLICE 10000000u			/* ns of work between two looks at the keyboard */
#define REDRAW 100000000u		/* ns between two drawings while work is going on */
#define LOOK_AGAIN 1000			/* ms between two looks at a trace that is followed */

struct options {
	struct ins_ui_opts ui;
	const char *rules[MAX_RULES];
	const char *keys;
	bool dump;
	int w, h;
};

static int set_filter(void *user, const char *value, struct err *err)
{
	(void)err;
	((struct options *)user)->ui.filter = value;
	return 0;
}

/* The rules that came with this program: where it is installed, or in its source tree. NULL: there are none. */
static const char *shipped_rules(void)
{
	static const char *const places[] = { "/../share/spoor/rules", "/../rules" };
	static char path[4096];
	char self[2048], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = 0;
	slash = strrchr(self, '/');
	for (unsigned i = 0; slash && i < 2; i++) {
		*slash = 0;
		snprintf(path, sizeof(path), "%s%s", self, places[i]);
		if (!access(path, R_OK))
			return path;
	}
	return NULL;
}

static int set_rules(void *user, const char *value, struct err *err)
{
	struct options *o = user;

	if (!strcmp(value, "shipped") && access(value, F_OK)) {
		value = shipped_rules();
		if (!value)
			return err__set(err, -ENOENT, "no rules came with this program: none in ../share/spoor/rules "
						      "of its folder");
	}

	if (o->ui.n_rules >= MAX_RULES)
		return err__set(err, -FMT_E_LIMIT, "at most %d; a directory holds more", MAX_RULES);
	o->rules[o->ui.n_rules++] = value;
	return 0;
}

static int set_at(void *user, const char *value, struct err *err)
{
	(void)err;
	((struct options *)user)->ui.at = value;
	return 0;
}

static int set_keys(void *user, const char *value, struct err *err)
{
	(void)err;
	((struct options *)user)->keys = value;
	return 0;
}

static int set_dump(void *user, const char *value, struct err *err)
{
	(void)value;
	(void)err;
	((struct options *)user)->dump = true;
	return 0;
}

static int set_size(void *user, const char *value, struct err *err)
{
	struct options *o = user;

	return ins_size__parse(value, &o->w, &o->h, err);
}

static int set_out(void *user, const char *value, struct err *err)
{
	struct stat st;

	if (stat(value, &st) || !S_ISDIR(st.st_mode))
		return err__set(err, -ENOTDIR, "%s is no folder", value);
	((struct options *)user)->ui.out = value;
	return 0;
}

static int set_theme(void *user, const char *value, struct err *err)
{
	(void)user;
	return ins_theme__parse(value, &ins_theme, err);
}

static int list_keys(void *user, const char *value, struct err *err)
{
	struct buf out = { 0 };

	(void)user;
	(void)value;
	(void)err;
	ins_keys__list(&out);
	fwrite(out.p, 1, out.len, stdout);
	buf__done(&out);
	exit(cli__finish_stdout());
}

static const struct cli_opt options[] = {
	{ 'f', "filter", "CONDITION", "Show and count only events that satisfy a condition, in the "
				      "language of rules. It can be changed with the key "
				      "f.", set_filter },
	{ 'r', "rules", "FILE", "Run rules over the trace and show their alerts. A file or a "
				"directory; 'shipped': those that came with this program. May be given "
				"several times.", set_rules },
	{ 0, "at", "TIME", "Begin with the events at this time: 14:03:07, 2026-11-27T14:03:07, or "
			   "+30s from the start.", set_at },
	{ 0, "keys", "FILE", "Press the keys in a file first (- is stdin). Each character is a "
			     "key, <Enter> and the like are keys with names, a line that begins "
			     "with # is a comment, and the lines 'dump [TITLE]', 'resize WxH', "
			     "'click X,Y', 'double X,Y', 'wheel-up X,Y', 'wheel-down X,Y' and "
			     "'release X,Y' are "
			     "commands.", set_keys },
	{ 0, "dump-screen", NULL, "Need no terminal: press the keys, print the screen, and end.",
	 set_dump },
	{ 0, "size", "WxH", "Size of the screen for --dump-screen; 80x24 if not given.", set_size },
	{ 0, "theme", "NAME", "Colours: dark (the default), light (for light terminals), safe (nothing "
			      "is told by red against green) or mono. SPOOR_THEME names one for "
			      "always.", set_theme },
	{ 0, "out", "DIR", "The folder in which reports, recordings and bytes are written; the one you are in "
			   "if not given. Where the kernel has Landlock, nothing can be written elsewhere, but "
			   "notes beside the trace, chosen columns, and a temporary copy.", set_out },
	{ 0, "list-keys", NULL, "List all keys and what they do, and end.", list_keys },
	{ 0 },
};

static const struct cli cli = {
	.tool = "spoor-inspect",
	.usage = "TRACE [options]",
	.about = "Look into a trace: what ran, what it touched, where it connected. Processes as a "
		 "tree, containers, files, connections, commands, alerts, and every event, with a "
		 "time line, filters and search. The key ? lists all keys. TRACE may be - for "
		 "stdin, and any format that spoor-trace reads.",
	.examples = "spoor-inspect incident.spoor\tlook around\n"
		    "spoor-inspect -r shipped incident.spoor\twith the alerts of the rules that "
		    "came with it\n"
		    "spoor-inspect --at 14:03:07 -f 'proc.name=nginx' incident.spoor\tat a moment, "
		    "through a filter\n"
		    "spoor-inspect incident.spoor --dump-screen --size 120x40\tprint the first "
		    "screen",
	.opts = options,
};

static void print_screen(struct ins_ui *ui, struct ins_screen *s, const char *title)
{
	struct buf out = { 0 };

	ins_ui__draw(ui, s);
	/* drawing may have asked for more */
	for (int i = 0; i < 1000 && ins_ui__work(ui, SLICE); i++)
		;
	ins_ui__draw(ui, s);
	if (title)
		buf__printf(&out, "--- %s%s%dx%d ---\n", title, *title ? " " : "", s->w, s->h);
	ins_screen__dump(s, cli__color(STDOUT_FILENO), &out);
	fwrite(out.p, 1, out.len, stdout);
	buf__done(&out);
}

static void finish_work(struct ins_ui *ui)
{
	while (ins_ui__work(ui, SLICE * 10))
		;
}

/* Run a script. dump: print screens; else only press the keys. */
static void run_script(struct ins_ui *ui, struct ins_screen *s, const struct ins_script *script,
		       bool dump)
{
	for (size_t i = 0; i < script->n && !ui->quit; i++) {
		const struct ins_step *step = &script->steps[i];

		/* a key means what it means on the screen as it is when all is read */
		ins_ui__draw(ui, s);
		finish_work(ui);
		ins_ui__draw(ui, s);
		if (step->kind == STEP_RESIZE && dump)
			ins_screen__resize(s, step->in.x, step->in.y);
		else if (step->kind == STEP_DUMP && dump)
			print_screen(ui, s, step->title);
		else if (step->kind == STEP_INPUT)
			ins_ui__input(ui, &step->in);
	}
}

static int dump_screens(struct ins_ui *ui, const struct ins_script *script, int w, int h)
{
	struct ins_screen s;
	bool dumped = script->n && script->steps[script->n - 1].kind == STEP_DUMP;

	ins_screen__init(&s, w ? w : 80, h ? h : 24, ins_term__utf8());
	finish_work(ui);
	run_script(ui, &s, script, true);
	if (!dumped && !ui->quit) {
		finish_work(ui);
		print_screen(ui, &s, NULL);
	}
	ins_screen__done(&s);
	return cli__finish_stdout();
}

/* The terminal's own wishes: a new size, another foreground process. */
static void tend_terminal(struct ins_ui *ui, struct ins_screen *s)
{
	int w, h;

	if (ui->suspend) {
		ui->suspend = false;
		ins_term__suspend();
	}
	if (ui->redraw) {
		ui->redraw = false;
		ins_term__redraw();
	}
	ins_term__size(&w, &h);
	if (w != s->w || h != s->h)
		ins_screen__resize(s, w, h);
}

/* All inputs that are there; the first is waited for. False: the terminal is gone. */
static bool take_inputs(struct ins_ui *ui, int ms, bool *ret_any)
{
	for (int n = 0; n < 64 && !ui->quit && !ui->suspend; n++) {
		struct ins_input in = ins_term__read(n ? 0 : ms);

		if (in.kind == IN_END)
			return false;
		if (in.kind == IN_NONE)
			return true;
		*ret_any = true;
		ins_ui__input(ui, &in);
	}
	return true;
}

static int run_terminal(struct ins_ui *ui, const struct ins_script *script, bool use_tty)
{
	struct ins_screen s;
	struct err err = { 0 };
	bool busy = true, dirty = true, settled = false;
	uint64_t drawn = 0;
	int w, h;

	if (ins_term__open(cli__color(STDOUT_FILENO), use_tty, &err) < 0) {
		err__print(cli.tool, &err);
		return EXIT_ASKED;
	}
	ins_term__size(&w, &h);
	ins_screen__init(&s, w, h, ins_term__utf8());
	run_script(ui, &s, script, false);
	while (!ui->quit) {
		if (dirty || ins_now() - drawn > REDRAW) {
			ins_ui__draw(ui, &s);
			ins_term__draw(&s);
			drawn = ins_now();
			/* what is shown now may need work that nothing needed before */
			busy |= dirty;
			dirty = false;
		}
		if (!take_inputs(ui, busy ? 0 : ui->following ? LOOK_AGAIN : -1, &dirty))
			break;
		tend_terminal(ui, &s);
		if (!busy && !dirty && ui->following) {
			ins_ui__follow(ui);
			busy = dirty = true;
		}
		settled &= !dirty;
		if (busy || dirty) {
			bool was = busy;

			busy = ins_ui__work(ui, SLICE);
			settled &= !busy;
			/* what the last slice found is drawn; if that needs no more work, there is none */
			if (was && !busy && !settled)
				dirty = settled = true;
		}
	}
	ins_term__close();
	ins_screen__done(&s);
	return EXIT_OK;
}

/*
 * The folder for what is kept from one look to the next, made if it is not there: $XDG_CONFIG_HOME/spoor, on a
 * terminal also ~/.config/spoor. NULL: none.
 */
static const char *config_folder(bool terminal, char *buf, size_t size)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int n;

	if (xdg && *xdg == '/')
		n = snprintf(buf, size, "%s/spoor", xdg);
	else if (terminal && home && *home == '/')
		n = snprintf(buf, size, "%s/.config/spoor", home);
	else
		return NULL;
	if (n >= (int)size || (mkdir(buf, 0700) < 0 && errno != EEXIST))
		return NULL;
	return buf;
}

/*
 * The trace may come from a machine that was attacked. Written to may be: where it lies (its notes), the folder for
 * what is asked for (out), what is kept, and the folder for temporary files (the copy of what cannot be read at random).
 */
static void enter_sandbox(const char *path, const char *out, const char *config)
{
	const char *tmp = getenv("TMPDIR");
	char folder[4096];
	const struct sandbox s = { .write_in = { sandbox__folder(path, folder, sizeof(folder)), out ? out : ".",
						 tmp && *tmp ? tmp : "/tmp", config } };

	sandbox__enter(&s);
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	struct ins_script script = { 0 };
	struct ins_trace *trace;
	struct ins_ui *ui;
	struct err err = { 0 };
	char config[512];
	bool damaged;
	int first, r;

	log__tool(cli.tool);
	setlocale(LC_ALL, "");
	o.ui.rules = o.rules;
	if (getenv("SPOOR_THEME"))	/* of what it says only a theme's name counts */
		ins_theme__parse(getenv("SPOOR_THEME"), &ins_theme, NULL);
	first = cli__parse(&cli, argc, argv, &o);
	if (argc - first != 1) {
		fprintf(stderr, "%s: %s; try --help\n", cli.tool,
			argc == first ? "which trace?" : "one trace at a time");
		return EXIT_ASKED;
	}
	if (o.keys && (r = ins_script__read(&script, o.keys, &err)) < 0)
		goto fail;
	o.ui.config = config_folder(!o.dump, config, sizeof(config));
	enter_sandbox(argv[first], o.ui.out, o.ui.config);
	r = ins_trace__open(&trace, argv[first], &err);
	if (r < 0)
		goto fail;
	r = ins_ui__new(&ui, trace, &o.ui, &err);
	if (r < 0) {
		ins_trace__close(trace);
		goto fail;
	}
	r = o.dump ? dump_screens(ui, &script, o.w, o.h) :
		     run_terminal(ui, &script, !strcmp(argv[first], "-"));
	damaged = ins_ui__is_damaged(ui);
	ins_ui__free(ui);
	ins_script__done(&script);
	return r ? r : damaged ? EXIT_DAMAGED : EXIT_OK;
fail:
	if (!err.code)
		err__set(&err, r, "%s", err__text(r));
	err__print(cli.tool, &err);
	ins_script__done(&script);
	return EXIT_ASKED;
}
