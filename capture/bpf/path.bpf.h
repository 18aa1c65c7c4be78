/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
/*
 * Files: paths by the dentry, inodes, overlay layers.
 *
 * bpf_d_path() is for other kinds of programs, so the walk is ours: from the file up to the root of
 * the process, across mounts. Names go into the record in the order of the walk; user space turns
 * them round. A rename during the walk may mix two paths, as it may for whoever reads without a
 * lock.
 */
#ifndef PATH_BPF_H
#define PATH_BPF_H

#include "capture/bpf/out.bpf.h"

#define PATH_DEPTH 64
#define OVERLAYFS_MAGIC 0x794c7630	/* include/uapi/linux/magic.h */
#define PIPEFS_MAGIC 0x50495045
#define SOCKFS_MAGIC 0x534f434b
#define NSFS_MAGIC 0x6e736673
#define PROC_SUPER_MAGIC 0x9fa0
#define PID_FS_MAGIC 0x50494446
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define FMODE_WRITE 0x2			/* include/linux/fs.h */
#define FMODE_CREATED 0x100000
#define FD_UPPER (1ull << 33)		/* flags.def, file_flags: bits that only a collector sets */
#define FD_LOWER (1ull << 34)
#define FD_CREATED (1ull << 32)

static __always_inline __u32 pid_global(struct pid *pid)
{
	return pid ? K((struct upid *)((void *)pid + bpf_core_field_offset(struct pid, numbers)),
		       nr)
		   : 0;
}

/* A name of a path and its NUL at rec + off; returns the offset behind it. */
static __always_inline __u64 path_name(struct out *o, __u64 off, struct dentry *d)
{
	const unsigned char *name = K(d, d_name.name);
	char *dst = o->rec + off;
	__u32 len;

	if (!direct_reads) {
		long n = bpf_probe_read_kernel_str(dst, 256, name);

		return n > 0 && n <= 256 ? off + n : off;
	}
	len = K(d, d_name.len) & 255;
	if (len <= 24) {
		/* Lies in the dentry itself, which is longer. */
		*(__u64 *)dst = k64(name);
		*(__u64 *)(dst + 8) = k64(name + 8);
		*(__u64 *)(dst + 16) = k64(name + 16);
	} else {
		bpf_probe_read_kernel(dst, len, name);
	}
	dst[len] = 0;
	return off + len + 1;
}

/* What stands for the name of a file that lies in no directory. */
static __always_inline __u64 pseudo_name(struct out *o, __u64 off, struct dentry *d,
					 struct cap_path *head)
{
	struct inode *inode = K(d, d_inode);
	struct ns_common *ns;
	long n;

	if (head->magic == PIPEFS_MAGIC || head->magic == SOCKFS_MAGIC)
		head->ino = K(inode, i_ino);
	if (head->magic != NSFS_MAGIC)
		return path_name(o, off, d);
	/* the type of the namespace: fs/nsfs.c, ns_dname() */
	ns = K(inode, i_private);
	head->ino = K(inode, i_ino);
	n = bpf_probe_read_kernel_str(o->rec + off, 32, K(K(ns, ops), name));
	return n > 0 && n <= 32 ? off + n : off;
}

static __always_inline struct mount *mount_of(struct vfsmount *m)
{
	return (void *)m - bpf_core_field_offset(struct mount, mnt);
}

/* A walk up from a place: what each step finds and leaves. */
struct climb {
	struct out *o;
	struct dentry *d, *mnt_root, *root_d;
	struct vfsmount *m, *root_m;
	__u64 off, start;		/* of the names in the record */
	__u32 flags;
};

static LOOP_STEP long climb_step(__u32 i, struct climb *w)
{
	struct dentry *d = w->d, *parent;
	__u64 off = w->off;

	if (d == w->root_d && w->m == w->root_m) {
		w->flags &= ~CAP_PATH_CUT;
		return 1;
	}
	parent = K(d, d_parent);
	if (d == parent || d == w->mnt_root) {
		struct mount *mount = mount_of(w->m);
		struct mount *above = K(mount, mnt_parent);

		if (d != w->mnt_root || mount == above) {
			w->flags ^= CAP_PATH_CUT | CAP_PATH_OUTSIDE;
			return 1;
		}
		w->d = (void *)forget(w->o, (__u64)K(mount, mnt_mountpoint));
		w->m = (void *)forget(w->o, (__u64)&above->mnt);
		w->mnt_root = (void *)forget(w->o, (__u64)K(w->m, mnt_root));
		return 0;
	}
	if (off > OUT_LIMIT(512) || off - w->start > CAP_STR_MAX)
		return 1;
	w->off = forget(w->o, path_name(w->o, off, d));
	w->d = (void *)forget(w->o, (__u64)parent);
	return 0;
}

/* The head of a place's blob; the names go to the offset that is returned. */
static __always_inline struct cap_path *place_head(struct out *o, __u64 at, __u32 magic)
{
	struct cap_path *head = (void *)(o->rec + at + 8);

	head->magic = magic;
	head->ino = 0;
	*(__u64 *)&head->dev = 0;
	return head;
}

static __always_inline __u32 place_deleted(struct dentry *d, struct dentry *parent)
{
	return !K(d, d_hash.pprev) && parent != d ? CAP_PATH_DELETED : 0;
}

/*
 * A place as seen from root, or, without one, from wherever its mounts end; as a blob. leaf bytes at
 * rec + leaf_off: a name below the place that is not looked up.
 */
static __always_inline void out_place(struct out *o, __u32 tag, struct dentry *d, struct vfsmount *m,
				      struct dentry *root_d, struct vfsmount *root_m,
				      __u64 leaf_off, __u32 leaf)
{
	struct climb w = { .o = o, .d = d, .m = m, .root_d = root_d, .root_m = root_m };
	__u64 at = forget(o, o->off), off;
	struct cap_path *head;

	if (at > OUT_LIMIT(CAP_STR_MAX + 512) || !d || !m)
		return;
	o->off = at;
	off = w.start = at + 8 + sizeof(struct cap_path);
	w.mnt_root = K(m, mnt_root);
	head = place_head(o, at, K(d, d_sb) ? K(K(d, d_sb), s_magic) : 0);
	w.flags = CAP_PATH_CUT | place_deleted(d, K(d, d_parent));
	if (leaf) {
		bpf_probe_read_kernel(o->rec + off, leaf & 255, o->rec + leaf_off);
		o->rec[off + (leaf & 255)] = 0;
		off += (leaf & 255) + 1;
	}
	w.off = forget(o, off);
	w.flags = forget(o, w.flags);
	LOOP(PATH_DEPTH, climb_step, &w);
	off = w.off;
	if (off == w.start && w.flags & CAP_PATH_OUTSIDE) {
		/*
		 * A root that is nobody's: pipes, sockets, anonymous inodes have one name, their
		 * own.
		 */
		if (off > OUT_LIMIT(512))
			return;
		off = pseudo_name(o, off, w.d, head);
		w.flags |= CAP_PATH_PSEUDO;
	}
	head->flags = w.flags;
	off = forget(o, off - w.start) + sizeof(struct cap_path);
	out_blob_end(o, tag, off, off);
	o->off = forget(o, o->off);
}

/*
 * The same for a file that lies fewer than SHORT_PATH names and mounts below the root, as most do:
 * a loop of its own, for a call of bpf_loop's function costs more than what it does. False if it lies
 * elsewhere: nothing is closed then.
 */
#define SHORT_PATH 12
static __always_inline bool out_short_path(struct out *o, __u32 tag, const struct path *path,
					   __u32 magic, const struct path *root)
{
	struct dentry *d = K(path, dentry), *root_d = K(root, dentry), *parent, *mnt_root;
	struct vfsmount *m = K(path, mnt), *root_m = K(root, mnt);
	/*
	 * The verifier does not know what this is: a sum with it is to it as good as what forget()
	 * gives, and both ways through the loop's body lead to the same.
	 */
	const __u64 zero = forget(o, 0), at = (o->off + zero) & (CAP_RECORD_MAX - 1);
	struct cap_path *head;
	__u64 off;

	if (at > OUT_LIMIT(512))
		return false;
	o->off = at;
	off = at + 8 + sizeof(struct cap_path);
	mnt_root = K(m, mnt_root);
	parent = K(d, d_parent);
	head = place_head(o, at, magic);
	head->flags = place_deleted(d, parent);
	for (int i = 0; i < SHORT_PATH; i++) {
		off = (off + zero) & (CAP_RECORD_MAX - 1);
		if (off > OUT_LIMIT(512))
			return false;
		if (d == root_d && m == root_m) {
			off -= at + 8;
			out_blob_end(o, tag, off, off);
			return true;
		}
		if (d == parent || d == mnt_root) {
			struct mount *mount = mount_of(m);
			struct mount *above = K(mount, mnt_parent);

			if (d != mnt_root || mount == above)
				return false;
			d = K(mount, mnt_mountpoint);
			m = &above->mnt;
			mnt_root = K(m, mnt_root);
		} else {
			off = path_name(o, off, d);
			d = parent;
		}
		parent = K(d, d_parent);
	}
	return false;
}

static __always_inline void out_path(struct out *o, __u32 tag, const struct path *path,
				     const struct path *root)
{
	out_place(o, tag, K(path, dentry), K(path, mnt), root ? K(root, dentry) : NULL,
		  root ? K(root, mnt) : NULL, 0, 0);
}

static __always_inline __u32 dev_number(__u32 dev)	/* as stat(2) gives it */
{
	__u32 major = dev >> 20, minor = dev & 0xfffff;

	return (minor & 0xff) | major << 8 | (minor & ~0xffu) << 12;
}

static __always_inline __u32 magic_of(struct inode *inode)
{
	return K(K(inode, i_sb), s_magic);
}

/* FD_UPPER, FD_LOWER, or 0: not on an overlay. magic: of the file system. */
static __always_inline __u64 overlay_layer(struct inode *inode, __u32 magic)
{
	struct dentry *upper;

	if (magic != OVERLAYFS_MAGIC)
		return 0;
	/*
	 * struct ovl_inode (fs/overlayfs/ovl_entry.h), whose types a module would hide: what
	 * follows vfs_inode
	 */
	upper = (void *)k64((void *)inode + bpf_core_type_size(struct inode));
	return upper && K(upper, d_inode) ? FD_UPPER : FD_LOWER;
}

/* The process that a descriptor stands for: its number, or 0. */
static __always_inline __u32 pid_of_pidfd(struct file *f)
{
	struct inode *inode = f ? K(f, f_inode) : NULL;

	/* fs/pidfs.c since 6.9; before, all anonymous descriptors shared one inode */
	if (!inode || magic_of(inode) != PID_FS_MAGIC)
		return 0;
	return pid_global(K(inode, i_private));
}

static __always_inline struct file *file_of_fd(struct task_struct *task, __u32 fd)
{
	struct files_struct *files = K(task, files);
	struct fdtable *fdt = files ? K(files, fdt) : NULL;

	if (!fdt || fd >= K(fdt, max_fds))
		return NULL;
	return (void *)k64(K(fdt, fd) + fd);
}

#endif
