// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "format/base/alloc.h"
#include "engine/cut/about.h"
#include "engine/cut/select.h"

#define SHORT_ID 12u			/* container.id has so many characters */
#define MAX_NAME 128u

struct selection {
	struct eng_prog *prog;
	struct eng_run *run;
	struct arena mem;
	char *containers;		/* the condition that -c means; the trees refer to it */
	const char *const *names;	/* what -c says */
	size_t n_names;
	int of_container, of_condition;	/* their numbers in prog, -1: not asked */
	struct about *about;		/* instead: one container and what concerns it */
};

static bool is_long_id(const char *c)
{
	size_t n = strspn(c, "0123456789abcdef");

	return !c[n] && n > SHORT_ID;
}

/* container.id startswith "X" or container.name startswith "X", for each. */
static int containers_condition(struct buf *b, const char *const *containers, size_t n, struct err *err)
{
	for (size_t k = 0; k < n; k++) {
		const char *c = containers[k];
		size_t len = is_long_id(c) ? SHORT_ID : strlen(c);

		if (!len || len > MAX_NAME)
			return err__set(err, -FMT_E_VALUE, "'%s' is no id or name of a container", c);
		for (size_t i = 0; i < len; i++)
			if (!isalnum((unsigned char)c[i]) && !strchr("_.-/:@", c[i]))
				return err__set(err, -FMT_E_VALUE, "'%s' is no id or name of a container", c);
		buf__printf(b, "%scontainer.id startswith \"%.*s\" or container.name startswith \"%.*s\"", k ? " or " : "",
			    (int)len, c, (int)len, c);
	}
	buf__u8(b, 0);
	return 0;
}

static int add(struct selection *s, const char *text, int *ret, struct err *err)
{
	struct eng_ast *ast;
	size_t len = strlen(text);
	int r = eng_filter__parse(text, len, 1000, &s->mem, &ast, err);

	if (r == 0)
		r = eng_prog__add(s->prog, ast, NULL, NULL, err);
	if (r < 0) {
		if (err->line)
			err__caret(err, text, len, err->line, err->col);
		return r;
	}
	*ret = r;
	return 0;
}

int selection__new(struct selection **ret, const char *const *containers, size_t n, const char *condition,
		   struct err *err)
{
	struct selection *s = xcalloc(1, sizeof(*s));
	struct buf b = { 0 };
	int r = 0;

	*ret = NULL;
	s->of_container = s->of_condition = -1;
	s->names = containers;
	s->n_names = n;
	if (!n && !condition)
		goto out;
	r = eng_prog__new(&s->prog);
	if (r == 0 && n) {
		r = containers_condition(&b, containers, n, err);
		if (r == 0)
			r = add(s, s->containers = xstrdup((char *)b.p), &s->of_container, err);
		if (r < 0)
			err__file(err, "-c");
	}
	if (r == 0 && condition) {
		r = add(s, condition, &s->of_condition, err);
		if (r < 0)
			err__file(err, "-f");
	}
	if (r == 0)
		r = eng_prog__seal(s->prog, err);
	if (r == 0)
		r = eng_run__new(&s->run, s->prog);
	if (r == 0) {
		*ret = s;
		s = NULL;
	}
out:
	buf__done(&b);
	selection__free(s);
	return r;
}

int selection__of_container(struct selection **ret, const char *id, struct err *err)
{
	struct selection *s = xcalloc(1, sizeof(*s));
	int r = about__new(&s->about, id, err);

	if (r < 0) {
		free(s);
		return r;
	}
	*ret = s;
	return 0;
}

bool selection__is_of_container(const struct selection *s)
{
	return s && s->about;
}

bool selection__is_it(const struct selection *s, const struct eng_container *c)
{
	return about__is_it(s->about, c);
}

bool selection__may_concern_others(uint16_t type)
{
	return type == EV_drop || about__may_concern_others(type);
}

bool selection__concerns_others(const struct eng_ctx *ctx)
{
	return ctx->ev->type == EV_drop || about__concerns_others(ctx);
}

void selection__free(struct selection *s)
{
	if (!s)
		return;
	about__free(s->about);
	eng_run__free(s->run);
	eng_prog__free(s->prog);
	arena__done(&s->mem);
	free(s->containers);
	free(s);
}

void selection__batch(struct selection *s, const struct fmt_batch *b)
{
	if (s && s->about)
		about__batch(s->about, b);
	else if (s)
		eng_run__batch(s->run, b);
}

struct pod_search {
	const struct selection *s;
	const struct eng_ctx *ctx;
	bool found;
};

static void see_container(struct eng_container *c, void *arg)
{
	struct pod_search *a = arg;

	if (!eng_ctx__is_about_pod(a->ctx, c))
		return;
	for (size_t k = 0; k < a->s->n_names; k++) {
		const char *want = a->s->names[k];

		a->found |= !strncmp(c->id, want, is_long_id(want) ? SHORT_ID : strlen(want)) ||
			    (c->name && !strncmp(c->name->s, want, strlen(want)));
	}
}

/* An entry of the audit log is about the pod of a container that is asked for. */
static bool is_about_pod(const struct selection *s, const struct eng_ctx *ctx)
{
	struct pod_search a = { .s = s, .ctx = ctx };

	if (ctx->ev->type == EV_k8s_audit)
		eng_state__each_container(eng_state__origin(ctx->state, 0), see_container, &a);
	return a.found;
}

bool selection__has(struct selection *s, const struct eng_ctx *ctx)
{
	uint32_t hits[2];
	unsigned n;
	bool container, condition;

	if (!s || ctx->ev->type == EV_drop)
		return true;
	if (s->about)
		return about__has(s->about, ctx);
	n = eng_run__match(s->run, ctx, false, hits, 2);
	container = s->of_container < 0;
	condition = s->of_condition < 0 || ctx->ev->type == EV_alert;
	for (unsigned k = 0; k < n; k++) {
		container |= (int)hits[k] == s->of_container;
		condition |= (int)hits[k] == s->of_condition;
	}
	container = container || is_about_pod(s, ctx);
	return container && condition;
}
