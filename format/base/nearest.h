/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nearest - the known name that a wrong one was perhaps meant to be: "did you mean ...?"
 *
 *	struct nearest n = nearest__begin(wrong, len);
 *	for each known name
 *		nearest__try(&n, name);
 *	if (n.name) ...
 */
#ifndef FMT_NEAREST_H
#define FMT_NEAREST_H

#include <stddef.h>
#include <stdint.h>

struct nearest {
	const char *wrong;
	size_t len;
	unsigned best;			/* letters to change, one more than allowed */
	const char *name;		/* borrowed from the caller; NULL: nothing is near */
};

/* About a third of the letters may be wrong. Names over 255 bytes are near nothing. */
struct nearest nearest__begin(const char *wrong, size_t len);
/* The first of several that are as near is kept. */
void nearest__try(struct nearest *n, const char *name);

#endif
