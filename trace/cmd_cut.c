// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "format/base/log.h"
#include "format/base/text.h"
#include "engine/cut/cut.h"
#include "trace/read_all.h"
#include "trace/tool_error.h"
#include "trace/trace_tool.h"

/* What is worked on. */
struct work {
	const struct trace_tool_opts *o;
	struct reading in;
	struct cut_opts cut;
	struct cut *c;
	struct cut_pass *pass;
};

/* base: when the recording began. */
static int set_range(struct work *w, uint64_t base, struct err *err)
{
	int r = 0;

	w->cut.from = 0;
	w->cut.to = UINT64_MAX;
	if (w->o->from)
		r = text__parse_time(w->o->from, base, &w->cut.from, err);
	if (r == 0 && w->o->until)
		r = text__parse_time(w->o->until, base, &w->cut.to, err);
	if (r == 0 && w->cut.to < w->cut.from)
		r = err__set(err, -FMT_E_VALUE, "--to is before --from");
	return r;
}

/* Who does not say when it began begins with its first event. */
static int first_time(struct work *w, uint64_t *ret, struct err *err)
{
	struct reading in;
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	int r;

	*ret = w->in.s->meta.start_ns;
	if (*ret || !(w->o->from || w->o->until))
		return 0;
	if (!w->in.size)
		return err__set(err, -FMT_E_UNSUPPORTED, "the input does not say when it began: a range of time needs a file, not a pipe");
	r = reading__open(&in, w->o->files[0], err);
	if (r < 0)
		return r;
	while ((r = reading__next(&in, &b, &info, err)) == 0)
		if (!info.keyframe && b->n)
			break;
	if (r == 0)
		*ret = b->ts[0];
	reading__close(&in);
	return r < 0 ? r : 0;
}

/* A trace has an index: nothing before the keyframe is read. */
static int go_to_range(struct work *w, struct err *err)
{
	struct err why = { 0 };
	int r;

	if (!w->cut.from || !w->in.s->ops->seek)
		return 0;
	r = w->in.s->ops->seek(w->in.s, w->cut.from, &why);
	if (r == 0 || r == -FMT_E_UNSUPPORTED)
		return 0;		/* a pipe is read from its beginning */
	if (tool_error_is_damage(r)) {
		w->in.code = tool_error(&why);
		return 0;
	}
	*err = why;
	return r;
}

/* --- names of containers ------------------------------------------------------------------------- */

static void see_container(struct eng_container *c, void *arg)
{
	if (c->name)
		selection__see(arg, c->full_id ? c->full_id->s : c->id, c->name->s);
}

/* What says of containers how they are called goes into a state. */
static void see_names(struct eng_state *st, const struct fmt_batch *b, struct selection *s)
{
	for (uint32_t row = 0; row < b->n; row++) {
		struct fmt_ev ev = fmt_batch__ev(b, row);
		struct eng_ctx ctx;

		if (ev.type != EV_container && ev.type != EV_state_container && ev.type != EV_asyncevent)
			continue;
		eng_state__enter(st, &ev, &ctx);
		eng_state__leave(st, &ctx);
	}
	eng_state__each_container(st, see_container, s);
}

static bool has_names(const struct trace_tool_opts *o)
{
	for (size_t k = 0; k < o->n_containers; k++)
		if (!selection__is_id(o->containers[k]))
			return true;
	return false;
}

#define NAMED_NS 60000000000u		/* after its beginning a container has its name, if it gets one */

/*
 * What a container is called is known some time after it began: the range is read for the names first. Damage is told
 * when it is read again.
 */
static void find_names(struct work *w)
{
	struct fmt_want want = { .by_type = true, .wanted_results = true, .no_payload = true, .no_cpu = true };
	static const uint16_t types[] = { EV_container, EV_state_container, EV_asyncevent };
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct reading in;
	struct eng_state *st;
	int r;

	if (!w->in.size || !has_names(w->o) || reading__open(&in, w->o->files[0], NULL) < 0)
		return;
	for (unsigned k = 0; k < sizeof(types) / sizeof(*types); k++)
		want.types[types[k] >> 3] |= (uint8_t)(1 << (types[k] & 7));
	want.until = w->cut.to < UINT64_MAX - NAMED_NS ? w->cut.to + NAMED_NS : 0;
	fmt_source__want(in.s, &want);
	if (w->cut.from && in.s->ops->seek)
		in.s->ops->seek(in.s, w->cut.from, NULL);
	eng_state__new(&st);
	while ((r = fmt_source__next(in.s, &b, &info, NULL)) != 1) {
		if (r == 0)
			see_names(st, b, w->cut.selection);
		else if (!tool_error_is_damage(r))
			break;
	}
	eng_state__free(st);
	reading__close(&in);
}

static void describe(const struct work *w, struct fmt_meta *m)
{
	const struct trace_tool_opts *o = w->o;
	struct buf b = { 0 };
	char when[48];

	*m = w->in.s->meta;
	buf__printf(&b, "cut of %s", w->in.s->name);
	if (*m->uuid)
		buf__printf(&b, " (%s)", m->uuid);
	if (o->from)
		buf__printf(&b, ", from %s", text__iso(w->cut.from, "Z", when));
	if (o->until)
		buf__printf(&b, ", to %s", text__iso(w->cut.to, "Z", when));
	for (size_t k = 0; k < o->n_containers; k++)
		buf__printf(&b, ", -c %s", o->containers[k]);
	if (o->filter)
		buf__printf(&b, ", -f %s", o->filter);
	if (*m->made_from)
		buf__printf(&b, "; that is a %s", m->made_from);
	snprintf(m->made_from, sizeof(m->made_from), "%.*s", (int)b.len, (char *)b.p);
	m->uuid[0] = '\0';
	m->part = 0;			/* of a ring's segment that is not all */
	if (w->cut.from > m->start_ns)
		m->start_ns = w->cut.from;
	buf__done(&b);
}

static int put_batch(void *arg, const struct fmt_batch *b, const struct fmt_batch_info *info, struct err *err)
{
	struct work *w = arg;
	bool over = cut_pass__batch(w->pass, b, info);
	int r = cut__error(w->c, err);

	return r < 0 ? r : over;
}

static int run(struct work *w, const struct sink_format *format, struct sink_stats *st, struct err *err)
{
	const char *const inputs[] = { w->o->files[0], NULL };
	struct fmt_want want = { 0 };
	struct sink_opts so = { .keyframes = true };
	struct fmt_meta meta;
	int r;

	want.until = w->cut.to == UINT64_MAX ? 0 : w->cut.to;
	fmt_source__want(w->in.s, &want);
	r = go_to_range(w, err);
	if (r < 0)
		return r;
	describe(w, &meta);
	sink_opts__of_source(&so, w->in.s, &meta);
	so.context = so.context || w->cut.selection;
	r = output__open(&w->cut.out, format, w->o->out, w->o->force, inputs, &so, err);
	if (r < 0)
		return r;
	cut__new(&w->c, &w->cut);
	cut_pass__new(&w->pass, w->in.s);
	cut_pass__add(w->pass, w->c);
	r = reading__all(&w->in, put_batch, w, err);
	if (r == 0)
		r = cut__finish(w->c, err);
	if (r == 0)
		r = output__close(w->cut.out, st, err);
	else
		output__abort(w->cut.out);
	return r;
}

static void say(const struct work *w, const struct sink_stats *st)
{
	FILE *to = strcmp(w->o->out, "-") ? stdout : stderr;
	char n[32], c[32], size[32];
	uint64_t events, context;

	cut__counts(w->c, &events, &context);
	text__print(to, strcmp(w->o->out, "-") ? w->o->out : "stdout");
	fprintf(to, ": %s events", text__count(events, n));
	if (context)
		fprintf(to, ", and %s that they cannot be understood without", text__count(context, c));
	fprintf(to, ", %s\n", text__size(st->bytes, size));
	if (!events)
		log_warn("nothing was selected: the output has no event");
}

static int cut(const struct trace_tool_opts *o)
{
	const struct sink_format *format = &sink_spoor;
	struct sink_stats st = { 0 };
	struct work w = { .o = o };
	struct err err = { 0 };
	uint64_t base = 0;
	int code, r = 0;

	if (strcmp(o->out, "-"))
		r = sink__format(&format, o->out, NULL, &err);
	if (r == 0)
		r = selection__new(&w.cut.selection, o->containers, o->n_containers, o->filter, &err);
	if (r == 0)
		r = reading__open(&w.in, o->files[0], &err);
	if (r == 0)
		r = first_time(&w, &base, &err);
	if (r == 0)
		r = set_range(&w, base, &err);
	if (r == 0)
		find_names(&w);
	if (r == 0)
		r = run(&w, format, &st, &err);
	if (r == 0)
		say(&w, &st);
	code = r < 0 ? tool_error(&err) : w.in.code;
	cut__free(w.c);
	cut_pass__free(w.pass);
	reading__close(&w.in);
	selection__free(w.cut.selection);
	return code;
}

const struct trace_command cmd_cut = {
	.name = "cut",
	.cli = {
		.tool = "spoor-trace cut",
		.usage = "FILE -w OUT [--from TIME] [--to TIME] [-c CONTAINER]... [-f CONDITION] [--force]",
		.about = "Writes what is selected of a recording to one that stands alone: it begins with a keyframe, and takes along "
			 "what the selected events cannot be understood without (parents, descriptors, users, containers), which "
			 "is neither shown nor counted. Losses are always kept, and so are alerts of the containers selected. "
			 "With several of the options, all must hold. OUT may also be .jsonl or .scap. '-' is stdin or stdout.\n\n"
			 "The keyframe says of all processes of the machine what they are: think of that before you hand a cut on.",
		.examples = "spoor-trace cut host.spoor -w web.spoor -c web\tWhat one container did.\n"
			    "spoor-trace cut day.spoor -w night.spoor --from 02:00:00 --to 02:15:00\tA quarter of an hour. The "
			    "index is used: what is before is not read.\n"
			    "spoor-trace cut day.spoor -w sh.spoor -f 'proc.aname = sshd and evt.type in (execve, connect)'\t"
			    "What came in by ssh, programs and connections only.",
		.opts = (const struct cli_opt[]){
			TRACE_OPT_WRITE,
			{ 0, "from", "TIME", "Nothing before: +30s (from the start), 14:03:07, 2026-11-27T14:03:07Z.", trace_opt__from },
			{ 0, "to", "TIME", "Nothing after.", trace_opt__until },
			{ 'c', "container", "CONTAINER", "Only this container: its id or name, or how it begins. What its processes did, and "
			  "what was done to it: signals to its processes, tracing them, their memory, limits and scheduling, entering its "
			  "namespaces, and all that is done by who has entered; programs, mounts, cgroups and files opened for writing whose "
			  "text names its id or one of its processes in /proc, files read through their root. May be given several times.",
			  trace_opt__container },
			{ 'f', "filter", "CONDITION", "Only events that satisfy this condition (see 'spoor-replay --list fields').",
			  trace_opt__filter },
			TRACE_OPT_FORCE,
			TRACE_OPT_END,
		},
	},
	.operands = "one file", .min_files = 1, .max_files = 1, .needs_out = true, .run = cut,
};
