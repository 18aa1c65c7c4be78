/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vectorize - for functions that are loops over many numbers or bytes.
 */
#ifndef FMT_VECTORIZE_H
#define FMT_VECTORIZE_H

/* At -O2 clang vectorises such loops by itself, gcc 12 does not. */
#ifdef __clang__
#define VECTORIZE
#else
#define VECTORIZE __attribute__((optimize("O3")))
#endif

#endif
