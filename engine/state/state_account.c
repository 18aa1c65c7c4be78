// SPDX-License-Identifier: Apache-2.0
/*
 * Users and groups, the machine's addresses, mounts: small tables that keyframes fill.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/state/sockaddr.h"
#include "engine/state/state_internal.h"

static void free_user(struct eng_user *u)
{
	eng_str__unref(u->name);
	eng_str__unref(u->home);
	eng_str__unref(u->shell);
	free(u);
}

static void free_group(struct eng_group *g)
{
	eng_str__unref(g->name);
	free(g);
}

static void free_mount(struct mount *m)
{
	eng_str__unref(m->path);
	eng_str__unref(m->fstype);
	eng_str__unref(m->source);
	eng_str__unref(m->root);
	free(m);
}

void accounts__clear(struct accounts *a)
{
	struct eng_group *g;
	struct eng_user *u;

	idmap__each(&a->users, i, u)
		free_user(u);
	idmap__done(&a->users);
	idmap__each(&a->groups, i, g)
		free_group(g);
	idmap__done(&a->groups);
}

void tables__clear(struct eng_state *st)
{
	struct mount *m;

	accounts__clear(&st->accounts);
	idmap__each(&st->mounts, i, m)
		free_mount(m);
	idmap__done(&st->mounts);
	for (size_t i = 0; i < st->n_ifaces; i++)
		eng_str__unref(st->ifaces[i].name);
	free(st->ifaces);
	st->ifaces = NULL;
	st->n_ifaces = st->cap_ifaces = 0;
}

/* --- users and groups ------------------------------------------------------------------------- */

const struct eng_user *eng_state__user(struct eng_state *st, uint32_t uid)
{
	return idmap__get(&st->accounts.users, uid);
}

const struct eng_group *eng_state__group(struct eng_state *st, uint32_t gid)
{
	return idmap__get(&st->accounts.groups, gid);
}

static struct accounts *accounts_of(struct eng_state *st, const struct eng_proc *p)
{
	return p->container ? &((struct container *)p->container)->accounts : &st->accounts;
}

const struct eng_user *eng_proc__user(struct eng_state *st, const struct eng_proc *p, uint32_t uid)
{
	return idmap__get(&accounts_of(st, p)->users, uid);
}

const struct eng_group *eng_proc__group(struct eng_state *st, const struct eng_proc *p,
					uint32_t gid)
{
	return idmap__get(&accounts_of(st, p)->groups, gid);
}

/* Whose accounts an event is about: the machine's, or a container's. */
static struct accounts *named_accounts(struct eng_state *st, const struct fmt_ev *ev, unsigned p,
				       bool make)
{
	const struct fmt_str *id = fmt_ev__str(ev, p);
	struct container *c;

	if (!id || !id->len)
		return &st->accounts;
	c = container__get(st, id->p, id->len, make);
	return c ? &c->accounts : NULL;
}

/* Event useradded and row state_user. */
void on_user(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	bool row = ev->type == EV_state_user, changed;
	struct accounts *a;
	struct eng_user *u;
	uint64_t uid;

#define P(x) (row ? (unsigned)P_state_user_##x : (unsigned)P_useradded_##x)
	if (!fmt_ev__int(ev, P(uid), &uid))
		return;
	a = named_accounts(st, ev, P(container_id), true);
	if (!a)
		return;
	u = idmap__get(&a->users, (uint32_t)uid);
	changed = !u;
	if (!u) {
		u = xcalloc(1, sizeof(*u));
		u->uid = (uint32_t)uid;
		idmap__put(&a->users, u->uid, u);
	}
	changed |= EV_SET(&u->gid, ev, P(gid));
	changed |= ev_str_set(st, &u->name, ev, P(name));
	changed |= ev_str_set(st, &u->home, ev, P(home));
	changed |= ev_str_set(st, &u->shell, ev, P(shell));
#undef P
	if (changed)
		proc__change_all(st);
}

void on_user_gone(struct eng_state *st, struct eng_ctx *ctx)
{
	struct accounts *a = named_accounts(st, ctx->ev, P_userdeleted_container_id, false);
	struct eng_user *u = NULL;

	if (a)
		u = idmap__del(&a->users, (uint32_t)ev_u64(ctx->ev, P_userdeleted_uid, 0));
	if (!u)
		return;
	free_user(u);
	proc__change_all(st);
}

/* Event groupadded and row state_group. */
void on_group(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	bool row = ev->type == EV_state_group, changed;
	struct eng_group *g;
	struct accounts *a;
	uint64_t gid;

#define P(x) (row ? (unsigned)P_state_group_##x : (unsigned)P_groupadded_##x)
	if (!fmt_ev__int(ev, P(gid), &gid))
		return;
	a = named_accounts(st, ev, P(container_id), true);
	if (!a)
		return;
	g = idmap__get(&a->groups, (uint32_t)gid);
	changed = !g;
	if (!g) {
		g = xcalloc(1, sizeof(*g));
		g->gid = (uint32_t)gid;
		idmap__put(&a->groups, g->gid, g);
	}
	changed |= ev_str_set(st, &g->name, ev, P(name));
#undef P
	if (changed)
		proc__change_all(st);
}

void on_group_gone(struct eng_state *st, struct eng_ctx *ctx)
{
	struct accounts *a = named_accounts(st, ctx->ev, P_groupdeleted_container_id, false);
	struct eng_group *g = NULL;

	if (a)
		g = idmap__del(&a->groups, (uint32_t)ev_u64(ctx->ev, P_groupdeleted_gid, 0));
	if (!g)
		return;
	free_group(g);
	proc__change_all(st);
}

/* --- addresses -------------------------------------------------------------------------------- */

#define MAX_IFACES 4096u

static size_t ip_len(uint8_t family)
{
	return family == SA_INET ? 4 : 16;
}

void on_iface(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_str *s = fmt_ev__str(ctx->ev, P_state_iface_addr);
	struct sock_addrs a;
	struct iface *f;

	if (!s || !sock_addrs__read(&a, s->p, s->len, false) ||
	    (a.family != SA_INET && a.family != SA_INET6))
		return;
	for (size_t i = 0; i < st->n_ifaces; i++)
		if (st->ifaces[i].family == a.family && !memcmp(st->ifaces[i].ip, a.dst.ip, 16))
			return;
	if (st->n_ifaces == MAX_IFACES)
		return;
	st->ifaces = xgrow(st->ifaces, &st->cap_ifaces, st->n_ifaces + 1, sizeof(*st->ifaces));
	f = &st->ifaces[st->n_ifaces++];
	*f = (struct iface){ .family = a.family, .name = ev_str(st, ctx->ev, P_state_iface_name),
			     .prefix = (uint8_t)ev_u64(ctx->ev, P_state_iface_prefix, 0) };
	memcpy(f->ip, a.dst.ip, 16);
}

bool eng_state__is_local_ip(struct eng_state *st, uint8_t family, const uint8_t *ip)
{
	for (size_t i = 0; i < st->n_ifaces; i++)
		if (st->ifaces[i].family == family &&
		    !memcmp(st->ifaces[i].ip, ip, ip_len(family)))
			return true;
	return false;
}

static bool same_net(const struct iface *f, const uint8_t *ip)
{
	unsigned bits = f->prefix, bytes = bits / 8;

	if (!bits || bits > ip_len(f->family) * 8 || memcmp(f->ip, ip, bytes))
		return false;
	return bits % 8 == 0 || !((f->ip[bytes] ^ ip[bytes]) >> (8 - bits % 8));
}

static bool is_loopback(const struct iface *f)
{
	static const uint8_t one[16] = { [15] = 1 };

	return f->family == SA_INET ? f->ip[0] == 127 : !memcmp(f->ip, one, 16);
}

/* The address that the machine would use to talk to ip, or NULL. */
static const uint8_t *own_address(const struct eng_state *st, uint8_t family, const uint8_t *ip)
{
	const struct iface *net = NULL, *any = NULL;

	for (size_t i = 0; i < st->n_ifaces; i++) {
		const struct iface *f = &st->ifaces[i];

		if (f->family != family)
			continue;
		if (!memcmp(f->ip, ip, ip_len(family)))
			return f->ip;
		if (!net && same_net(f, ip))
			net = f;
		if (!any && !is_loopback(f))
			any = f;
	}
	return net ? net->ip : any ? any->ip : NULL;
}

static bool unset(const uint8_t *ip)
{
	static const uint8_t none[16];

	return !memcmp(ip, none, 16);
}

void iface__complete(struct eng_state *st, struct eng_tuple *t)
{
	uint8_t *missing = unset(t->cip) ? t->cip : unset(t->sip) ? t->sip : NULL;
	const uint8_t *other = missing == t->cip ? t->sip : t->cip, *own;

	if (!missing)
		return;
	own = own_address(st, t->family, other);
	/* A socket does not talk to itself. */
	if (own && !(t->cport == t->sport && !memcmp(own, other, 16)))
		memcpy(missing, own, 16);
}

/* --- mounts: kept for keyframes only ---------------------------------------------------------- */

void on_mount_row(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	uint32_t id = (uint32_t)ev_u64(ev, P_state_mount_id, 0);
	struct mount *m = idmap__get(&st->mounts, id);

	if (!m) {
		m = xcalloc(1, sizeof(*m));
		m->id = id;
		idmap__put(&st->mounts, id, m);
	}
	EV_SET(&m->dev, ev, P_state_mount_dev);
	ev_str_set(st, &m->path, ev, P_state_mount_path);
	ev_str_set(st, &m->fstype, ev, P_state_mount_fstype);
	ev_str_set(st, &m->source, ev, P_state_mount_source);
	ev_str_set(st, &m->root, ev, P_state_mount_root);
}
