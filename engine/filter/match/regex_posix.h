/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex_posix - patterns of RE2's POSIX syntax written as PCRE2 patterns of the same meaning.
 *
 * What the two take for granted differently is made explicit: a repetition of a repetition is a
 * repetition (no lazy, no possessive quantifiers), ^ and $ match at line ends, '.' does not match a
 * line feed, there is no \d \s \w \b, no (?...), no reference. What RE2 refuses is refused here.
 */
#ifndef ENG_REGEX_POSIX_H
#define ENG_REGEX_POSIX_H

#include "format/base/alloc.h"
#include "format/base/err.h"

/* 0 with the pattern appended to out, or -FMT_E_SYNTAX with the reason in err. */
int regex_posix__translate(const char *pattern, uint32_t len, struct buf *out, struct err *err);

#endif
