// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "format/base/nearest.h"

#define MAX_NAME 255u

struct nearest nearest__begin(const char *wrong, size_t len)
{
	return (struct nearest){ .wrong = wrong, .len = len,
				 .best = len <= MAX_NAME ? (unsigned)len / 3 + 1 : 0 };
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	a = a < b ? a : b;
	return a < c ? a : c;
}

/* How many letters must be changed, added or left out to get from a to b. */
static unsigned distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned row[MAX_NAME + 1];

	for (size_t j = 0; j <= nb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; i < na; i++) {
		unsigned diag = row[0];

		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < nb; j++) {
			unsigned up = row[j + 1];

			row[j + 1] = min3(up + 1, row[j] + 1, diag + (a[i] != b[j]));
			diag = up;
		}
	}
	return row[nb];
}

void nearest__try(struct nearest *n, const char *name)
{
	size_t len = strlen(name);
	unsigned d;

	if (!n->best || len > MAX_NAME)
		return;
	d = distance(n->wrong, n->len, name, len);
	if (d < n->best) {
		n->best = d;
		n->name = name;
	}
}
