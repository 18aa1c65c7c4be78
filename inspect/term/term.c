// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#define _XOPEN_SOURCE_EXTENDED 1
#include <curses.h>
#include <term.h>

#include "engine/sink/out_file.h"
#include "format/base/log.h"
#include "inspect/term/term.h"

#define ESC_MS 25		/* ms in which the rest of a sequence follows its ESC */

/* Presses and wheel of the mouse, in the form that has no limit of columns (SGR). */
#define MOUSE_ON "\033[?1000h\033[?1006h"
#define MOUSE_OFF "\033[?1006l\033[?1000l"

/* Background of the row under the cursor, 256 colours and 8. */
#define SEL_BG8 COLOR_BLUE

static struct {
	bool open, color;
	SCREEN *screen;
	FILE *tty;			/* /dev/tty where stdin is not the keyboard */
	int fd;				/* the keyboard */
	struct termios saved;
	char restore[256];		/* what gives the terminal back, known before anything can
					 * crash */
	size_t restore_len;
	attr_t attrs[2][ST__N];		/* [selected][style] */
	short pairs[2][ST__N];
	char last_log[512];
} term = { .fd = -1 };

static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTERM, SIGHUP, SIGQUIT,
			     SIGINT };
#define N_FATAL (sizeof(fatal) / sizeof(fatal[0]))
static struct sigaction before[N_FATAL];	/* a sanitizer may have its own */
static volatile sig_atomic_t stop_asked;
static char signal_stack[64 * 1024];		/* the other one may be what overflowed */

bool ins_term__utf8(void)
{
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

/* Only async-signal-safe calls: it runs in signal handlers too. */
static void give_back(void)
{
	ssize_t r;

	if (!term.open)
		return;
	term.open = false;
	r = write(STDOUT_FILENO, term.restore, term.restore_len);
	(void)r;
	tcsetattr(term.fd, TCSAFLUSH, &term.saved);
}

static void on_fatal(int sig)
{
	give_back();
	out_file__on_deadly();
	for (size_t i = 0; i < N_FATAL; i++)
		if (fatal[i] == sig)
			sigaction(sig, &before[i], NULL);
	raise(sig);
}

static void on_stop(int sig)
{
	(void)sig;
	stop_asked = 1;
}

static void add_restore(const char *seq)
{
	size_t n = seq ? strlen(seq) : 0;

	if (!n || term.restore_len + n > sizeof(term.restore))
		return;
	memcpy(term.restore + term.restore_len, seq, n);
	term.restore_len += n;
}

static const char *capability(const char *name)
{
	/* tigetstr takes no const */
	char copy[16], *seq;

	strncpy(copy, name, sizeof(copy) - 1);
	copy[sizeof(copy) - 1] = 0;
	seq = tigetstr(copy);
	return seq == (char *)-1 ? NULL : seq;
}

static void catch_signals(bool on)
{
	struct sigaction sa = { .sa_handler = on_fatal, .sa_flags = SA_ONSTACK };
	stack_t stack = { .ss_sp = signal_stack, .ss_size = sizeof(signal_stack) };

	if (on)
		sigaltstack(&stack, NULL);
	for (size_t i = 0; i < N_FATAL; i++)
		sigaction(fatal[i], on ? &sa : &before[i], on ? &before[i] : NULL);
	sa = (struct sigaction){ .sa_handler = on ? on_stop : SIG_DFL };
	sigaction(SIGTSTP, &sa, NULL);
}

static void keep_log(enum log_level l, const char *msg, void *arg)
{
	(void)l;
	(void)arg;
	strncpy(term.last_log, msg, sizeof(term.last_log) - 1);
}

static attr_t attributes(const char *letters)
{
	attr_t a = A_NORMAL;

	for (; *letters; letters++)
		a |= *letters == 'B' ? A_BOLD : *letters == 'D' ? A_DIM :
		     *letters == 'U' ? A_UNDERLINE : A_REVERSE;
	return a;
}

/* Number of the pair of these colours; equal pairs share one, since old terminals have 64. */
static short pair_of(short fg, short bg)
{
	static struct { short fg, bg; } pairs[256];
	static short n = 1;

	if (fg < 0 && bg < 0)
		return 0;
	for (short i = 1; i < n; i++)
		if (pairs[i].fg == fg && pairs[i].bg == bg)
			return i;
	if (n >= COLOR_PAIRS || n >= 256 || init_pair(n, fg, bg) == ERR)
		return 0;
	pairs[n].fg = fg;
	pairs[n].bg = bg;
	return n++;
}

static void make_looks(void)
{
	bool many = term.color && COLORS >= 256;

	for (int sel = 0; sel < 2; sel++) {
		for (unsigned i = 0; i < ST__N; i++) {
			const struct ins_look *l = &ins_looks[i];
			short fg = l->fg8, bg = l->bg8;


			if (many) {
				fg = l->c256[ins_theme].fg;
				bg = l->c256[ins_theme].bg;
			}
			if (!term.color) {
				term.attrs[sel][i] = attributes(l->mono) ^ (sel ? A_REVERSE : 0);
				continue;
			}
			if (sel) {
				bg = many ? ins_theme__selected_bg() : SEL_BG8;
				if (!many)
					fg = COLOR_WHITE;
				else if (fg < 0)
					fg = ins_theme == THEME_LIGHT ? 16 : 255;
			}
			term.attrs[sel][i] = attributes(l->color);
			term.pairs[sel][i] = pair_of(fg, bg);
		}
	}
}

static void send(const char *seq)
{
	putp(seq);
	fflush(stdout);
}

int ins_term__open(bool color, bool use_tty, struct err *err)
{
	const char *name = getenv("TERM");
	FILE *in = stdin;

	if (use_tty) {
		in = term.tty = fopen("/dev/tty", "r");
		if (!in)
			return err__set(err, -errno, "cannot open /dev/tty for the keyboard: %s",
					strerror(errno));
	}
	term.fd = fileno(in);
	if (!isatty(term.fd) || !isatty(STDOUT_FILENO))
		return err__set(err, -ENOTTY, "needs a terminal for keyboard and screen; "
					      "--dump-screen prints a screen without one");
	if (tcgetattr(term.fd, &term.saved) < 0)
		return err__set(err, -errno, "cannot read the terminal's settings: %s",
				strerror(errno));
	term.screen = newterm(NULL, stdout, in);
	if (!term.screen)
		return err__set(err, -ENOTTY, "the terminal type TERM='%s' is not known here; "
					      "TERM=xterm or TERM=vt100 works nearly everywhere",
				name ? name : "");
	set_term(term.screen);
	term.restore_len = 0;
	add_restore(MOUSE_OFF);
	add_restore(capability("sgr0"));
	add_restore(capability("cnorm"));
	add_restore(capability("rmkx"));
	add_restore(capability("rmcup"));
	term.open = true;
	alloc__on_die(give_back);
	log__sink(keep_log, NULL);
	catch_signals(true);
	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	curs_set(0);
	set_escdelay(25);
	/*
	 * curses loses presses that follow each other closely; its sequences are read here instead
	 */
	define_key(NULL, KEY_MOUSE);
	send(MOUSE_ON);
	term.color = color && ins_theme != THEME_MONO && has_colors();
	if (term.color) {
		start_color();
		use_default_colors();
	}
	make_looks();
	return 0;
}

void ins_term__close(void)
{
	if (!term.screen)
		return;
	if (term.open)
		endwin();
	give_back();
	catch_signals(false);
	delscreen(term.screen);
	term.screen = NULL;
	if (term.tty)
		fclose(term.tty);
	term.tty = NULL;
	log__sink(NULL, NULL);
	if (term.last_log[0])
		log_warn("%s", term.last_log);
	term.last_log[0] = 0;
}

void ins_term__size(int *ret_w, int *ret_h)
{
	getmaxyx(stdscr, *ret_h, *ret_w);
}

void ins_term__redraw(void)
{
	clearok(curscr, TRUE);
}

static void draw_cell(int y, int x, const struct ins_cell *c)
{
	int sel = !!(c->style & ST_SELECTED);
	unsigned style = (c->style & ~ST_SELECTED) % ST__N;
	wchar_t text[3] = { (wchar_t)c->ch, (wchar_t)c->mark, 0 };
	cchar_t cc;

	if (setcchar(&cc, text, term.attrs[sel][style], term.pairs[sel][style], NULL) == OK)
		mvadd_wch(y, x, &cc);
}

void ins_term__draw(const struct ins_screen *s)
{
	erase();
	for (int y = 0; y < s->h; y++)
		for (int x = 0; x < s->w; x++)
			if (s->cells[y * s->w + x].width)
				draw_cell(y, x, &s->cells[y * s->w + x]);
	refresh();
}

static uint32_t special_key(wint_t k)
{
	static const struct { int curses; uint32_t key; } map[] = {
		{ KEY_UP, IK_UP }, { KEY_DOWN, IK_DOWN }, { KEY_LEFT, IK_LEFT },
		{ KEY_RIGHT, IK_RIGHT }, { KEY_PPAGE, IK_PGUP }, { KEY_NPAGE, IK_PGDN },
		{ KEY_HOME, IK_HOME }, { KEY_END, IK_END }, { KEY_DC, IK_DEL },
		{ KEY_BTAB, IK_BACKTAB }, { KEY_BACKSPACE, IK_BACKSPACE }, { KEY_ENTER, IK_ENTER },
	};

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (map[i].curses == (int)k)
			return map[i].key;
	if (k >= (wint_t)KEY_F(1) && k <= (wint_t)KEY_F(12))
		return IK_F1 + (k - (wint_t)KEY_F(1));
	return 0;
}

/* The next character of a sequence, if it comes in time. */
static bool next_char(int ms, wint_t *ret)
{
	timeout(ms);
	return get_wch(ret) == OK;
}

/* Does a press at this row follow another one there so closely that both are one? */
static bool is_double(int y)
{
	static struct timespec last;
	static int last_y = -1;
	struct timespec now;
	int64_t ms;
	bool twice;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = (now.tv_sec - last.tv_sec) * 1000 + (now.tv_nsec - last.tv_nsec) / 1000000;
	twice = last_y == y && ms < 400;
	last = now;
	last_y = twice ? -1 : y;
	return twice;
}

/* button: as xterm numbers them; x, y from 1. */
static struct ins_input mouse_input(unsigned button, int x, int y)
{
	struct ins_input in = { .kind = IN_MOUSE, .x = x - 1, .y = y - 1 };

	/* bits 4, 8, 16 are Shift, Alt and Ctrl */
	switch (button & ~28u) {
	case 0:
		in.mouse = is_double(y) ? MOUSE_DOUBLE : MOUSE_CLICK;
		return in;
	case 64:
		in.mouse = MOUSE_WHEEL_UP;
		return in;
	case 65:
		in.mouse = MOUSE_WHEEL_DOWN;
		return in;
	default:
		return (struct ins_input){ .kind = IN_NONE };
	}
}

/*
 * What follows ESC [: a press of the mouse, as "<0;10;5M" or, from old terminals, "M" and three
 * bytes; or a key that curses does not know, which is passed over whole.
 */
static struct ins_input sequence(void)
{
	unsigned num[3] = { 0 }, n = 0;
	bool sgr = false;
	wint_t c;

	for (unsigned len = 0; len < 32 && next_char(ESC_MS, &c); len++) {
		if (c == '<' && !len) {
			sgr = true;
		} else if (c >= '0' && c <= '9' && num[n] < 100000) {
			num[n] = num[n] * 10 + (c - '0');
		} else if (c == ';') {
			n += n < 2;
		} else if (c == 'M' && !len) {
			for (n = 0; n < 3 && next_char(ESC_MS, &c); n++)
				num[n] = c >= 32 ? (unsigned)c - 32 : 0;
			return n == 3 ? mouse_input(num[0], (int)num[1], (int)num[2]) :
					(struct ins_input){ .kind = IN_NONE };
		} else if (c >= 0x40 && c <= 0x7e) {
			if (sgr && c == 'm' && n == 2 && !(num[0] & ~28u))
				return (struct ins_input){ .kind = IN_MOUSE, .mouse = MOUSE_RELEASE,
							   .x = (int)num[1] - 1,
							   .y = (int)num[2] - 1 };
			return sgr && c == 'M' &&
				n == 2 ? mouse_input(num[0], (int)num[1], (int)num[2]) :
							   (struct ins_input){ .kind = IN_NONE };
		}
	}
	return (struct ins_input){ .kind = IN_NONE };
}

struct ins_input ins_term__read(int ms)
{
	struct ins_input in = { .kind = IN_NONE };
	struct pollfd p = { .fd = term.fd, .events = POLLIN };
	wint_t k, next;
	int r;

	if (stop_asked) {
		ins_term__suspend();
		in.kind = IN_RESIZE;
		return in;
	}
	timeout(ms);
	r = get_wch(&k);
	if (r == ERR) {
		/* A terminal that went away answers at once, again and again. */
		if (poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR | POLLNVAL)))
			in.kind = IN_END;
		return in;
	}
	if (r == KEY_CODE_YES && k == KEY_RESIZE) {
		in.kind = IN_RESIZE;
		return in;
	}
	if (r == OK && k == 27 && next_char(0, &next)) {
		if (next == '[')
			return sequence();
		unget_wch((wchar_t)next);
	}
	in.kind = IN_KEY;
	in.key = r == KEY_CODE_YES ? special_key(k) : k == 8 ? IK_BACKSPACE :
		 k == 10 ? IK_ENTER : (uint32_t)k;
	if (!in.key)
		in.kind = IN_NONE;
	return in;
}

void ins_term__suspend(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };

	stop_asked = 0;
	send(MOUSE_OFF);
	endwin();
	sigaction(SIGTSTP, &sa, NULL);
	kill(0, SIGTSTP);
	/* continued */
	sa.sa_handler = on_stop;
	sigaction(SIGTSTP, &sa, NULL);
	refresh();
	clearok(curscr, TRUE);
	send(MOUSE_ON);
}
