// SPDX-License-Identifier: Apache-2.0
#include "inspect/ui/ui_layout.h"

/* Room that the columns still in need, with the blanks between. */
static int needed(const struct ins_width *want, unsigned n, const int *w)
{
	int sum = 0, in = 0;

	for (unsigned i = 0; i < n; i++) {
		if (!w[i])
			continue;
		sum += want[i].min;
		in++;
	}
	return sum + (in ? in - 1 : 0);
}

/* The column to give up next, or -1. */
static int first_to_go(const struct ins_width *want, unsigned n, const int *w)
{
	int go = -1;

	for (unsigned i = 0; i < n; i++)
		if (w[i] && want[i].rank && (go < 0 || want[i].rank >= want[go].rank))
			go = (int)i;
	return go;
}

/* Give what is left to columns below their max, by rank. Returns what is still left. */
static int grow(const struct ins_width *want, unsigned n, int *w, int left, bool flex)
{
	for (int rank = 0; rank < 16 && left > 0; rank++) {
		for (unsigned i = 0; i < n && left > 0; i++) {
			int more = want[i].max - w[i];

			if (!w[i] || want[i].rank != rank || want[i].flex != flex || more <= 0)
				continue;
			more = more < left ? more : left;
			w[i] += more;
			left -= more;
		}
	}
	return left;
}

void ins_layout__columns(const struct ins_width *want, unsigned n, int width, int *ret)
{
	int left, flexible = 0, go;

	for (unsigned i = 0; i < n; i++)
		ret[i] = want[i].min;
	while ((left = width - needed(want, n, ret)) < 0 && (go = first_to_go(want, n, ret)) >= 0)
		ret[go] = 0;
	left = grow(want, n, ret, left, true);
	left = grow(want, n, ret, left, false);
	for (unsigned i = 0; i < n; i++)
		flexible += ret[i] && want[i].flex;
	for (unsigned i = 0; i < n && flexible && left > 0; i++) {
		if (!ret[i] || !want[i].flex)
			continue;
		ret[i] += left / flexible;
		left -= left / flexible;
		flexible--;
	}
	/* columns of rank 0 alone may be too wide: the last one gives way */
	for (unsigned i = n; i-- > 0 && left < 0;) {
		int cut = ret[i] - 1 < -left ? ret[i] - 1 : -left;

		if (cut > 0) {
			ret[i] -= cut;
			left += cut;
		}
	}
}

int ins_bar__column(unsigned i, unsigned n, int w)
{
	return (int)((uint64_t)i * (uint64_t)w / n);
}

unsigned ins_bar__slot(int column, unsigned n, int w)
{
	return w > 0 ? (unsigned)(((uint64_t)column * n + (uint64_t)w - 1) / (uint64_t)w) : 0;
}

void ins_bar__draw(struct ins_screen *s, int y, int x, int w, int style, const uint64_t *v,
		   unsigned n, int lit_from, int lit_to)
{
	uint64_t sums[INS_MAX_W] = { 0 }, max = 0;

	if (w > INS_MAX_W)
		w = INS_MAX_W;
	if (w <= 0)
		return;
	if ((unsigned)w > n) {		/* fewer numbers than columns: each is drawn several
					 * times */
		for (int c = 0; c < w; c++)
			sums[c] = v[(unsigned)c * n / (unsigned)w];
	} else {
		for (unsigned i = 0; i < n; i++)
			sums[ins_bar__column(i, n, w)] += v[i];
	}
	for (int c = 0; c < w; c++)
		max = sums[c] > max ? sums[c] : max;
	for (int c = 0; c < w; c++) {
		bool lit = lit_from < 0 || (c >= lit_from && c < lit_to);
		uint64_t level = max ? (uint64_t)((__uint128_t)sums[c] * 8 / max) : 0;

		if (!sums[c])
			ins_screen__fill(s, y, x + c, 1, ST_BAR_OFF, s->utf8 ? 0xb7 : ' ');
		else
			ins_screen__fill(s, y, x + c, 1, lit ? style : ST_BAR_OFF,
					 0x2580 + (uint32_t)(level ? level : 1));
	}
}
