// SPDX-License-Identifier: Apache-2.0
/* From an alert to a plan. */
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "engine/playbook/playbook_internal.h"
#include "format/base/text.h"

struct pb_decider {
	struct playbook *pb;
	struct pb_self self;
	struct arena mem, scratch;
	struct pb_fields *fields;
	struct eng_run *run;
	uint32_t *hits;
	uint64_t now;			/* never goes backwards */
	uint32_t object_size;		/* the largest limit for one object */
	struct pb_memory objects, cool;
	struct pb_meter total, disturbing, nodes;
};

static char *copy(struct arena *mem, const char *s)
{
	return s ? arena__strndup(mem, s, strlen(s)) : NULL;
}

static void take_over(struct pb_decider *d, struct pb_decider *before)
{
	d->now = before->now;
	d->objects = before->objects;
	d->cool = before->cool;
	d->total = before->total;
	d->disturbing = before->disturbing;
	d->nodes = before->nodes;
	before->objects = before->cool = (struct pb_memory){ 0 };
	before->total = before->disturbing = before->nodes = (struct pb_meter){ 0 };
}

int pb_decider__new(struct pb_decider **ret, struct playbook *pb, const struct pb_self *self, struct pb_decider *before)
{
	struct pb_decider *d = xcalloc(1, sizeof(*d));
	int r = eng_run__new(&d->run, pb->prog);

	if (r) {
		free(d);
		return r;
	}
	d->pb = playbook__ref(pb);
	d->self = (struct pb_self){ .pid = self->pid, .full_id = copy(&d->mem, self->full_id), .ns = copy(&d->mem, self->ns),
				    .pod = copy(&d->mem, self->pod),
				    .node = copy(&d->mem, pb->kubernetes.node ? pb->kubernetes.node : self->node) };
	d->fields = pb_fields__new(&d->mem);
	d->hits = arena__alloc(&d->mem, (pb->n + 1) * sizeof(*d->hits));
	for (uint32_t i = 0; i < pb->n; i++)
		if (pb->entries[i].per_object.n > d->object_size)
			d->object_size = pb->entries[i].per_object.n;
	if (before)
		take_over(d, before);
	*ret = d;
	return 0;
}

void pb_decider__free(struct pb_decider *d)
{
	if (!d)
		return;
	eng_run__free(d->run);
	pb_memory__done(&d->objects);
	pb_memory__done(&d->cool);
	free(d->total.times);
	free(d->disturbing.times);
	free(d->nodes.times);
	playbook__unref(d->pb);
	arena__done(&d->scratch);
	arena__done(&d->mem);
	free(d);
}

/* --- which playbooks --------------------------------------------------------------------------------------- */

static bool has_tag(const struct cfg_strings *want, const struct eng_rule *rule)
{
	for (uint32_t i = 0; i < want->n; i++)
		for (unsigned k = 0; k < rule->n_tags; k++)
			if (!strcmp(want->p[i], rule->tags[k]))
				return true;
	return !want->n;
}

static bool asks_for(const struct pb_entry *e, const struct eng_rule *rule)
{
	return e->enabled && rule->priority <= e->priority && (!e->rules.n || pb_globs__match(&e->rules, rule->name)) &&
	       has_tag(&e->tags, rule) && (!e->source || !strcmp(e->source, rule->source));
}

/* The condition's answer, worked out for all conditions when the first is asked for: UINT32_MAX hits, not yet. */
static bool satisfies(struct pb_decider *d, const struct pb_entry *e, const struct eng_ctx *ctx, uint32_t *n_hits)
{
	if (e->cond < 0)
		return true;
	if (*n_hits == UINT32_MAX) {
		eng_run__batch(d->run, NULL);	/* what is remembered of names is of another batch */
		*n_hits = eng_run__match(d->run, ctx, false, d->hits, d->pb->n);
	}
	for (uint32_t i = 0; i < *n_hits; i++)
		if (d->hits[i] == (uint32_t)e->cond)
			return true;
	return false;
}

/* --- limits ------------------------------------------------------------------------------------------------ */

static const char *over_limit(struct pb_decider *d, const struct pb_entry *e, const struct pb_action_info *info,
			      const struct pb_meter *object)
{
	if (!object)
		return "too many objects are remembered";
	if (!pb_meter__has_room(object, &e->per_object, d->now))
		return "limit for one object (per_object)";
	if (info->object == PBO_NODE && !pb_meter__has_room(&d->nodes, &d->pb->nodes, d->now))
		return "limit for nodes (nodes)";
	if (info->flags & PBF_DISTURBS && !pb_meter__has_room(&d->disturbing, &d->pb->disturbing, d->now))
		return "limit of what disturbs (disturbing)";
	if (!pb_meter__has_room(&d->total, &d->pb->total, d->now))
		return "limit of all actions (total)";
	return NULL;
}

static uint64_t longest(const struct pb_decider *d)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < d->pb->n; i++)
		if (d->pb->entries[i].per_object.per_ns > n)
			n = d->pb->entries[i].per_object.per_ns;
	return n;
}

static void count(struct pb_decider *d, const struct pb_action_info *info, struct pb_memory_entry *object)
{
	pb_meter__add(&object->meter, d->object_size, d->now);
	object->until = d->now + longest(d);
	if (info->object == PBO_NODE)
		pb_meter__add(&d->nodes, d->pb->nodes.n, d->now);
	if (info->flags & PBF_DISTURBS)
		pb_meter__add(&d->disturbing, d->pb->disturbing.n, d->now);
	pb_meter__add(&d->total, d->pb->total.n, d->now);
}

/* --- steps ------------------------------------------------------------------------------------------------- */

static void refuse(struct pb_step *s, enum pb_verdict v, const char *why)
{
	s->verdict = v;
	s->why = why;
}

static void decide_step(struct pb_decider *d, const struct pb_entry *e, struct pb_plan *p, const struct eng_ctx *ctx, bool stopped,
			struct pb_step *s)
{
	const struct pb_action_info *info = s->action->info;
	struct pb_memory_entry *object = pb_memory__get(&d->objects, pb_printf(&p->mem, "%s\n%s", p->target.object, e->name), d->now);
	const char *why = NULL;

	s->object = pb_target__object(&p->target, info->object, &p->mem, &why);
	if (!s->object) {
		s->object = "";
		refuse(s, PBV_NO_OBJECT, why);
		return;
	}
	if (info->flags & PBF_DISTURBS)
		why = pb_target__protected(d->pb, &d->self, &p->target, info->object, ctx, &p->mem);
	if (why) {
		refuse(s, PBV_PROTECTED, why);
		return;
	}
	pb_step__render(s, ctx, &p->mem, &d->scratch);
	if (stopped) {
		refuse(s, PBV_STOPPED, "playbooks are stopped");
		return;
	}
	why = over_limit(d, e, info, object ? &object->meter : NULL);
	if (why) {
		refuse(s, PBV_LIMIT, why);
		return;
	}
	count(d, info, object);
	if (e->dry_run)
		refuse(s, PBV_DRY_RUN, "dry run");
}

/* Has it run for this rule and object a short while ago? If not, it has now. */
static bool is_cooling(struct pb_decider *d, const struct pb_entry *e, const struct pb_plan *p, uint64_t *ret_until)
{
	char *key = xasprintf("%s\n%s\n%s", e->name, p->rule, p->target.object);
	struct pb_memory_entry *m = pb_memory__get(&d->cool, key, d->now);
	bool is = !m || m->until > d->now;

	*ret_until = m ? m->until : d->now;
	if (!is)
		m->until = d->now + e->cool_down;
	free(key);
	return is;
}

static void decide_part(struct pb_decider *d, const struct pb_entry *e, struct pb_plan *p, const struct eng_ctx *ctx, bool stopped,
			struct pb_part *part)
{
	uint64_t until;
	char left[32];

	part->entry = e;
	if (!stopped && e->cool_down && is_cooling(d, e, p, &until)) {
		part->verdict = PBV_COOL_DOWN;
		part->why = pb_printf(&p->mem, "cool-down, for another %s", text__duration(until - d->now, left));
		return;
	}
	part->n_steps = e->n_actions;
	part->steps = arena__zalloc(&p->mem, e->n_actions * sizeof(*part->steps));
	for (uint32_t i = 0; i < e->n_actions; i++) {
		part->steps[i].action = &e->actions[i];
		decide_step(d, e, p, ctx, stopped, &part->steps[i]);
	}
}

/* --- plans ------------------------------------------------------------------------------------------------- */

/* The alert's text as it is, not as JSON has it. */
static const char *message_of(const char *json, struct arena *mem)
{
	cJSON *j = cJSON_Parse(json);
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(j, "output");
	const char *s = copy(mem, cJSON_IsString(v) ? v->valuestring : "");

	cJSON_Delete(j);
	return s;
}

static struct pb_plan *new_plan(struct pb_decider *d, const struct eng_rule *rule, const struct eng_ctx *ctx,
				const struct eng_alert_opts *alert)
{
	struct pb_plan *p = xcalloc(1, sizeof(*p));
	struct buf b = { 0 };

	p->pb = playbook__ref(d->pb);
	p->ts = fmt_ev__ts(ctx->ev);
	p->num = fmt_ev__num(ctx->ev);
	p->tid = fmt_ev__tid(ctx->ev);
	p->pid = fmt_ev__pid(ctx->ev);
	p->rule = copy(&p->mem, rule->name);
	p->priority = rule->priority;
	eng_alert__json(rule, ctx, alert, &d->scratch, &b);
	p->json = arena__strndup(&p->mem, (char *)b.p, b.len);
	p->message = message_of(p->json, &p->mem);
	buf__done(&b);
	pb_target__find(&p->target, d->fields, ctx, copy(&p->mem, d->self.node), &p->mem, &d->scratch);
	p->parts = arena__zalloc(&p->mem, d->pb->n * sizeof(*p->parts));
	return p;
}

void playbook__decide(struct pb_decider *d, const struct eng_rule *rule, const struct eng_ctx *ctx,
		      const struct eng_alert_opts *alert, bool stopped, struct pb_plan **ret)
{
	struct pb_plan *p = NULL;
	uint32_t n_hits = UINT32_MAX;
	uint64_t ts = fmt_ev__ts(ctx->ev);

	d->now = ts > d->now ? ts : d->now;
	for (uint32_t i = 0; i < d->pb->n; i++) {
		const struct pb_entry *e = &d->pb->entries[i];

		if (!asks_for(e, rule) || !satisfies(d, e, ctx, &n_hits))
			continue;
		p = p ? p : new_plan(d, rule, ctx, alert);
		decide_part(d, e, p, ctx, stopped, &p->parts[p->n_parts++]);
	}
	*ret = p;
}

void pb_plan__free(struct pb_plan *p)
{
	if (!p)
		return;
	playbook__unref(p->pb);
	arena__done(&p->mem);
	free(p);
}

unsigned pb_plan__count(const struct pb_plan *p, enum pb_verdict v)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < p->n_parts; i++)
		for (uint32_t k = 0; k < p->parts[i].n_steps; k++)
			n += p->parts[i].steps[k].verdict == v;
	return n;
}

const char *pb_step__arg(const struct pb_step *s, const char *name)
{
	for (uint32_t i = 0; i < s->n_args; i++)
		if (!strcmp(s->args[i].name, name))
			return s->args[i].value;
	return NULL;
}
