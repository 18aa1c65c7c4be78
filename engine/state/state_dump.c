// SPDX-License-Identifier: Apache-2.0
/*
 * The state as text, in a fixed order: for tests and for looking at.
 *
 * What is left out is what two states that mean the same may differ in: epochs, slots, what is
 * shared, whether a thread was made up.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/state/sockaddr.h"
#include "engine/state/state_internal.h"
#include "format/base/text.h"

/* " key='text'" with a mark if the text was cut; nothing if there is none. */
static void str(struct buf *out, const char *key, const struct eng_str *s)
{
	if (!s || !s->len)
		return;
	buf__printf(out, " %s='", key);
	text__safe(out, s->s, s->len);
	buf__puts(out, s->full_len > s->len ? "'..." : "'");
}

static void num(struct buf *out, const char *key, int64_t v)
{
	buf__printf(out, " %s=%" PRId64, key, v);
}

static void hex(struct buf *out, const char *key, uint64_t v)
{
	if (v)
		buf__printf(out, " %s=%" PRIx64, key, v);
}

static void opt(struct buf *out, const char *key, uint64_t v)
{
	if (v)
		buf__printf(out, " %s=%" PRIu64, key, v);
}

static void dump_fd(struct buf *out, const struct eng_fd *fd)
{
	buf__printf(out, "  fd %" PRId64 " type=%u", fd->num, fd->type);
	str(out, "name", fd->name);
	str(out, "nameraw", fd->nameraw);
	hex(out, "flags", fd->flags);
	hex(out, "dev", fd->dev);
	opt(out, "ino", fd->ino);
	opt(out, "role", fd->role);
	opt(out, "connected", fd->connected);
	if (fd->tuple.family) {
		buf__printf(out, " l4=%u tuple=", fd->tuple.l4);
		eng_tuple__text(&fd->tuple, out);
	}
	buf__puts(out, "\n");
}

static void dump_thread(struct buf *out, const struct eng_thread *t)
{
	buf__printf(out, "  thread %" PRId64, t->tid);
	num(out, "vtid", t->vtid);
	str(out, "comm", t->comm);
	buf__printf(out, " uid=%" PRId32 ",%" PRId32 " gid=%" PRId32 ",%" PRId32, (int32_t)t->uid,
		    (int32_t)t->euid, (int32_t)t->gid, (int32_t)t->egid);
	hex(out, "inheritable", t->cap_inheritable);
	hex(out, "permitted", t->cap_permitted);
	hex(out, "effective", t->cap_effective);
	hex(out, "flags", t->clone_flags);
	opt(out, "start", t->start);
	opt(out, "pgft_maj", t->pgft_maj);
	opt(out, "pgft_min", t->pgft_min);
	if (t->entered) {
		str(out, "entered", t->entered);
		hex(out, "entered_by", t->entered_by);
	}
	buf__puts(out, "\n");
}

static void dump_image(struct buf *out, const struct eng_image *im)
{
	str(out, "exe", im->exe);
	str(out, "exepath", im->exepath);
	str(out, "args", im->args);
	str(out, "env", im->env);
	opt(out, "exe_ino", im->exe_ino);
	hex(out, "exe_dev", im->exe_dev);
	opt(out, "exe_ctime", im->exe_ino_ctime);
	opt(out, "exe_mtime", im->exe_ino_mtime);
	hex(out, "exe_flags", im->exe_flags);
}

/* Who has the same table under the lowest process number. */
static int64_t table_owner(struct eng_proc **procs, uint32_t n, const struct eng_proc *p)
{
	for (uint32_t i = 0; i < n; i++)
		if (procs[i]->fds == p->fds)
			return procs[i]->pid;
	return p->pid;
}

static void dump_proc_head(struct buf *out, const struct eng_state *st, const struct eng_proc *p)
{
	buf__printf(out, "process %" PRId64 "%s", p->pid, p->dead ? " dead" : "");
	num(out, "vpid", p->vpid);
	num(out, "ptid", p->ptid);
	num(out, "parent", p->parent ? p->parent->pid : -1);
	num(out, "real_ptid", p->real_ptid);
	num(out, "pgid", p->pgid);
	num(out, "vpgid", p->vpgid);
	num(out, "sid", p->sid);
	str(out, "comm", p->comm);
	if (p->image != st->no_image)
		dump_image(out, p->image);
	str(out, "cwd", p->cwd);
	str(out, "root", p->root);
	str(out, "cgroups", p->cgroups);
	opt(out, "cgroup_id", p->cgroup_id);
	if (p->container) {
		buf__puts(out, " container='");
		text__safe(out, p->container->id, strlen(p->container->id));
		buf__puts(out, "'");
	}
	num(out, "loginuid", (int32_t)p->loginuid);
	opt(out, "tty", p->tty);
	num(out, "fdlimit", p->fdlimit);
	opt(out, "pidns_start", p->pidns_start);
	opt(out, "start", p->start);
	opt(out, "exec_time", p->exec_time);
	for (unsigned k = 0; p->entry && k < p->entry->n; k++) {
		buf__puts(out, " cause='");
		text__safe(out, p->entry->at[k]->audit_id->s, p->entry->at[k]->audit_id->len);
		buf__puts(out, "'");
	}
	buf__printf(out, " vm=%u,%u,%u\n", p->vm_size, p->vm_rss, p->vm_swap);
}

static void dump_proc(struct buf *out, struct eng_state *st, struct eng_proc **procs, uint32_t n,
		      const struct eng_proc *p)
{
	struct eng_thread **threads;
	struct eng_fd **fds;
	int64_t owner = p->fds->refs > 1 ? table_owner(procs, n, p) : p->pid;

	dump_proc_head(out, st, p);
	threads = threads__sorted(p);
	for (uint32_t i = 0; i < p->n_threads; i++)
		dump_thread(out, threads[i]);
	free(threads);
	if (owner != p->pid) {
		buf__printf(out, "  descriptors of %" PRId64 "\n", owner);
		return;
	}
	fds = (struct eng_fd **)idmap__sorted(&p->fds->fds);
	for (uint32_t i = 0; i < p->fds->fds.n; i++)
		dump_fd(out, fds[i]);
	free(fds);
}

static void dump_accounts(struct buf *out, const struct accounts *a, const char *indent)
{
	struct eng_user **users = (struct eng_user **)idmap__sorted(&a->users);
	struct eng_group **groups = (struct eng_group **)idmap__sorted(&a->groups);

	for (uint32_t i = 0; i < a->users.n; i++) {
		buf__printf(out, "%suser %u gid=%u", indent, users[i]->uid, users[i]->gid);
		str(out, "name", users[i]->name);
		str(out, "home", users[i]->home);
		str(out, "shell", users[i]->shell);
		buf__puts(out, "\n");
	}
	for (uint32_t i = 0; i < a->groups.n; i++) {
		buf__printf(out, "%sgroup %u", indent, groups[i]->gid);
		str(out, "name", groups[i]->name);
		buf__puts(out, "\n");
	}
	free(users);
	free(groups);
}

static void dump_containers(struct buf *out, struct eng_state *st)
{
	struct container **all;
	size_t n;

	all = containers__sorted(st, &n);
	for (size_t i = 0; i < n; i++) {
		const struct eng_container *c = &all[i]->c;

		buf__puts(out, "container '");
		text__safe(out, c->id, strlen(c->id));
		buf__printf(out, "'%s n=%u", c->ended ? " ended" : "", c->n_procs);
		str(out, "full_id", c->full_id);
		str(out, "runtime", c->runtime);
		str(out, "name", c->name);
		str(out, "image", c->image);
		str(out, "cgroup", c->cgroup);
		str(out, "json", c->json);
		opt(out, "start", c->start);
		buf__puts(out, "\n");
		dump_accounts(out, &all[i]->accounts, "  ");
	}
	free(all);
}

static void dump_machine(struct buf *out, struct eng_state *st)
{
	struct mount **m = (struct mount **)idmap__sorted(&st->mounts);

	for (size_t i = 0; i < st->n_ifaces; i++) {
		struct sock_end e = { 0 };

		memcpy(e.ip, st->ifaces[i].ip, 16);
		buf__puts(out, "address ");
		sock_end__text(st->ifaces[i].family, &e, out);
		buf__printf(out, "/%u", st->ifaces[i].prefix);
		str(out, "name", st->ifaces[i].name);
		buf__puts(out, "\n");
	}
	for (uint32_t i = 0; i < st->mounts.n; i++) {
		buf__printf(out, "mount %u", m[i]->id);
		hex(out, "dev", m[i]->dev);
		str(out, "path", m[i]->path);
		str(out, "fstype", m[i]->fstype);
		str(out, "source", m[i]->source);
		str(out, "root", m[i]->root);
		buf__puts(out, "\n");
	}
	free(m);
}

static void dump_state(struct eng_state *st, struct buf *out)
{
	struct eng_proc **procs = (struct eng_proc **)idmap__sorted(&st->procs);

	dump_accounts(out, &st->accounts, "");
	dump_machine(out, st);
	dump_containers(out, st);
	for (uint32_t i = 0; i < st->procs.n; i++)
		dump_proc(out, st, procs, st->procs.n, procs[i]);
	free(procs);
}

void eng_state__dump(struct eng_state *st, struct buf *out)
{
	for (unsigned k = 0; k < st->shared->n; k++) {
		if (!st->shared->all[k])
			continue;
		if (k)
			buf__printf(out, "machine %u\n", k);
		dump_state(st->shared->all[k], out);
	}
	buf__u8(out, 0);
	out->len--;
}
