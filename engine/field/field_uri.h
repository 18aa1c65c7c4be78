/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field_uri - parameters of a request's URI, as text from anywhere.
 */
#ifndef ENG_FIELD_URI_H
#define ENG_FIELD_URI_H

#include <stdbool.h>

#include "format/base/alloc.h"

/*
 * The first value of a parameter of the URI, %XX and + resolved (what is no escape stays as it is), in mem; NULL if it has
 * none of that name.
 */
const char *uri__param(const char *uri, size_t len, const char *name, struct arena *mem, uint32_t *ret_len);

#endif
