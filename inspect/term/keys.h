/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys - keys, their names, and what they do.
 *
 * Names: one character stands for itself; <Enter> <Esc> <Tab> <S-Tab> <Space> <Backspace> <Del>
 * <Up> <Down> <Left> <Right> <PgUp> <PgDn> <Home> <End> <F1>..<F12> <C-x> for Ctrl-x, <lt> for '<'.
 * Key scripts, the table of actions and the help use the same.
 */
#ifndef INS_KEYS_H
#define INS_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/base/alloc.h"

/* A key is a code point (control characters included) or one of these. */
enum ins_key {
	IK_ENTER = 13, IK_TAB = 9, IK_ESC = 27, IK_BACKSPACE = 127,
	IK_UP = 0x110000, IK_DOWN, IK_LEFT, IK_RIGHT, IK_PGUP, IK_PGDN, IK_HOME, IK_END, IK_DEL,
	IK_BACKTAB,
	IK_F1,			/* .. IK_F1 + 11 */
};
#define IK_CTRL(c) ((c) & 31)

enum ins_action {
	ACT_NONE,
#define ACTION(id, keys, group, where, label, help) ACT_##id,
#include "inspect/term/keys.def"
#undef ACTION
	ACT__N
};

enum ins_key_group { KEYS_MOVE, KEYS_GO, KEYS_FIND, KEYS_LENS, KEYS_VIEW, KEYS_OTHER, KEYS__N };
extern const char *const ins_key_groups[KEYS__N];	/* headings */

enum ins_where {
	WHERE_TABLE = 1, WHERE_TREE = 2, WHERE_EVENTS = 4, WHERE_PAGE = 8,
	WHERE_PROC = 16,	/* the view is about one process */
	WHERE_STREAM = 32, WHERE_TERMINAL = 64, WHERE_BYTES = WHERE_STREAM | WHERE_TERMINAL,
	WHERE_NOTES = 128,
	WHERE_ANY = 255,
};

struct ins_action_info {
	const char *keys, *label, *help;
	uint8_t group;		/* enum ins_key_group */
	uint8_t where;		/* enum ins_where bits */
};
extern const struct ins_action_info ins_actions[ACT__N];

/*
 * Parse one key at text: returns the bytes it takes, 0 if it is no key (an unknown <Name>, broken
 * UTF-8, the end).
 */
size_t ins_key__parse(const char *text, size_t n, uint32_t *ret);
/* Append the name of a key. */
void ins_key__name(uint32_t key, struct buf *out);
/* What a key does; ACT_NONE if nothing. */
enum ins_action ins_key__action(uint32_t key);
/* The first key of an action as shown on the key line, without brackets: "Enter", "f". */
const char *ins_action__key(enum ins_action a, char buf[16]);

/* The table as text, one action a line, "keys<TAB>what it does", with headings: for the manual. */
void ins_keys__list(struct buf *out);

#endif
