// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "format/scap_out/scap_put_fds.h"
#include "format/scap_out/scap_put_lists.h"

#define BLOCK_USERS 0x220
#define BLOCK_INTERFACES 0x219
#define BLOCK_PROCESSES 0x215
#define BLOCK_FDS 0x218

#define MAX_BLOCK (8u << 20)	/* a longer list goes on in a further block */
#define MAX_PATH 1024u		/* readers refuse a process with more */
#define MAX_TEXTS 4096u
#define MAX_USER_TEXT 255u	/* and a user with more */
#define MAX_COPIES (64u << 20)	/* of descriptors that several processes share: what a lying file can blow up */

#define FLAG_FILES 0x1u		/* group clone_flags */
#define FLAG_THREAD 0x2000u
#define FLAG_CLOSED 0x40000u

/* What the main thread's row says for the whole process: kept for the rows of its other threads. */
static const uint8_t kept_texts[] = {
	P_state_thread_exe, P_state_thread_exepath, P_state_thread_args, P_state_thread_env, P_state_thread_cwd,
	P_state_thread_root, P_state_thread_cgroups,
};
static const uint8_t kept_nums[] = {
	P_state_thread_ptid, P_state_thread_pgid, P_state_thread_vpgid, P_state_thread_sid, P_state_thread_vpid,
	P_state_thread_loginuid, P_state_thread_tty, P_state_thread_fdlimit, P_state_thread_exe_ino,
	P_state_thread_exe_ino_ctime, P_state_thread_exe_ino_mtime, P_state_thread_exe_flags,
	P_state_thread_pidns_start, P_state_thread_vm_size, P_state_thread_vm_rss, P_state_thread_vm_swap,
};
#define N_TEXTS (sizeof(kept_texts) / sizeof(*kept_texts))
#define N_NUMS (sizeof(kept_nums) / sizeof(*kept_nums))

struct process {
	uint32_t pid, owner;		/* owner: the thread whose descriptors are listed */
	uint64_t table;			/* see scap_fd_table */
	bool main;			/* its main thread was seen */
	struct fmt_str text[N_TEXTS];
	uint64_t num[N_NUMS];
	uint32_t has_num;		/* bit set: num is known */
};

struct scap_lists_out {
	struct buf interfaces4, interfaces6, users, processes;
	struct process *proc;
	size_t n_procs, cap_procs;
	struct scap_ids by_pid;
	struct scap_fd_tables *tables;
	struct arena mem;		/* kept texts */
};

struct scap_lists_out *scap_lists_out__new(void)
{
	struct scap_lists_out *l = xcalloc(1, sizeof(*l));

	l->tables = scap_fd_tables__new();
	return l;
}

void scap_lists_out__free(struct scap_lists_out *l)
{
	if (!l)
		return;
	buf__done(&l->interfaces4);
	buf__done(&l->interfaces6);
	buf__done(&l->users);
	buf__done(&l->processes);
	free(l->proc);
	scap_ids__done(&l->by_pid);
	scap_fd_tables__free(l->tables);
	arena__done(&l->mem);
	free(l);
}

/* u16 length, text up to its first NUL. */
static void text(struct buf *b, const struct fmt_str *s, uint32_t max, uint64_t *cut)
{
	uint32_t n = s && s->len ? (uint32_t)strnlen(s->p, s->len) : 0;

	*cut += s && (n < s->len || n > max);
	if (n > max)
		n = max;
	buf__le16(b, (uint16_t)n);
	buf__add(b, s ? s->p : "", n);
}

/* u16 length, texts with NULs between; whole ones only if they are too many. */
static void texts(struct buf *b, const struct fmt_str *s, uint64_t *cut)
{
	uint32_t n = s ? s->len : 0;

	if (n > MAX_TEXTS) {
		(*cut)++;
		for (n = MAX_TEXTS; n && s->p[n - 1];)
			n--;
		n = n ? n : MAX_TEXTS;
	}
	buf__le16(b, (uint16_t)n);
	buf__add(b, s ? s->p : "", n);
}

/* --- processes -------------------------------------------------------------------------------- */

static struct process *process_of(struct scap_lists_out *l, const struct fmt_ev *ev)
{
	uint32_t pid = fmt_ev__pid(ev), *at = scap_ids__at(&l->by_pid, pid);
	struct process *p;

	if (*at)
		return &l->proc[*at - 1];
	l->proc = xgrow(l->proc, &l->cap_procs, l->n_procs + 1, sizeof(*l->proc));
	p = &l->proc[l->n_procs++];
	memset(p, 0, sizeof(*p));
	p->pid = pid;
	p->owner = fmt_ev__tid(ev);
	*at = (uint32_t)l->n_procs;
	return p;
}

static void keep(struct scap_lists_out *l, struct process *p, const struct fmt_ev *ev)
{
	for (unsigned i = 0; i < N_TEXTS; i++) {
		const struct fmt_str *s = fmt_ev__str(ev, kept_texts[i]);

		if (s) {
			p->text[i] = *s;
			p->text[i].p = arena__strndup(&l->mem, s->p, s->len);
		}
	}
	for (unsigned i = 0; i < N_NUMS; i++)
		if (fmt_ev__int(ev, kept_nums[i], &p->num[i]))
			p->has_num |= 1u << i;
}

/* The row's own, else that of its process. */
static const struct fmt_str *get_text(const struct process *p, const struct fmt_ev *ev, unsigned param)
{
	const struct fmt_str *s = fmt_ev__str(ev, param);

	for (unsigned i = 0; !s && i < N_TEXTS; i++)
		if (kept_texts[i] == param && p->text[i].p)
			return &p->text[i];
	return s;
}

static uint64_t get_num(const struct process *p, const struct fmt_ev *ev, unsigned param, uint64_t dflt)
{
	uint64_t v;

	if (fmt_ev__int(ev, param, &v))
		return v;
	for (unsigned i = 0; i < N_NUMS; i++)
		if (kept_nums[i] == param && p->has_num >> i & 1)
			return p->num[i];
	return dflt;
}

static uint32_t thread_flags(const struct process *p, const struct fmt_ev *ev)
{
	uint32_t flags = (uint32_t)get_num(p, ev, P_state_thread_flags, 0);

	/* readers look for a thread's descriptors where these flags say; only a main thread has none of them */
	if (fmt_ev__tid(ev) != fmt_ev__pid(ev) && !(flags & FLAG_THREAD))
		flags |= FLAG_THREAD | FLAG_FILES;
	if (get_num(p, ev, P_state_thread_dead, 0))
		flags |= FLAG_CLOSED;
	return flags;
}

/* Captures know the effective ids. */
static uint32_t effective(const struct process *p, const struct fmt_ev *ev, unsigned eff, unsigned real)
{
	return (uint32_t)get_num(p, ev, eff, get_num(p, ev, real, UINT32_MAX));
}

/* The fields of a process list of version 9, in their order. */
static void process_entry(struct buf *b, const struct process *p, const struct fmt_ev *ev, uint64_t *cut)
{
	uint32_t exe_flags = (uint32_t)get_num(p, ev, P_state_thread_exe_flags, 0);
#define NUM(field, dflt) get_num(p, ev, P_state_thread_##field, dflt)
#define TEXT(field) get_text(p, ev, P_state_thread_##field)

	buf__le64(b, fmt_ev__tid(ev));
	buf__le64(b, fmt_ev__pid(ev));
	buf__le64(b, NUM(ptid, UINT64_MAX));
	buf__le64(b, NUM(sid, UINT64_MAX));
	buf__le64(b, NUM(vpgid, UINT64_MAX));
	text(b, TEXT(comm), MAX_PATH, cut);
	text(b, TEXT(exe), MAX_PATH, cut);
	text(b, TEXT(exepath), MAX_PATH, cut);
	texts(b, TEXT(args), cut);
	text(b, TEXT(cwd), MAX_PATH, cut);
	buf__le64(b, NUM(fdlimit, UINT64_MAX));
	buf__le32(b, thread_flags(p, ev));
	buf__le32(b, effective(p, ev, P_state_thread_euid, P_state_thread_uid));
	buf__le32(b, effective(p, ev, P_state_thread_egid, P_state_thread_gid));
	buf__le32(b, (uint32_t)NUM(vm_size, 0));
	buf__le32(b, (uint32_t)NUM(vm_rss, 0));
	buf__le32(b, (uint32_t)NUM(vm_swap, 0));
	buf__le64(b, NUM(pgft_maj, 0));
	buf__le64(b, NUM(pgft_min, 0));
	texts(b, TEXT(env), cut);
	buf__le64(b, NUM(vtid, UINT64_MAX));
	buf__le64(b, NUM(vpid, UINT64_MAX));
	texts(b, TEXT(cgroups), cut);
	text(b, TEXT(root), MAX_PATH, cut);
	buf__le64(b, NUM(pidns_start, 0));
	buf__le32(b, (uint32_t)NUM(tty, 0));
	buf__le32(b, (uint32_t)NUM(loginuid, UINT32_MAX));
	buf__u8(b, exe_flags & 1);
	buf__le64(b, NUM(cap_inheritable, 0));
	buf__le64(b, NUM(cap_permitted, 0));
	buf__le64(b, NUM(cap_effective, 0));
	buf__u8(b, exe_flags >> 1 & 1);
	buf__le64(b, NUM(exe_ino, 0));
	buf__le64(b, NUM(exe_ino_ctime, 0));
	buf__le64(b, NUM(exe_ino_mtime, 0));
	buf__u8(b, exe_flags >> 2 & 1);
	buf__u8(b, exe_flags >> 3 & 1);
	buf__le64(b, NUM(pgid, UINT64_MAX));
#undef NUM
#undef TEXT
}

/* An entry that begins with its length; from is where that stands, self counts its own four bytes. */
static void entry_end(struct buf *b, size_t from, bool self)
{
	uint32_t len = (uint32_t)(b->len - from) - (self ? 0 : 4);

	memcpy(b->p + from, &len, 4);
}

static void thread_row(struct scap_lists_out *l, const struct fmt_ev *ev, uint64_t *cut)
{
	struct process *p = process_of(l, ev);
	size_t from = l->processes.len;
	uint64_t table;

	if (fmt_ev__tid(ev) == fmt_ev__pid(ev) && !p->main) {
		keep(l, p, ev);
		p->main = true;
		p->owner = p->pid;
	}
	table = scap_fd_table(ev, P_state_thread_fdtable);
	if (!p->table || table & 1)
		p->table = table;
	buf__le32(&l->processes, 0);
	process_entry(&l->processes, p, ev, cut);
	entry_end(&l->processes, from, true);
}

/* --- users, interfaces ------------------------------------------------------------------------ */

static uint32_t num32(const struct fmt_ev *ev, unsigned param)
{
	uint64_t v = UINT32_MAX;

	fmt_ev__int(ev, param, &v);
	return (uint32_t)v;
}

static bool user_row(struct scap_lists_out *l, const struct fmt_ev *ev, uint64_t *cut)
{
	const struct fmt_str *of = fmt_ev__str(ev, ev->type == EV_state_user ? (unsigned)P_state_user_container_id :
									      (unsigned)P_state_group_container_id);
	struct buf *b = &l->users;
	size_t from = b->len;

	if (of && of->len)
		return false;
	buf__le32(b, 0);
	buf__u8(b, ev->type == EV_state_group);
	if (ev->type == EV_state_user) {
		buf__le32(b, num32(ev, P_state_user_uid));
		buf__le32(b, num32(ev, P_state_user_gid));
		text(b, fmt_ev__str(ev, P_state_user_name), MAX_USER_TEXT, cut);
		text(b, fmt_ev__str(ev, P_state_user_home), MAX_USER_TEXT, cut);
		text(b, fmt_ev__str(ev, P_state_user_shell), MAX_USER_TEXT, cut);
	} else {
		buf__le32(b, num32(ev, P_state_group_gid));
		text(b, fmt_ev__str(ev, P_state_group_name), MAX_USER_TEXT, cut);
	}
	entry_end(b, from, true);
	return true;
}

/* Address, netmask and broadcast address; the speed is not known. Numbers 1 and 2 are types of entry. */
static bool interface_row(struct scap_lists_out *l, const struct fmt_ev *ev, uint64_t *cut)
{
	const struct fmt_str *addr = fmt_ev__str(ev, P_state_iface_addr), *name = fmt_ev__str(ev, P_state_iface_name);
	bool v6 = addr && addr->len == 19 && addr->p[0] == 10;
	unsigned n = v6 ? 16 : 4, prefix = num32(ev, P_state_iface_prefix);
	uint8_t ip[16], mask[16] = { 0 }, broadcast[16];
	struct buf *b = v6 ? &l->interfaces6 : &l->interfaces4;
	size_t from = b->len, name_at;

	if (!v6 && (!addr || addr->len != 7 || addr->p[0] != 2))
		return false;
	memcpy(ip, addr->p + 1, n);
	for (unsigned i = 0; i < n * 8 && i < prefix; i++)
		mask[i / 8] |= (uint8_t)(0x80 >> i % 8);
	for (unsigned i = 0; i < n; i++)
		broadcast[i] = ip[i] | (uint8_t)~mask[i];
	buf__le32(b, 0);
	buf__le16(b, v6 ? 2 : 1);
	name_at = b->len;
	text(b, name, MAX_USER_TEXT, cut);	/* the length stands before the addresses, the name behind */
	b->len = name_at + 2;
	buf__add(b, ip, n);
	buf__add(b, mask, n);
	buf__add(b, broadcast, n);
	buf__le64(b, 0);
	buf__add(b, name ? name->p : "", (size_t)(b->p[name_at] | b->p[name_at + 1] << 8));
	entry_end(b, from, false);
	return true;
}

bool scap_lists_out__row(struct scap_lists_out *l, const struct fmt_ev *ev, uint64_t *ret_cut)
{
	switch (ev->type) {
	case EV_state_thread: thread_row(l, ev, ret_cut); return true;
	case EV_state_fd: scap_fd_tables__add(l->tables, ev, ret_cut); return true;
	case EV_state_user: case EV_state_group: return user_row(l, ev, ret_cut);
	case EV_state_iface: return interface_row(l, ev, ret_cut);
	}
	return false;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Entries that begin with their own length, in as many blocks as it takes. */
static int put_entries(struct scap_out *o, uint32_t type, const struct buf *entries, struct err *err)
{
	size_t at = 0;

	do {
		size_t block = scap_out__block(o, type), from = at;
		uint32_t len;

		while (at < entries->len) {
			memcpy(&len, entries->p + at, 4);
			if (at > from && at - from + len > MAX_BLOCK)
				break;
			at += len;
		}
		if (at > from)
			buf__add(&o->pending, entries->p + from, at - from);
		scap_out__block_end(o, block);
		if (scap_out__flush(o, err) < 0)
			return o->failed.code;
	} while (at < entries->len);
	return 0;
}

static int put_fds(struct scap_lists_out *l, struct scap_out *o, struct err *err)
{
	size_t copied = 0;

	for (size_t i = 0; i < l->n_procs; i++) {
		const struct process *p = &l->proc[i];
		bool again;
		const struct buf *fds = scap_fd_tables__take(l->tables, p->table, &again);
		size_t block;

		if (!fds || (again && (copied += fds->len) > MAX_COPIES))
			continue;
		block = scap_out__block(o, BLOCK_FDS);
		buf__le64(&o->pending, p->owner);
		buf__add(&o->pending, fds->p, fds->len);
		scap_out__block_end(o, block);
		if (scap_out__flush(o, err) < 0)
			return o->failed.code;
	}
	return 0;
}

uint64_t scap_lists_out__put(struct scap_lists_out *l, struct scap_out *o, struct err *err)
{
	size_t block = scap_out__block(o, BLOCK_INTERFACES);

	buf__add(&o->pending, l->interfaces4.p, l->interfaces4.len);
	buf__add(&o->pending, l->interfaces6.p, l->interfaces6.len);
	scap_out__block_end(o, block);
	block = scap_out__block(o, BLOCK_USERS);
	buf__add(&o->pending, l->users.p, l->users.len);
	scap_out__block_end(o, block);
	if (put_entries(o, BLOCK_PROCESSES, &l->processes, err) == 0)
		put_fds(l, o, err);
	return scap_fd_tables__left(l->tables);
}
