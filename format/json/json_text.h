/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_text - the insides of strings, with their escapes resolved; of documents that have been parsed.
 */
#ifndef FMT_JSON_TEXT_H
#define FMT_JSON_TEXT_H

#include "format/json/json_doc.h"

/* Is it this text? */
bool json_text__is(const struct json_doc *d, const struct json_node *n, const char *text, size_t len);
/* Into out, which has room for n->len bytes; the bytes it takes. */
size_t json_text__decode(const struct json_doc *d, const struct json_node *n, char *out);

#endif
