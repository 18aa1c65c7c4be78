// SPDX-License-Identifier: Apache-2.0
/*
 * Containers: which process is in which, and what is known of them.
 */
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "engine/state/state_internal.h"
#include "format/base/strtab.h"

static int64_t key_of(const char *id, size_t len)
{
	return (int64_t)strtab__hash(id, len);
}

struct container *container__get(struct eng_state *st, const char *id, size_t len, bool make)
{
	struct container *c, *first;
	int64_t key;

	len = eng_container__id_len(id, strnlen(id, len));
	if (!len)
		return NULL;
	key = key_of(id, len);
	first = idmap__get(&st->containers, key);
	for (c = first; c; c = c->next)
		if (!strncmp(c->c.id, id, len) && !c->c.id[len])
			return c;
	if (!make)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	memcpy(c->c.id, id, len);
	c->next = first;
	idmap__put(&st->containers, key, c);
	return c;
}

/* --- by cgroup: containers that were announced with one --------------------------------------- */

#define PLACE_SEED 0xcbf29ce484222325u

static uint64_t place_hash(uint64_t h, char c)
{
	return (h ^ (uint8_t)c) * 0x100000001b3u;
}

static int64_t place_key(const struct eng_str *path)
{
	uint64_t h = PLACE_SEED;

	for (uint32_t i = 0; i < path->len; i++)
		h = place_hash(h, path->s[i]);
	return (int64_t)h;
}

static void leave_place(struct eng_state *st, struct container *c)
{
	struct container *first, **at = &first;
	int64_t key;

	if (!c->c.cgroup)
		return;
	key = place_key(c->c.cgroup);
	first = idmap__del(&st->by_cgroup, key);
	while (*at != c)
		at = &(*at)->next_place;
	*at = c->next_place;
	if (first)
		idmap__put(&st->by_cgroup, key, first);
}

static void take_place(struct eng_state *st, struct container *c)
{
	if (c->c.cgroup)
		c->next_place = idmap__put(&st->by_cgroup, place_key(c->c.cgroup), c);
}

/* Of two that were announced with the same cgroup: the living, else any that is always the same. */
static struct container *rather(struct container *a, struct container *b)
{
	if (a->c.ended != b->c.ended)
		return a->c.ended ? b : a;
	return strcmp(a->c.id, b->c.id) < 0 ? a : b;
}

static struct container *at_place(const struct eng_state *st, uint64_t hash, const char *path,
				  uint32_t n)
{
	struct container *c = idmap__get(&st->by_cgroup, (int64_t)hash), *found = NULL;

	for (; c; c = c->next_place)
		if (c->c.cgroup->len == n && !memcmp(c->c.cgroup->s, path, n))
			found = found ? rather(found, c) : c;
	return found;
}

struct container *container__announced(struct eng_state *st, const char *path)
{
	struct container *c, *found = NULL;
	uint64_t h = PLACE_SEED;

	for (uint32_t n = 1; st->by_cgroup.n && path[n - 1]; n++) {
		h = place_hash(h, path[n - 1]);
		if (n == 1 || (path[n] && path[n] != '/'))
			continue;
		c = at_place(st, h, path, n);
		found = c ? c : found;
	}
	return found;
}

/* --- all of them ------------------------------------------------------------------------------ */

static void free_container(struct container *c)
{
	eng_str__unref(c->c.full_id);
	eng_str__unref(c->c.runtime);
	eng_str__unref(c->c.name);
	eng_str__unref(c->c.image);
	eng_str__unref(c->c.cgroup);
	eng_str__unref(c->c.json);
	cJSON_Delete(c->root);
	accounts__clear(&c->accounts);
	free(c);
}

static void take_out(struct eng_state *st, struct container *c)
{
	int64_t key = key_of(c->c.id, strlen(c->c.id));
	struct container *first = idmap__del(&st->containers, key), **at = &first;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	if (first)
		idmap__put(&st->containers, key, first);
	leave_place(st, c);
	free_container(c);
}

static void forget_json(struct eng_state *st, struct container *c)
{
	cJSON_Delete(c->root);
	c->root = NULL;
	st->json_bytes -= c->json_bytes;
	c->json_bytes = 0;
}

/* Nobody is in it, and it has ended or nothing but its id is known: forget it. */
void container__forget_idle(struct eng_state *st, struct container *c)
{
	if (c->c.n_procs || !(c->c.ended || (!c->c.json && !c->c.name && !c->c.image && !c->c.cgroup)))
		return;
	if (st->keeps_idle) {
		st->kept_idle = true;
		return;
	}
	forget_json(st, c);
	take_out(st, c);
}

void containers__clear(struct eng_state *st)
{
	struct container *c, *next;

	idmap__each(&st->containers, i, c) {
		for (; c; c = next) {
			next = c->next;
			free_container(c);
		}
	}
	st->json_bytes = 0;
	idmap__clear(&st->containers);
	idmap__clear(&st->by_cgroup);
}

struct eng_container *eng_state__container(struct eng_state *st, const char *id)
{
	return (struct eng_container *)container__get(st, id, strlen(id), false);
}

const cJSON *eng_container__json(const struct eng_container *c)
{
	return cJSON_GetObjectItemCaseSensitive(((const struct container *)c)->root, "container");
}

void eng_state__each_container(struct eng_state *st, void (*fn)(struct eng_container *c, void *arg),
			       void *arg)
{
	struct container *c;

	for (unsigned k = 0; k < st->shared->n; k++)
		if (st->shared->all[k])
			idmap__each(&st->shared->all[k]->containers, i, c)
				for (; c; c = c->next)
					fn(&c->c, arg);
}

void proc__set_container(struct eng_state *st, struct eng_proc *p, struct container *c)
{
	struct container *was = (struct container *)p->container;

	if (was == c)
		return;
	p->container = c ? &c->c : NULL;
	if (c)
		c->c.n_procs++;
	p->epoch = next_epoch(st);
	if (was) {
		was->c.n_procs--;
		container__forget_idle(st, was);
	}
}

void containers__forget_idle(struct eng_state *st)
{
	struct container **all;
	size_t n;

	if (!st->kept_idle)
		return;
	st->kept_idle = false;
	all = containers__sorted(st, &n);
	while (n)
		container__forget_idle(st, all[--n]);
	free(all);
}

/* --- what events do --------------------------------------------------------------------------- */

static const char *const runtimes[] = {
	"docker", "lxc", "libvirt-lxc", "mesos", "rkt", "custom", "cri", "containerd", "cri-o",
	"bpm", "static", "podman",
};

static void from_json(struct eng_str **at, const cJSON *obj, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(obj, key);

	if (!*at && cJSON_IsString(v) && *v->valuestring)
		*at = eng_str__new(v->valuestring, strlen(v->valuestring), strlen(v->valuestring));
}

/* What the document says and no parameter did. */
static void read_json(struct container *c)
{
	const cJSON *obj = cJSON_GetObjectItemCaseSensitive(c->root, "container");
	const cJSON *type = cJSON_GetObjectItemCaseSensitive(obj, "type");

	from_json(&c->c.full_id, obj, "full_id");
	from_json(&c->c.name, obj, "name");
	from_json(&c->c.image, obj, "image");
	if (!c->c.runtime && cJSON_IsNumber(type) && type->valuedouble >= 0 &&
	    type->valuedouble < sizeof(runtimes) / sizeof(*runtimes)) {
		const char *r = runtimes[(int)type->valuedouble];

		c->c.runtime = eng_str__new(r, strlen(r), strlen(r));
	}
}

/*
 * A parsed document takes up to forty times its text: there is a limit for one and for all. What is
 * longer is kept, but not understood.
 */
#define MAX_JSON (256u << 10)
#define MAX_ALL_JSON (8u << 20)

static void parse_json(struct eng_state *st, struct container *c)
{
	uint32_t len = c->c.json->len;

	forget_json(st, c);
	if (len > MAX_JSON || st->json_bytes + len > MAX_ALL_JSON)
		return;
	c->root = cJSON_ParseWithLength(c->c.json->s, len);
	if (c->root)
		st->json_bytes += c->json_bytes = len;
}

static bool set_json(struct eng_state *st, struct container *c, struct eng_str *json)
{
	if (!json || !eng_str__set(&c->c.json, json))
		return false;
	parse_json(st, c);
	read_json(c);
	return true;
}

static bool set_str(struct eng_state *st, struct eng_str **at, const struct fmt_ev *ev, unsigned p)
{
	const struct fmt_str *s = fmt_ev__str(ev, p);

	return s && s->len && ev_str_set(st, at, ev, p);
}

/* Event container and row state_container. */
void on_container(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	bool row = ev->type == EV_state_container, changed = false;
	const struct fmt_str *id = fmt_ev__str(ev, row ? (unsigned)P_state_container_id :
							 (unsigned)P_container_id);
	struct container *c;
	bool moved;

#define P(name) (row ? (unsigned)P_state_container_##name : (unsigned)P_container_##name)
	if (!id || !id->len)
		return;
	c = container__get(st, id->p, id->len, true);
	if (!c)
		return;
	if (!row)
		c->c.ended = false;	/* a new one under the name of one that had ended */
	changed |= set_str(st, &c->c.full_id, ev, P(full_id));
	changed |= set_str(st, &c->c.runtime, ev, P(runtime));
	changed |= set_str(st, &c->c.name, ev, P(name));
	changed |= set_str(st, &c->c.image, ev, P(image));
	leave_place(st, c);
	moved = set_str(st, &c->c.cgroup, ev, P(cgroup));
	take_place(st, c);
	if (fmt_ev__str(ev, P(json)) && fmt_ev__str(ev, P(json))->len)
		changed |= set_json(st, c, ev_str(st, ev, P(json)));
#undef P
	if (row) {
		EV_SET(&c->c.start, ev, P_state_container_start);
		EV_SET(&c->c.ended, ev, P_state_container_ended);
	}
	if (moved) {
		containers__find_again(st, c);
		if (!row)	/* a keyframe's processes are still to come */
			containers__forget_idle(st);
	}
	if (changed && !row)
		cause__on_container(st, &c->c);
	if (changed || moved)
		proc__change_all(st);
}

const struct fmt_str *eng_ev__container_told(const struct fmt_ev *ev)
{
	switch (ev->type) {
	case EV_container:
		return fmt_ev__str(ev, P_container_id);
	case EV_container_end:
		return fmt_ev__str(ev, P_container_end_id);
	case EV_action:
		return fmt_ev__str(ev, P_action_container);
	case EV_useradded:
		return fmt_ev__str(ev, P_useradded_container_id);
	case EV_userdeleted:
		return fmt_ev__str(ev, P_userdeleted_container_id);
	case EV_groupadded:
		return fmt_ev__str(ev, P_groupadded_container_id);
	case EV_groupdeleted:
		return fmt_ev__str(ev, P_groupdeleted_container_id);
	}
	return NULL;
}

struct eng_container *eng_ctx__container(const struct eng_ctx *ctx)
{
	const struct fmt_str *id;

	if (ctx->proc->container || !eng_ctx__nobody(ctx))
		return ctx->proc->container;
	id = eng_ev__container_told(ctx->ev);
	return id && id->len ? eng_state__container(ctx->state, id->p) : NULL;
}

void on_container_end(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_str *id = fmt_ev__str(ctx->ev, P_container_end_id);
	struct container *c = id ? container__get(st, id->p, id->len, false) : NULL;

	if (c)
		c->c.ended = true;
}

void on_container_end_leave(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_str *id = fmt_ev__str(ctx->ev, P_container_end_id);
	struct container *c = id ? container__get(st, id->p, id->len, false) : NULL;

	if (c)
		container__forget_idle(st, c);
}

/* Imported files announce containers by an event of their own: the document is all there is. */
void on_asyncevent(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_str *name = fmt_ev__str(ctx->ev, P_asyncevent_name);
	const cJSON *obj, *id;
	struct eng_str *json;
	struct container *c;
	cJSON *root;

	if (!name || name->len != 9 || memcmp(name->p, "container", 9))
		return;
	json = ev_str(st, ctx->ev, P_asyncevent_data);
	root = json && json->len <= MAX_JSON ? cJSON_ParseWithLength(json->s, json->len) : NULL;
	obj = cJSON_GetObjectItemCaseSensitive(root, "container");
	id = cJSON_GetObjectItemCaseSensitive(obj, "id");
	if (cJSON_IsString(id) && *id->valuestring) {
		c = container__get(st, id->valuestring, strlen(id->valuestring), true);
		if (set_json(st, c, eng_str__ref(json))) {
			cause__on_container(st, &c->c);
			proc__change_all(st);
		}
	}
	cJSON_Delete(root);
	eng_str__unref(json);
}
