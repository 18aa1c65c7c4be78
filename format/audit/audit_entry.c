// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "format/audit/audit.h"

#define NS 1000000000ull

/* --- times ------------------------------------------------------------------------------------------------- */

/* n digits at p as a number; false if they are not all digits. */
static bool number(const char *p, unsigned n, uint32_t *ret)
{
	uint32_t v = 0;

	for (unsigned k = 0; k < n; k++) {
		if (p[k] < '0' || p[k] > '9')
			return false;
		v = v * 10 + (uint32_t)(p[k] - '0');
	}
	*ret = v;
	return true;
}

/* Days from 1970-01-01, of the Gregorian calendar. */
static int64_t days_of(int64_t y, uint32_t m, uint32_t d)
{
	int64_t era;

	y -= m <= 2;
	era = y / 400;
	return era * 146097 + ((y - era * 400) * 365 + (y - era * 400) / 4 - (y - era * 400) / 100) +
	       (153 * (m + (m > 2 ? -3u : 9u)) + 2) / 5 + d - 1 - 719468;
}

static bool offset_of(const char *p, size_t n, int64_t *ret)
{
	uint32_t h, m;

	if (n == 1 && (*p | 32) == 'z') {
		*ret = 0;
		return true;
	}
	if (n != 6 || (*p != '+' && *p != '-') || p[3] != ':' || !number(p + 1, 2, &h) || !number(p + 4, 2, &m))
		return false;
	*ret = (h * 3600 + m * 60) * (*p == '-' ? -1 : 1);
	return true;
}

bool audit_time__get(const char *p, size_t n, uint64_t *ret)
{
	uint32_t y, mo, d, h, mi, s, ns = 0, scale = 100000000;
	int64_t offset, t;
	size_t at = 19;

	if (n < 20 || p[4] != '-' || p[7] != '-' || (p[10] | 32) != 't' || p[13] != ':' || p[16] != ':' ||
	    !number(p, 4, &y) || !number(p + 5, 2, &mo) || !number(p + 8, 2, &d) || !number(p + 11, 2, &h) ||
	    !number(p + 14, 2, &mi) || !number(p + 17, 2, &s))
		return false;
	if (y < 1970 || y > 2500 || mo < 1 || mo > 12 || d < 1 || d > 31 || h > 23 || mi > 59 || s > 60)
		return false;
	if (p[at] == '.')
		for (at++; at < n && p[at] >= '0' && p[at] <= '9'; at++, scale /= 10)
			ns += scale * (uint32_t)(p[at] - '0');
	if (!offset_of(p + at, n - at, &offset))
		return false;
	t = days_of(y, mo, d) * 86400 + h * 3600 + mi * 60 + s - offset;
	if (t < 0)
		return false;
	*ret = (uint64_t)t * NS + ns;
	return true;
}

static bool time_of(const struct json_doc *d, uint32_t node, uint64_t *ret)
{
	return json_doc__kind(d, node) == JSON_STRING &&
	       audit_time__get(d->text + d->nodes[node].at, d->nodes[node].len, ret);
}

/* --- an entry ---------------------------------------------------------------------------------------------- */

uint32_t audit_doc__next(const struct json_doc *d, uint32_t *at)
{
	uint32_t items;

	if (d->nodes[0].kind == JSON_ARRAY)
		return json_doc__next(d, 0, at, NULL);
	if (json_doc__is(d, json_doc__get(d, 0, "kind"), "EventList")) {
		items = json_doc__get(d, 0, "items");
		return json_doc__kind(d, items) == JSON_ARRAY ? json_doc__next(d, items, at, NULL) : JSON_NONE;
	}
	return (*at)++ ? JSON_NONE : 0;
}

/* Older entries have the time of writing only, in whole seconds. */
static bool older_time(const struct json_doc *d, uint32_t node, uint64_t *ret)
{
	return time_of(d, json_doc__get(d, node, "timestamp"), ret) ||
	       time_of(d, json_doc__get(d, json_doc__get(d, node, "metadata"), "creationTimestamp"), ret);
}

bool audit_entry__read(const struct json_doc *d, uint32_t node, struct audit_entry *ret, const char **ret_why)
{
	struct audit_entry e = { .doc = d, .node = node, .stage = JSON_NONE, .verb = JSON_NONE, .user = JSON_NONE,
				 .ref = JSON_NONE, .status = JSON_NONE };
	uint32_t at = 0, v, key, kind = JSON_NONE, id = JSON_NONE, staged = JSON_NONE, received = JSON_NONE;
	const struct { const char *name; uint32_t *to; } members[] = {
		{ "kind", &kind }, { "auditID", &id }, { "stage", &e.stage }, { "verb", &e.verb }, { "user", &e.user },
		{ "objectRef", &e.ref }, { "responseStatus", &e.status }, { "stageTimestamp", &staged },
		{ "requestReceivedTimestamp", &received },
	};

	*ret_why = "is no audit event: not an object";
	if (json_doc__kind(d, node) != JSON_OBJECT)
		return false;
	while ((v = json_doc__next(d, node, &at, &key)) != JSON_NONE)
		for (size_t k = 0; k < sizeof(members) / sizeof(*members); k++)
			if (json_doc__is(d, key, members[k].name)) {
				*members[k].to = v;
				break;
			}
	*ret_why = "is no audit event: of another kind, or without auditID";
	if ((kind != JSON_NONE && !json_doc__is(d, kind, "Event")) || json_doc__kind(d, id) != JSON_STRING)
		return false;
	*ret_why = "is an audit event without a time that can be read";
	if (!time_of(d, staged, &e.ts) && !time_of(d, received, &e.ts) && !older_time(d, node, &e.ts))
		return false;
	e.user = json_doc__get(d, e.user, "username");
	*ret = e;
	return true;
}

/* The entry without some of its members. */
static void put_without(const struct audit_entry *e, const char *a, const char *b, struct buf *out)
{
	const struct json_doc *d = e->doc;
	uint32_t at = 0, v, key;
	bool first = true;

	out->len = 0;
	buf__u8(out, '{');
	while ((v = json_doc__next(d, e->node, &at, &key)) != JSON_NONE) {
		if (json_doc__is(d, key, a) || (b && json_doc__is(d, key, b)))
			continue;
		if (!first)
			buf__u8(out, ',');
		first = false;
		json_doc__put(d, key, out);
		buf__u8(out, ':');
		json_doc__put(d, v, out);
	}
	buf__u8(out, '}');
}

static void give(const struct audit_entry *e, struct fmt_batch *b, struct audit_scratch *s, unsigned param, uint32_t node)
{
	const char *p;
	uint32_t len;

	if (json_doc__kind(e->doc, node) != JSON_STRING)
		return;
	p = json_doc__text(e->doc, node, &s->mem, &len);
	fmt_batch__str(b, param, p, len, len);
}

/* What most conditions ask for, so that they need not look into the text. */
static void give_members(const struct audit_entry *e, struct fmt_batch *b, struct audit_scratch *s)
{
	static const struct { const char *name; uint8_t param; } of_object[] = {
		{ "resource", P_k8s_audit_resource }, { "subresource", P_k8s_audit_subresource },
		{ "namespace", P_k8s_audit_namespace }, { "name", P_k8s_audit_name },
	};
	uint32_t code = json_doc__get(e->doc, e->status, "code"), n = 0;

	if (json_doc__kind(e->doc, e->stage) == JSON_STRING)
		give(e, b, s, P_k8s_audit_stage, e->stage);
	else
		fmt_batch__str(b, P_k8s_audit_stage, "", 0, 0);
	give(e, b, s, P_k8s_audit_verb, e->verb);
	give(e, b, s, P_k8s_audit_user, e->user);
	for (size_t k = 0; k < sizeof(of_object) / sizeof(*of_object); k++)
		give(e, b, s, of_object[k].param, json_doc__get(e->doc, e->ref, of_object[k].name));
	if (json_doc__kind(e->doc, code) == JSON_NUMBER && e->doc->nodes[code].len <= 9 &&
	    number(e->doc->text + e->doc->nodes[code].at, e->doc->nodes[code].len, &n))
		fmt_batch__int(b, P_k8s_audit_code, n);
}

bool audit_entry__add(const struct audit_entry *e, struct fmt_batch *b, struct audit_scratch *s)
{
	const struct json_node *n = &e->doc->nodes[e->node];
	const char *p = e->doc->text + n->at;
	uint32_t len = n->len, full;

	if (e->doc->blanks) {
		s->text.len = 0;
		json_doc__put(e->doc, e->node, &s->text);
		p = (char *)s->text.p;
		len = (uint32_t)s->text.len;
	}
	full = len;
	if (len > FMT_MAX_STR)
		put_without(e, "responseObject", NULL, &s->text);
	if (len > FMT_MAX_STR && s->text.len > FMT_MAX_STR)
		put_without(e, "responseObject", "requestObject", &s->text);
	if (len > FMT_MAX_STR) {
		p = (char *)s->text.p;
		len = (uint32_t)s->text.len;
	}
	if (len > FMT_MAX_STR || fmt_batch__begin(b, EV_k8s_audit, e->ts, 0, 0, 0, 0, 0) < 0)
		return false;
	fmt_batch__str(b, P_k8s_audit_json, p, len, full);
	give_members(e, b, s);
	fmt_batch__end(b);
	if (s->mem.used)
		arena__reset(&s->mem);
	return true;
}

void audit_scratch__done(struct audit_scratch *s)
{
	buf__done(&s->text);
	arena__done(&s->mem);
}
