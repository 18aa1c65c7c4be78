// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/base/alloc.h"
#include "format/base/text.h"
#include "engine/sink/out_file.h"
#include "engine/sink/sink.h"

static const struct sink_format *const formats[] = { &sink_spoor, &sink_jsonl, &sink_scap, &sink_scap_gz };
#define N_FORMATS (sizeof(formats) / sizeof(*formats))

struct output {
	struct out_file *file;
	struct sink *sink;
};

static const struct sink_format *by_name(const char *name)
{
	for (size_t k = 0; k < N_FORMATS; k++)
		if (!strcmp(formats[k]->name, name))
			return formats[k];
	return NULL;
}

/* The longest ".NAME" that the path ends with. */
static const struct sink_format *by_extension(const char *path)
{
	const char *slash = strrchr(path, '/'), *dot = slash ? slash + 1 : path;

	while ((dot = strchr(dot, '.')) != NULL) {
		const struct sink_format *f = by_name(++dot);

		if (f)
			return f;
	}
	return NULL;
}

int sink__format(const struct sink_format **ret, const char *path, const char *to, struct err *err)
{
	const struct sink_format *f = to ? by_name(to) : by_extension(path);

	if (!f && to)
		return err__set(err, -FMT_E_VALUE, "--to %s: write spoor, jsonl, scap or scap.gz", to);
	if (!f && !strcmp(path, "-"))
		return err__set(err, -FMT_E_VALUE, "stdout: in which format? --to says it: spoor, jsonl, scap or scap.gz");
	if (!f) {
		err__set(err, -FMT_E_VALUE, "in which format? Its name does not say so: end it with .spoor, .jsonl, .scap or "
			 ".scap.gz");
		err__file(err, path);
		return -FMT_E_VALUE;
	}
	*ret = f;
	return 0;
}

int output__open(struct output **ret, const struct sink_format *f, const char *path, bool force,
		 const char *const *inputs, const struct sink_opts *o, struct err *err)
{
	struct output *out;
	struct out_file *file;
	int fd, r;

	if (o->n_more && f->one_machine) {
		err__set(err, -FMT_E_UNSUPPORTED, "a .%s holds events of one machine, and these are of %u: write .spoor or .jsonl",
			 f->name, o->n_more + 1);
		err__file(err, path);
		return -FMT_E_UNSUPPORTED;
	}
	if (!strcmp(path, "-") && isatty(STDOUT_FILENO) && strcmp(f->name, "jsonl")) {
		err__set(err, -EINVAL, "a .%s is not for a terminal: redirect it to a file or a pipe", f->name);
		err__file(err, "stdout");
		return -EINVAL;
	}
	r = out_file__open(&file, path, force, inputs, &fd, err);
	if (r < 0)
		return r;
	out = xcalloc(1, sizeof(*out));
	out->file = file;
	r = f->open(&out->sink, fd, out_file__name(file), o, err);
	if (r < 0) {
		out_file__say_nothing_left(file, r, err);
		err__file(err, out_file__name(file));
		output__abort(out);
		return r;
	}
	*ret = out;
	return 0;
}

int output__open_fd(struct output **ret, const struct sink_format *f, int fd, const char *name,
		    const struct sink_opts *o, struct err *err)
{
	struct output *out = xcalloc(1, sizeof(*out));
	int r = f->open(&out->sink, fd, name, o, err);

	if (r < 0) {
		free(out);
		return r;
	}
	*ret = out;
	return 0;
}

int output__batch(struct output *out, const struct fmt_batch *b, const struct fmt_batch_info *info, struct err *err)
{
	int r = out->sink->ops->batch(out->sink, b, info, err);

	if (r < 0 && out->file)
		out_file__say_nothing_left(out->file, r, err);
	return r;
}

void output__note(struct output *out, const char *container)
{
	if (out->sink->ops->note)
		out->sink->ops->note(out->sink, container);
}

int output__close(struct output *out, struct sink_stats *stats, struct err *err)
{
	int r = out->sink->ops->close(out->sink, true, stats, err);

	out->sink = NULL;
	if (!out->file) {
		free(out);
		return r;
	}
	if (r < 0) {
		out_file__say_nothing_left(out->file, r, err);
		output__abort(out);
		return r;
	}
	r = out_file__commit(out->file, err);
	free(out);
	return r;
}

void output__abort(struct output *out)
{
	if (!out)
		return;
	if (out->sink)
		out->sink->ops->close(out->sink, false, NULL, NULL);
	out_file__abort(out->file);
	free(out);
}

void sink_opts__of_source(struct sink_opts *o, const struct fmt_source *s, const struct fmt_meta *meta)
{
	o->meta = meta;
	o->more = s->more;
	o->n_more = s->n_more;
	o->context = s->has_context;
}

void output__say(const char *path, const struct sink_stats *st)
{
	FILE *to = strcmp(path, "-") ? stdout : stderr;
	char events[32], size[32], left[32];

	text__print(to, strcmp(path, "-") ? path : "stdout");
	fprintf(to, ": %s events, %s", text__count(st->events, events), text__size(st->bytes, size));
	if (st->left_out)
		fprintf(to, "; left out, for the format has no place for them: %s events", text__count(st->left_out, left));
	fputc('\n', to);
}
