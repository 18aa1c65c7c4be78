// SPDX-License-Identifier: Apache-2.0
/*
 * Rules on the command line: loading and selecting, --validate, --check, --dump-prog.
 */
#include <string.h>
#include <unistd.h>

#include "engine/lint/lint.h"
#include "format/base/log.h"
#include "replay/replay.h"

/* Errors and warnings of the set as text. */
static void print_diags(const struct eng_ruleset *rs, FILE *to)
{
	struct buf text = { 0 };
	unsigned n;

	eng_ruleset__diags(rs, &n);
	if (n) {
		eng_ruleset__result_text(rs, cli__color(fileno(to)), &text);
		fwrite(text.p, 1, text.len, to);
	}
	buf__done(&text);
}

/* --rule and --tag: if any is given, only what one of them names stays enabled. */
static int select_rules(struct eng_ruleset *rs, const struct rpl_opts *o, struct err *err)
{
	if (o->globs.n || o->tags.n)
		eng_ruleset__select(rs, false, "*", NULL);
	for (size_t i = 0; i < o->globs.n; i++)
		if (eng_ruleset__select(rs, true, o->globs.v[i], NULL) <= 0)
			return err__set(err, -FMT_E_UNKNOWN, "--rule: no rule has the name '%s' "
					"(--list rules -r FILE shows all)", o->globs.v[i]);
	for (size_t i = 0; i < o->tags.n; i++)
		if (eng_ruleset__select(rs, true, NULL, o->tags.v[i]) <= 0)
			return err__set(err, -FMT_E_UNKNOWN, "--tag: no rule has the tag '%s' "
					"(--list rules -r FILE shows all)", o->tags.v[i]);
	eng_ruleset__min_priority(rs, o->priority);
	return 0;
}

static int append_outputs(struct eng_ruleset *rs, const struct rpl_opts *o, struct err *err)
{
	struct err why = { 0 };

	for (size_t i = 0; i < o->appends.n; i++)
		if (eng_ruleset__append_output(rs, o->appends.v[i], &why) < 0)
			return err__set(err, -FMT_E_VALUE, "--append-output: %s", why.msg);
	return 0;
}

static int check_some_left(const struct eng_ruleset *rs, const struct rpl_opts *o, struct err *err)
{
	unsigned n;
	const struct eng_rule *rules = eng_ruleset__rules(rs, &n);

	for (unsigned i = 0; i < n; i++)
		if (rules[i].enabled)
			return 0;
	if (n)
		return err__set(err, -FMT_E_VALUE, "no rule is left after --rule, --tag and --priority "
				"(--list rules -r FILE shows all)");
	err__file(err, o->rules.v[0]);
	return err__set(err, -FMT_E_VALUE, "there are no rules in it%s", o->rules.n > 1 ? ", nor in the other files" : "");
}

int rpl_rules__load(struct eng_ruleset **ret, const struct rpl_opts *o, struct err *err)
{
	struct eng_ruleset *rs;
	int code = eng_ruleset__new(&rs);

	if (code)
		return code;
	code = append_outputs(rs, o, err);
	for (size_t i = 0; i < o->rules.n && !code; i++) {
		eng_ruleset__more_to_come(rs, i + 1 < o->rules.n);
		code = eng_ruleset__load(rs, o->rules.v[i], err);
	}
	if (!code)
		code = select_rules(rs, o, err);
	if (!code)
		code = eng_ruleset__compile(rs, err);
	if (!code && o->mode == MODE_RUN)
		code = check_some_left(rs, o, err);
	if (code) {
		eng_ruleset__free(rs);
		return code;
	}
	print_diags(rs, stderr);		/* what is left are warnings */
	*ret = rs;
	return 0;
}

int rpl_validate(const struct rpl_opts *o, char **files, int n)
{
	struct eng_ruleset *rs;
	struct buf out = { 0 };
	struct err err = { 0 };
	bool bad = false;

	if (!n) {
		fprintf(stderr, "%s: --validate needs rule files (try '%s --help')\n", log__tool_name(), log__tool_name());
		return EXIT_ASKED;
	}
	if (eng_ruleset__new(&rs))
		return EXIT_ASKED;
	for (int i = 0; i < n; i++) {
		memset(&err, 0, sizeof(err));
		eng_ruleset__more_to_come(rs, i + 1 < n);
		if (eng_ruleset__load(rs, files[i], &err))
			bad = true;
	}
	if (!bad && !o->no_lint)
		eng_lint__run(rs);
	memset(&err, 0, sizeof(err));
	if (!bad && eng_ruleset__compile(rs, &err))
		bad = true;
	if (o->json)
		eng_ruleset__result_json(rs, &out);
	else
		eng_ruleset__result_text(rs, cli__color(STDOUT_FILENO), &out);
	if (out.len && out.p[out.len - 1] != '\n')
		buf__add(&out, "\n", 1);
	fwrite(out.p, 1, out.len, stdout);
	buf__done(&out);
	eng_ruleset__free(rs);
	return cli__finish_stdout() == EXIT_OK && !bad ? EXIT_OK : EXIT_ASKED;
}

int rpl_condition(const char *text, struct eng_prog *prog, struct arena *mem, struct eng_ast **ret, eng_warn_fn warn,
		  struct err *err)
{
	size_t len = strlen(text);
	int n = eng_filter__parse(text, len, 1000, mem, ret, err);

	if (!n && prog)
		n = eng_prog__add(prog, *ret, warn, NULL, err);
	if (n < 0 && err && err->line)
		err__caret(err, text, len, err->line, err->col);
	return n < 0 ? n : 0;
}

static void print_warning(void *arg, const char *code, const char *msg)
{
	(void)arg;
	fprintf(stderr, "%s: warning: %s (%s)\n", log__tool_name(), msg, code);
}

int rpl_check(const struct rpl_opts *o)
{
	struct arena mem = { 0 };
	struct eng_prog *prog = NULL;
	struct eng_ast *ast;
	struct err err = { 0 };
	struct buf out = { 0 };
	int code = o->syntax_only ? 0 : eng_prog__new(&prog);

	if (!code)
		code = rpl_condition(o->condition, prog, &mem, &ast, print_warning, &err);
	if (!code) {
		eng_ast__print(ast, &out);	/* as it is understood */
		buf__add(&out, "\n", 1);
		fwrite(out.p, 1, out.len, stdout);
		code = cli__finish_stdout();
	} else {
		err__print(log__tool_name(), &err);
		code = EXIT_ASKED;
	}
	buf__done(&out);
	eng_prog__free(prog);
	arena__done(&mem);
	return code;
}

int rpl_dump(const struct rpl_opts *o)
{
	struct eng_ruleset *rs;
	struct err err = { 0 };
	struct buf out = { 0 };

	if (!o->rules.n) {
		fprintf(stderr, "%s: --dump-prog needs rules: -r FILE\n", log__tool_name());
		return EXIT_ASKED;
	}
	if (rpl_rules__load(&rs, o, &err)) {
		err__print(log__tool_name(), &err);
		return EXIT_ASKED;
	}
	eng_prog__dump(eng_ruleset__prog(rs), &out);
	fwrite(out.p, 1, out.len, stdout);
	buf__done(&out);
	eng_ruleset__free(rs);
	return cli__finish_stdout();
}
