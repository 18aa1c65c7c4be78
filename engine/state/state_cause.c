// SPDX-License-Identifier: Apache-2.0
/*
 * Who came in: requests to run a command in a pod, and the processes that they started.
 *
 * The audit log says who asked for what command in which container; the kernel says which process entered a container from outside, and
 * what it ran. Neither names the other. They belong together if pod, container and command are the same, and the process
 * began between two seconds before the API server got the request and ten after. A request starts one process: where there is
 * one of each, they are each other's and are not considered again. Else all are named. The log may come before the
 * process or after it. A request counts once it has been answered: of one that has only been received nobody knows yet
 * whether it will be refused.
 */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "engine/state/state_internal.h"
#include "format/audit/audit.h"
#include "format/audit/audit_uri.h"

#define BEFORE_NS 2000000000ull		/* clocks differ */
#define AFTER_NS 10000000000ull
#define MAX_ENTRY_JSON (256u << 10)	/* of a request that is remembered; those of exec have no objects */
#define MAX_PREFIX 2u			/* what a script's interpreter puts before its name */

/* --- references -------------------------------------------------------------------------------------------- */

static void cause__unref(struct eng_cause *c)
{
	if (!c || --c->refs)
		return;
	eng_str__unref(c->json);
	eng_str__unref(c->audit_id);
	eng_str__unref(c->ns);
	eng_str__unref(c->pod);
	eng_str__unref(c->container);
	eng_str__unref(c->args);
	free(c);
}

void entry__unref(struct eng_entry *e)
{
	if (!e || --e->refs)
		return;
	for (unsigned k = 0; k < e->n; k++)
		cause__unref(e->at[k]);
	for (unsigned k = 0; k < e->n_args; k++)
		eng_str__unref(e->args[k]);
	eng_str__unref(e->box);
	eng_str__unref(e->ns);
	eng_str__unref(e->pod);
	eng_str__unref(e->container);
	free(e);
}

static void keep_request(struct causes *cs, struct eng_cause *c)
{
	struct eng_cause **at = &cs->requests[cs->next_request++ % RECENT_CAUSES];

	cause__unref(*at);
	*at = c;
	c->refs++;
}

static void keep_entry(struct causes *cs, struct eng_entry *e)
{
	struct eng_entry **at = &cs->entries[cs->next_entry++ % RECENT_ENTRIES];

	entry__unref(*at);
	*at = e;
	e->refs++;
}

void causes__clear(struct causes *cs)
{
	for (unsigned k = 0; k < RECENT_CAUSES; k++)
		cause__unref(cs->requests[k]);
	for (unsigned k = 0; k < RECENT_ENTRIES; k++)
		entry__unref(cs->entries[k]);
	memset(cs->requests, 0, sizeof(cs->requests));
	memset(cs->entries, 0, sizeof(cs->entries));
}

static bool has_cause(const struct eng_entry *e, const struct eng_cause *c)
{
	for (unsigned k = 0; k < e->n; k++)
		if (e->at[k] == c || eng_str__same(e->at[k]->audit_id, c->audit_id))
			return true;
	return false;
}

static void add_cause(struct eng_entry *e, struct eng_cause *c)
{
	if (e->n == ENG_MAX_CAUSES || has_cause(e, c))
		return;
	e->at[e->n++] = c;
	c->refs++;
}

/* --- do they fit? ------------------------------------------------------------------------------------------ */

/* The last part of a path. */
static const char *base_of(const char *p)
{
	const char *slash = strrchr(p, '/');

	return slash ? slash + 1 : p;
}

static unsigned count_args(const struct eng_str *s)
{
	unsigned n = 0;

	for (uint32_t k = 0; k < s->len; k++)
		n += !s->s[k];
	return n;
}

/*
 * What runs is what was asked for, perhaps through the interpreter of a script: then the kernel has put its whole path there. So
 * "timeout 9 sh" is not what "sh" has become.
 */
static bool same_command(const struct eng_str *asked, const struct eng_str *runs)
{
	unsigned more = count_args(runs), n = count_args(asked);
	const char *a = asked->s, *r = runs->s;

	if (!n || more < n || more - n > MAX_PREFIX)
		return false;
	more -= n;
	for (unsigned k = 0; k < more; k++)
		r += strlen(r) + 1;
	if (more && !strchr(r, '/'))
		return false;
	if (strcmp(base_of(a), base_of(r)))
		return false;
	a += strlen(a) + 1;
	r += strlen(r) + 1;
	return asked->len - (uint32_t)(a - asked->s) == runs->len - (uint32_t)(r - runs->s) &&
	       !memcmp(a, r, asked->len - (uint32_t)(a - asked->s));
}

static bool fits(const struct eng_cause *c, const struct eng_entry *e)
{
	if (e->ts + BEFORE_NS < c->ts || e->ts > c->ts + AFTER_NS || !eng_str__same(c->ns, e->ns) ||
	    !eng_str__same(c->pod, e->pod) || (c->container && !eng_str__same(c->container, e->container)))
		return false;
	for (unsigned k = 0; k < e->n_args; k++)
		if (same_command(c->args, e->args[k]))
			return true;
	return false;
}

static void settle(struct eng_cause *c, struct eng_entry *e)
{
	c->used = e->settled = true;
}

/*
 * A request that came before a process and is told of after it, when another has been taken for its cause, and no
 * process is left that it may have started: it may as well have been this one.
 */
static unsigned doubt_entries(struct causes *cs, struct eng_cause *c)
{
	unsigned n = 0;

	for (unsigned k = 0; k < RECENT_ENTRIES; k++) {
		struct eng_entry *e = cs->entries[k];

		if (!e || !e->settled || e->ts < c->ts || !fits(c, e))
			continue;
		add_cause(e, c);
		for (unsigned i = 0; i < e->n; i++)
			e->at[i]->used = false;
		e->settled = false;
		n++;
	}
	return n;
}

/* A request has come: whom may it have let in? */
static void find_entries(struct eng_state *st, struct eng_cause *c)
{
	struct shared *s = st->shared;
	struct causes *cs = &s->causes;
	struct eng_entry *one = NULL;
	unsigned n = 0;

	for (unsigned k = 0; k < RECENT_ENTRIES; k++) {
		struct eng_entry *e = cs->entries[k];

		if (!e || e->settled || !fits(c, e))
			continue;
		add_cause(e, c);
		one = e;
		n++;
	}
	if (n == 1 && one->n == 1)
		settle(c, one);
	if (!n)
		n = doubt_entries(cs, c);
	for (unsigned k = 0; n && k < s->n; k++)
		if (s->all[k])
			proc__change_all(s->all[k]);
}

/* A process has come in: by which requests? */
static void find_requests(struct causes *cs, struct eng_entry *e)
{
	for (unsigned k = 0; k < RECENT_CAUSES; k++)
		if (cs->requests[k] && !cs->requests[k]->used && fits(cs->requests[k], e))
			add_cause(e, cs->requests[k]);
	if (e->n == 1)
		settle(e->at[0], e);
}

/* --- requests ---------------------------------------------------------------------------------------------- */

static struct eng_str *str_of(const char *p, size_t len)
{
	return eng_str__new(p, len, len);
}

static struct eng_str *param_str(const struct fmt_ev *ev, unsigned p)
{
	const struct fmt_str *s = fmt_ev__str(ev, p);

	return s ? str_of(s->p, s->len) : NULL;
}

/* All values of a parameter, each followed by NUL; NULL if there is none. */
static struct eng_str *uri_list(const char *uri, size_t len, const char *name, struct arena *mem)
{
	struct eng_str *out = NULL;
	struct buf b = { 0 };
	const char *p;
	size_t at = 0;
	uint32_t n;

	while ((p = audit_uri__next(uri, len, &at, name, mem, &n))) {
		buf__add(&b, p, strnlen(p, n));
		buf__u8(&b, 0);
	}
	if (b.len)
		out = str_of((char *)b.p, b.len);
	buf__done(&b);
	return out;
}

static void read_request(struct eng_cause *c, const struct json_doc *d, uint64_t otherwise)
{
	uint32_t uri = json_doc__get(d, 0, "requestURI"), id = json_doc__get(d, 0, "auditID"),
		 got = json_doc__get(d, 0, "requestReceivedTimestamp"), len;
	struct arena mem = { 0 };
	const char *p;

	c->ts = otherwise;
	if (json_doc__kind(d, got) == JSON_STRING)
		audit_time__get(d->text + d->nodes[got].at, d->nodes[got].len, &c->ts);
	if (json_doc__kind(d, id) == JSON_STRING) {
		p = json_doc__text(d, id, &mem, &len);
		c->audit_id = str_of(p, len);
	}
	if (json_doc__kind(d, uri) == JSON_STRING) {
		p = json_doc__text(d, uri, &mem, &len);
		c->args = uri_list(p, len, "command", &mem);
		p = audit_uri__param(p, len, "container", &mem, &len);
		c->container = p && len ? str_of(p, len) : NULL;
	}
	arena__done(&mem);
}

static bool is_param(const struct fmt_ev *ev, unsigned param, const char *text)
{
	const struct fmt_str *s = fmt_ev__str(ev, param);

	return s && s->len == strlen(text) && !memcmp(s->p, text, s->len);
}

/* The stages of a request have one id: the first that is seen counts. */
static bool is_known(const struct causes *cs, const struct eng_cause *c)
{
	for (unsigned k = 0; k < RECENT_CAUSES; k++)
		if (cs->requests[k] && eng_str__same(cs->requests[k]->audit_id, c->audit_id))
			return true;
	return false;
}

void cause__on_audit(struct eng_state *st, const struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	const struct fmt_str *json = fmt_ev__str(ev, P_k8s_audit_json);
	struct causes *cs = &st->shared->causes;
	const struct json_doc *d;
	uint64_t code = ev_u64(ev, P_k8s_audit_code, 0);
	struct eng_cause *c;

	if (!is_param(ev, P_k8s_audit_subresource, "exec") || !is_param(ev, P_k8s_audit_resource, "pods") ||
	    !code || code >= 400 || !json || json->len > MAX_ENTRY_JSON)
		return;
	d = eng_ctx__audit(ctx, 0);
	if (!d)
		return;
	c = xcalloc(1, sizeof(*c));
	c->refs = 1;
	c->id = ++cs->last_id;
	read_request(c, d, fmt_ev__ts(ev) - fmt_ev__dur(ev));
	c->json = str_of(json->p, json->len);
	c->ns = param_str(ev, P_k8s_audit_namespace);
	c->pod = param_str(ev, P_k8s_audit_name);
	if (c->audit_id && c->args && c->ns && c->pod && !is_known(cs, c)) {
		keep_request(cs, c);
		find_entries(st, c);
	}
	cause__unref(c);
}

/* --- processes --------------------------------------------------------------------------------------------- */

static struct eng_str *label(const struct eng_container *c, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(
		cJSON_GetObjectItemCaseSensitive(eng_container__json(c), "labels"), name);

	return cJSON_IsString(v) && *v->valuestring ? str_of(v->valuestring, strlen(v->valuestring)) : NULL;
}

static bool has_label(const struct eng_container *c, const char *name, const struct fmt_str *want)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(
		cJSON_GetObjectItemCaseSensitive(eng_container__json(c), "labels"), name);

	return want && cJSON_IsString(v) && strlen(v->valuestring) == want->len && !memcmp(v->valuestring, want->p, want->len);
}

bool eng_ctx__is_about_pod(const struct eng_ctx *ctx, const struct eng_container *c)
{
	const struct fmt_ev *ev = ctx->ev;

	return ev->type == EV_k8s_audit && is_param(ev, P_k8s_audit_resource, "pods") &&
	       has_label(c, "io.kubernetes.pod.name", fmt_ev__str(ev, P_k8s_audit_name)) &&
	       has_label(c, "io.kubernetes.pod.namespace", fmt_ev__str(ev, P_k8s_audit_namespace));
}

/* argv as it is, all of it. */
static struct eng_str *command_of(const struct eng_image *i)
{
	struct buf b = { 0 };
	struct eng_str *s;

	buf__add(&b, i->exe->s, strnlen(i->exe->s, i->exe->len));
	buf__u8(&b, 0);
	if (i->args)
		buf__add(&b, i->args->s, i->args->len);
	s = str_of((char *)b.p, b.len);
	buf__done(&b);
	return s;
}

/* Takes s. What is in it already is not added, nor what there is no room for. */
static void add_command(struct eng_entry *e, struct eng_str *s)
{
	for (unsigned k = 0; s && k < e->n_args; k++)
		if (eng_str__same(e->args[k], s))
			goto out;
	if (s && e->n_args < ENG_ENTRY_COMMANDS) {
		e->args[e->n_args++] = s;
		return;
	}
out:
	eng_str__unref(s);
}

static void set_pod(struct eng_entry *e, const struct eng_container *c)
{
	e->ns = label(c, "io.kubernetes.pod.namespace");
	e->pod = e->ns ? label(c, "io.kubernetes.pod.name") : NULL;
	e->container = label(c, "io.kubernetes.container.name");
}

static struct eng_entry *new_entry(struct causes *cs, const struct eng_container *c, uint64_t ts)
{
	struct eng_entry *e = xcalloc(1, sizeof(*e));

	e->refs = 1;
	e->id = ++cs->last_id;
	e->ts = ts;
	e->box = str_of(c->id, strlen(c->id));
	set_pod(e, c);
	keep_entry(cs, e);
	return e;
}

void cause__on_exec(struct eng_state *st, struct eng_ctx *ctx)
{
	struct causes *cs = &st->shared->causes;
	struct eng_proc *p = ctx->proc;
	struct eng_entry *e = p->entry;

	if (!p->container || p->vpid == 1 || (p->parent && p->parent->container == p->container) || (e && e->n) ||
	    !p->image->exe)
		return;
	if (!e || (e->box && strcmp(e->box->s, p->container->id))) {
		entry__unref(e);
		e = p->entry = new_entry(cs, p->container, fmt_ev__ts(ctx->ev));
	}
	add_command(e, command_of(p->image));
	find_requests(cs, e);
}

void cause__on_container(struct eng_state *st, const struct eng_container *c)
{
	struct causes *cs = &st->shared->causes;

	for (unsigned k = 0; k < RECENT_ENTRIES; k++) {
		struct eng_entry *e = cs->entries[k];

		if (!e || e->pod || !e->box || strcmp(e->box->s, c->id))
			continue;
		eng_str__unref(e->ns);
		eng_str__unref(e->container);
		set_pod(e, c);
		if (e->pod)
			find_requests(cs, e);
	}
}

/* --- keyframes --------------------------------------------------------------------------------------------- */

static struct eng_cause *request_of(struct causes *cs, const struct fmt_ev *ev)
{
	const struct fmt_str *json = fmt_ev__str(ev, P_state_cause_json);
	struct json_doc d = { 0 };
	struct eng_cause *c;

	if (!json || json->len > MAX_ENTRY_JSON)
		return NULL;
	for (unsigned k = 0; k < RECENT_CAUSES; k++) {
		c = cs->requests[k];
		if (c && c->json->len == json->len && !memcmp(c->json->s, json->p, json->len)) {
			c->refs++;
			return c;
		}
	}
	if (json_doc__parse(&d, json->p, json->len)) {
		json_doc__done(&d);
		return NULL;
	}
	c = xcalloc(1, sizeof(*c));
	c->refs = 1;
	c->id = ++cs->last_id;
	read_request(c, &d, ev_u64(ev, P_state_cause_time, 0));
	c->json = str_of(json->p, json->len);
	c->ns = param_str(ev, P_state_cause_namespace);
	c->pod = param_str(ev, P_state_cause_pod);
	c->used = ev_u64(ev, P_state_cause_settled, 0);
	json_doc__done(&d);
	if (!c->audit_id || !c->args || !c->ns || !c->pod) {
		cause__unref(c);
		return NULL;
	}
	return c;
}

static struct eng_str *command_param(const struct fmt_ev *ev)
{
	struct eng_str *s = param_str(ev, P_state_cause_args);

	if (s && s->len && !s->s[s->len - 1])
		return s;
	eng_str__unref(s);
	return NULL;
}

static struct eng_entry *entry_of(struct causes *cs, const struct fmt_ev *ev)
{
	struct eng_entry *e = xcalloc(1, sizeof(*e));

	e->refs = 1;
	e->id = ++cs->last_id;
	e->ts = ev_u64(ev, P_state_cause_time, 0);
	e->ns = param_str(ev, P_state_cause_namespace);
	e->pod = param_str(ev, P_state_cause_pod);
	e->container = param_str(ev, P_state_cause_container);
	e->settled = ev_u64(ev, P_state_cause_settled, 0);
	add_command(e, command_param(ev));
	if (e->ns && e->pod && e->n_args)
		return e;
	entry__unref(e);
	return NULL;
}

/* Whoever has the same number has the same entry. */
static struct eng_entry *shared_entry(struct eng_state *st, const struct fmt_ev *ev, struct eng_proc *p)
{
	int64_t number = ev_s64(ev, P_state_cause_number, 0), pid;
	struct eng_proc *owner;

	if (st->entries_ts != fmt_ev__ts(ev)) {
		idmap__clear(&st->entries);
		st->entries_ts = fmt_ev__ts(ev);
	}
	pid = (intptr_t)idmap__get(&st->entries, number);
	owner = pid ? idmap__get(&st->procs, pid) : NULL;
	if (owner && owner->entry)
		return owner->entry;
	idmap__put(&st->entries, number, (void *)(intptr_t)p->pid);
	return NULL;
}

void on_state_cause(struct eng_state *st, struct eng_ctx *ctx)
{
	struct causes *cs = &st->shared->causes;
	struct eng_proc *p = fmt_ev__tid(ctx->ev) ? idmap__get(&st->procs, fmt_ev__tid(ctx->ev)) : NULL;
	struct eng_cause *c = request_of(cs, ctx->ev);
	struct eng_entry *e;

	if (!fmt_ev__tid(ctx->ev) && c && !is_known(cs, c))
		keep_request(cs, c);
	if (p && !p->entry) {
		e = shared_entry(st, ctx->ev, p);
		if (e) {
			e->refs++;
			p->entry = e;
		} else if ((p->entry = entry_of(cs, ctx->ev))) {
			keep_entry(cs, p->entry);
		}
	} else if (p) {
		shared_entry(st, ctx->ev, p);
		add_command(p->entry, command_param(ctx->ev));
	}
	if (p && p->entry && c)
		add_cause(p->entry, c);
	cause__unref(c);
}

bool entry__is_recent(const struct causes *cs, const struct eng_entry *e)
{
	for (unsigned k = 0; k < RECENT_ENTRIES; k++)
		if (cs->entries[k] == e)
			return true;
	return false;
}
