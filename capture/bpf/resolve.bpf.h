/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
/*
 * Where a path has led, for calls that leave no open file behind: renames, removals, changes of
 * mode, owner, size, attributes and mounts.
 *
 * At the return of a call that succeeded, its path is walked once more, as fs/namei.c does it, but
 * over the directory entries that the kernel has in memory: it has just used every one of them. The
 * text is the one in the record, which nobody can change any more. Symbolic links are followed,
 * mounts are crossed, the root is not left. What is not found (a link whose text is on disk only, a
 * directory with more entries in memory than we look at, something that has been renamed meanwhile)
 * leaves the record without the path.
 *
 * All that changes in the loops lies in the record's own free space, so that the verifier knows
 * nothing of it and takes each loop's body once.
 */
#ifndef RESOLVE_BPF_H
#define RESOLVE_BPF_H

#include "capture/bpf/exec.bpf.h"

#define WALK_STEPS 1024			/* names, slashes */
#define WALK_LINKS 40			/* include/linux/namei.h: MAXSYMLINKS */
#define WALK_CHILDREN 4096		/* entries of a directory that are looked at */
#define WALK_MOUNTS 1024		/* mounts upon a mount */
#define WALK_NAME_MAX 256
#define WALK_TEXT 12288			/* a path, and the text of a link in front of it */
#define WALK_AREA (CAP_RECORD_MAX - 32768)
#define WALK_NAME (WALK_AREA + 256)	/* the name at hand, zeros behind it */
#define WALK_TEXT_A (WALK_AREA + 1024)
#define WALK_TEXT_B (WALK_TEXT_A + WALK_TEXT)
#define AT_FDCWD (-100)
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_SYMLINK_FOLLOW 0x400
#define S_IFLNK 0120000

struct walk {				/* at WALK_AREA */
	__u64 at;			/* the next byte of the text, from rec */
	__u64 d, m;			/* struct dentry, struct vfsmount: where we are */
	__u64 root_d, root_m;
	__u64 cursor;			/* of the list that is being looked through */
	__u64 found;
	__u64 first;			/* the name's first 8 bytes */
	__u32 len;			/* of the name */
	__u32 leaf;			/* FOLLOW_TO_PARENT: length of the last name */
	__u32 links;
	__u32 how;
	__u32 failed;
};

/* What the callbacks of loops are given: only a pointer, of which nothing changes. */
struct walk_arg {
	char *rec;
};

static __always_inline struct walk *walk_of(const struct walk_arg *x)
{
	return (void *)(x->rec + WALK_AREA);
}

/* --- lists ------------------------------------------------------------------------------------ */

/* Is this entry's name the one at hand? */
static __always_inline bool walk_is_name(const struct walk_arg *x, struct dentry *d)
{
	const struct walk *w = walk_of(x);
	const unsigned char *name;
	__u32 len = w->len;

	if (K(d, d_name.len) != len || !K(d, d_hash.pprev))
		return false;
	name = K(d, d_name.name);
	for (__u32 i = 0; i < WALK_NAME_MAX; i += 8) {
		__u64 want = *(__u64 *)(x->rec + WALK_NAME + i), mask = ~0ull;

		if (i >= len)
			break;
		if (len - i < 8)
			mask >>= 8 * (8 - (len - i));
		if ((k64(name + i) ^ want) & mask)
			return false;
	}
	return true;
}

static long walk_child(__u32 i, struct walk_arg *x)
{
	struct walk *w = walk_of(x);
	struct dentry *d = NULL;

	if (!w->cursor)
		return 1;
	if (bpf_core_field_exists(d->d_children)) {
		d = (void *)w->cursor - bpf_core_field_offset(struct dentry, d_sib);
		w->cursor = (__u64)K(d, d_sib.next);
	} else {
		d = (void *)w->cursor - bpf_core_field_offset(struct dentry___v58, d_child);
		w->cursor = (__u64)KT(dentry___v58, d, d_child.next);
		if (w->cursor == (__u64)&((struct dentry___v58 *)w->d)->d_subdirs)
			w->cursor = 0;
	}
	if (!walk_is_name(x, d))
		return 0;
	w->found = (__u64)d;
	return 1;
}

static __always_inline void walk_find_child(struct walk_arg *x)
{
	struct walk *w = walk_of(x);
	struct dentry *d = (void *)w->d;

	w->found = 0;
	if (bpf_core_field_exists(d->d_children)) {
		w->cursor = (__u64)K(d, d_children.first);
	} else {
		w->cursor = (__u64)KT(dentry___v58, d, d_subdirs.next);
		if (w->cursor == (__u64)&((struct dentry___v58 *)d)->d_subdirs)
			w->cursor = 0;
	}
	bpf_loop(WALK_CHILDREN, walk_child, x, 0);
}

/* A mount upon w->m whose place is w->d. */
static long walk_mount(__u32 i, struct walk_arg *x)
{
	struct walk *w = walk_of(x);
	struct mount *here = (void *)w->m - bpf_core_field_offset(struct mount, mnt), *m;

	if (w->cursor == (__u64)&here->mnt_mounts || !w->cursor)
		return 1;
	m = (void *)w->cursor - bpf_core_field_offset(struct mount, mnt_child);
	w->cursor = (__u64)K(m, mnt_child.next);
	if ((__u64)K(m, mnt_mountpoint) != w->d)
		return 0;
	w->found = (__u64)&m->mnt;
	return 1;
}

/* One mount down, if there is one. */
static __always_inline bool walk_down(struct walk_arg *x)
{
	struct walk *w = walk_of(x);
	struct mount *here = (void *)w->m - bpf_core_field_offset(struct mount, mnt);

	if (bpf_core_enum_value_exists(enum dentry_flags, DCACHE_MOUNTED) &&
	    !(KT(dentry, w->d, d_flags) & bpf_core_enum_value(enum dentry_flags, DCACHE_MOUNTED)))
		return false;
	w->found = 0;
	w->cursor = (__u64)K(here, mnt_mounts.next);
	bpf_loop(WALK_MOUNTS, walk_mount, x, 0);
	if (!w->found)
		return false;
	w->m = w->found;
	w->d = (__u64)KT(vfsmount, w->found, mnt_root);
	return true;
}

/* A few mounts may lie upon one another. */
static __always_inline void walk_mounts(struct walk_arg *x)
{
	if (walk_down(x) && walk_down(x) && walk_down(x))
		walk_down(x);
}

/* --- steps ------------------------------------------------------------------------------------ */

/* "..": never above the root; from a mount's root to what lies under it. */
static __always_inline void walk_up(struct walk_arg *x)
{
	struct walk *w = walk_of(x);

	for (int i = 0; i < 8; i++) {
		struct mount *m = (void *)w->m - bpf_core_field_offset(struct mount, mnt);

		if (w->d == w->root_d && w->m == w->root_m)
			return;
		if (w->d != (__u64)KT(vfsmount, w->m, mnt_root))
			break;
		if (K(m, mnt_parent) == m)
			return;
		w->d = (__u64)K(m, mnt_mountpoint);
		w->m = (__u64)&K(m, mnt_parent)->mnt;
	}
	w->d = (__u64)KT(dentry, w->d, d_parent);
	walk_mounts(x);
}

/* The text of a short link. On an overlay it is that of the file below. */
static __always_inline const char *link_text(struct inode *inode)
{
	struct dentry *real;
	struct inode *i;

	if (K(K(inode, i_sb), s_magic) != OVERLAYFS_MAGIC)
		return K(inode, i_link);
	/*
	 * fs/overlayfs/ovl_entry.h: struct ovl_inode has the upper entry and, since 6.5, struct
	 * ovl_entry behind the inode; that has a number and pairs of layer and lower entry. Whether
	 * it is so is seen from what is found.
	 */
	real = (void *)k64((void *)inode + bpf_core_type_size(struct inode));
	if (!real)
		real = (void *)k64((void *)k64((void *)inode + bpf_core_type_size(struct inode) + 8) +
				   16);
	i = real ? K(real, d_inode) : NULL;
	return i && (K(i, i_mode) & S_IFMT) == S_IFLNK ? K(i, i_link) : NULL;
}

/* Go on with text at link (the kernel's, or in the record) in front of what follows at rest. */
static __always_inline void walk_splice(struct walk_arg *x, const void *link, __u64 rest)
{
	struct walk *w = walk_of(x);
	__u64 to = rest < WALK_TEXT_B ? WALK_TEXT_B : WALK_TEXT_A;
	long n = bpf_probe_read_kernel_str(x->rec + to, CAP_STR_MAX, link);

	w->failed = 1;
	if (n <= 1 || n > CAP_STR_MAX || rest < WALK_TEXT_A || rest > WALK_TEXT_B + WALK_TEXT)
		return;
	if (bpf_probe_read_kernel_str(x->rec + to + n - 1, CAP_STR_MAX, x->rec + rest) >=
	    CAP_STR_MAX)
		return;
	w->failed = 0;
	w->at = to;
	if (x->rec[to] == '/') {
		w->d = w->root_d;
		w->m = w->root_m;
	}
}

/* Decimal digits of v in front of `end`; returns where they begin. */
static __always_inline __u64 put_number(struct walk_arg *x, __u64 end, __u32 v)
{
	for (int i = 0; i < 10; i++) {
		x->rec[--end] = '0' + v % 10;
		v /= 10;
		if (!v)
			break;
	}
	return end;
}

static __always_inline struct task_struct *task_of_proc(struct inode *inode)
{
	struct proc_inode *p = (void *)inode - bpf_core_field_offset(struct proc_inode, vfs_inode);
	struct pid *pid = K(p, pid);
	struct hlist_node *n = pid ? K(pid, tasks[0].first) : NULL;

	return n ? (void *)n - bpf_core_field_offset(struct task_struct, pid_links) : NULL;
}

static __always_inline __u64 name_word(struct dentry *d)
{
	__u32 len = K(d, d_name.len);
	__u64 v = k64(K(d, d_name.name));

	return len < 8 ? v & ~(~0ull << 8 * len) : v;
}

/* Names as words: the first byte is the lowest. */
#define WORD_SELF 0x666c6573ull		/* "self" */
#define WORD_THREAD_SELF 0x732d646165726874ull	/* "thread-s" */
#define WORD_CWD 0x647763ull
#define WORD_ROOT 0x746f6f72ull
#define WORD_EXE 0x657865ull
#define WORD_FD 0x6466ull

/* /proc/self: a number; /proc/thread-self: NUMBER/task/NUMBER. As our own namespace counts. */
static __always_inline void walk_self(struct walk_arg *x, bool thread, __u64 rest)
{
	struct task_struct *me = (void *)bpf_get_current_task();
	__u64 end = WALK_NAME + WALK_NAME_MAX - 16;
	struct walk *w = walk_of(x);

	x->rec[end] = 0;
	if (thread) {
		*(volatile __u64 *)&w->cursor = put_number(x, end, pid_in_ns(K(me, thread_pid)));
		end = *(volatile __u64 *)&w->cursor;
		if (end < WALK_NAME + 32 || end > WALK_NAME + WALK_NAME_MAX)
			return;
		*(__u64 *)(x->rec + end - 8) = 0x2f6b7361742f0000ull;	/* "/task/" */
		end -= 6;
	}
	*(volatile __u64 *)&w->cursor =
		put_number(x, end, pid_in_ns(K(K(me, group_leader), thread_pid)));
	end = *(volatile __u64 *)&w->cursor;
	if (end >= WALK_NAME && end <= WALK_NAME + WALK_NAME_MAX)
		walk_splice(x, x->rec + end, rest);
}

/* Links of /proc lead to the thing itself. */
static __always_inline void walk_proc_link(struct walk_arg *x, struct dentry *d, __u64 rest)
{
	struct walk *w = walk_of(x);
	__u64 word = name_word(d);
	struct inode *inode = K(d, d_inode);
	struct task_struct *t;
	struct path *to = NULL;
	struct file *f = NULL;

	if (word == WORD_SELF || word == WORD_THREAD_SELF) {
		walk_self(x, word == WORD_THREAD_SELF, rest);
		return;
	}
	w->failed = 1;
	t = task_of_proc(inode);
	if (!t)
		return;
	if (word == WORD_ROOT)
		to = &K(t, fs)->root;
	else if (word == WORD_CWD)
		to = &K(t, fs)->pwd;
	else if (word == WORD_EXE)
		f = K(t, mm) ? K(K(t, mm), exe_file) : NULL;
	else if (name_word(K(d, d_parent)) == WORD_FD)
		f = file_of_fd(t, KT(proc_inode,
				     (void *)inode - bpf_core_field_offset(struct proc_inode,
									   vfs_inode),
				     fd));
	if (f)
		to = &f->f_path;
	if (!to)
		return;
	w->d = (__u64)K(to, dentry);
	w->m = (__u64)K(to, mnt);
	w->at = rest;
	w->failed = 0;
}

static __always_inline void walk_link(struct walk_arg *x, struct dentry *d, __u64 rest)
{
	struct walk *w = walk_of(x);
	struct inode *inode = K(d, d_inode);
	const char *text;

	if (++w->links > WALK_LINKS) {
		w->failed = 1;
		return;
	}
	text = link_text(inode);
	if (text)
		walk_splice(x, text, rest);
	else if (K(K(inode, i_sb), s_magic) == PROC_SUPER_MAGIC)
		walk_proc_link(x, d, rest);
	else
		w->failed = 1;
}

#define ONES 0x0101010101010101ull
#define ZERO_BYTES(v) (((v) - ONES) & ~(v) & (ONES << 7))

/* Which byte a bit is in. */
static __always_inline __u32 byte_of(__u64 bit)
{
	return (bit & 0xffffffff00000000ull ? 4 : 0) + (bit & 0xffff0000ffff0000ull ? 2 : 0) +
	       (bit & 0xff00ff00ff00ff00ull ? 1 : 0);
}

/* Take the name at `at` out of the text: its length, 256 if it is too long for one. */
static __always_inline __u32 walk_name(struct walk_arg *x, __u64 at)
{
	for (__u32 i = 0; i < WALK_NAME_MAX; i += 8) {
		__u64 word = *(__u64 *)(x->rec + at + i), stop;

		stop = ZERO_BYTES(word) | ZERO_BYTES(word ^ ONES * '/');
		if (stop) {
			stop &= -stop;	/* the first one's highest bit */
			*(__u64 *)(x->rec + WALK_NAME + i) = word & ((stop >> 7) - 1);
			return i + byte_of(stop);
		}
		*(__u64 *)(x->rec + WALK_NAME + i) = word;
	}
	return WALK_NAME_MAX;
}

static long walk_step(__u32 i, struct walk_arg *x)
{
	struct walk *w = walk_of(x);
	__u64 at = w->at, end;
	struct inode *inode;
	struct dentry *d;
	bool last;
	__u32 len;

	if (at < WALK_TEXT_A || at > WALK_TEXT_B + WALK_TEXT - 512) {
		w->failed = 1;
		return 1;
	}
	if (!x->rec[at])
		return 1;
	if (x->rec[at] == '/') {
		w->at = at + 1;
		return 0;
	}
	/* By way of memory, as forget() does it: however long the name is, all goes on alike. */
	*(volatile __u32 *)&w->len = walk_name(x, at);
	len = *(volatile __u32 *)&w->len;
	at = *(volatile __u64 *)&w->at;
	if (at < WALK_TEXT_A || at > WALK_TEXT_B + WALK_TEXT - 512 || len >= WALK_NAME_MAX) {
		w->failed = 1;
		return 1;
	}
	end = at + len;
	w->at = end;
	if (len == 1 && x->rec[at] == '.')
		return 0;
	if (len == 2 && x->rec[at] == '.' && x->rec[at + 1] == '.') {
		walk_up(x);
		return 0;
	}
	last = !x->rec[end] || !x->rec[end + 1];
	if (last && w->how == FOLLOW_TO_PARENT) {
		w->leaf = len;
		return 1;
	}
	walk_find_child(x);
	d = (void *)w->found;
	inode = d ? K(d, d_inode) : NULL;
	if (!inode) {
		w->failed = 1;
		return 1;
	}
	if ((K(inode, i_mode) & S_IFMT) == S_IFLNK && !(last && w->how == FOLLOW_TO_LINK)) {
		walk_link(x, d, end);
		return w->failed ? 1 : 0;
	}
	w->d = (__u64)d;
	walk_mounts(x);
	return 0;
}

/* --- a call's paths --------------------------------------------------------------------------- */

static __always_inline __u64 follow_arg(const struct call *c, __u32 i)
{
	return i == 0 ? call_arg(c, 0) : i == 1 ? call_arg(c, 1) : i == 2 ? call_arg(c, 2) :
	       i == 3 ? call_arg(c, 3) : call_arg(c, 4);
}

/* Copy the text out of the record and find where it begins. False: there is nothing to follow. */
static __always_inline bool walk_begin(const struct call *c, struct out *o, struct walk_arg *x,
				       const volatile struct cap_follow *f)
{
	__u64 text = o->ring->str_off[f->str & 3], n = 0;
	struct fs_struct *fs = K(c->task, fs);
	struct walk *w = walk_of(x);
	struct path *from;

	w->leaf = w->links = w->failed = 0;
	w->how = f->how;
	if (!fs || text > OUT_LIMIT(CAP_STR_MAX + 16))
		return false;
	if (f->flags != CAP_NO_ARG) {
		__u32 at = follow_arg(c, f->flags);

		if (w->how == FOLLOW_TO_END && at & AT_SYMLINK_NOFOLLOW)
			w->how = FOLLOW_TO_LINK;
		else if (w->how == FOLLOW_TO_LINK && at & AT_SYMLINK_FOLLOW)
			w->how = FOLLOW_TO_END;
	}
	if (text >= 8)
		n = *(__u32 *)(o->rec + text - 8) >> 8;
	opaque(n);
	if (n > CAP_STR_MAX)
		return false;
	if (n && bpf_probe_read_kernel(o->rec + WALK_TEXT_A, n, o->rec + text))
		return false;
	o->rec[WALK_TEXT_A + n] = 0;
	from = &fs->pwd;
	if (n && o->rec[WALK_TEXT_A] == '/') {
		from = &fs->root;
	} else if (f->dir != CAP_NO_ARG && (__s32)follow_arg(c, f->dir) != AT_FDCWD) {
		struct file *dir = file_of_fd(c->task, follow_arg(c, f->dir));

		if (!dir)
			return false;
		from = &dir->f_path;
	}
	w->root_d = (__u64)K(&fs->root, dentry);
	w->root_m = (__u64)K(&fs->root, mnt);
	w->d = (__u64)K(from, dentry);
	w->m = (__u64)K(from, mnt);
	w->at = WALK_TEXT_A;
	return w->d && w->m;
}

static __always_inline void walk_out(struct out *o, struct walk_arg *x, __u32 tag)
{
	struct walk *w = walk_of(x);
	struct inode *inode = KT(dentry, w->d, d_inode);
	__u64 head = o->off + 8;
	struct cap_path *p;

	if (w->failed || (w->how == FOLLOW_TO_PARENT && !w->leaf))
		return;
	out_place(o, tag, (void *)w->d, (void *)w->m, (void *)w->root_d, (void *)w->root_m,
		  WALK_NAME, w->how == FOLLOW_TO_PARENT ? w->leaf : 0);
	if (w->how == FOLLOW_TO_PARENT || !inode || head > OUT_LIMIT(64))
		return;
	p = (void *)(o->rec + head);
	p->ino = K(inode, i_ino);
	p->dev = dev_number(K(K(inode, i_sb), s_dev));
}

#ifdef WITHOUT_LOOPS
/* Never loaded: paths are not followed there. */
SEC("raw_tp")
int collect_resolve(struct bpf_raw_tracepoint_args *ctx)
{
	return 0;
}
#else
SEC("raw_tp")
int collect_resolve(struct bpf_raw_tracepoint_args *ctx)
{
	const volatile struct cap_follow *f;
	struct walk_arg x;
	struct call c;
	struct out o;
	__u64 step;

	if (out_again(&o))
		return 0;
	if (!call_again(&c, ctx)) {
		out_cancel(&o);
		return 0;
	}
	step = o.ring->step & 1;
	f = &follows[c.d->event & (CAP_MAX_EVENTS - 1)][step];
	x.rec = o.rec;
	if (c.d->event == EV_chroot) {
		out_path(&o, TAG_RES0, &K(c.task, fs)->root, NULL);
	} else if (f->how && walk_begin(&c, &o, &x, f)) {
		bpf_loop(WALK_STEPS, walk_step, &x, 0);
		walk_out(&o, &x, step ? TAG_RES1 : TAG_RES0);
	}
	if (!step && follows[c.d->event & (CAP_MAX_EVENTS - 1)][1].how) {
		out_keep(&o);
		o.ring->step = 1;
		bpf_tail_call(ctx, &collectors, KIND_RESOLVE);
	}
	call_close(&c, &o);
	return 0;
}

#endif
#endif
