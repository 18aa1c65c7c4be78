// SPDX-License-Identifier: Apache-2.0
/* The set: files in, rules out. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "engine/alert/alert.h"
#include "engine/rules/ruleset.h"

static const char *const priorities[] = {
	[PRIO_EMERGENCY] = "Emergency", [PRIO_ALERT] = "Alert", [PRIO_CRITICAL] = "Critical",
	[PRIO_ERROR] = "Error", [PRIO_WARNING] = "Warning", [PRIO_NOTICE] = "Notice",
	[PRIO_INFORMATIONAL] = "Informational", [PRIO_DEBUG] = "Debug",
};

const char *eng_priority__name(enum eng_priority p)
{
	return priorities[p];
}

int eng_priority__parse(const char *s, enum eng_priority *ret)
{
	for (unsigned i = 0; i < sizeof(priorities) / sizeof(*priorities); i++) {
		if (!strcasecmp(s, priorities[i]) || (i == PRIO_INFORMATIONAL &&
						      !strcasecmp(s, "info"))) {
			*ret = i;
			return 0;
		}
	}
	return -FMT_E_VALUE;
}

int eng_ruleset__new(struct eng_ruleset **ret)
{
	struct eng_ruleset *rs = xcalloc(1, sizeof(*rs));

	rs->min_priority = PRIO_DEBUG;
	*ret = rs;
	return 0;
}

void eng_ruleset__free(struct eng_ruleset *rs)
{
	if (!rs)
		return;
	eng_prog__free(rs->prog);
	for (uint32_t i = 0; i < rs->n_files; i++)
		free(rs->files[i].text);
	for (uint32_t i = 0; i < rs->n_selections; i++) {
		free(rs->selections[i].glob);
		free(rs->selections[i].tag);
	}
	free(rs->files);
	free(rs->diags);
	free(rs->lints);
	free(rs->appends);
	free(rs->lists);
	free(rs->macros);
	free(rs->rules);
	free(rs->selections);
	free(rs->out);
	free(rs->trees);
	lists__done(&rs->texts);
	output_known__done(&rs->known);
	strtab__done(&rs->list_names);
	strtab__done(&rs->macro_names);
	strtab__done(&rs->rule_names);
	arena__done(&rs->build);
	arena__done(&rs->mem);
	free(rs);
}

void eng_ruleset__min_priority(struct eng_ruleset *rs, enum eng_priority p)
{
	rs->min_priority = p;
}

void eng_ruleset__suggested_output(struct eng_ruleset *rs, bool on)
{
	rs->no_suggested = !on;
	rs->all_tried = false;
	rs->changed = true;
}

/* --- Loading ---------------------------------------------------------------------------------- */

static struct rules_file *add_file(struct eng_ruleset *rs, const char *name)
{
	struct rules_file *f;

	rs->files = xgrow(rs->files, &rs->cap_files, rs->n_files + 1, sizeof(*rs->files));
	f = &rs->files[rs->n_files++];
	*f = (struct rules_file){ .name = arena__strndup(&rs->mem, name, strlen(name)),
				 .first_diag = rs->n_diags };
	return f;
}

/* As err__caret does it: two lines, each moved in. */
static void set_snippet(struct err *err, const char *s)
{
	struct buf b = { 0 };

	rules__put_snippet(&b, s);
	if (b.len)
		snprintf(err->snippet, sizeof(err->snippet), "%.*s", (int)b.len - 1, (char *)b.p);
	buf__done(&b);
}

/* The first error of a file is the one that tools print on one line. */
static int finish_file(struct eng_ruleset *rs, struct rules_file *f, struct err *err)
{
	f->n_diags = rs->n_diags - f->first_diag;
	for (uint32_t i = 0; i < f->n_diags; i++) {
		const struct eng_diag *d = &rs->diags[f->first_diag + i];

		if (!d->is_error)
			continue;
		if (err && !err->code) {
			err__file(err, d->file);
			err__set(err, -FMT_E_VALUE, "%s: %s", d->code, d->message);
			err->line = d->line;
			err->col = d->col;
			set_snippet(err, d->snippet);
		}
		return -FMT_E_VALUE;
	}
	return 0;
}

/* text is taken over. */
static int load(struct eng_ruleset *rs, const char *name, char *text, size_t len, struct err *err)
{
	struct rules_file *f = add_file(rs, name);

	f->text = text;
	f->len = len;
	rs->quiet = rs->all_tried = false;
	if (!rules__read(rs, f->name, text, len)) {
		rs->quiet = rs->more;
		rules__compile(rs, rs->more ? RULES_NEW : RULES_ALL);
	}
	rs->quiet = true;
	return finish_file(rs, &rs->files[rs->n_files - 1], err);
}

int eng_ruleset__load_text(struct eng_ruleset *rs, const char *name, const char *text, size_t len,
			   struct err *err)
{
	rs->more = rs->more_to_come;
	return load(rs, name, xmemdup0(text, len), len, err);
}

static int cannot_read(struct eng_ruleset *rs, const char *path, struct err *err, const char *why)
{
	struct rules_file *f = add_file(rs, path);

	rules__error(rs, LOAD_ERR_FILE_READ, ctx__file(rs, f->name), "%s", why);
	err__file(err, path);		/* no place in the file, and nothing of it to show */
	err__set(err, -FMT_E_VALUE, "cannot read the rules: %s", why);
	return finish_file(rs, f, err);
}

static bool has_ending(const char *name)
{
	size_t n = strlen(name);

	return (n > 5 && !strcmp(name + n - 5, ".yaml")) ||
		(n > 4 && !strcmp(name + n - 4, ".yml"));
}

static int load_file(struct eng_ruleset *rs, const char *path, struct err *err)
{
	struct buf b = { 0 };
	FILE *fp = fopen(path, "re");
	struct stat st;
	size_t n;

	if (!fp)
		return cannot_read(rs, path, err, strerror(errno));
	if (!fstat(fileno(fp), &st) && S_ISREG(st.st_mode) && st.st_size <= YAML_MAX_BYTES)
		buf__reserve(&b, (size_t)st.st_size + 65536);
	do {
		buf__reserve(&b, 65536);
		n = fread(b.p + b.len, 1, 65536, fp);
		b.len += n;
	} while (n && b.len <= YAML_MAX_BYTES);
	if (ferror(fp)) {
		int code = errno;

		fclose(fp);
		buf__done(&b);
		return cannot_read(rs, path, err, strerror(code));
	}
	fclose(fp);
	buf__u8(&b, 0);
	return load(rs, path, (char *)b.p, b.len - 1, err);
}

static bool is_rules_file(const char *path)
{
	struct stat st;

	return has_ending(path) && !stat(path, &st) && S_ISREG(st.st_mode);
}

/* The paths of the rule files in a folder, in order of name; folders in it are not looked into. */
static int files_of(const char *path, char ***ret, int *ret_n)
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort), n_files = 0;
	char **files;

	if (n < 0)
		return -errno;
	files = xcalloc((size_t)n + 1, sizeof(*files));
	for (int i = 0; i < n; i++) {
		char *full = xasprintf("%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/",
				       names[i]->d_name);

		if (is_rules_file(full))
			files[n_files++] = full;
		else
			free(full);
		free(names[i]);
	}
	free(names);
	*ret = files;
	*ret_n = n_files;
	return 0;
}

/* The files of a folder are one set: what one defines and a later one uses is not unused, and is warned of once. */
static int load_dir(struct eng_ruleset *rs, const char *path, struct err *err)
{
	char **files = NULL;
	int n = 0, r = files_of(path, &files, &n);

	if (r < 0)
		return cannot_read(rs, path, err, strerror(-r));
	for (int i = 0; i < n; i++) {
		int one;

		rs->more = i < n - 1 || rs->more_to_come;
		one = load_file(rs, files[i], err);
		if (one < 0)
			r = one;
		free(files[i]);
	}
	free(files);
	return r;
}

void eng_ruleset__more_to_come(struct eng_ruleset *rs, bool more)
{
	rs->more_to_come = more;
}

int eng_ruleset__load(struct eng_ruleset *rs, const char *path, struct err *err)
{
	struct stat st;

	rs->more = rs->more_to_come;
	if (!*path || stat(path, &st) < 0)
		return cannot_read(rs, path, err, *path ? strerror(errno) : "no file name");
	if (S_ISDIR(st.st_mode))
		return load_dir(rs, path, err);
	if (S_ISREG(st.st_mode) && !has_ending(path))
		return cannot_read(rs, path, err, "rule files end in .yaml or .yml");
	return load_file(rs, path, err);
}

/* --- The result ------------------------------------------------------------------------------- */

int eng_ruleset__compile(struct eng_ruleset *rs, struct err *err)
{
	uint32_t first = rs->n_diags;
	int r;

	rs->quiet = true;
	r = rules__compile(rs, RULES_ON);
	rs->sealed = true;
	if (!r)
		r = eng_prog__seal(rs->prog, err);
	if (r < 0 && rs->n_diags > first)
		err__set(err, r, "%s: %s", rs->diags[first].code, rs->diags[first].message);
	return r;
}

const struct eng_prog *eng_ruleset__prog(const struct eng_ruleset *rs)
{
	return rs->prog;
}

void eng_ruleset__want(const struct eng_ruleset *rs, struct fmt_want *w)
{
	eng_prog__want(rs->prog, w);
	for (uint32_t i = 0; i < rs->n_out; i++) {
		const struct eng_rule *r = &rs->out[i];

		if (r->cond >= 0 && r->threshold && r->threshold->by)
			eng_output__want(r->threshold->by, eng_prog__sees_payload(rs->prog, r->cond), w);
	}
}

const struct eng_rule *eng_ruleset__rules(const struct eng_ruleset *rs, unsigned *ret_n)
{
	*ret_n = rs->n_out;
	return rs->out;
}

const struct eng_rule *eng_ruleset__by_cond(const struct eng_ruleset *rs, int cond)
{
	return cond >= 0 && (uint32_t)cond < rs->n_conds ? &rs->out[rs->rule_of_cond[cond]] : NULL;
}

const struct eng_diag *eng_ruleset__diags(const struct eng_ruleset *rs, unsigned *ret_n)
{
	*ret_n = rs->n_diags;
	return rs->diags;
}
