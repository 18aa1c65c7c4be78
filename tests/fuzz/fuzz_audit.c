// SPDX-License-Identifier: Apache-2.0
/*
 * The reader of audit logs on hostile bytes. Whatever entry it takes is read again from its row alone, by every field, and
 * means the same.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/field/field.h"
#include "format/audit/audit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask_fields(struct eng_state *st, const struct fmt_ev *ev)
{
	static const char *const args[] = { "", "[1]", "[command]", "[/user]" };
	struct arena mem = { 0 }, scratch = { 0 };
	struct buf text = { 0 };
	struct eng_ctx ctx;
	size_t n;
	const struct eng_field *all = eng_field__all(&n);

	eng_state__enter(st, ev, &ctx);
	for (size_t k = 0; k < n; k++) {
		if (strcmp(all[k].source, "k8s_audit"))
			continue;
		for (size_t a = 0; a < sizeof(args) / sizeof(*args); a++) {
			char name[128];
			int len = snprintf(name, sizeof(name), "%s%s", all[k].name, args[a]);
			struct eng_vals v = { .scratch = &scratch };
			struct eng_fref ref;

			if (eng_field__resolve(name, (size_t)len, &mem, &ref, NULL))
				continue;
			if (eng_field__get(&ref, &ctx, a & 1, &v))
				eng_val__json(&ref, &v, &text);
			text.len = 0;
		}
	}
	eng_state__leave(st, &ctx);
	buf__done(&text);
	arena__done(&mem);
	arena__done(&scratch);
}

/* The row's text is one entry, without blanks, and gives the same row. */
static void read_again(const struct fmt_ev *ev)
{
	const struct fmt_str *s = fmt_ev__str(ev, P_k8s_audit_json);
	struct audit_scratch scratch = { 0 };
	struct json_doc d = { 0 };
	struct audit_entry e;
	struct fmt_batch *b;
	struct fmt_ev again;
	const char *why;

	fmt_batch__new(&b);
	fmt_batch__reset(b, 1);
	if (json_doc__parse(&d, s->p, s->len) || d.used != s->len || d.blanks || !audit_entry__read(&d, 0, &e, &why) ||
	    !audit_entry__add(&e, b, &scratch))
		abort();
	again = fmt_batch__ev(b, 0);
	if (fmt_ev__ts(&again) != fmt_ev__ts(ev) || fmt_ev__str(&again, P_k8s_audit_json)->len != s->len)
		abort();
	fmt_batch__free(b);
	json_doc__done(&d);
	audit_scratch__done(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fmt_batch *b;
	struct fmt_batch_info info;
	struct fmt_source *s;
	struct eng_state *st;

	fmt_audit__probe(data, size);
	eng_state__new(&st);
	fmt_audit__open(&s, open("/dev/null", O_RDONLY | O_CLOEXEC), false, "fuzz", data, size, NULL);
	for (;;) {
		struct err err = { 0 };
		int r = fmt_source__next(s, &b, &info, &err);

		if (r == 1)
			break;
		if (r < 0 && !err.code)
			abort();
		for (uint32_t k = 0; !r && k < b->n; k++) {
			struct fmt_ev ev = fmt_batch__ev(b, k);

			read_again(&ev);
			ask_fields(st, &ev);
		}
	}
	fmt_source__close(s);
	eng_state__free(st);
	return 0;
}
