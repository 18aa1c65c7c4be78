// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cut/about.h"
#include "engine/cut/select.h"
#include "format/base/alloc.h"
#include "format/base/strtab.h"

#define SHORT_ID 12u			/* container.id has so many characters */
#define MAX_NAME 128u

struct selection {
	struct about *about;		/* NULL: containers are not asked for */
	const char *const *names;	/* what -c says */
	size_t n_names;
	struct strtab ids;		/* of those that were found to have such a name, as they are shown */
	char *one;			/* instead: the id of one */
	struct eng_prog *prog;		/* NULL: no condition */
	struct eng_run *run;
	struct arena mem;
};

/* --- containers ---------------------------------------------------------------------------------- */

/* A whole id, not what is shown of it, or the beginning of one that is longer than that. */
static bool is_long_id(const char *c)
{
	size_t n = strspn(c, "0123456789abcdef");

	return !c[n] && n > SHORT_ID;
}

static bool begins(const char *text, const char *with)
{
	return text && !strncmp(text, with, strlen(with));
}

static bool is_called(const struct selection *s, const char *id, const char *full_id, const char *name)
{
	for (size_t k = 0; k < s->n_names; k++) {
		const char *want = s->names[k];

		if (is_long_id(want) && !full_id ? begins(want, id) : begins(full_id, want) || begins(id, want))
			return true;
		if (begins(name, want))
			return true;
	}
	return false;
}

static bool has_name(void *arg, const struct eng_container *c)
{
	const struct selection *s = arg;

	return is_called(s, c->id, c->full_id ? c->full_id->s : NULL, c->name ? c->name->s : NULL) ||
	       strtab__find(&s->ids, c->id, (uint32_t)strlen(c->id), (uint32_t)strlen(c->id));
}

static bool is_the_one(void *arg, const struct eng_container *c)
{
	const char *id = ((const struct selection *)arg)->one;
	size_t len = strlen(id), shown = eng_container__id_len(id, len);

	if (strncmp(c->id, id, shown) || c->id[shown])
		return false;
	return len == shown || !c->full_id || !strcmp(c->full_id->s, id);
}

static int check_names(const char *const *containers, size_t n, struct err *err)
{
	for (size_t k = 0; k < n; k++) {
		const char *c = containers[k];
		size_t len = strlen(c);
		bool good = len && len <= MAX_NAME;

		for (size_t i = 0; good && i < len; i++)
			good = isalnum((unsigned char)c[i]) || strchr("_.-/:@", c[i]);
		if (!good) {
			err__set(err, -FMT_E_VALUE, "'%s' is no id or name of a container", c);
			err__file(err, "-c");
			return -FMT_E_VALUE;
		}
	}
	return 0;
}

bool selection__is_id(const char *container)
{
	return strlen(container) >= SHORT_ID && !container[strspn(container, "0123456789abcdef")];
}

static int ask_for(struct selection *s, const char *const *containers, size_t n, struct err *err)
{
	int r = check_names(containers, n, err);

	if (r < 0)
		return r;
	s->names = containers;
	s->n_names = n;
	about__new(&s->about, has_name, s);
	for (size_t k = 0; k < n; k++)
		if (selection__is_id(containers[k])) {
			char *shown = xmemdup0(containers[k], SHORT_ID);

			about__add_id(s->about, shown);
			free(shown);
		}
	return 0;
}

void selection__see(struct selection *s, const char *id, const char *name)
{
	size_t len = eng_container__id_len(id, strlen(id));
	char *shown;

	if (!s || !s->n_names || !len || !is_called(s, id, id, name))
		return;
	shown = xmemdup0(id, len);
	strtab__add(&s->ids, shown, (uint32_t)len, (uint32_t)len);
	about__add_id(s->about, shown);
	free(shown);
}

int selection__of_container(struct selection **ret, const char *id, struct err *err)
{
	struct selection *s;
	size_t len = strlen(id);

	if (!len || len > 255)
		return err__set(err, -FMT_E_VALUE, "this is no id of a container");
	s = xcalloc(1, sizeof(*s));
	s->one = xstrdup(id);
	about__new(&s->about, is_the_one, s);
	about__add_id(s->about, id);
	*ret = s;
	return 0;
}

/* --- a condition ----------------------------------------------------------------------------------- */

static int compile(struct selection *s, const char *text, struct err *err)
{
	struct eng_ast *ast;
	size_t len = strlen(text);
	int r = eng_filter__parse(text, len, 1000, &s->mem, &ast, err);

	if (r == 0)
		r = eng_prog__new(&s->prog);
	if (r == 0)
		r = eng_prog__add(s->prog, ast, NULL, NULL, err);
	if (r < 0 && err->line)
		err__caret(err, text, len, err->line, err->col);
	if (r < 0) {
		err__file(err, "-f");
		return r;
	}
	r = eng_prog__seal(s->prog, err);
	return r < 0 ? r : eng_run__new(&s->run, s->prog);
}

int selection__new(struct selection **ret, const char *const *containers, size_t n, const char *condition,
		   struct err *err)
{
	struct selection *s;
	int r = 0;

	*ret = NULL;
	if (!n && !condition)
		return 0;
	s = xcalloc(1, sizeof(*s));
	if (n)
		r = ask_for(s, containers, n, err);
	if (r == 0 && condition)
		r = compile(s, condition, err);
	if (r < 0)
		selection__free(s);
	else
		*ret = s;
	return r;
}

void selection__free(struct selection *s)
{
	if (!s)
		return;
	about__free(s->about);
	strtab__done(&s->ids);
	free(s->one);
	eng_run__free(s->run);
	eng_prog__free(s->prog);
	arena__done(&s->mem);
	free(s);
}

/* --- the question ------------------------------------------------------------------------------------ */

bool selection__is_of_container(const struct selection *s)
{
	return s && s->about && !s->run;
}

bool selection__is_it(const struct selection *s, const struct eng_container *c)
{
	return about__is_it(s->about, c);
}

bool selection__is_inside(const struct selection *s, struct eng_state *st, const struct eng_thread *t)
{
	return about__is_inside(s->about, st, t);
}

bool selection__may_concern_others(uint16_t type)
{
	return type == EV_drop || about__may_concern_others(type);
}

bool selection__concerns_others(const struct eng_ctx *ctx)
{
	return ctx->ev->type == EV_drop || about__concerns_others(ctx);
}

void selection__batch(struct selection *s, const struct fmt_batch *b)
{
	if (s && s->about)
		about__batch(s->about, b);
	if (s && s->run)
		eng_run__batch(s->run, b);
}

bool selection__has(struct selection *s, const struct eng_ctx *ctx)
{
	uint32_t hit;

	if (!s || ctx->ev->type == EV_drop)
		return true;
	if (s->about && !about__has(s->about, ctx))
		return false;
	return !s->run || ctx->ev->type == EV_alert || eng_run__match(s->run, ctx, false, &hit, 1);
}
