/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_uri - parameters of a request's URI, as text from anywhere.
 */
#ifndef FMT_AUDIT_URI_H
#define FMT_AUDIT_URI_H

#include <stdbool.h>

#include "format/base/alloc.h"

/*
 * The first value of a parameter of the URI, %XX and + resolved (what is no escape stays as it is), in mem; NULL if it has
 * none of that name.
 */
const char *audit_uri__param(const char *uri, size_t len, const char *name, struct arena *mem, uint32_t *ret_len);
/*
 * The same for the next of several: *at is 0 before the first call.
 */
const char *audit_uri__next(const char *uri, size_t len, size_t *at, const char *name, struct arena *mem, uint32_t *ret_len);

#endif
