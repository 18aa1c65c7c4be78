// SPDX-License-Identifier: Apache-2.0
/* Bolt databases: values are found, and no damage leads outside. Real ones: runtimes.bats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/containers/bolt.h"

#define PAGE 512u
#define PAGES 8u

struct image {
	uint8_t p[PAGES * PAGE];
	size_t at[PAGES];		/* where the next key goes */
	unsigned n[PAGES];
};

static void put(uint8_t *p, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static void begin(struct image *m, unsigned page, unsigned flags, unsigned n)
{
	uint8_t *p = m->p + page * PAGE;

	put(p, page, 8);
	put(p + 8, flags, 2);
	put(p + 10, n, 2);
	m->at[page] = 16 + n * 16;
	m->n[page] = 0;
}

static void leaf(struct image *m, unsigned page, unsigned flags, const char *key,
		 const void *value, size_t n)
{
	uint8_t *p = m->p + page * PAGE, *e = p + 16 + m->n[page]++ * 16;

	put(e, flags, 4);
	put(e + 4, (uint64_t)(p + m->at[page] - e), 4);
	put(e + 8, strlen(key), 4);
	put(e + 12, n, 4);
	memcpy(p + m->at[page], key, strlen(key));
	memcpy(p + m->at[page] + strlen(key), value, n);
	m->at[page] += strlen(key) + n;
}

static void branch(struct image *m, unsigned page, const char *key, unsigned child)
{
	uint8_t *p = m->p + page * PAGE, *e = p + 16 + m->n[page]++ * 16;

	put(e, (uint64_t)(p + m->at[page] - e), 4);
	put(e + 4, strlen(key), 4);
	put(e + 8, child, 8);
	memcpy(p + m->at[page], key, strlen(key));
	m->at[page] += strlen(key);
}

static void meta(struct image *m, unsigned page, unsigned root, unsigned txid)
{
	uint8_t *p = m->p + page * PAGE;
	uint64_t h = 0xcbf29ce484222325u;

	put(p, page, 8);
	put(p + 8, 4, 2);
	put(p + 16, 0xED0CDAED, 4);
	put(p + 20, 2, 4);
	put(p + 24, PAGE, 4);
	put(p + 32, root, 8);
	put(p + 64, txid, 8);
	for (unsigned i = 16; i < 72; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	put(p + 72, h, 8);
}

static void bucket(uint8_t b[16], unsigned root)
{
	memset(b, 0, 16);
	put(b, root, 8);
}

/*
 * Root (page 2, or an older one: 3): "ctr" -> page 4, a branch to leaves 5 and 6. In 5 "aa", in 6
 * "zz" -> a bucket inside of the value, with "labels".
 */
static void make(struct image *m)
{
	uint8_t b[16], small[128] = { 0 };

	memset(m, 0, sizeof(*m));
	meta(m, 0, 3, 7);
	meta(m, 1, 2, 8);
	begin(m, 3, 2, 0);
	begin(m, 2, 2, 1);
	bucket(b, 4);
	leaf(m, 2, 1, "ctr", b, sizeof(b));
	begin(m, 4, 1, 2);
	branch(m, 4, "aa", 5);
	branch(m, 4, "mm", 6);
	begin(m, 5, 2, 2);
	leaf(m, 5, 0, "aa", "first", 5);
	leaf(m, 5, 0, "bb", "second", 6);
	begin(m, 6, 2, 2);
	leaf(m, 6, 0, "mm", "third", 5);
	bucket(small, 0);
	put(small + 16 + 8, 2, 2);	/* a leaf page of one element */
	put(small + 16 + 10, 1, 2);
	put(small + 32 + 4, 16, 4);
	put(small + 32 + 8, 3, 4);
	put(small + 32 + 12, 4, 4);
	memcpy(small + 48, "appdemo", 7);
	leaf(m, 6, 1, "zz", small, 55);
}

static int file_of(const struct image *m, size_t n)
{
	int fd = memfd_create("bolt", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, m->p, n), n);
	return fd;
}

static bool get(struct cap_bolt *b, const char *k1, const char *k2, const char *k3, char *out)
{
	const char *const path[] = { k1, k2, k3, NULL };
	struct buf v = { 0 };
	bool found = cap_bolt__get(b, path, &v);

	if (found && out) {
		memcpy(out, v.p, v.len < 31 ? v.len : 31);
		out[v.len < 31 ? v.len : 31] = 0;
	}
	buf__done(&v);
	return found;
}

static void count(void *arg, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
	(void)value;
	assert_memory_equal(key, "app", n_key);
	assert_int_equal(n_value, 4);
	++*(unsigned *)arg;
}

static void values_are_found(void **state)
{
	const char *const labels[] = { "ctr", "zz", NULL };
	struct image m;
	struct cap_bolt b;
	char text[32];
	unsigned n = 0;

	(void)state;
	make(&m);
	assert_true(cap_bolt__open(&b, file_of(&m, sizeof(m.p))));
	assert_true(get(&b, "ctr", "aa", NULL, text));
	assert_string_equal(text, "first");
	assert_true(get(&b, "ctr", "bb", NULL, text));
	assert_string_equal(text, "second");
	assert_true(get(&b, "ctr", "mm", NULL, text));
	assert_string_equal(text, "third");
	assert_true(get(&b, "ctr", "zz", "app", text));
	assert_string_equal(text, "demo");
	assert_false(get(&b, "ctr", "a", NULL, NULL));
	assert_false(get(&b, "ctr", "ab", NULL, NULL));
	assert_false(get(&b, "ctr", "zz", NULL, NULL));		/* a bucket is no value */
	assert_false(get(&b, "ctr", "aa", "app", NULL));	/* a value no bucket */
	assert_false(get(&b, "ct", NULL, NULL, NULL));
	cap_bolt__each(&b, labels, count, &n);
	assert_int_equal(n, 1);
	cap_bolt__close(&b);
}

static void nothing_else_is_a_database(void **state)
{
	struct image m;
	struct cap_bolt b;

	(void)state;
	make(&m);
	m.p[16] ^= 1;
	m.p[PAGE + 40] ^= 1;		/* both meta pages are damaged */
	assert_false(cap_bolt__open(&b, file_of(&m, sizeof(m.p))));
	assert_false(cap_bolt__open(&b, -1));
	make(&m);
	assert_false(cap_bolt__open(&b, file_of(&m, 60)));
}

static void touch(void *arg, const uint8_t *key, size_t n_key, const uint8_t *value, size_t n_value)
{
	for (size_t i = 0; i < n_key; i++)
		*(unsigned *)arg += key[i];
	for (size_t i = 0; i < n_value; i++)
		*(unsigned *)arg += value[i];
}

static void look_around(int fd)
{
	const char *const labels[] = { "ctr", "zz", NULL };
	struct cap_bolt b;
	unsigned n = 0;

	if (!cap_bolt__open(&b, fd))
		return;
	get(&b, "ctr", "aa", NULL, NULL);
	get(&b, "ctr", "mm", NULL, NULL);
	get(&b, "ctr", "zz", "app", NULL);
	cap_bolt__each(&b, labels, touch, &n);
	cap_bolt__close(&b);
}

/* Sanitizers say if anything outside of the pages is read. */
static void any_damage(void **state)
{
	static const uint8_t values[] = { 0, 1, 2, 4, 0x7f, 0x80, 0xff };
	struct image m;

	(void)state;
	make(&m);
	for (size_t i = 2 * PAGE; i < 7 * PAGE; i++)
		for (size_t k = 0; k < sizeof(values); k++) {
			uint8_t was = m.p[i];
			bool key = (i % PAGE) >= 48;

			if (key && k)
				break;
			m.p[i] = values[k];
			look_around(file_of(&m, sizeof(m.p)));
			m.p[i] = was;
		}
	for (size_t n = 0; n < sizeof(m.p); n += 40)
		look_around(file_of(&m, n));
}

/* A page that leads to itself ends. */
static void rings_of_pages(void **state)
{
	struct image m;
	struct cap_bolt b;

	(void)state;
	make(&m);
	put(m.p + 4 * PAGE + 16 + 8, 4, 8);
	assert_true(cap_bolt__open(&b, file_of(&m, sizeof(m.p))));
	assert_false(get(&b, "ctr", "aa", NULL, NULL));
	cap_bolt__close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_found),
		cmocka_unit_test(nothing_else_is_a_database),
		cmocka_unit_test(any_damage),
		cmocka_unit_test(rings_of_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
