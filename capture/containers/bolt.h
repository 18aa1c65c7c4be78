/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bolt - one value out of a bolt database: what containerd and podman keep their containers in.
 *
 * Read-only and without a lock: the owner holds one. A page is never changed in place while the
 * newest of the two meta pages leads to it, so what is read is what was committed last; a reader
 * that is overtaken meets pages that do not fit, and finds nothing.
 *
 * Format: go.etcd.io/bbolt, page.go, bucket.go, db.go, version 2, little-endian.
 * Input: untrusted. Sizes, depth and number of pages are limited.
 */
#ifndef CAP_BOLT_H
#define CAP_BOLT_H

#include <stdbool.h>
#include <stdint.h>

#include "format/base/alloc.h"

struct cap_bolt {
	int fd;
	uint32_t page_size;
	uint64_t root;			/* page of the root bucket */
	unsigned budget;		/* pages that may still be read */
	struct buf page;		/* the one at hand */
};

/* Takes fd over. False (and fd closed) if it is no such database. */
bool cap_bolt__open(struct cap_bolt *b, int fd);
void cap_bolt__close(struct cap_bolt *b);

/*
 * The value under a path of buckets and at last a key, each a string, NULL at the end. Appended to
 * out; false if it is not there.
 */
bool cap_bolt__get(struct cap_bolt *b, const char *const *path, struct buf *out);
/*
 * All keys with values of the bucket under a path, in order. key and value are borrowed for the
 * call.
 */
void cap_bolt__each(struct cap_bolt *b, const char *const *path,
		    void (*fn)(void *arg, const uint8_t *key, size_t n_key, const uint8_t *value,
			       size_t n_value),
		    void *arg);

#endif
