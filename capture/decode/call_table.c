// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "capture/decode/call_table.h"
#include "engine/cut/about.h"
#include "format/base/alloc.h"

/* --- events.def: collector and sources of each event ------------------------------------------ */

enum {
	FROM_RET = 0, FROM_FN = 0, FROM_DRV = 0,
	FROM_A0 = 1, FROM_A1 = 2, FROM_A2 = 4, FROM_A3 = 8, FROM_A4 = 16, FROM_A5 = 32,
	FROM_S0 = 1 << 8, FROM_S1 = 2 << 8, FROM_S2 = 4 << 8, FROM_S3 = 8 << 8, FROM_S4 = 16 << 8,
	FROM_S5 = 32 << 8,
};

enum collector {
	COLL_generic, COLL_open, COLL_read_buf, COLL_write_buf, COLL_iov_read, COLL_iov_write,
	COLL_msg_read, COLL_msg_write, COLL_sock, COLL_sockopt, COLL_exec, COLL_clone, COLL_poll,
	COLL_out_str, COLL_text_arg, COLL_deref, COLL_cred, COLL_unknown, COLL_cwd, COLL_uring,
	COLL_paths, COLL_kernel,
};

static const uint8_t kind_of[] = {
	[COLL_generic] = KIND_INTS, [COLL_open] = KIND_OPEN, [COLL_read_buf] = KIND_READ,
	[COLL_write_buf] = KIND_WRITE, [COLL_iov_read] = KIND_IOV_READ,
	[COLL_iov_write] = KIND_IOV_WRITE, [COLL_msg_read] = KIND_MSG_READ,
	[COLL_msg_write] = KIND_MSG_WRITE, [COLL_sock] = KIND_SOCK, [COLL_sockopt] = KIND_SOCKOPT,
	[COLL_exec] = KIND_EXEC, [COLL_clone] = KIND_CLONE, [COLL_poll] = KIND_POLL,
	[COLL_out_str] = KIND_OUT_STR, [COLL_text_arg] = KIND_TEXT_ARG, [COLL_deref] = KIND_DEREF,
	[COLL_cred] = KIND_CRED, [COLL_unknown] = KIND_UNKNOWN, [COLL_cwd] = KIND_CWD,
	[COLL_paths] = KIND_STRS,
};

static const struct {
	uint8_t coll;
	uint16_t from;
} sources[FMT_MAX_EVENTS] = {
#define EVENT(id, name, cat, flags, coll, doc) [id] = { COLL_##coll, 0
#define FIELD(ev, name, type, fmt, group, src, doc) | FROM_##src
#define END(ev) },
#include "format/schema/events.def"
#undef EVENT
#undef FIELD
#undef END
};

/* --- i386: numbers of calls (arch/x86/entry/syscalls/syscall_32.tbl) -------------------------- */

static const char *const i386_names[CAP_MAX_COMPAT] = {
#include "capture/decode/i386_calls.def"
};

static uint16_t event_of_i386(unsigned nr)
{
	int id = i386_names[nr] ? fmt_event__by_name(i386_names[nr]) : -1;

	return id >= 0 && id < (int)CAP_MAX_EVENTS && fmt_event((unsigned)id)->flags & EF_SYSCALL
		       ? (uint16_t)id
		       : EV_syscall;
}

/* --- this machine's numbers -------------------------------------------------------------------- */

static const char *const arm64_names[CAP_MAX_COMPAT] = {
#include "capture/decode/arm64_calls.def"
};

uint16_t cap_calls__of_arm64(unsigned nr)
{
	int id = nr < CAP_MAX_COMPAT && arm64_names[nr] ? fmt_event__by_name(arm64_names[nr]) : -1;

	return id >= 0 && id < (int)CAP_MAX_EVENTS ? (uint16_t)id : EV_syscall;
}

/* Events have the numbers of x86-64: docs/DECISIONS.md. */
void cap_calls__native(uint16_t native[CAP_MAX_COMPAT])
{
#if defined(__aarch64__)
	for (unsigned nr = 0; nr < CAP_MAX_COMPAT; nr++)
		native[nr] = cap_calls__of_arm64(nr);
#else
	for (unsigned nr = 0; nr < CAP_MAX_COMPAT; nr++)
		native[nr] = (uint16_t)nr;
#endif
}

/* --- small structures ------------------------------------------------------------------------- */

static const struct {
	uint16_t event;
	struct cap_deref d[3];
} derefs[] = {
	{ EV_pipe, { { 0, 8 } } },
	{ EV_pipe2, { { 0, 8 } } },
	{ EV_nanosleep, { { 0, 16 } } },
	{ EV_sendfile, { { 2, 8 } } },
	{ EV_socketpair, { { 3, 8 } } },
	{ EV_wait4, { { 1, 4 } } },
	{ EV_semop, { { 1, 12 } } },
	{ EV_getrlimit, { { 1, 16 } } },
	{ EV_getresuid, { { 0, 4 }, { 1, 4 }, { 2, 4 } } },
	{ EV_getresgid, { { 0, 4 }, { 1, 4 }, { 2, 4 } } },
	{ EV_setrlimit, { { 1, 16 } } },
	{ EV_quotactl, { { 3, 72 } } },
	{ EV_clock_settime, { { 1, 16 } } },
	{ EV_clock_nanosleep, { { 2, 16 } } },
	{ EV_epoll_ctl, { { 3, 4 } } },
	{ EV_waitid, { { 2, 32 } } },
	{ EV_utimensat, { { 2, 32 } } },
	{ EV_signalfd, { { 1, 8 } } },
	{ EV_signalfd4, { { 1, 8 } } },
	{ EV_perf_event_open, { { 0, 16 } } },
	{ EV_prlimit, { { 2, 16 }, { 3, 16 } } },
	{ EV_bpf, { { 1, 80 } } },
	{ EV_copy_file_range, { { 1, 8 }, { 3, 8 } } },
	{ EV_io_uring_setup, { { 1, 24 } } },
	{ EV_io_uring_enter, { { 4, 8 } } },
	{ EV_epoll_pwait2, { { 3, 16 } } },
	{ EV_mount_setattr, { { 3, 32 } } },
	{ EV_landlock_create_ruleset, { { 0, 16 } } },
	{ EV_landlock_add_rule, { { 2, 16 } } },
	{ EV_statmount, { { 0, 16 } } },
	{ EV_listmount, { { 0, 16 } } },
	{ EV_setxattrat, { { 4, 16 } } },
	{ EV_getxattrat, { { 4, 16 } } },
	{ EV_open_tree_attr, { { 3, 32 } } },
	{ EV_file_setattr, { { 2, 8 } } },
};

void cap_calls__derefs(uint8_t arg[CAP_MAX_EVENTS][3], uint8_t len[CAP_MAX_EVENTS][3])
{
	for (unsigned i = 0; i < sizeof(derefs) / sizeof(*derefs); i++)
		for (unsigned k = 0; k < 3; k++) {
			arg[derefs[i].event][k] = derefs[i].d[k].arg;
			len[derefs[i].event][k] = derefs[i].d[k].len;
		}
}

/* --- paths that are followed ------------------------------------------------------------------ */

#define NONE CAP_NO_ARG
#define END(str, dir, flags) { FOLLOW_TO_END, str, dir, flags }
#define LINK(str, dir, flags) { FOLLOW_TO_LINK, str, dir, flags }
#define PARENT(str, dir) { FOLLOW_TO_PARENT, str, dir, NONE }

static const struct {
	uint16_t event;
	struct cap_follow f[2];
} follows[] = {
	/* the name that the kernel has for a script: see exec.bpf.h */
	{ EV_execve, { END(0, NONE, NONE) } },
	{ EV_execveat, { END(0, NONE, NONE) } },
	{ EV_rename, { PARENT(0, NONE), PARENT(1, NONE) } },
	{ EV_renameat, { PARENT(1, 0), PARENT(3, 2) } },
	{ EV_renameat2, { PARENT(1, 0), PARENT(3, 2) } },
	{ EV_link, { LINK(0, NONE, NONE), PARENT(1, NONE) } },
	{ EV_linkat, { LINK(1, 0, 4), PARENT(3, 2) } },
	{ EV_symlink, { PARENT(1, NONE) } },
	{ EV_symlinkat, { PARENT(2, 1) } },
	{ EV_unlink, { PARENT(0, NONE) } },
	{ EV_unlinkat, { PARENT(1, 0) } },
	{ EV_rmdir, { PARENT(0, NONE) } },
	{ EV_mkdir, { PARENT(0, NONE) } },
	{ EV_mkdirat, { PARENT(1, 0) } },
	{ EV_mknod, { PARENT(0, NONE) } },
	{ EV_mknodat, { PARENT(1, 0) } },
	{ EV_chmod, { END(0, NONE, NONE) } },
	{ EV_fchmodat, { END(1, 0, NONE) } },
	{ EV_fchmodat2, { END(1, 0, 3) } },
	{ EV_chown, { END(0, NONE, NONE) } },
	{ EV_lchown, { LINK(0, NONE, NONE) } },
	{ EV_fchownat, { END(1, 0, 4) } },
	{ EV_truncate, { END(0, NONE, NONE) } },
	{ EV_utime, { END(0, NONE, NONE) } },
	{ EV_utimes, { END(0, NONE, NONE) } },
	{ EV_utimensat, { END(1, 0, 3) } },
	{ EV_futimesat, { END(1, 0, NONE) } },
	{ EV_setxattr, { END(0, NONE, NONE) } },
	{ EV_lsetxattr, { LINK(0, NONE, NONE) } },
	{ EV_setxattrat, { END(1, 0, 2) } },
	{ EV_removexattr, { END(0, NONE, NONE) } },
	{ EV_lremovexattr, { LINK(0, NONE, NONE) } },
	{ EV_removexattrat, { END(1, 0, 2) } },
	{ EV_mount, { END(1, NONE, NONE) } },
	{ EV_umount, { END(0, NONE, NONE) } },
	{ EV_umount2, { END(0, NONE, NONE) } },
	{ EV_move_mount, { END(3, 2, NONE) } },
	{ EV_mount_setattr, { END(1, 0, 2) } },
	{ EV_open_tree, { END(1, 0, 2) } },
	{ EV_chroot, { END(0, NONE, NONE) } },
	{ EV_name_to_handle_at, { LINK(1, 0, 4) } },
	{ EV_acct, { END(0, NONE, NONE) } },
	{ EV_swapon, { END(0, NONE, NONE) } },
	{ EV_swapoff, { END(0, NONE, NONE) } },
};

#undef NONE
#undef END
#undef LINK
#undef PARENT

void cap_calls__follows(struct cap_follow f[CAP_MAX_EVENTS][2])
{
	for (unsigned i = 0; i < sizeof(follows) / sizeof(*follows); i++)
		memcpy(f[follows[i].event], follows[i].f, sizeof(follows[i].f));
}

/* --- descriptions for the BPF side ------------------------------------------------------------ */

static uint8_t n_regs(uint16_t from)
{
	uint8_t n = 0;

	for (uint8_t i = 0; i < 6; i++)
		if (from >> i & 1)
			n = i + 1;
	return n;
}

static uint8_t collect_kind(unsigned id)
{
	uint8_t kind = kind_of[sources[id].coll];

	if (id == EV_unshare)		/* where it is then is looked at: misc.bpf.h */
		return KIND_DEREF;
	return kind == KIND_INTS && sources[id].from >> 8 ? KIND_STRS : kind;
}

/* Births, execs, deaths: what has to be known of a process even before its calls are recorded. */
static bool is_life(unsigned id)
{
	return sources[id].coll == COLL_exec || sources[id].coll == COLL_clone || id == EV_exit ||
	       id == EV_exit_group;
}

/* What an event may take of a ring that is filling up: enum cap_lane. */
static uint8_t lane_of(const struct fmt_event_info *ev)
{
	static const uint16_t watched[] = {	/* by rules, though the state does not need them */
		EV_kill, EV_tkill, EV_tgkill, EV_rt_sigqueueinfo, EV_pidfd_send_signal, EV_ptrace,
		EV_process_vm_readv, EV_process_vm_writev, EV_init_module, EV_finit_module,
		EV_delete_module, EV_keyctl, EV_add_key, EV_request_key, EV_reboot, EV_kexec_load,
		EV_kexec_file_load, EV_seccomp, EV_listen, EV_shutdown, EV_fchmod, EV_fchown,
		EV_personality, EV_sethostname, EV_settimeofday, EV_clock_settime, EV_quotactl,
	};

	if (is_life(ev->id))
		return LANE_LIFE;
	if (ev->flags & (EF_READS | EF_WRITES))
		return LANE_BULK;	/* a socket's state too: an address is not worth a flood */
	if (ev->flags & (EF_STATE | EF_OPENS_FD | EF_CLOSES_FD))
		return LANE_KEY;
	for (unsigned i = 0; i < sizeof(watched) / sizeof(*watched); i++)
		if (watched[i] == ev->id)
			return LANE_KEY;
	for (unsigned i = 0; i < sizeof(follows) / sizeof(*follows); i++)
		if (follows[i].event == ev->id)
			return LANE_KEY;
	return LANE_BULK;
}

static uint8_t category_of(const struct fmt_event_info *ev)
{
	return (uint8_t)(ev->category | lane_of(ev) << CAP_LANE_SHIFT);
}

/*
 * May a thread do this to a container that it is not in? Such calls are few: whom they are done to is found out by who
 * reads the record. Of files that are opened by a call the driver looks which (spoor.bpf.c).
 */
static bool may_be_done_to_others(const struct fmt_event_info *ev)
{
	switch (ev->id) {
	case EV_pidfd_open: case EV_pidfd_getfd: case EV_perf_event_open:
	case EV_open_tree: case EV_open_tree_attr: case EV_fspick: case EV_uring_openat: case EV_uring_openat2:
		return true;
	default:
		return about__may_concern_others(ev->id) && !(ev->flags & EF_OPENS_FD);
	}
}

void cap_calls__descs(struct cap_desc *descs, uint16_t *compat, bool noise)
{
	unsigned n_noise = 0;

	static_assert(FMT_MAX_EVENTS <= CAP_MAX_EVENTS, "the BPF side has room for every event");
	for (unsigned id = 0; id < FMT_MAX_EVENTS; id++) {
		const struct fmt_event_info *ev = fmt_event(id);
		struct cap_desc *d = &descs[id];

		if (ev && ev->flags & EF_URING) {
			d->event = (uint16_t)id;
			d->category = category_of(ev);
			d->skip = THREAD_OWN | THREAD_WAIT | (may_be_done_to_others(ev) ? 0 : THREAD_OUT);
			d->kind = ev->flags & EF_NOISE && !noise ? KIND_NOISE : KIND_UNKNOWN;
			continue;
		}
		if (!ev || !(ev->flags & EF_SYSCALL)) {
			/* A number without an entry is recorded as such. */
			id < CAP_MAX_COMPAT ? (void)(d->event = EV_syscall) : (void)0;
			d->kind = KIND_UNKNOWN;
			d->n_regs = 6;
			d->category = CAT_OTHER;
			d->skip = THREAD_OWN | THREAD_WAIT | THREAD_OUT;
			continue;
		}
		d->event = (uint16_t)id;
		d->category = category_of(ev);
		d->n_regs = n_regs(sources[id].from);
		d->strs = (uint8_t)(sources[id].from >> 8);
		d->skip = THREAD_OWN;
		if (!is_life(id))
			d->skip |= THREAD_WAIT | (may_be_done_to_others(ev) ? 0 : THREAD_OUT);
		d->kind = collect_kind(id);
		if (ev->flags & EF_NOISE && !noise) {
			d->kind = KIND_NOISE;
			d->noise = (uint8_t)(n_noise++ % CAP_TALLIES);
		}
	}
	for (unsigned nr = 0; nr < CAP_MAX_COMPAT; nr++)
		compat[nr] = event_of_i386(nr);
}

void cap_calls__only(struct cap_desc *descs, const uint8_t *types)
{
	for (unsigned id = 0; id < FMT_MAX_EVENTS; id++) {
		const struct fmt_event_info *ev = fmt_event(id);
		struct cap_desc *d = &descs[id];

		if (!ev || !(ev->flags & EF_SYSCALL) || types[id >> 3] >> (id & 7) & 1 || is_life(id) ||
		    ev->flags & (EF_STATE | EF_OPENS_FD | EF_CLOSES_FD) || d->kind == KIND_NOISE ||
		    d->kind == KIND_MSG_READ || d->kind == KIND_MSG_WRITE || id == EV_sendto ||
		    id == EV_recvfrom)
			continue;
		d->skip |= THREAD_ANY;
	}
}

/* --- plans for the decoder -------------------------------------------------------------------- */

/*
 * Numbers that a collector adds, in its order; those that an event lacks are passed over. "" is
 * used elsewhere.
 */
static const char *const nums_open[] = { "flags", "mode", "resolve", "dev", "ino", NULL };
static const char *const nums_creat[] = { "creat_flags", "", "", "dev", "ino", NULL };
static const char *const nums_exec[] = {
	"tid", "pid", "ptid", "fdlimit", "tty", "vpgid", "pgid", "loginuid", "uid", "gid",
	"cap_inheritable", "cap_permitted", "cap_effective", "dirfd", "at_flags", "", "flags",
	"exe_ino", "exe_ino_ctime", "exe_ino_mtime", "exe_dev", NULL };
static const char *const nums_pipe[] = { "ino", NULL };
static const char *const nums_pidfd[] = { "target_pid", NULL };
static const char *const nums_getfd[] = { "", "", "", "dev", "ino", "target_pid", NULL };
static const char *const nums_clone[] = { "tid", "pid", "ptid", "uid", "gid", "vtid", "vpid",
	"flags", NULL };
static const char *const nums_iov[] = { "size", "remote_addr", NULL };
static const char *const nums_sock[] = { "queuelen", "queuemax", NULL };
static const char *const nums_sockopt[] = { "", "optlen", NULL };
static const char *const nums_text_arg[] = { "arg2_int", NULL };
static const char *const nums_cred[] = { "cap_inheritable", "cap_permitted", "cap_effective",
	NULL };
static const char *const nums_unknown[] = { "nr", "abi", NULL };
/* Of an io_uring operation; for reads and writes, for a socket, for all others. */
static const char *const nums_uring_rw[] = { "fd", "user_data", "off", "addr", "len", NULL };
static const char *const nums_uring_socket[] = { "fd", "user_data", "domain", "type", "proto",
	NULL };
static const char *const nums_uring[] = { "fd", "user_data", "", "", "", "flags", "mode",
	"newdirfd", "dev", "ino", NULL };
static const char *const nums_task_new[] = { "tid", "pid", "ptid", "flags", "vtid", "vpid", "start",
	"pidns_start", NULL };
static const char *const nums_exec_thread[] = { "old_tid", NULL };
static const char *const nums_exit[] = { "status", "reaper_tid", "oom", NULL };
static const char *const nums_signal[] = { "spid", "dpid", "sig", NULL };
static const char *const nums_attach[] = { "tid", "pid", "id", "", NULL };
static const char *const nums_mkdir[] = { "id", "", NULL };
static const char *const nums_noise[] = { "event", "n", "errors", "time", NULL };

static const char *const *uring_nums(unsigned id)
{
	switch (id) {
	case EV_uring_readv:
	case EV_uring_writev:
	case EV_uring_read_fixed:
	case EV_uring_write_fixed:
	case EV_uring_read:
	case EV_uring_write: return nums_uring_rw;
	case EV_uring_socket: return nums_uring_socket;
	}
	return nums_uring;
}

static const char *const *collector_nums(unsigned id, uint8_t kind)
{
	if (sources[id].coll == COLL_uring)
		return uring_nums(id);
	switch (id) {
	case EV_creat: return nums_creat;
	case EV_pipe:
	case EV_pipe2: return nums_pipe;
	case EV_pidfd_send_signal:
	case EV_process_madvise:
	case EV_process_mrelease:
	case EV_setns: return nums_pidfd;
	case EV_pidfd_getfd: return nums_getfd;
	case EV_task_new: return nums_task_new;
	case EV_exec: return nums_exec_thread;
	case EV_procexit: return nums_exit;
	case EV_signaldeliver: return nums_signal;
	case EV_cgroup_attach: return nums_attach;
	case EV_cgroup_mkdir:
	case EV_cgroup_rmdir: return nums_mkdir;
	case EV_noise: return nums_noise;
	}
	switch (kind) {
	case KIND_OPEN: return nums_open;
	case KIND_EXEC: return nums_exec;
	case KIND_CLONE: return nums_clone;
	case KIND_IOV_READ:
	case KIND_IOV_WRITE:
	case KIND_MSG_READ:
	case KIND_MSG_WRITE: return nums_iov;
	case KIND_SOCK: return nums_sock;
	case KIND_SOCKOPT: return nums_sockopt;
	case KIND_TEXT_ARG: return nums_text_arg;
	case KIND_CRED: return nums_cred;
	case KIND_UNKNOWN: return nums_unknown;
	}
	return NULL;
}

static uint8_t conv_of(const struct fmt_param *p)
{
	if (p->group != GROUP_NONE)
		return p->src == SRC_FN ? CONV_GROUP64 : CONV_GROUP32;
	switch (p->type) {
	case PT_S8: return CONV_S8;
	case PT_S16: return CONV_S16;
	case PT_S32: case PT_FD: case PT_PID: case PT_SIGTYPE: case PT_ERRNO: return CONV_S32;
	case PT_U8: return CONV_U8;
	case PT_U16: case PT_PORT: case PT_SYSCALLID: return CONV_U16;
	case PT_U32: case PT_UID: case PT_GID: case PT_MODE:
	case PT_FLAGS8: case PT_FLAGS16: case PT_FLAGS32: return CONV_U32;
	case PT_ENUM8: case PT_ENUM16: case PT_ENUM32: return CONV_U32;
	case PT_BOOL: return CONV_BOOL;
	}
	return CONV_U64;
}

static void add_op(struct cap_plan *plan, const struct fmt_event_info *ev, unsigned num,
		   unsigned param)
{
	const struct fmt_param *p = &ev->params[param];
	struct cap_op *op = &plan->ops[plan->n_ops++];

	op->num = (uint8_t)num;
	op->param = (uint8_t)param;
	op->group = p->group;
	op->conv = conv_of(p);
	if (ev->id == EV_task_new && p->type == PT_ABSTIME)
		op->conv = CONV_BOOT_TIME;
	if (op->conv >= CONV_GROUP32)
		op->last_value = fmt_group__from_native(op->group, 0);
}

static void set_param(uint8_t *at, const struct fmt_event_info *ev, const char *name)
{
	int p = fmt_event__param(ev, name);

	if (p >= 0 && ev->params[p].src == SRC_FN)
		*at = (uint8_t)p;
}

static void set_blob(struct cap_plan *plan, const struct fmt_event_info *ev, enum cap_tag tag,
		     const char *name)
{
	set_param(&plan->blob[tag], ev, name);
}

/* Blobs that become a parameter as they are. Those that need thought are the decoder's. */
static void plan_blobs(struct cap_plan *plan, const struct fmt_event_info *ev)
{
	memset(plan->blob, CAP_NO_PARAM, sizeof(plan->blob));
	memset(plan->path, CAP_NO_PARAM, sizeof(plan->path));
	set_param(&plan->path[TAG_PATH], ev, "path");
	set_param(&plan->path[TAG_CWD], ev, "cwd");
	set_param(&plan->path[TAG_EXE], ev, "trusted_exepath");
	set_param(&plan->path[TAG_RES0], ev, "resolved");
	set_param(&plan->path[TAG_RES0], ev, "oldresolved");
	set_param(&plan->path[TAG_RES0], ev, "interp");
	set_param(&plan->path[TAG_RES1], ev, "newresolved");
	plan->dev = plan->ino = CAP_NO_PARAM;
	if (plan->path[TAG_RES0] != CAP_NO_PARAM) {
		set_param(&plan->dev, ev, "dev");
		set_param(&plan->ino, ev, "ino");
	}
	for (unsigned p = 0; p < ev->n_params; p++)
		if (ev->params[p].src >= SRC_S0 && ev->params[p].src <= SRC_S5)
			plan->blob[TAG_S0 + ev->params[p].src - SRC_S0] = (uint8_t)p;
	if (ev->data_param >= 0)
		plan->blob[TAG_DATA] = plan->blob[TAG_DATA_MORE] = (uint8_t)ev->data_param;
	set_blob(plan, ev, TAG_COMM, "comm");
	set_blob(plan, ev, TAG_ENV, "env");
	set_blob(plan, ev, TAG_FILENAME, "filename");
	set_blob(plan, ev, TAG_CONTROL, "msgcontrol");
	if (ev->id == EV_cgroup_attach || ev->id == EV_cgroup_mkdir || ev->id == EV_cgroup_rmdir)
		set_blob(plan, ev, TAG_CGROUP, "path");
	if (ev->flags & EF_URING) {
		/* One of them at most is a parameter of the event. */
		set_blob(plan, ev, TAG_FILENAME, "name");
		set_blob(plan, ev, TAG_FILENAME, "oldpath");
		set_blob(plan, ev, TAG_FILENAME, "target");
		set_blob(plan, ev, TAG_TEXT, "newpath");
		set_blob(plan, ev, TAG_TEXT, "linkpath");
		if (ev->id == EV_uring_mkdirat)
			set_blob(plan, ev, TAG_FILENAME, "path");
	}
	switch (plan->kind) {
	case KIND_OUT_STR:
		set_blob(plan, ev, TAG_TEXT,
		ev->id == EV_readlink || ev->id == EV_readlinkat ? "target" :
				       ev->id == EV_getcwd ? "path" : "name");
		break;
	case KIND_TEXT_ARG:
		set_blob(plan, ev, TAG_TEXT,
			 ev->id == EV_prctl    ? "arg2_str"
			 : ev->id == EV_keyctl ? "key_type"
			 : ev->id == EV_reboot ? "arg"
					       : "value_charbuf");
		set_blob(plan, ev, TAG_TEXT2, ev->id == EV_keyctl ? "description" : "key");
	}
}

static void plan_event(struct cap_plan *plan, const struct fmt_event_info *ev)
{
	unsigned regs = ev->flags & EF_SYSCALL ? n_regs(sources[ev->id].from) : 0;
	const char *const *nums;

	plan->kind = ev->flags & EF_SYSCALL ? collect_kind(ev->id) : KIND_INTS;
	plan->given = ev->flags & (EF_SYSCALL | EF_URING) || sources[ev->id].coll == COLL_kernel;
	plan->ops = xcalloc(ev->n_params, sizeof(*plan->ops));
	for (unsigned p = 0; p < ev->n_params; p++)
		if (ev->params[p].src >= SRC_A0 && ev->params[p].src <= SRC_A5)
			add_op(plan, ev, (unsigned)(ev->params[p].src - SRC_A0), p);
	nums = collector_nums(ev->id, plan->kind);
	for (unsigned i = 0; nums && nums[i]; i++) {
		int p = *nums[i] ? fmt_event__param(ev, nums[i]) : -1;

		if (p >= 0 && ev->params[p].src == SRC_FN)
			add_op(plan, ev, regs + i, (unsigned)p);
	}
	plan_blobs(plan, ev);
	plan->more = ev->id == EV_procexit || ev->id == EV_cgroup_attach ||
		     plan->kind == KIND_EXEC || plan->kind == KIND_SOCK ||
		     plan->kind == KIND_SOCKOPT || plan->kind == KIND_POLL ||
		     plan->kind == KIND_DEREF || plan->kind == KIND_MSG_READ;
}

struct cap_plan *cap_calls__plans(void)
{
	struct cap_plan *plans = xcalloc(FMT_MAX_EVENTS, sizeof(*plans));

	for (unsigned id = 0; id < FMT_MAX_EVENTS; id++)
		if (fmt_event(id))
			plan_event(&plans[id], fmt_event(id));
	return plans;
}

void cap_calls__free_plans(struct cap_plan *plans)
{
	for (unsigned id = 0; plans && id < FMT_MAX_EVENTS; id++)
		free(plans[id].ops);
	free(plans);
}
