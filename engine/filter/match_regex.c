// SPDX-License-Identifier: Apache-2.0
/*
 * Regular expressions on PCRE2. The subject belongs to the attacker: backtracking is cut off after
 * a fixed number of steps, and the same pattern is then run by PCRE2's other matcher, which follows
 * all paths at once and needs no luck. Only if that runs out of its memory as well is the answer
 * "no match".
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "engine/filter/match.h"
#include "engine/filter/match_utf8.h"
#include "engine/filter/regex_posix.h"

#define MATCH_STEPS 50000u		/* backtracking steps before the other matcher is used */
#define MATCH_KIB 4096u
#define DFA_WORDS 16384u

struct match_regex {
	pcre2_code *code;
};

struct match_scratch {
	pcre2_match_data *data;
	pcre2_match_context *limits;
	struct buf utf8;
	int dfa[DFA_WORDS];
};

int match_regex__new(const char *pattern, uint32_t len, struct match_regex **ret, struct err *err)
{
	struct buf b = { 0 };
	struct match_regex *re;
	pcre2_code *code;
	PCRE2_SIZE at;
	uint8_t msg[128];
	int r, code_err;

	buf__puts(&b, "(?:");
	r = regex_posix__translate(pattern, len, &b, err);
	if (r < 0)
		goto out;
	buf__puts(&b, ")\\z");
	code = pcre2_compile(b.p, b.len, PCRE2_UTF | PCRE2_ANCHORED, &code_err, &at, NULL);
	if (!code) {
		pcre2_get_error_message(code_err, msg, sizeof(msg));
		r = err__set(err, -FMT_E_SYNTAX, "invalid regex pattern: %s", (char *)msg);
		goto out;
	}
	re = xmalloc(sizeof(*re));
	re->code = code;
	*ret = re;
out:
	buf__done(&b);
	return r;
}

void match_regex__free(struct match_regex *r)
{
	if (!r)
		return;
	pcre2_code_free(r->code);
	free(r);
}

struct match_scratch *match_scratch__new(void)
{
	struct match_scratch *s = xcalloc(1, sizeof(*s));

	s->data = pcre2_match_data_create(1, NULL);
	s->limits = pcre2_match_context_create(NULL);
	if (!s->data || !s->limits)
		abort();	/* as any other allocation that fails */
	pcre2_set_match_limit(s->limits, MATCH_STEPS);
	pcre2_set_heap_limit(s->limits, MATCH_KIB);
	return s;
}

void match_scratch__free(struct match_scratch *s)
{
	if (!s)
		return;
	pcre2_match_data_free(s->data);
	pcre2_match_context_free(s->limits);
	buf__done(&s->utf8);
	free(s);
}

static bool is_ascii(const char *p, uint32_t len)
{
	uint8_t any = 0;

	for (uint32_t i = 0; i < len; i++)
		any |= (uint8_t)p[i];
	return any < 128;
}

/* The subject as valid UTF-8: each broken sequence becomes U+FFFD. */
static void make_valid(struct buf *out, const char *s, uint32_t len)
{
	const uint8_t *p = (const uint8_t *)s, *end = p + len;
	uint32_t c;

	out->len = 0;
	while (p < end) {
		int n = utf8_step(p, end, &c);

		if (n > 0)
			buf__add(out, p, (size_t)n);
		else
			buf__puts(out, "\xef\xbf\xbd");
		p += n > 0 ? n : -n;
	}
}

bool match_regex(const struct match_regex *re, struct match_scratch *s, const char *p, uint32_t len)
{
	PCRE2_SPTR subject = (PCRE2_SPTR)p;
	PCRE2_SIZE n = len;
	int r;

	if (!is_ascii(p, len)) {
		make_valid(&s->utf8, p, len);
		subject = s->utf8.p;
		n = s->utf8.len;
	}
	if (!n)
		subject = (PCRE2_SPTR)"";
	r = pcre2_match(re->code, subject, n, 0, PCRE2_NO_UTF_CHECK, s->data, s->limits);
	if (r == PCRE2_ERROR_MATCHLIMIT || r == PCRE2_ERROR_HEAPLIMIT ||
	    r == PCRE2_ERROR_DEPTHLIMIT)
		r = pcre2_dfa_match(re->code, subject, n, 0, PCRE2_NO_UTF_CHECK, s->data, NULL,
				    s->dfa, DFA_WORDS);
	return r >= 0;
}
