/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress - how far a long piece of work is, on one line of a terminal.
 *
 * On stderr, if that is a terminal, and only once the work has taken over two seconds; at most ten times a second. One
 * at a time in a process, from one thread.
 */
#ifndef FMT_PROGRESS_H
#define FMT_PROGRESS_H

#include <stdint.h>

/*
 * "WHAT: 45 %, 1.2 GiB of 2.7 GiB, 3.4 M events a second, 12 s left". total 0: not known (a pipe). events 0: not
 * counted. what is made safe for the terminal.
 */
void progress__show(const char *what, uint64_t done, uint64_t total, uint64_t events);
/* The work is over, or a line is to be printed in between: the terminal's line is clear again. */
void progress__clear(void);
/* The next show begins another piece of work. */
void progress__end(void);

#endif
