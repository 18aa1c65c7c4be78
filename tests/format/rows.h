/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows - batches made of a seed, and comparing batches.
 */
#ifndef TESTS_ROWS_H
#define TESTS_ROWS_H

#include "format/batch/batch.h"

struct rng { uint64_t s; };
uint64_t rng__next(struct rng *r);
/* 0 .. n - 1 */
uint64_t rng__below(struct rng *r, uint64_t n);

/*
 * Append n random events of up to max_types kinds: numbers of all widths and habits, missing parameters, strings
 * that repeat, hold NULs or were cut, payloads. Stops when the batch is full.
 */
void rows__random(struct fmt_batch *b, uint64_t seed, uint32_t n, unsigned max_types);
/* Append n events that look like those of a few processes at work. */
void rows__plausible(struct fmt_batch *b, uint64_t seed, uint32_t n);

/* Fails the test unless row `i` of a and row `j` of b are the same event with the same parameters. */
void rows__assert_equal(const struct fmt_batch *a, uint32_t i, const struct fmt_batch *b, uint32_t j);
void rows__assert_all_equal(const struct fmt_batch *a, const struct fmt_batch *b);
/* Read everything that a batch shows, so that a sanitizer sees it. */
uint64_t rows__walk(const struct fmt_batch *b);

#endif
