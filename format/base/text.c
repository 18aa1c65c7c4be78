// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "format/base/text.h"

#define NS 1000000000ull

/*
 * Length of the UTF-8 sequence at s (Unicode 15, table 3-7: no overlong forms, no surrogates), its code point in
 * *cp; 0 if it is not one.
 */
static unsigned utf8_at(const unsigned char *s, size_t n, uint32_t *cp)
{
	unsigned len;
	uint32_t c = s[0], min;

	if (c < 0x80) {
		*cp = c;
		return 1;
	}
	if (c >= 0xc2 && c <= 0xdf) {
		len = 2;
		min = 0x80;
		c &= 0x1f;
	} else if (c >= 0xe0 && c <= 0xef) {
		len = 3;
		min = 0x800;
		c &= 0x0f;
	} else if (c >= 0xf0 && c <= 0xf4) {
		len = 4;
		min = 0x10000;
		c &= 0x07;
	} else {
		return 0;
	}
	if (n < len)
		return 0;
	for (unsigned i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*cp = c;
	return len;
}

/* Code points that move, hide or reorder text on a terminal. */
static bool is_unsafe(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) ||
	       c == 0xad || c == 0x61c || c == 0x180e ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
	       (c >= 0xe0000 && c <= 0xe0fff);
}

bool text__is_utf8(const char *str, size_t n)
{
	const unsigned char *s = (const unsigned char *)str;

	for (size_t i = 0; i < n;) {
		uint32_t cp;
		unsigned len = s[i] < 0x80 ? 1 : utf8_at(s + i, n - i, &cp);

		if (!len)
			return false;
		i += len;
	}
	return true;
}

static void hex_bytes(struct buf *out, const unsigned char *s, unsigned n)
{
	static const char digits[] = "0123456789ABCDEF";

	for (unsigned i = 0; i < n; i++) {
		if (s[i] == '\n')
			buf__puts(out, "\\n");
		else if (s[i] == '\t')
			buf__puts(out, "\\t");
		else if (s[i] == '\r')
			buf__puts(out, "\\r");
		else
			buf__add(out, (char[4]){ '\\', 'x', digits[s[i] >> 4], digits[s[i] & 15] }, 4);
	}
}

void text__safe(struct buf *out, const char *str, size_t n)
{
	const unsigned char *s = (const unsigned char *)str;
	size_t from = 0, i = 0;

	while (i < n) {
		uint32_t cp = 0;
		unsigned len = s[i] >= 0x20 && s[i] < 0x7f ? 1 : utf8_at(s + i, n - i, &cp);

		if ((s[i] >= 0x20 && s[i] < 0x7f) || (len && !is_unsafe(cp))) {
			i += len;
			continue;
		}
		buf__add(out, s + from, i - from);
		if (!len)
			len = 1;
		hex_bytes(out, s + i, len);
		i += len;
		from = i;
	}
	if (from < n)
		buf__add(out, s + from, n - from);
}

void text__json(struct buf *out, const char *str, size_t n)
{
	const unsigned char *s = (const unsigned char *)str;
	size_t from = 0, i = 0;

	while (i < n) {
		uint32_t cp = s[i];
		unsigned len;

		if (cp >= 0x20 && cp < 0x7f && cp != '"' && cp != '\\') {
			i++;
			continue;
		}
		len = cp < 0x80 ? 1 : utf8_at(s + i, n - i, &cp);
		if (len && cp != '"' && cp != '\\' && !is_unsafe(cp)) {
			i += len;
			continue;
		}
		buf__add(out, s + from, i - from);
		if (!len) {
			buf__puts(out, "\xef\xbf\xbd");
			len = 1;
		} else if (cp == '"') {
			buf__puts(out, "\\\"");
		} else if (cp == '\\') {
			buf__puts(out, "\\\\");
		} else if (cp == '\n') {
			buf__puts(out, "\\n");
		} else if (cp == '\r') {
			buf__puts(out, "\\r");
		} else if (cp == '\t') {
			buf__puts(out, "\\t");
		} else if (cp == '\b') {
			buf__puts(out, "\\b");
		} else if (cp == '\f') {
			buf__puts(out, "\\f");
		} else if (cp > 0xffff) {	/* as a surrogate pair */
			buf__printf(out, "\\u%04x\\u%04x", 0xd7c0 + (cp >> 10), 0xdc00 + (cp & 0x3ff));
		} else {
			buf__printf(out, "\\u%04x", cp);
		}
		i += len;
		from = i;
	}
	if (from < n)
		buf__add(out, s + from, n - from);
}

/* Decimal number with optional fraction: *whole and the fraction in 1e-9. False if there is none. */
static bool number(const char **p, uint64_t *whole, uint64_t *frac)
{
	const char *s = *p;
	uint64_t v = 0, f = 0, unit = NS / 10;

	if (!isdigit((unsigned char)*s))
		return false;
	for (; isdigit((unsigned char)*s); s++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return false;
	if (*s == '.' && isdigit((unsigned char)s[1]))
		for (s++; isdigit((unsigned char)*s); s++, unit /= 10)
			f += unit * (uint64_t)(*s - '0');
	*p = s;
	*whole = v;
	*frac = f;
	return true;
}

/* whole + frac/1e9 times unit; false on overflow. */
static bool scale(uint64_t whole, uint64_t frac, uint64_t unit, uint64_t *ret)
{
	__uint128_t v = (__uint128_t)whole * unit + (__uint128_t)frac * unit / NS;

	if (v > UINT64_MAX)
		return false;
	*ret = (uint64_t)v;
	return true;
}

int text__parse_size(const char *s, uint64_t *ret, struct err *err)
{
	static const struct { const char *suffix; uint64_t unit; } units[] = {
		{ "", 1 }, { "B", 1 }, { "k", 1ull << 10 }, { "K", 1ull << 10 }, { "M", 1ull << 20 },
		{ "G", 1ull << 30 }, { "T", 1ull << 40 }, { "KiB", 1ull << 10 }, { "kiB", 1ull << 10 },
		{ "MiB", 1ull << 20 }, { "GiB", 1ull << 30 }, { "TiB", 1ull << 40 }, { "kB", 1000 },
		{ "KB", 1000 }, { "MB", 1000000 }, { "GB", 1000000000 }, { "TB", 1000000000000 },
	};
	uint64_t whole, frac, v;
	const char *p = s;

	if (number(&p, &whole, &frac))
		for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
			if (!strcmp(p, units[i].suffix) && scale(whole, frac, units[i].unit, &v)) {
				*ret = v;
				return 0;
			}
	return err__set(err, FMT_E_VALUE, "'%s' is not a size: write 4096, 64KiB, 256MiB or 1GiB", s);
}

int text__parse_duration(const char *s, uint64_t *ret, struct err *err)
{
	static const struct { const char *suffix; uint64_t unit; } units[] = {
		{ "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "min", 60 * NS }, { "m", 60 * NS },
		{ "s", NS }, { "h", 3600 * NS }, { "d", 86400 * NS },
	};
	uint64_t whole, frac, sum = 0, v;
	const char *p = s;
	size_t i;

	do {
		if (!number(&p, &whole, &frac))
			goto bad;
		for (i = 0; i < sizeof(units) / sizeof(*units); i++)
			if (!strncmp(p, units[i].suffix, strlen(units[i].suffix)))
				break;
		if (i == sizeof(units) / sizeof(*units)) {
			if (*p || p == s || sum)
				goto bad;
			i = 5;		/* a bare number means seconds */
		} else {
			p += strlen(units[i].suffix);
		}
		if (!scale(whole, frac, units[i].unit, &v) || __builtin_add_overflow(sum, v, &sum))
			goto bad;
	} while (*p);
	*ret = sum;
	return 0;
bad:
	return err__set(err, FMT_E_VALUE, "'%s' is not a duration: write 30s, 500ms, 1m30s or 2h", s);
}

/* n digits at *p as a number in lo..hi. */
static bool digits(const char **p, unsigned n, int lo, int hi, int *ret)
{
	int v = 0;

	for (unsigned i = 0; i < n; i++, (*p)++) {
		if (!isdigit((unsigned char)**p))
			return false;
		v = v * 10 + (**p - '0');
	}
	*ret = v;
	return v >= lo && v <= hi;
}

/* HH:MM[:SS[.fraction]] */
static bool clock_time(const char **p, struct tm *tm, uint64_t *frac)
{
	uint64_t whole;

	*frac = 0;
	if (!digits(p, 2, 0, 23, &tm->tm_hour) || *(*p)++ != ':' || !digits(p, 2, 0, 59, &tm->tm_min))
		return false;
	if (**p != ':')
		return true;
	(*p)++;
	if (!isdigit((unsigned char)**p) || !isdigit((unsigned char)(*p)[1]) ||
	    !number(p, &whole, frac) || whole > 60)
		return false;
	tm->tm_sec = (int)whole;
	return true;
}

static bool date_time(const char *p, uint64_t *ret)
{
	struct tm tm = { .tm_isdst = -1 };
	int year, month, oh = 0, om = 0;
	uint64_t frac = 0;
	char sign;
	time_t t;

	if (!digits(&p, 4, 1970, 2500, &year) || *p++ != '-' || !digits(&p, 2, 1, 12, &month) ||
	    *p++ != '-' || !digits(&p, 2, 1, 31, &tm.tm_mday))
		return false;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	if (*p == 'T' || *p == ' ') {
		p++;
		if (!clock_time(&p, &tm, &frac))
			return false;
	}
	sign = *p;
	if (sign == 'Z') {
		p++;
		t = timegm(&tm);
	} else if (sign == '+' || sign == '-') {
		p++;
		if (!digits(&p, 2, 0, 23, &oh))
			return false;
		if (*p == ':')
			p++;
		if (!digits(&p, 2, 0, 59, &om))
			return false;
		t = timegm(&tm) - (sign == '+' ? 1 : -1) * (oh * 3600 + om * 60);
	} else {
		t = mktime(&tm);
	}
	if (*p || t < 0)
		return false;
	*ret = (uint64_t)t * NS + frac;
	return true;
}

int text__parse_time(const char *s, uint64_t base, uint64_t *ret, struct err *err)
{
	uint64_t v, frac;
	const char *p = s;
	char *end;

	if (*s == '+' || *s == '-') {
		if (!text__parse_duration(s + 1, &v, NULL)) {
			if (*s == '+')
				*ret = v > UINT64_MAX - base ? UINT64_MAX : base + v;
			else
				*ret = v > base ? 0 : base - v;
			return 0;
		}
		goto bad;
	}
	if (isdigit((unsigned char)*s)) {
		errno = 0;
		v = strtoull(s, &end, 10);
		if (!errno && !strcmp(end, "ns")) {
			*ret = v;
			return 0;
		}
	}
	if (strlen(s) >= 5 && s[2] == ':') {
		time_t day = (time_t)(base / NS);
		struct tm tm;

		localtime_r(&day, &tm);
		tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
		tm.tm_isdst = -1;
		if (clock_time(&p, &tm, &frac) && !*p) {
			*ret = (uint64_t)mktime(&tm) * NS + frac;
			return 0;
		}
		goto bad;
	}
	if (date_time(s, ret))
		return 0;
bad:
	return err__set(err, FMT_E_VALUE,
			"'%s' is not a time: write 14:03:07, 2026-11-27T14:03:07Z or +30s (from the start)", s);
}

bool text__parse_mode(const char *s, uint32_t *ret)
{
	uint32_t v = 0;
	size_t n = strspn(s, "01234567");

	if (!n || n > 4 || s[n])
		return false;
	for (; *s; s++)
		v = v * 8 + (uint32_t)(*s - '0');
	if (!v || v > 0777)
		return false;
	*ret = v;
	return true;
}

int text__parse_u64(const char *s, uint64_t max, uint64_t *ret, struct err *err)
{
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(s, &end, 10);
	if (!isdigit((unsigned char)*s) || *end || errno || v > max)
		return err__set(err, FMT_E_VALUE, "'%s' is not a number from 0 to %llu", s,
				(unsigned long long)max);
	*ret = v;
	return 0;
}

const char *text__size(uint64_t bytes, char buf[32])
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB" };
	double v = (double)bytes;
	unsigned u = 0;

	if (bytes < 1024) {
		snprintf(buf, 32, "%u B", (unsigned)bytes);
		return buf;
	}
	for (v /= 1024; v >= 1023.95 && u < 4; u++)
		v /= 1024;
	snprintf(buf, 32, "%.1f %s", v, units[u]);
	return buf;
}

const char *text__duration(uint64_t ns, char buf[32])
{
	if (ns < 1000)
		snprintf(buf, 32, "%u ns", (unsigned)ns);
	else if (ns < 1000000)
		snprintf(buf, 32, "%.1f us", (double)ns / 1e3);
	else if (ns < NS)
		snprintf(buf, 32, "%.1f ms", (double)ns / 1e6);
	else if (ns < 120 * NS)
		snprintf(buf, 32, "%.2f s", (double)ns / 1e9);
	else if (ns < 7200 * NS)
		snprintf(buf, 32, "%llum%02llus", (unsigned long long)(ns / NS / 60),
			 (unsigned long long)(ns / NS % 60));
	else
		snprintf(buf, 32, "%lluh%02llum", (unsigned long long)(ns / NS / 3600),
			 (unsigned long long)(ns / NS / 60 % 60));
	return buf;
}

const char *text__count(uint64_t n, char buf[32])
{
	char digits_[24];
	int len = snprintf(digits_, sizeof(digits_), "%llu", (unsigned long long)n), o = 0;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			buf[o++] = ',';
		buf[o++] = digits_[i];
	}
	buf[o] = 0;
	return buf;
}

const char *text__clock(uint64_t ns, char buf[40])
{
	/* localtime_r is slow; most calls come in the same second as the one before */
	static __thread time_t last = -1;
	static __thread char hms[16];
	time_t t = (time_t)(ns / NS);

	if (t != last) {
		struct tm tm;

		localtime_r(&t, &tm);
		snprintf(hms, sizeof(hms), "%02d:%02d:%02d", tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100);
		last = t;
	}
	snprintf(buf, 40, "%s.%09u", hms, (unsigned)(ns % NS));
	return buf;
}

const char *text__iso(uint64_t ns, const char *suffix, char buf[48])
{
	time_t t = (time_t)(ns / NS);
	struct tm tm;

	gmtime_r(&t, &tm);
	/* the remainders only tell the compiler how long the text can get */
	snprintf(buf, 48, "%04u-%02u-%02uT%02u:%02u:%02u.%09u%.8s", (unsigned)(tm.tm_year + 1900) % 10000,
		 (unsigned)(tm.tm_mon + 1) % 100, (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100,
		 (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100, (unsigned)(ns % NS), suffix);
	return buf;
}

int text__base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

void text__print(FILE *to, const char *s)
{
	struct buf b = { 0 };

	text__safe(&b, s, strlen(s));
	if (b.len)
		fwrite(b.p, 1, b.len, to);
	buf__done(&b);
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

char *text__unescape_octal(char *s)
{
	char *to = s;

	for (const char *p = s; *p; to++)
		if (p[0] == '\\' && is_octal(p[1]) && is_octal(p[2]) && is_octal(p[3])) {
			*to = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
			p += 4;
		} else {
			*to = *p++;
		}
	*to = 0;
	return s;
}
