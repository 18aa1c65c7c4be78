// SPDX-License-Identifier: Apache-2.0
#include <string.h>
#include <unistd.h>

#include "capture/containers/bolt.h"

#define MAGIC 0xED0CDAEDu
#define VERSION 2u
#define PAGE_HEAD 16u			/* id 8, flags 2, count 2, overflow 4 */
#define ELEM 16u			/* an element's place, in leaves and branches alike */
#define META_SIZE 64u
#define BUCKET_HEAD 16u			/* root page 8, sequence 8 */
#define MAX_PAGE (16u << 20)		/* with what overflows it */
#define MAX_DEPTH 32u
#define MAX_READS 4096u

enum { BRANCH = 1, LEAF = 2, META = 4 };
enum { IS_BUCKET = 1 };			/* flags of a leaf's element */

static uint32_t u16_at(const uint8_t *p)
{
	return (uint32_t)(p[0] | p[1] << 8);
}

static uint32_t u32_at(const uint8_t *p)
{
	return u16_at(p) | u16_at(p + 2) << 16;
}

static uint64_t u64_at(const uint8_t *p)
{
	return u32_at(p) | (uint64_t)u32_at(p + 4) << 32;
}

/* --- pages ------------------------------------------------------------------------------------ */

/* Elements of a page: one that was read, or the one inside of a small bucket's value. */
struct page {
	const uint8_t *p;
	size_t len;
	unsigned flags, n;
};

static bool page_of(struct page *pg, const uint8_t *p, size_t len)
{
	if (len < PAGE_HEAD)
		return false;
	*pg = (struct page){ p, len, u16_at(p + 8), u16_at(p + 10) };
	return (pg->flags == BRANCH || pg->flags == LEAF) && PAGE_HEAD + pg->n * ELEM <= len;
}

static bool read_at(struct cap_bolt *b, uint64_t page, size_t n)
{
	if (page > (uint64_t)INT64_MAX / b->page_size - MAX_PAGE || !b->budget)
		return false;
	b->budget--;
	b->page.len = 0;
	buf__reserve(&b->page, n);
	if (pread(b->fd, b->page.p, n, (off_t)(page * b->page_size)) != (ssize_t)n)
		return false;
	b->page.len = n;
	return true;
}

static bool read_page(struct cap_bolt *b, uint64_t page, struct page *ret)
{
	uint64_t n;

	if (!read_at(b, page, b->page_size) || u64_at(b->page.p) != page)
		return false;
	n = ((uint64_t)u32_at(b->page.p + 12) + 1) * b->page_size;
	if (n > MAX_PAGE || (n > b->page_size && !read_at(b, page, n)))
		return false;
	return page_of(ret, b->page.p, n);
}

struct elem {
	const uint8_t *key, *value;
	size_t n_key, n_value;
	uint64_t child;			/* of a branch */
	unsigned flags;			/* of a leaf */
};

static bool elem_at(const struct page *pg, unsigned i, struct elem *e)
{
	size_t at = PAGE_HEAD + i * ELEM, pos;
	const uint8_t *p = pg->p + at;

	if (pg->flags == BRANCH) {
		*e = (struct elem){ .n_key = u32_at(p + 4), .child = u64_at(p + 8) };
		pos = u32_at(p);
	} else {
		*e = (struct elem){ .flags = u32_at(p), .n_key = u32_at(p + 8),
				    .n_value = u32_at(p + 12) };
		pos = u32_at(p + 4);
	}
	if (pos > pg->len - at || e->n_key > pg->len - at - pos ||
	    e->n_value > pg->len - at - pos - e->n_key)
		return false;
	e->key = p + pos;
	e->value = e->key + e->n_key;
	return true;
}

static int compare(const struct elem *e, const char *key, size_t n)
{
	int c = memcmp(e->key, key, e->n_key < n ? e->n_key : n);

	return c ? c : e->n_key < n ? -1 : e->n_key > n;
}

/* --- looking up ------------------------------------------------------------------------------- */

/* The last element whose key is not greater: the branch to follow; -1: there is none. */
static int not_greater(const struct page *pg, const char *key, size_t n, struct elem *ret)
{
	int lo = 0, hi = (int)pg->n - 1, found = -1;
	struct elem e;

	while (lo <= hi) {
		int mid = (lo + hi) / 2;

		if (!elem_at(pg, (unsigned)mid, &e))
			return -1;
		if (compare(&e, key, n) <= 0) {
			*ret = e;
			found = mid;
			lo = mid + 1;
		} else {
			hi = mid - 1;
		}
	}
	return found;
}

static bool find(struct cap_bolt *b, struct page pg, const char *key, struct elem *e)
{
	size_t n = strlen(key);

	for (unsigned depth = 0; pg.flags == BRANCH; depth++) {
		if (!pg.n || depth == MAX_DEPTH)
			return false;
		if (not_greater(&pg, key, n, e) < 0 && !elem_at(&pg, 0, e))
			return false;
		if (!read_page(b, e->child, &pg))
			return false;
	}
	return not_greater(&pg, key, n, e) >= 0 && !compare(e, key, n);
}

/* The page that a bucket begins with: somewhere in the file, or inside of its value. */
static bool enter(struct cap_bolt *b, const struct elem *e, struct page *pg)
{
	uint64_t root;

	if (!(e->flags & IS_BUCKET) || e->n_value < BUCKET_HEAD)
		return false;
	root = u64_at(e->value);
	return root ? read_page(b, root, pg)
		    : page_of(pg, e->value + BUCKET_HEAD, e->n_value - BUCKET_HEAD);
}

static bool walk(struct cap_bolt *b, const char *const *path, struct page *pg, struct elem *e)
{
	b->budget = MAX_READS;
	if (!read_page(b, b->root, pg))
		return false;
	for (; *path; path++) {
		if (!find(b, *pg, *path, e))
			return false;
		if (path[1] && !enter(b, e, pg))
			return false;
	}
	return true;
}

bool cap_bolt__get(struct cap_bolt *b, const char *const *path, struct buf *out)
{
	struct page pg;
	struct elem e;

	if (!walk(b, path, &pg, &e) || e.flags & IS_BUCKET)
		return false;
	buf__add(out, e.value, e.n_value);
	return true;
}

/* Buckets that are listed are small ones, labels: a single page, or one level of branches. */
void cap_bolt__each(struct cap_bolt *b, const char *const *path,
		    void (*fn)(void *arg, const uint8_t *key, size_t n_key, const uint8_t *value,
			       size_t n_value),
		    void *arg)
{
	struct page pg;
	struct elem e;

	if (!walk(b, path, &pg, &e) || !enter(b, &e, &pg) || pg.flags != LEAF)
		return;
	for (unsigned i = 0; i < pg.n && elem_at(&pg, i, &e); i++)
		if (!(e.flags & IS_BUCKET))
			fn(arg, e.key, e.n_key, e.value, e.n_value);
}

/* --- opening ---------------------------------------------------------------------------------- */

static uint64_t fnv1a(const uint8_t *p, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u;

	while (n--)
		h = (h ^ *p++) * 0x100000001b3u;
	return h;
}

/*
 * magic 4, version 4, page size 4, flags 4, root bucket 16, freelist 8, pages 8, transaction 8,
 * checksum 8 of all before it. The transaction, or 0.
 */
static uint64_t try_meta(struct cap_bolt *b, uint64_t at)
{
	uint8_t m[PAGE_HEAD + META_SIZE];
	const uint8_t *p = m + PAGE_HEAD;
	uint32_t size;

	if (pread(b->fd, m, sizeof(m), (off_t)at) != (ssize_t)sizeof(m) ||
	    u16_at(m + 8) != META || u32_at(p) != MAGIC || u32_at(p + 4) != VERSION ||
	    fnv1a(p, META_SIZE - 8) != u64_at(p + META_SIZE - 8))
		return 0;
	size = u32_at(p + 8);
	if (size < 512 || size > 65536 || (size & (size - 1)))
		return 0;
	b->page_size = size;
	b->root = u64_at(p + 16);
	return u64_at(p + 48) + 1;
}

bool cap_bolt__open(struct cap_bolt *b, int fd)
{
	struct cap_bolt second;
	uint64_t first, other;

	*b = (struct cap_bolt){ .fd = fd };
	if (fd < 0)
		return false;
	first = try_meta(b, 0);
	second = *b;
	other = try_meta(&second, b->page_size ? b->page_size : 4096);
	if (other > first)
		*b = second;
	if (first || other)
		return true;
	cap_bolt__close(b);
	return false;
}

void cap_bolt__close(struct cap_bolt *b)
{
	buf__done(&b->page);
	if (b->fd >= 0)
		close(b->fd);
	b->fd = -1;
}
