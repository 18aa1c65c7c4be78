/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nspawn_args - the options that systemd-nspawn was started with: systemd-nspawn(1).
 *
 * A machine that is not registered leaves no other trace of its name.
 */
#ifndef ENG_NSPAWN_ARGS_H
#define ENG_NSPAWN_ARGS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * fn for each option, up to the command: its long name, and its value, "" where it has none. args:
 * without the program's name, each followed by NUL; untrusted.
 */
void eng_nspawn__options(const char *args, size_t len,
			 void (*fn)(void *arg, const char *name, const char *value), void *arg);
/* What the machine is called: as it was told, or like its directory or image. False: not known. */
bool eng_nspawn__name(const char *args, size_t len, char name[65]);

#endif
