// SPDX-License-Identifier: Apache-2.0
/*
 * Regular expressions on PCRE2. The subject belongs to the attacker: backtracking is cut off after
 * a fixed number of steps, and the same pattern is then run by PCRE2's other matcher, which follows
 * all paths at once and needs no luck. For each byte it compares each path with those before it: its
 * memory, which limits the paths, is given by the length of the subject. Only if that runs out as
 * well is the answer "no match".
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "engine/filter/match/match.h"
#include "engine/filter/match/match_utf8.h"
#include "engine/filter/match/regex_need.h"
#include "engine/filter/match/regex_posix.h"

#define MATCH_STEPS 50000u		/* backtracking steps before the other matcher is used */
#define MATCH_KIB 4096u
#define DFA_WORDS 16384u
#define DFA_STEPS (1u << 26)		/* comparisons of paths: some tenths of a second at most */
#define DFA_LOOKS (1u << 22)		/* looks at what follows, for $ and its like */
#define DFA_LEAST 32u			/* paths that are followed on any text */

struct match_regex {
	pcre2_code *code;
	struct regex_need need;
};

struct match_scratch {
	pcre2_match_data *data;
	pcre2_match_context *limits, *dfa_limits;
	struct buf utf8;
	uint64_t gave_up;
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
	regex_need__find(&re->need, pattern, len);
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
	regex_need__done(&r->need);
	free(r);
}

const struct regex_need *match_regex__need(const struct match_regex *r)
{
	return &r->need;
}

struct match_scratch *match_scratch__new(void)
{
	struct match_scratch *s = xcalloc(1, sizeof(*s));

	s->data = pcre2_match_data_create(1, NULL);
	s->limits = pcre2_match_context_create(NULL);
	s->dfa_limits = pcre2_match_context_create(NULL);
	if (!s->data || !s->limits || !s->dfa_limits)
		abort();	/* as any other allocation that fails */
	pcre2_set_match_limit(s->dfa_limits, DFA_LOOKS);
	pcre2_set_heap_limit(s->dfa_limits, MATCH_KIB);
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
	pcre2_match_context_free(s->dfa_limits);
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

uint64_t match_scratch__gave_up(const struct match_scratch *s)
{
	return s->gave_up;
}

bool match_scratch__give_up(struct match_scratch *s)
{
	s->gave_up++;
	return false;
}

/* Words of working memory for a subject of n bytes: two lists of paths of three words each, and a little. */
static size_t dfa_words(PCRE2_SIZE n)
{
	uint64_t paths = DFA_LEAST;

	while (paths * paths * n < DFA_STEPS && paths * 6 < DFA_WORDS - 40)
		paths += paths / 4;
	return paths * 6 + 20;
}

static int match_all_paths(const struct match_regex *re, struct match_scratch *s, PCRE2_SPTR subject, PCRE2_SIZE n)
{
	int r = pcre2_dfa_match(re->code, subject, n, 0, PCRE2_NO_UTF_CHECK, s->data, s->dfa_limits, s->dfa,
				dfa_words(n));

	if (r < 0 && r != PCRE2_ERROR_NOMATCH)
		match_scratch__give_up(s);
	return r;
}

bool match_regex(const struct match_regex *re, struct match_scratch *s, const char *p, uint32_t len)
{
	PCRE2_SPTR subject = (PCRE2_SPTR)p;
	PCRE2_SIZE n = len;
	int r;

	if (!regex_need__holds(&re->need, p, len))
		return false;
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
		r = match_all_paths(re, s, subject, n);
	return r >= 0;
}
