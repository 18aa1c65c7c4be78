// SPDX-License-Identifier: Apache-2.0
/*
 * spoor-replay - prints a trace, or runs it through rules.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/base/log.h"
#include "format/base/sandbox.h"
#include "replay/replay.h"

static void add_word(struct rpl_words *w, const char *v)
{
	w->v = xgrow(w->v, &w->cap, w->n + 1, sizeof(*w->v));
	w->v[w->n++] = v;
}

static int set_rules(void *u, const char *v, struct err *err)
{
	(void)err;
	add_word(&((struct rpl_opts *)u)->rules, v);
	return 0;
}

static int set_tag(void *u, const char *v, struct err *err)
{
	(void)err;
	add_word(&((struct rpl_opts *)u)->tags, v);
	return 0;
}

static int set_glob(void *u, const char *v, struct err *err)
{
	(void)err;
	add_word(&((struct rpl_opts *)u)->globs, v);
	return 0;
}

static int set_append(void *u, const char *v, struct err *err)
{
	(void)err;
	add_word(&((struct rpl_opts *)u)->appends, v);
	return 0;
}

/* Options that keep their text, and those that switch something on. */
#define TEXT_OPTION(name)							\
static int set_##name(void *u, const char *v, struct err *err)			\
{										\
	(void)err;								\
	((struct rpl_opts *)u)->name = v;					\
	return 0;								\
}
#define SWITCH_OPTION(name)							\
static int set_##name(void *u, const char *v, struct err *err)			\
{										\
	(void)v;								\
	(void)err;								\
	((struct rpl_opts *)u)->name = true;					\
	return 0;								\
}
TEXT_OPTION(filter)
TEXT_OPTION(format)
TEXT_OPTION(from)
TEXT_OPTION(playbooks)
TEXT_OPTION(to)
SWITCH_OPTION(all_matches)
SWITCH_OPTION(stats)
SWITCH_OPTION(profile)
SWITCH_OPTION(keyframes)
SWITCH_OPTION(internal)
SWITCH_OPTION(syntax_only)
SWITCH_OPTION(follow)

static int set_output(void *u, const char *v, struct err *err)
{
	struct rpl_opts *o = u;

	if (strcmp(v, "text") && strcmp(v, "json"))
		return err__set(err, -FMT_E_VALUE, "'%s': write text or json", v);
	o->json = !strcmp(v, "json");
	return 0;
}

static int parse_priority(const char *v, enum eng_priority *ret, struct err *err)
{
	if (!eng_priority__parse(v, ret))
		return 0;
	return err__set(err, -FMT_E_VALUE, "'%s': write emergency, alert, critical, error, warning, notice, "
			"informational or debug", v);
}

static int set_priority(void *u, const char *v, struct err *err)
{
	return parse_priority(v, &((struct rpl_opts *)u)->priority, err);
}

static int set_fail_on(void *u, const char *v, struct err *err)
{
	struct rpl_opts *o = u;

	o->has_fail_on = true;
	return parse_priority(v, &o->fail_on, err);
}

static int set_count(void *u, const char *v, struct err *err)
{
	struct rpl_opts *o = u;
	int code = text__parse_u64(v, UINT64_MAX, &o->count, err);

	return !code && !o->count ? err__set(err, -FMT_E_VALUE, "0: write 1 or more") : code;
}

static int set_payload(void *u, const char *v, struct err *err)
{
	uint64_t bytes;
	int code = text__parse_size(v, &bytes, err);

	if (!code)
		((struct rpl_opts *)u)->payload = bytes > FMT_MAX_STR ? FMT_MAX_STR : (uint32_t)bytes;
	return code;
}

#define MAX_THREADS 256u

static int set_threads(void *u, const char *v, struct err *err)
{
	struct rpl_opts *o = u;
	uint64_t n;
	long here = sysconf(_SC_NPROCESSORS_ONLN);
	int code = text__parse_u64(v, MAX_THREADS, &n, err);

	if (!code)
		o->threads = n ? (unsigned)n : here > 0 && here < MAX_THREADS ? (unsigned)here : 1;
	return code;
}

static int set_mode(struct rpl_opts *o, enum rpl_mode mode, struct err *err)
{
	if (o->mode != MODE_RUN && o->mode != mode)
		return err__set(err, -FMT_E_VALUE, "give one of --validate, --check, --list, --dump-prog, --explain");
	o->mode = mode;
	return 0;
}

static int set_validate(void *u, const char *v, struct err *err)
{
	(void)v;
	return set_mode(u, MODE_VALIDATE, err);
}

static int set_no_lint(void *u, const char *v, struct err *err)
{
	(void)v;
	(void)err;
	((struct rpl_opts *)u)->no_lint = true;
	return 0;
}

static int set_dump(void *u, const char *v, struct err *err)
{
	(void)v;
	return set_mode(u, MODE_DUMP, err);
}

static int set_check(void *u, const char *v, struct err *err)
{
	((struct rpl_opts *)u)->condition = v;
	return set_mode(u, MODE_CHECK, err);
}

static int set_explain(void *u, const char *v, struct err *err)
{
	((struct rpl_opts *)u)->explain = v;
	return set_mode(u, MODE_EXPLAIN, err);
}

static int set_list(void *u, const char *v, struct err *err)
{
	if (strcmp(v, "fields") && strcmp(v, "events") && strcmp(v, "rules"))
		return err__set(err, -FMT_E_VALUE, "'%s': write fields, events or rules", v);
	((struct rpl_opts *)u)->list = v;
	return set_mode(u, MODE_LIST, err);
}

static const struct cli_opt options[] = {
	{ 'f', "filter", "CONDITION", "Only events that satisfy this condition. The language is that of rule conditions; "
	  "with -r, only alerts of such events.", set_filter },
	{ 'p', "print", "FORMAT", "Print this for each event instead of the usual line: text with fields, as in a rule's "
	  "output: '%evt.time %proc.name %fd.name'. With -r: for each alert.", set_format },
	{ 'r', "rules", "FILE", "Run rules and print alerts instead of events. A file, or a directory of .yaml files; may be "
	  "given several times, later files add to and change earlier ones.", set_rules },
	{ 'o', "output", "text|json", "Text (the default), or JSON: one object a line.", set_output },
	{ 'n', "count", "N", "Stop after N lines.", set_count },
	{ 's', "payload", "BYTES", "Show so many bytes of what was read or written (default 32).", set_payload },
	{ 'j', "threads", "N", "Work on N segments of a trace at a time (0: as many as there are processors). The output is the "
	  "same. A segment is a keyframe and what follows it; pipes and .scap captures have none.", set_threads },
	{ 0, "follow", NULL, "Go on reading a trace that is still being written, until its recording ends or Ctrl-C.", set_follow },
	{ 0, "from", "TIME", "Begin at this time: 14:03:07, 2026-11-27T14:03:07Z, or +30s from the trace's start.", set_from },
	{ 0, "to", "TIME", "End at this time.", set_to },
	{ 0, "priority", "PRIORITY", "Only rules of this priority or a more severe one.", set_priority },
	{ 0, "tag", "TAG", "Only rules with this tag, switched off ones too. May be given several times.", set_tag },
	{ 0, "rule", "GLOB", "Only rules whose name matches ('*' stands for anything). May be given several times.", set_glob },
	{ 0, "append-output", "FORMAT", "Append this to the output of every rule. "
	  "Or one entry of Falco's append_output: '{match: {tags: [network]}, extra_output: \"on %evt.hostname\", "
	  "extra_fields: [proc.exepath]}'. May be given several times.", set_append },
	{ 0, "all-matches", NULL, "Report every rule that an event matches, not only the first.", set_all_matches },
	{ 0, "playbooks", "FILE", "With -r: show what these playbooks would have done because of the alerts, and why not; nothing is "
	  "done. With -o json: one object for each alert that a playbook is for. On one thread.", set_playbooks },
	{ 0, "fail-on", "PRIORITY", "Exit with 3 if there is an alert of this priority or a more severe one.", set_fail_on },
	{ 0, "stats", NULL, "At the end, on stderr: events per type, matches per rule, speed, lost events.", set_stats },
	{ 0, "profile", NULL, "At the end, on stderr: what each rule and each predicate has cost, the dearest first; JSON with "
	  "-o json. The run takes longer.", set_profile },
	{ 0, "explain", "RULE@N", "Show why rule RULE did or did not match event number N (%evt.num).", set_explain },
	{ 0, "internal", NULL, "Print also the events that only serve the record and the state.", set_internal },
	{ 0, "keyframes", NULL, "Print also the rows of keyframes: processes, descriptors, containers, users.", set_keyframes },
	{ 0, "validate", NULL, "Check rule files (the operands) and say what is wrong; exit 1 if anything is. Also said, as "
	  "warnings with codes LINT_...: conditions that no event satisfies, values that a field never has, rules that an "
	  "earlier one leaves nothing to. A comment '# lint: off' on the line or the item's first keeps it quiet.",
	  set_validate },
	{ 0, "no-lint", NULL, "With --validate: only what keeps rules from loading, and its warnings.", set_no_lint },
	{ 0, "check", "CONDITION", "Check one condition and print it as it is understood; exit 1 if it is wrong.", set_check },
	{ 0, "syntax-only", NULL, "With --check: do not look at fields and types.", set_syntax_only },
	{ 0, "list", "WHAT", "List fields, events, or (with -r) rules.", set_list },
	{ 0, "dump-prog", NULL, "Print the program that the rules given with -r compile to.", set_dump },
	{ 0, NULL, NULL, NULL, NULL },
};

static const struct cli command_line = {
	.tool = "spoor-replay",
	.usage = "TRACE... [-f CONDITION] [-p FORMAT]\n"
		 "TRACE... -r RULES [-r RULES]...\n"
		 "--validate FILE... | --check CONDITION | --list fields|events|rules",
	.about = "Prints the events of traces, one line each, or runs them through rules and prints the alerts. Traces are read "
		 "one after another; '-' is standard input. Exit codes: 0 done, 1 error in what was asked, 2 a trace was "
		 "damaged or cut short and what was readable was used, 3 --fail-on.",
	.examples =
		"spoor-replay web.spoor\teverything that happened, like strace with time, container and process\n"
		"spoor-replay web.spoor -f 'evt.type = execve and container.id != host'\tprograms started in containers\n"
		"spoor-replay web.spoor -f 'fd.name startswith /etc/' -p '%evt.time %proc.cmdline %fd.name'\t"
		"who touched /etc, in one's own words\n"
		"spoor-replay web.spoor -r /usr/local/share/spoor/rules\talerts of the rules that ship\n"
		"spoor-replay web.spoor -r rules/ -o json --fail-on warning\tfor scripts: JSON in Falco's shape, exit code 3\n"
		"spoor-replay web.spoor -r rules/ --playbooks playbooks.yaml\twhat playbooks would have done\n"
		"spoor-replay web.spoor --from 14:03:00 --to 14:04:00\tone minute of a long trace\n"
		"spoor-replay web.spoor -r rules/ --explain 'Sensitive file read@1742'\twhy a rule kept quiet\n"
		"spoor-capture -w - | spoor-replay -\twatch live\n"
		"spoor-replay --validate rules/\tcheck rule files, all of a directory together\n",
	.opts = options,
};

static int run(const struct rpl_opts *o, char **traces, int n)
{
	struct rpl_run *r = NULL;
	struct err err = { 0 };
	int code, exit_code;

	if (!n) {
		fprintf(stderr, "spoor-replay: which trace? Give its file, or '-' for standard input "
			"(try 'spoor-replay --help')\n");
		return EXIT_ASKED;
	}
	code = rpl_run__new(&r, o, &err);
	for (int i = 0; i < n && !code; i++)
		code = rpl_run__trace(r, traces[i], &err);
	exit_code = r ? rpl_run__finish(r, code < 0) : EXIT_ASKED;
	if (code < 0)
		err__print(log__tool_name(), &err);
	rpl_run__free(r);
	return exit_code;
}

static const char *contradiction(const struct rpl_opts *o)
{
	if (o->format && o->json)
		return "-p gives text: leave out -p or -o json";
	if (o->mode == MODE_EXPLAIN && !o->rules.n)
		return "--explain needs rules: -r FILE";
	if (o->mode == MODE_RUN && !o->rules.n && (o->has_fail_on || o->tags.n || o->globs.n || o->appends.n || o->all_matches))
		return "--fail-on, --tag, --rule, --append-output and --all-matches are about rules: give them with -r FILE";
	if (o->playbooks && (o->mode != MODE_RUN || !o->rules.n))
		return "--playbooks act on alerts: give rules with -r FILE, and a trace";
	if (o->playbooks && o->format)
		return "-p and --playbooks print different things: leave out one";
	if (o->profile && !o->rules.n)
		return "--profile is about rules: give them with -r FILE";
	if (o->follow && o->threads > 1)
		return "--follow reads what comes, with one thread: leave out -j";
	if (o->keyframes && o->rules.n)
		return "--keyframes prints events: leave out -r";
	return NULL;
}

int main(int argc, char **argv)
{
	struct rpl_opts o = { .count = UINT64_MAX, .payload = 32, .threads = 1, .priority = PRIO_DEBUG };
	int first = cli__parse(&command_line, argc, argv, &o);
	const char *wrong = contradiction(&o);
	int code = EXIT_ASKED;

	if (wrong) {
		fprintf(stderr, "spoor-replay: %s\n", wrong);
		return EXIT_ASKED;
	}
	if (o.playbooks)
		o.threads = 1;		/* limits and cool-downs follow the order of alerts */
	/* traces may come from a machine that was attacked: from here on nothing is written but to stdout and stderr */
	sandbox__enter(&(struct sandbox){ .write_in = { NULL } });
	switch (o.mode) {
	case MODE_VALIDATE:
		code = rpl_validate(&o, argv + first, argc - first);
		break;
	case MODE_CHECK:
		code = rpl_check(&o);
		break;
	case MODE_LIST:
		code = rpl_list(&o);
		break;
	case MODE_DUMP:
		code = rpl_dump(&o);
		break;
	case MODE_RUN:
	case MODE_EXPLAIN:
		code = run(&o, argv + first, argc - first);
		break;
	}
	free(o.rules.v);
	free(o.tags.v);
	free(o.globs.v);
	free(o.appends.v);
	return code;
}
