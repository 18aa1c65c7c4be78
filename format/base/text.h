/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text - safe output, and parsing of what people type: sizes, durations, times.
 */
#ifndef FMT_TEXT_H
#define FMT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "format/base/alloc.h"
#include "format/base/err.h"

/*
 * Append untrusted bytes so that a terminal cannot be told anything by them: printable UTF-8 stays,
 * every control byte, escape, DEL, C1 code, bidi control and invalid sequence becomes \xNN (or \n, \t, \r).
 */
void text__safe(struct buf *out, const char *s, size_t n);

/* Print a file name, or whatever else is not ours, made safe in the same way. */
void text__print(FILE *to, const char *s);

/*
 * Append as the inside of a JSON string: quotes, backslash and whatever text__safe does not let through escaped; invalid
 * UTF-8 becomes U+FFFD.
 */
void text__json(struct buf *out, const char *s, size_t n);

/* Is it UTF-8 (Unicode 15, table 3-7), NULs and control characters allowed? Then text__json loses nothing. */
bool text__is_utf8(const char *s, size_t n);

/* "256MiB", "64k", "1G", "1000" (bytes). k, M, G and KiB, MiB, GiB are powers of 1024; kB, MB, GB of 1000. */
int text__parse_size(const char *s, uint64_t *ret_bytes, struct err *err);
/* "30s", "500ms", "1m30s", "2h", "250us", "10ns"; a bare number means seconds. */
int text__parse_duration(const char *s, uint64_t *ret_ns, struct err *err);
/*
 * A moment: "+30s" (from base_ns), "-10s" (before base_ns), "14:03:07[.fraction]" (local time of base_ns's day),
 * "2026-11-27[T ]14:03:07[.fraction][Z|+hh:mm]", or a bare number of ns since the epoch with suffix "ns".
 */
int text__parse_time(const char *s, uint64_t base_ns, uint64_t *ret_ns, struct err *err);
/* The value of a digit of base64 (RFC 4648, table 1), -1 if it is none. */
int text__base64_digit(char c);
/* The mode of a file, "0640" (octal, 1 to 0777); false if it is none, and *ret is then as it was. */
bool text__parse_mode(const char *s, uint32_t *ret);
/* Make "\\040" a blank, and so on, in its place: how proc(5) writes paths of mounts. Returns s. */
char *text__unescape_octal(char *s);
int text__parse_u64(const char *s, uint64_t max, uint64_t *ret, struct err *err);

/* "1.2 MiB", "340 ns", "1.25 s" into buf (32 bytes are enough); return buf. */
const char *text__size(uint64_t bytes, char buf[32]);
const char *text__duration(uint64_t ns, char buf[32]);
/* Thousands separated: "12,345,678". */
const char *text__count(uint64_t n, char buf[32]);
/* Local "HH:MM:SS.nnnnnnnnn"; ISO UTC "YYYY-MM-DDTHH:MM:SS.nnnnnnnnn" + suffix ("Z" or "+0000"). */
const char *text__clock(uint64_t ns, char buf[40]);
const char *text__iso(uint64_t ns, const char *suffix, char buf[48]);

#endif
