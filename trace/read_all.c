// SPDX-License-Identifier: Apache-2.0
#include <string.h>
#include <sys/stat.h>

#include "format/base/cli.h"
#include "format/base/progress.h"
#include "trace/read_all.h"
#include "trace/tool_error.h"

int reading__open(struct reading *r, const char *path, struct err *err)
{
	struct stat st;
	int code;

	*r = (struct reading){ 0 };
	code = fmt_source__open(&r->s, path, err);
	if (code == 0 && strcmp(path, "-") && !stat(path, &st) && S_ISREG(st.st_mode))
		r->size = (uint64_t)st.st_size;
	return code;
}

void reading__close(struct reading *r)
{
	fmt_source__close(r->s);
	r->s = NULL;
}

int reading__next(struct reading *r, const struct fmt_batch **b, struct fmt_batch_info *info, struct err *err)
{
	for (;;) {
		struct err why = { 0 };
		int code;

		*info = (struct fmt_batch_info){ 0 };
		code = fmt_source__next(r->s, b, info, &why);
		if (code == 0) {
			r->done = info->offset;
			r->events += info->keyframe ? 0 : (*b)->n;
		}
		if (code == 0 || code == 1)
			return code;
		if (!tool_error_is_damage(code)) {
			if (err && !err->code)
				*err = why;
			return code;
		}
		progress__clear();
		r->damaged++;
		r->code = r->told ? tool_error_code(code) : tool_error(&why);
	}
}

int reading__all(struct reading *r, read_fn fn, void *arg, struct err *err)
{
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	int code;

	while ((code = reading__next(r, &b, &info, err)) == 0) {
		if (!r->quiet)
			progress__show(r->s->name, r->done, r->size, r->events);
		code = fn(arg, b, &info, err);
		if (code)
			break;
	}
	progress__end();
	return code < 0 ? code : 0;
}
