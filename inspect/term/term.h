/* SPDX-License-Identifier: Apache-2.0 */
/*
 * term - the terminal: draws a screen, reads keys and the mouse. The only place that knows curses.
 *
 * There is one terminal. While it is open, a crash, a fatal signal or running out of memory first
 * gives it back as it was found.
 */
#ifndef INS_TERM_H
#define INS_TERM_H

#include "format/base/err.h"
#include "inspect/term/keys.h"
#include "inspect/term/screen.h"

enum ins_input_kind { IN_NONE, IN_KEY, IN_MOUSE, IN_RESIZE, IN_END };
enum ins_mouse { MOUSE_CLICK, MOUSE_DOUBLE, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN, MOUSE_RELEASE };

struct ins_input {
	uint8_t kind;		/* enum ins_input_kind; IN_END: the terminal is gone */
	uint8_t mouse;		/* enum ins_mouse */
	uint32_t key;
	int y, x;		/* of the mouse */
};

/* Can this locale show UTF-8? Call setlocale first. */
bool ins_term__utf8(void);

/*
 * Take the terminal: stdin and stdout, or /dev/tty where stdin is the trace. color: as the user
 * wants. Fails with a message that names TERM when it is missing or unknown.
 */
int ins_term__open(bool color, bool use_tty, struct err *err);
void ins_term__close(void);	/* does nothing when it is not open */
void ins_term__size(int *ret_w, int *ret_h);
void ins_term__draw(const struct ins_screen *s);
void ins_term__redraw(void);	/* forget what the terminal shows */
/* Wait up to ms (-1: for ever) for something to happen. */
struct ins_input ins_term__read(int ms);
/* Give the terminal to the shell until the process is continued. */
void ins_term__suspend(void);

#endif
