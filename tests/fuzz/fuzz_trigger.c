// SPDX-License-Identifier: Apache-2.0
/*
 * Triggers of other tools on hostile bytes. What is taken obeys the limits that are promised, and asked for again in the plain form
 * it means the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/trigger/trigger_request.h"
#include "format/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *s, size_t max)
{
	if (!s || strlen(s) > max)
		abort();
}

static void put(struct buf *out, const char *key, const char *text)
{
	if (!*text)
		return;
	buf__printf(out, "%s\"%s\": \"", out->len > 1 ? ", " : "", key);
	text__json(out, text, strlen(text));
	buf__puts(out, "\"");
}

static void again(const struct eng_trigger_request *r)
{
	struct eng_trigger_request r2;
	struct buf b = { 0 };

	buf__puts(&b, "{");
	put(&b, "container", r->container);
	put(&b, "pod", r->pod);
	put(&b, "namespace", r->ns);
	buf__printf(&b, "%s\"host\": %s}", b.len > 1 ? ", " : "",
		    r->host && !*r->container && !*r->pod ? "true" : "false");
	if (eng_trigger_request__parse((char *)b.p, b.len, &r2, NULL) || r2.form != TRIGGER_PLAIN ||
	    r2.host != r->host || strcmp(r2.container, r->container))
		abort();
	if (text__is_utf8(r->pod, strlen(r->pod)) && strcmp(r2.pod, r->pod))
		abort();
	eng_trigger_request__done(&r2);
	buf__done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eng_trigger_request r;
	struct err err = { 0 };
	char *exact = malloc(size ? size : 1);	/* so that a read past the end is one past an allocation */

	memcpy(exact, data, size);
	if (eng_trigger_request__parse(exact, size, &r, &err)) {
		if (!*err.msg)
			abort();
		free(exact);
		return 0;
	}
	free(exact);
	check_text(r.container, 256);
	check_text(r.ns, 512);
	check_text(r.pod, 512);
	check_text(r.rule, 512);
	check_text(r.machine, 512);
	check_text(r.reason, 4096);
	if (r.before_ns > ENG_TRIGGER_SPAN_MAX_NS || r.after_ns > ENG_TRIGGER_SPAN_MAX_NS || r.priority > PRIO_DEBUG)
		abort();
	again(&r);
	eng_trigger_request__done(&r);
	return 0;
}
