// SPDX-License-Identifier: Apache-2.0
/*
 * A tree of path components. Components with wildcards are tried after the plain ones, in the order
 * in which they were given. (Upstream tries them in the order of a hash table, and after a first
 * wildcard whose subtree failed it tries the next one against the following component: nothing can
 * be made to agree with that, so here each is tried against its own.)
 */
#include <string.h>

#include "engine/filter/match/match.h"

struct node {
	struct node *next;		/* sibling */
	struct node *kids;
	const char *name;
	uint32_t len;
	struct match_glob *glob;	/* NULL: a plain name */
	bool end;			/* a path ends here: everything below matches */
};

struct match_paths {
	struct node root;
};

/* The next component at *p, slashes before it skipped; false at the end. */
static bool next_part(const char **p, const char *end, struct match_str *ret)
{
	const char *from = *p, *to;

	while (from < end && *from == '/')
		from++;
	for (to = from; to < end && *to != '/';)
		to++;
	*ret = (struct match_str){ from, (uint32_t)(to - from) };
	*p = to;
	return to > from;
}

static bool has_wildcard(struct match_str s)
{
	return memchr(s.p, '*', s.len) || memchr(s.p, '?', s.len) || memchr(s.p, '[', s.len);
}

static struct node *kid(struct node *n, struct match_str name, struct arena *mem)
{
	struct node **at = &n->kids, *k;

	for (; *at; at = &(*at)->next)
		if ((*at)->len == name.len && !memcmp((*at)->name, name.p, name.len))
			return *at;
	k = arena__zalloc(mem, sizeof(*k));
	k->name = arena__strndup(mem, name.p, name.len);
	k->len = name.len;
	if (has_wildcard(name))
		k->glob = match_glob__new(k->name, k->len, false, mem);
	*at = k;
	return k;
}

struct match_paths *match_paths__new(const struct match_str *paths, uint32_t n, struct arena *mem)
{
	struct match_paths *m = arena__zalloc(mem, sizeof(*m));

	for (uint32_t i = 0; i < n; i++) {
		const char *p = paths[i].p, *end = p + paths[i].len;
		struct node *at = &m->root;
		struct match_str part;

		while (!at->end && next_part(&p, end, &part))
			at = kid(at, part, mem);
		at->end = true;		/* a shorter path makes the longer ones below it needless */
		at->kids = NULL;
	}
	return m;
}

static bool below(const struct node *n, const char *p, const char *end)
{
	struct match_str part;

	if (n->end)
		return true;
	if (!next_part(&p, end, &part))
		return false;
	for (unsigned glob = 0; glob < 2; glob++) {
		for (const struct node *k = n->kids; k; k = k->next) {
			if (glob != (k->glob != NULL))
				continue;
			if (glob ? match_glob(k->glob, part.p, part.len) :
			    k->len == part.len && !memcmp(k->name, part.p, part.len))
				if (below(k, p, end))
					return true;
		}
	}
	return false;
}

bool match_paths(const struct match_paths *m, const char *p, uint32_t len)
{
	return below(&m->root, p, p + len);
}
