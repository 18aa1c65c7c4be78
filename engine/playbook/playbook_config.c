// SPDX-License-Identifier: Apache-2.0
/* The file of playbooks: its keys, and what is wrong with them. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "engine/playbook/playbook_internal.h"
#include "format/base/log.h"
#include "format/base/nearest.h"
#include "format/base/text.h"

/* --- values ------------------------------------------------------------------------------------------------ */

char *pb_printf(struct arena *mem, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return arena__strndup(mem, text, strlen(text));
}

int pb_rate__parse(const char *s, struct pb_rate *ret, struct err *err)
{
	const char *slash = strchr(s, '/');
	char number[24];
	uint64_t n, per;

	if (slash && slash - s < (ptrdiff_t)sizeof(number)) {
		snprintf(number, sizeof(number), "%.*s", (int)(slash - s), s);
		if (!text__parse_u64(number, PB_MAX_RATE, &n, NULL) && !text__parse_duration(slash + 1, &per, NULL) && per) {
			*ret = (struct pb_rate){ (uint32_t)n, per };
			return 0;
		}
	}
	return err__set(err, -FMT_E_VALUE, "'%s' is no limit: write how many (at most %u) within how long, as in 10/1h", s, PB_MAX_RATE);
}

static void read_rate(struct cfg *c, const struct yaml_node *at, const char *key, const char *s, struct pb_rate *to)
{
	struct err err = { 0 };

	if (s && pb_rate__parse(s, to, &err))
		cfg__problem(c, cfg__place(at, key), "%s: %s", key, err.msg);
}

int pb_net__parse(const char *s, struct pb_net *ret, struct err *err)
{
	const char *slash = strchr(s, '/');
	struct pb_net n = { 0 };
	char host[64];
	uint64_t bits = 0;

	snprintf(host, sizeof(host), "%.*s", slash ? (int)(slash - s) : (int)strlen(s), s);
	if (strlen(host) == (slash ? (size_t)(slash - s) : strlen(s))) {
		n.family = inet_pton(AF_INET, host, n.a) == 1 ? AF_INET : inet_pton(AF_INET6, host, n.a) == 1 ? AF_INET6 : 0;
		bits = n.family == AF_INET ? 32 : 128;
		if (n.family && (!slash || !text__parse_u64(slash + 1, bits, &bits, NULL))) {
			n.bits = (uint8_t)bits;
			*ret = n;
			return 0;
		}
	}
	return err__set(err, -FMT_E_VALUE, "'%s' is no address and no network: write 10.0.0.5, 10.0.0.0/8, fd00::/8", s);
}

static struct pb_globs make_globs(struct playbook *pb, const struct cfg_strings *s)
{
	struct pb_globs g = { arena__alloc(&pb->mem, s->n * sizeof(*g.p)), s->p, s->n };

	for (uint32_t i = 0; i < s->n; i++)
		g.p[i] = match_glob__new(s->p[i], (uint32_t)strlen(s->p[i]), false, &pb->mem);
	return g;
}

bool pb_globs__match(const struct pb_globs *g, const char *s)
{
	for (uint32_t i = 0; i < g->n; i++)
		if (match_glob(g->p[i], s, (uint32_t)strlen(s)))
			return true;
	return false;
}

static void make_protection(struct playbook *pb, const struct pb_protect_opts *o)
{
	static const char *const system[] = { "kube-system", "kube-public", "kube-node-lease" };
	struct cfg_strings ns = o->namespaces;
	uint32_t more = o->system ? 3 : 0;

	ns.p = arena__alloc(&pb->mem, (ns.n + more) * sizeof(*ns.p));
	for (uint32_t i = 0; i < more; i++)
		ns.p[i] = system[i];
	for (uint32_t i = 0; i < ns.n; i++)
		ns.p[more + i] = o->namespaces.p[i];
	ns.n += more;
	pb->protect_opts = *o;
	pb->protect.namespaces = make_globs(pb, &ns);
	pb->protect.pods = make_globs(pb, &o->pods);
	pb->protect.containers = make_globs(pb, &o->containers);
	pb->protect.images = make_globs(pb, &o->images);
	pb->protect.nodes = make_globs(pb, &o->nodes);
}

/* An error in a text is shown where it stands in the file, if the text stands there as it is and on one line. */
void pb_cfg__problem_in(struct cfg *c, const struct yaml_node *node, const char *what, const struct err *err)
{
	struct yaml_node at = *node;

	if (err->line != 1 || !node->verbatim || !err->col || (node->text && strchr(node->text, '\n'))) {
		cfg__problem(c, node, "%s: %s", what, err->msg);
		return;
	}
	at.mark.col += err->col - 1;
	cfg__problem(c, &at, "%s: %s", what, err->msg);
}

/* --- actions ----------------------------------------------------------------------------------------------- */

/* Is the word in the list of keys, with or without "!"? */
static bool takes_key(const char *keys, const char *word, bool *ret_required)
{
	size_t n = strlen(word);

	for (const char *p = keys; *p; p += strcspn(p, " "), p += *p == ' ') {
		bool must = *p == '!';

		p += must;
		if (strcspn(p, " ") == n && !memcmp(p, word, n)) {
			*ret_required = must;
			return true;
		}
	}
	return false;
}

static void check_keys(struct cfg *c, const struct yaml_node *n, const struct pb_action_info *info)
{
	for (const struct cfg_key *k = pb_action_section.keys + 1; k->name; k++) {
		bool must = false, takes = takes_key(info->keys, k->name, &must);
		const struct yaml_node *given = yaml_node__get(n, k->name);

		if (given && !takes)
			cfg__problem(c, given, "%s does not take the key '%s'%s%s", info->name, k->name,
				     *info->keys ? "; it takes: " : "; it takes none", info->keys);
		else if (!given && must)
			cfg__problem(c, n, "%s needs the key '%s'", info->name, k->name);
	}
}

static bool has_key(const struct yaml_node *n, const char *key)
{
	return yaml_node__get(n, key) != NULL;
}

static void check_url(struct cfg *c, const struct yaml_node *n, const struct pb_action_info *info, const struct pb_action_opts *o)
{
	bool must;

	if (!takes_key(info->keys, "url", &must))
		return;
	if (o->url && strncmp(o->url, "https://", 8) && strncmp(o->url, "http://", 7))
		cfg__problem(c, cfg__place(n, "url"), "url: a URL begins with https:// or http://");
	if (!must && has_key(n, "url") == has_key(n, "url_file"))
		cfg__problem(c, n, "%s needs one of the keys 'url' and 'url_file'", info->name);
}

static void check_reachable(struct cfg *c, const struct yaml_node *n, const struct cfg_strings *s)
{
	struct err err = { 0 };
	struct pb_net net;

	for (uint32_t i = 0; i < s->n; i++)
		if (pb_net__parse(s->p[i], &net, &err)) {
			cfg__problem(c, cfg__place(n, "reachable"), "reachable: %s", err.msg);
			return;
		}
}

static const struct pb_action_info *find_action(struct cfg *c, const struct yaml_node *n, const char *name, int *ret)
{
	struct nearest near = nearest__begin(name, strlen(name));

	for (int i = 0; i < PB__N; i++) {
		if (!strcmp(pb_actions[i].name, name)) {
			*ret = i;
			return &pb_actions[i];
		}
		nearest__try(&near, pb_actions[i].name);
	}
	cfg__problem(c, cfg__place(n, "do"), "there is no action '%s'%s%s%s", name, near.name ? ": did you mean '" : "",
		     near.name ? near.name : "", near.name ? "'?" : "");
	return NULL;
}

static void make_action(struct playbook *pb, const struct yaml_node *n, struct pb_action_opts *o, struct pb_action *a)
{
	if (!o->key_do)
		return;			/* that is reported */
	a->o = o;
	a->info = find_action(pb->cfg, n, o->key_do, &o->what);
	if (!a->info)
		return;
	check_keys(pb->cfg, n, a->info);
	check_url(pb->cfg, n, a->info, o);
	check_reachable(pb->cfg, n, &o->reachable);
	if (!o->reachable.n && takes_key(a->info->keys, "reachable", &(bool){ 0 }))
		o->reachable = pb->reachable;
	pb_action__compile(pb, n, a);
}

/* --- playbooks --------------------------------------------------------------------------------------------- */

static int compile_condition(struct playbook *pb, const struct yaml_node *n, const char *text)
{
	struct eng_ast *ast;
	struct err err = { 0 };
	int r = eng_filter__parse(text, strlen(text), 1000, &pb->mem, &ast, &err);

	if (!r)
		r = eng_prog__add(pb->prog, ast, NULL, NULL, &err);
	if (r < 0)
		pb_cfg__problem_in(pb->cfg, cfg__place(n, "condition"), "condition", &err);
	return r < 0 ? -1 : r;
}

static void make_entry(struct playbook *pb, const struct yaml_node *n, const struct pb_entry_opts *o, const struct pb_file_opts *f,
		       struct pb_entry *e)
{
	struct pb_action_opts *actions = o->actions.p;

	e->name = o->name ? o->name : "";
	e->rules = make_globs(pb, &o->rules);
	e->priority = (enum eng_priority)o->priority;
	e->tags = o->tags;
	e->source = o->source;
	e->dry_run = o->dry_run || pb->dry_run;
	e->enabled = o->enabled;
	e->cool_down = has_key(n, "cool_down") ? o->cool_down : f->cool_down;
	e->cond = o->condition ? compile_condition(pb, n, o->condition) : -1;
	pb_rate__parse(f->limits.per_object, &e->per_object, NULL);
	read_rate(pb->cfg, n, "per_object", o->per_object, &e->per_object);
	if (o->source && strcmp(o->source, "syscall") && strcmp(o->source, "k8s_audit"))
		cfg__problem(pb->cfg, cfg__place(n, "source"), "source: write syscall or k8s_audit");
	if (n && has_key(n, "actions") && !o->actions.n)
		cfg__problem(pb->cfg, cfg__place(n, "actions"), "actions: there is none");
	e->n_actions = o->actions.n;
	e->actions = arena__zalloc(&pb->mem, o->actions.n * sizeof(*e->actions));
	for (uint32_t i = 0; i < o->actions.n; i++)
		make_action(pb, o->actions.nodes[i], &actions[i], &e->actions[i]);
}

static void check_names(struct playbook *pb, const struct cfg_list *list)
{
	for (uint32_t i = 0; i < pb->n; i++) {
		if (!pb->entries[i].name[0] && has_key(list->nodes[i], "name"))
			cfg__problem(pb->cfg, list->nodes[i], "a playbook needs a name");
		for (uint32_t j = 0; j < i; j++)
			if (pb->entries[i].name[0] && !strcmp(pb->entries[i].name, pb->entries[j].name)) {
				cfg__problem(pb->cfg, cfg__place(list->nodes[i], "name"), "there are two playbooks '%s'",
					     pb->entries[i].name);
				break;
			}
	}
}

static void make(struct playbook *pb)
{
	struct pb_file_opts f;
	const struct yaml_node *root = cfg__root(pb->cfg), *limits = yaml_node__get(root, "limits");
	struct err err = { 0 };

	cfg__read(pb->cfg, root, &pb_file_section, &f);
	if (!root && !cfg__n_problems(pb->cfg))
		cfg__problem(pb->cfg, NULL, "there is nothing in it: a file of playbooks has the key 'playbooks'");
	pb->dry_run = f.dry_run;
	pb->stop_file = f.stop_file && *f.stop_file ? f.stop_file : NULL;
	pb->reachable = f.reachable;
	pb->kubernetes = f.kubernetes;
	check_reachable(pb->cfg, root, &f.reachable);
	make_protection(pb, &f.protect);
	limits = limits ? limits : root;
	read_rate(pb->cfg, limits, "total", f.limits.total, &pb->total);
	read_rate(pb->cfg, limits, "disturbing", f.limits.disturbing, &pb->disturbing);
	read_rate(pb->cfg, limits, "nodes", f.limits.nodes, &pb->nodes);
	read_rate(pb->cfg, limits, "per_object", f.limits.per_object, &(struct pb_rate){ 0 });
	pb->n = f.playbooks.n;
	pb->entries = arena__zalloc(&pb->mem, pb->n * sizeof(*pb->entries));
	for (uint32_t i = 0; i < pb->n; i++)
		make_entry(pb, f.playbooks.nodes[i], (struct pb_entry_opts *)f.playbooks.p + i, &f, &pb->entries[i]);
	check_names(pb, &f.playbooks);
	if (eng_prog__seal(pb->prog, &err) < 0)
		cfg__problem(pb->cfg, NULL, "%s", err.msg);
}

static int finish(struct playbook *pb, struct playbook **ret, bool print, struct err *err)
{
	unsigned n = cfg__n_problems(pb->cfg);
	const struct err *e;

	cfg__result(pb->cfg, err);
	for (unsigned i = 0; print && (e = cfg__problem_at(pb->cfg, i)); i++)
		err__print(log__tool_name(), e);
	if (n) {
		playbook__unref(pb);
		return -FMT_E_VALUE;
	}
	*ret = pb;
	return 0;
}

static int from_cfg(struct cfg *c, struct playbook **ret, bool print, struct err *err)
{
	struct playbook *pb = xcalloc(1, sizeof(*pb));
	int r;

	pb->refs = 1;
	pb->cfg = c;
	r = eng_prog__new(&pb->prog);
	if (r) {
		playbook__unref(pb);
		return r;
	}
	make(pb);
	return finish(pb, ret, print, err);
}

int playbook__open(struct playbook **ret, const char *path, bool print, struct err *err)
{
	struct cfg *c;
	int r = cfg__open(&c, path, err);

	if (r && print)
		err__print(log__tool_name(), err);
	return r ? r : from_cfg(c, ret, print, err);
}

int playbook__parse(struct playbook **ret, const char *name, const char *text, size_t len, bool print, struct err *err)
{
	struct cfg *c;
	int r = cfg__parse(&c, name, text, len, err);

	return r ? r : from_cfg(c, ret, print, err);
}

struct playbook *playbook__ref(struct playbook *pb)
{
	__atomic_add_fetch(&pb->refs, 1, __ATOMIC_RELAXED);
	return pb;
}

void playbook__unref(struct playbook *pb)
{
	if (!pb || __atomic_sub_fetch(&pb->refs, 1, __ATOMIC_ACQ_REL))
		return;
	eng_prog__free(pb->prog);
	cfg__free(pb->cfg);
	arena__done(&pb->mem);
	free(pb);
}
